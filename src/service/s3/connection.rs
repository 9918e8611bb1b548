//! One connection to S3: requests one after another until it falls silent. Knows HTTP/1.1 by hyper, TCP not at all.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures::future::{Either, select};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::front::{S3Front, Session};
use crate::base::SimTime;
use crate::service::access::Peer;
use crate::service::around::Around;

/// Serves a connection until either end is done with it. An error is the connection's, such as a reset.
pub async fn serve<I>(io: I, front: &S3Front, peer: Peer, around: Rc<dyn Around>) -> Result<(), hyper::Error>
where
    I: Read + Write + Unpin,
{
    let last = Rc::new(Cell::new(around.now()));
    let watched = Watched { inner: io, last: last.clone(), around: around.clone() };
    let session = Session::new(peer, around.clone());
    let service = service_fn(|request| {
        let answer = front.answer(request, &session);
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
        let idle = session.open() == 0;
        let limit = if idle { front.settings().idle_timeout } else { front.settings().body_timeout };
        match select(driven.as_mut(), around.wait_until(last.get().after(limit))).await {
            Either::Left((done, _)) => return done,
            Either::Right(_) => {}
        }
        // What passed since the wait began counts, and so does a request that began or ended meanwhile.
        if around.now() < last.get().after(limit) || idle != (session.open() == 0) {
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

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
