//! Why a client's attempt failed, in the words that its user reads, and whether another attempt makes sense.

use crate::base::show_duration;
use crate::host::NetError;
use crate::service::http_client::ExchangeError;
use crate::trace::{Cause, ProgramNote};
use std::time::Duration;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The host's name has no address for us.
    #[error("{0}")]
    Resolve(String),
    /// No connection came about.
    #[error("{}", connect_text(*error, *after))]
    Connect {
        /// Why.
        error: NetError,
        /// How long the attempt took.
        after: Duration,
    },
    /// The connection or the protocol on it failed.
    #[error("{0}")]
    Exchange(#[from] ExchangeError),
    /// S3 answered with an error.
    #[error("{status} {code}{}{message}", if message.is_empty() { "" } else { ": " })]
    Answer {
        /// The HTTP status.
        status: u16,
        /// S3's code.
        code: String,
        /// S3's words.
        message: String,
    },
    /// The bytes that came are not those that were put.
    #[error("{0}")]
    WrongBytes(String),
    /// The request could not be made.
    #[error("{0}")]
    Request(String),
}

impl ClientError {
    /// Whether clients try such an attempt again: broken or silent connections, and answers that ask for it.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Resolve(_) | Self::Connect { .. } | Self::Exchange(_) => true,
            Self::Answer { status, code, .. } => {
                500 <= *status || *status == 429 || matches!(code.as_str(), "RequestTimeout" | "SlowDown")
            }
            Self::WrongBytes(_) | Self::Request(_) => false,
        }
    }

    /// What kind of trouble it is.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Resolve(_) => Some(Cause::Name),
            Self::Connect { error, .. } => error.cause(),
            Self::Exchange(error) => error.cause(),
            Self::Answer { .. } => Some(Cause::Http),
            Self::WrongBytes(_) | Self::Request(_) => None,
        }
    }

    /// A program's last word.
    pub fn note(&self) -> ProgramNote {
        ProgramNote::Failed { error: self.to_string(), cause: self.cause() }
    }
}

fn connect_text(error: NetError, after: Duration) -> String {
    match error {
        NetError::TimedOut => format!("connect timed out after {}", show_duration(after)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_users_know_them() {
        let after = Duration::from_secs(127);
        for (error, text) in [
            (ClientError::Exchange(NetError::Reset.into()), "connection reset by peer"),
            (ClientError::Connect { error: NetError::TimedOut, after }, "connect timed out after 127s"),
            (ClientError::Connect { error: NetError::Refused, after }, "connection refused"),
            (
                ClientError::Answer { status: 403, code: "AccessDenied".into(), message: "Access Denied".into() },
                "403 AccessDenied: Access Denied",
            ),
            (ClientError::Answer { status: 404, code: "NotFound".into(), message: String::new() }, "404 NotFound"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_denial_is_final_and_a_broken_connection_is_not() {
        let answer = |status, code: &str| ClientError::Answer { status, code: code.into(), message: String::new() };
        assert!(ClientError::Exchange(ExchangeError::Closed).is_worth_a_retry());
        assert!(answer(503, "SlowDown").is_worth_a_retry());
        assert!(answer(400, "RequestTimeout").is_worth_a_retry());
        assert!(!answer(403, "AccessDenied").is_worth_a_retry());
        assert!(!answer(301, "PermanentRedirect").is_worth_a_retry());
        assert!(!ClientError::WrongBytes("wrong".into()).is_worth_a_retry());
    }
}
