//! What a change would do to a world: who loses or gains reachability, whose path changes, and what becomes of open
//! connections. Works on copies; the world itself is left as it is.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::path::{Outcome, Traffic};
use super::reach::{Class, ClassKind, classes_of, pairs_of};
use super::stage::{Evidence, Stage, StageOptions};
use super::tables::{TableOptions, Tables};
use crate::base::SimTime;
use crate::control_plane::{Action, Call, ControlError, World};
use crate::host::{ConnectOptions, Host, Net, NetError};
use crate::trace::NodeId;

/// One step of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeStep {
    /// Who calls, where.
    pub call: Call,
    /// What is called.
    pub action: Action,
    /// The step as a person wrote it.
    pub text: String,
}

/// What is asked about a change.
#[derive(Clone, Debug)]
pub struct WhatIfOptions {
    /// How machines behave.
    pub stage: StageOptions,
    /// Which traffic is compared, for each pair.
    pub traffic: Vec<Traffic>,
    /// The connections whose fate is asked for; without any, one idle and one sending connection from each class of
    /// instances to each service and the internet that it reaches.
    pub connections: Vec<OpenConnection>,
    /// The most connections that are opened; beyond that the list is cut, and the result says so.
    pub connections_max: usize,
}

/// A connection that is open while the change is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConnection {
    /// The client: an address of an instance or of the internet.
    pub from: IpAddr,
    /// The server.
    pub to: SocketAddr,
    /// Whether it is idle during the change, and sends only later.
    pub idle: bool,
}

/// What becomes of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Survives,
    /// It ends with an RST; how long after the change.
    Reset(Duration),
    /// It ends because nothing comes back any more; how long after the change.
    TimesOut(Duration),
    /// It ends otherwise; how long after the change.
    Ends(Duration, NetError),
    /// It was not open when the change was made.
    NotOpen,
}

/// A connection with its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFate {
    /// The connection.
    pub connection: OpenConnection,
    /// The client's name.
    pub from: String,
    /// The server's name.
    pub to: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// A pair whose reachability or path a change changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairChange {
    /// Who asks.
    pub from: Class,
    /// Who is asked.
    pub to: Class,
    /// The traffic.
    pub traffic: Traffic,
    /// What comes of it before, and the boxes of both ways.
    pub before: (Outcome, Vec<String>),
    /// The same after.
    pub after: (Outcome, Vec<String>),
}

/// What a change would do.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The steps that AWS would refuse, with its answer. The others are made.
    pub refused: Vec<(String, ControlError)>,
    /// Pairs that reached before and do not any more.
    pub lost: Vec<PairChange>,
    /// Pairs that reach from now on.
    pub gained: Vec<PairChange>,
    /// Pairs that reach before and after, by another path.
    pub rerouted: Vec<PairChange>,
    /// What becomes of open connections.
    pub connections: Vec<ConnectionFate>,
    /// How many connections were left out because there were too many.
    pub connections_left_out: usize,
    /// How many pairs of classes were compared.
    pub compared: usize,
}

/// When connections are open and the change is made.
const CHANGE_AT: SimTime = SimTime::from_secs(10);
/// When idle connections send again, after the change: within every idle time-out of a NAT gateway.
const IDLE: Duration = Duration::from_secs(60);
/// How often sending connections send.
const BEAT: Duration = Duration::from_secs(5);
/// How long after the change the fates are known: Linux gives unacknowledged data up after about 924 s.
const PATIENCE: Duration = Duration::from_secs(1_100);

impl Default for WhatIfOptions {
    fn default() -> Self {
        Self {
            stage: StageOptions::default(),
            traffic: vec![Traffic::Tcp(22), Traffic::Tcp(443), Traffic::Ping],
            connections: Vec::new(),
            connections_max: 1_000,
        }
    }
}

impl WhatIf {
    /// Whether something is lost: reachability, or an open connection.
    pub fn loses(&self) -> bool {
        let broken = |fate: &ConnectionFate| !matches!(fate.fate, Fate::Survives | Fate::NotOpen);
        !self.lost.is_empty() || self.connections.iter().any(broken)
    }
}

