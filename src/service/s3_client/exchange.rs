//! A client's connection to S3: found by name, opened, kept, replaced; one request and the head of its answer. Decides
//! nothing about another attempt.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::response::Parts;
use hyper::body::Incoming;

use super::error::ClientError;
use super::request::{Draft, Place, build};
use crate::base::Calendar;
use crate::host::ConnectOptions;
use crate::service::http_client::{ExchangeError, HttpConnection};
use crate::service::machine::Machine;
use crate::service::s3::{HostName, percent_decode};
use crate::service::spec::{S3Spec, Target};
use crate::service::traffic::Totals;
use crate::trace::ProgramNote;

/// A redirect is followed so often; SDKs and curl allow a few.
const REDIRECTS_MAX: u32 = 3;

/// One client.
pub(super) struct Client<M: Machine> {
    pub(super) machine: M,
    pub(super) calendar: Calendar,
    pub(super) spec: S3Spec,
    pub(super) totals: Rc<Totals>,
    open: Option<Open<M>>,
}

struct Open<M: Machine> {
    host: String,
    connection: HttpConnection<M>,
}

/// The answer to a request, its body still to come.
pub(super) struct Answer {
    pub(super) head: Parts,
    pub(super) body: Incoming,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Its entity tag, without quotes.
    pub(super) fn etag(&self) -> Option<String> {
        self.header("etag").map(|tag| tag.trim_matches('"').to_owned())
    }
}

impl<M: Machine> Client<M> {
    pub(super) fn new(machine: M, calendar: Calendar, spec: S3Spec) -> Self {
        Self { machine, calendar, spec, totals: Rc::default(), open: None }
    }

    /// Sends a request and waits for an answer that is no error. A broken connection is let go of.
    pub(super) async fn ask(&mut self, draft: &Draft) -> Result<Answer, ClientError> {
        let mut place = Place::of(&self.spec, draft.bucket.as_deref());
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.ask_at(draft, &place).await?;
            let location = answer.header("location").filter(|_| answer.head.status.as_u16() == 307);
            let Some(host) = location.and_then(host_of) else { return self.judge(answer).await };
            self.machine.note(ProgramNote::Response { status: 307, what: format!("TemporaryRedirect to {host}") });
            self.hang_up();
            let in_path = HostName::parse(&host).bucket().is_none();
            place = Place { host, in_path };
        }
        let message = format!("more than {REDIRECTS_MAX} redirects");
        Err(ClientError::Answer { status: 307, code: "TemporaryRedirect".to_owned(), message })
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn ask_whole(&mut self, draft: &Draft) -> Result<(Parts, Bytes), ClientError> {
        let mut answer = self.ask(draft).await?;
        let body = self.rest(&mut answer).await?;
        self.responded(&answer, String::new());
        Ok((answer.head, body))
    }

    /// The rest of an answer.
    async fn rest(&mut self, answer: &mut Answer) -> Result<Bytes, ClientError> {
        let Some(open) = &mut self.open else { return Err(ExchangeError::Closed.into()) };
        let body = open.connection.whole(&mut answer.body).await;
        Ok(self.keep_if_ok(body)?)
    }

    /// Some bytes of an answer; `None` at its end.
    pub(super) async fn chunk(&mut self, answer: &mut Answer) -> Result<Option<Bytes>, ClientError> {
        let Some(open) = &mut self.open else { return Err(ExchangeError::Closed.into()) };
        let chunk = open.connection.chunk(&mut answer.body).await;
        Ok(self.keep_if_ok(chunk)?)
    }

    /// Says that an answer came in whole.
    pub(super) fn responded(&self, answer: &Answer, what: String) {
        let status = answer.head.status;
        let what = if what.is_empty() { status.canonical_reason().unwrap_or("").to_owned() } else { what };
        self.machine.note(ProgramNote::Response { status: status.as_u16(), what });
    }

