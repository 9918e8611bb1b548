//! One client connection that speaks HTTP/1.1: a request out, an answer in, as often as the server keeps it open.
//! Opens no connection, repeats no request.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::machine::{Doing, Machine};
use super::s3::{Chunks, Content};
use super::traffic::Totals;
use crate::base::{SimTime, show_duration};
use crate::host::NetError;
use crate::trace::Cause;

/// The body of an answer that is read whole is at most so large: lists and errors.
const WHOLE_BODY_MAX: usize = 16 << 20;

/// Why an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The connection's own end.
    #[error("{0}")]
    Net(#[from] NetError),
    /// The server closed before its answer was complete.
    #[error("connection closed before the answer was complete")]
    Closed,
    /// Nothing came for as long as the program waits.
    #[error("read timed out after {}", show_duration(*.0))]
    ReadTimeout(Duration),
    /// The answer is no HTTP.
    #[error("the answer cannot be understood: {0}")]
    Malformed(String),
}

impl ExchangeError {
    /// What kind of trouble it is.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Net(error) => error.cause(),
            Self::Closed => Some(Cause::Closed),
            Self::ReadTimeout(_) => Some(Cause::TimedOut),
            Self::Malformed(_) => None,
        }
    }
}

/// What a request carries.
#[derive(Clone, Debug)]
pub struct SendBody(Chunks);

impl SendBody {
    /// This content.
    pub fn of(content: &Content) -> Self {
        Self(content.chunks(0..content.len()))
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::of(&Content::from_bytes(Bytes::new()))
    }
}

impl http_body::Body for SendBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.next().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.remaining())
    }
}

/// A connection in use.
pub struct HttpConnection<M: Machine> {
    machine: M,
    sender: SendRequest<SendBody>,
    driver: Driver,
    totals: Rc<Totals>,
    last: Rc<Cell<SimTime>>,
    head: Rc<Cell<Head>>,
    read_timeout: Option<Duration>,
}

/// How far the head of the request that goes out has been written: its end is an empty line.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
struct Head {
    /// How many bytes of the empty line have come.
    matched: u8,
}

/// What ends a head.
const HEAD_END: &[u8; 4] = b"\r\n\r\n";

impl Head {
    /// Takes what was written, and says how many bytes of it belong to the body.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            let Some(wanted) = HEAD_END.get(usize::from(self.matched)) else { return bytes.len() - index };
            self.matched = match byte == wanted {
                true => self.matched + 1,
                // The end cannot begin within itself but with its first byte.
                false => u8::from(*byte == HEAD_END[0]),
            };
        }
        0
    }
}

/// hyper's half of the work, which has to be polled beside whatever waits for it.
struct Driver {
    work: Option<Doing<Result<(), hyper::Error>>>,
    failure: Rc<RefCell<Option<NetError>>>,
}

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(work) = &mut self.work
            && work.as_mut().poll(cx).is_ready()
        {
            self.work = None;
        }
    }
}

/// Bytes that are read at once: without it, a connection's buffer grows with what it reads.
const READ_BYTES: usize = 16 * 1024;

impl<M: Machine> HttpConnection<M> {
    /// Speaks HTTP over an open connection; what passes is added to `totals` and said.
    pub async fn over(
        machine: &M,
        stream: M::Stream,
        totals: &Rc<Totals>,
        read_timeout: Option<Duration>,
    ) -> Result<Self, ExchangeError> {
        let last = Rc::new(Cell::new(machine.now()));
        let (head, failure): (Rc<Cell<Head>>, _) = Default::default();
        let watched = Watched {
            inner: stream,
            machine: machine.clone(),
            totals: totals.clone(),
            last: last.clone(),
            head: Rc::clone(&head),
            failure: Rc::clone(&failure),
        };
        let (sender, connection) = http1::Builder::new()
            .writev(true)
            .read_buf_exact_size(Some(READ_BYTES))
            .handshake(watched)
            .await
            .map_err(|error| told(&error, &failure))?;
        let driver = Driver { work: Some(Box::pin(connection)), failure };
        Ok(Self { machine: machine.clone(), sender, driver, totals: totals.clone(), last, head, read_timeout })
    }

    /// Whether another request may go out over it.
    pub fn is_open(&self) -> bool {
        self.driver.work.is_some() && !self.sender.is_closed()
    }

    /// Sends a request and waits for the head of its answer.
    pub async fn send(&mut self, request: Request<SendBody>) -> Result<Response<Incoming>, ExchangeError> {
        let Self { machine, sender, driver, last, head, read_timeout, .. } = self;
        last.set(machine.now());
        head.set(Head::default());
        let exchange = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        drive(machine, driver, last, *read_timeout, exchange).await
    }

