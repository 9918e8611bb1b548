//! Second pass over VPCs: what stands in them becomes actions. Names have their ids already.

mod name;

mod vpc;

mod filter;
mod gateway;
mod route_table;
mod subnet;
mod vpc_endpoint;

pub(super) use name::{named, tags};
pub(super) use vpc::vpc;
