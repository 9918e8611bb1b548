//! What a client program needs of the machine it runs on: names, connections, time, and an ear for what it says.
//! Implemented by hosts and by tests.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hyper::rt::{Read, Write};

use super::around::Wait;
use crate::base::SimTime;
use crate::host::NetError;
use crate::trace::ProgramNote;

/// A future of a program: single-threaded, like the host that polls it.
pub type Doing<T> = Pin<Box<dyn Future<Output = T>>>;

/// A name that could not be resolved, in the words of the system's resolver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The server says that there is no such name, or that it has no addresses.
    #[error("could not resolve host {name}: name or service not known")]
    NotFound {
        /// The name.
        name: String,
    },
    /// No server answered, or it could not tell.
    #[error("could not resolve host {name}: temporary failure in name resolution")]
    Temporary {
        /// The name.
        name: String,
    },
}

/// The machine under a program. Cloning it is cheap.
pub trait Machine: Clone + Unpin + 'static {
    /// A connection.
    type Stream: Read + Write + Unpin + 'static;

    /// The virtual time.
    fn now(&self) -> SimTime;

    /// Waits until an instant.
    fn wait_until(&self, at: SimTime) -> Wait;

    /// Opens a connection; `timeout` replaces the machine's own.
    fn connect(&self, to: SocketAddr, timeout: Option<Duration>) -> Doing<Result<Self::Stream, NetError>>;

    /// The time after which the machine gives an attempt up by itself.
    fn connect_timeout(&self) -> Duration;

    /// The addresses of a name, the best first.
    fn resolve(&self, name: &str) -> Doing<Result<Vec<IpAddr>, ResolveError>>;

    /// Says something.
    fn note(&self, note: ProgramNote);

    /// Waits for a length.
    fn wait(&self, length: Duration) -> Wait {
        self.wait_until(self.now().after(length))
    }
}
