//! Echoes, datagrams, fragments and probes.

use std::time::Duration;

use super::bed::{B, Bed, at, ip, line};
use crate::base::SimTime;
use crate::host::{
    HostSettings, NetError, PingOptions, PortState, Probe, ProbeKind, ProbeReply, SendOptions, UdpMessage, Unknown,
};
use crate::packet::{IcmpError, Protocol};
use crate::trace::{Absorbed, Answer, CiteId, DropReason, PortId, Step};

#[test]
fn a_ping_comes_back_with_the_other_host_s_time_to_live() {
    for (to, ttl) in [(B, 255), ("fd00::2", 255)] {
        let mut bed = Bed::new();
        let reply = bed.ask(bed.a, move |net| async move { net.ping(ip(to), PingOptions::default()).await });
        let reply = reply.expect("a reply");
        assert_eq!((reply.from, reply.ttl, reply.bytes, reply.error), (ip(to), ttl, 64, None));
        assert_eq!(reply.after, Duration::from_millis(20));
        assert!(bed.record.steps.iter().any(|(_, _, step)| matches!(step, Step::Answered { why: Answer::Echo, .. })));
    }
}

#[test]
fn a_host_that_is_set_to_say_nothing_answers_no_ping() {
    let mut bed =
        Bed::with(7, HostSettings::default(), HostSettings { answers_echo: false, ..HostSettings::default() }, line());
    let reply = bed.ask(bed.a, |net| async move { net.ping(ip(B), PingOptions::default()).await });
    assert_eq!(reply, Err(NetError::TimedOut));
    assert_eq!(bed.record.drops[0].2, DropReason::PortFiltered);
}

#[test]
fn a_large_ping_is_cut_and_put_together_in_both_directions() {
    let mut bed = Bed::new();
    let large = PingOptions { bytes: 10_000, ..PingOptions::default() };
    let reply = bed.ask(bed.a, move |net| async move { net.ping(ip(B), large).await }).expect("a reply");
    assert_eq!(reply.bytes, 10_008);
    assert!(bed.record.bytes.iter().all(|bytes| bytes.len() <= 1_500));
    let steps = |wanted: Step| bed.record.steps.iter().filter(|(_, _, step)| *step == wanted).count();
    assert_eq!(steps(Step::Fragmented), 2, "the request and the reply");
    assert_eq!(steps(Step::Absorbed(Absorbed::Reassembled)), 2);
    assert_eq!(steps(Step::Absorbed(Absorbed::AwaitsFragments)), 12);
}

#[test]
fn a_large_ping_that_may_not_be_cut_goes_nowhere() {
    let mut bed = Bed::new();
    let large = PingOptions { bytes: 10_000, dont_fragment: true, ..PingOptions::default() };
    let reply = bed.ask(bed.a, move |net| async move { net.ping(ip(B), large).await });
    assert_eq!(reply, Err(NetError::TimedOut));
    assert_eq!(bed.record.drops[0].2, DropReason::TooBig);
}

#[test]
fn datagrams_go_there_and_back() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let socket = net.udp(Some(53)).expect("a free port");
        while let UdpMessage::Datagram { from, to, bytes, carrier, .. } = socket.recv().await {
            let options = SendOptions { from: Some(to.ip()), carrier: Some(carrier), ..SendOptions::default() };
            socket.send_with(&bytes, from, options).expect("sent");
        }
    });
    for size in [0, 3, 5_000] {
        let back = bed.ask(bed.a, move |net| async move {
            let socket = net.udp(None).expect("a free port");
            socket.send_to(&vec![7; size], at(B, 53)).expect("sent");
            socket.recv().await
        });
        let UdpMessage::Datagram { from, bytes, .. } = back else { panic!("{back:?}") };
        assert_eq!((from, bytes), (at(B, 53), vec![7; size]));
    }
}

#[test]
fn a_closed_udp_port_is_unreachable_and_a_silent_one_says_nothing() {
    let ask = |closed_port| {
        let settings = HostSettings { closed_port, ..HostSettings::default() };
        let mut bed = Bed::with(7, HostSettings::default(), settings, line());
        bed.ask(bed.a, |net| async move {
            let socket = net.udp(None).expect("a free port");
            socket.send_to(b"?", at(B, 53)).expect("sent");
            net.timeout(Duration::from_secs(5), socket.recv()).await
        })
    };
    let error = UdpMessage::Error { about: at(B, 53), from: ip(B), error: IcmpError::PortUnreachable };
    assert_eq!(ask(Unknown::Rst), Some(error));
    assert_eq!(ask(Unknown::Drop), None);
}

