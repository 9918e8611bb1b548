//! Floor 1: what IAM documents say: read, evaluate, explain. Knows no VPC, no packet and no time of its own.
//!
//! [`PolicyDocument`] is read and compiled once; a [`RequestContext`] is built per request; [`evaluate`] judges it by a
//! [`PolicySet`] and gives a [`Decision`] that says what decided and all that must change for an allow. [`ec2`] does so
//! for calls to the control plane.

mod action;
mod condition;
mod decode;
mod decode_principal;
mod document;
mod evaluate;
mod explain;
mod key;
mod operator;
mod pattern;
mod principal;
mod request;
mod statement;

pub mod ec2;

pub use document::{
    BUCKET_POLICY_BYTES_MAX, DocumentKind, ENDPOINT_POLICY_CHARS_MAX, IDENTITY_POLICY_CHARS_MAX, PolicyDocument,
    invalid_policy_message,
};
pub use evaluate::{Attached, Blocker, Citation, Decision, Layer, PolicySet, Verdict, evaluate};
pub use explain::Explanation;
pub use key::ConditionKey;
pub use principal::{Identity, IdentityKind, Principal, canonical_user_id};
pub use request::{KeyValue, RequestContext, Way};
pub use statement::{Effect, Statement};

#[cfg(test)]
mod tests;
