//! What becomes of open connections when a change is made: the same world twice, once with the change and once without,
//! so that only what differs is put down to the change. Compares no tables.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::stage::Stage;
use crate::base::SimTime;
use crate::control_plane::{Action, Call};
use crate::engine::Stop;
use crate::host::{ConnectOptions, Host, Net};
use crate::trace::{Attention, ConnectionId, ConnectionNote, NodeId, Note, Observer, ProgramId, ProgramNote, Sees};

/// One step of a change, ready to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeStep {
    /// Who calls, where.
    pub call: Call,
    /// What is called.
    pub action: Action,
    /// The step as a person wrote it, in a line.
    pub text: String,
    /// Where it was written, such as `change.yaml:3:5`.
    pub place: String,
}

/// A connection that is opened to see what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConnection {
    /// The client: an address of an instance or of the internet.
    pub from: IpAddr,
    /// The server.
    pub to: SocketAddr,
    /// Whether it sends while the change is made; else it is idle, and sends half a minute later.
    pub sends: bool,
}

/// What becomes of a connection; each with how long after the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is open as long as it was watched.
    Survives,
    /// Both ends close it as they please.
    Closes(Duration),
    /// It ends with an RST.
    Reset(Duration),
    /// It ends because nothing comes back any more.
    TimesOut(Duration),
    /// Its own program gives it up.
    GivenUp(Duration),
    /// It ends with its machine.
    Stopped,
    /// It was not open when the change was made; why, which is empty if nothing is known.
    NotOpen(String),
    /// Nobody can tell, for it goes where nothing is modelled; why.
    Unknown(String),
}

impl Fate {
    /// Whether it ends otherwise than its ends want.
    pub const fn is_broken(&self) -> bool {
        matches!(self, Self::Reset(_) | Self::TimesOut(_) | Self::GivenUp(_) | Self::Stopped)
    }

    /// How long after the change it ends.
    pub const fn after(&self) -> Option<Duration> {
        match self {
            Self::Closes(after) | Self::Reset(after) | Self::TimesOut(after) | Self::GivenUp(after) => Some(*after),
            Self::Survives | Self::Stopped | Self::NotOpen(_) | Self::Unknown(_) => None,
        }
    }
}

/// A connection that was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    /// The client's machine and its name for the connection; `None` where it was never open.
    pub(super) key: Option<(NodeId, ConnectionId)>,
    /// The client's end, and the server's as the client sees it.
    pub(super) ends: (SocketAddr, SocketAddr),
    /// The program that has it.
    pub(super) program: Option<ProgramId>,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Whether a byte moved on it after the change.
    pub(super) moved: bool,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// It has not, as long as it was watched.
    Runs,
    /// Well; how long after the change, and what it says.
    Completes(Duration, String),
    /// With an error; how long after the change, and which.
    Fails(Duration, String),
}

impl ProgramEnd {
    /// Whether two ends are not the same, but for the instant.
    pub(super) fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Runs, Self::Runs) => false,
            (Self::Completes(_, one), Self::Completes(_, other)) | (Self::Fails(_, one), Self::Fails(_, other)) => {
                one != other
            }
            _ => true,
        }
    }
}

/// One of the two worlds, watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Watching {
    pub(super) connections: Vec<Watched>,
    pub(super) programs: BTreeMap<ProgramId, ProgramEnd>,
    /// Why it was watched shorter than it should; empty otherwise.
    pub(super) cut_short: String,
}

/// How long connections that are opened for the question are open before the change is made.
pub const OPEN_FOR: Duration = Duration::from_secs(10);
/// When idle connections send, after the change: before a NAT gateway or a service gives an idle connection up.
pub const IDLE: Duration = Duration::from_secs(30);
/// How long the fates are waited for: Linux gives unacknowledged data up after about 924 s.
pub const PATIENCE: Duration = Duration::from_secs(1_100);
/// How often sending connections send at first.
const BEAT: Duration = Duration::from_secs(5);
/// How often they send later: well before a service gives an idle connection up (60 s).
const SLOW_BEAT: Duration = Duration::from_secs(45);
/// How far a world is advanced before progress is told and somebody looks whether anything is still open.
const STRETCH: Duration = Duration::from_secs(10);

