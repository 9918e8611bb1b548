//! Echo requests at an interval, and what came back, in the words of `ping`. Judges nothing else.

use std::net::IpAddr;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::failure::Failure;
use super::lookup::{Lookup, find};
use super::spec::PingSpec;
use super::udp::lost;
use crate::base::SimTime;
use crate::host::{Net, NetError, PingOptions};
use crate::trace::{Cause, ProgramNote};

/// Follows the spec, and says what came of it.
pub async fn ping(net: Net, spec: PingSpec, lookup: Lookup) {
    net.note(ProgramNote::Started);
    let to = match find(&net, &spec.to, &lookup).await {
        Ok(to) => to,
        Err(failure) => return net.note(failure.note()),
    };
    let begin = net.now();
    let requests = (0..spec.count).map(|number| request(&net, &spec, to, begin, number));
    // They overlap where replies take longer than the interval.
    let mut requests: FuturesUnordered<_> = requests.collect();
    let (mut received, mut errors) = (0, 0);
    while let Some(answer) = requests.next().await {
        match answer {
            Ok(true) => received += 1,
            Ok(false) => errors += 1,
            Err(NetError::TimedOut) => {}
            Err(error) => return net.note(Failure::from(error).note()),
        }
    }
    // Where routers answered instead, they said that the target cannot be reached.
    let cause = if errors == 0 { Cause::TimedOut } else { Cause::Unreachable };
    let errors = if errors == 0 { String::new() } else { format!("+{errors} errors, ") };
    let loss = lost(spec.count, received);
    let what = format!("{} packets transmitted, {received} received, {errors}{loss}% packet loss", spec.count);
    net.note(match received {
        0 => Failure::new(cause, what).note(),
        _ => ProgramNote::Completed { what },
    });
}

/// One request: whether an echo reply came, or an ICMP error.
async fn request(net: &Net, spec: &PingSpec, to: IpAddr, begin: SimTime, number: u32) -> Result<bool, NetError> {
    net.sleep_until(begin.after(spec.interval.saturating_mul(number))).await;
    let options = PingOptions {
        // Programs of a host do not get each other's replies.
        identifier: net.program().map_or(0, |program| program.0 as u16),
        sequence: (number + 1) as u16,
        bytes: spec.bytes as usize,
        ttl: spec.ttl,
        dont_fragment: spec.dont_fragment,
        timeout: spec.timeout,
    };
    let reply = net.ping(to, options).await?;
    let crate::host::PingReply { from, sequence, ttl, bytes, after, error } = reply;
    net.note(ProgramNote::Reply { from, sequence, ttl, after, bytes, error });
    Ok(error.is_none())
}
