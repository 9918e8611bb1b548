//! The actions that make a world, and what is told of it beside them, in the order in which they can be made, and their
//! performance with every refusal at its place. Reads no text.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::base::SimTime;
use crate::control_plane::{
    Action, Applied, Call, ControlError, Described, InsertError, Record, ResourceId, Scope, World,
};
use crate::notation::{Problem, Problems, Span};

/// When an action's turn comes. What is named later needs what is named before.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Zones,
    PrefixLists,
    DhcpOptions,
    Vpcs,
    Gateways,
    RouteTables,
    NetworkAcls,
    Subnets,
    Groups,
    Addresses,
    Instances,
    NatGateways,
    Peering,
    /// Behind peering connections, for a rule may name a group of a peered VPC.
    GroupRules,
    Premises,
    Routes,
    Endpoints,
    Associations,
}

/// Actions that wait for their turn.
#[derive(Default)]
pub(super) struct Plan {
    phases: BTreeMap<Phase, Vec<Planned>>,
}

struct Planned {
    scope: Scope,
    what: What,
    span: Span,
    /// What it creates, if it creates something.
    makes: Option<ResourceId>,
}

/// What is to be done.
enum What {
    Call(Action),
    /// A record that no call makes as it is.
    Insert(Box<Record>),
    /// Something that is told of records.
    TakeOver(Described),
}

impl Plan {
    /// Adds an action; `span` is where its refusal is shown, `makes` what cannot exist without it.
    pub(super) fn add(
        &mut self,
        phase: Phase,
        scope: &Scope,
        span: Span,
        makes: Option<ResourceId>,
        action: impl Into<Action>,
    ) {
        self.push(phase, scope, span, makes, What::Call(action.into()));
    }

    /// Adds a record as it is to be.
    pub(super) fn insert(&mut self, phase: Phase, scope: &Scope, span: Span, record: impl Into<Record>) {
        let record = Box::new(record.into());
        self.push(phase, scope, span, Some(record.id()), What::Insert(record));
    }

    /// Adds what is told of records.
    pub(super) fn take_over(&mut self, phase: Phase, scope: &Scope, span: Span, described: Described) {
        self.push(phase, scope, span, None, What::TakeOver(described));
    }

    fn push(&mut self, phase: Phase, scope: &Scope, span: Span, makes: Option<ResourceId>, what: What) {
        self.phases.entry(phase).or_default().push(Planned { scope: scope.clone(), what, span, makes });
    }

    /// Performs all of them. What EC2 refuses is a problem at its place, unless it only follows from another refusal.
    pub(super) fn perform(self, world: &mut World, names: &Names, problems: &mut Problems) {
        let mut missing: BTreeSet<ResourceId> = BTreeSet::new();
        for Planned { scope, what, span, makes } in self.phases.into_values().flatten() {
            let follows = |text: &str| missing.iter().any(|id| text.contains(id.as_str()));
            let taken = |error: InsertError| {
                let text = error.to_string();
                (!follows(&text)).then(|| vec![Problem::error(span, text)]).unwrap_or_default()
            };
            let done = match what {
                What::Call(action) => {
                    world.apply(&Call::admin(scope.clone()), &action, SimTime::ZERO).map_err(|error| {
                        let errors =
                            std::iter::once(&error).chain(&error.more).filter(|error| !follows(&error.message));
                        errors.map(|error| refusal(&scope, span, action.name(), error, names)).collect::<Vec<_>>()
                    })
                }
                What::Insert(record) => world.insert(&scope, *record).map(|()| Applied::default()).map_err(taken),
                What::TakeOver(told) => world.take_over(&scope, told).map(|()| Applied::default()).map_err(taken),
            };
            match done {
                Ok(applied) => {
                    problems.extend(applied.failures.into_iter().map(|failure| Problem::error(span, failure)))
                }
                Err(found) => {
                    problems.extend(found);
                    missing.extend(makes);
                }
            }
        }
    }
}

/// What EC2 said, as a problem, with the names behind the ids in it.
fn refusal(here: &Scope, span: Span, action: &str, error: &ControlError, names: &Names) -> Problem {
    let problem = Problem::error(span, format!("EC2 refuses this: {}", error.message));
    let problem = problem.label(format!("{action}: {}", error.code));
    let meant =
        names.iter().filter(|named| named.name != named.id.as_str() && error.message.contains(named.id.as_str()));
    meant.fold(problem, |problem, named| {
        let there = &named.scope;
        let elsewhere = match (here.account == there.account, here.region == there.region) {
            (true, true) => String::new(),
            (true, false) => format!(", and in region {}, while this is in {}", there.region, here.region),
            (false, _) => format!(", and of account {}, while this is of {}", there.account, here.account),
        };
        problem.help(format!("{} is `{}`{elsewhere}", named.id, named.path()))
    })
}
