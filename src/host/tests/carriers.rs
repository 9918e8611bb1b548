//! Several ports: carriers of a service, interfaces of an instance, forwarding; and what is left when all is over.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::bed::{Record, ip, line};
use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Engine, LinkSpec};
use crate::host::{
    AnswerBy, Carrier, ConnectOptions, Forwarder, Host, HostConfig, HostInterface, HostSettings, NetError, PingOptions,
};
use crate::packet::Packet;
use crate::trace::{DropReason, NodeId, PortId};

const SERVICE: &str = "52.218.160.10";

fn settle(engine: &mut Engine, record: &mut Record) {
    while let Some(next) = engine.next_event() {
        engine.run_until(next.after(Duration::from_millis(1)), 1_000_000, record);
    }
    assert_eq!(engine.counters().in_flight(), 0, "every packet ended");
}

fn add(engine: &mut Engine, name: &str, addresses: &[&str]) -> NodeId {
    engine.add(Host::new(HostConfig::new(name, 3, addresses.iter().map(|address| ip(address)))))
}

/// A service that owns a block, and answers each connection with what carried it and who seems to ask.
fn service(engine: &mut Engine, record: &mut Record) -> NodeId {
    let block = Cidr::parse("52.218.128.0/17").expect("a block");
    let config = HostConfig { interfaces: Vec::new(), prefixes: vec![block], ..HostConfig::new("s3", 3, []) };
    let service = engine.add(Host::new(config));
    engine.with(service, record, |host: &mut Host, out| {
        host.run(None, out, |net| async move {
            let listener = net.listen(80, 10).expect("a free port");
            while let Ok(stream) = listener.accept().await {
                let text = format!("{} {}", stream.carrier().0, stream.peer());
                net.spawn(async move {
                    let _ = stream.write_all(text.as_bytes()).await;
                    let _ = stream.ended().await;
                });
            }
        });
    });
    service
}

/// Connects from a fixed port, and reads one answer.
fn fetch(engine: &mut Engine, record: &mut Record, from: NodeId, answers: &Rc<RefCell<Vec<Result<String, NetError>>>>) {
    let answers = answers.clone();
    engine.with(from, record, |host: &mut Host, out| {
        host.run(None, out, |net| async move {
            let options = ConnectOptions { local_port: Some(40_000), ..ConnectOptions::default() };
            let answer = async {
                let stream = net.connect_with((ip(SERVICE), 80).into(), &options).await?;
                let mut buffer = [0; 64];
                let count = stream.read(&mut buffer).await?;
                net.sleep(Duration::from_secs(5)).await;
                Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
            };
            let answer = answer.await;
            answers.borrow_mut().push(answer);
        });
    });
}

#[test]
fn the_same_four_tuple_over_two_carriers_is_two_connections() {
    let (mut engine, mut record) = (Engine::new(), Record::default());
    let one = add(&mut engine, "one", &["10.0.0.5"]);
    let two = add(&mut engine, "two", &["10.0.0.5"]);
    let service = service(&mut engine, &mut record);
    engine.connect((one, PortId(0)), (service, PortId(3)), LinkSpec::both(line()));
    engine.connect((two, PortId(0)), (service, PortId(8)), LinkSpec::both(line()));
    let answers = Rc::default();
    fetch(&mut engine, &mut record, one, &answers);
    fetch(&mut engine, &mut record, two, &answers);
    engine.run_until(SimTime::from_secs(1), 100_000, &mut record);
    let host: &Host = engine.node(service).expect("the service");
    let list = host.connections();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].flow, list[1].flow);
    assert_eq!((list[0].carrier, list[1].carrier), (Carrier(3), Carrier(8)));
    settle(&mut engine, &mut record);
    let answers: Vec<_> = answers.borrow().iter().cloned().map(Result::unwrap).collect();
    assert_eq!(answers, ["3 10.0.0.5:40000", "8 10.0.0.5:40000"]);
}

#[test]
fn an_address_outside_the_blocks_is_not_the_service_s_and_blocks_can_change() {
    let (mut engine, mut record) = (Engine::new(), Record::default());
    let one = add(&mut engine, "one", &["10.0.0.5"]);
    let service = service(&mut engine, &mut record);
    engine.connect((one, PortId(0)), (service, PortId(3)), LinkSpec::both(line()));
    let host: &mut Host = engine.node_mut(service).expect("the service");
    host.set_prefixes(vec![Cidr::parse("54.231.0.0/17").expect("a block")]);
    let answers = Rc::default();
    fetch(&mut engine, &mut record, one, &answers);
    settle(&mut engine, &mut record);
    assert_eq!(answers.borrow()[0], Err(NetError::TimedOut));
    assert!(record.drops.iter().all(|drop| drop.2 == DropReason::NotForHost));
}

/// Two hosts joined by two links; the second one has an address on each.
fn two_interfaces(answer_by: AnswerBy) -> (Engine, Record, NodeId, NodeId) {
    let (mut engine, record) = (Engine::new(), Record::default());
    let asks = HostConfig {
        interfaces: vec![
            HostInterface { addresses: vec![ip("10.0.0.5")] },
            HostInterface { addresses: vec![ip("10.0.1.5")] },
        ],
        ..HostConfig::new("asks", 3, [])
    };
    let answers = HostConfig {
        interfaces: vec![
            HostInterface { addresses: vec![ip("10.0.0.6")] },
            HostInterface { addresses: vec![ip("10.0.1.6")] },
        ],
        ..HostConfig::new("answers", 3, [])
    };
    let asks = engine.add(Host::new(asks));
    let answers = engine.add(Host::new(answers.with(HostSettings { answer_by, ..HostSettings::default() })));
    for port in [PortId(0), PortId(1)] {
        engine.connect((asks, port), (answers, port), LinkSpec::both(line()));
    }
    (engine, record, asks, answers)
}

