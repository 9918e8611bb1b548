//! What a change would do to a world: who loses or gains reach, whose path changes, and what becomes of open connections.
//! Works on copies; the world itself is left as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::classes::{Class, ClassKind, classes_of};
use super::fates::{ChangeStep, Fate, OpenConnection, ProgramEnd, Watched, Watching, of_programs, stretches, watch};
use super::labels::{Labels, machine_names};
use super::path::{Outcome, Traffic};
use super::ports::{TrafficRange, traffic_of};
use super::probe::Prober;
use super::reach::{Comparison, compare, confirm_sample, ends};
use super::requests::{Requests, compare_requests};
use super::stage::Stage;
use super::tables::{TableOptions, Tables};
use crate::base::VpcId;
use crate::control_plane::{Action, Applied, ControlError, World};

/// What is asked about a change.
#[derive(Clone, Debug, Default)]
pub struct WhatIfOptions {
    /// Which traffic is compared; without any, all that rules tell apart.
    pub traffic: Vec<Traffic>,
    /// The connections whose fate is asked for. Without any, those that the world's programs have open; else one idle and
    /// one sending from each class of instances to each service, to the internet and to other instances, where they
    /// reach and somebody listens.
    pub connections: Vec<OpenConnection>,
}

/// A step of the change, made on a copy of the records.
#[derive(Clone, Debug)]
pub struct StepMade {
    /// What was to be done.
    pub step: ChangeStep,
    /// What came of it. Items of a call that were refused while others were done count as refusals.
    pub answer: Result<Applied, ControlError>,
}

/// Which connections were watched.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Those that were asked for.
    Given,
    /// Those that the world's programs have open.
    OfPrograms,
    /// One idle and one sending from each class of instances to each place that it reaches.
    Usual,
}

/// A connection with its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFate {
    /// The client's end by name, and its address and port.
    pub from: (String, SocketAddr),
    /// The server's end by name, and its address and port.
    pub to: (String, SocketAddr),
    /// The program that has it, if it is one of the world's own.
    pub program: Option<String>,
    /// Whether it sends while the change is made; `None` for a program's.
    pub sends: Option<bool>,
    /// What becomes of it with the change.
    pub with: Fate,
    /// What becomes of it without.
    pub without: Fate,
    /// Whether a byte moved on it after the change.
    pub moved: bool,
    /// The gateways on its way out before and after, if they are not the same.
    pub gateways: Option<(Vec<String>, Vec<String>)>,
    /// What comes before the change of a new connection between the two, by tables.
    pub before: Outcome,
    /// What comes of one after the change.
    pub anew: Outcome,
}

/// A program whose end is not the same with the change and without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFate {
    /// Its name.
    pub program: String,
    /// How it ends with the change.
    pub with: ProgramEnd,
    /// How it ends without.
    pub without: ProgramEnd,
}

/// What a change would do.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// Each step, with what AWS would answer. What is refused is left out of all that follows.
    pub steps: Vec<StepMade>,
    /// The machines and places that were compared.
    pub classes: Vec<Class>,
    /// The traffic that was compared.
    pub traffic: Vec<TrafficRange>,
    /// How many ranges of ports were left out because there are too many.
    pub traffic_left_out: usize,
    /// What differs between before and after.
    pub comparison: Comparison,
    /// Requests that stand for many, where the change touches the policies that judge them.
    pub requests: Requests,
    /// How many questions were confirmed by packets, before and after.
    pub confirmed: usize,
    /// Where packets say something else than tables: defects of ours.
    pub defects: Vec<String>,
    /// Which connections were watched.
    pub chosen: Chosen,
    /// What becomes of open connections.
    pub connections: Vec<ConnectionFate>,
    /// How many connections were left out because there were too many.
    pub connections_left_out: usize,
    /// Programs that end otherwise because of the change.
    pub programs: Vec<ProgramFate>,
    /// The VPCs with machines whose names nobody resolves after the change (R27).
    pub names_lost: Vec<VpcId>,
    /// Why the worlds were watched shorter than they should; empty otherwise.
    pub cut_short: String,
    /// Names behind ids, of before and after.
    pub labels: Labels,
}

