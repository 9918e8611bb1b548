//! Listeners: echo, sink, source, script over TCP; echo and sink over UDP. Each connection is served by itself.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::dns::{Records, serve_dns};
use super::failure::Failure;
use super::http::{HttpAnswer, serve_http};
use super::spec::{ServeSpec, Service, TcpStep};
use super::tcp::follow;
use super::traffic::{Totals, receive, send};
use crate::host::{Net, NetError, SendOptions, TcpStream, UdpMessage};
use crate::trace::ProgramNote;

/// Serves until the run ends.
pub async fn serve(net: Net, spec: ServeSpec) {
    net.note(ProgramNote::Started);
    let served = match spec.service {
        Service::UdpEcho | Service::UdpSink => datagrams(&net, &spec).await,
        Service::Http { bytes, delay, status } => {
            serve_http(net.clone(), spec.port, spec.backlog, HttpAnswer { status, bytes, delay }).await
        }
        Service::Dns { ref records } => {
            let records = records.iter().map(|(name, addresses)| (name.as_str(), addresses.clone()));
            serve_dns(net.clone(), Rc::new(Records::new(records))).await
        }
        _ => connections(&net, &spec).await,
    };
    if let Err(error) = served {
        net.note(ProgramNote::Failed { error: format!("port {}: {error}", spec.port), cause: error.cause() });
    }
}

async fn connections(net: &Net, spec: &ServeSpec) -> Result<(), NetError> {
    let listener = net.listen(spec.port, spec.backlog)?;
    let totals = Rc::new(Totals::default());
    let service = Rc::new(spec.service.clone());
    loop {
        let stream = listener.accept().await?;
        let (net, totals, service) = (net.clone(), totals.clone(), service.clone());
        net.clone().spawn(async move {
            let peer = stream.peer();
            if let Err(error) = attend(&net, &stream, &service, &totals).await {
                net.note(ProgramNote::Said(format!("connection from {peer}: {error}")));
            }
        });
    }
}

async fn attend(net: &Net, stream: &TcpStream, service: &Service, totals: &Totals) -> Result<(), Failure> {
    match service {
        Service::Echo => echo(net, stream, totals).await,
        Service::Source { bytes, delay, close } => source(net, stream, *bytes, *delay, *close, totals).await,
        Service::Script(script) => follow(net, stream, script, None, totals).await,
        Service::Sink | Service::UdpEcho | Service::UdpSink | Service::Http { .. } | Service::Dns { .. } => {
            while receive(net, stream, u64::MAX, None, totals).await? != 0 {}
            Ok(())
        }
    }
}

async fn echo(net: &Net, stream: &TcpStream, totals: &Totals) -> Result<(), Failure> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        totals.add_received(count as u64, |note| net.note(note));
        stream.write_all(&buffer[..count]).await?;
        totals.add_sent(count as u64, |note| net.note(note));
    }
}

async fn source(
    net: &Net,
    stream: &TcpStream,
    bytes: u64,
    delay: Duration,
    close: bool,
    totals: &Totals,
) -> Result<(), Failure> {
    let idle = [TcpStep::Idle(delay)];
    if !delay.is_zero() {
        follow(net, stream, &idle, None, totals).await?;
    }
    send(net, stream, bytes, totals).await?;
    if close {
        stream.close();
    }
    while receive(net, stream, u64::MAX, None, totals).await? != 0 {}
    Ok(())
}

async fn datagrams(net: &Net, spec: &ServeSpec) -> Result<(), NetError> {
    let socket = net.udp(Some(spec.port))?;
    let totals = Totals::default();
    loop {
        let UdpMessage::Datagram { from, to, carrier, bytes, .. } = socket.recv().await else { continue };
        totals.add_received(bytes.len() as u64, |note| net.note(note));
        if spec.service == Service::UdpEcho {
            let own: IpAddr = to.ip();
            let options = SendOptions { from: Some(own), carrier: Some(carrier), ..SendOptions::default() };
            if socket.send_with(&bytes, from, options).is_ok() {
                totals.add_sent(bytes.len() as u64, |note| net.note(note));
            }
        }
    }
}
