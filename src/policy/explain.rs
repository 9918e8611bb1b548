//! Decisions in words: what denied, what was missing, which keys were absent, which rule says so. Decides nothing.

use std::fmt;

use super::condition::Condition;
use super::evaluate::{Attached, Blocker, Citation, Decision, Layer, PolicySet, Verdict, cite};
use super::key::ConditionKey;
use super::principal::{Fit, Principal};
use super::request::{RequestContext, Way};
use super::statement::{Effect, Element, Statement};
use crate::base::Era;

/// A decision for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One sentence, lower-case, without a full stop.
    pub headline: String,
    /// Everything that must change for an allow, one sentence each.
    pub blockers: Vec<String>,
    /// The rules that it rests on, such as `R31`, each once.
    pub rules: Vec<&'static str>,
}

/// The headline with its rules in brackets, and a line for each further thing that is in the way.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)?;
        if !self.rules.is_empty() {
            write!(f, " [{}]", self.rules.join(" "))?;
        }
        self.blockers.iter().skip(1).try_for_each(|blocker| write!(f, "\nand by {blocker}"))
    }
}

/// `endpoint policy of vpce-1: statement 2 ("OnlyMyBucket")`.
impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.policy, self.short())
    }
}

impl Citation {
    /// `statement 2 ("OnlyMyBucket")`.
    fn short(&self) -> String {
        match &self.sid {
            Some(sid) => format!("statement {} (\"{sid}\")", self.statement),
            None => format!("statement {}", self.statement),
        }
    }
}

impl Decision {
    /// The decision in words, with everything that must change for an allow.
    pub fn explanation(&self) -> Explanation {
        let blockers: Vec<String> = self.blockers.iter().map(|blocker| blocker.text.clone()).collect();
        let mut rules: Vec<&'static str> = self.blockers.iter().flat_map(|blocker| blocker.rules.clone()).collect();
        rules.sort_unstable();
        rules.dedup();
        let headline = match (self.verdict, blockers.first()) {
            (Verdict::Allow, _) if self.decided_by.is_empty() => "allowed: the root user needs no policy".to_owned(),
            (Verdict::Allow, _) => {
                let by: Vec<String> = self.decided_by.iter().map(Citation::to_string).collect();
                format!("allowed by {}", by.join(" and "))
            }
            (_, Some(first)) => format!("denied by {first}"),
            (_, None) => "denied".to_owned(),
        };
        Explanation { headline, blockers, rules }
    }

    /// The text of S3's `AccessDenied`: in the document's time the same for every cause (facts.md B12); today it names
    /// one kind of policy, unless the request crosses accounts or is anonymous (B13).
    pub fn access_denied_message(&self, era: Era) -> String {
        let plain = "Access Denied".to_owned();
        let (Era::Current, Some(asked), Some(blocker)) = (era, self.asked.as_deref(), self.blockers.first()) else {
            return plain;
        };
        let (Some(arn), false) = (&asked.arn, asked.cross_account) else { return plain };
        let (action, resource) = (&asked.action, &asked.resource);
        let (article, kind) = match blocker.layers.first() {
            Some(Layer::Endpoint) => ("a", "VPC endpoint"),
            Some(Layer::Resource) => ("a", "resource-based"),
            Some(Layer::Identity) | None => ("an", "identity-based"),
        };
        let user = format!("User: {arn} is not authorized to perform: {action}");
        if blocker.denied_by.is_some() {
            format!("{user} on resource: \"{resource}\" with an explicit deny in {article} {kind} policy")
        } else {
            format!("{user} because no {kind} policy allows the {action} action")
        }
    }
}

/// The blocker that a denying statement is.
pub(crate) fn denied(citation: Citation, statement: &Statement, request: &RequestContext) -> Blocker {
    let mut rules = vec!["R31"];
    let what = describe(statement, "denies");
    let values: Vec<String> = statement.conditions.iter().map(|condition| value_of(condition, request)).collect();
    let tail = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
    let text = format!("{citation} {what}{tail}");
    // A public address that matches is no matter of private ones, whatever else the condition lists.
    let public = matches!(request.way(), Way::Public(_));
    let telling = statement.conditions.iter().filter(|one| !(public && one.key == ConditionKey::SourceIp));
    rules.extend(telling.flat_map(|condition| rules_of(condition, request)));
    Blocker { layers: vec![citation.layer], denied_by: Some(citation), text, rules }
}