/// How far the work is, and who hears of it.
struct Work<'a> {
    tell: &'a mut dyn FnMut(usize, usize, &'static str),
    done: usize,
    total: usize,
}

/// The most connections that are opened unless they were asked for.
const CONNECTIONS_MAX: usize = 1_000;
/// How many questions are confirmed by packets, before and after the change.
const CONFIRMED: usize = 40;

impl ConnectionFate {
    /// Whether the change breaks it: it ends otherwise than without the change, or sooner by more than a moment, and not
    /// as its ends want.
    pub fn is_lost(&self) -> bool {
        self.with.is_broken()
            && match self.without.after().filter(|_| self.without.is_broken()) {
                Some(without) => self.with.after().is_some_and(|with| with + MOMENT < without),
                None => true,
            }
    }

    /// Whether the change keeps it from breaking.
    pub fn is_saved(&self) -> bool {
        self.without.is_broken() && !self.with.is_broken() && !self.is_unknown()
    }

    /// Whether nobody can tell what becomes of it.
    pub const fn is_unknown(&self) -> bool {
        matches!((&self.with, &self.without), (Fate::Unknown(_), _) | (_, Fate::Unknown(_)))
    }

    /// Whether it lives on only because nobody sends on it: its path has changed.
    pub fn is_doomed(&self) -> bool {
        self.with == Fate::Survives && !self.moved && self.gateways.is_some()
    }
}

/// Ends that are no further apart than this are at the same time: queues are not the same in two runs.
const MOMENT: std::time::Duration = std::time::Duration::from_secs(1);

impl WhatIf {
    /// Whether something is lost: reach, an open connection, or requests.
    pub fn loses(&self) -> bool {
        let names = !self.names_lost.is_empty();
        let denied = !self.requests.denied.is_empty();
        names || denied || !self.comparison.lost.is_empty() || self.connections.iter().any(ConnectionFate::is_lost)
    }

    /// How many pairs may be lost, though nobody can tell.
    pub fn may_lose(&self) -> usize {
        let may = self.comparison.unclear.iter().filter(|one| one.may_be_lost());
        may.map(|one| (one.from, one.to)).collect::<BTreeSet<_>>().len()
    }

    /// How many connections may break, though nobody can tell.
    pub fn may_break(&self) -> usize {
        self.connections.iter().filter(|one| one.is_unknown()).count()
    }

    /// How many connections that were asked for were never open, so that nothing can be told of them.
    pub fn never_open(&self) -> usize {
        let not_open = |one: &&ConnectionFate| matches!(one.without, Fate::NotOpen(_));
        if self.chosen == Chosen::Given { self.connections.iter().filter(not_open).count() } else { 0 }
    }

    /// Whether the change is about a policy: requests, which policies judge, are not compared.
    pub fn changes_a_policy(&self) -> bool {
        self.steps.iter().filter(|made| made.answer.is_ok()).any(|made| match &made.step.action {
            Action::CreateVpcEndpoint(create) => create.policy_document.is_some(),
            Action::ModifyVpcEndpoint(modify) => modify.policy_document.is_some() || modify.reset_policy,
            Action::PutUserPolicy(_)
            | Action::DeleteUserPolicy(_)
            | Action::PutRolePolicy(_)
            | Action::PutBucketPolicy(_)
            | Action::DeleteBucketPolicy(_) => true,
            _ => false,
        })
    }

    /// Whether AWS would refuse a step, or a part of one.
    pub fn is_refused(&self) -> bool {
        self.steps.iter().any(|made| made.answer.as_ref().map_or(true, |applied| !applied.unsuccessful.is_empty()))
    }
}

