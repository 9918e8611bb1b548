//! The actions that make a world, in the order in which they can be made, and their performance with every refusal at
//! its place. Reads no text.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::base::SimTime;
use crate::control_plane::{Action, Call, ControlError, ResourceId, Scope, World};
use crate::notation::{Problem, Problems, Span};

/// When an action's turn comes. What is named later needs what is named before.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    PrefixLists,
    Vpcs,
    Gateways,
    RouteTables,
    NetworkAcls,
    Subnets,
    Groups,
    GroupRules,
    Addresses,
    Instances,
    NatGateways,
    Peering,
    Premises,
    Routes,
    Endpoints,
}

/// Actions that wait for their turn.
#[derive(Default)]
pub(super) struct Plan {
    phases: BTreeMap<Phase, Vec<Planned>>,
}

struct Planned {
    scope: Scope,
    action: Action,
    span: Span,
    /// What it creates, if it creates something.
    makes: Option<ResourceId>,
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
        let planned = Planned { scope: scope.clone(), action: action.into(), span, makes };
        self.phases.entry(phase).or_default().push(planned);
    }

    /// Performs all of them. What EC2 refuses is a problem at its place, unless it only follows from another refusal.
    pub(super) fn perform(self, world: &mut World, names: &Names, problems: &mut Problems) {
        let mut missing: BTreeSet<ResourceId> = BTreeSet::new();
        for planned in self.phases.into_values().flatten() {
            let call = Call::admin(planned.scope.clone());
            match world.apply(&call, &planned.action, SimTime::ZERO) {
                Ok(applied) => {
                    for failure in applied.failures {
                        problems.push(Problem::error(planned.span, failure));
                    }
                }
                Err(error) => {
                    let follows = |error: &ControlError| missing.iter().any(|id| error.message.contains(id.as_str()));
                    for error in std::iter::once(&error).chain(&error.more).filter(|error| !follows(error)) {
                        problems.push(refusal(&planned, error, names));
                    }
                    missing.extend(planned.makes);
                }
            }
        }
    }
}

/// What EC2 said, as a problem, with the names behind the ids in it.
fn refusal(planned: &Planned, error: &ControlError, names: &Names) -> Problem {
    let problem = Problem::error(planned.span, format!("EC2 refuses this: {}", error.message));
    let problem = problem.label(format!("{}: {}", planned.action.name(), error.code));
    let meant =
        names.iter().filter(|named| named.name != named.id.as_str() && error.message.contains(named.id.as_str()));
    meant.fold(problem, |problem, named| {
        let (here, there) = (&planned.scope, &named.scope);
        let elsewhere = match (here.account == there.account, here.region == there.region) {
            (true, true) => String::new(),
            (true, false) => format!(", and in region {}, while this is in {}", there.region, here.region),
            (false, _) => format!(", and of account {}, while this is of {}", there.account, here.account),
        };
        problem.help(format!("{} is `{}`{elsewhere}", named.id, named.path()))
    })
}