/// The blocker that consists in no statement of these layers allowing the request; one of the layers suffices.
pub(crate) fn unallowed(layers: &[Layer], request: &RequestContext, policies: &PolicySet<'_>) -> Blocker {
    let mut misses: Vec<Miss> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut absent = Vec::new();
    let mut rules = Vec::new();
    let mut notes = Vec::new();
    let alone = layers.iter().map(|layer| attached_of(*layer, policies).len()).sum::<usize>() == 1;
    for &layer in layers {
        let attached = attached_of(layer, policies);
        for policy in attached {
            names.push(policy.label().to_string());
            let before = misses.len();
            misses.extend(misses_of(layer, policy, request));
            if misses.len() == before {
                let name = if alone { "it" } else { &**policy.label() };
                notes.push(format!("{name} has Deny statements only, and allows nothing"));
                rules.push("R31");
            }
        }
        // Only S3 asks policies of resources, too.
        if attached.is_empty() && (layer != Layer::Resource || request.action().starts_with("s3:")) {
            absent.push(layer);
        }
    }
    // An endpoint's policy replaces no other, and no other replaces it.
    if layers == [Layer::Endpoint] || policies.endpoint.is_some() {
        rules.push("R31");
    }
    if layers.contains(&Layer::Endpoint) && is_of_services(request.resource()) {
        rules.push("R52");
    }
    if names.is_empty() {
        let owners: Vec<String> = absent.iter().map(|layer| owner_of(*layer, request)).collect();
        names.push(format!("the lack of a policy of {}", owners.join(" and of ")));
    } else {
        notes.extend(absent.iter().map(|layer| format!("{} has no policy", owner_of(*layer, request))));
    }
    misses.sort_by_key(|miss| (miss.failed.len(), miss.citation.layer, miss.citation.statement));
    let closing = closing(&misses, request);
    let several = 1 < names.len();
    for miss in misses.iter().take(MISSES_SHOWN) {
        let name = if several { miss.citation.to_string() } else { miss.citation.short() };
        let reasons: Vec<_> =
            miss.failed.iter().filter(|failed| Some(failed.part) != closing.as_ref().map(|c| c.0)).collect();
        let texts: Vec<&str> = reasons.iter().map(|failed| failed.text.as_str()).collect();
        let tail = if texts.is_empty() { String::new() } else { format!(": {}", texts.join(", ")) };
        notes.push(format!("{name} {} only{tail}", miss.what));
        rules.extend(miss.failed.iter().flat_map(|failed| failed.rules.clone()));
    }
    if MISSES_SHOWN < misses.len() {
        notes.push(format!("{} more Allow statements do not match", misses.len() - MISSES_SHOWN));
    }
    notes.push(closing.map_or_else(|| nothing_allows(request), |(_, text)| text));
    rules.sort_unstable();
    rules.dedup();
    let text = format!("{}: {}", names.join(" and "), notes.join("; "));
    Blocker { layers: layers.to_vec(), denied_by: None, text, rules }
}

/// Whether a resource is in a bucket that services of AWS use from inside a VPC (facts 8.5).
fn is_of_services(resource: &str) -> bool {
    const OF_SERVICES: [&str; 5] = [
        "cloudformation-waitcondition-",
        "cloudformation-custom-resource-response-",
        "aws-codedeploy-",
        "elasticbeanstalk-",
        "opsworks-instance-",
    ];
    let bucket = short(resource);
    OF_SERVICES.iter().any(|start| bucket.starts_with(start))
}

/// Statements shown of those that nearly allow; the nearest come first.
const MISSES_SHOWN: usize = 3;

/// Texts of a list shown before it is cut off.
const TEXTS_SHOWN: usize = 4;