/// Opens these connections in a world, or takes those that its programs have open; makes the change, if one is given;
/// and watches what becomes of them. `progress` hears of each stretch.
pub(super) fn watch(
    mut stage: Stage,
    connections: &[OpenConnection],
    change: Option<&[ChangeStep]>,
    progress: &mut dyn FnMut(),
) -> Watching {
    let mut watch = Watch::default();
    let mut tracked = match connections.is_empty() {
        true => of_programs(&mut stage),
        false => open(&mut stage, connections, &mut watch),
    };
    let before = payloads(&mut stage);
    let simulation = stage.simulation();
    watch.begin(simulation.now());
    for step in change.into_iter().flatten() {
        // What AWS refuses was said by the comparison of the records.
        let _ = simulation.apply(&step.call, &step.action, &step.text, &mut watch);
    }
    let ends = watch.began.after(PATIENCE);
    let mut cut_short = String::new();
    while simulation.now() < ends && cut_short.is_empty() {
        let horizon = simulation.now().after(STRETCH).min(ends);
        if simulation.run_until(horizon, &mut watch) == Stop::BudgetSpent {
            cut_short =
                format!("the budget of events is spent after {} s", simulation.now().since(watch.began).as_secs());
        }
        progress();
    }
    let after = payloads(&mut stage);
    for one in &mut tracked {
        let Some(key) = one.key else { continue };
        one.moved = after.get(&key).is_none_or(|after| before.get(&key) != Some(after));
        match watch.ended.get(&key) {
            Some((at, end)) => one.fate = end(at.since(watch.began)),
            // A machine that is stopped says nothing of its connections.
            None if !after.contains_key(&key) => one.fate = Fate::Stopped,
            None => {}
        }
    }
    Watching { connections: tracked, programs: watch.programs, cut_short }
}

/// How many stretches a world is watched for.
pub(super) const fn stretches() -> usize {
    PATIENCE.as_secs().div_ceil(STRETCH.as_secs()) as usize
}

/// The connections that the world's own programs have opened and that stand.
pub(super) fn of_programs(stage: &mut Stage) -> Vec<Watched> {
    let all = stage.simulation().connections().into_iter();
    let theirs = all.filter(|(_, info)| {
        info.program.is_some() && !info.accepted && matches!(info.state, "ESTABLISHED" | "CLOSE-WAIT")
    });
    let watched = theirs.map(|(node, info)| Watched {
        key: Some((node, info.id)),
        ends: (info.flow.source(), info.flow.destination()),
        program: info.program,
        fate: Fate::Survives,
        moved: false,
    });
    watched.collect()
}

/// Bytes sent and received on each open connection.
fn payloads(stage: &mut Stage) -> BTreeMap<(NodeId, ConnectionId), (u64, u64)> {
    let all = stage.simulation().connections().into_iter();
    all.map(|(node, info)| ((node, info.id), (info.sent, info.received))).collect()
}

/// What a connection that is opened came to.
#[derive(Clone, Debug, Default)]
struct Opened {
    id: Option<(ConnectionId, SocketAddr)>,
    /// Why there is none.
    error: String,
}

/// Opens connections, and lets the time pass until the change.
fn open(stage: &mut Stage, connections: &[OpenConnection], watch: &mut Watch) -> Vec<Watched> {
    let changes_at = stage.simulation().now().after(OPEN_FOR);
    let slots: Vec<Rc<RefCell<Opened>>> = connections.iter().map(|_| Rc::default()).collect();
    let mut nodes = Vec::new();
    for (connection, slot) in connections.iter().zip(&slots) {
        stage.wake(connection.to.ip());
        let asker = stage.asker(connection.from);
        nodes.push(asker.as_ref().ok().map(|(node, _)| *node));
        let (node, source) = match asker {
            Ok(asker) => asker,
            Err(why) => {
                slot.borrow_mut().error = why;
                continue;
            }
        };
        let (slot, connection) = (Rc::clone(slot), connection.clone());
        stage.simulation().network_mut().engine.with::<Host, _>(node, &mut *watch, |host, out| {
            host.run(None, out, |net| async move { hold(&net, source, &connection, changes_at, &slot).await });
        });
    }
    stage.simulation().run_until(changes_at, watch);
    let watched = slots.iter().zip(nodes).zip(connections).map(|((slot, node), asked)| {
        let Opened { id, error } = slot.borrow().clone();
        let key = node.zip(id.map(|(id, _)| id));
        let stands = key.is_some_and(|key| !watch.ended.contains_key(&key));
        let local = id.map_or(SocketAddr::new(asked.from, 0), |(_, local)| local);
        Watched {
            key: key.filter(|_| stands),
            ends: (local, asked.to),
            program: None,
            fate: if stands { Fate::Survives } else { Fate::NotOpen(error) },
            moved: false,
        }
    });
    watched.collect()
}

