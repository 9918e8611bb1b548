//! Used packets, waiting to be used again: the newest first, while its bytes are still in the cache. Sends nothing.

use super::ip::{Inner, Malformed, Packet};

/// A store of boxes for packets.
#[derive(Default)]
pub struct PacketPool {
    #[expect(clippy::vec_box, reason = "the boxes are what is kept: a packet is one pointer wide")]
    free: Vec<Box<Inner>>,
    /// Boxes whose packet was short: a long packet that grew out of one would have to clear what it gains.
    #[expect(clippy::vec_box, reason = "the boxes are what is kept: a packet is one pointer wide")]
    free_short: Vec<Box<Inner>>,
}

impl PacketPool {
    /// The most boxes kept; more go back to the allocator.
    pub const KEPT_MAX: usize = 4_096;
    /// The longest packet that is short: one without payload.
    const SHORT: usize = 128;

    /// A pool without boxes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a packet of the bytes that `write` puts into an empty buffer.
    pub fn packet(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Packet, Malformed> {
        let mut inner = self.take(0);
        inner.bytes.clear();
        write(&mut inner.bytes);
        self.parse(inner)
    }

    /// Makes a packet of `len` bytes, which `write` sets, all of them: they may hold what they held before.
    pub(crate) fn packet_of(&mut self, len: usize, write: impl FnOnce(&mut [u8])) -> Result<Packet, Malformed> {
        let mut inner = self.take(len);
        inner.bytes.resize(len, 0);
        write(&mut inner.bytes);
        self.parse(inner)
    }

    fn take(&mut self, len: usize) -> Box<Inner> {
        let (first, second) = match len <= Self::SHORT {
            true => (&mut self.free_short, &mut self.free),
            false => (&mut self.free, &mut self.free_short),
        };
        first.pop().or_else(|| second.pop()).unwrap_or_else(|| Box::new(Inner::empty(Vec::new())))
    }

    fn parse(&mut self, inner: Box<Inner>) -> Result<Packet, Malformed> {
        Packet::parse_into(inner).map_err(|(why, inner)| {
            self.keep(inner);
            why
        })
    }

    /// Takes the box of a packet that has ended.
    pub fn recycle(&mut self, packet: Packet) {
        self.keep(packet.into_inner());
    }

    fn keep(&mut self, inner: Box<Inner>) {
        let free = if inner.bytes.len() <= Self::SHORT { &mut self.free_short } else { &mut self.free };
        if free.len() < Self::KEPT_MAX {
            free.push(inner);
        }
    }
}
