//! Tests of the boxes, on one small world: packet in, and where it went, by which rule. One file per box.

mod edges;
mod endpoint;
mod internet_gateway;
mod lab;
mod nat_gateway;
mod nat_table;
mod network_acl;
mod routing;
mod security_group;
mod tracking;
