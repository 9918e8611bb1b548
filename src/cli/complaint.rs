//! Why a command could not be done, in words for its user. Prints nothing; a scenario's own problems are `notation`'s.

use std::fmt;
use std::io;
use std::path::Path;

use crate::notation::{Problem, Source};

/// One reason why a command could not be done.
#[derive(Debug)]
pub(super) enum Complaint {
    /// Something outside of any text: a missing file, a full disk, options that do not go together.
    Plain {
        /// What is wrong, as a lower-case sentence without a full stop.
        message: String,
        /// What to do; may be empty.
        help: String,
    },
    /// What is wrong with a text, at its places.
    Text {
        /// The text.
        source: Source,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
}

impl Complaint {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self::Plain { message: message.to_string(), help: String::new() }
    }

    /// That a file or folder cannot be read.
    pub(super) fn cannot_read(path: &Path, error: &io::Error) -> Self {
        Self::new(format_args!("cannot read `{}`: {}", path.display(), reason(error)))
    }

    /// That a file or folder cannot be written.
    pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Self {
        Self::new(format_args!("cannot write `{}`: {}", path.display(), reason(error)))
    }

    /// That results cannot be printed. A reader who went away is no complaint and never comes here.
    pub(super) fn cannot_print(error: &io::Error) -> Self {
        Self::new(format_args!("cannot write to standard output: {}", reason(error)))
    }

    /// With what to do about it.
    #[must_use]
    pub(super) fn help(self, text: impl fmt::Display) -> Self {
        match self {
            Self::Plain { message, .. } => Self::Plain { message, help: text.to_string() },
            text @ Self::Text { .. } => text,
        }
    }
}

/// All reasons why a command could not be done: it ends with status 2.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Vec<Complaint>);

impl From<Complaint> for Refusal {
    fn from(complaint: Complaint) -> Self {
        Self(vec![complaint])
    }
}

/// An error of the system in words that are the same on every platform, where it is a usual one.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::AlreadyExists => "it exists already".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is no folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::StorageFull => "no space is left".to_owned(),
        _ => error.to_string(),
    }
}
