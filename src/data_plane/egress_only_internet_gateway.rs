//! The way out for IPv6 for what begins inside: it lets only answers in, and out only what began by it or begins here.
//! Translates nothing.

use std::time::Duration;

use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{FlowTable, Packet, Protocol};
use crate::trace::{CiteId, DropReason, PortId};

/// An egress-only internet gateway. Port 0 leads to the VPC, port 1 to the internet.
///
/// AWS: API Reference, CreateEgressOnlyInternetGateway: it "prevents hosts outside of your VPC from initiating an IPv6
/// connection with your instance". It is stateful; so the answers to a connection that came in by the VPC's internet
/// gateway do not pass here.
/// Proved by: scenarios/ipv6/behind-an-egress-only-gateway-nobody-outside-reaches-a-machine.
pub struct EgressOnlyInternetGateway {
    /// The VPC's IPv6 blocks.
    pub blocks: Vec<Cidr>,
    /// The gateway, to cite.
    pub cite: CiteId,
    flows: FlowTable<SimTime>,
    sweep_at: usize,
}

/// How long a flow without packets is remembered. UNSOURCED; the idle time of a NAT gateway.
const IDLE_TIMEOUT: Duration = Duration::from_secs(350);
/// The same of TCP. UNSOURCED; the time of an established connection in a security group.
const TCP_IDLE_TIMEOUT: Duration = Duration::from_secs(432_000);
/// The most flows remembered.
const FLOWS_MAX: usize = 1_048_576;
const SWEEP_MIN: usize = 1_024;

impl EgressOnlyInternetGateway {
    /// The port to the VPC.
    pub const VPC: PortId = PortId(0);
    /// The port to the internet.
    pub const INTERNET: PortId = PortId(1);

    /// A gateway that has seen nothing.
    pub fn new(blocks: Vec<Cidr>, cite: CiteId) -> Self {
        Self { blocks, cite, flows: FlowTable::new(), sweep_at: SWEEP_MIN }
    }
}

impl Node for EgressOnlyInternetGateway {
    fn on_packet(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        if from == Self::VPC {
            if packet.is_v4() || !self.blocks.iter().any(|block| block.contains(packet.src())) {
                return out.drop(packet, DropReason::Spoofed, self.cite);
            }
            if !begins(&packet) {
                // An error's quote is of a packet that came in, as its flow is remembered.
                let tuple = packet.quoted().map_or_else(|| packet.tuple().reversed(), |quoted| quoted.tuple);
                return match self.flows.get_mut(&tuple, 0) {
                    Some(flow) if now <= *flow => {
                        *flow = expiry(now, tuple.protocol);
                        out.send(Self::INTERNET, packet);
                    }
                    _ => out.drop(packet, DropReason::EgressOnly, self.cite),
                };
            }
            if self.sweep_at <= self.flows.len() {
                self.flows.retain(|expires| now <= *expires);
                self.sweep_at = (self.flows.len() * 2).max(SWEEP_MIN);
            }
            if FLOWS_MAX <= self.flows.len() {
                return out.drop(packet, DropReason::ConntrackFull, self.cite);
            }
            self.flows.insert(&packet.tuple().reversed(), 0, expiry(now, packet.protocol()));
            return out.send(Self::INTERNET, packet);
        }
        let tuple = packet.quoted().map_or(*packet.tuple(), |quoted| quoted.tuple.reversed());
        match self.flows.get_mut(&tuple, 0) {
            Some(flow) if now <= *flow => {
                *flow = expiry(now, tuple.protocol);
                out.send(Self::VPC, packet);
            }
            _ => out.drop(packet, DropReason::EgressOnly, self.cite),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// Whether a packet begins something. A datagram always may: nothing in it tells an answer from a question.
fn begins(packet: &Packet) -> bool {
    match packet.protocol() {
        Protocol::TCP => packet.tcp_flags().opens(),
        Protocol::ICMPV6 => packet.icmp().is_some_and(|(kind, _)| kind == ECHO_REQUEST),
        _ => true,
    }
}

/// ICMPv6's type of an echo request (RFC 4443, section 4.1).
const ECHO_REQUEST: u8 = 128;

fn expiry(now: SimTime, protocol: Protocol) -> SimTime {
    now.after(if protocol == Protocol::TCP { TCP_IDLE_TIMEOUT } else { IDLE_TIMEOUT })
}
