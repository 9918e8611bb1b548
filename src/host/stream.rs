//! Connections and listeners of tasks: reading and writing straight on the buffers of the stack. Keeps no bytes.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::app::SocketId;
use super::connection::{Carrier, Stage};
use super::error::{End, NetError};
use super::sockets::Received;
use super::task::Shared;
use crate::trace::ConnectionId;

/// A TCP connection of a task. Dropped, it is closed: by FIN, or by RST if bytes were not read.
pub struct TcpStream {
    shared: Rc<Shared>,
    socket: SocketId,
    local: SocketAddr,
    peer: SocketAddr,
    carrier: Carrier,
    id: ConnectionId,
}

impl TcpStream {
    pub(super) fn new(shared: Rc<Shared>, socket: SocketId) -> Result<Self, NetError> {
        let ends = shared.stack.borrow().connection(socket).map(|connection| {
            let flow = connection.flow;
            (flow.source(), flow.destination(), Carrier(connection.carrier), connection.id)
        });
        let (local, peer, carrier, id) = ends.ok_or(NetError::Closed)?;
        Ok(Self { shared, socket, local, peer, carrier, id })
    }

    /// The other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// This end.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// What carries it: the port of the host that its packets come in by.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// Its name in the run.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Bytes that were written and not yet acknowledged.
    pub fn unacknowledged(&self) -> usize {
        let stack = self.shared.stack.borrow();
        stack.connection(self.socket).map_or(0, |connection| connection.socket().send_queue())
    }

    /// Reads what has arrived, at least one byte; 0 at the end of the stream or for an empty buffer.
    pub async fn read(&self, buffer: &mut [u8]) -> Result<usize, NetError> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = poll_fn(|cx| {
            self.poll_receive(cx, |bytes| {
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                (count, count)
            })
        });
        Ok(count.await?.unwrap_or(0))
    }

    /// Reads until the buffer is full; [`NetError::Closed`] if the stream ends before.
    pub async fn read_exact(&self, buffer: &mut [u8]) -> Result<(), NetError> {
        let mut have = 0;
        while have < buffer.len() {
            match self.read(&mut buffer[have..]).await? {
                0 => return Err(NetError::Closed),
                count => have += count,
            }
        }
        Ok(())
    }

    /// Reads and forgets what has arrived, at most `most` bytes; 0 at the end of the stream.
    pub async fn skip(&self, most: usize) -> Result<usize, NetError> {
        let count = poll_fn(|cx| self.poll_receive(cx, |bytes| (bytes.len().min(most), bytes.len().min(most))));
        Ok(count.await?.unwrap_or(0))
    }

    /// Writes as much as there is room for, at least one byte.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize, NetError> {
        if bytes.is_empty() {
            return Ok(0);
        }
        poll_fn(|cx| {
            self.poll_send(cx, |space| {
                let count = space.len().min(bytes.len());
                space[..count].copy_from_slice(&bytes[..count]);
                (count, count)
            })
        })
        .await
    }

    /// Writes all of it into the send buffer.
    pub async fn write_all(&self, mut bytes: &[u8]) -> Result<(), NetError> {
        while !bytes.is_empty() {
            let count = self.write(bytes).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Waits until everything written is acknowledged.
    pub async fn flushed(&self) -> Result<(), NetError> {
        poll_fn(|cx| {
            let mut stack = self.shared.stack.borrow_mut();
            let connection = stack.connection_mut(self.socket).ok_or(NetError::Closed)?;
            if let Some(end) = connection.end {
                return Poll::Ready(Err(end.into()));
            }
            if connection.socket().send_queue() == 0 {
                return Poll::Ready(Ok(()));
            }
            register(&mut connection.write_waker, cx.waker());
            Poll::Pending
        })
        .await
    }

    /// Waits until the connection has ended, or the peer sends no more and everything was read.
    pub async fn ended(&self) -> Result<(), NetError> {
        while self.skip(usize::MAX).await? != 0 {}
        Ok(())
    }

    /// Waits until the connection ends by anything but both ends closing it; for ever if it does not.
    pub async fn broken(&self) -> Result<(), NetError> {
        poll_fn(|cx| {
            let mut stack = self.shared.stack.borrow_mut();
            let connection = stack.connection_mut(self.socket).ok_or(NetError::Closed)?;
            if let Some(end) = connection.end.filter(|end| *end != End::Closed) {
                return Poll::Ready(Err(end.into()));
            }
            register(&mut connection.read_waker, cx.waker());
            Poll::Pending
        })
        .await
    }

    /// Sends FIN behind what was written. Reading goes on.
    pub fn close(&self) {
        self.shared.stack.borrow_mut().shut(self.socket.index);
    }

    /// Ends the connection with an RST.
    pub fn abort(&self) {
        self.shared.stack.borrow_mut().abort(self.socket.index);
    }

    /// Lets `read` take bytes that have arrived in one piece, without a copy: it says how many it took. `None` at the
    /// end of the stream. Bytes that came before a reset are read before its error.
    pub fn poll_receive<R>(
        &self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&[u8]) -> (usize, R),
    ) -> Poll<Result<Option<R>, NetError>> {
        let mut stack = self.shared.stack.borrow_mut();
        match stack.receive(self.socket, read) {
            Ok(Received::Some(answer)) => Poll::Ready(Ok(Some(answer))),
            Ok(Received::End) => Poll::Ready(Ok(None)),
            Err(error) => Poll::Ready(Err(error)),
            Ok(Received::Nothing) => {
                if let Some(connection) = stack.connection_mut(self.socket) {
                    register(&mut connection.read_waker, cx.waker());
                }
                Poll::Pending
            }
        }
    }

    /// Lets `write` put bytes into free space in one piece, without a copy: it says how many it put.
    pub fn poll_send<R>(
        &self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut [u8]) -> (usize, R),
    ) -> Poll<Result<R, NetError>> {
        let mut stack = self.shared.stack.borrow_mut();
        match stack.send(self.socket, write) {
            Ok(Some(answer)) => Poll::Ready(Ok(answer)),
            Err(error) => Poll::Ready(Err(error)),
            Ok(None) => {
                if let Some(connection) = stack.connection_mut(self.socket) {
                    register(&mut connection.write_waker, cx.waker());
                }
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        let mut stack = self.shared.stack.borrow_mut();
        let Some(connection) = stack.connection_mut(self.socket) else { return Poll::Ready(Err(NetError::Closed)) };
        match (connection.stage, connection.end) {
            // It stood, whatever came since: reading tells.
            (Stage::Open, _) => Poll::Ready(Ok(())),
            (_, Some(end)) => Poll::Ready(Err(end.into())),
            _ => {
                register(&mut connection.read_waker, cx.waker());
                Poll::Pending
            }
        }
    }
}

pub(super) fn register(slot: &mut Option<Waker>, waker: &Waker) {
    if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
        *slot = Some(waker.clone());
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        // The stack is only borrowed while no task runs, and tasks are dropped outside of it.
        if let Ok(mut stack) = self.shared.stack.try_borrow_mut()
            && stack.connection(self.socket).is_some()
        {
            stack.release(self.socket.index);
        }
    }
}

