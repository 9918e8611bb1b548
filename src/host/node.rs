//! The host as a node of the graph: packets and timers come in, programs run, and what they asked for goes out.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use slab::Slab;

use super::app::{App, AppCx, AppEvent, AppId};
use super::config::{HostConfig, HostInterface};
use super::connection::ConnectionInfo;
use super::forward::Forwarder;
use super::stack::{Deferred, Stack, TimerTarget};
use super::task::{Net, Shared, Task, Wakes};
use crate::base::{Cidr, SimTime};
use crate::engine::{Effects, Node};
use crate::packet::{Packet, Protocol, checksums_hold};
use crate::trace::{CiteId, DropReason, PortId, ProgramId};

/// The token of the timer of programs; those of connections are larger.
const PROGRAMS: u64 = 0;
/// The most calls of programs in one turn of a host; what is left comes in the next one, which the engine's budget
/// counts.
const CALLS_MAX: usize = 1 << 16;

/// A simulated machine.
pub struct Host {
    shared: Rc<Shared>,
    tasks: Slab<Task>,
    wakes: Option<Arc<Wakes>>,
    apps: Vec<Running>,
    forwarder: Option<Box<dyn Forwarder>>,
}

/// An event-driven program with its owner's name.
struct Running {
    /// Absent while it handles an event.
    app: Option<Box<dyn App>>,
    program: Option<ProgramId>,
}

impl Host {
    /// A host without programs.
    pub fn new(config: HostConfig) -> Self {
        let shared = Shared { stack: RefCell::new(Stack::new(config)), spawned: RefCell::default() };
        Self { shared: Rc::new(shared), tasks: Slab::new(), wakes: None, apps: Vec::new(), forwarder: None }
    }

    /// Starts an event-driven program.
    pub fn start(&mut self, program: Option<ProgramId>, app: impl App + 'static, out: &mut Effects<'_>) -> AppId {
        self.enter(out);
        let id = self.apps.len() as u32;
        if self.apps.is_empty() {
            self.apps.reserve_exact(1);
        }
        self.apps.push(Running { app: Some(Box::new(app)), program });
        self.shared.stack.borrow_mut().events.push_back((id, AppEvent::Start));
        self.settle(out);
        AppId(id)
    }