    /// Is quiet, with an ear on the connection that it keeps.
    pub(super) async fn idle(&mut self, length: std::time::Duration) {
        self.machine.note(ProgramNote::Idle { length });
        match &mut self.open {
            Some(open) => open.connection.idle(length).await,
            None => self.machine.wait(length).await,
        }
    }

    /// Closes the connection, if there is one.
    pub(super) fn hang_up(&mut self) {
        self.open = None;
    }

    fn keep_if_ok<T>(&mut self, result: Result<T, ExchangeError>) -> Result<T, ExchangeError> {
        if result.is_err() {
            self.open = None;
        }
        result
    }

    async fn ask_at(&mut self, draft: &Draft, place: &Place) -> Result<Answer, ClientError> {
        self.connect(&place.host).await?;
        let date = self.calendar.date(self.machine.now());
        let request = build(draft, place, &self.spec, date)?;
        self.machine.note(ProgramNote::Request { what: draft.text() });
        let Some(open) = &mut self.open else { return Err(ExchangeError::Closed.into()) };
        let answer = open.connection.send(request).await;
        let (head, body) = self.keep_if_ok(answer)?.into_parts();
        Ok(Answer { head, body })
    }

    async fn judge(&mut self, mut answer: Answer) -> Result<Answer, ClientError> {
        let status = answer.head.status;
        if status.is_success() {
            return Ok(answer);
        }
        let body = self.rest(&mut answer).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let code = element(&text, "Code").unwrap_or_else(|| status.canonical_reason().unwrap_or("").replace(' ', ""));
        let mut message = element(&text, "Message").unwrap_or_default();
        if let Some(endpoint) = element(&text, "Endpoint") {
            message.push_str(&format!(" ({endpoint})"));
        }
        let error = ClientError::Answer { status: status.as_u16(), code, message };
        let what = error.to_string();
        let what = what.strip_prefix(&format!("{} ", status.as_u16())).unwrap_or(&what).to_owned();
        self.responded(&answer, what);
        Err(error)
    }

    async fn connect(&mut self, host: &str) -> Result<(), ClientError> {
        if self.open.as_ref().is_some_and(|open| open.host == host && open.connection.is_open()) {
            return Ok(());
        }
        self.open = None;
        let address = match &self.spec.endpoint {
            Some(Target::Address(address)) => *address,
            _ => {
                let addresses = self.machine.resolve(host).await.map_err(ClientError::Resolve)?;
                self.machine.note(ProgramNote::Resolved { name: host.to_owned(), addresses: addresses.clone() });
                let nothing = || ClientError::Resolve(format!("could not resolve host {host}: no address of ours"));
                *addresses.first().ok_or_else(nothing)?
            }
        };
        let begun = self.machine.now();
        let to = SocketAddr::new(address, self.spec.port);
        let (timeout, local_port) = (self.spec.connect_timeout, self.spec.local_port);
        let options = ConnectOptions { timeout, local_port, ..ConnectOptions::default() };
        let stream = self.machine.connect(to, options).await;
        let stream = stream.map_err(|error| ClientError::Connect { error, after: self.machine.now().since(begun) })?;
        let connection = HttpConnection::over(&self.machine, stream, &self.totals, self.spec.read_timeout).await?;
        self.open = Some(Open { host: host.to_owned(), connection });
        Ok(())
    }
}

/// The text of the first element of a name, decoded.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).next()
}

/// The texts of all elements of a name, decoded, in order.
pub(super) fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let from = rest.find(&start)? + start.len();
        let len = rest[from..].find(&end)?;
        let text = crate::service::s3::unescape_xml(&rest[from..from + len]);
        rest = &rest[from + len + end.len()..];
        Some(text)
    })
}

/// The host of a URL.
fn host_of(location: &str) -> Option<String> {
    let rest = location.split_once("://")?.1;
    let host = rest.split(['/', '?', ':']).next()?;
    (!host.is_empty()).then(|| percent_decode(host))
}
