//! Who reaches whom, for all pairs of classes at once, in one world or in two that are compared. By tables; a sample is
//! confirmed by packets.

use std::net::IpAddr;

use super::classes::{Class, ClassKind, classes_of};
use super::explain::{Disagreement, explain};
use super::path::{Explanation, Outcome, Source, Traffic};
use super::ports::TrafficRange;
use super::probe::Prober;
use super::tables::{TableOptions, Tables};
use crate::control_plane::{InstanceState, World};
use crate::trace::DropReason;

/// Who reaches whom in one world.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The classes.
    pub classes: Vec<Class>,
    /// For each pair of classes, by place in the list, and traffic: what comes of it.
    pub pairs: Vec<Pair>,
}

/// One pair of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The asking class.
    pub from: usize,
    /// The asked class.
    pub to: usize,
    /// The traffic.
    pub traffic: Traffic,
    /// What comes of it.
    pub outcome: Outcome,
}

/// A pair whose reach or path is not the same in two worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairChange {
    /// The asking class.
    pub from: usize,
    /// The asked class.
    pub to: usize,
    /// All traffic that fares so.
    pub traffic: Vec<TrafficRange>,
    /// What comes of it before.
    pub before: Way,
    /// What comes of it after.
    pub after: Way,
}

/// What comes of a question, and the boxes that it and its answer cross.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What comes of it.
    pub outcome: Outcome,
    /// The ids of the boxes on the way out.
    pub out: Vec<String>,
    /// The ids of the boxes on the way back.
    pub back: Vec<String>,
    /// The gateways among them, on the way out and on the way back.
    pub gateways: (Vec<String>, Vec<String>),
}

/// Two worlds, compared.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Pairs that reached before and do not any more.
    pub lost: Vec<PairChange>,
    /// Pairs that reach from now on.
    pub gained: Vec<PairChange>,
    /// Pairs that reach before and after, by another path.
    pub rerouted: Vec<PairChange>,
    /// Pairs of which something can be told on one side of the change only.
    pub unclear: Vec<PairChange>,
    /// How many pairs of classes were compared.
    pub pairs: usize,
    /// How many questions that were.
    pub questions: usize,
    /// Of how many of them nobody can tell, neither before nor after.
    pub unknown: usize,
}

impl PairChange {
    /// Whether it may be a loss: it reaches before and nobody can tell after; or nobody can tell before, and after the
    /// change it is blocked, or nobody can tell for another reason or on another path.
    pub const fn may_be_lost(&self) -> bool {
        match (&self.before.outcome, &self.after.outcome) {
            (Outcome::Reaches | Outcome::Unknown(_), Outcome::Unknown(_)) => true,
            (Outcome::Unknown(_), Outcome::BlockedOut(_) | Outcome::BlockedBack(_)) => true,
            (Outcome::Reaches | Outcome::BlockedOut(_) | Outcome::BlockedBack(_), _)
            | (Outcome::Unknown(_), Outcome::Reaches) => false,
        }
    }
}

impl Reach {
    /// How many pairs of single machines and places this stands for, and how many of them reach.
    pub fn counts(&self) -> (usize, usize) {
        let (mut reach, mut all) = (0, 0);
        for pair in &self.pairs {
            let (from, to) = (&self.classes[pair.from], &self.classes[pair.to]);
            let (from, to) = (from.members.len(), to.members.len());
            let count = if pair.from == pair.to { from * from.saturating_sub(1) } else { from * to };
            all += count;
            reach += if pair.outcome == Outcome::Reaches { count } else { 0 };
        }
        (reach, all)
    }
}

/// Asks about all pairs of all classes of a world. `progress` hears how many of how many askers are done.
pub fn reach(
    world: &World,
    options: TableOptions,
    traffic: &[Traffic],
    progress: &mut dyn FnMut(usize, usize),
) -> Reach {
    let classes = classes_of(&[world], &options);
    let tables = Tables::new(world, TableOptions { brief: true, ..options });
    let mut pairs = Vec::new();
    for_pairs(&classes, progress, &mut |from, to, address| {
        let source = source_of(&tables, &classes[from]);
        for traffic in traffic {
            let outcome = match ask(&tables, source.as_ref(), address, *traffic) {
                Ok(explanation) => explanation.outcome(),
                Err(why) => Outcome::Unknown(why),
            };
            pairs.push(Pair { from, to, traffic: *traffic, outcome });
        }
    });
    Reach { classes, pairs }
}

