//! Paths, repetitions and memory, over packets made by hand.

use super::memory::FLOWS_IDLE_MAX;
use super::*;
use crate::base::SimTime;
use crate::packet::{Packet, PacketId, Protocol, TcpFlags};
use crate::trace::{Component, ConnectionId, Names, NodeId, NodeInfo, PortId};

const A: NodeId = NodeId(0);
const ROUTER: NodeId = NodeId(1);
const NAT: NodeId = NodeId(2);
const ENDPOINT: NodeId = NodeId(3);
const S: NodeId = NodeId(4);

fn names() -> Names {
    let mut names = Names::default();
    for (name, component) in [
        ("a", Component::Instance),
        ("router", Component::Vpc),
        ("nat", Component::NatGateway),
        ("endpoint", Component::VpcEndpoint),
        ("s", Component::Service),
    ] {
        let info = NodeInfo { component, id: name.into(), name: name.into(), addresses: Vec::new() };
        names.directory.nodes.push(info);
    }
    names
}

/// A TCP segment with a payload of zeros.
fn segment(id: u64, port: u16, flags: u8, seq: u32, payload: usize) -> Packet {
    let mut bytes = vec![0x45, 0];
    bytes.extend_from_slice(&(40 + payload as u16).to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0x40, 0, 64, Protocol::TCP.0, 0, 0, 10, 0, 1, 10, 52, 218, 160, 10]);
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes.extend_from_slice(&443u16.to_be_bytes());
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    bytes.resize(40 + payload, 0);
    let mut packet = Packet::parse(bytes).expect("a segment");
    packet.set_id(PacketId(id));
    packet
}

fn data(id: u64, seq: u32, payload: usize) -> Packet {
    segment(id, 49_152, TcpFlags::ACK, seq, payload)
}

/// A packet leaves its host.
fn leave(flows: &mut Flows, names: &Names, packet: &Packet) -> FlowId {
    flows.sent(SimTime::ZERO, A, packet.id());
    assert!(flows.left(SimTime::ZERO, (A, PortId(0)), packet, names));
    flows.travels[&packet.id()].flow.expect("it has a flow")
}

/// It enters these nodes; the changes of path that this tells of.
fn enter(flows: &mut Flows, names: &Names, packet: &Packet, nodes: &[NodeId]) -> Vec<NodeId> {
    let entered =
        nodes.iter().filter(|node| flows.entered(SimTime::ZERO, (**node, PortId(0)), packet, names).is_some());
    entered.copied().collect()
}

#[test]
fn a_path_changes_once_and_old_packets_do_not_change_it_back() {
    let (mut flows, names) = (Flows::default(), names());
    let packets: Vec<_> = (1..=4).map(|id| data(id, 100 * id as u32, 10)).collect();
    let flow = leave(&mut flows, &names, &packets[0]);
    assert_eq!(enter(&mut flows, &names, &packets[0], &[ROUTER, NAT, ROUTER, S]), []);
    // The second is still at the NAT gateway when the third is led to the endpoint.
    leave(&mut flows, &names, &packets[1]);
    assert_eq!(enter(&mut flows, &names, &packets[1], &[ROUTER, NAT]), []);
    leave(&mut flows, &names, &packets[2]);
    assert_eq!(enter(&mut flows, &names, &packets[2], &[ROUTER, ENDPOINT]), [ENDPOINT]);
    assert_eq!(enter(&mut flows, &names, &packets[1], &[ROUTER, S]), [], "an old packet is no news");
    assert_eq!(enter(&mut flows, &names, &packets[2], &[S]), []);
    leave(&mut flows, &names, &packets[3]);
    assert_eq!(enter(&mut flows, &names, &packets[3], &[ROUTER, ENDPOINT, S]), [], "the same way again");
    let known = flows.flow(flow).expect("it is remembered");
    assert_eq!(known.path, [A, ROUTER, ENDPOINT, S]);
    assert!(known.is_switched(&names));
}