    /// The next bytes of an answer; `None` at its end.
    pub async fn chunk(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, ExchangeError> {
        let Self { machine, driver, totals, last, read_timeout, .. } = self;
        loop {
            let frame = async { body.frame().await.transpose() };
            match drive(machine, driver, last, *read_timeout, frame).await? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        totals.add_received(data.len() as u64, |note| machine.note(note));
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole rest of an answer that is known to be small.
    pub async fn whole(&mut self, body: &mut Incoming) -> Result<Bytes, ExchangeError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk(body).await? {
            if WHOLE_BODY_MAX < all.len() + chunk.len() {
                return Err(ExchangeError::Malformed(format!("more than {WHOLE_BODY_MAX} bytes")));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Waits while the connection is watched: a server that closes it meanwhile is noticed.
    pub async fn idle(&mut self, length: Duration) {
        let mut wait = self.machine.wait(length);
        poll_fn(|cx| {
            self.driver.poll(cx);
            wait.as_mut().poll(cx)
        })
        .await;
    }
}

async fn drive<M: Machine, T>(
    machine: &M,
    driver: &mut Driver,
    last: &Cell<SimTime>,
    read_timeout: Option<Duration>,
    work: impl Future<Output = Result<T, hyper::Error>>,
) -> Result<T, ExchangeError> {
    let failure = driver.failure.clone();
    let mut work = pin!(work);
    let mut both = pin!(poll_fn(|cx| {
        driver.poll(cx);
        work.as_mut().poll(cx)
    }));
    loop {
        let done = match read_timeout {
            None => both.as_mut().await,
            Some(limit) => match select(both.as_mut(), machine.wait_until(last.get().after(limit))).await {
                Either::Left((done, _)) => done,
                Either::Right(_) if machine.now() < last.get().after(limit) => continue,
                Either::Right(_) => return Err(ExchangeError::ReadTimeout(limit)),
            },
        };
        return done.map_err(|error| told(&error, &failure));
    }
}

/// hyper's error in the words of the connection, which knows better what happened.
fn told(error: &hyper::Error, failure: &RefCell<Option<NetError>>) -> ExchangeError {
    if let Some(failure) = *failure.borrow() {
        return ExchangeError::Net(failure);
    }
    if error.is_parse() {
        return ExchangeError::Malformed(error.to_string());
    }
    ExchangeError::Closed
}

/// What an error of a stream means.
fn net_error(error: &io::Error) -> NetError {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<NetError>()) {
        return *error;
    }
    match error.kind() {
        io::ErrorKind::ConnectionReset => NetError::Reset,
        io::ErrorKind::ConnectionRefused => NetError::Refused,
        io::ErrorKind::TimedOut => NetError::TimedOut,
        io::ErrorKind::ConnectionAborted => NetError::Aborted,
        _ => NetError::Closed,
    }
}

/// A stream that says what passes, and remembers when and how it failed.
struct Watched<M: Machine> {
    inner: M::Stream,
    machine: M,
    totals: Rc<Totals>,
    last: Rc<Cell<SimTime>>,
    head: Rc<Cell<Head>>,
    failure: Rc<RefCell<Option<NetError>>>,
}

impl<M: Machine> Watched<M> {
    fn failed(&self, error: &io::Error) {
        self.failure.borrow_mut().get_or_insert_with(|| net_error(error));
    }

    fn wrote(&self, bytes: &[u8], written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(count)) => {
                self.last.set(self.machine.now());
                let mut head = self.head.get();
                let of_body = head.pass(&bytes[..(*count).min(bytes.len())]);
                self.head.set(head);
                self.totals.add_sent(of_body as u64, |note| self.machine.note(note));
            }
            Poll::Ready(Err(error)) => self.failed(error),
            Poll::Pending => {}
        }
    }
}

impl<M: Machine> Read for Watched<M> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        match &read {
            Poll::Ready(Ok(())) => self.last.set(self.machine.now()),
            Poll::Ready(Err(error)) => self.failed(error),
            Poll::Pending => {}
        }
        read
    }
}

impl<M: Machine> Write for Watched<M> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.wrote(bytes, &written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_empty_line_is_the_body_however_it_is_written() {
        let message = b"PUT / HTTP/1.1\r\na: b\r\r\n\r\nbody\r\n\r\n";
        for size in 1..=message.len() {
            let mut head = Head::default();
            let of_body: usize = message.chunks(size).map(|piece| head.pass(piece)).sum();
            assert_eq!(of_body, 8, "in pieces of {size}");
        }
    }
}
