//! ICMP errors on their way to connections.

use std::time::Duration;

use super::bed::{B, Bed, at, ip};
use crate::base::SimTime;
use crate::host::{End, NetError};
use crate::packet::IcmpError;
use crate::trace::{CiteId, ConnectionNote, DropReason, PortId};

const ROUTER: &str = "10.0.0.254";

/// A router that says no to everything of TCP that a sends, from `after` on.
fn refuse(bed: &mut Bed, error: IcmpError, after: SimTime, until: SimTime) {
    bed.judge(move |now, from, packet, out| {
        if from != PortId(0) || now < after || until <= now {
            return Some(packet);
        }
        out.send_icmp_error(error, ip(ROUTER), 255, &packet, from);
        out.drop(packet, DropReason::NoRoute, CiteId::NONE);
        None
    });
}

#[test]
fn unreachable_ends_an_attempt_at_once() {
    let errors = [
        (IcmpError::NetUnreachable, "network is unreachable"),
        (IcmpError::HostUnreachable, "no route to host"),
        (IcmpError::Prohibited, "no route to host"),
        (IcmpError::PortUnreachable, "connection refused"),
    ];
    for (error, text) in errors {
        let mut bed = Bed::new();
        refuse(&mut bed, error, SimTime::ZERO, SimTime::FAR);
        let answer = bed.ask(bed.a, |net| async move { (net.connect(at(B, 80)).await.err(), net.now()) });
        let unreachable = NetError::from(End::Unreachable { error, from: ip(ROUTER) });
        assert_eq!(answer, (Some(unreachable), SimTime::from_millis(10)));
        assert_eq!(unreachable.to_string(), text);
        assert_eq!(bed.lines_of(bed.a).len(), 1, "one SYN");
    }
}

#[test]
fn time_exceeded_does_not_end_an_attempt() {
    let mut bed = Bed::new();
    refuse(&mut bed, IcmpError::TimeExceeded, SimTime::ZERO, SimTime::FAR);
    let answer = bed.ask(bed.a, |net| async move { (net.connect(at(B, 80)).await.err(), net.now()) });
    assert_eq!(answer, (Some(NetError::TimedOut), SimTime::from_secs(127)));
}

/// A server that reads everything, and says how much it was.
fn sink(bed: &mut Bed) {
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 4).expect("a free port");
        let stream = listener.accept().await.expect("a connection");
        let mut total = 0;
        while let Ok(count @ 1..) = stream.skip(usize::MAX).await {
            total += count;
        }
        net.note(crate::trace::ProgramNote::Received { total: total as u64 });
    });
}

#[test]
fn unreachable_is_soft_once_the_connection_stands() {
    let mut bed = Bed::new();
    sink(&mut bed);
    refuse(&mut bed, IcmpError::HostUnreachable, SimTime::from_secs(1), SimTime::from_secs(3));
    bed.ask(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        net.sleep(Duration::from_secs(2)).await;
        stream.write_all(b"patience").await.expect("alive");
        stream.flushed().await.expect("it arrives in the end");
    });
    let soft = ConnectionNote::SoftError { error: IcmpError::HostUnreachable, from: ip(ROUTER) };
    assert!(bed.notes_of(bed.a).contains(&&soft));
    assert_eq!(bed.record.programs[0].1, crate::trace::ProgramNote::Received { total: 8 });
}

#[test]
fn a_smaller_path_mtu_reaches_the_connection_and_later_ones_begin_with_it() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 4).expect("a free port");
        for _ in 0..2 {
            let stream = listener.accept().await.expect("a connection");
            stream.ended().await.expect("no reset");
        }
    });
    bed.judge(|_, from, packet, out| {
        if packet.len() <= 1_300 {
            return Some(packet);
        }
        out.send_icmp_error(IcmpError::TooBig { mtu: 1_300 }, ip(ROUTER), 255, &packet, from);
        out.drop(packet, DropReason::TooBig, CiteId::NONE);
        None
    });
    bed.ask(bed.a, |net| async move {
        for _ in 0..2 {
            let stream = net.connect(at(B, 80)).await.expect("a connection");
            stream.write_all(&[1; 50_000]).await.expect("no reset");
            stream.flushed().await.expect("no reset");
        }
    });
    let told = bed.notes_of(bed.a).into_iter().filter(|note| **note == ConnectionNote::PathMtu { mtu: 1_300 });
    assert_eq!(told.count(), 1, "the second connection knows from the start");
    let largest = bed.record.bytes.iter().map(Vec::len).filter(|len| *len <= 1_300).max();
    assert_eq!(largest, Some(1_300));
}

#[test]
fn errors_about_nothing_the_host_knows_are_dropped() {
    let mut bed = Bed::new();
    let mut offender = crate::packet::PacketPool::new();
    let bytes = {
        let stranger = offender.packet(|buffer| {
            let mut segment = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
            let sum = !crate::packet::fold(crate::packet::sum_words(&segment));
            segment[10..12].copy_from_slice(&sum.to_be_bytes());
            segment.extend_from_slice(&[0x80, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]);
            buffer.extend_from_slice(&segment);
        });
        let mut bytes = Vec::new();
        let stranger = stranger.expect("well-formed");
        crate::packet::build_icmp_error(&mut bytes, IcmpError::HostUnreachable, ip(ROUTER), 255, &stranger);
        bytes
    };
    bed.engine.inject((bed.a, PortId(0)), &bytes, &mut bed.record).expect("well-formed");
    assert_eq!(bed.record.drops[0].2, DropReason::StrayReset);
    assert!(bed.record.packets.is_empty());
}
