//! The timeline tried on a copy of the records, step after step in the order of the file, so that what is wrong with a
//! step is said before the run. The run may take another order, so a refusal here is only a warning.

use super::context::read_policy;
use super::names::Names;
use super::timeline::{Happening, Step};
use crate::base::{Era, SimTime};
use crate::control_plane::{Call, Caller, World};
use crate::notation::{Node, Problem, Problems, Source};
use crate::policy::DocumentKind;

/// Adds what is wrong with the steps. A world that could not be made refuses everything, so nothing is performed on it.
pub(super) fn rehearse(
    source: &Source,
    names: &Names,
    (world, is_made): (&World, bool),
    steps: &[Step],
    problems: &mut Problems,
) {
    if !steps.iter().any(|step| matches!(step.what, Happening::Action(_))) {
        return;
    }
    let mut world = world.clone();
    for step in steps {
        if !matches!(step.what, Happening::Action(_)) {
            continue;
        }
        if step.refused.is_none() {
            problems.extend(policy_problems(source, step, world.era));
        }
        let Some(action) = step.action(source, names, &world) else { continue };
        let action = match action {
            Ok(action) => action,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        if let Caller::User(name) = &step.caller
            && !world.accounts().get(&step.scope.account).is_some_and(|account| account.users().contains_key(name))
        {
            // That there is no such user was said.
            continue;
        }
        if !is_made {
            continue;
        }
        let call = Call { scope: step.scope.clone(), caller: step.caller.clone(), dry_run: step.dry_run };
        let answer = world.apply(&call, &action, SimTime::ZERO);
        match (&answer, &step.refused) {
            (Err(error), None) => {
                let problem = Problem::warning(step.span, format!("EC2 would refuse this: {}", error.message));
                let problem = problem.label(error.code.as_str());
                problems.push(problem.help(format!("if that is what is to be shown, add `refused: {}`", error.code)));
            }
            (Err(error), Some(wanted)) if error.code != *wanted => {
                let text = format!("EC2 would refuse this with {}, not with {wanted}", error.code);
                problems.push(Problem::warning(step.span, text).label(&*error.message));
            }
            (Ok(_), Some(wanted)) => {
                let text = format!("EC2 would not refuse this with {wanted}");
                problems.push(Problem::warning(step.span, text));
            }
            (Ok(_), None) | (Err(_), Some(_)) => {}
        }
    }
}

/// What is wrong with the policy that a step carries, if it carries one.
pub(super) fn policy_problems(source: &Source, step: &Step, era: Era) -> Vec<Problem> {
    let Happening::Action(text) = &step.what else { return Vec::new() };
    let policy = policy_of(step.verb, text.node());
    policy.map(|(node, kind)| read_policy(source, node, kind, era).1).unwrap_or_default()
}

/// The policy that an action carries.
fn policy_of<'a>(verb: &str, node: &'a Node) -> Option<(&'a Node, DocumentKind)> {
    let map = node.as_map()?;
    let policy = map.get("policy").or_else(|| map.get("PolicyDocument"))?;
    Some((
        policy,
        match verb {
            "put-bucket-policy" => DocumentKind::Bucket,
            "put-user-policy" => DocumentKind::Identity,
            _ => DocumentKind::Endpoint,
        },
    ))
}
