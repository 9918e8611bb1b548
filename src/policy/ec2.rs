//! Who may make EC2 calls, the endpoint calls above all. Knows identity policies only; makes no calls.

use super::evaluate::{Attached, Decision, PolicySet, Verdict, evaluate};
use super::request::RequestContext;
use super::statement::Effect;
use crate::base::Era;

/// What EC2 answers with the code `UnauthorizedOperation` (facts.md Q2).
pub const UNAUTHORIZED_MESSAGE: &str = "You are not authorized to perform this operation.";

/// Whether an EC2 action can be granted on single resources. In the document's time none of the endpoint actions could,
/// nor `DescribePrefixLists` (rule R28, facts.md Q11); the describe calls cannot to this day.
pub fn has_resource_level(era: Era, action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name).to_ascii_lowercase();
    let whole_only = era == Era::Y2017 && name.contains("vpcendpoint");
    !whole_only && !name.starts_with("describe")
}

/// Judges an EC2 call by the policies of who makes it. `named` are the ARNs of the resources that the call names or
/// makes; each of them must be allowed. Where the action has no resource-level permissions, they count for nothing and
/// the policy must allow the action on `*`.
pub fn authorize(request: &RequestContext, named: &[String], identity: &[Attached]) -> Decision {
    let policies = PolicySet { identity, resource: None, endpoint: None };
    let all = ["*".to_owned()];
    let fine = has_resource_level(request.era(), request.action());
    let resources = if fine && !named.is_empty() { named } else { &all };
    let mut decision: Option<Decision> = None;
    for resource in resources {
        let one = evaluate(&request.on(resource), &policies);
        decision = Some(match decision {
            None => one,
            Some(sum) => add(sum, one),
        });
    }
    let mut decision = decision.expect("there is one resource at least");
    if !decision.is_allowed() && !fine {
        explain_single(&mut decision, request, named, identity);
    }
    decision
}

/// Allowed only if both are; what stands in the way of either stands in the way.
fn add(mut sum: Decision, one: Decision) -> Decision {
    for blocker in one.blockers {
        if !sum.blockers.contains(&blocker) {
            sum.blockers.push(blocker);
        }
    }
    let explicit = [sum.verdict, one.verdict].contains(&Verdict::ExplicitDeny);
    match (sum.verdict, one.verdict) {
        (Verdict::Allow, Verdict::Allow) => {}
        (Verdict::Allow, _) => {
            sum.decided_by = one.decided_by;
            sum.asked = one.asked;
            sum.verdict = one.verdict;
        }
        (_, Verdict::Allow) => {}
        (_, _) => sum.decided_by.extend(one.decided_by),
    }
    if explicit {
        sum.verdict = Verdict::ExplicitDeny;
    }
    sum
}

/// Says that a statement would allow the call if the action could be granted on what the statement names.
fn explain_single(decision: &mut Decision, request: &RequestContext, named: &[String], identity: &[Attached]) {
    let Some(blocker) = decision.blockers.iter_mut().find(|blocker| blocker.denied_by.is_none()) else {
        return;
    };
    let reason = format!("{} has no resource-level permissions", request.action());
    blocker.rules.push("R28");
    for attached in identity {
        for statement in attached.document().statements() {
            let names_single = !statement.resource_fits(&request.on("*"));
            if statement.effect() != Effect::Allow || !names_single || !statement.action_fits(request) {
                continue;
            }
            let meant = named.iter().any(|arn| statement.resource_fits(&request.on(arn)));
            let what = if meant { "this resource" } else { "single resources" };
            let (label, number) = (attached.label(), statement.number());
            let note = format!("; {label} names {what} in statement {number}, but {reason} and takes only `*`");
            blocker.text.push_str(&note);
        }
    }
}
