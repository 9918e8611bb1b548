//! What hosts, connections and programs say of themselves: the rows of a timeline that are not single packets.

use std::net::IpAddr;
use std::time::Duration;

use super::PortId;
use crate::packet::{FiveTuple, IcmpError, PacketId};

/// A connection, for the length of a run. Given by its host in order of their making.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A program of a host, numbered across the whole world.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramId(pub u32);

/// One note.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// Of a connection.
    Connection {
        /// Which.
        connection: ConnectionId,
        /// Its tuple as its own host sees it: the source is the local end.
        flow: FiveTuple,
        /// The port of its host at which its packets come in: a service may hold equal tuples at several.
        carrier: PortId,
        /// Whose program opened or accepted it, if one did.
        program: Option<ProgramId>,
        /// What happened.
        what: ConnectionNote,
    },
    /// Of a program.
    Program {
        /// Which.
        program: ProgramId,
        /// What happened.
        what: ProgramNote,
    },
    /// A request that a service answered: a line of its access log.
    Request(Box<RequestNote>),
}

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum ConnectionNote {
    /// The first SYN leaves.
    Opening,
    /// A listener took a SYN.
    Accepting,
    /// The handshake is done.
    Established,
    /// An RST ended it.
    Reset {
        /// Which packet.
        by: PacketId,
    },
    /// An RST answered its SYN.
    Refused {
        /// Which packet.
        by: PacketId,
    },
    /// Nobody answered for too long.
    TimedOut,
    /// An ICMP error ended its opening.
    Unreachable {
        /// What it said.
        error: IcmpError,
        /// Who said it.
        from: IpAddr,
    },
    /// An ICMP error was noted and nothing came of it: soft, once the connection stands.
    SoftError {
        /// What it said.
        error: IcmpError,
        /// Who said it.
        from: IpAddr,
    },
    /// A smaller path MTU reached it, in bytes.
    PathMtu {
        /// The new MTU.
        mtu: u16,
    },
    /// The peer sends no more.
    PeerClosed,
    /// Both ends are done with it.
    Closed,
    /// Its own program ended it with an RST.
    Aborted,
    /// Its machine was stopped: it is gone without a packet.
    Vanished,
}

/// Why a program fails or tries again, where networks and services fail in such a way.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its connection was reset.
    Reset,
    /// Nobody listens there.
    Refused,
    /// Nobody answered for too long.
    TimedOut,
    /// The network said that it cannot be reached.
    Unreachable,
    /// The name does not resolve.
    Name,
    /// The peer closed too early.
    Closed,
    /// The service answered with an error.
    Http,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 7] =
        [Self::Reset, Self::Refused, Self::TimedOut, Self::Unreachable, Self::Name, Self::Closed, Self::Http];

    /// In a word, as scenarios and outputs write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
            Self::Name => "name",
            Self::Closed => "closed",
            Self::Http => "http",
        }
    }
}

/// What happens to a program.
#[derive(Clone, Debug, PartialEq)]
pub enum ProgramNote {
    /// It began.
    Started,
    /// A name is being resolved, or was.
    Resolved {
        /// The name.
        name: String,
        /// Its addresses; empty if there are none.
        addresses: Vec<IpAddr>,
    },
    /// Datagrams or probes of this flow, which is no connection, are its own. Said before the first of them.
    Flow {
        /// As its host sends them.
        flow: FiveTuple,
    },
    /// It sent so many bytes of payload in all.
    Sent {
        /// In all, since it started.
        total: u64,
    },
    /// It received so many bytes of payload in all.
    Received {
        /// In all, since it started.
        total: u64,
    },
    /// A request went out.
    Request {
        /// Such as `PUT data/up.bin (8 MiB)`.
        what: String,
    },
    /// An answer came in.
    Response {
        /// The HTTP status, or 0 where there is none.
        status: u16,
        /// What it says.
        what: String,
    },
    /// An echo reply, or a hop of a traceroute, came in.
    Reply {
        /// Who answered.
        from: IpAddr,
        /// Sequence number or hop.
        sequence: u16,
        /// The answer's time to live, as received.
        ttl: u8,
        /// How long it took.
        after: Duration,
        /// Payload bytes of the answer.
        bytes: usize,
        /// `None` for an echo reply; the ICMP error otherwise.
        error: Option<IcmpError>,
    },
    /// It tries again.
    Retrying {
        /// Which attempt comes next, from 2.
        attempt: u32,
        /// After how long.
        after: Duration,
        /// Because of what.
        because: String,
        /// What kind of trouble that is.
        cause: Option<Cause>,
    },
    /// It is quiet on purpose until it has waited so long.
    Idle {
        /// How long.
        length: Duration,
    },
    /// Anything else worth a row.
    Said(String),
    /// It ended as it should.
    Completed {
        /// What it has to show.
        what: String,
    },
    /// It ended otherwise.
    Failed {
        /// What its user would read.
        error: String,
        /// What kind of trouble that is.
        cause: Option<Cause>,
    },
}

/// A line of a service's access log.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestNote {
    /// The service's name: `s3`, `dynamodb`, or a host's.
    pub service: String,
    /// The service's end of the connection, where it is one of the simulation.
    pub connection: Option<ConnectionId>,
    /// The source address as the service saw it.
    pub source: IpAddr,
    /// The source port as the service saw it.
    pub source_port: u16,
    /// The endpoint it came through, if one.
    pub endpoint: Option<String>,
    /// The VPC of that endpoint.
    pub vpc: Option<String>,
    /// Who asked, as an ARN; `-` for anonymous.
    pub requester: String,
    /// Such as `REST.GET.OBJECT`.
    pub operation: String,
    /// The bucket or table; `-` if none.
    pub bucket: String,
    /// The key; `-` if none.
    pub key: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code; empty if none.
    pub error: String,
    /// Why it was denied, naming the statement that decided; empty if it was not.
    pub because: String,
    /// Bytes of the body sent.
    pub bytes_sent: u64,
    /// Bytes of the body received.
    pub bytes_received: u64,
}
