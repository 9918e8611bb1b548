//! Request × policies → decision: who allows, who denies, and all that stands in the way. Writes no prose.

use std::sync::Arc;

use super::document::PolicyDocument;
use super::explain;
use super::principal::{Fit, IdentityKind, Principal};
use super::request::RequestContext;
use super::statement::{Effect, Statement};

/// A document with what it is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    label: Arc<str>,
    document: PolicyDocument,
}

impl Attached {
    /// The policy of an endpoint.
    pub fn endpoint(name: &str, document: PolicyDocument) -> Self {
        Self { label: format!("endpoint policy of {name}").into(), document }
    }

    /// The policy of a bucket.
    pub fn bucket(name: &str, document: PolicyDocument) -> Self {
        Self { label: format!("bucket policy of {name}").into(), document }
    }

    /// A policy of a user.
    pub fn user(user: &str, name: &str, document: PolicyDocument) -> Self {
        // A user's only policy has no name of its own.
        let name = if name == "policy" { String::new() } else { format!(" {name}") };
        Self { label: format!("policy{name} of user {user}").into(), document }
    }

    /// A policy of a role.
    pub fn role(role: &str, name: &str, document: PolicyDocument) -> Self {
        Self { label: format!("policy {name} of role {role}").into(), document }
    }

    /// What explanations call it: `endpoint policy of vpce-1a2b3c4d`.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// The document.
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }
}

/// All policies that a request is judged by.
#[derive(Copy, Clone, Debug, Default)]
pub struct PolicySet<'a> {
    /// Those of the user or role that asks.
    pub identity: &'a [Attached],
    /// That of the bucket; `None` if it has none.
    pub resource: Option<&'a Attached>,
    /// That of the endpoint the request came through; `None` if it came through none.
    pub endpoint: Option<&'a Attached>,
}

/// The kinds of policies that a request meets.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Policies of who asks.
    Identity,
    /// The policy of the resource.
    Resource,
    /// The policy of the endpoint.
    Endpoint,
}

/// How a request was judged.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every policy that must allow it does, and none denies it.
    Allow,
    /// A statement denies it, whatever others allow.
    ExplicitDeny,
    /// No statement denies it, and a policy that must allow it does not.
    ImplicitDeny,
}

/// A statement of a policy, for answers: it outlives the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The kind of policy.
    pub layer: Layer,
    /// Whose policy it is: `bucket policy of my_bucket`.
    pub policy: Arc<str>,
    /// The statement's number, from 1.
    pub statement: usize,
    /// Its Sid, if it has one.
    pub sid: Option<Arc<str>>,
}

/// One thing that must change before the request is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The layers of which one must change: several only where any of them suffices.
    pub layers: Vec<Layer>,
    /// The statement that denies; `None` where an allowing statement is missing.
    pub denied_by: Option<Citation>,
    /// What stands in the way, as a lower-case sentence.
    pub text: String,
    /// The rules that say so, such as `R31`.
    pub rules: Vec<&'static str>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The statements that decided: those that deny, or one that allows per layer.
    pub decided_by: Vec<Citation>,
    /// All that must change for an allow; empty if it is allowed.
    pub blockers: Vec<Blocker>,
    /// What was asked, where it was denied.
    pub(crate) asked: Option<Box<Asked>>,
}

/// What a denial's texts say about the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `None` for an anonymous caller.
    pub(crate) arn: Option<Box<str>>,
    pub(crate) action: Arc<str>,
    pub(crate) resource: Arc<str>,
    pub(crate) cross_account: bool,
}

impl Decision {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allow
    }
}

/// Judges a request (facts.md B19–B23, rules R31 and R33).
///
/// A statement that denies wins, in whichever policy it stands. Otherwise, within one account the policies of who asks
/// or the bucket's must allow; across accounts both must; an anonymous caller and a service depend on the bucket's
/// alone. The endpoint's policy must allow as well. A bucket policy that names an account leaves it to that account to
/// hand the permission on, so within one account it does not replace the user's own policy. Costs the same for each
/// request: patterns are compiled with the documents, and texts are made for denials only.
pub fn evaluate(request: &RequestContext, policies: &PolicySet<'_>) -> Decision {
    let identity = Answer::of(Layer::Identity, policies.identity, request);
    let resource = Answer::of(Layer::Resource, policies.resource.map_or(&[], std::slice::from_ref), request);
    let endpoint = Answer::of(Layer::Endpoint, policies.endpoint.map_or(&[], std::slice::from_ref), request);
    let needs = Needs::of(request);
    let lifeline = needs.own_root && is_lifeline(request.action());
    let denied = identity.deny || (resource.deny && !lifeline) || endpoint.deny;
    let by_identity = needs.identity_is_open || identity.allow.is_some();
    let by_resource = resource.allow.is_some();
    let direct = resource.allow.as_ref().is_some_and(|(_, fit)| *fit == Fit::Direct);
    let access = match needs.rule {
        Rule::Either => by_identity || direct,
        Rule::Both => by_identity && by_resource,
        Rule::ResourceOnly => by_resource,
    };
    let passes = policies.endpoint.is_none() || endpoint.allow.is_some();
    if !denied && access && passes {
        let answers = [identity, resource, endpoint];
        let decided_by = answers.into_iter().filter_map(|answer| answer.allow.map(|(citation, _)| citation)).collect();
        return Decision { verdict: Verdict::Allow, decided_by, blockers: Vec::new(), asked: None };
    }
    let mut blockers = Vec::new();
    denials(Layer::Identity, policies.identity, request, &mut blockers);
    if !lifeline {
        denials(Layer::Resource, policies.resource.map_or(&[], std::slice::from_ref), request, &mut blockers);
    }
    denials(Layer::Endpoint, policies.endpoint.map_or(&[], std::slice::from_ref), request, &mut blockers);
    let decided_by = blockers.iter().filter_map(|blocker| blocker.denied_by.clone()).collect();
    if !access {
        missing_access(request, policies, &needs, by_identity, by_resource, &mut blockers);
    }
    if !passes {
        blockers.push(explain::unallowed(&[Layer::Endpoint], request, policies));
    }
    let verdict = if denied { Verdict::ExplicitDeny } else { Verdict::ImplicitDeny };
    let asked = Asked {
        arn: request.principal().identity().map(|identity| identity.arn().into()),
        action: request.action().clone(),
        resource: request.resource().clone(),
        cross_account: matches!(needs.rule, Rule::Both),
    };
    Decision { verdict, decided_by, blockers, asked: Some(Box::new(asked)) }
}

