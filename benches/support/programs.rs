//! Programs of hosts for the benchmarks: a source that never ends, a sink that counts, and a server of short answers
//! with its clients. They write and read as a program would, and make no notes.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use vpclab::host::{App, AppCx, AppEvent, ConnectOptions, ListenOptions, SocketId};

/// What everybody sends: longer than any buffer.
static BYTES: [u8; 1 << 18] = [0x5a; 1 << 18];

/// Copies bytes into free space, as an application does.
pub(crate) fn fill(space: &mut [u8]) -> (usize, usize) {
    let count = space.len().min(BYTES.len());
    space[..count].copy_from_slice(&BYTES[..count]);
    (count, count)
}

/// Connects and sends for ever.
pub(crate) struct Source {
    /// To whom.
    pub(crate) to: SocketAddr,
    /// How it connects.
    pub(crate) options: ConnectOptions,
}

impl App for Source {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                cx.connect(self.to, &self.options).expect("a free port");
            }
            AppEvent::Connected(socket) | AppEvent::Ready(socket) => while let Ok(Some(1..)) = cx.send(socket, fill) {},
            AppEvent::Ended(_, end) => panic!("the source's connection ended: {end:?}"),
            _ => {}
        }
    }
}

/// Listens, and counts what comes.
pub(crate) struct Sink {
    /// On which port.
    pub(crate) port: u16,
    /// Bytes so far.
    pub(crate) received: Rc<Cell<u64>>,
    /// The receive buffer of each connection; the host's own if `None`.
    pub(crate) buffer: Option<usize>,
}

impl App for Sink {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                let options = ListenOptions { receive_buffer: self.buffer, ..ListenOptions::backlog(1 << 20) };
                cx.listen(self.port, options).expect("a free port");
            }
            AppEvent::Accepted { socket, .. } | AppEvent::Ready(socket) => {
                while let Ok(Some(count @ 1..)) = cx.recv(socket, |bytes| (bytes.len(), bytes.len() as u64)) {
                    self.received.set(self.received.get() + count);
                }
            }
            _ => {}
        }
    }
}

/// Listens on some ports; answers each connection with so many bytes, and closes.
pub(crate) struct Server {
    /// The first port, and how many of them.
    pub(crate) ports: (u16, u16),
    /// Bytes of an answer.
    pub(crate) bytes: usize,
    /// What is still to be sent, by connection.
    pub(crate) open: rustc_hash::FxHashMap<SocketId, usize>,
}

impl Server {
    /// On that many ports from the first on.
    pub(crate) fn new(ports: (u16, u16), bytes: usize) -> Self {
        Self { ports, bytes, open: rustc_hash::FxHashMap::default() }
    }

    fn push(&mut self, socket: SocketId, cx: &mut AppCx<'_, '_>) {
        let Some(left) = self.open.get_mut(&socket) else { return };
        while 0 < *left {
            let most = *left;
            let put = cx.send(socket, |space| {
                let count = space.len().min(most);
                fill(&mut space[..count])
            });
            match put {
                Ok(Some(count @ 1..)) => *left -= count,
                _ => return,
            }
        }
        self.open.remove(&socket);
        cx.close(socket);
    }
}

impl App for Server {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                for port in self.ports.0..self.ports.0 + self.ports.1 {
                    cx.listen(port, ListenOptions::backlog(1 << 20)).expect("a free port");
                }
            }
            AppEvent::Accepted { socket, .. } => {
                self.open.insert(socket, self.bytes);
                self.push(socket, cx);
            }
            AppEvent::Ready(socket) => self.push(socket, cx),
            AppEvent::Ended(socket, _) => {
                self.open.remove(&socket);
            }
            _ => {}
        }
    }
}

/// Connects when its timer says so, reads to the end, closes, and counts.
pub(crate) struct Client {
    /// To whom.
    pub(crate) to: SocketAddr,
    /// Answers that were read whole.
    pub(crate) done: Rc<Cell<u64>>,
}

impl App for Client {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                cx.connect(self.to, &ConnectOptions::default()).expect("a free port");
            }
            AppEvent::Ready(socket) => {
                while let Ok(Some(1..)) = cx.recv(socket, |bytes| (bytes.len(), bytes.len())) {}
                if cx.is_peer_closed(socket) {
                    self.done.set(self.done.get() + 1);
                    cx.close(socket);
                }
            }
            _ => {}
        }
    }
}

/// Connects and stays.
pub(crate) struct Idler {
    /// To whom.
    pub(crate) to: SocketAddr,
}

impl App for Idler {
    fn on_event(&mut self, event: AppEvent, cx: &mut AppCx<'_, '_>) {
        match event {
            AppEvent::Start => {
                cx.connect(self.to, &ConnectOptions::default()).expect("a free port");
            }
            AppEvent::Ended(_, end) => panic!("an idle connection ended: {end:?}"),
            _ => {}
        }
    }
}
