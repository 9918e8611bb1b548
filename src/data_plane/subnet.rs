//! A subnet's edge: the network ACL and the route table that its packets meet when they leave or enter it.

use std::net::IpAddr;
use std::rc::Rc;

use super::fib::Fib;
use super::stateless_filter::StatelessFilter;
use crate::base::Cidr;

/// What a router knows of a subnet. Tables are shared with the other subnets that use them.
#[derive(Clone, Debug)]
pub struct SubnetEdge {
    /// Its blocks: one of IPv4, and perhaps one of IPv6.
    pub blocks: Vec<Cidr>,
    /// Its network ACL.
    pub acl: Rc<StatelessFilter>,
    /// Its route table.
    pub fib: Rc<Fib>,
    /// The address of the router in it (facts V1: the second of the block), from which ICMP errors come.
    pub router: IpAddr,
}