/// Asks two worlds the same, and keeps what differs. `progress` hears how many of how many askers are done.
pub(super) fn compare(
    before: &Tables<'_>,
    after: &Tables<'_>,
    classes: &[Class],
    traffic: &[TrafficRange],
    progress: &mut dyn FnMut(usize, usize),
) -> Comparison {
    let mut result = Comparison::default();
    for_pairs(classes, progress, &mut |from, to, address| {
        result.pairs += 1;
        let sources = (source_of(before, &classes[from]), source_of(after, &classes[from]));
        // A machine that the change ends reaches nothing any more, nor does one by an address that it loses.
        let gone = is_there(before, &classes[from]) && !is_there(after, &classes[from]);
        // Services serve over TCP, and answer pings.
        let service = classes[to].kind == ClassKind::Service;
        for range in traffic.iter().filter(|range| !(service && matches!(range.traffic, Traffic::Udp(_)))) {
            result.questions += 1;
            let old = ask(before, sources.0.as_ref(), address, range.traffic);
            let new = ask(after, sources.1.as_ref(), address, range.traffic);
            if gone {
                let old = Way::of(old);
                let list = match old.outcome {
                    Outcome::Reaches => &mut result.lost,
                    Outcome::Unknown(_) => &mut result.unclear,
                    Outcome::BlockedOut(_) | Outcome::BlockedBack(_) => continue,
                };
                let new = Way::none(Outcome::BlockedOut(why_gone(after, &classes[from])));
                add(list, (from, to), *range, old, new);
                continue;
            }
            if same(&old, &new) {
                result.unknown += usize::from(is_unknown(&old));
                continue;
            }
            let (old, new) = (Way::of(old), Way::of(new));
            let list = match (&old.outcome, &new.outcome) {
                (Outcome::Unknown(_), _) | (_, Outcome::Unknown(_)) => &mut result.unclear,
                (Outcome::Reaches, Outcome::Reaches) => &mut result.rerouted,
                (Outcome::Reaches, _) => &mut result.lost,
                (_, Outcome::Reaches) => &mut result.gained,
                // What was blocked is blocked, if for another reason.
                (_, _) => continue,
            };
            add(list, (from, to), *range, old, new);
        }
    });
    result
}

/// Adds a difference; what fares alike of one pair is one line.
fn add(list: &mut Vec<PairChange>, (from, to): (usize, usize), range: TrafficRange, before: Way, after: Way) {
    let alike = list.iter_mut().rev().take_while(|one| (one.from, one.to) == (from, to));
    match alike.into_iter().find(|one| one.before == before && one.after == after) {
        Some(one) => one.traffic.push(range),
        None => list.push(PairChange { from, to, traffic: vec![range], before, after }),
    }
}

/// Confirms some pairs by packets: those whose packets say something else. `step` of 1 confirms all.
pub fn confirm(prober: &mut Prober, reach: &Reach, step: usize) -> Vec<(Pair, Disagreement)> {
    let mut different = Vec::new();
    for pair in reach.pairs.iter().step_by(step.max(1)) {
        let (from, to) = ends(&reach.classes, pair.from, pair.to);
        let explained = to.and_then(|to| explain(prober, from, to, pair.traffic).ok());
        if let Some(disagreement) = explained.and_then(|explained| explained.disagreement) {
            different.push((pair.clone(), disagreement));
        }
    }
    different
}

/// Confirms up to `most` questions between classes by packets, spread over all of them. How many were confirmed, and
/// those whose packets say something else, in words.
pub(super) fn confirm_sample(
    prober: &mut Prober,
    classes: &[Class],
    traffic: &[TrafficRange],
    most: usize,
) -> (usize, Vec<String>) {
    let mut questions = Vec::new();
    for_pairs(classes, &mut |_, _| (), &mut |from, to, address| {
        // Where there is no machine there is nobody to send packets.
        let sends = matches!(classes[from].kind, ClassKind::Instances | ClassKind::Host);
        if sends && !matches!(classes[to].kind, ClassKind::Internet | ClassKind::Beyond) {
            questions.extend(traffic.iter().map(|range| (from, to, address, range.traffic)));
        }
    });
    let step = questions.len().div_ceil(most.max(1)).max(1);
    let (mut confirmed, mut different) = (0, Vec::new());
    for (from, to, address, traffic) in questions.into_iter().step_by(step) {
        let Ok(explained) = explain(prober, classes[from].address(), address, traffic) else { continue };
        confirmed += usize::from(explained.reply.is_some());
        if let Some(Disagreement { tables, packets, .. }) = &explained.disagreement {
            let (from, to) = (&classes[from].name, &classes[to].name);
            different.push(format!("{from} → {to} {traffic}: tables {tables:?}, packets {packets:?}"));
        }
    }
    (confirmed, different)
}

impl Way {
    fn none(outcome: Outcome) -> Self {
        Self { outcome, out: Vec::new(), back: Vec::new(), gateways: (Vec::new(), Vec::new()) }
    }

