//! What a client program needs of the machine it runs on: names, connections, time, and an ear for what it says.
//! Implemented by hosts and by tests.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hyper::rt::{Read, Write};

use super::around::Wait;
use super::lookup::Lookup;
use crate::base::SimTime;
use crate::host::{ConnectOptions, Net, NetError, TcpStream};
use crate::trace::ProgramNote;

/// A future of a program: single-threaded, like the host that polls it.
pub type Doing<T> = Pin<Box<dyn Future<Output = T>>>;

/// The machine under a program. Cloning it is cheap.
pub trait Machine: Clone + Unpin + 'static {
    /// A connection.
    type Stream: Read + Write + Unpin + 'static;

    /// The virtual time.
    fn now(&self) -> SimTime;

    /// Waits until an instant.
    fn wait_until(&self, at: SimTime) -> Wait;

    /// Opens a connection.
    fn connect(&self, to: SocketAddr, options: ConnectOptions) -> Doing<Result<Self::Stream, NetError>>;

    /// The addresses of a name that the machine can use, the best first; else the words of its resolver.
    fn resolve(&self, name: &str) -> Doing<Result<Vec<IpAddr>, String>>;

    /// Says something.
    fn note(&self, note: ProgramNote);

    /// Waits for a length.
    fn wait(&self, length: Duration) -> Wait {
        self.wait_until(self.now().after(length))
    }
}

/// A host as client programs see it, with the way in which it looks names up.
#[derive(Clone)]
pub struct HostMachine {
    net: Net,
    lookup: Lookup,
}

impl HostMachine {
    /// The host of `net`, whose names `lookup` finds.
    pub fn new(net: Net, lookup: Lookup) -> Self {
        Self { net, lookup }
    }
}

impl Machine for HostMachine {
    type Stream = TcpStream;

    fn now(&self) -> SimTime {
        self.net.now()
    }

    fn wait_until(&self, at: SimTime) -> Wait {
        Box::pin(self.net.sleep_until(at))
    }

    fn connect(&self, to: SocketAddr, options: ConnectOptions) -> Doing<Result<TcpStream, NetError>> {
        let net = self.net.clone();
        Box::pin(async move { net.connect_with(to, &options).await })
    }

    fn resolve(&self, name: &str) -> Doing<Result<Vec<IpAddr>, String>> {
        let (net, lookup, name) = (self.net.clone(), self.lookup.clone(), name.to_owned());
        Box::pin(async move {
            let mut addresses = lookup(&net.of_host(), &name).await?;
            // A host without an address of a family cannot use that family.
            addresses.retain(|address| net.address(address.is_ipv4()).is_some());
            Ok(addresses)
        })
    }

    fn note(&self, note: ProgramNote) {
        self.net.note(note);
    }
}
