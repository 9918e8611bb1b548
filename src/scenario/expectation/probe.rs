//! The programs that ask on behalf of `reaches` and `does-not-reach`.

use std::time::Duration;

use super::read::Known;
use crate::notation::{View, decode};
use crate::scenario::context::Cx;
use crate::scenario::program::{Program, target};
use crate::scenario::timeline::{Due, Event};
use crate::service::spec::*;

/// How long a probe waits for its answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The programs that ask on behalf of an expectation, by name.
pub(super) fn probes(
    cx: &mut Cx<'_>,
    known: &Known<'_>,
    view: &View<'_>,
    out: &mut Vec<Program>,
) -> Option<Vec<String>> {
    let node = view.node("to")?;
    let to = target(cx, known.machines, node)?;
    let port = view.port("port").unwrap_or(443);
    let due = Due {
        at: view.duration("at"),
        when: view.node("after").and_then(|node| known.labels.find(node, cx.problems)).map(Event::Step),
        after: Duration::ZERO,
    };
    let mut names = Vec::new();
    for from in view.items("from") {
        for machine in known.machines.find(cx, from) {
            let who = &known.machines.all[machine].name;
            let (to, text) = (to.clone(), decode::text(node).ok()?);
            let (does, how) = match view.text("protocol") {
                Some("icmp") => (Does::Ping(ping(to)), "ping".to_owned()),
                Some("udp") => (Does::Udp(datagram(to, port)), format!("udp {port}")),
                _ => (Does::Tcp(connect(to, port)), format!("tcp {port}")),
            };
            let name = format!("probe {}: {who} to {text} {how}", out.len() + 1);
            let spec = ProgramSpec { name: name.clone(), does };
            out.push(Program { name: name.clone(), spec, machine, start: due.clone(), span: node.span });
            names.push(name);
        }
    }
    Some(names)
}

fn ping(to: Target) -> PingSpec {
    let (ttl, dont_fragment) = (None, false);
    PingSpec { to, bytes: 56, count: 1, interval: PROBE_TIMEOUT, timeout: PROBE_TIMEOUT, ttl, dont_fragment }
}

fn datagram(to: Target, port: u16) -> UdpSpec {
    UdpSpec { to, port, bytes: 32, count: 1, interval: PROBE_TIMEOUT, reply_timeout: Some(PROBE_TIMEOUT) }
}

fn connect(to: Target, port: u16) -> TcpSpec {
    TcpSpec {
        repeat: Repeat::ONCE,
        to,
        port,
        local_port: None,
        script: vec![TcpStep::Close],
        connect_timeout: Some(PROBE_TIMEOUT),
        read_timeout: Some(PROBE_TIMEOUT),
        keep_alive: None,
        retry: Retry::NONE,
    }
}