    fn of(explanation: Result<Explanation, String>) -> Self {
        let none = Vec::new;
        let explanation = match explanation {
            Ok(explanation) => explanation,
            Err(why) => {
                return Self::none(Outcome::Unknown(why));
            }
        };
        let owned = |ids: &mut dyn Iterator<Item = &str>| -> Vec<String> { ids.map(str::to_owned).collect() };
        let back = explanation.back.as_ref();
        Self {
            outcome: explanation.outcome(),
            out: owned(&mut explanation.out.ids()),
            back: back.map_or_else(none, |path| owned(&mut path.ids())),
            gateways: (
                owned(&mut explanation.out.gateways()),
                back.map_or_else(none, |path| owned(&mut path.gateways())),
            ),
        }
    }
}

/// Visits each pair of classes of which one is in an account, with the address that is asked.
fn for_pairs(classes: &[Class], progress: &mut dyn FnMut(usize, usize), visit: &mut dyn FnMut(usize, usize, IpAddr)) {
    let sources: Vec<usize> = (0..classes.len()).filter(|index| classes[*index].asks()).collect();
    for (done, from) in sources.iter().copied().enumerate() {
        progress(done, sources.len());
        for to in 0..classes.len() {
            // What the internet does among itself is not AWS's affair.
            if !classes[from].is_inside() && !classes[to].is_inside() {
                continue;
            }
            let (own, Some(address)) = ends(classes, from, to) else { continue };
            if own.is_ipv4() == address.is_ipv4() {
                visit(from, to, address);
            }
        }
    }
    progress(sources.len(), sources.len());
}

/// The addresses of a pair. Instances ask others like them rather than themselves; one that has none like it still asks
/// its own public address, which is a way through the internet gateway.
pub(super) fn ends(classes: &[Class], from: usize, to: usize) -> (IpAddr, Option<IpAddr>) {
    let (asker, asked) = (&classes[from], &classes[to]);
    let same = from == to || (asker.of.is_some() && asker.of == asked.of);
    let itself = (asked.kind == ClassKind::Public).then_some(&asked.members[0]);
    let address = if same { asked.members.get(1).or(itself) } else { asked.members.first() };
    (asker.address(), address.copied())
}

/// Whether whoever asks of a class has the address that it asks from.
fn is_there(tables: &Tables<'_>, class: &Class) -> bool {
    let owners = tables.index().owners(class.address());
    match &class.asker {
        Some(Source::Instance(id, _)) => owners.iter().any(|owner| owner.instance.as_ref() == Some(id)),
        Some(Source::Interface(id, _)) => owners.iter().any(|owner| owner.interface == *id),
        Some(Source::Outside(_) | Source::Classic(_) | Source::Beyond(_)) | None => true,
    }
}

/// Why an asker whose address is nobody's any more reaches nothing: its machine has ended, or runs without the address, and
/// what it sends from there is refused.
fn why_gone(tables: &Tables<'_>, class: &Class) -> DropReason {
    let Some(Source::Instance(instance, _)) = &class.asker else { return DropReason::HostStopped };
    let mut regions = tables.world.regions();
    let runs = regions
        .any(|(_, region)| region.instances().get(instance).is_some_and(|one| one.state == InstanceState::Running));
    if runs { DropReason::SourceDestCheck } else { DropReason::HostStopped }
}

/// Who asks of a class.
fn source_of(tables: &Tables<'_>, class: &Class) -> Result<Source, String> {
    class.asker.clone().map_or_else(|| tables.source(class.address()), Ok)
}

fn ask(
    tables: &Tables<'_>,
    source: Result<&Source, &String>,
    address: IpAddr,
    traffic: Traffic,
) -> Result<Explanation, String> {
    let source = source.map_err(Clone::clone)?;
    tables.explain(source, address, traffic).ok_or_else(|| "the machine is not there".to_owned())
}

/// Whether two explanations tell of the same outcome over the same boxes; without writing any of it down.
fn same(old: &Result<Explanation, String>, new: &Result<Explanation, String>) -> bool {
    match (old, new) {
        (Ok(old), Ok(new)) => {
            let back = |one: &Explanation| one.back.as_ref().map(|path| path.hops.len());
            old.outcome() == new.outcome()
                && old.out.ids().eq(new.out.ids())
                && back(old) == back(new)
                && old.back.iter().flat_map(|path| path.ids()).eq(new.back.iter().flat_map(|path| path.ids()))
        }
        (Err(old), Err(new)) => old == new,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn is_unknown(explanation: &Result<Explanation, String>) -> bool {
    explanation.as_ref().map_or(true, |explanation| matches!(explanation.outcome(), Outcome::Unknown(_)))
}
