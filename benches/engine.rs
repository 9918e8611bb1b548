//! What an event costs: the queue alone under the hold model (take the earliest, put one), from a thousand to a million
//! pending, beside the standard library's heap; and the engine with timers of nodes. No packet is involved.

#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use support::{Case, Claim, Limit, Options, Work, find, measure, print};
use vpclab::base::{Rng, SimTime};
use vpclab::engine::{Effects, Engine, EventQueue, Node};
use vpclab::packet::Packet;
use vpclab::trace::{CiteId, DropReason, PortId};

fn main() {
    let options = Options::read();
    let units = options.scaled(2_000_000, 2_000);
    let sizes = if options.smoke { vec![1_000] } else { vec![1_000, 100_000, 1_000_000] };
    let mut cases = Vec::new();
    for pending in sizes {
        cases.push(Case::new(format!("queue, {pending} pending"), units, move || queue(pending)));
        cases.push(Case::new(format!("BinaryHeap, {pending} pending"), units / 4, move || heap(pending)));
        cases.push(Case::new(format!("engine, {pending} timers"), units / 4, move || timers(pending)));
    }
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let of = |name: &str| find(&measured, name).map(|case| case.median());
    if let (Some(few), Some(many)) = (of("queue, 1000 pending"), of("queue, 1000000 pending")) {
        let what = "queue: pop and push at a million pending (goal 10)".to_owned();
        claims.push(Claim { what, found: many, unit: " ns", must: Limit::Most(80.0), target: Limit::Most(60.0) });
        let what = "queue: a million beside a thousand (goal 10)".to_owned();
        claims.push(Claim { what, found: many / few, unit: "x", must: Limit::Most(2.5), target: Limit::Most(2.0) });
    }
    print(&options, "Events", "event", &measured, &claims);
}

/// Half of the delays are hops of 1.2 µs, four in ten links of about 50 µs, one in ten timers of 10 to 210 ms. Drawn
/// beforehand: drawing is not what is measured.
fn delays() -> Vec<u64> {
    let mut rng = Rng::stream(1, "delays");
    let delay = |rng: &mut Rng| match rng.below(10) {
        0..5 => 1_200,
        5..9 => 45_000 + rng.below(10_000),
        _ => 10_000_000 + rng.below(200_000_000),
    };
    (0..DELAYS).map(|_| delay(&mut rng)).collect()
}

const DELAYS: usize = 1 << 16;

fn queue(pending: usize) -> Work {
    let delays = delays();
    let mut queue = EventQueue::new();
    let mut next = 0;
    for index in 0..pending {
        queue.push(delays[index % DELAYS], index as u64);
    }
    Box::new(move |units| {
        for _ in 0..units {
            let (now, value) = queue.pop_below(u64::MAX).expect("it never runs empty");
            queue.push(now + delays[next % DELAYS], value);
            next += 1;
        }
    })
}

fn heap(pending: usize) -> Work {
    let delays = delays();
    let mut heap = BinaryHeap::new();
    let mut next = 0u64;
    for index in 0..pending {
        heap.push(Reverse((delays[index % DELAYS], next, index as u64)));
        next += 1;
    }
    Box::new(move |units| {
        for _ in 0..units {
            let Reverse((now, _, value)) = heap.pop().expect("it never runs empty");
            heap.push(Reverse((now + delays[next as usize % DELAYS], next, value)));
            next += 1;
        }
    })
}

/// Arms itself again with the next of its delays.
struct Timer {
    delays: Vec<u64>,
    next: usize,
}

impl Node for Timer {
    fn on_packet(&mut self, _now: SimTime, _from: PortId, packet: Packet, out: &mut Effects<'_>) {
        out.drop(packet, DropReason::NotForHost, CiteId::NONE);
    }

    fn on_timer(&mut self, now: SimTime, token: u64, out: &mut Effects<'_>) {
        out.arm(now.after(Duration::from_nanos(self.delays[self.next % DELAYS])), token);
        self.next += 1;
    }
}

fn timers(pending: usize) -> Work {
    let mut engine = Engine::new();
    let node = engine.add(Timer { delays: delays(), next: 0 });
    engine.with::<Timer, _>(node, &mut (), |timer, out| {
        for index in 0..pending {
            out.arm(SimTime::from_nanos(timer.delays[index % DELAYS]), index as u64);
        }
    });
    Box::new(move |units| {
        engine.run_until(SimTime::FAR, units, &mut ());
    })
}
