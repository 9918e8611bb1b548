//! The engine: order, links, impairments, cascades, budgets, attention; and that nothing is lost without a reason.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::{Rng, SimTime};
use crate::packet::craft::{Craft, ping, syn, udp};
use crate::packet::{Malformed, Packet, PacketId};
use crate::trace::{
    Attention, CiteId, Disposition, DropReason, JourneyLog, NodeId, Note, Observer, PortId, ProgramId, ProgramNote,
    Sees, Step,
};

const ZERO: PortId = PortId(0);
const ONE: PortId = PortId(1);

/// Takes what comes, and remembers when.
#[derive(Default)]
struct Sink {
    arrived: Vec<(SimTime, u16)>,
    timers: Vec<(SimTime, u64)>,
    order: Vec<&'static str>,
}

impl Node for Sink {
    fn on_packet(&mut self, now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        self.arrived.push((now, packet.tuple().src_port));
        self.order.push("packet");
        out.deliver(packet);
    }

    fn on_timer(&mut self, now: SimTime, token: u64, _out: &mut Effects<'_>) {
        self.timers.push((now, token));
        self.order.push("timer");
    }
}

/// Passes everything from port 0 to port 1 and back.
struct Relay;

impl Node for Relay {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        out.send(if from == ZERO { ONE } else { ZERO }, packet);
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

/// Arms itself again at every timer: never idle.
struct Clock;

impl Node for Clock {
    fn on_packet(&mut self, _now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        out.drop(packet, DropReason::NotForHost, CiteId::NONE);
    }