    /// Starts a program that is an asynchronous function.
    pub fn run<F: Future<Output = ()> + 'static>(
        &mut self,
        program: Option<ProgramId>,
        out: &mut Effects<'_>,
        work: impl FnOnce(Net) -> F,
    ) {
        self.enter(out);
        let net = Net { shared: self.shared.clone(), program };
        self.shared.spawned.borrow_mut().push(Box::pin(work(net)));
        self.settle(out);
    }

    /// Stops the machine: its programs and connections are gone without a packet, and what arrives is dropped.
    pub fn stop(&mut self, out: &mut Effects<'_>) {
        self.enter(out);
        // Tasks let go of their connections as they are dropped; then the connections go.
        self.tasks.clear();
        self.shared.spawned.borrow_mut().clear();
        self.apps.clear();
        let mut stack = self.shared.stack.borrow_mut();
        stack.clear();
        stack.stopped = true;
    }

    /// Lets a stopped machine take packets again; its programs have to be started anew.
    pub fn resume(&mut self) {
        self.shared.stack.borrow_mut().stopped = false;
    }

    /// Gives one of its interfaces other addresses. Connections of an address that is gone live on unheard.
    pub fn set_interface(&mut self, port: PortId, interface: HostInterface) {
        let mut stack = self.shared.stack.borrow_mut();
        let index = port.0 as usize;
        if stack.interfaces.len() <= index {
            stack.interfaces.resize_with(index + 1, HostInterface::default);
        }
        stack.interfaces[index] = interface;
    }

    /// Gives it other blocks of its own: a service's ranges may change at any time (R16).
    pub fn set_prefixes(&mut self, prefixes: Vec<Cidr>) {
        self.shared.stack.borrow_mut().prefixes = prefixes;
    }

    /// Makes it forward packets that are not its own, or stop that.
    pub fn set_forwarder(&mut self, forwarder: Option<Box<dyn Forwarder>>) {
        self.forwarder = forwarder;
    }

    /// The open connections, in the order in which they were made.
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        let stack = self.shared.stack.borrow();
        let open = stack.connections.iter().filter(|(_, connection)| connection.end.is_none());
        let mut list: Vec<_> = open.map(|(_, connection)| connection.info()).collect();
        list.sort_by_key(|info| info.id);
        list
    }

    /// The TCP ports on which somebody listens.
    pub fn listening(&self) -> Vec<u16> {
        self.shared.stack.borrow().listeners.keys().copied().collect()
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        let stack = self.shared.stack.borrow();
        stack.connections.iter().filter(|(_, connection)| connection.end.is_none()).count()
    }

    fn enter(&mut self, out: &Effects<'_>) {
        let mut stack = self.shared.stack.borrow_mut();
        stack.now = out.now();
        stack.node = out.node().0;
        stack.heard = out.sees.notes;
    }

    /// Finds out what a packet is for.
    fn take(&mut self, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        let mut stack = self.shared.stack.borrow_mut();
        let stack = &mut *stack;
        if stack.stopped {
            return out.drop(packet, DropReason::HostStopped, CiteId::NONE);
        }
        let own = stack.owns(packet.dst());
        let packet = match &mut self.forwarder {
            Some(forwarder) => match forwarder.offer(stack.now, from, packet, own, out) {
                Some(packet) => packet,
                None => return,
            },
            None => packet,
        };
        if !own {
            return out.drop(packet, DropReason::NotForHost, CiteId::NONE);
        }
        if stack.settings.verify_checksums && !packet.is_vouched() && !checksums_hold(&packet) {
            return out.drop(packet, DropReason::Malformed, CiteId::NONE);
        }
        let packet = match packet.fragment() {
            Some(_) => match stack.fragment(packet, out) {
                Some(packet) => packet,
                None => return,
            },
            None => packet,
        };
        match packet.protocol() {
            Protocol::TCP => stack.segment(from, packet, out),
            Protocol::UDP => stack.datagram(from, packet, out),
            Protocol::ICMP if packet.is_v4() => stack.icmp(from, packet, out),
            Protocol::ICMPV6 if !packet.is_v4() => stack.icmp(from, packet, out),
            _ => out.drop(packet, DropReason::PortFiltered, CiteId::NONE),
        }
    }

    /// Runs programs until nothing is left to run, then lets their packets out.
    fn settle(&mut self, out: &mut Effects<'_>) {
        for _ in 0..CALLS_MAX {
            self.adopt();
            self.utter(out);
            let event = self.shared.stack.borrow_mut().events.pop_front();
            if let Some((app, event)) = event {
                self.call(app, event, out);
            } else if let Some(task) = self.wakes.as_ref().and_then(|wakes| wakes.pop()) {
                self.poll(task);
            } else {
                let mut stack = self.shared.stack.borrow_mut();
                stack.pump_touched(out);
                let more = !stack.events.is_empty() || !stack.deferred.is_empty();
                drop(stack);
                if !more && self.wakes.as_ref().is_none_or(|wakes| wakes.is_empty()) {
                    return self.arm(out);
                }
            }
        }
        out.arm(out.now(), PROGRAMS);
    }

    /// Makes tasks of what was spawned.
    fn adopt(&mut self) {
        if self.shared.spawned.borrow().is_empty() {
            return;
        }
        let wakes = self.wakes.get_or_insert_default();
        for work in self.shared.spawned.take() {
            let entry = self.tasks.vacant_entry();
            let task = Task::new(entry.key() as u32, work, wakes);
            entry.insert(task);
        }
    }

    fn poll(&mut self, key: u32) {
        let Some(task) = self.tasks.get_mut(key as usize) else { return };
        task.wake.taken();
        let Some(mut work) = task.work.take() else { return };
        let waker = task.waker.clone();
        let done = work.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_ready();
        if done {
            // Dropped here, where the stack is not borrowed.
            drop(work);
            self.tasks.remove(key as usize);
        } else {
            self.tasks[key as usize].work = Some(work);
        }
    }

    fn call(&mut self, app: u32, event: AppEvent, out: &mut Effects<'_>) {
        let Some(running) = self.apps.get_mut(app as usize) else { return };
        let Some(mut program) = running.app.take() else { return };
        let mut stack = self.shared.stack.borrow_mut();
        let ended = match &event {
            AppEvent::Ready(socket) => {
                if let Some(connection) = stack.connection_mut(*socket) {
                    connection.ready = false;
                }
                None
            }
            AppEvent::Ended(socket, _) => Some(*socket),
            _ => None,
        };
        program.on_event(event, &mut AppCx { stack: &mut stack, out, app, program: running.program });
        if let Some(socket) = ended.filter(|socket| stack.connection(*socket).is_some()) {
            stack.release(socket.index);
        }
        running.app = Some(program);
    }

    /// Says what was put off.
    fn utter(&mut self, out: &mut Effects<'_>) {
        let mut stack = self.shared.stack.borrow_mut();
        while let Some(deferred) = stack.deferred.pop_front() {
            match deferred {
                Deferred::Note(note) => out.note(|| note),
                Deferred::Packet(packet) => stack.emit(&packet, out),
            }
        }
    }

    /// Sets the timer of the programs.
    fn arm(&mut self, out: &mut Effects<'_>) {
        let mut stack = self.shared.stack.borrow_mut();
        if let Some(((at, _), _)) = stack.timers.first_key_value() {
            let at = *at;
            if at < stack.timers_armed {
                stack.timers_armed = at;
                out.arm(at, PROGRAMS);
            }
        }
    }

    fn programs_timer(&mut self, now: SimTime) {
        let mut stack = self.shared.stack.borrow_mut();
        if stack.timers_armed <= now {
            stack.timers_armed = SimTime::FAR;
        }
        while let Some(entry) = stack.timers.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                TimerTarget::Task(waker) => waker.wake(),
                TimerTarget::App { app, token } => stack.events.push_back((app, AppEvent::Timer(token))),
            }
        }
    }
}

impl Node for Host {
    fn on_packet(&mut self, _now: SimTime, from: PortId, packet: Packet, out: &mut Effects<'_>) {
        self.enter(out);
        self.take(from, packet, out);
        self.settle(out);
    }

    fn on_timer(&mut self, now: SimTime, token: u64, out: &mut Effects<'_>) {
        self.enter(out);
        if token == PROGRAMS {
            self.programs_timer(now);
        } else {
            self.shared.stack.borrow_mut().connection_timer(token as u32, out);
        }
        self.settle(out);
    }
}
