//! NAT mappings against a model: no two live ones share an outside tuple, translation goes back, and time is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::{NatLimits, NatTable, Refusal};
use super::lab::{LIMITS, ip};
use crate::base::SimTime;
use crate::packet::{FiveTuple, Protocol, TcpFlags};

const NAT: &str = "10.0.9.5";

fn tuple(protocol: Protocol, host: u8, port: u16, server: u8, server_port: u16) -> FiveTuple {
    let src = ip(&format!("10.0.1.{host}"));
    let dst = ip(&format!("8.8.8.{server}"));
    match protocol.is_icmp() {
        true => FiveTuple { protocol, src, dst, src_port: port, dst_port: port },
        false => FiveTuple { protocol, src, dst, src_port: port, dst_port: server_port },
    }
}

/// What the model knows of a live mapping.
#[derive(Clone, Debug)]
struct Known {
    outside: FiveTuple,
    seen: SimTime,
    fins: [bool; 2],
    closes: Option<SimTime>,
}

impl Known {
    fn deadline(&self, limits: &NatLimits) -> SimTime {
        self.closes.unwrap_or_else(|| self.seen.after(limits.idle_timeout))
    }

    fn see(&mut self, now: SimTime, flags: TcpFlags, inside: bool, limits: &NatLimits) {
        self.seen = now;
        if inside && flags.opens() {
            (self.closes, self.fins) = (None, [false; 2]);
        }
        if self.closes.is_none() {
            self.fins[usize::from(inside)] |= flags.has(TcpFlags::FIN);
            if self.fins == [true; 2] || flags.has(TcpFlags::RST) {
                self.closes = Some(now.after(limits.closing));
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Act {
    pause: u64,
    tuple: FiveTuple,
    flags: u8,
    inside: bool,
}

fn any_act() -> impl Strategy<Value = Act> {
    let protocol = prop::sample::select(vec![Protocol::TCP, Protocol::UDP, Protocol::ICMP]);
    let tuple = (protocol, 1u8..4, 1u16..6, 1u8..3, 1u16..3).prop_map(|(p, h, sp, s, dp)| tuple(p, h, sp, s, dp));
    let flags = prop::sample::select(vec![
        TcpFlags::SYN,
        TcpFlags::ACK,
        TcpFlags::ACK,
        TcpFlags::FIN | TcpFlags::ACK,
        TcpFlags::RST,
    ]);
    (prop::sample::select(vec![0u64, 0, 0, 1, 20, 59, 60, 349, 350]), tuple, flags, any::<bool>()).prop_map(
        |(pause, tuple, flags, inside)| {
            let flags = if tuple.protocol == Protocol::TCP { flags } else { 0 };
            Act { pause, tuple, flags, inside }
        },
    )
}

proptest! {
    #[test]
    fn it_agrees_with_the_model(acts in prop::collection::vec(any_act(), 1..200), per_destination in 1u32..8) {
        let limits = NatLimits { per_destination, ..LIMITS };
        let mut table = NatTable::new(limits);
        let mut model: BTreeMap<FiveTuple, Known> = BTreeMap::new();
        let mut now = SimTime::ZERO;
        for Act { pause, tuple, flags, inside } in acts {
            now = now.after(Duration::from_secs(pause));
            model.retain(|_, known| now < known.deadline(&limits));
            let flags = TcpFlags(flags);
            if !inside {
                // An answer to the translated tuple, if the connection is known; else to one that nobody has.
                let outside = model.get(&tuple).map_or(FiveTuple { src: ip(NAT), ..tuple }, |known| known.outside);
                let owner = model.iter().find(|(_, known)| known.outside == outside).map(|(inside, _)| *inside);
                let found = table.inbound(now, &outside.reversed(), flags).map(|mapping| mapping.inside);
                prop_assert_eq!(found, owner, "an answer goes to whom the connection belongs");
                if let Some(known) = owner.and_then(|owner| model.get_mut(&owner)) {
                    known.see(now, flags, false, &limits);
                }
                continue;
            }
            let found = table.outbound(now, &tuple, flags).map(|mapping| mapping.outside);
            prop_assert_eq!(found, model.get(&tuple).map(|known| known.outside));
            if let Some(known) = model.get_mut(&tuple) {
                known.see(now, flags, true, &limits);
                continue;
            }
            let same_destination = |other: &FiveTuple| {
                let ports = tuple.protocol.is_icmp() || other.dst_port == tuple.dst_port;
                other.protocol == tuple.protocol && other.dst == tuple.dst && ports
            };
            let used = model.keys().filter(|other| same_destination(other)).count();
            match table.allocate(now, &tuple, ip(NAT)) {
                Ok(mapping) => {
                    let outside = mapping.outside;
                    prop_assert!(used < per_destination as usize);
                    prop_assert!(model.values().all(|known| known.outside != outside), "nobody else has it");
                    prop_assert_eq!((outside.src, outside.dst), (ip(NAT), tuple.dst));
                    prop_assert!(1_024 <= outside.src_port, "ports below 1,024 are not used");
                    let mut known = Known { outside, seen: now, fins: [false; 2], closes: None };
                    known.seen = now;
                    model.insert(tuple, known);
                }
                Err(why) => {
                    prop_assert_eq!(why, Refusal::PortsExhausted);
                    prop_assert_eq!(used, per_destination as usize, "a port is refused only if all are in use");
                }
            }
            // Looking without counting sees the same.
            if let Some(known) = model.get(&tuple) {
                prop_assert_eq!(table.find_inside(&tuple).map(|mapping| mapping.outside), Some(known.outside));
                prop_assert_eq!(table.find_outside(&known.outside).map(|mapping| mapping.inside), Some(tuple));
            }
        }
        prop_assert!(model.len() <= table.len());
    }
}

#[test]
fn all_ports_above_1023_serve_and_no_more() {
    // The era's limit of 65,000 is more than there are ports (facts, table of section 0).
    let mut table = NatTable::new(NatLimits { per_destination: 65_000, ..LIMITS });
    for index in 0..64_512u32 {
        let tuple = tuple(Protocol::TCP, (index >> 14) as u8, (index & 0x3fff) as u16, 1, 443);
        let port = table.allocate(SimTime::ZERO, &tuple, ip(NAT)).expect("a port").outside.src_port;
        assert_eq!(u32::from(port), 1_024 + index);
    }
    let one_more = tuple(Protocol::TCP, 200, 1, 1, 443);
    assert_eq!(table.allocate(SimTime::ZERO, &one_more, ip(NAT)).err(), Some(Refusal::PortsExhausted));
    let mut today = NatTable::new(LIMITS);
    let fits = (0..60_000u32).filter(|index| {
        let tuple = tuple(Protocol::TCP, (index >> 14) as u8, (index & 0x3fff) as u16, 1, 443);
        today.allocate(SimTime::ZERO, &tuple, ip(NAT)).is_ok()
    });
    assert_eq!(fits.count(), 55_000);
}

#[test]
fn what_is_forgotten_gives_its_memory_back() {
    let mut table = NatTable::new(LIMITS);
    for round in 0..5u64 {
        let now = SimTime::from_secs(round * 1_000);
        for port in 0..1_000 {
            table.allocate(now, &tuple(Protocol::UDP, 1, port, 1, 53), ip(NAT)).expect("a port");
        }
        assert_eq!(table.len(), 1_000);
    }
    assert_eq!(table.idle_timeouts, 4_000);
    table.clear();
    assert_eq!((table.len(), table.idle_timeouts), (0, 4_000));
}
