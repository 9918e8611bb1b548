//! What programs do with connections and listeners: open, listen, read, write, close. Sends nothing by itself: what is
//! to be sent leaves when the host's turn ends.

use std::collections::VecDeque;
use std::net::SocketAddr;

use smoltcp::socket::tcp;

use super::app::SocketId;
use super::config::{ConnectOptions, ListenOptions};
use super::connection::{Opening, Owner, Stage};
use super::error::{End, NetError};
use super::raw;
use super::stack::{Listener, Stack};
use crate::packet::Protocol;
use crate::trace::{ConnectionNote, ProgramId};

/// What reading gave.
pub(super) enum Received<R> {
    Some(R),
    /// Nothing has arrived yet.
    Nothing,
    /// The peer sends no more.
    End,
}

impl Stack {
    /// Begins a connection. Its SYN leaves when the host's turn ends.
    pub(super) fn open(
        &mut self,
        to: SocketAddr,
        options: &ConnectOptions,
        owner: Owner,
        program: Option<ProgramId>,
    ) -> Result<u32, NetError> {
        if self.settings.connections_max <= self.connections.len() {
            return Err(NetError::Limit);
        }
        if to.port() == 0 || to.ip().is_unspecified() || to.ip().is_multicast() {
            return Err(NetError::NoAddress);
        }
        let (local, port) = self.source_for(to.ip(), options.local_address)?;
        let flow_from = |local_port| raw::flow(Protocol::TCP, SocketAddr::new(local, local_port), to);
        let local_port = match options.local_port {
            Some(local_port) if local_port != 0 && self.is_free(&flow_from(local_port), port.0) => local_port,
            Some(_) => return Err(NetError::AddressInUse),
            None => self
                .free_port(|stack, local_port| !stack.is_free(&flow_from(local_port), port.0))
                .ok_or(NetError::AddressInUse)?,
        };
        let opening = Opening {
            id: self.next_connection_id(),
            flow: flow_from(local_port),
            carrier: port.0,
            port,
            owner,
            program,
            receive_buffer: options.receive_buffer.unwrap_or(self.settings.receive_buffer),
            send_buffer: options.send_buffer.unwrap_or(self.settings.send_buffer),
            keep_alive: options.keep_alive,
            connect_timeout: options.timeout.unwrap_or(self.settings.connect_timeout),
        };
        let index = self.add(opening);
        self.touch(index);
        Ok(index)
    }

    /// Listens on a port of every address.
    pub(super) fn listen(
        &mut self,
        port: u16,
        options: ListenOptions,
        owner: Owner,
        program: Option<ProgramId>,
    ) -> Result<(), NetError> {
        if port == 0 || self.listeners.contains_key(&port) {
            return Err(NetError::AddressInUse);
        }
        let listener = Listener { owner, program, options, handshakes: 0, queue: VecDeque::new(), waker: None };
        self.listeners.insert(port, listener);
        Ok(())
    }

    /// Stops listening; connections that nobody accepted are reset.
    pub(super) fn unlisten(&mut self, port: u16) {
        let Some(listener) = self.listeners.remove(&port) else { return };
        for index in listener.queue {
            let Some(connection) = self.connections.get_mut(index as usize) else { continue };
            connection.owner = Owner::Nobody;
            match connection.end {
                Some(_) => drop(self.connections.remove(index as usize)),
                None => self.abort(index),
            }
        }
    }

    /// Lets `read` take bytes that have arrived: it says how many it took. `None` at the end of the stream. Bytes that
    /// came before a reset are read before its error.
    pub(super) fn receive<R>(
        &mut self,
        socket: SocketId,
        read: impl FnOnce(&[u8]) -> (usize, R),
    ) -> Result<Received<R>, NetError> {
        let connection = self.connection_mut(socket).ok_or(NetError::Closed)?;
        let stage = connection.stage;
        let end = connection.end;
        let tcp = connection.socket_mut();
        if !tcp.can_recv() {
            return match (end, tcp.state()) {
                (None | Some(End::Closed), _) if connection.peer_closed => Ok(Received::End),
                (Some(end), _) => Err(end.into()),
                (None, tcp::State::Closed) if stage == Stage::Open => Err(NetError::Aborted),
                (None, _) => Ok(Received::Nothing),
            };
        }
        let mut taken = 0;
        let answer = tcp.recv(|bytes| {
            let (count, answer) = read(bytes);
            taken = count.min(bytes.len());
            (taken, answer)
        });
        connection.received += taken as u64;
        if end.is_none() && taken != 0 {
            self.touch(socket.index);
        }
        answer.map(Received::Some).map_err(|_| NetError::Closed)
    }

    /// Lets `write` put bytes into free space: it says how many it put. `None` while there is no space.
    pub(super) fn send<R>(
        &mut self,
        socket: SocketId,
        write: impl FnOnce(&mut [u8]) -> (usize, R),
    ) -> Result<Option<R>, NetError> {
        let connection = self.connection_mut(socket).ok_or(NetError::Closed)?;
        if let Some(end) = connection.end {
            return Err(end.into());
        }
        if connection.stage != Stage::Open {
            return Ok(None);
        }
        let tcp = connection.socket_mut();
        if !tcp.may_send() {
            return Err(if tcp.state() == tcp::State::Closed { NetError::Aborted } else { NetError::Closed });
        }
        if !tcp.can_send() {
            return Ok(None);
        }
        let mut put = 0;
        let answer = tcp.send(|space| {
            let room = space.len();
            let (count, answer) = write(space);
            put = count.min(room);
            (put, answer)
        });
        connection.sent += put as u64;
        if put != 0 {
            self.touch(socket.index);
        }
        answer.map(Some).map_err(|_| NetError::Closed)
    }

    /// Sends FIN behind what was sent.
    pub(super) fn shut(&mut self, index: u32) {
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        if connection.end.is_some() {
            return;
        }
        match (connection.stage, connection.state()) {
            (Stage::New, _) | (_, tcp::State::SynSent) => self.give_up(index),
            _ => {
                connection.socket_mut().close();
                self.touch(index);
            }
        }
    }

    /// Ends a connection with an RST. An attempt whose SYN nobody answered ends in silence.
    pub(super) fn abort(&mut self, index: u32) {
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        if connection.end.is_some() {
            return;
        }
        match (connection.stage, connection.state()) {
            (Stage::New, _) | (_, tcp::State::SynSent) => self.give_up(index),
            _ => {
                connection.socket_mut().abort();
                self.touch(index);
            }
        }
    }

    /// Ends an attempt in silence.
    fn give_up(&mut self, index: u32) {
        self.say(index, ConnectionNote::Aborted);
        self.finish(index, End::Aborted);
    }

    /// Its program is gone. As Linux does: unread bytes make it a reset, else a FIN goes out and the rest happens by
    /// itself.
    pub(super) fn release(&mut self, index: u32) {
        let Some(connection) = self.connections.get_mut(index as usize) else { return };
        connection.owner = Owner::Nobody;
        connection.read_waker = None;
        connection.write_waker = None;
        if connection.end.is_some() {
            self.connections.remove(index as usize);
        } else if connection.stage == Stage::Open && connection.socket().recv_queue() != 0 {
            self.abort(index);
        } else {
            self.shut(index);
        }
    }
}