/// Compares a world with itself after a change. `make` gives a running copy of the world, always the same, in which
/// addresses outside of AWS that it is given are hosts of the internet where it can have such; `tell` hears how many parts
/// of how many are done, and which is at work.
pub fn what_if(
    make: &mut dyn FnMut(&[IpAddr]) -> Stage,
    change: &[ChangeStep],
    options: &WhatIfOptions,
    tell: &mut dyn FnMut(usize, usize, &'static str),
) -> WhatIf {
    let mut first = make(&[]);
    let at = first.simulation().now();
    let before: World = first.simulation().world().clone();
    let mut after = before.clone();
    let made: Vec<StepMade> = change
        .iter()
        .map(|step| StepMade { step: step.clone(), answer: after.apply(&step.call, &step.action, at) })
        .collect();
    // Each place of the internet that tables are asked about is one that exists.
    let table_options = TableOptions { internet_is_full: true, brief: true, ..first.table_options() };
    let classes = classes_of(&[&before, &after], &table_options);
    let (traffic, traffic_left_out) = match options.traffic.is_empty() {
        true => traffic_of(&[&before, &after]),
        false => (options.traffic.iter().copied().map(TrafficRange::single).collect(), 0),
    };
    let outside: Vec<IpAddr> = classes
        .iter()
        .filter(|class| class.kind == ClassKind::Internet)
        .map(Class::address)
        .chain(options.connections.iter().flat_map(|one| [one.from, one.to.ip()]))
        .collect();
    let mut tables = (Tables::new(&before, table_options.clone()), Tables::new(&after, table_options));
    tables.1.reserve_those_of(&tables.0);
    let askers = classes.iter().filter(|class| class.asks()).count();
    let mut work = Work { tell, done: 0, total: askers + 2 + 2 * stretches() };
    let comparison = compare(&tables.0, &tables.1, &classes, &traffic, &mut |done, _| {
        work.at(done, "comparing by tables");
    });
    work.done = askers;
    let (confirmed, defects) = confirmed(make, change, (&classes, &traffic), &outside, &mut work);
    let (chosen, connections, connections_left_out) =
        connections_of(make, options, &classes, (&tables.0, &tables.1), &outside);
    let mut run = |change: Option<&[ChangeStep]>, what: &'static str| -> Watching {
        if chosen != Chosen::OfPrograms && connections.is_empty() {
            return Watching::default();
        }
        watch(make(&outside), &connections, change, &mut || work.step(what))
    };
    let with = run(Some(change), "watching open connections, with the change");
    let without = run(None, "watching open connections, without the change");
    let (like, names) = (chosen == Chosen::Usual, machine_names(&before));
    let named = Named { classes: &classes, like, stage: &mut first, tables, names };
    let (connections, programs) = named.fates(&with, &without, &connections);
    (work.tell)(work.total, work.total, "");
    let cut_short = if with.cut_short.is_empty() { without.cut_short } else { with.cut_short };
    let labels = Labels::of(&before).and(&Labels::of(&after));
    let names_lost = names_lost(&before, &after);
    let requests = compare_requests(&before, &after, &comparison.rerouted);
    WhatIf {
        steps: made,
        classes,
        names_lost,
        traffic,
        traffic_left_out,
        comparison,
        requests,
        confirmed,
        defects,
        chosen,
        connections,
        connections_left_out,
        programs,
        cut_short,
        labels,
    }
}

impl Work<'_> {
    fn at(&mut self, done: usize, what: &'static str) {
        (self.tell)(done, self.total, what);
    }

    fn step(&mut self, what: &'static str) {
        self.done += 1;
        (self.tell)(self.done, self.total, what);
    }
}

/// The VPCs with machines that lose the resolver of AWS: reach is compared by addresses, which stay.
fn names_lost(before: &World, after: &World) -> Vec<VpcId> {
    let mut lost = Vec::new();
    for (scope, region) in after.regions() {
        for vpc in region.vpcs().values().filter(|vpc| !vpc.enable_dns_support) {
            let had = before.region(&scope).and_then(|region| region.vpcs().get(&vpc.id));
            let populated = region.network_interfaces().values().any(|one| one.vpc_id == vpc.id);
            if had.is_some_and(|had| had.enable_dns_support) && populated {
                lost.push(vpc.id.clone());
            }
        }
    }
    lost
}

