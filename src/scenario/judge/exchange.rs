//! Packets of a program at a point, compared with a pattern of them.

use std::collections::BTreeSet;

use super::bench::{Bench, Seen};
use crate::packet::TcpFlags;
use crate::scenario::expectation::{PacketPattern, Window};
use crate::scenario::watch::Passage;
use crate::trace::ProgramId;

/// The most packets told.
const TOLD_MAX: usize = 24;

impl Bench<'_> {
    pub(super) fn exchanges(
        &self,
        id: ProgramId,
        at: &str,
        packets: &[PacketPattern],
        exactly: bool,
        window: &Window,
    ) -> Seen {
        let (from, to) = self.span(window);
        let own: BTreeSet<usize> = self.watch.flows_of(id).into_iter().collect();
        let far: BTreeSet<usize> = own.iter().flat_map(|index| self.watch.flows[*index].far.iter().copied()).collect();
        let points = self.nodes(at);
        let passages: Vec<(&Passage, bool)> = self
            .watch
            .passages
            .iter()
            .filter(|passage| points.contains(&passage.node) && from <= passage.at && passage.at <= to)
            .filter_map(|passage| {
                let origin = passage.origin?;
                (own.contains(&origin) || far.contains(&origin)).then(|| (passage, own.contains(&origin)))
            })
            .collect();
        let mut wanted = packets.iter().peekable();
        let mut began = false;
        for (passage, outward) in &passages {
            let Some(pattern) = wanted.peek() else { break };
            if pattern_fits(pattern, passage, *outward) {
                wanted.next();
                began = true;
            } else if exactly && began {
                break;
            }
        }
        let told: Vec<String> = passages.iter().take(TOLD_MAX).map(|(p, outward)| passage_text(p, *outward)).collect();
        let more = passages.len().saturating_sub(TOLD_MAX);
        let more = if more == 0 { String::new() } else { format!(" … and {more} more") };
        match wanted.peek() {
            None => Ok(format!("{}{more}", told.join(", "))),
            Some(missing) => Err(format!("no `{}` in {}{more}", missing.text, told.join(", "))),
        }
    }
}

fn pattern_fits(pattern: &PacketPattern, passage: &Passage, outward: bool) -> bool {
    pattern.outward == outward
        && flags_fit(&pattern.flags, passage.flags)
        && pattern.payload.is_none_or(|bytes| bytes == passage.payload as u64)
        && pattern.source.is_none_or(|block| block.contains(passage.tuple.src))
        && pattern.destination.is_none_or(|block| block.contains(passage.tuple.dst))
        && pattern.source_port.is_none_or(|port| port == passage.tuple.src_port)
        && pattern.destination_port.is_none_or(|port| port == passage.tuple.dst_port)
}

/// All flags must agree but PSH, which says nothing about a connection: it counts only where the pattern names it.
fn flags_fit(wanted: &str, flags: TcpFlags) -> bool {
    let wanted_bits = wanted.chars().fold(0, |bits, letter| {
        bits | match letter {
            'F' => TcpFlags::FIN,
            'S' => TcpFlags::SYN,
            'R' => TcpFlags::RST,
            'P' => TcpFlags::PSH,
            'A' => TcpFlags::ACK,
            _ => 0,
        }
    });
    let without_push = |bits: u8| bits & !(TcpFlags::PSH | 0x20);
    without_push(wanted_bits) == without_push(flags.0) && (wanted_bits & TcpFlags::PSH == 0 || flags.has(TcpFlags::PSH))
}

fn passage_text(passage: &Passage, outward: bool) -> String {
    let way = if outward { '>' } else { '<' };
    let letters =
        [(TcpFlags::FIN, 'F'), (TcpFlags::SYN, 'S'), (TcpFlags::RST, 'R'), (TcpFlags::PSH, 'P'), (TcpFlags::ACK, 'A')];
    let flags: String = letters.iter().filter(|(flag, _)| passage.flags.has(*flag)).map(|(_, letter)| letter).collect();
    let length = if passage.payload == 0 { String::new() } else { format!(" len {}", passage.payload) };
    format!("{way} {flags}{length}")
}