impl Read for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<(), io::Error>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let read = self.poll_receive(cx, |bytes| {
            let count = bytes.len().min(buffer.remaining());
            buffer.put_slice(&bytes[..count]);
            (count, ())
        });
        read.map(|answer| answer.map(|_| ()).map_err(io::Error::from))
    }
}

impl Write for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, io::Error>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let written = self.poll_send(cx, |space| {
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            (count, count)
        });
        written.map_err(io::Error::from)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

/// A port that a task listens on. Dropped, it listens no more.
pub struct TcpListener {
    shared: Rc<Shared>,
    port: u16,
}

impl TcpListener {
    pub(super) fn new(shared: Rc<Shared>, port: u16) -> Self {
        Self { shared, port }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the next connection whose handshake is done.
    pub async fn accept(&self) -> Result<TcpStream, NetError> {
        let socket = poll_fn(|cx| {
            let mut stack = self.shared.stack.borrow_mut();
            let Some(listener) = stack.listeners.get_mut(&self.port) else { return Poll::Ready(Err(NetError::Closed)) };
            match listener.queue.pop_front() {
                Some(index) => Poll::Ready(Ok(stack.socket_id(index))),
                None => {
                    register(&mut listener.waker, cx.waker());
                    Poll::Pending
                }
            }
        });
        TcpStream::new(self.shared.clone(), socket.await?)
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        if let Ok(mut stack) = self.shared.stack.try_borrow_mut() {
            stack.unlisten(self.port);
        }
    }
}