fn attached_of<'a>(layer: Layer, policies: &PolicySet<'a>) -> &'a [Attached] {
    match layer {
        Layer::Identity => policies.identity,
        Layer::Resource => policies.resource.map_or(&[], std::slice::from_ref),
        Layer::Endpoint => policies.endpoint.map_or(&[], std::slice::from_ref),
    }
}

/// Whose the policies of a layer are.
fn owner_of(layer: Layer, request: &RequestContext) -> String {
    match layer {
        Layer::Identity => request.principal().to_string(),
        Layer::Resource => bucket_of(request.resource()),
        Layer::Endpoint => "the endpoint".to_owned(),
    }
}

/// A statement that allows, but not this request.
struct Miss {
    citation: Citation,
    what: String,
    failed: Vec<Failed>,
}

/// A part of a statement that does not fit.
struct Failed {
    part: Part,
    text: String,
    rules: Vec<&'static str>,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Part {
    Principal,
    Action,
    Resource,
    Condition,
}

fn misses_of(layer: Layer, attached: &Attached, request: &RequestContext) -> Vec<Miss> {
    let account_is_root = attached.document().account_is_root();
    let allowing = attached.document().statements().iter().filter(|statement| statement.effect == Effect::Allow);
    allowing
        .map(|statement| Miss {
            citation: cite(layer, attached, statement),
            what: describe(statement, "allows"),
            failed: failures(statement, layer, request, account_is_root),
        })
        .collect()
}

fn failures(statement: &Statement, layer: Layer, request: &RequestContext, account_is_root: bool) -> Vec<Failed> {
    let mut failed = Vec::new();
    let who = request.principal();
    match statement.principal_fit(request, account_is_root) {
        Fit::None => {
            failed.push(Failed { part: Part::Principal, text: format!("{who} is not meant"), rules: vec![] });
        }
        Fit::Delegated if layer == Layer::Resource => {
            // Only reached where the rest may well fit: the account has it, the user does not.
            let text = format!("the account has it, and hands it to {who} only by a policy of its own");
            failed.push(Failed { part: Part::Principal, text, rules: vec![] });
        }
        Fit::Delegated | Fit::Direct => {}
    }
    if !statement.action_fits(request) {
        failed.push(wrong_action(statement, layer, request));
    }
    if !statement.resource_fits(request) {
        let text = format!("resource {} does not match", short(request.resource()));
        failed.push(Failed { part: Part::Resource, text, rules: vec![] });
    }
    for condition in statement.conditions.iter().filter(|condition| !condition.holds(request)) {
        let text = value_of(condition, request);
        failed.push(Failed { part: Part::Condition, text, rules: rules_of(condition, request) });
    }
    failed
}

fn wrong_action(statement: &Statement, layer: Layer, request: &RequestContext) -> Failed {
    let service = request.action().split(':').next().unwrap_or_default();
    let foreign = |action: &str| action.split_once(':').is_some_and(|(own, _)| !own.eq_ignore_ascii_case(service));
    let (mut actions, not) = statement.actions();
    if layer == Layer::Endpoint && !not && actions.all(foreign) {
        let text = format!("only actions of {service} have an effect in the policy of its endpoint");
        return Failed { part: Part::Action, text, rules: vec!["R33"] };
    }
    let text = format!("action {} does not match", request.action());
    Failed { part: Part::Action, text, rules: vec![] }
}

/// The one part in which all statements fail, as the last clause.
fn closing(misses: &[Miss], request: &RequestContext) -> Option<(Part, String)> {
    if misses.is_empty() {
        return None;
    }
    let all = |part: Part| {
        let of_part = |miss: &Miss| miss.failed.iter().any(|failed| failed.part == part && failed.rules.is_empty());
        misses.iter().all(of_part)
    };
    if all(Part::Resource) {
        return Some((Part::Resource, format!("resource {} matches no Allow statement", short(request.resource()))));
    }
    all(Part::Action).then(|| (Part::Action, format!("action {} matches no Allow statement", request.action())))
}

