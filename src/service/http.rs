//! Plain HTTP: a client that asks any host, and the small server that internet hosts and instances run. Knows no
//! service of AWS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::around::Around;
use super::http_client::{ExchangeError, HttpConnection, SendBody};
use super::machine::Machine;
use super::s3::{Content, show_bytes};
use super::s3_client::{ClientError, wait_before};
use super::spec::{HttpSpec, Target};
use super::traffic::Totals;
use crate::host::{ConnectOptions, Net, NetError};
use crate::trace::{ConnectionId, ProgramNote, RequestNote};

/// What the small server answers to every request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status; 500 stands for one that is none.
    pub status: u16,
    /// Bytes of its body: generated, the same each time.
    pub bytes: u64,
    /// How long it thinks before it answers.
    pub delay: Duration,
}

/// Bodies of the small server follow from this seed.
const BODY_SEED: u64 = 80;

/// Answers every request on a port until the run ends.
pub async fn serve_http(net: Net, port: u16, backlog: usize, answer: HttpAnswer) -> Result<(), NetError> {
    let listener = net.listen(port, backlog)?;
    loop {
        let stream = listener.accept().await?;
        let from = (stream.id(), stream.peer());
        let around: Rc<dyn Around> = Rc::new(net.clone());
        net.spawn(async move {
            // How a connection ends is told by its host's own notes.
            let _ = attend(stream, from, answer, around).await;
        });
    }
}

