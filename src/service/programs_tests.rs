//! Programs on two hosts: what they say, as a person reads it.

use std::rc::Rc;
use std::time::Duration;

use super::spec::*;
use super::{BulkReceiver, BulkSender};
use super::{Lookup, ping, serve, tcp, traceroute, udp};
use crate::base::SimTime;
use crate::host::tests::bed::{B, Bed, at, ip};
use crate::host::{ConnectOptions, Host, ListenOptions};
use crate::packet::IcmpError;
use crate::trace::{Cause, CiteId, DropReason, PortId, ProgramId, ProgramNote};

fn lookup() -> Lookup {
    Rc::new(|_, name| {
        let answer = match name {
            "b.example" => Ok(vec![ip(B)]),
            _ => Err(format!("could not resolve host {name}: name or service not known")),
        };
        Box::pin(std::future::ready(answer))
    })
}

fn client(to: Target, port: u16, script: &[TcpStep]) -> TcpSpec {
    TcpSpec {
        repeat: Repeat::ONCE,
        to,
        port,
        local_port: None,
        script: script.to_vec(),
        connect_timeout: None,
        read_timeout: None,
        keep_alive: None,
        retry: Retry::NONE,
    }
}

fn run_tcp(bed: &mut Bed, spec: TcpSpec) {
    bed.run_on(bed.a, move |net| tcp(net, spec, lookup()));
}

fn run_server(bed: &mut Bed, port: u16, service: Service) {
    bed.run_on(bed.b, move |net| serve(net, ServeSpec { port, service, backlog: 8 }));
}

/// The last word of the program on host a.
fn last(bed: &Bed) -> (SimTime, ProgramNote) {
    let ends = bed.record.programs.iter().rev();
    let end =
        ends.into_iter().find(|(_, note)| matches!(note, ProgramNote::Completed { .. } | ProgramNote::Failed { .. }));
    end.expect("it ended").clone()
}

fn completed(what: &str) -> ProgramNote {
    ProgramNote::Completed { what: what.to_owned() }
}

fn failed(cause: Cause, error: &str) -> ProgramNote {
    ProgramNote::Failed { error: error.to_owned(), cause: Some(cause) }
}

fn b() -> Target {
    Target::Address(ip(B))
}

#[test]
fn a_client_follows_its_script_with_an_echo_server_found_by_name() {
    let mut bed = Bed::new();
    run_server(&mut bed, 7, Service::Echo);
    let script = [
        TcpStep::Send(100_000),
        TcpStep::Receive(100_000),
        TcpStep::Idle(Duration::from_secs(3)),
        TcpStep::Send(5),
        TcpStep::Receive(5),
        TcpStep::Close,
    ];
    run_tcp(&mut bed, client(Target::Name("b.example".to_owned()), 7, &script));
    bed.settle();
    assert_eq!(last(&bed).1, completed("sent 100005 bytes, received 100005 bytes"));
    let resolved = ProgramNote::Resolved { name: "b.example".to_owned(), addresses: vec![ip(B)] };
    assert!(bed.record.programs.iter().any(|(_, note)| *note == resolved));
    assert!(bed.record.programs.iter().any(|(_, note)| *note == ProgramNote::Idle { length: Duration::from_secs(3) }));
}

#[test]
fn a_client_takes_what_a_source_sends_until_it_closes() {
    let mut bed = Bed::new();
    run_server(&mut bed, 19, Service::Source { bytes: 300_000, delay: Duration::from_secs(2), close: true });
    run_tcp(&mut bed, client(b(), 19, &[TcpStep::ReceiveAll]));
    bed.settle();
    assert_eq!(last(&bed).1, completed("sent 0 bytes, received 300000 bytes"));
    assert!(SimTime::from_secs(2) < last(&bed).0);
}

