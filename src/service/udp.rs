//! Datagrams to a port, one after another, and their echoes. Repeats nothing that is lost.

use std::net::SocketAddr;

use super::failure::Failure;
use super::lookup::{Lookup, find};
use super::spec::UdpSpec;
use super::traffic::{Totals, generate};
use crate::base::SimTime;
use crate::host::{Net, NetError, UdpMessage, UdpSocket};
use crate::trace::{Cause, ProgramNote};

/// Follows the spec, and says what came of it.
pub async fn udp(net: Net, spec: UdpSpec, lookup: Lookup) {
    net.note(ProgramNote::Started);
    let note = match exchange(&net, &spec, &lookup).await {
        Ok(what) => ProgramNote::Completed { what },
        Err(failure) => failure.note(),
    };
    net.note(note);
}

async fn exchange(net: &Net, spec: &UdpSpec, lookup: &Lookup) -> Result<String, Failure> {
    let to = SocketAddr::new(find(net, &spec.to, lookup).await?, spec.port);
    let socket = net.udp(None)?;
    let totals = Totals::default();
    let mut payload = vec![0; spec.bytes as usize];
    let (mut echoes, mut last_error) = (0u32, None);
    let begin = net.now();
    for number in 0..spec.count {
        net.sleep_until(begin.after(spec.interval.saturating_mul(number))).await;
        generate(&mut payload, 0);
        // The number tells the echoes apart, where there is room for it.
        let digits = number.to_be_bytes();
        if digits.len() <= payload.len() {
            payload[..digits.len()].copy_from_slice(&digits);
        }
        let sent_at = net.now();
        socket.send_to(&payload, to)?;
        totals.add_sent(payload.len() as u64, |note| net.note(note));
        let Some(patience) = spec.reply_timeout else { continue };
        match net.timeout(patience, reply(net, &socket, &payload, number, sent_at)).await {
            Some(Ok(count)) => {
                echoes += 1;
                totals.add_received(count, |note| net.note(note));
            }
            Some(Err(error)) => last_error = Some(error),
            None => {}
        }
    }
    totals.settle(|note| net.note(note));
    let what = match spec.reply_timeout {
        None => format!("{} datagrams sent", spec.count),
        Some(_) => {
            format!("{} datagrams sent, {echoes} echoes received, {}% lost", spec.count, lost(spec.count, echoes))
        }
    };
    match spec.reply_timeout {
        Some(_) if echoes == 0 && 0 < spec.count => Err(last_error.unwrap_or(Failure::new(Cause::TimedOut, what))),
        _ => Ok(what),
    }
}

/// The share of a count that did not come back, in percent.
pub(super) fn lost(sent: u32, received: u32) -> u64 {
    let missing = u64::from(sent.saturating_sub(received));
    (missing * 100).checked_div(u64::from(sent)).unwrap_or(0)
}

/// Waits for the echo of a datagram, or for an ICMP error about it.
async fn reply(net: &Net, socket: &UdpSocket, payload: &[u8], number: u32, sent_at: SimTime) -> Result<u64, Failure> {
    loop {
        let (from, ttl, bytes, error) = match socket.recv().await {
            UdpMessage::Datagram { bytes, .. } if bytes != payload => continue,
            UdpMessage::Datagram { from, ttl, bytes, .. } => (from.ip(), ttl, bytes.len(), None),
            UdpMessage::Error { from, error, .. } => (from, 0, 0, Some(error)),
        };
        let after = net.now().since(sent_at);
        net.note(ProgramNote::Reply { from, sequence: number as u16, ttl, after, bytes, error });
        return match error {
            None => Ok(bytes as u64),
            Some(error) => Err(NetError::Unreachable { error, from }.into()),
        };
    }
}