#[test]
fn a_source_address_chooses_its_interface_and_the_answer_comes_back_by_the_one_that_was_asked() {
    let (mut engine, mut record, asks, answers) = two_interfaces(AnswerBy::Asked);
    let ends = Rc::new(RefCell::new(None));
    let slot = ends.clone();
    engine.with(answers, &mut record, |host: &mut Host, out| {
        host.run(None, out, |net| async move {
            let listener = net.listen(80, 1).expect("a free port");
            let stream = listener.accept().await.expect("a connection");
            *slot.borrow_mut() = Some((stream.carrier(), stream.local(), stream.peer()));
        });
    });
    engine.with(asks, &mut record, |host: &mut Host, out| {
        host.run(None, out, |net| async move {
            let options = ConnectOptions { local_address: Some(ip("10.0.1.5")), ..ConnectOptions::default() };
            let stream = net.connect_with((ip("10.0.1.6"), 80).into(), &options).await.expect("a connection");
            assert_eq!(stream.carrier(), Carrier(1));
            let strange = ConnectOptions { local_address: Some(ip("10.9.9.9")), ..ConnectOptions::default() };
            let error = net.connect_with((ip("10.0.1.6"), 80).into(), &strange).await.err();
            assert_eq!(error, Some(NetError::NoAddress));
        });
    });
    settle(&mut engine, &mut record);
    let (carrier, local, peer) = ends.borrow().expect("it was accepted");
    assert_eq!((carrier, local.ip(), peer.ip()), (Carrier(1), ip("10.0.1.6"), ip("10.0.1.5")));
}

#[test]
fn a_host_that_answers_by_its_routing_table_answers_by_the_first_interface() {
    for (answer_by, port) in [(AnswerBy::Asked, 1), (AnswerBy::Primary, 0)] {
        let (mut engine, mut record, asks, answers) = two_interfaces(answer_by);
        engine.with(asks, &mut record, |host: &mut Host, out| {
            host.run(None, out, |net| async move {
                let to: IpAddr = ip("10.0.1.6");
                let probe = crate::host::Probe {
                    from: Some(ip("10.0.1.5")),
                    ..crate::host::Probe::new(to, crate::host::ProbeKind::Echo { identifier: 1, sequence: 1, bytes: 8 })
                };
                let answer = net.probe(&probe, Duration::from_secs(1)).await.expect("sent");
                assert!(answer.is_some(), "a host takes its addresses by every interface");
            });
        });
        let before = engine.counters().crossings;
        // With the other interface of the answering host down, only one of the two settings is heard.
        engine.set_up((answers, PortId(1 - port)), false);
        settle(&mut engine, &mut record);
        assert_eq!(engine.counters().crossings - before, 1, "the reply left by port {port}");
    }
}

/// Sends everything that is not its own out of the other port, with the time to live taken down.
struct Repeater;

impl Forwarder for Repeater {
    fn offer(
        &mut self,
        _now: SimTime,
        from: PortId,
        mut packet: Packet,
        own: bool,
        out: &mut Effects<'_>,
    ) -> Option<Packet> {
        if own {
            return Some(packet);
        }
        packet.decrement_ttl();
        out.send(PortId(1 - from.0), packet);
        None
    }
}

#[test]
fn a_host_forwards_only_if_it_is_told_to() {
    for forwards in [true, false] {
        let (mut engine, mut record) = (Engine::new(), Record::default());
        let a = add(&mut engine, "a", &["10.0.0.1"]);
        let b = add(&mut engine, "b", &["10.0.1.1"]);
        let middle = add(&mut engine, "middle", &["10.0.0.9"]);
        engine.connect((a, PortId(0)), (middle, PortId(0)), LinkSpec::both(line()));
        engine.connect((b, PortId(0)), (middle, PortId(1)), LinkSpec::both(line()));
        if forwards {
            let host: &mut Host = engine.node_mut(middle).expect("a host");
            host.set_forwarder(Some(Box::new(Repeater)));
        }
        let answers = Rc::new(RefCell::new(Vec::new()));
        let slot = answers.clone();
        engine.with(a, &mut record, |host: &mut Host, out| {
            host.run(None, out, |net| async move {
                for to in ["10.0.1.1", "10.0.0.9"] {
                    let reply = net.ping(ip(to), PingOptions::default()).await;
                    slot.borrow_mut().push(reply.map(|reply| reply.ttl));
                }
            });
        });
        settle(&mut engine, &mut record);
        let far = if forwards { Ok(254) } else { Err(NetError::TimedOut) };
        assert_eq!(*answers.borrow(), [far, Ok(255)]);
    }
}

#[test]
fn a_stopped_host_says_nothing_and_forgets_everything() {
    let (mut engine, mut record) = (Engine::new(), Record::default());
    let one = add(&mut engine, "one", &["10.0.0.5"]);
    let service = service(&mut engine, &mut record);
    engine.connect((one, PortId(0)), (service, PortId(3)), LinkSpec::both(line()));
    let answers = Rc::default();
    fetch(&mut engine, &mut record, one, &answers);
    engine.run_until(SimTime::from_secs(1), 100_000, &mut record);
    let sent = record.packets.len();
    engine.with(service, &mut record, |host: &mut Host, out| host.stop(out));
    settle(&mut engine, &mut record);
    let host: &Host = engine.node(service).expect("the service");
    assert_eq!(host.connection_count(), 0);
    assert!(record.packets[sent..].iter().all(|(_, node, _)| *node == one), "not even a reset");
    assert!(record.drops.iter().any(|drop| drop.2 == DropReason::HostStopped));
}