/// A request that never ends: an HTTP server waits for the rest of it, any other reads it as bytes.
const OPENING: &[u8] = b"GET / HTTP/1.1\r\nx: ";

/// Opens a connection and holds it: idle until half a minute after the change, then with one byte; or with a byte now
/// and then.
async fn hold(net: &Net, source: IpAddr, connection: &OpenConnection, changes_at: SimTime, opened: &RefCell<Opened>) {
    let options = ConnectOptions { local_address: Some(source), ..ConnectOptions::default() };
    let stream = match net.connect_with(connection.to, &options).await {
        Ok(stream) => stream,
        Err(error) => {
            opened.borrow_mut().error = error.to_string();
            return;
        }
    };
    opened.borrow_mut().id = Some((stream.id(), stream.local()));
    let mut sent = stream.write_all(OPENING).await;
    while sent.is_ok() {
        let wakes = changes_at.after(IDLE);
        let pause = match connection.sends {
            true if net.now() < wakes => BEAT,
            true => SLOW_BEAT,
            false if net.now() < wakes => wakes.since(net.now()),
            // It has sent its one byte, and stays as long as it may.
            false => PATIENCE,
        };
        if net.timeout(pause, stream.broken()).await.is_some() {
            return;
        }
        sent = stream.write_all(b"a").await;
    }
}

/// Makes a fate of how long after the change it came.
type End = fn(Duration) -> Fate;

/// Hears how connections and programs end.
#[derive(Default)]
struct Watch {
    began: SimTime,
    ended: BTreeMap<(NodeId, ConnectionId), (SimTime, End)>,
    programs: BTreeMap<ProgramId, ProgramEnd>,
}

impl Watch {
    /// From now on it counts how long after the change something comes.
    fn begin(&mut self, at: SimTime) {
        self.began = at;
        self.programs.clear();
    }
}

impl Observer for Watch {
    fn sees(&self) -> Sees {
        Sees { packets: false, steps: false, notes: true }
    }

    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        match note {
            Note::Connection { connection, what, .. } => {
                let end: End = match what {
                    ConnectionNote::Reset { .. } | ConnectionNote::Refused { .. } => Fate::Reset,
                    ConnectionNote::TimedOut | ConnectionNote::Unreachable { .. } => Fate::TimesOut,
                    ConnectionNote::Closed => Fate::Closes,
                    ConnectionNote::Aborted => Fate::GivenUp,
                    ConnectionNote::Opening
                    | ConnectionNote::Accepting
                    | ConnectionNote::Established
                    | ConnectionNote::SoftError { .. }
                    | ConnectionNote::PathMtu { .. }
                    | ConnectionNote::Vanished
                    | ConnectionNote::PeerClosed => return Attention::Continue,
                };
                self.ended.entry((node, *connection)).or_insert((at, end));
            }
            Note::Program { program, what } => {
                let after = at.since(self.began);
                let end = match what {
                    ProgramNote::Completed { what } => ProgramEnd::Completes(after, what.clone()),
                    ProgramNote::Failed { error, .. } => ProgramEnd::Fails(after, error.clone()),
                    _ => return Attention::Continue,
                };
                self.programs.insert(*program, end);
            }
            Note::Request(_) => {}
        }
        Attention::Continue
    }
}