    fn on_timer(&mut self, now: SimTime, token: u64, out: &mut Effects<'_>) {
        out.note(|| Note::Program { program: ProgramId(0), what: ProgramNote::Said(token.to_string()) });
        out.arm(now.after(Duration::from_secs(1)), token + 1);
    }
}

fn millis(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// A packet that is told from others by its source port, `bytes` long in all.
fn numbered(number: u16, bytes: usize) -> Craft {
    let mut craft = udp("10.0.0.1:1", "10.0.0.2:2").payload(bytes - 28);
    craft.src.set_port(number);
    craft
}

/// Two sinks with a link between their ports 0.
fn pair(line: LineSpec) -> (Engine, NodeId, NodeId) {
    let mut engine = Engine::new();
    let (a, b) = (engine.add(Sink::default()), engine.add(Sink::default()));
    engine.connect((a, ZERO), (b, ZERO), LinkSpec::both(line));
    (engine, a, b)
}

fn send(engine: &mut Engine, from: NodeId, craft: &Craft, observer: &mut dyn Observer) {
    let bytes = craft.bytes();
    let sent = engine.with::<Sink, _>(from, observer, |_, out| {
        let packet = out.packet(|buffer| buffer.extend_from_slice(&bytes)).expect("a packet");
        out.send(ZERO, packet);
    });
    sent.expect("the sender is a sink");
}

fn arrived(engine: &Engine, at: NodeId) -> Vec<(SimTime, u16)> {
    engine.node::<Sink>(at).expect("a sink").arrived.clone()
}

fn numbers(engine: &Engine, at: NodeId) -> Vec<u16> {
    arrived(engine, at).into_iter().map(|(_, number)| number).collect()
}

#[test]
fn arrivals_come_before_timers_and_equals_in_the_order_of_their_making() {
    let (mut engine, a, b) = pair(LineSpec::delayed(Duration::from_millis(5), 1_500));
    engine.with::<Sink, _>(b, &mut (), |_, out| {
        for token in [3, 1, 2] {
            out.arm(millis(5), token);
        }
        out.arm(millis(4), 9);
    });
    for number in [7, 8, 9] {
        send(&mut engine, a, &numbered(number, 100), &mut ());
    }
    assert_eq!(engine.run_until(SimTime::from_secs(1), 100, &mut ()), Stop::Idle);
    let sink = engine.node::<Sink>(b).expect("a sink");
    assert_eq!(sink.order, ["timer", "packet", "packet", "packet", "timer", "timer", "timer"]);
    assert_eq!(numbers(&engine, b), [7, 8, 9]);
    assert_eq!(sink.timers, [(millis(4), 9), (millis(5), 3), (millis(5), 1), (millis(5), 2)]);
}

#[test]
fn a_timer_asked_for_in_the_past_is_due_now() {
    let (mut engine, a, _) = pair(LineSpec::DIRECT);
    engine.run_until(millis(10), 1, &mut ());
    engine.with::<Sink, _>(a, &mut (), |_, out| out.arm(millis(3), 1));
    engine.run_until(millis(20), 10, &mut ());
    assert_eq!(engine.node::<Sink>(a).expect("a sink").timers, [(millis(10), 1)]);
}

#[test]
fn a_run_stops_before_its_horizon_and_says_why_it_stopped() {
    let (mut engine, a, b) = pair(LineSpec::delayed(Duration::from_millis(5), 1_500));
    send(&mut engine, a, &numbered(1, 100), &mut ());
    assert_eq!(engine.next_event(), Some(millis(5)));
    assert_eq!(engine.run_until(millis(5), 100, &mut ()), Stop::Horizon);
    assert_eq!((engine.now(), numbers(&engine, b).len()), (millis(5), 0), "the horizon itself is left to changes");
    assert_eq!(engine.run_until(millis(6), 100, &mut ()), Stop::Idle);
    assert_eq!((engine.now(), numbers(&engine, b).len()), (millis(6), 1));
    assert_eq!(engine.next_event(), None);
}

#[test]
fn a_world_that_never_ends_spends_its_budget() {
    let mut engine = Engine::new();
    let clock = engine.add(Clock);
    engine.with::<Clock, _>(clock, &mut (), |_, out| out.arm(SimTime::ZERO, 0));
    assert_eq!(engine.run_until(SimTime::FAR, 50, &mut ()), Stop::BudgetSpent);
    assert_eq!((engine.now(), engine.counters().events), (SimTime::from_secs(49), 50));
    assert_eq!(engine.run_until(SimTime::from_secs(60), 50, &mut ()), Stop::Horizon);
}

/// Asks for attention at one note.
struct Wants(&'static str);

impl Observer for Wants {
    fn sees(&self) -> Sees {
        Sees { packets: false, steps: false, notes: true }
    }

    fn note(&mut self, _at: SimTime, _node: NodeId, note: &Note) -> Attention {
        let said = |text: &str| matches!(note, Note::Program { what: ProgramNote::Said(said), .. } if said == text);
        if said(self.0) { Attention::Stop } else { Attention::Continue }
    }
}

#[test]
fn an_observer_stops_the_run_at_the_instant_of_what_it_heard() {
    let mut engine = Engine::new();
    let clock = engine.add(Clock);
    engine.with::<Clock, _>(clock, &mut (), |_, out| out.arm(SimTime::ZERO, 0));
    assert_eq!(engine.run_until(SimTime::from_secs(100), 1_000, &mut Wants("3")), Stop::Attention);
    assert_eq!(engine.now(), SimTime::from_secs(3));
    assert_eq!(engine.run_until(SimTime::from_secs(100), 1_000, &mut Wants("none")), Stop::Horizon);
    // What a caller's own action said comes before the next event, not behind it.
    engine.with::<Clock, _>(clock, &mut Wants("now"), |_, out| {
        out.note(|| Note::Program { program: ProgramId(0), what: ProgramNote::Said("now".to_owned()) });
    });
    assert_eq!(engine.run_until(SimTime::from_secs(200), 1_000, &mut Wants("none")), Stop::Attention);
    assert_eq!(engine.now(), SimTime::from_secs(100));
}

#[test]
fn a_rate_spaces_packets_and_a_delay_moves_them() {
    // 1,000 bytes at 8 Mbit/s take a millisecond.
    let line = LineSpec { delay: Duration::from_millis(5), rate: Some(8_000_000), mtu: 1_500, queue_bytes: 10_000 };
    let (mut engine, a, b) = pair(line);
    for number in 1..=3 {
        send(&mut engine, a, &numbered(number, 1_000), &mut ());
    }
    engine.run_until(millis(100), 100, &mut ());
    assert_eq!(arrived(&engine, b), [(millis(6), 1), (millis(7), 2), (millis(8), 3)]);
    send(&mut engine, a, &numbered(4, 500), &mut ());
    engine.run_until(millis(200), 100, &mut ());
    assert_eq!(arrived(&engine, b)[3], (SimTime::from_micros(105_500), 4), "a free line begins at once");
}

#[test]
fn a_full_queue_drops_and_an_emptied_one_takes_again() {
    let line = LineSpec { delay: Duration::ZERO, rate: Some(8_000_000), mtu: 1_500, queue_bytes: 2_000 };
    let (mut engine, a, b) = pair(line);
    let mut log = JourneyLog::new(100);
    for number in 1..=5 {
        send(&mut engine, a, &numbered(number, 1_000), &mut log);
    }
    engine.run_until(millis(2), 100, &mut log);
    send(&mut engine, a, &numbered(6, 1_000), &mut log);
    engine.run_until(millis(100), 100, &mut log);
    // One is being sent and two wait: the fourth and fifth find 3,000 bytes ahead of them.
    assert_eq!(numbers(&engine, b), [1, 2, 3, 6]);
    assert_eq!(engine.counters().dropped, 2);
    let ends: Vec<_> = log.journeys().map(|journey| journey.expect("whole").disposition()).collect();
    assert_eq!(ends[3], Disposition::Dropped { reason: DropReason::QueueFull, by: CiteId::NONE });
}

#[test]
fn each_direction_has_its_own_line() {
    let mut engine = Engine::new();
    let (a, b) = (engine.add(Sink::default()), engine.add(Sink::default()));
    let line = |millis| LineSpec::delayed(Duration::from_millis(millis), 1_500);
    engine.connect((a, ZERO), (b, ZERO), LinkSpec { there: line(3), back: line(9) });
    send(&mut engine, a, &numbered(1, 100), &mut ());
    send(&mut engine, b, &numbered(2, 100), &mut ());
    engine.run_until(millis(100), 100, &mut ());
    assert_eq!((arrived(&engine, b), arrived(&engine, a)), (vec![(millis(3), 1)], vec![(millis(9), 2)]));
}

/// How the first packet of a log ended.
#[track_caller]
fn check_dropped(log: &JourneyLog, reason: DropReason) {
    let last = log.journeys().last().expect("a packet").expect("a whole journey");
    assert_eq!(last.disposition(), Disposition::Dropped { reason, by: CiteId::NONE });
}

#[test]
fn what_a_link_cannot_take_is_dropped_with_the_reason() {
    let (mut engine, a, b) = pair(LineSpec::delayed(Duration::from_millis(1), 1_500));
    let mut log = JourneyLog::new(100);
    send(&mut engine, a, &numbered(1, 1_501), &mut log);
    check_dropped(&log, DropReason::TooBig);
    engine.respec((a, ZERO), |line| line.mtu = 9_001);
    send(&mut engine, a, &numbered(2, 1_501), &mut log);
    engine.set_up((a, ZERO), false);
    send(&mut engine, a, &numbered(3, 100), &mut log);
    check_dropped(&log, DropReason::LinkDown);
    engine.set_up((a, ZERO), true);
    engine.disconnect((b, ZERO));
    send(&mut engine, a, &numbered(4, 100), &mut log);
    check_dropped(&log, DropReason::NoLink);
    engine.run_until(millis(10), 100, &mut log);
    assert_eq!(numbers(&engine, b), [2], "what was under way still arrives");
}

#[test]
fn a_link_put_in_anothers_place_takes_both_of_its_ends_away() {
    let (mut engine, a, b) = pair(LineSpec::DIRECT);
    let c = engine.add(Sink::default());
    engine.connect((a, ZERO), (c, ZERO), LinkSpec::both(LineSpec::DIRECT));
    assert_eq!((engine.peer((a, ZERO)), engine.peer((b, ZERO))), (Some((c, ZERO)), None));
    let mut log = JourneyLog::new(10);
    send(&mut engine, b, &numbered(1, 100), &mut log);
    check_dropped(&log, DropReason::NoLink);
    send(&mut engine, c, &numbered(2, 100), &mut log);
    assert_eq!(numbers(&engine, a), [2]);
}

#[test]
fn direct_links_carry_within_one_event_and_take_no_time() {
    let mut engine = Engine::new();
    let a = engine.add(Sink::default());
    let relays: Vec<_> = (0..4).map(|_| engine.add(Relay)).collect();
    let b = engine.add(Sink::default());
    let mut before = (a, ZERO);
    for relay in relays {
        engine.connect(before, (relay, ZERO), LinkSpec::both(LineSpec::DIRECT));
        before = (relay, ONE);
    }
    engine.connect(before, (b, ZERO), LinkSpec::both(LineSpec::DIRECT));
    let mut log = JourneyLog::new(10);
    send(&mut engine, a, &numbered(1, 100), &mut log);
    assert_eq!(arrived(&engine, b), [(SimTime::ZERO, 1)]);
    assert_eq!((engine.counters().crossings, engine.counters().events), (5, 0));
    let journey = log.journeys().next().expect("a packet").expect("a whole journey");
    assert_eq!(journey.nodes().count(), 6);
    assert_eq!(journey.disposition(), Disposition::Delivered);
}

#[test]
fn routes_in_a_circle_end_with_a_reason() {
    let mut engine = Engine::new();
    let (a, left, right) = (engine.add(Sink::default()), engine.add(Relay), engine.add(Relay));
    for (delay, until) in [(Duration::ZERO, 1), (Duration::from_millis(1), 2)] {
        let line = LineSpec::delayed(delay, 1_500);
        engine.connect((left, ONE), (right, ZERO), LinkSpec::both(line));
        engine.connect((right, ONE), (left, ZERO), LinkSpec::both(line));
        let mut log = JourneyLog::new(10);
        let bytes = numbered(1, 100).bytes();
        engine.inject((left, ZERO), &bytes, &mut log).expect("a packet");
        engine.run_until(SimTime::from_secs(until), 1_000, &mut log);
        check_dropped(&log, DropReason::ForwardingLoop);
        let journey = log.journeys().next().expect("a packet").expect("a whole journey");
        assert_eq!(journey.hops().len(), 129, "128 crossings and no more");
    }
    assert_eq!((engine.counters().dropped, engine.counters().in_flight()), (2, 0));
    assert!(arrived(&engine, a).is_empty());
}

#[test]
fn bytes_from_outside_are_let_in_only_if_whole_and_true() {
    let (mut engine, a, _) = pair(LineSpec::DIRECT);
    let good = ping("10.0.0.1", "10.0.0.2").bytes();
    assert_eq!(engine.inject((a, ZERO), &good, &mut ()), Ok(()));
    let mut wrong = good.clone();
    wrong[30] ^= 1;
    assert_eq!(engine.inject((a, ZERO), &wrong, &mut ()), Err(Malformed::Checksum));
    assert_eq!(engine.inject((a, ZERO), &good[..20], &mut ()), Err(Malformed::Truncated));
    assert_eq!(engine.counters(), Counters { born: 1, delivered: 1, ..Counters::default() });
    assert_eq!(engine.with::<Relay, _>(a, &mut (), |_, _| ()), None, "a node of another type");
}

/// The numbers that arrive of 200 packets, a millisecond apart, over a line impaired under this seed and stream.
fn fate(spec: ImpairmentSpec, seed: u64, stream: &str) -> Vec<(SimTime, u16)> {
    let (mut engine, a, b) = pair(LineSpec::delayed(Duration::from_millis(5), 1_500));
    engine.impair((a, ZERO), Some(Impairment::new(spec, Rng::stream(seed, stream))));
    for number in 0..200 {
        send(&mut engine, a, &numbered(number, 100), &mut ());
        engine.run_until(millis(u64::from(number) + 1), 1_000, &mut ());
    }
    engine.run_until(SimTime::from_secs(10), 1_000, &mut ());
    let counters = engine.counters();
    assert_eq!(counters.born, counters.delivered + counters.dropped);
    arrived(&engine, b)
}

#[test]
fn the_same_seed_and_stream_give_the_same_fate_and_others_another() {
    let spec = ImpairmentSpec {
        loss: 0.2,
        duplication: 0.1,
        reordering: 0.1,
        reordering_delay: Duration::from_millis(3),
        jitter: Duration::from_millis(1),
    };
    assert_eq!(fate(spec, 1, "link/a"), fate(spec, 1, "link/a"));
    assert_ne!(fate(spec, 1, "link/a"), fate(spec, 1, "link/b"));
    assert_ne!(fate(spec, 1, "link/a"), fate(spec, 2, "link/a"));
}

#[test]
fn each_impairment_does_what_it_says_and_none_does_nothing() {
    let only = |change: fn(&mut ImpairmentSpec)| {
        let mut spec = ImpairmentSpec { reordering_delay: Duration::from_millis(3), ..ImpairmentSpec::default() };
        change(&mut spec);
        fate(spec, 7, "link/a")
    };
    let sent: Vec<_> = (0..200).collect();
    let numbers = |fate: &[(SimTime, u16)]| fate.iter().map(|(_, number)| *number).collect::<Vec<_>>();
    assert_eq!(numbers(&only(|_| ())), sent);
    assert_eq!(only(|spec| spec.loss = 1.0), []);
    let lossy = only(|spec| spec.loss = 0.25).len();
    assert!((120..180).contains(&lossy), "{lossy} of 200 arrived");
    assert_eq!(only(|spec| spec.duplication = 1.0).len(), 400);
    let reordered = numbers(&only(|spec| spec.reordering = 0.2));
    assert_ne!(reordered, sent);
    assert_eq!(reordered.len(), 200);
    let late = only(|spec| spec.jitter = Duration::from_millis(20));
    assert_eq!(numbers(&late), sent, "jitter alone lets nobody overtake");
    let bound = |(at, number): &(SimTime, u16)| millis(u64::from(*number) + 25) < *at;
    assert!(!late.iter().any(bound), "no packet is later than the jitter");
}

#[test]
fn one_probability_does_not_shift_what_another_draws() {
    let lost = |duplication| {
        let spec = ImpairmentSpec { loss: 0.3, duplication, ..ImpairmentSpec::default() };
        let mut arrived: Vec<_> = fate(spec, 7, "link/a").into_iter().map(|(_, number)| number).collect();
        arrived.dedup();
        arrived
    };
    assert_eq!(lost(0.0), lost(0.5));
}

#[test]
fn a_duplicate_is_a_packet_of_its_own() {
    let (mut engine, a, b) = pair(LineSpec::delayed(Duration::from_millis(5), 1_500));
    let spec = ImpairmentSpec { duplication: 1.0, ..ImpairmentSpec::default() };
    engine.impair((a, ZERO), Some(Impairment::new(spec, Rng::stream(1, "link/a"))));
    let mut log = JourneyLog::new(10);
    send(&mut engine, a, &numbered(1, 100), &mut log);
    engine.run_until(SimTime::from_secs(1), 10, &mut log);
    let journeys: Vec<_> = log.journeys().map(|journey| journey.expect("whole")).collect();
    assert_eq!(journeys.iter().map(|journey| journey.packet()).collect::<Vec<_>>(), [PacketId(1), PacketId(2)]);
    assert!(journeys.iter().all(|journey| journey.disposition() == Disposition::Delivered));
    assert_eq!((engine.counters().born, engine.counters().delivered), (2, 2));
    engine.impair((a, ZERO), None);
    send(&mut engine, a, &numbered(2, 100), &mut log);
    engine.run_until(SimTime::from_secs(2), 10, &mut log);
    assert_eq!(numbers(&engine, b), [1, 1, 2], "a mended line repeats nothing");
}

/// Does one of everything a node may do, by what the packet's number says.
struct Fickle;

impl Node for Fickle {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let back: IpAddr = "10.0.0.9".parse().expect("an address");
        match packet.tuple().src_port % 7 {
            0 => out.drop(packet, DropReason::NoRoute, CiteId::NONE),
            1 => out.absorb(packet, crate::trace::Absorbed::Stale),
            2 => out.deliver(packet),
            3 => {
                out.send_icmp_error(crate::packet::IcmpError::TimeExceeded, back, 9, &packet, from);
                out.drop(packet, DropReason::TtlExpired, CiteId::NONE);
            }
            _ => out.send(if from == ZERO { ONE } else { ZERO }, packet),
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

proptest! {
    #[test]
    fn what_is_born_ends_once_or_is_in_flight(
        sent in prop::collection::vec((0u16..100, 28usize..3_000, 0u64..10), 1..40),
        loss in 0.0..0.5f64, duplication in 0.0..0.5f64, rate in prop::option::of(1_000_000u64..100_000_000),
        delay in 0u64..5, seed: u64,
    ) {
        let mut engine = Engine::new();
        let (a, fickle, b) = (engine.add(Sink::default()), engine.add(Fickle), engine.add(Sink::default()));
        let line = LineSpec { delay: Duration::from_millis(delay), rate, mtu: 2_000, queue_bytes: 5_000 };
        engine.connect((a, ZERO), (fickle, ZERO), LinkSpec::both(line));
        engine.connect((fickle, ONE), (b, ZERO), LinkSpec::both(line));
        let spec = ImpairmentSpec { loss, duplication, ..ImpairmentSpec::default() };
        engine.impair((a, ZERO), Some(Impairment::new(spec, Rng::stream(seed, "a"))));
        engine.impair((fickle, ONE), Some(Impairment::new(spec, Rng::stream(seed, "fickle"))));
        let mut log = JourneyLog::new(1_000);
        for (number, bytes, pause) in sent {
            send(&mut engine, a, &numbered(number, bytes), &mut log);
            let until = engine.now().after(Duration::from_millis(pause));
            engine.run_until(until, 10_000, &mut log);
            let open = log.journeys().filter(|j| j.as_ref().expect("whole").disposition() == Disposition::InFlight);
            // A duplicate is not heard of before it arrives.
            prop_assert!(open.count() as u64 <= engine.counters().in_flight());
        }
        prop_assert_eq!(engine.run_until(SimTime::from_secs(100), 10_000, &mut log), Stop::Idle);
        let counters = engine.counters();
        prop_assert_eq!(counters.in_flight(), 0);
        prop_assert_eq!(counters.born, log.journeys().count() as u64);
        for journey in log.journeys() {
            let journey = journey.expect("whole");
            prop_assert_ne!(journey.disposition(), Disposition::InFlight);
            let ends = journey.steps().filter(|(_, step)| step.is_end()).count();
            prop_assert_eq!(ends, 1);
        }
    }

    #[test]
    fn without_reordering_nobody_overtakes(
        pauses in prop::collection::vec(0u64..3_000, 1..60), jitter in 0u64..10_000, rate in prop::option::of(100_000u64..),
        seed: u64,
    ) {
        let line = LineSpec { delay: Duration::from_micros(50), rate, mtu: 1_500, queue_bytes: u32::MAX };
        let (mut engine, a, b) = pair(line);
        let spec = ImpairmentSpec { jitter: Duration::from_micros(jitter), ..ImpairmentSpec::default() };
        engine.impair((a, ZERO), Some(Impairment::new(spec, Rng::stream(seed, "a"))));
        for (number, pause) in pauses.iter().enumerate() {
            send(&mut engine, a, &numbered(number as u16, 100), &mut ());
            let until = engine.now().after(Duration::from_micros(*pause));
            engine.run_until(until, 10_000, &mut ());
        }
        engine.run_until(SimTime::from_secs(1_000), 10_000, &mut ());
        let expected: Vec<_> = (0..pauses.len() as u16).collect();
        prop_assert_eq!(numbers(&engine, b), expected);
    }
}

#[test]
fn steps_and_packets_are_told_in_the_order_of_the_contract() {
    /// Writes down what it hears.
    #[derive(Default)]
    struct Scribe(Vec<String>);

    impl Observer for Scribe {
        fn sees(&self) -> Sees {
            Sees::ALL
        }

        fn entered(&mut self, _at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
            self.0.push(format!("{} entered {}", packet.id(), node.0));
        }

        fn left(&mut self, _at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
            self.0.push(format!("{} left {}", packet.id(), node.0));
        }

        fn step(&mut self, _at: SimTime, _node: NodeId, packet: PacketId, step: &Step) {
            self.0.push(format!("{packet} {step:?}"));
        }
    }

    let mut engine = Engine::new();
    let (a, relay, b) = (engine.add(Sink::default()), engine.add(Relay), engine.add(Sink::default()));
    engine.connect((a, ZERO), (relay, ZERO), LinkSpec::both(LineSpec::DIRECT));
    engine.connect((relay, ONE), (b, ZERO), LinkSpec::both(LineSpec::DIRECT));
    let mut scribe = Scribe::default();
    send(&mut engine, a, &syn("10.0.0.1:1", "10.0.0.2:2"), &mut scribe);
    let expected = [
        "#1 Sent",
        "#1 Forwarded",
        "#1 left 0",
        "#1 entered 1",
        "#1 Forwarded",
        "#1 left 1",
        "#1 entered 2",
        "#1 Delivered",
    ];
    assert_eq!(scribe.0, expected);
}