/// Compares a world with itself after a change. `progress` hears how many of how many parts of the work are done.
pub fn what_if(
    world: &World,
    changes: &[ChangeStep],
    options: WhatIfOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> WhatIf {
    let mut after = world.clone();
    let mut refused = Vec::new();
    for step in changes {
        if let Err(error) = after.apply(&step.call, &step.action, CHANGE_AT) {
            refused.push((step.text.clone(), error));
        }
    }
    let classes = classes_of(&[world, &after]);
    let table_options = TableOptions { answer_by: options.stage.answer_by, ..TableOptions::default() };
    let pairs = |world: &World, progress: &mut dyn FnMut(usize, usize)| {
        let tables = Tables::new(world, table_options.clone());
        pairs_of(&tables, &classes, &options.traffic, progress)
    };
    let total = classes.len() * 2 + 1;
    let before = pairs(world, &mut |done, _| progress(done, total));
    let then = pairs(&after, &mut |done, _| progress(classes.len() + done, total));
    let mut result = WhatIf {
        refused,
        lost: Vec::new(),
        gained: Vec::new(),
        rerouted: Vec::new(),
        connections: Vec::new(),
        connections_left_out: 0,
        compared: before.len(),
    };
    for (old, new) in before.iter().zip(&then) {
        let reached = |outcome: &Outcome| *outcome == Outcome::Reaches;
        let list = match (reached(&old.outcome), reached(&new.outcome)) {
            (true, false) => &mut result.lost,
            (false, true) => &mut result.gained,
            (true, true) if old.path != new.path => &mut result.rerouted,
            _ => continue,
        };
        list.push(PairChange {
            from: classes[old.from].clone(),
            to: classes[old.to].clone(),
            traffic: old.traffic,
            before: (old.outcome.clone(), old.path.clone()),
            after: (new.outcome.clone(), new.path.clone()),
        });
    }
    let (connections, left_out) = connections_of(&classes, &before, &options);
    result.connections = fates(world, changes, &options.stage, connections, &classes);
    result.connections_left_out = left_out;
    progress(total, total);
    result
}

/// The connections that are asked for, or one idle and one sending for each pair that reaches outside.
fn connections_of(
    classes: &[Class],
    pairs: &[super::reach::Pair],
    options: &WhatIfOptions,
) -> (Vec<OpenConnection>, usize) {
    let mut connections = options.connections.clone();
    if connections.is_empty() {
        for pair in pairs.iter().filter(|pair| pair.outcome == Outcome::Reaches) {
            let Traffic::Tcp(port) = pair.traffic else { continue };
            let (from, to) = (&classes[pair.from], &classes[pair.to]);
            let wanted = match to.kind {
                ClassKind::Service | ClassKind::Internet => port == 443,
                ClassKind::Instances | ClassKind::Public => options.stage.listeners.instances.tcp.contains(&port),
            };
            if from.kind == ClassKind::Instances && wanted {
                // A class that asks itself asks its second member.
                let address = if pair.from == pair.to { to.other } else { Some(to.address) };
                let to = address.map(|address| SocketAddr::new(address, port));
                for idle in [true, false] {
                    connections.extend(to.map(|to| OpenConnection { from: from.address, to, idle }));
                }
            }
        }
    }
    let left_out = connections.len().saturating_sub(options.connections_max);
    connections.truncate(options.connections_max);
    (connections, left_out)
}

/// Opens the connections in a running copy of the world, makes the change, and waits for what becomes of them.
fn fates(
    world: &World,
    changes: &[ChangeStep],
    options: &StageOptions,
    connections: Vec<OpenConnection>,
    classes: &[Class],
) -> Vec<ConnectionFate> {
    if connections.is_empty() {
        return Vec::new();
    }
    let addresses: Vec<IpAddr> = connections.iter().flat_map(|one| [one.from, one.to.ip()]).collect();
    let mut stage = Stage::new(world.clone(), options.clone(), Evidence::default(), &addresses);
    type Ends = Vec<Option<(SimTime, Result<(), NetError>)>>;
    let book: Rc<RefCell<Ends>> = Rc::new(RefCell::new(vec![None; connections.len()]));
    let opened: Rc<RefCell<Vec<bool>>> = Rc::new(RefCell::new(vec![false; connections.len()]));
    for connection in &connections {
        stage.wake(connection.to.ip());
    }
    for (index, connection) in connections.iter().enumerate() {
        let Some((node, source)) = client_of(&stage, connection.from) else { continue };
        let (book, opened, connection) = (Rc::clone(&book), Rc::clone(&opened), connection.clone());
        stage.simulation().network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
            host.run(None, out, |net| async move {
                let result = hold(&net, source, &connection, || opened.borrow_mut()[index] = true).await;
                book.borrow_mut()[index] = Some((net.now(), result));
            });
        });
    }
    let simulation = stage.simulation();
    simulation.run_until(CHANGE_AT, &mut ());
    let was_open: Vec<bool> = opened.borrow().clone();
    for step in changes {
        // What AWS refuses was said by the comparison of the records.
        let _ = simulation.apply(&step.call, &step.action, &step.text, &mut ());
    }
    simulation.run_until(CHANGE_AT.after(PATIENCE), &mut ());
    let name = |address: IpAddr| {
        let class = classes.iter().find(|class| class.address == address || class.other == Some(address));
        class.map_or_else(|| address.to_string(), |class| class.name.clone())
    };
    let fate = |index: usize| match (was_open[index], &book.borrow()[index]) {
        (false, _) => Fate::NotOpen,
        (true, None | Some((_, Ok(())))) => Fate::Survives,
        (true, Some((at, Err(_)))) if *at <= CHANGE_AT => Fate::NotOpen,
        (true, Some((at, Err(error)))) => {
            let after = at.since(CHANGE_AT);
            match error {
                NetError::Reset => Fate::Reset(after),
                NetError::TimedOut => Fate::TimesOut(after),
                other => Fate::Ends(after, *other),
            }
        }
    };
    let all = connections.iter().enumerate().map(|(index, connection)| ConnectionFate {
        connection: connection.clone(),
        from: name(connection.from),
        to: name(connection.to.ip()),
        fate: fate(index),
    });
    all.collect()
}

