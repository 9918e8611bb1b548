//! How connections end and operations fail, in the words a program's user reads. Causes nothing.

use std::io;
use std::net::IpAddr;

use crate::packet::IcmpError;
use crate::trace::Cause;

/// How a connection ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer, or somebody in its name, sent an RST.
    Reset,
    /// An RST answered the SYN.
    Refused,
    /// Nobody answered for too long.
    TimedOut,
    /// An ICMP error ended the attempt.
    Unreachable {
        /// What it said.
        error: IcmpError,
        /// Who said it.
        from: IpAddr,
    },
    /// Both ends are done.
    Closed,
    /// Its own program gave it up.
    Aborted,
}

/// Why an operation on the network failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The peer, or somebody in its name, sent an RST.
    #[error("connection reset by peer")]
    Reset,
    /// An RST answered the SYN.
    #[error("connection refused")]
    Refused,
    /// Nobody answered for too long.
    #[error("connection timed out")]
    TimedOut,
    /// An ICMP error ended the attempt.
    #[error("{}", unreachable_text(*error))]
    Unreachable {
        /// What it said.
        error: IcmpError,
        /// Who said it.
        from: IpAddr,
    },
    /// The connection is closed.
    #[error("connection closed")]
    Closed,
    /// The program itself gave the connection up.
    #[error("software caused connection abort")]
    Aborted,
    /// The port is taken, or all of them are.
    #[error("address already in use")]
    AddressInUse,
    /// The host has no address of that family, or not the one asked for.
    #[error("cannot assign requested address")]
    NoAddress,
    /// The host is at a limit.
    #[error("no buffer space available")]
    Limit,
    /// The datagram is larger than it may be.
    #[error("message too long")]
    TooBig,
}

impl NetError {
    /// What kind of trouble this is to a program; `None` for what only its own machine knows.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Reset => Some(Cause::Reset),
            Self::Refused | Self::Unreachable { error: IcmpError::PortUnreachable, .. } => Some(Cause::Refused),
            Self::TimedOut => Some(Cause::TimedOut),
            Self::Unreachable { .. } => Some(Cause::Unreachable),
            Self::Closed => Some(Cause::Closed),
            Self::Aborted | Self::AddressInUse | Self::NoAddress | Self::Limit | Self::TooBig => None,
        }
    }
}

const fn unreachable_text(error: IcmpError) -> &'static str {
    match error {
        IcmpError::NetUnreachable => "network is unreachable",
        IcmpError::PortUnreachable => "connection refused",
        IcmpError::HostUnreachable | IcmpError::Prohibited => "no route to host",
        IcmpError::TooBig { .. } => "message too long",
        IcmpError::TimeExceeded | IcmpError::ReassemblyTimeExceeded => "no route to host",
    }
}

impl From<End> for NetError {
    fn from(end: End) -> Self {
        match end {
            End::Reset => Self::Reset,
            End::Refused => Self::Refused,
            End::TimedOut => Self::TimedOut,
            End::Unreachable { error, from } => Self::Unreachable { error, from },
            End::Closed => Self::Closed,
            End::Aborted => Self::Aborted,
        }
    }
}

impl From<NetError> for io::Error {
    fn from(error: NetError) -> Self {
        let kind = match error {
            NetError::Reset => io::ErrorKind::ConnectionReset,
            NetError::Refused => io::ErrorKind::ConnectionRefused,
            NetError::TimedOut => io::ErrorKind::TimedOut,
            NetError::Unreachable { error: IcmpError::NetUnreachable, .. } => io::ErrorKind::NetworkUnreachable,
            NetError::Unreachable { error: IcmpError::PortUnreachable, .. } => io::ErrorKind::ConnectionRefused,
            NetError::Unreachable { .. } => io::ErrorKind::HostUnreachable,
            NetError::Closed => io::ErrorKind::BrokenPipe,
            NetError::Aborted => io::ErrorKind::ConnectionAborted,
            NetError::AddressInUse => io::ErrorKind::AddrInUse,
            NetError::NoAddress => io::ErrorKind::AddrNotAvailable,
            NetError::Limit => io::ErrorKind::OutOfMemory,
            NetError::TooBig => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