async fn attend<I>(
    io: I,
    (connection, source): (ConnectionId, SocketAddr),
    answer: HttpAnswer,
    around: Rc<dyn Around>,
) -> Result<(), hyper::Error>
where
    I: Read + Write + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let around = around.clone();
        async move {
            let (head, mut body) = request.into_parts();
            let mut bytes_received = 0;
            while let Some(Ok(frame)) = http_body_util::BodyExt::frame(&mut body).await {
                bytes_received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            if !answer.delay.is_zero() {
                around.wait(answer.delay).await;
            }
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let content = Content::generated(BODY_SEED, answer.bytes);
            around.log(RequestNote {
                service: "http".to_owned(),
                connection: Some(connection),
                source: source.ip(),
                source_port: source.port(),
                endpoint: None,
                vpc: None,
                requester: "-".to_owned(),
                operation: head.method.to_string(),
                bucket: "-".to_owned(),
                key: head.uri.path().to_owned(),
                status: status.as_u16(),
                error: String::new(),
                because: String::new(),
                bytes_sent: content.len(),
                bytes_received,
            });
            let mut response = Response::new(SendBody::of(&content));
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder.auto_date_header(false).half_close(true).writev(true);
    builder.serve_connection(io, service).await
}

/// Asks as the spec says, and says what came of it.
pub async fn http<M: Machine>(machine: M, spec: HttpSpec) {
    machine.note(ProgramNote::Started);
    let mut client = Client { machine: machine.clone(), totals: Rc::default(), open: None };
    let mut done = String::new();
    for time in 0..spec.repeat.count.max(1) {
        if 0 < time {
            if !spec.repeat.same_connection {
                client.open = None;
            }
            client.idle(spec.repeat.pause).await;
        }
        match client.patiently(&spec).await {
            Ok(what) => done = what,
            Err(error) => {
                client.totals.settle(|note| machine.note(note));
                return machine.note(error.note());
            }
        }
    }
    client.totals.settle(|note| machine.note(note));
    drop(client);
    let what = if 1 < spec.repeat.count { format!("{} times: {done}", spec.repeat.count) } else { done };
    machine.note(ProgramNote::Completed { what });
}

struct Client<M: Machine> {
    machine: M,
    totals: Rc<Totals>,
    open: Option<HttpConnection<M>>,
}

impl<M: Machine> Client<M> {
    async fn patiently(&mut self, spec: &HttpSpec) -> Result<String, ClientError> {
        let mut failed = 0;
        loop {
            let error = match self.once(spec).await {
                Ok(what) => return Ok(what),
                Err(error) => error,
            };
            self.open = None;
            if spec.retry.attempts <= failed || !error.is_worth_a_retry() {
                return Err(error);
            }
            let after = wait_before(&spec.retry, failed);
            failed += 1;
            let (because, cause) = (error.to_string(), error.cause());
            self.machine.note(ProgramNote::Retrying { attempt: failed + 1, after, because, cause });
            self.machine.wait(after).await;
        }
    }

    async fn once(&mut self, spec: &HttpSpec) -> Result<String, ClientError> {
        if !self.open.as_ref().is_some_and(HttpConnection::is_open) {
            self.open = None;
            let stream = self.connect(spec).await?;
            let connection = HttpConnection::over(&self.machine, stream, &self.totals, spec.read_timeout).await?;
            self.open = Some(connection);
        }
        let own_name = match &spec.to {
            Target::Address(address) => SocketAddr::new(*address, spec.port).to_string(),
            Target::Name(name) if spec.port == 80 => name.clone(),
            Target::Name(name) => format!("{name}:{}", spec.port),
        };
        let request = Request::builder()
            .method(spec.method.as_str())
            .uri(spec.path.as_str())
            .header("host", spec.host.as_deref().unwrap_or(&own_name))
            .body(SendBody::of(&Content::generated(0, spec.body_bytes)))
            .map_err(|error| ClientError::Request(error.to_string()))?;
        self.machine.note(ProgramNote::Request { what: format!("{} {}", spec.method, spec.path) });
        let Some(connection) = &mut self.open else { return Err(ExchangeError::Closed.into()) };
        let (head, mut body) = connection.send(request).await?.into_parts();
        let mut bytes = 0;
        while let Some(chunk) = connection.chunk(&mut body).await? {
            bytes += chunk.len() as u64;
        }
        let (status, reason) = (head.status.as_u16(), head.status.canonical_reason().unwrap_or("").to_owned());
        self.machine.note(ProgramNote::Response { status, what: format!("{reason} ({})", show_bytes(bytes)) });
        if head.status.is_client_error() || head.status.is_server_error() {
            return Err(ClientError::Answer { status, code: reason, message: String::new() });
        }
        Ok(format!("{status} {reason}, {}", show_bytes(bytes)))
    }

    async fn connect(&self, spec: &HttpSpec) -> Result<M::Stream, ClientError> {
        let address = match &spec.to {
            Target::Address(address) => *address,
            Target::Name(name) => {
                let addresses = self.machine.resolve(name).await.map_err(ClientError::Resolve)?;
                self.machine.note(ProgramNote::Resolved { name: name.clone(), addresses: addresses.clone() });
                let nothing = || ClientError::Resolve(format!("could not resolve host {name}: no address of ours"));
                *addresses.first().ok_or_else(nothing)?
            }
        };
        let begun = self.machine.now();
        let options = ConnectOptions { timeout: spec.connect_timeout, ..ConnectOptions::default() };
        let stream = self.machine.connect(SocketAddr::new(address, spec.port), options).await;
        stream.map_err(|error| ClientError::Connect { error, after: self.machine.now().since(begun) })
    }

    async fn idle(&mut self, length: Duration) {
        if length.is_zero() {
            return;
        }
        self.machine.note(ProgramNote::Idle { length });
        match &mut self.open {
            Some(connection) => connection.idle(length).await,
            None => self.machine.wait(length).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::bed::{B, Bed, ip};
    use crate::service::lookup::no_names;
    use crate::service::machine::HostMachine;
    use crate::service::spec::{Repeat, Retry};

    fn spec() -> HttpSpec {
        HttpSpec {
            to: Target::Address(ip(B)),
            port: 8080,
            method: "GET".into(),
            path: "/index.html".into(),
            host: None,
            body_bytes: 0,
            retry: Retry::NONE,
            repeat: Repeat::ONCE,
            read_timeout: None,
            connect_timeout: None,
        }
    }

    #[track_caller]
    fn outcome(answer: HttpAnswer, spec: HttpSpec) -> Result<String, String> {
        let mut bed = Bed::new();
        let (client, server) = (bed.a, bed.b);
        bed.run_on(server, move |net| async move {
            serve_http(net, 8080, 16, answer).await.expect("a free port");
        });
        bed.ask(client, move |net| http(HostMachine::new(net, no_names()), spec));
        match bed.record.programs.last() {
            Some((_, ProgramNote::Completed { what })) => Ok(what.clone()),
            Some((_, ProgramNote::Failed { error, .. })) => Err(error.clone()),
            other => panic!("the program did not end: {other:?}"),
        }
    }

    const FINE: HttpAnswer = HttpAnswer { status: 200, bytes: 100_000, delay: Duration::ZERO };

    #[test]
    fn a_page_comes_over_real_packets() {
        assert_eq!(outcome(FINE, spec()), Ok("200 OK, 100000 bytes".into()));
        let many = Repeat { count: 3, pause: Duration::from_secs(1), same_connection: true };
        let posted = HttpSpec { method: "POST".into(), body_bytes: 300_000, repeat: many, ..spec() };
        assert_eq!(outcome(FINE, posted), Ok("3 times: 200 OK, 100000 bytes".into()));
    }

    #[test]
    fn errors_are_told() {
        let missing = HttpAnswer { status: 404, ..FINE };
        assert_eq!(outcome(missing, spec()), Err("404 Not Found".into()));
        assert_eq!(outcome(FINE, HttpSpec { port: 81, ..spec() }), Err("connection refused".into()));
        assert!(outcome(FINE, HttpSpec { method: "not a method".into(), ..spec() }).is_err());
    }

    #[test]
    fn a_slow_answer_is_waited_for_as_long_as_the_client_likes() {
        let slow = HttpAnswer { delay: Duration::from_secs(1_000), ..FINE };
        assert!(outcome(slow, spec()).is_ok());
        let impatient = HttpSpec { read_timeout: Some(Duration::from_secs(60)), ..spec() };
        assert_eq!(outcome(slow, impatient), Err("read timed out after 60s".into()));
    }
}