fn nothing_allows(request: &RequestContext) -> String {
    let who = match request.principal() {
        Principal::Anonymous => " to an anonymous caller",
        Principal::Service(_) | Principal::Known(_) => "",
    };
    format!("nothing allows {} on {}{who}", request.action(), short(request.resource()))
}

/// `allows s3:GetObject, s3:PutObject on my_bucket/* to account 111122223333 if Bool aws:SecureTransport true`.
fn describe(statement: &Statement, verb: &str) -> String {
    let part = |texts: &[Box<str>], not: bool| {
        let shown = list(texts.iter().map(|text| short(text)));
        match (not, shown.as_str()) {
            (false, "*") => "everything".to_owned(),
            (false, _) => shown,
            (true, _) => format!("everything but {shown}"),
        }
    };
    let element = |texts: &[Box<str>], not: bool| part(texts, not);
    let Element { not, texts, .. } = &statement.actions;
    let mut text = format!("{verb} {}", element(texts, *not));
    let Element { not, texts, .. } = &statement.resources;
    text.push_str(&format!(" on {}", element(texts, *not)));
    if let Some(principals) = &statement.principals {
        let who = list(principals.who.iter().map(ToString::to_string));
        match (principals.not, who.as_str()) {
            (false, "everyone") => {}
            (false, _) => text.push_str(&format!(" to {who}")),
            (true, _) => text.push_str(&format!(" to everyone but {who}")),
        }
    }
    for (index, condition) in statement.conditions.iter().enumerate() {
        text.push_str(&format!(" {} {condition}", if index == 0 { "if" } else { "and" }));
    }
    text
}

/// What the request has for a condition's key: `aws:SourceVpc is vpc-2`, or why it has nothing.
fn value_of(condition: &Condition, request: &RequestContext) -> String {
    let key = &condition.key;
    if let Some(value) = request.value(key) {
        return format!("{key} is {}", value.shown());
    }
    let why = match (key, request.way()) {
        (ConditionKey::SourceIp, Way::Endpoint { endpoint, .. }) => {
            format!(", because the request came through {endpoint}")
        }
        (ConditionKey::SourceVpce | ConditionKey::SourceVpc | ConditionKey::VpcSourceIp, Way::Public(address)) => {
            format!(", because the request came from {address} and through no endpoint")
        }
        (ConditionKey::Username, _) => format!(", because {} is no IAM user", request.principal()),
        _ => match key.since() {
            None => ", because no request has such a key".to_owned(),
            Some(since) if request.era() < since => format!(", because era {} has no such key", request.era()),
            Some(_) => String::new(),
        },
    };
    format!("{key} is absent{why}")
}

/// The rules behind what a condition says about this request.
fn rules_of(condition: &Condition, request: &RequestContext) -> Vec<&'static str> {
    match (&condition.key, request.way()) {
        (ConditionKey::SourceVpce | ConditionKey::SourceVpc, _) => vec!["R46"],
        (ConditionKey::SourceIp, Way::Endpoint { .. }) if condition.private_networks().next().is_some() => {
            vec!["R45", "R47"]
        }
        (ConditionKey::SourceIp, Way::Endpoint { .. }) => vec!["R47"],
        (ConditionKey::SourceIp, Way::Public(_)) if condition.private_networks().next().is_some() => vec!["R45"],
        _ => vec![],
    }
}

/// An S3 ARN without its head: `my_bucket/key`.
fn short(arn: &str) -> String {
    arn.strip_prefix("arn:aws:s3:::").unwrap_or(arn).to_owned()
}

fn bucket_of(arn: &str) -> String {
    let name = short(arn);
    let bucket = name.split('/').next().unwrap_or_default();
    if bucket == "*" || bucket.is_empty() { "the resource".to_owned() } else { format!("bucket {bucket}") }
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = texts.collect();
    let rest = all.len().saturating_sub(TEXTS_SHOWN);
    let shown = all[..all.len() - rest].join(", ");
    if rest == 0 { shown } else { format!("{shown} and {rest} more") }
}
