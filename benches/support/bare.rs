//! Two bare smoltcp stacks and two queues of packets between them: no simulator, no network, a poll for each packet. The
//! yardstick of bulk transfer.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, Ipv4Address};

use super::programs::fill;

/// A full packet of 1,500 bytes takes so long on a link of 10 Gbit/s; the clock of smoltcp counts whole ones.
const PACKET_MICROS: i64 = 1;

/// A queue of packets in one direction, and the buffers that come back from it.
#[derive(Default)]
struct Queue {
    packets: VecDeque<Vec<u8>>,
    free: Vec<Vec<u8>>,
}

/// One end, for the length of one poll.
struct Port<'a> {
    received: Option<&'a [u8]>,
    out: &'a mut Queue,
}

struct Rx<'a>(&'a [u8]);

struct Tx<'a>(&'a mut Queue);

impl Device for Port<'_> {
    type RxToken<'t>
        = Rx<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Tx<'t>
    where
        Self: 't;

    fn receive(&mut self, _at: Instant) -> Option<(Rx<'_>, Tx<'_>)> {
        Some((Rx(self.received.take()?), Tx(self.out)))
    }

    fn transmit(&mut self, _at: Instant) -> Option<Tx<'_>> {
        Some(Tx(self.out))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

impl RxToken for Rx<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

impl TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = self.0.free.pop().unwrap_or_default();
        packet.resize(len, 0);
        let result = f(&mut packet);
        self.0.packets.push_back(packet);
        result
    }
}

/// A stack with one socket.
struct End {
    interface: Interface,
    set: SocketSet<'static>,
    handle: SocketHandle,
}

impl End {
    fn new(address: [u8; 4], buffer: usize) -> Self {
        let mut queue = Queue::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = u64::from(address[3]);
        let mut port = Port { received: None, out: &mut queue };
        let mut interface = Interface::new(config, &mut port, Instant::ZERO);
        let address = Ipv4Address::from_octets(address);
        interface.update_ip_addrs(|all| all.push(IpCidr::new(IpAddress::Ipv4(address), 24)).expect("room for one"));
        let mut socket = Socket::new(SocketBuffer::new(vec![0; buffer]), SocketBuffer::new(vec![0; buffer]));
        socket.set_ack_delay(Some(Duration::from_millis(10)));
        socket.set_nagle_enabled(false);
        socket.set_congestion_control(CongestionControl::Cubic);
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        Self { interface, set, handle }
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.set.get_mut(self.handle)
    }

    /// Everything that may leave now.
    fn emit(&mut self, at: Instant, out: &mut Queue) {
        let mut port = Port { received: None, out };
        while self.interface.poll_egress(at, &mut port, &mut self.set) != PollResult::None {}
    }

    /// One packet in.
    fn take(&mut self, at: Instant, packet: &[u8], out: &mut Queue) {
        let mut port = Port { received: Some(packet), out };
        self.interface.poll_ingress_single(at, &mut port, &mut self.set);
    }
}

/// The pair.
pub(crate) struct Bare {
    client: End,
    server: End,
    there: Queue,
    back: Queue,
    micros: i64,
    received: u64,
}

impl Bare {
    /// With a connection that stands.
    pub(crate) fn new(buffer: usize) -> Self {
        let (mut client, mut server) = (End::new([10, 0, 0, 1], buffer), End::new([10, 0, 0, 2], buffer));
        server.socket().listen(443).expect("a port");
        let End { interface, set, handle } = &mut client;
        let to = (IpAddress::v4(10, 0, 0, 2), 443);
        set.get_mut::<Socket<'_>>(*handle).connect(interface.context(), to, 50_000).expect("a free port");
        let (there, back) = Default::default();
        Self { client, server, there, back, micros: 0, received: 0 }
    }

    /// The client writes what there is room for, and sends what it may.
    fn push(&mut self, at: Instant) {
        while self.client.socket().can_send() && self.client.socket().send(fill).is_ok_and(|count| 0 < count) {}
        self.client.emit(at, &mut self.there);
    }

    /// Moves so many bytes from the client to the server.
    pub(crate) fn transfer(&mut self, bytes: u64) {
        let goal = self.received + bytes;
        while self.received < goal {
            self.micros += PACKET_MICROS;
            let at = Instant::from_micros(self.micros);
            self.push(at);
            // Acknowledgments let the client go on sending: the queue need never be empty.
            while self.received < goal
                && let Some(packet) = self.there.packets.pop_front()
            {
                self.micros += PACKET_MICROS;
                let at = Instant::from_micros(self.micros);
                self.server.take(at, &packet, &mut self.back);
                self.there.free.push(packet);
                let socket = self.server.socket();
                while socket.can_recv() {
                    let count = socket.recv(|bytes| (bytes.len(), bytes.len())).unwrap_or(0);
                    self.received += count as u64;
                }
                self.server.emit(at, &mut self.back);
                while let Some(packet) = self.back.packets.pop_front() {
                    self.client.take(at, &packet, &mut self.there);
                    self.back.free.push(packet);
                    self.push(at);
                }
            }
        }
    }
}