/// Which policies must allow.
struct Needs {
    rule: Rule,
    /// Who asks needs no identity policy: the root user of an account, for what the account may do.
    identity_is_open: bool,
    /// Who asks is the root user of the account that owns the resource.
    own_root: bool,
}

enum Rule {
    Either,
    Both,
    ResourceOnly,
}

impl Needs {
    fn of(request: &RequestContext) -> Self {
        match request.principal() {
            Principal::Anonymous | Principal::Service(_) => {
                Self { rule: Rule::ResourceOnly, identity_is_open: false, own_root: false }
            }
            Principal::Known(identity) => {
                let own = request.owner() == Some(identity.account());
                let root = identity.kind() == IdentityKind::Root;
                let rule = if own { Rule::Either } else { Rule::Both };
                Self { rule, identity_is_open: root, own_root: own && root }
            }
        }
    }
}

/// What the root user of a bucket's account can always do, so that a policy locks nobody out for ever (Amazon S3 API
/// reference, PutBucketPolicy).
fn is_lifeline(action: &str) -> bool {
    ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"].contains(&action)
}

/// What one layer says.
struct Answer {
    deny: bool,
    /// The best fitting statement that allows.
    allow: Option<(Citation, Fit)>,
}

impl Answer {
    fn of(layer: Layer, policies: &[Attached], request: &RequestContext) -> Self {
        let mut answer = Self { deny: false, allow: None };
        for attached in policies {
            let account_is_root = attached.document.account_is_root();
            for statement in attached.document.statements() {
                let best = answer.allow.as_ref().map_or(Fit::None, |(_, fit)| *fit);
                if statement.effect == Effect::Allow && best == Fit::Direct {
                    continue;
                }
                let fit = statement.fit(request, account_is_root);
                match statement.effect {
                    Effect::Deny => answer.deny |= fit != Fit::None,
                    Effect::Allow if best < fit => answer.allow = Some((cite(layer, attached, statement), fit)),
                    Effect::Allow => {}
                }
            }
        }
        answer
    }
}

pub(crate) fn cite(layer: Layer, attached: &Attached, statement: &Statement) -> Citation {
    Citation { layer, policy: attached.label.clone(), statement: statement.number, sid: statement.sid.clone() }
}

/// One blocker per statement that denies.
fn denials(layer: Layer, policies: &[Attached], request: &RequestContext, blockers: &mut Vec<Blocker>) {
    for attached in policies {
        let account_is_root = attached.document.account_is_root();
        let denying = attached.document.statements().iter().filter(|statement| statement.effect == Effect::Deny);
        for statement in denying.filter(|statement| statement.fit(request, account_is_root) != Fit::None) {
            blockers.push(explain::denied(cite(layer, attached, statement), statement, request));
        }
    }
}

/// The blockers on the side of who asks and of the resource.
fn missing_access(
    request: &RequestContext,
    policies: &PolicySet<'_>,
    needs: &Needs,
    by_identity: bool,
    by_resource: bool,
    blockers: &mut Vec<Blocker>,
) {
    match needs.rule {
        // The bucket may allow the account as a whole; then only the user's own policy is missing, or a statement of
        // the bucket's that names the user.
        Rule::Either => blockers.push(explain::unallowed(&[Layer::Identity, Layer::Resource], request, policies)),
        Rule::ResourceOnly => blockers.push(explain::unallowed(&[Layer::Resource], request, policies)),
        Rule::Both => {
            if !by_identity {
                blockers.push(explain::unallowed(&[Layer::Identity], request, policies));
            }
            if !by_resource {
                blockers.push(explain::unallowed(&[Layer::Resource], request, policies));
            }
        }
    }
}
