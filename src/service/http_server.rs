//! One server connection that speaks HTTP/1.1: requests one after another until it falls silent. Knows no service and
//! no TCP.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::access::Peer;
use super::around::Around;
use crate::base::SimTime;

/// How long a server is patient.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// With a connection that has no request.
    pub(super) idle: Duration,
    /// With a request whose body brings nothing.
    pub(super) body: Duration,
}

/// What a connection's requests share.
pub(super) struct Session {
    pub(super) peer: Peer,
    pub(super) around: Rc<dyn Around>,
    /// Makes a body that brings nothing more end with an error.
    pub(super) stalled: Arc<AtomicBool>,
    open: Rc<Cell<u32>>,
}

impl Session {
    pub(super) fn new(peer: Peer, around: Rc<dyn Around>) -> Self {
        Self { peer, around, stalled: Arc::default(), open: Rc::default() }
    }

    /// Counts a request until what this returns is dropped.
    pub(super) fn begin(&self) -> Open {
        self.stalled.store(false, Ordering::Relaxed);
        self.open.set(self.open.get() + 1);
        Open(self.open.clone())
    }
}

/// Counts a request while it lives: until its answer is handed over whole.
pub(super) struct Open(Rc<Cell<u32>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Serves a connection until either end is done with it. An error is the connection's, such as a reset.
pub(super) async fn serve_connection<I, A, B>(
    io: I,
    limits: Limits,
    session: &Session,
    answer: impl Fn(Request<Incoming>) -> A,
) -> Result<(), hyper::Error>
where
    I: Read + Write + Unpin,
    A: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let around = &session.around;
    let last = Rc::new(Cell::new(around.now()));
    let watched = Watched { inner: io, last: last.clone(), around: around.clone() };
    let service = service_fn(|request| {
        let answer = answer(request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let builder = {
        let mut builder = http1::Builder::new();
        builder.auto_date_header(false).half_close(true).writev(true);
        builder
    };
    let mut connection = pin!(builder.serve_connection(watched, service));
    let closing = Cell::new(false);
    let mut driven = pin!(poll_fn(|cx| {
        if closing.get() {
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    }));
    loop {
        let idle = session.open.get() == 0;
        let limit = if idle { limits.idle } else { limits.body };
        match select(driven.as_mut(), around.wait_until(last.get().after(limit))).await {
            Either::Left((done, _)) => return done,
            Either::Right(_) => {}
        }
        // What passed since the wait began counts, and so does a request that began or ended meanwhile.
        if around.now() < last.get().after(limit) || idle != (session.open.get() == 0) {
            continue;
        }
        if !idle {
            // Only a body that is waited for takes notice; a service that thinks does not.
            session.stalled.store(true, Ordering::Relaxed);
            last.set(around.now());
            continue;
        }
        closing.set(true);
        // hyper says goodbye at once unless it waits for the rest of a request's head.
        return match poll_fn(|cx| Poll::Ready(driven.as_mut().poll(cx))).await {
            Poll::Ready(done) => done,
            Poll::Pending => Ok(()),
        };
    }
}

/// A connection that remembers when its last byte passed.
struct Watched<I> {
    inner: I,
    last: Rc<Cell<SimTime>>,
    around: Rc<dyn Around>,
}

impl<I> Watched<I> {
    fn saw(&self) {
        self.last.set(self.around.now());
    }
}

impl<I: Read + Unpin> Read for Watched<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_ready() {
            self.saw();
        }
        read
    }
}

impl<I: Write + Unpin> Write for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if written.is_ready() {
            self.saw();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        if written.is_ready() {
            self.saw();
        }
        written
    }
}