#[test]
fn a_path_that_stays_is_not_switched() {
    let (mut flows, names) = (Flows::default(), names());
    for id in 1..=3 {
        let packet = data(id, 100 * id as u32, 10);
        let flow = leave(&mut flows, &names, &packet);
        assert_eq!(enter(&mut flows, &names, &packet, &[ROUTER, NAT, ROUTER, S]), []);
        assert!(!flows.flow(flow).expect("it is remembered").is_switched(&names));
    }
}

#[test]
fn a_new_connection_of_the_same_tuple_begins_a_new_path() {
    let (mut flows, names) = (Flows::default(), names());
    let first = segment(1, 49_152, TcpFlags::SYN, 1_000, 0);
    leave(&mut flows, &names, &first);
    flows.repeats(flows.travels[&first.id()].flow.expect("a flow"), &first);
    enter(&mut flows, &names, &first, &[ROUTER, NAT, ROUTER, S]);
    let again = segment(2, 49_152, TcpFlags::SYN, 9_000, 0);
    let flow = leave(&mut flows, &names, &again);
    assert_eq!(flows.repeats(flow, &again), Repeats::Nothing);
    assert_eq!(enter(&mut flows, &names, &again, &[ROUTER, ENDPOINT, S]), [], "it never had another path");
}

#[test]
fn retransmissions_are_told_from_news_and_keep_alives() {
    let (mut flows, names) = (Flows::default(), names());
    let mut id = 0;
    let mut send = |flags, seq, payload| {
        id += 1;
        let packet = segment(id, 49_152, flags, seq, payload);
        let flow = leave(&mut flows, &names, &packet);
        flows.repeats(flow, &packet)
    };
    let (syn, ack, fin) = (TcpFlags::SYN, TcpFlags::ACK, TcpFlags::FIN | TcpFlags::ACK);
    // Across the end of the sequence space.
    let start = u32::MAX - 50;
    assert_eq!(send(syn, start, 0), Repeats::Nothing);
    assert_eq!(send(syn, start, 0), Repeats::Earlier);
    assert_eq!(send(ack, start.wrapping_add(1), 100), Repeats::Nothing);
    assert_eq!(send(ack, start.wrapping_add(101), 0), Repeats::Nothing, "an acknowledgment repeats nothing");
    assert_eq!(send(ack, start.wrapping_add(1), 100), Repeats::Earlier);
    assert_eq!(send(ack, start.wrapping_add(100), 1), Repeats::KeepAlive);
    assert_eq!(send(ack, start.wrapping_add(51), 100), Repeats::Earlier, "a part of it went out before");
    assert_eq!(send(fin, start.wrapping_add(151), 0), Repeats::Nothing);
    assert_eq!(send(fin, start.wrapping_add(151), 0), Repeats::Earlier);
}

#[test]
fn flows_that_nobody_needs_are_forgotten_and_open_ones_are_not() {
    let (mut flows, names) = (Flows::default(), names());
    let held = segment(1, 1, TcpFlags::SYN, 0, 0);
    let kept = leave(&mut flows, &names, &held);
    let open = flows.open(SimTime::ZERO, (A, ConnectionId(1)), (*held.tuple(), PortId(0)), None, true, &names);
    let mut lost = None;
    for count in 0..5 * FLOWS_IDLE_MAX as u64 {
        let packet = segment(2 + count, 1_024 + (count % 60_000) as u16, TcpFlags::SYN, count as u32, 0);
        lost.get_or_insert(leave(&mut flows, &names, &packet));
        flows.travels.remove(&packet.id());
        assert!(flows.flows.len() <= FLOWS_IDLE_MAX + 3 && flows.order.len() <= FLOWS_IDLE_MAX + 3);
    }
    assert!(flows.flow(lost.expect("the first of them")).is_none());
    assert!(flows.flow(kept).is_some());
    flows.close(open, true);
    assert_eq!(flows.find_open(A, ConnectionId(1)), None);
    assert!(flows.ends().is_empty());
}
