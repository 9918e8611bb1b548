//! What a world is built of besides its records: links, limits, time-outs. Every number is a default that a scenario
//! can change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::hosts::OutsideHost;
use super::premises::Premises;
use crate::base::{Era, InstanceId};
use crate::data_plane::{NatLimits, Timeouts};
use crate::engine::{LineSpec, LinkSpec};
use crate::host::{HostSettings, Unknown};

/// Settings of the graph.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The run's number: all chance comes from it.
    pub seed: u64,
    /// The links.
    pub links: Links,
    /// NAT gateways.
    pub nat: NatLimits,
    /// Whether security groups track every flow that leaves by a NAT gateway, an egress-only gateway or DynamoDB's
    /// endpoint, whatever their rules are (facts S8, of later documents).
    pub tracks_gateways: bool,
    /// Connection tracking of security groups.
    pub conntrack: Timeouts,
    /// Instances that say nothing of their own.
    pub instance: Arc<HostSettings>,
    /// Front ends of services.
    pub service: Arc<HostSettings>,
    /// Instances with settings of their own.
    pub hosts: BTreeMap<InstanceId, Arc<HostSettings>>,
    /// Links of interfaces or instances of their own, by name; of instances also by id.
    pub instance_links: BTreeMap<String, LinkSpec>,
    /// Instances that forward for others as NAT instances.
    pub nat_instances: BTreeSet<InstanceId>,
    /// What lies outside of AWS.
    pub outside: Outside,
}

/// Hosts and networks that belong to no account.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Hosts on the internet.
    pub hosts: Vec<OutsideHost>,
    /// Networks on premises.
    pub premises: Vec<Premises>,
}

/// One spec for each kind of link. Delays are those of one direction, and are ours: AWS publishes none.
#[derive(Clone, Debug, PartialEq)]
pub struct Links {
    /// Between an instance and the router of its VPC. Inside a VPC the MTU is 9001 (facts V7).
    pub instance: LinkSpec,
    /// Between the router and gateways of the VPC. Across an internet gateway the MTU is 1500 (facts I11).
    pub internet_gateway: LinkSpec,
    /// Between a gateway and the internet.
    pub internet: LinkSpec,
    /// Between the internet and the public side of an AWS service.
    pub service: LinkSpec,
    /// Between the internet and a host on it.
    pub internet_host: LinkSpec,
    /// Between a router and a gateway endpoint's service.
    pub endpoint: LinkSpec,
    /// Between the routers of two peered VPCs of one region (facts V7: MTU 9001).
    pub peering: LinkSpec,
    /// The same between regions (facts V7: MTU 1500).
    pub peering_between_regions: LinkSpec,
    /// A VPN connection, or a Direct Connect interface (facts V7: MTU 1500).
    pub vpn: LinkSpec,
    /// Between a network on premises and a host of it.
    pub premises: LinkSpec,
}

/// Ten gigabit a second: what an instance of the document's time reached.
const INSTANCE_RATE: u64 = 10_000_000_000;
/// Queue of a limited line, in bytes.
pub const QUEUE_BYTES: u32 = 4 * 1_024 * 1_024;
/// MTU inside a VPC (facts V7).
pub const VPC_MTU: u32 = 9_001;
/// MTU of the internet.
pub const INTERNET_MTU: u32 = 1_500;

impl Default for Links {
    fn default() -> Self {
        let line = |micros, mtu| LineSpec::delayed(Duration::from_micros(micros), mtu);
        let both = |micros, mtu| LinkSpec::both(line(micros, mtu));
        let instance = LineSpec { rate: Some(INSTANCE_RATE), queue_bytes: QUEUE_BYTES, ..line(50, VPC_MTU) };
        Self {
            instance: LinkSpec::both(instance),
            internet_gateway: LinkSpec::both(LineSpec { mtu: INTERNET_MTU, ..LineSpec::DIRECT }),
            internet: both(1_000, INTERNET_MTU),
            service: both(1_000, INTERNET_MTU),
            internet_host: both(10_000, INTERNET_MTU),
            endpoint: both(500, VPC_MTU),
            peering: both(100, VPC_MTU),
            peering_between_regions: both(30_000, INTERNET_MTU),
            vpn: both(15_000, INTERNET_MTU),
            premises: both(200, INTERNET_MTU),
        }
    }
}

impl Settings {
    /// The defaults of an era.
    pub fn of(era: Era, seed: u64) -> Self {
        Self {
            seed,
            links: Links::default(),
            nat: nat_limits(era),
            tracks_gateways: era == Era::Current,
            conntrack: Timeouts::AWS,
            instance: Arc::default(),
            // Measured on AWS: S3 is silent on ports that it does not serve.
            service: Arc::new(HostSettings { closed_port: Unknown::Drop, ..HostSettings::default() }),
            hosts: BTreeMap::new(),
            instance_links: BTreeMap::new(),
            nat_instances: BTreeSet::new(),
            outside: Outside::default(),
        }
    }
}

/// Facts N2 and N5: 65,000 connections of which the ports allow 64,512, then 55,000; idle for 350 s.
pub fn nat_limits(era: Era) -> NatLimits {
    NatLimits {
        idle_timeout: Duration::from_secs(350),
        closing: Duration::from_secs(60),
        per_destination: match era {
            Era::Y2017 => 64_512,
            Era::Current => 55_000,
        },
    }
}