/// A sample of the questions, confirmed by packets in the world as it is and as it will be.
fn confirmed(
    make: &mut dyn FnMut(&[IpAddr]) -> Stage,
    change: &[ChangeStep],
    (classes, traffic): (&[Class], &[TrafficRange]),
    outside: &[IpAddr],
    work: &mut Work<'_>,
) -> (usize, Vec<String>) {
    let (mut confirmed, mut defects) = (0, Vec::new());
    for changed in [false, true] {
        work.step("confirming by packets");
        let mut stage = make(outside);
        if changed {
            for step in change {
                // What AWS refuses was said by the comparison of the records.
                let _ = stage.simulation().apply(&step.call, &step.action, &step.text, &mut ());
            }
        }
        let (count, different) = confirm_sample(&mut Prober::new(stage), classes, traffic, CONFIRMED);
        confirmed += count;
        let when = if changed { "after the change" } else { "before the change" };
        defects.extend(different.into_iter().map(|text| format!("{when}: {text}")));
    }
    (confirmed, defects)
}

/// The connections that are watched, and how many are left out.
fn connections_of(
    make: &mut dyn FnMut(&[IpAddr]) -> Stage,
    options: &WhatIfOptions,
    classes: &[Class],
    tables: (&Tables<'_>, &Tables<'_>),
    outside: &[IpAddr],
) -> (Chosen, Vec<OpenConnection>, usize) {
    if !options.connections.is_empty() {
        return (Chosen::Given, options.connections.clone(), 0);
    }
    let mut stage = make(outside);
    if !of_programs(&mut stage).is_empty() {
        return (Chosen::OfPrograms, Vec::new(), 0);
    }
    let (mut usual, mut ways) = (Vec::new(), BTreeSet::new());
    // Services first, then the internet, then instances: where there are too many, what is cut is what matters less.
    for kind in [ClassKind::Service, ClassKind::Host, ClassKind::Internet, ClassKind::Instances] {
        for (to, class) in classes.iter().enumerate().filter(|(_, class)| class.kind == kind) {
            let Some(port) = port_of(&mut stage, class) else { continue };
            for from in (0..classes.len()).filter(|from| classes[*from].kind == ClassKind::Instances) {
                let (own, Some(address)) = ends(classes, from, to) else { continue };
                if own.is_ipv4() != address.is_ipv4() {
                    continue;
                }
                let (own, to) = (SocketAddr::new(own, 0), SocketAddr::new(address, port));
                let (before, outcome) = way_of(tables.0, own, to);
                if outcome != Outcome::Reaches {
                    continue;
                }
                // One block of a service stands for all that are reached the same way, before and after.
                let way = (before, way_of(tables.1, own, to).0);
                if class.service.as_ref().is_none_or(|service| ways.insert((from, service, way))) {
                    usual.extend([false, true].map(|sends| OpenConnection { from: own.ip(), to, sends }));
                }
            }
        }
    }
    let left_out = usual.len().saturating_sub(CONNECTIONS_MAX);
    usual.truncate(CONNECTIONS_MAX);
    (Chosen::Usual, usual, left_out)
}

/// The port that a class is usually connected to: 443 where somebody listens there, else the first that has a listener.
fn port_of(stage: &mut Stage, class: &Class) -> Option<u16> {
    let listening = stage.listening(class.address());
    listening.iter().copied().find(|port| *port == 443).or_else(|| listening.first().copied())
}

/// What gives watched ends their names.
struct Named<'a, 'w> {
    classes: &'a [Class],
    /// Whether a machine stands for all that are like it.
    like: bool,
    stage: &'a mut Stage,
    tables: (Tables<'w>, Tables<'w>),
    /// Machines by their addresses.
    names: BTreeMap<IpAddr, String>,
}

