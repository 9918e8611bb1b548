//! Tuples of connections that are over, remembered for a while so that late segments meet an answer and new connections
//! avoid them. Sends nothing.

use std::collections::VecDeque;

use crate::base::SimTime;
use crate::packet::FiveTuple;

/// What is remembered of a connection: enough to acknowledge a FIN that comes again.
#[derive(Copy, Clone, Debug)]
pub(super) struct TimeWait {
    pub(super) flow: FiveTuple,
    pub(super) carrier: u32,
    pub(super) expires: SimTime,
    /// The next sequence number of our side.
    pub(super) seq: u32,
    /// The next sequence number expected from the peer.
    pub(super) ack: u32,
}

/// All of them, oldest first: each waits equally long, so they expire in the order they came.
#[derive(Debug, Default)]
pub(super) struct TimeWaits {
    queue: VecDeque<TimeWait>,
    /// How many were taken from the front so far: an entry's number never changes.
    taken: u32,
}

impl TimeWaits {
    /// The most that are remembered; then the oldest is forgotten early. (Linux: `tcp_max_tw_buckets`)
    pub(super) const KEPT_MAX: usize = 1 << 16;

    /// Remembers one, under a number.
    pub(super) fn push(&mut self, entry: TimeWait) -> u32 {
        self.queue.push_back(entry);
        self.taken.wrapping_add(self.queue.len() as u32 - 1)
    }

    /// The entry of a number.
    pub(super) fn get(&self, number: u32) -> Option<&TimeWait> {
        self.queue.get(number.wrapping_sub(self.taken) as usize)
    }

    /// Takes the oldest one out with its number, if it has expired or there are too many.
    pub(super) fn pop(&mut self, now: SimTime) -> Option<(u32, TimeWait)> {
        let oldest = self.queue.front()?;
        if now < oldest.expires && self.queue.len() <= Self::KEPT_MAX {
            return None;
        }
        let entry = self.queue.pop_front()?;
        self.taken = self.taken.wrapping_add(1);
        Some((self.taken.wrapping_sub(1), entry))
    }
}
