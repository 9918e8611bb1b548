//! One compiled statement of a policy, and whether a request fits it. Reads no text and combines no policies.

use std::sync::Arc;

use super::condition::Condition;
use super::key::ConditionKey;
use super::pattern::{ArnPattern, Pattern};
use super::principal::{Fit, Principal, PrincipalElement, Who};
use super::request::RequestContext;
use crate::notation::Span;

/// What a statement does with requests that fit it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Lets them pass, unless another statement denies them.
    Allow,
    /// Stops them, whatever others allow.
    Deny,
}

/// One statement, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(crate) number: usize,
    pub(crate) sid: Option<Arc<str>>,
    pub(crate) effect: Effect,
    /// `None` in identity policies: whoever has the policy.
    pub(crate) principals: Option<PrincipalElement>,
    pub(crate) actions: Element<Pattern>,
    pub(crate) resources: Element<ArnPattern>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) span: Span,
}

/// An element that has a twin with `Not` before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element<P> {
    pub(crate) not: bool,
    pub(crate) patterns: Vec<P>,
    /// The patterns as they were written.
    pub(crate) texts: Vec<Box<str>>,
}

impl Statement {
    /// Its place among the statements, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its Sid, if it has one that is not empty.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Where it stands in the text it was read from.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The actions as they were written, and whether they stand under `NotAction`.
    pub fn actions(&self) -> (impl Iterator<Item = &str>, bool) {
        (self.actions.texts.iter().map(AsRef::as_ref), self.actions.not)
    }

    /// The resources as they were written, and whether they stand under `NotResource`.
    pub fn resources(&self) -> (impl Iterator<Item = &str>, bool) {
        (self.resources.texts.iter().map(AsRef::as_ref), self.resources.not)
    }

    /// Somebody for each principal that the statement names, by itself or in a condition, where a name tells who that is.
    pub fn examples(&self) -> impl Iterator<Item = Principal> {
        let principals = self.principals.iter().flat_map(|element| &element.who).filter_map(Who::example);
        let arns = self.values_of(&ConditionKey::PrincipalArn).filter(|arn| !arn.contains(['*', '?', '$']));
        principals.chain(arns.filter_map(|arn| Who::Arn(arn.into()).example()))
    }

    /// The values that conditions of the statement compare a key with, as they were written.
    pub fn values_of(&self, key: &ConditionKey) -> impl Iterator<Item = &str> {
        let named = self.conditions.iter().filter(move |condition| condition.key == *key);
        named.flat_map(|condition| &condition.values).map(AsRef::as_ref)
    }

    /// How the request fits: not at all, by its principal's account, or by itself.
    pub(crate) fn fit(&self, request: &RequestContext, account_is_root: bool) -> Fit {
        if !self.action_fits(request) || !self.resource_fits(request) {
            return Fit::None;
        }
        let fit = self.principal_fit(request, account_is_root);
        let fine = fit != Fit::None && self.conditions.iter().all(|condition| condition.holds(request));
        if fine { fit } else { Fit::None }
    }

    pub(crate) fn principal_fit(&self, request: &RequestContext, account_is_root: bool) -> Fit {
        let element = self.principals.as_ref();
        element.map_or(Fit::Direct, |element| element.fit(request.principal(), account_is_root))
    }

    pub(crate) fn action_fits(&self, request: &RequestContext) -> bool {
        let action = request.folded_action();
        self.actions.patterns.iter().any(|pattern| pattern.matches(action, request)) != self.actions.not
    }

    pub(crate) fn resource_fits(&self, request: &RequestContext) -> bool {
        let resource = request.resource();
        self.resources.patterns.iter().any(|pattern| pattern.matches(resource, request)) != self.resources.not
    }
}
