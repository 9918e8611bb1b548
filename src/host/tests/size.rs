//! What hosts and connections weigh, and that many of them do not slow one down.

use std::net::SocketAddr;
use std::time::Duration;

use super::bed::{A, B, ip};
use crate::base::SimTime;
use crate::engine::{Engine, LineSpec, LinkSpec};
use crate::host::connection::Connection;
use crate::host::stack::Stack;
use crate::host::{App, AppCx, AppEvent, ConnectOptions, Host, HostConfig, HostSettings, ListenOptions, SocketId};
use crate::trace::PortId;

#[test]
fn hosts_and_connections_are_light() {
    let idle = size_of::<Host>() + size_of::<Stack>() + 64;
    assert!(idle <= 1_024, "an idle host takes {idle} bytes");
    let connection = size_of::<Connection>() + size_of::<smoltcp::iface::SocketStorage<'static>>() + 128;
    assert!(connection <= 2_560, "a connection takes {connection} bytes without its buffers");
}

/// Opens many connections, then writes and reads on the first one.
struct Many {
    to: SocketAddr,
    left: u32,
    first: Option<SocketId>,
    opened: u32,
}

impl App for Many {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => cx.arm(cx.now(), 0),
            AppEvent::Timer(0) => {
                // Destination ports differ, so that more connections than local ports are possible.
                for _ in 0..self.left.min(100) {
                    self.left -= 1;
                    self.to.set_port(80 + (self.left % 8) as u16);
                    let socket = cx.connect(self.to, &ConnectOptions::default()).expect("a free port");
                    self.first.get_or_insert(socket);
                }
                if 0 < self.left {
                    cx.arm(cx.now().after(Duration::from_millis(1)), 0);
                }
            }
            AppEvent::Timer(_) => {
                let first = self.first.expect("it was opened");
                cx.send(first, |space| (space.len().min(16), ())).expect("it stands");
            }
            AppEvent::Connected(_) => self.opened += 1,
            AppEvent::Ended(_, end) => panic!("a connection ended: {end:?}"),
            _ => {}
        }
        if let AppEvent::Connected(socket) = event
            && Some(socket) == self.first
        {
            cx.arm(SimTime::from_secs(10), 1);
        }
    }
}

struct Takes;

impl App for Takes {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                let small = ListenOptions {
                    receive_buffer: Some(64),
                    send_buffer: Some(64),
                    ..ListenOptions::backlog(1_000_000)
                };
                for port in 80..88 {
                    cx.listen(port, small.clone()).expect("a free port");
                }
            }
            AppEvent::Ready(socket) => {
                let _ = cx.recv(socket, |bytes| (bytes.len(), ()));
            }
            _ => {}
        }
    }
}

/// Opens `count` connections between two hosts; how many events one more exchange takes.
fn exchange_beside(count: u32) -> u64 {
    let mut engine = Engine::new();
    let settings = HostSettings { receive_buffer: 64, send_buffer: 64, ..HostSettings::default() };
    let a = engine.add(Host::new(HostConfig::new("a", 1, [ip(A)]).with(settings.clone())));
    let b = engine.add(Host::new(HostConfig::new("b", 1, [ip(B)]).with(settings)));
    let line = LineSpec::delayed(Duration::from_micros(50), 1_500);
    engine.connect((a, PortId(0)), (b, PortId(0)), LinkSpec::both(line));
    engine.with(b, &mut (), |host: &mut Host, out| host.start(None, Takes, out));
    let many = Many { to: SocketAddr::new(ip(B), 80), left: count, first: None, opened: 0 };
    engine.with(a, &mut (), |host: &mut Host, out| host.start(None, many, out));
    engine.run_until(SimTime::from_secs(10), u64::MAX, &mut ());
    for node in [a, b] {
        let host: &Host = engine.node(node).expect("a host");
        assert_eq!(host.connection_count(), count as usize);
    }
    let before = engine.counters().events;
    engine.run_until(SimTime::from_secs(60), u64::MAX, &mut ());
    engine.counters().events - before
}

#[test]
fn an_exchange_beside_twenty_thousand_idle_connections_takes_as_many_events_as_alone() {
    assert_eq!(exchange_beside(20_000), exchange_beside(1));
}