#[test]
fn failures_read_as_a_person_expects() {
    let refused = |bed: &mut Bed| {
        run_tcp(bed, client(b(), 9, &[]));
        bed.settle();
        last(bed).1
    };
    assert_eq!(refused(&mut Bed::new()), failed(Cause::Refused, "connection refused"));

    let mut bed = Bed::new();
    run_server(&mut bed, 7, Service::Script(vec![TcpStep::Receive(10), TcpStep::Abort]));
    run_tcp(&mut bed, client(b(), 7, &[TcpStep::Send(10), TcpStep::Receive(1)]));
    bed.settle();
    assert_eq!(last(&bed).1, failed(Cause::Reset, "connection reset by peer"));

    let mut bed = Bed::new();
    bed.judge(|_, _, packet, out| {
        out.drop(packet, DropReason::NoRoute, CiteId::NONE);
        None
    });
    run_tcp(&mut bed, client(b(), 7, &[]));
    bed.settle();
    assert_eq!(last(&bed), (SimTime::from_secs(127), failed(Cause::TimedOut, "connection timed out")));

    let mut bed = Bed::new();
    run_server(&mut bed, 7, Service::Sink);
    let patience = Some(Duration::from_secs(5));
    run_tcp(&mut bed, TcpSpec { read_timeout: patience, ..client(b(), 7, &[TcpStep::Receive(1)]) });
    bed.settle();
    assert_eq!(last(&bed).1, failed(Cause::TimedOut, "read timed out after 5s"));

    let mut bed = Bed::new();
    run_tcp(&mut bed, client(Target::Name("nobody.example".to_owned()), 7, &[]));
    bed.settle();
    assert_eq!(last(&bed).1, failed(Cause::Name, "could not resolve host nobody.example: name or service not known"));

    let mut bed = Bed::new();
    run_server(&mut bed, 7, Service::Source { bytes: 4, delay: Duration::ZERO, close: true });
    run_tcp(&mut bed, client(b(), 7, &[TcpStep::Receive(9)]));
    bed.settle();
    assert_eq!(last(&bed).1, failed(Cause::Closed, "connection closed by peer, 5 bytes early"));
}

#[test]
fn a_client_that_tries_again_gets_through_when_the_server_is_there() {
    let mut bed = Bed::new();
    let retry = Retry { attempts: 3, delay: Duration::from_secs(2), backoff: 2.0, resume: false };
    run_tcp(&mut bed, TcpSpec { retry, ..client(b(), 7, &[TcpStep::Send(3), TcpStep::Receive(3), TcpStep::Close]) });
    bed.until(SimTime::from_secs(5));
    run_server(&mut bed, 7, Service::Echo);
    bed.settle();
    assert_eq!(last(&bed).1, completed("sent 3 bytes, received 3 bytes"));
    let waits = bed.record.programs.iter().filter_map(|(_, note)| match note {
        ProgramNote::Retrying { attempt, after, because, cause: Some(Cause::Refused) } => {
            Some((*attempt, after.as_secs(), because.as_str()))
        }
        _ => None,
    });
    assert_eq!(waits.collect::<Vec<_>>(), [(2, 2, "connection refused"), (3, 4, "connection refused")]);
}

#[test]
fn a_held_connection_ends_only_by_a_reset() {
    let mut bed = Bed::new();
    let script = vec![TcpStep::Idle(Duration::from_secs(60)), TcpStep::Abort];
    run_server(&mut bed, 7, Service::Script(script));
    run_tcp(&mut bed, client(b(), 7, &[TcpStep::Hold]));
    bed.until(SimTime::from_secs(59));
    assert_eq!(bed.host(bed.a).connections()[0].state, "ESTABLISHED");
    bed.settle();
    let (when, what) = last(&bed);
    assert_eq!((when.as_nanos() / 1_000_000_000, what), (60, failed(Cause::Reset, "connection reset by peer")));
}

#[test]
fn keep_alive_finds_out_that_nobody_is_there() {
    let mut bed = Bed::new();
    run_server(&mut bed, 7, Service::Sink);
    let keep_alive = Some(Duration::from_secs(75));
    run_tcp(&mut bed, TcpSpec { keep_alive, ..client(b(), 7, &[TcpStep::Hold]) });
    bed.until(SimTime::from_secs(400));
    assert_eq!(bed.lines_of(bed.a).len(), 2 + 5, "the handshake, and a probe each 75 seconds");
    bed.judge(|_, _, packet, out| {
        out.drop(packet, DropReason::Blackhole, CiteId::NONE);
        None
    });
    bed.until(SimTime::from_secs(1_500));
    assert_eq!(last(&bed).1, failed(Cause::TimedOut, "connection timed out"));
}