fn client_of(stage: &Stage, from: IpAddr) -> Option<(NodeId, IpAddr)> {
    if let Some(node) = stage.internet_host(from) {
        return Some((node, from));
    }
    let owner = stage.index().owners(from).iter().find(|owner| owner.instance.is_some())?;
    Some((stage.machine(owner.instance.as_ref()?)?, owner.private))
}

/// A request that never ends: an HTTP server waits for the rest of it, any other reads it as bytes.
const OPENING: &[u8] = b"GET / HTTP/1.1\r\nx: ";

/// Holds a connection open: idle until after the change, then with one byte; or with a byte every few seconds.
async fn hold(net: &Net, source: IpAddr, connection: &OpenConnection, opened: impl FnOnce()) -> Result<(), NetError> {
    let options = ConnectOptions { local_address: Some(source), ..ConnectOptions::default() };
    let stream = net.connect_with(connection.to, &options).await?;
    stream.write_all(OPENING).await?;
    stream.flushed().await?;
    opened();
    let ends = CHANGE_AT.after(PATIENCE);
    if connection.idle {
        let wakes = CHANGE_AT.after(IDLE);
        if let Some(broken) = net.timeout(wakes.since(net.now()), stream.broken()).await {
            return broken;
        }
        stream.write_all(b"a").await?;
        return stream.flushed().await;
    }
    while net.now() < ends {
        stream.write_all(b"a").await?;
        stream.flushed().await?;
        if let Some(broken) = net.timeout(BEAT, stream.broken()).await {
            return broken;
        }
    }
    Ok(())
}
