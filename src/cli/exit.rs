//! Exit statuses, which are part of the interface: the same three for every verb.

use std::process::ExitCode;

/// How a command ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// As asked or expected: status 0.
    Held,
    /// An expectation, a score or a what-if failed, or a run was interrupted before it could be judged: status 1.
    Failed,
    /// A wrong or missing file, a place that cannot be written to, or wrong usage: status 2.
    Wrong,
}

impl Exit {
    /// The status that the shell sees.
    pub const fn status(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Failed => 1,
            Self::Wrong => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}
