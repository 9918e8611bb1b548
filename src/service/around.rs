//! What a service needs of the world around it: the time, a wait, a log. Implemented by hosts and by tests.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::base::SimTime;
use crate::trace::RequestNote;

/// A wait.
pub type Wait = Pin<Box<dyn Future<Output = ()>>>;

/// The world around a service.
pub trait Around {
    /// The virtual time.
    fn now(&self) -> SimTime;

    /// Waits until an instant.
    fn wait_until(&self, at: SimTime) -> Wait;

    /// Takes a line of the access log.
    fn log(&self, note: RequestNote);

    /// Waits for a length.
    fn wait(&self, length: Duration) -> Wait {
        self.wait_until(self.now().after(length))
    }
}
