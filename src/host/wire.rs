//! smoltcp's view of a port: packets in by reference, packets out straight into the engine's pool. Holds no socket.

use smoltcp::iface::{Config, Interface};
use smoltcp::phy::{Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::HardwareAddress;

use crate::base::SimTime;
use crate::engine::Effects;
use crate::packet::{TcpFlags, TcpView};
use crate::trace::PortId;

/// smoltcp counts microseconds; we count nanoseconds and round down.
pub(super) fn instant(at: SimTime) -> Instant {
    Instant::from_micros_const(i64::try_from(at.as_micros()).expect("146 years in microseconds fit"))
}

/// smoltcp's length of ours.
pub(super) fn length(length: std::time::Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(u64::try_from(length.as_micros()).unwrap_or(u64::MAX))
}

/// What a connection sent last: the numbers that TIME-WAIT needs, which smoltcp keeps to itself.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct LastSent {
    /// The highest sequence number sent, behind the segment's end.
    pub(super) next: u32,
    /// The last acknowledgment number sent.
    pub(super) ack: u32,
    /// SYNs sent.
    pub(super) syns: u8,
    /// Whether an RST was sent.
    pub(super) reset: bool,
}

/// A port of the host for the length of one poll.
pub(super) struct Wire<'a, 'e> {
    pub(super) out: &'a mut Effects<'e>,
    pub(super) received: Option<&'a [u8]>,
    pub(super) port: PortId,
    pub(super) ttl: u8,
    pub(super) mtu: u16,
    pub(super) last: &'a mut LastSent,
}

/// A packet of the host that arrives.
pub(super) struct Rx<'a>(&'a [u8]);

/// The place of a packet that leaves.
pub(super) struct Tx<'a, 'e> {
    out: &'a mut Effects<'e>,
    last: &'a mut LastSent,
    port: PortId,
    ttl: u8,
}

/// The longest headers of a segment: IPv6, and TCP with all its options.
const HEADERS_MAX: usize = 40 + 60;

/// What smoltcp is told of every port of that MTU. Checksums of what arrives are checked before smoltcp sees it.
fn capabilities(mtu: u16) -> DeviceCapabilities {
    let mut checksum = ChecksumCapabilities::default();
    checksum.ipv4 = Checksum::Tx;
    checksum.tcp = Checksum::Tx;
    let mut capabilities = DeviceCapabilities::default();
    capabilities.medium = Medium::Ip;
    capabilities.max_transmission_unit = usize::from(mtu);
    capabilities.checksum = checksum;
    capabilities
}

impl<'e> Device for Wire<'_, 'e> {
    type RxToken<'t>
        = Rx<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Tx<'t, 'e>
    where
        Self: 't;

    fn receive(&mut self, _at: Instant) -> Option<(Rx<'_>, Tx<'_, 'e>)> {
        let bytes = self.received.take()?;
        Some((Rx(bytes), Tx { out: self.out, last: self.last, port: self.port, ttl: self.ttl }))
    }

    fn transmit(&mut self, _at: Instant) -> Option<Tx<'_, 'e>> {
        Some(Tx { out: self.out, last: self.last, port: self.port, ttl: self.ttl })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        capabilities(self.mtu)
    }
}

impl RxToken for Rx<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

impl TxToken for Tx<'_, '_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut result = None;
        let packet = self.out.packet_of(len, |buffer| {
            // smoltcp sets every byte of its packets; that no header shows an old one does not rest on it.
            buffer[..len.min(HEADERS_MAX)].fill(0);
            result = Some(f(buffer));
        });
        if let Ok(mut packet) = packet {
            packet.vouch();
            // Answers that smoltcp makes by itself have a time to live of 64.
            if packet.ttl() != self.ttl {
                packet.set_ttl(self.ttl);
            }
            if let Some(tcp) = packet.tcp() {
                self.last.record(&tcp);
            }
            self.out.send(self.port, packet);
        }
        result.expect("the pool asks for the bytes once")
    }
}

impl LastSent {
    fn record(&mut self, tcp: &TcpView) {
        if tcp.flags.has(TcpFlags::SYN) {
            self.syns = self.syns.saturating_add(1);
            self.next = tcp.seq;
        }
        let end = tcp.seq.wrapping_add(tcp.segment_len());
        // Retransmissions lie behind: the highest counts, in the order of sequence numbers (RFC 9293 section 3.4).
        if end.wrapping_sub(self.next) < 1 << 31 {
            self.next = end;
        }
        if tcp.flags.has(TcpFlags::ACK) {
            self.ack = tcp.ack;
        }
        self.reset |= tcp.flags.has(TcpFlags::RST);
    }
}

/// An interface of that MTU. It has no addresses: whether a packet is the host's is decided before.
pub(super) fn interface(mtu: u16, seed: u64, at: SimTime) -> Interface {
    struct Blank(u16);
    impl Device for Blank {
        type RxToken<'t> = Rx<'t>;
        type TxToken<'t> = NoTx;
        fn receive(&mut self, _at: Instant) -> Option<(Rx<'_>, NoTx)> {
            None
        }
        fn transmit(&mut self, _at: Instant) -> Option<NoTx> {
            None
        }
        fn capabilities(&self) -> DeviceCapabilities {
            capabilities(self.0)
        }
    }
    struct NoTx;
    impl TxToken for NoTx {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
            f(&mut vec![0; len])
        }
    }
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed;
    let mut interface = Interface::new(config, &mut Blank(mtu), instant(at));
    interface.set_any_ip(true);
    interface
}