#[test]
fn a_udp_socket_that_nobody_reads_fills_up_and_no_more() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let _socket = net.udp(Some(9)).expect("a free port");
        net.sleep(Duration::from_secs(60)).await;
    });
    bed.ask(bed.a, |net| async move {
        let socket = net.udp(None).expect("a free port");
        for _ in 0..300 {
            socket.send_to(&[0; 1_000], at(B, 9)).expect("sent");
        }
    });
    let dropped = bed.record.drops.iter().filter(|drop| drop.2 == DropReason::HostLimit).count();
    assert_eq!(dropped, 300 - crate::host::UDP_QUEUE_BYTES / 1_128);
}

/// A router in the middle that takes one off the time to live.
fn routing(bed: &mut Bed) {
    bed.judge(|_, from, mut packet, out| {
        if packet.decrement_ttl() {
            return Some(packet);
        }
        out.send_icmp_error(IcmpError::TimeExceeded, ip("10.0.0.254"), 255, &packet, from);
        out.drop(packet, DropReason::TtlExpired, CiteId::NONE);
        None
    });
}

#[test]
fn probes_with_a_small_time_to_live_hear_from_the_router_and_larger_ones_from_the_host() {
    let kinds = [
        (ProbeKind::Udp { port: 33_434, bytes: 32 }, ProbeReply::Error(IcmpError::PortUnreachable)),
        (ProbeKind::Echo { identifier: 9, sequence: 3, bytes: 32 }, ProbeReply::Echo),
        (ProbeKind::Syn { port: 80 }, ProbeReply::Reset),
    ];
    for (kind, end) in kinds {
        let mut bed = Bed::new();
        routing(&mut bed);
        let answers = bed.ask(bed.a, move |net| async move {
            let ask = |ttl| Probe { ttl: Some(ttl), ..Probe::new(ip(B), kind) };
            let patience = Duration::from_secs(5);
            let near = net.probe(&ask(1), patience).await.expect("sent").expect("an answer");
            let far = net.probe(&ask(2), patience).await.expect("sent").expect("an answer");
            (near.reply, near.from, far.reply, far.from, far.ttl)
        });
        let near = ProbeReply::Error(IcmpError::TimeExceeded);
        assert_eq!(answers, (near, ip("10.0.0.254"), end, ip(B), 254));
    }
}

#[test]
fn a_syn_probe_tells_open_from_closed_from_filtered() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 4).expect("a free port");
        let accepted = net.timeout(Duration::from_secs(600), listener.accept()).await;
        assert!(accepted.is_none(), "a probe never completes the handshake");
    });
    bed.judge(|_, from, packet, out| {
        let filtered = packet.tuple().dst_port == 82 && from == PortId(0);
        if filtered {
            out.drop(packet, DropReason::NetworkAclIngress, CiteId::NONE);
            return None;
        }
        Some(packet)
    });
    let states = bed.ask(bed.a, |net| async move {
        let mut states = Vec::new();
        for port in [80, 81, 82] {
            states.push(net.syn_probe(at(B, port), Duration::from_secs(1), 2).await.expect("sent"));
        }
        states
    });
    assert_eq!(states, [PortState::Open, PortState::Closed, PortState::Filtered(None)]);
    assert_eq!(bed.host(bed.b).connection_count(), 0);
    let sent = bed.record.bytes.iter().filter(|bytes| bytes[9] == Protocol::TCP.0 && bytes[22..24] == [0, 82]);
    assert_eq!(sent.count(), 2, "two attempts at the filtered port");
}

#[test]
fn a_sleep_ends_when_it_should_and_a_timeout_cuts() {
    let mut bed = Bed::new();
    let times = bed.ask(bed.a, |net| async move {
        net.sleep(Duration::from_millis(7)).await;
        let first = net.now();
        let cut = net.timeout(Duration::from_millis(5), net.sleep(Duration::from_secs(9))).await;
        let kept = net.timeout(Duration::from_secs(9), net.sleep(Duration::from_millis(5))).await;
        (first, cut, kept, net.now())
    });
    assert_eq!(times, (SimTime::from_millis(7), None, Some(()), SimTime::from_millis(17)));
}
