//! What tasks do besides TCP: UDP sockets, echo requests, probes. Knows no packet.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::connection::Owner;
use super::datagram::{SendOptions, UdpMessage};
use super::error::NetError;
use super::probe::{Probe, ProbeAnswer, ProbeId, ProbeKind, ProbeReply};
use super::stream::register;
use super::task::{Net, Shared};
use crate::packet::IcmpError;

/// A UDP socket of a task. Dropped, its port is free again.
pub struct UdpSocket {
    shared: Rc<Shared>,
    port: u16,
}

impl UdpSocket {
    /// Its local port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a datagram as usual.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> Result<(), NetError> {
        self.send_with(bytes, to, SendOptions::default())
    }

    /// Sends a datagram.
    pub fn send_with(&self, bytes: &[u8], to: SocketAddr, options: SendOptions) -> Result<(), NetError> {
        self.shared.stack.borrow_mut().send_datagram(self.port, to, bytes, options)
    }

    /// Waits for the next datagram, or the next ICMP error about one that was sent.
    pub async fn recv(&self) -> UdpMessage {
        poll_fn(|cx| {
            let mut stack = self.shared.stack.borrow_mut();
            if let Some(message) = stack.take_message(self.port) {
                return Poll::Ready(message);
            }
            if let Some(udp) = stack.rare().udp.get_mut(&self.port) {
                register(&mut udp.waker, cx.waker());
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        if let Ok(mut stack) = self.shared.stack.try_borrow_mut() {
            stack.rare().udp.remove(&self.port);
        }
    }
}

/// How an echo request is sent.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct PingOptions {
    /// Names the asking program.
    pub identifier: u16,
    /// Names the request.
    pub sequence: u16,
    /// Bytes of payload; `ping` sends 56.
    pub bytes: usize,
    /// Time to live, if not the host's.
    pub ttl: Option<u8>,
    /// Whether routers may not fragment it.
    pub dont_fragment: bool,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

impl Default for PingOptions {
    fn default() -> Self {
        let timeout = Duration::from_secs(1);
        Self { identifier: 1, sequence: 1, bytes: 56, ttl: None, dont_fragment: false, timeout }
    }
}

/// The answer to an echo request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct PingReply {
    /// Who answered.
    pub from: IpAddr,
    /// Of which request.
    pub sequence: u16,
    /// The answer's time to live, as received.
    pub ttl: u8,
    /// Bytes behind the answer's IP header: payload and eight more.
    pub bytes: usize,
    /// How long it took.
    pub after: Duration,
    /// `None` for an echo reply; what the ICMP error says otherwise.
    pub error: Option<IcmpError>,
}

/// What a SYN probe finds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    /// SYN-ACK.
    Open,
    /// RST.
    Closed,
    /// Silence, or an ICMP error and who sent it.
    Filtered(Option<(IcmpError, IpAddr)>),
}

/// A probe that is forgotten when its asker is no longer interested.
struct Pending {
    shared: Rc<Shared>,
    id: ProbeId,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Ok(mut stack) = self.shared.stack.try_borrow_mut() {
            stack.forget_probe(self.id);
        }
    }
}

impl Net {
    /// Takes a UDP port, or any free one.
    pub fn udp(&self, port: Option<u16>) -> Result<UdpSocket, NetError> {
        let port = self.shared.stack.borrow_mut().bind(port, Owner::Task, self.program)?;
        Ok(UdpSocket { shared: self.shared.clone(), port })
    }

    /// Sends a packet that asks, and waits for its answer; `None` if none comes within `patience`.
    pub async fn probe(&self, probe: &Probe, patience: Duration) -> Result<Option<ProbeAnswer>, NetError> {
        let id = self.shared.stack.borrow_mut().probe(probe, Owner::Task, self.program)?;
        let pending = Pending { shared: self.shared.clone(), id };
        let answer = poll_fn(|cx| {
            let mut stack = self.shared.stack.borrow_mut();
            let Some(asked) = stack.rare().probes.get_mut(pending.id.0 as usize) else {
                return Poll::Pending;
            };
            if let Some(answer) = asked.answer {
                return Poll::Ready(answer);
            }
            register(&mut asked.waker, cx.waker());
            Poll::Pending
        });
        Ok(self.timeout(patience, answer).await)
    }

    /// Sends one echo request, and waits for its reply or for an ICMP error about it.
    pub async fn ping(&self, to: IpAddr, options: PingOptions) -> Result<PingReply, NetError> {
        let PingOptions { identifier, sequence, bytes, ttl, dont_fragment, timeout } = options;
        let kind = ProbeKind::Echo { identifier, sequence, bytes };
        let probe = Probe { ttl, dont_fragment, ..Probe::new(to, kind) };
        let answer = self.probe(&probe, timeout).await?.ok_or(NetError::TimedOut)?;
        let error = match answer.reply {
            ProbeReply::Error(error) => Some(error),
            _ => None,
        };
        let ProbeAnswer { from, ttl, bytes, after, .. } = answer;
        Ok(PingReply { from, sequence, ttl, bytes, after, error })
    }

    /// Asks whether anybody listens on a port, with SYNs that are never completed, as `nmap -sS` does.
    pub async fn syn_probe(&self, to: SocketAddr, patience: Duration, attempts: u32) -> Result<PortState, NetError> {
        let probe = Probe { dont_fragment: true, ..Probe::new(to.ip(), ProbeKind::Syn { port: to.port() }) };
        for _ in 0..attempts.max(1) {
            match self.probe(&probe, patience).await?.map(|answer| (answer.reply, answer.from)) {
                Some((ProbeReply::SynAck, _)) => return Ok(PortState::Open),
                Some((ProbeReply::Reset, _)) => return Ok(PortState::Closed),
                Some((ProbeReply::Error(error), from)) => return Ok(PortState::Filtered(Some((error, from)))),
                Some((ProbeReply::Echo | ProbeReply::Datagram, _)) | None => {}
            }
        }
        Ok(PortState::Filtered(None))
    }
}
