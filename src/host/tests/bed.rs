//! A bed of two hosts and a wire, and a recorder of what happens on it.

use std::cell::RefCell;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::base::{Rng, SimTime};
use crate::engine::{Effects, Engine, Impairment, ImpairmentSpec, LineSpec, LinkSpec, Node, Stop};
use crate::host::{Host, HostConfig, HostSettings, Net};
use crate::packet::{Packet, PacketId, describe};
use crate::trace::{
    Attention, ConnectionNote, DropReason, NodeId, Note, Observer, PortId, ProgramId, ProgramNote, Sees, Step,
};

pub(crate) const A: &str = "10.0.0.1";
pub(crate) const B: &str = "10.0.0.2";
const BUDGET: u64 = 10_000_000;

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip(address), port)
}

/// Everything that was heard.
#[derive(Default)]
pub(crate) struct Record {
    /// Packets as they left their nodes: when, from where, in one line.
    pub(crate) packets: Vec<(SimTime, NodeId, String)>,
    pub(crate) bytes: Vec<Vec<u8>>,
    pub(crate) drops: Vec<(NodeId, PacketId, DropReason)>,
    pub(crate) steps: Vec<(NodeId, PacketId, Step)>,
    pub(crate) notes: Vec<(SimTime, NodeId, ConnectionNote)>,
    pub(crate) programs: Vec<(SimTime, ProgramNote)>,
}

impl Observer for Record {
    fn sees(&self) -> Sees {
        Sees::ALL
    }

    fn left(&mut self, at: SimTime, node: NodeId, _port: PortId, packet: &Packet) {
        self.packets.push((at, node, describe(packet)));
        self.bytes.push(packet.bytes().to_vec());
    }

    fn step(&mut self, _at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        if let Step::Dropped { reason, .. } = step {
            self.drops.push((node, packet, *reason));
        }
        self.steps.push((node, packet, *step));
    }

    fn note(&mut self, at: SimTime, node: NodeId, note: &Note) -> Attention {
        match note {
            Note::Connection { what, .. } => self.notes.push((at, node, what.clone())),
            Note::Program { what, .. } => self.programs.push((at, what.clone())),
            Note::Request(_) => {}
        }
        Attention::Continue
    }
}

/// Passes packets on, except those that a test takes away or bends.
pub(crate) struct Middle {
    #[expect(clippy::type_complexity, reason = "a closure of a test")]
    pub(crate) judge: Box<dyn FnMut(SimTime, PortId, Packet, &mut Effects<'_>) -> Option<Packet>>,
}

impl Node for Middle {
    fn on_packet(&mut self, now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        if let Some(packet) = (self.judge)(now, from, packet, out) {
            out.send(PortId(1 - from.0), packet);
        }
    }

    fn on_timer(&mut self, _now: SimTime, _token: u64, _out: &mut Effects<'_>) {}
}

pub(crate) struct Bed {
    pub(crate) engine: Engine,
    pub(crate) record: Record,
    pub(crate) a: NodeId,
    pub(crate) b: NodeId,
    pub(crate) middle: NodeId,
}

pub(crate) fn line() -> LineSpec {
    LineSpec::delayed(Duration::from_millis(5), 1_500)
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::with(7, HostSettings::default(), HostSettings::default(), line())
    }

    pub(crate) fn with(seed: u64, a: HostSettings, b: HostSettings, line: LineSpec) -> Self {
        let mut engine = Engine::new();
        let host = |name: &str, address: &str, six: &str, settings| {
            Host::new(HostConfig::new(name, seed, [ip(address), ip(six)]).with(settings))
        };
        let a = engine.add(host("a", A, "fd00::1", a));
        let b = engine.add(host("b", B, "fd00::2", b));
        let middle = engine.add(Middle { judge: Box::new(|_, _, packet, _| Some(packet)) });
        engine.connect((a, PortId(0)), (middle, PortId(0)), LinkSpec::both(line));
        engine.connect((b, PortId(0)), (middle, PortId(1)), LinkSpec::both(line));
        Self { engine, record: Record::default(), a, b, middle }
    }

    /// Takes packets away: `judge` says which go on.
    pub(crate) fn judge(
        &mut self,
        judge: impl FnMut(SimTime, PortId, Packet, &mut Effects<'_>) -> Option<Packet> + 'static,
    ) {
        self.engine.node_mut::<Middle>(self.middle).expect("the middle").judge = Box::new(judge);
    }

    pub(crate) fn lose(&mut self, seed: u64, loss: f64) {
        for (node, name) in [(self.a, "a"), (self.b, "b")] {
            let spec = ImpairmentSpec { loss, ..ImpairmentSpec::default() };
            self.engine.impair((node, PortId(0)), Some(Impairment::new(spec, Rng::stream(seed, name))));
        }
    }

    pub(crate) fn run_on<F: Future<Output = ()> + 'static>(
        &mut self,
        node: NodeId,
        work: impl FnOnce(Net) -> F + 'static,
    ) {
        let program = Some(ProgramId(node.0));
        self.engine.with(node, &mut self.record, |host: &mut Host, out| host.run(program, out, work));
    }

    /// Runs `work` on a node until everything is still, and gives what it returned.
    pub(crate) fn ask<T: 'static, F: Future<Output = T> + 'static>(
        &mut self,
        node: NodeId,
        work: impl FnOnce(Net) -> F + 'static,
    ) -> T {
        let answer = Rc::new(RefCell::new(None));
        let slot = answer.clone();
        self.run_on(node, move |net| {
            let work = work(net);
            async move {
                let value = work.await;
                *slot.borrow_mut() = Some(value);
            }
        });
        self.settle();
        let value = answer.borrow_mut().take();
        value.expect("the program came to its end")
    }

    /// Runs until nothing is left to happen.
    pub(crate) fn settle(&mut self) {
        while let Some(next) = self.engine.next_event() {
            let stop = self.until(next.after(Duration::from_millis(1)));
            assert_ne!(stop, Stop::BudgetSpent);
            assert!(self.engine.now() < SimTime::from_secs(100_000), "something never ends");
        }
        assert_eq!(self.engine.counters().in_flight(), 0, "every packet ended");
    }

    pub(crate) fn until(&mut self, at: SimTime) -> Stop {
        self.engine.run_until(at, BUDGET, &mut self.record)
    }

    pub(crate) fn host(&self, node: NodeId) -> &Host {
        self.engine.node(node).expect("a host")
    }

    /// The packets that left a host, from the `n`th recorded on.
    #[track_caller]
    pub(crate) fn lines_of(&self, node: NodeId) -> Vec<(SimTime, &str)> {
        let lines = self.record.packets.iter().filter(|(_, from, _)| *from == node);
        lines.map(|(at, _, line)| (*at, line.as_str())).collect()
    }

    pub(crate) fn notes_of(&self, node: NodeId) -> Vec<&ConnectionNote> {
        self.record.notes.iter().filter(|(_, at, _)| *at == node).map(|(_, _, note)| note).collect()
    }
}