#[test]
fn ping_counts_as_ping_does() {
    let spec = PingSpec {
        to: b(),
        bytes: 56,
        count: 4,
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(2),
        ttl: None,
        dont_fragment: false,
    };
    let ask = |spec: &PingSpec, from: u64, until: u64, error: Option<IcmpError>| {
        let mut bed = Bed::new();
        bed.judge(move |now, port, packet, out| {
            if port == PortId(1) || now < SimTime::from_millis(from) || SimTime::from_millis(until) <= now {
                return Some(packet);
            }
            if let Some(error) = error {
                out.send_icmp_error(error, ip("10.0.0.254"), 255, &packet, port);
            }
            out.drop(packet, DropReason::NoRoute, CiteId::NONE);
            None
        });
        let spec = spec.clone();
        bed.run_on(bed.a, move |net| ping(net, spec, lookup()));
        bed.settle();
        last(&bed)
    };
    let (when, what) = ask(&spec, 0, 0, None);
    assert_eq!(what, completed("4 packets transmitted, 4 received, 0% packet loss"));
    assert_eq!(when, SimTime::from_millis(3_020));
    assert_eq!(ask(&spec, 500, 1_500, None).1, completed("4 packets transmitted, 3 received, 25% packet loss"));
    let (when, what) = ask(&spec, 0, 9_000, None);
    assert_eq!(
        (when, what),
        (SimTime::from_secs(5), failed(Cause::TimedOut, "4 packets transmitted, 0 received, 100% packet loss"))
    );
    let unreachable = Some(IcmpError::HostUnreachable);
    let text = "4 packets transmitted, 0 received, +4 errors, 100% packet loss";
    assert_eq!(ask(&spec, 0, 9_000, unreachable).1, failed(Cause::Unreachable, text));
}

#[test]
fn traceroute_finds_the_router_and_the_host_by_every_kind_of_probe() {
    for by in [TracerouteBy::Udp { port: 33_434 }, TracerouteBy::Icmp, TracerouteBy::Tcp { port: 80 }] {
        let mut bed = Bed::new();
        bed.judge(|_, from, mut packet, out| {
            if packet.decrement_ttl() {
                return Some(packet);
            }
            out.send_icmp_error(IcmpError::TimeExceeded, ip("10.0.0.254"), 255, &packet, from);
            out.drop(packet, DropReason::TtlExpired, CiteId::NONE);
            None
        });
        let spec = TracerouteSpec { to: b(), by, hops_max: 30, timeout: Duration::from_secs(5) };
        bed.run_on(bed.a, move |net| traceroute(net, spec, lookup()));
        bed.settle();
        assert_eq!(last(&bed).1, completed("10.0.0.2 reached after 2 hops"), "{by:?}");
        let hops = bed.record.programs.iter().filter_map(|(_, note)| match note {
            ProgramNote::Reply { from, sequence, .. } => Some((*sequence, *from)),
            _ => None,
        });
        assert_eq!(hops.collect::<Vec<_>>(), [(1, ip("10.0.0.254")), (2, ip(B))], "{by:?}");
    }
}

#[test]
fn datagrams_are_counted_with_their_echoes() {
    let spec = UdpSpec {
        to: b(),
        port: 5_000,
        bytes: 3_000,
        count: 3,
        interval: Duration::from_millis(100),
        reply_timeout: Some(Duration::from_secs(1)),
    };
    let mut bed = Bed::new();
    run_server(&mut bed, 5_000, Service::UdpEcho);
    let asked = spec.clone();
    bed.run_on(bed.a, move |net| udp(net, asked, lookup()));
    bed.settle();
    assert_eq!(last(&bed).1, completed("3 datagrams sent, 3 echoes received, 0% lost"));

    let mut bed = Bed::new();
    bed.run_on(bed.a, move |net| udp(net, spec, lookup()));
    bed.settle();
    assert_eq!(last(&bed).1, failed(Cause::Refused, "connection refused"), "nobody listens");
}

#[test]
fn a_bulk_transfer_moves_its_bytes() {
    let mut bed = Bed::new();
    let (a, b) = (bed.a, bed.b);
    let receiver = BulkReceiver::new(5_001, ListenOptions::backlog(4));
    bed.engine.with(b, &mut bed.record, |host: &mut Host, out| {
        host.start(Some(ProgramId(9)), receiver, out);
    });
    let sender = BulkSender::new(at(B, 5_001), 3 << 20, ConnectOptions::default());
    bed.engine.with(a, &mut bed.record, |host: &mut Host, out| {
        host.start(Some(ProgramId(8)), sender, out);
    });
    bed.settle();
    assert_eq!(last(&bed).1, completed("sent 3145728 bytes"));
    assert!(bed.record.programs.iter().any(|(_, note)| *note == ProgramNote::Received { total: 3 << 20 }));
    assert_eq!(bed.host(a).connection_count() + bed.host(b).connection_count(), 0);
}
