//! Policies of an endpoint over time: a change takes effect later, and until then the one before judges.

use crate::base::*;
use crate::control_plane::*;
use crate::policy::{DocumentKind, PolicyDocument};

/// An endpoint's policy, with the earlier ones that judge until a change has taken effect (rule R32).
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyHistory {
    /// Earlier policies, each with the instant until which it judges, in the order of time.
    earlier: Vec<(SimTime, PolicyDocument)>,
    current: PolicyDocument,
}

impl PolicyHistory {
    /// A policy that judges at once.
    pub const fn new(current: PolicyDocument) -> Self {
        Self { earlier: Vec::new(), current }
    }

    /// The policy as it was set last: what describing shows.
    pub const fn current(&self) -> &PolicyDocument {
        &self.current
    }

    /// The policy that judges a request at an instant.
    pub fn in_effect(&self, at: SimTime) -> &PolicyDocument {
        let earlier = self.earlier.iter().find(|(until, _)| at < *until);
        earlier.map_or(&self.current, |(_, policy)| policy)
    }

    /// When the policy that was set last takes effect; `None` if it did before `at`.
    pub fn takes_effect(&self, at: SimTime) -> Option<SimTime> {
        self.earlier.last().map(|(until, _)| *until).filter(|until| at < *until)
    }

    pub(super) fn change(&mut self, to: PolicyDocument, at: SimTime, effective: SimTime) {
        self.earlier.retain(|(until, _)| at < *until);
        let before = std::mem::replace(&mut self.current, to);
        self.earlier.push((effective, before));
    }
}

impl Context<'_> {
    /// Rule R29: JSON with a Principal, or nothing changes.
    pub(super) fn endpoint_policy(&mut self, text: &str, service: &str) -> Result<PolicyDocument, ControlError> {
        let policy = self.read_policy(text, DocumentKind::Endpoint, ErrorCode::InvalidPolicyDocument)?;
        self.applied.notes.extend(policy.without_effect(service).into_iter().map(|problem| problem.message));
        Ok(policy)
    }
}
