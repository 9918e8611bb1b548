//! Why a program cannot go on: in the words that its user reads, and as a kind of trouble. Tries nothing again.

use std::time::Duration;

use crate::base::show_duration;
use crate::host::NetError;
use crate::trace::{Cause, ProgramNote};

/// Why a program cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(super) struct Failure {
    pub(super) text: String,
    pub(super) cause: Option<Cause>,
}

impl Failure {
    /// A failure of this kind.
    pub(super) fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self { text: text.into(), cause: Some(cause) }
    }

    /// What a resolver said of a name.
    pub(super) fn name(text: String) -> Self {
        Self::new(Cause::Name, text)
    }

    /// Nothing came for as long as the program waits.
    pub(super) fn read_timeout(patience: Duration) -> Self {
        Self::new(Cause::TimedOut, format!("read timed out after {}", show_duration(patience)))
    }

    /// The program's last word.
    pub(super) fn note(self) -> ProgramNote {
        ProgramNote::Failed { error: self.text, cause: self.cause }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self { text: error.to_string(), cause: error.cause() }
    }
}
