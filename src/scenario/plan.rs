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
        let mut missing: BTreeSet<String> = BTreeSet::new();
        for Planned { scope, what, span, makes } in self.phases.into_values().flatten() {
            let follows = |text: &str| words(text).any(|word| missing.contains(word));
            let taken = |error: InsertError| {
                let text = error.to_string();
                if follows(&text) { Vec::new() } else { vec![Problem::error(span, text)] }
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
                    if !applied.failures.is_empty() {
                        missing.extend(makes.map(|id| id.to_string()));
                    }
                    problems.extend(applied.failures.into_iter().map(|failure| Problem::error(span, failure)));
                }
                Err(found) => {
                    problems.extend(found);
                    missing.extend(makes.map(|id| id.to_string()));
                }
            }
        }
    }
}

/// What EC2 said, as a problem, with the names behind the ids in it.
fn refusal(here: &Scope, span: Span, action: &str, error: &ControlError, names: &Names) -> Problem {
    let problem = Problem::error(span, format!("EC2 refuses this: {}", error.message));
    let problem = problem.label(format!("{action}: {}", error.code));
    let said: BTreeSet<&str> = words(&error.message).collect();
    let meant = names.iter().filter(|named| named.name != named.id.as_str() && said.contains(named.id.as_str()));
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

/// The words of a message that may be ids: one id may begin as another does.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
}

#[cfg(test)]
mod tests {
    use crate::notation::Source;
    use crate::scenario::load;

    /// One claim: in a world of this VPC, these are the problems, each with its helps.
    #[track_caller]
    fn check(more: &str, expected: &[(&str, &[&str])]) {
        let source = Source::new("t.yaml", format!("vpclab: 1\ntitle: t\n{more}"));
        let (_, problems) = load(&source);
        let found: Vec<(&str, Vec<&str>)> = problems
            .iter()
            .map(|problem| (problem.message.as_str(), problem.help.iter().map(|help| &**help).collect()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(message, help)| (*message, help.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_refusal_hides_and_explains_only_what_names_the_same_id() {
        // rtb-1 cannot be made, for its VPC cannot: what is wrong with rtb-12 and igw-12 is said all the same, without
        // the name of igw-1.
        check(
            "vpcs:\n  x: {cidr: 10.0.0.0/8, route-tables: {gone: {id: rtb-1}}}\n  v:\n    cidr: 10.1.0.0/16\n    \
             internet-gateway: {name: near, id: igw-1}\n    route-tables: {t: {id: rtb-12, 0.0.0.0/0: far}}\n  \
             w: {cidr: 10.2.0.0/16, internet-gateway: {name: far, id: igw-12}}\n",
            &[
                ("EC2 refuses this: The CIDR '10.0.0.0/8' is invalid.", &[]),
                (
                    "EC2 refuses this: route table rtb-12 and network gateway igw-12 belong to different networks",
                    &["rtb-12 is `v/t`", "igw-12 is `w/far`"],
                ),
            ],
        );
    }

    #[test]
    fn a_peering_connection_that_fails_is_one_problem() {
        check(
            "vpcs:\n  v: {cidr: 10.0.0.0/16}\n  w: {cidr: 10.0.0.0/16}\npeering-connections: {p: {between: [v, w]}}\n",
            &[(
                "peering connection pcx-f8695695 is in state failed: VPC peering connection cannot be created due to \
                 overlapping CIDRs",
                &[],
            )],
        );
    }
}
