//! Every key of the language with its kind and its sentence: what is checked, decoded and printed as JSON Schema.

mod action;
mod described;
mod expectation;
mod file;
mod form;
mod host;
mod interface;
mod program;
mod timeline;
mod world;

pub(super) use action::{ACTIONS, WIZARD_SUBNET};
pub(super) use described::{CUSTOMER_GATEWAY, DHCP_OPTIONS, FREE_GATEWAY, ROUTE, VPN_GATEWAY};
pub(super) use expectation::EXPECTATION;
pub(super) use file::{FILE, INTERNET, NAT, PRICES, S3, VERSION};
pub(super) use form::*;
pub(super) use host::{LINK, LISTENER, ON_PREMISES, OUTSIDE_HOST, TCP_STEP};
pub(super) use interface::{ENDPOINT_INTERFACE, INTERFACE, LONE_INTERFACE, PRIMARY_INTERFACE};
pub(super) use program::{PROGRAM, REPEAT, RETRY};
pub(super) use timeline::{STEP, WHEN};
pub(super) use world::{
    ACCOUNT, BUCKET, CLASSIC_LINK, ELASTIC_IP, GATEWAY, INSTANCE, NAT_GATEWAY, NETWORK_ACL, OBJECT, PEERING,
    PREFIX_LIST, REGION, ROUTE_TABLE, SECURITY_GROUP, SERVICE, SUBNET, USER, VIRTUAL_INTERFACE, VPC, VPC_ENDPOINT,
    VPN_CONNECTION,
};