impl Named<'_, '_> {
    /// Both runs side by side.
    fn fates(
        self,
        with: &Watching,
        without: &Watching,
        asked: &[OpenConnection],
    ) -> (Vec<ConnectionFate>, Vec<ProgramFate>) {
        let pairs = with.connections.iter().zip(&without.connections).enumerate();
        let connections = pairs.map(|(index, (with, without))| self.fate(with, without, asked.get(index))).collect();
        let runs = |end: Option<&ProgramEnd>| end.cloned().unwrap_or(ProgramEnd::Runs);
        let all: BTreeMap<_, ()> = with.programs.keys().chain(without.programs.keys()).map(|id| (*id, ())).collect();
        let directory = self.stage.simulation().directory();
        let programs = all.into_keys().filter_map(|id| {
            let (with, without) = (runs(with.programs.get(&id)), runs(without.programs.get(&id)));
            let program = directory.program(id).to_owned();
            with.differs(&without).then_some(ProgramFate { program, with, without })
        });
        (connections, programs.collect())
    }

    fn fate(&self, watched: &Watched, without: &Watched, asked: Option<&OpenConnection>) -> ConnectionFate {
        let (from, to) = watched.ends;
        let (before, was) = way_of(&self.tables.0, from, to);
        let (after, anew) = way_of(&self.tables.1, from, to);
        // Packets end where nothing is modelled, which says nothing of those of AWS.
        let (told, without) = match &was {
            // Where nobody asks from there, nothing was opened.
            Outcome::Unknown(why) if self.tables.0.source(from.ip()).is_ok() => (Some(why), Fate::Unknown(why.clone())),
            _ => (None, without.fate.clone()),
        };
        // What ends with its machine is known to end.
        let still_there = watched.fate != Fate::Stopped && self.tables.1.source(from.ip()).is_ok();
        let with = match (&anew, told) {
            (Outcome::Unknown(why), _) if watched.fate.is_broken() && still_there => Fate::Unknown(why.clone()),
            (Outcome::Unknown(why), Some(_)) | (_, Some(why)) => Fate::Unknown(why.clone()),
            (_, None) => watched.fate.clone(),
        };
        ConnectionFate {
            from: (self.name(from.ip()), from),
            to: (self.name(to.ip()), to),
            program: watched.program.map(|id| self.stage.directory().program(id).to_owned()),
            sends: asked.map(|asked| asked.sends),
            with,
            without,
            moved: watched.moved,
            before: was,
            gateways: (before != after).then_some((before, after)),
            anew,
        }
    }

    fn name(&self, address: IpAddr) -> String {
        if let Some(name) = self.names.get(&address).filter(|_| !self.like) {
            return name.clone();
        }
        let class = self.classes.iter().find(|class| class.members.contains(&address));
        let own = class.filter(|class| self.like && class.kind == ClassKind::Instances).map(Class::label);
        let named = || self.stage.directory().name(address).map(str::to_owned);
        let place = || class.filter(|_| self.like).map(|class| class.name.clone());
        own.or_else(named).or_else(place).unwrap_or_else(|| address.to_string())
    }
}

/// The gateways on the way out of a connection, and what would come of a new one.
fn way_of(tables: &Tables<'_>, from: SocketAddr, to: SocketAddr) -> (Vec<String>, Outcome) {
    let source = tables.source(from.ip());
    let explanation = source.map(|source| tables.explain(&source, to.ip(), Traffic::Tcp(to.port())));
    match explanation {
        Ok(Some(explanation)) => (explanation.out.gateways().map(str::to_owned).collect(), explanation.outcome()),
        Ok(None) => (Vec::new(), Outcome::Unknown("the machine is not there".to_owned())),
        Err(why) => (Vec::new(), Outcome::Unknown(why)),
    }
}
