//! A TCP client that follows a script, and the script itself, which servers follow too. Speaks no protocol above TCP.

use std::net::SocketAddr;
use std::time::Duration;

use super::failure::Failure;
use super::lookup::{Lookup, find};
use super::spec::{Retry, TcpSpec, TcpStep};
use super::traffic::{Totals, receive, send};
use crate::host::{ConnectOptions, KeepAlive, Net, TcpStream};
use crate::trace::{Cause, ProgramNote};

/// When Linux gives an idle connection up after its first unanswered probe: nine probes, 75 s apart.
const KEEP_ALIVE_PATIENCE: Duration = Duration::from_secs(9 * 75);

/// Follows the spec, and says what came of it.
pub async fn tcp(net: Net, spec: TcpSpec, lookup: Lookup) {
    net.note(ProgramNote::Started);
    let totals = Totals::default();
    for time in 0..spec.repeat.count.max(1) {
        if 0 < time && !spec.repeat.pause.is_zero() {
            net.note(ProgramNote::Idle { length: spec.repeat.pause });
            net.sleep(spec.repeat.pause).await;
        }
        if let Err(failure) = patiently(&net, &spec, &lookup, &totals).await {
            totals.settle(|note| net.note(note));
            return net.note(failure.note());
        }
    }
    totals.settle(|note| net.note(note));
    net.note(ProgramNote::Completed { what: totals.text() });
}

/// Tries until it works, as often as the spec allows.
async fn patiently(net: &Net, spec: &TcpSpec, lookup: &Lookup, totals: &Totals) -> Result<(), Failure> {
    let mut tried = 0;
    loop {
        let Err(failure) = attempt(net, spec, lookup, totals).await else { return Ok(()) };
        if spec.retry.attempts <= tried {
            return Err(failure);
        }
        let after = wait_before(&spec.retry, tried);
        tried += 1;
        let Failure { text: because, cause } = failure;
        net.note(ProgramNote::Retrying { attempt: tried + 1, after, because, cause });
        net.sleep(after).await;
    }
}

/// How long to wait after `tried` repetitions.
fn wait_before(retry: &Retry, tried: u32) -> Duration {
    let factor = retry.backoff.max(0.0).powi(i32::try_from(tried).unwrap_or(i32::MAX));
    Duration::try_from_secs_f64(retry.delay.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

async fn attempt(net: &Net, spec: &TcpSpec, lookup: &Lookup, totals: &Totals) -> Result<(), Failure> {
    let to = SocketAddr::new(find(net, &spec.to, lookup).await?, spec.port);
    let keep_alive = |interval: Duration| KeepAlive { interval, give_up: interval + KEEP_ALIVE_PATIENCE };
    let options = ConnectOptions {
        timeout: spec.connect_timeout,
        local_port: spec.local_port,
        keep_alive: spec.keep_alive.map(keep_alive),
        ..ConnectOptions::default()
    };
    let stream = net.connect_with(to, &options).await?;
    follow(net, &stream, &spec.script, spec.read_timeout, totals).await
}

/// Follows a script over a connection, step by step.
pub(super) async fn follow(
    net: &Net,
    stream: &TcpStream,
    script: &[TcpStep],
    patience: Option<Duration>,
    totals: &Totals,
) -> Result<(), Failure> {
    for step in script {
        match *step {
            TcpStep::Send(bytes) => send(net, stream, bytes, totals).await?,
            TcpStep::Receive(bytes) => {
                let mut left = bytes;
                while left != 0 {
                    match receive(net, stream, left, patience, totals).await? {
                        0 => {
                            let text = format!("connection closed by peer, {left} bytes early");
                            return Err(Failure::new(Cause::Closed, text));
                        }
                        count => left -= count,
                    }
                }
            }
            TcpStep::ReceiveAll => while receive(net, stream, u64::MAX, patience, totals).await? != 0 {},
            TcpStep::Idle(length) => {
                net.note(ProgramNote::Idle { length });
                let quiet = async {
                    while receive(net, stream, u64::MAX, None, totals).await? != 0 {}
                    // The peer sends no more; the rest of the time passes anyway.
                    std::future::pending::<Result<(), Failure>>().await
                };
                if let Some(end) = net.timeout(length, quiet).await {
                    end?;
                }
            }
            TcpStep::Hold => {
                while receive(net, stream, u64::MAX, None, totals).await? != 0 {}
                stream_end(stream).await?;
            }
            TcpStep::Close => {
                stream.close();
                while receive(net, stream, u64::MAX, patience, totals).await? != 0 {}
                return Ok(());
            }
            TcpStep::Abort => {
                stream.abort();
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Waits on a connection whose peer sends no more until it ends otherwise: by a reset, or not at all.
async fn stream_end(stream: &TcpStream) -> Result<(), Failure> {
    Ok(stream.broken().await?)
}
