//! Every key of the language with its kind and its sentence: what is checked, decoded and printed as JSON Schema.

mod action;
mod expectation;
mod file;
mod form;
mod host;
mod program;
mod timeline;
mod world;

pub(super) use action::{ACTIONS, Keys};
pub(super) use expectation::{CAUSES, EXPECTATION, PROTOCOLS, RESET_BY};
pub(super) use file::{FILE, VERSION};
pub(super) use form::*;
pub(super) use host::{HOST_KEYS, LINK, LISTENER, ON_PREMISES, OUTSIDE_HOST, TCP_STEP, UNKNOWN};
pub(super) use program::{PROGRAM, REPEAT, RETRY, S3_NAMES};
pub(super) use timeline::{AFTER, STEP, WHEN};
pub(super) use world::{
    ACCOUNT, BUCKET, INSTANCE, INTERFACE, NETWORK_ACL, OBJECT, REGION, ROUTE_TABLE, SECURITY_GROUP, USER, VPC,
};
