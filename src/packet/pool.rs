//! Used packets, waiting to be used again: the newest first, while its bytes are still in the cache. Sends nothing.

use super::ip::{Inner, Malformed, Packet};

/// A store of boxes for packets.
#[derive(Default)]
pub struct PacketPool {
    #[expect(clippy::vec_box, reason = "the boxes are what is kept: a packet is one pointer wide")]
    free: Vec<Box<Inner>>,
}

impl PacketPool {
    /// The most boxes kept; more go back to the allocator.
    pub const KEPT_MAX: usize = 4_096;

    /// A pool without boxes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a packet of the bytes that `write` puts into an empty buffer.
    pub fn packet(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Packet, Malformed> {
        let mut inner = self.take();
        inner.bytes.clear();
        write(&mut inner.bytes);
        self.parse(inner)
    }

    /// Makes a packet of `len` bytes, which `write` sets, all of them: they may hold what they held before.
    pub(crate) fn packet_of(&mut self, len: usize, write: impl FnOnce(&mut [u8])) -> Result<Packet, Malformed> {
        let mut inner = self.take();
        inner.bytes.resize(len, 0);
        write(&mut inner.bytes);
        self.parse(inner)
    }

    fn take(&mut self) -> Box<Inner> {
        self.free.pop().unwrap_or_else(|| Box::new(Inner::empty(Vec::new())))
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
        if self.free.len() < Self::KEPT_MAX {
            self.free.push(inner);
        }
    }
}
