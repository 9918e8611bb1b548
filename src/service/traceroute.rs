//! The hops to a host, found by packets with a rising time to live. Guesses nothing about silent hops.

use super::failure::Failure;
use super::lookup::{Lookup, find};
use super::spec::{TracerouteBy, TracerouteSpec};
use crate::host::{Net, NetError, Probe, ProbeKind, ProbeReply};
use crate::packet::IcmpError;
use crate::trace::{Cause, ProgramNote};

/// Bytes of payload of each probe: with the headers 60, as `traceroute` sends.
const PROBE_BYTES: usize = 32;
/// Probes of a hop before it counts as silent, as `traceroute` sends.
const PROBES_PER_HOP: u32 = 3;

/// Follows the spec, and says what came of it.
pub async fn traceroute(net: Net, spec: TracerouteSpec, lookup: Lookup) {
    net.note(ProgramNote::Started);
    let note = match hops(&net, &spec, &lookup).await {
        Ok(what) => ProgramNote::Completed { what },
        Err(failure) => failure.note(),
    };
    net.note(note);
}

async fn hops(net: &Net, spec: &TracerouteSpec, lookup: &Lookup) -> Result<String, Failure> {
    let to = find(net, &spec.to, lookup).await?;
    let mut number: u16 = 0;
    for hop in 1..=spec.hops_max.max(1) {
        let mut answer = None;
        for _ in 0..PROBES_PER_HOP {
            number = number.wrapping_add(1);
            let kind = match spec.by {
                TracerouteBy::Udp { port } => {
                    ProbeKind::Udp { port: port.saturating_add(number - 1), bytes: PROBE_BYTES }
                }
                TracerouteBy::Icmp => ProbeKind::Echo {
                    identifier: net.program().map_or(0, |program| program.0 as u16),
                    sequence: number,
                    bytes: PROBE_BYTES,
                },
                TracerouteBy::Tcp { port } => ProbeKind::Syn { port },
            };
            let probe = Probe { ttl: Some(hop), ..Probe::new(to, kind) };
            answer = net.probe(&probe, spec.timeout).await?;
            if answer.is_some() {
                break;
            }
        }
        let Some(answer) = answer else {
            net.note(ProgramNote::Said(format!("{hop}  *")));
            continue;
        };
        let error = match answer.reply {
            ProbeReply::Error(error) => Some(error),
            ProbeReply::Echo | ProbeReply::Datagram | ProbeReply::SynAck | ProbeReply::Reset => None,
        };
        let (from, ttl, after, bytes) = (answer.from, answer.ttl, answer.after, answer.bytes);
        net.note(ProgramNote::Reply { from, sequence: u16::from(hop), ttl, after, bytes, error });
        match error {
            Some(IcmpError::TimeExceeded) => {}
            // The port of a UDP probe is closed on purpose: its host says that the probe arrived.
            None => return Ok(reached(to, hop)),
            Some(IcmpError::PortUnreachable) if from == to => return Ok(reached(to, hop)),
            Some(error) => {
                let error = NetError::Unreachable { error, from };
                return Err(Failure { text: format!("{error}, says {from} at hop {hop}"), cause: error.cause() });
            }
        }
    }
    Err(Failure::new(Cause::TimedOut, format!("no answer from {to} within {} hops", spec.hops_max)))
}

fn reached(to: std::net::IpAddr, hop: u8) -> String {
    format!("{to} reached after {hop} {}", if hop == 1 { "hop" } else { "hops" })
}
