//! What a host is told: its addresses and its settings. Holds no state.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::Cidr;

/// A host as it is made.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Its name: names its random stream.
    pub name: String,
    /// The seed of the run.
    pub seed: u64,
    /// Its interfaces; an interface's place in the list is the number of its port. Services with many carriers need
    /// only one, or none.
    pub interfaces: Vec<HostInterface>,
    /// Whole blocks that are its own, over every port: a service's published ranges.
    pub prefixes: Vec<Cidr>,
    /// The rest; hosts of one kind share it.
    pub settings: Arc<HostSettings>,
}

impl HostConfig {
    /// A host with one interface and default settings.
    pub fn new(name: impl Into<String>, seed: u64, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            name: name.into(),
            seed,
            interfaces: vec![HostInterface { addresses: addresses.into_iter().collect() }],
            prefixes: Vec::new(),
            settings: Arc::new(HostSettings::default()),
        }
    }

    /// The same host with other settings.
    #[must_use]
    pub fn with(mut self, settings: HostSettings) -> Self {
        self.settings = Arc::new(settings);
        self
    }
}

/// One interface of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostInterface {
    /// Its addresses; the first of a family is the source of what the host sends over it.
    pub addresses: Vec<IpAddr>,
}

/// What a host does about a segment that belongs to none of its connections.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// Answers RST (RFC 9293 section 3.5.2).
    #[default]
    Rst,
    /// Says nothing.
    Drop,
}

/// By which interface a host with several of them answers.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum AnswerBy {
    /// By the one that was asked.
    #[default]
    Asked,
    /// By its own routing table, which leads out of the first one.
    Primary,
}

/// How a sender reacts to loss.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// RFC 9438, as Linux does by default.
    #[default]
    Cubic,
    /// RFC 5681.
    Reno,
    /// Sends whatever the peer's window allows.
    None,
}

/// Probes of an idle connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// How long the connection is idle before each probe.
    pub interval: Duration,
    /// How long nothing at all is heard before the connection is given up.
    pub give_up: Duration,
}

/// Settings of a host. The defaults are Linux's where Linux has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// The time to live of everything that leaves.
    pub ttl: u8,
    /// What becomes of a segment that belongs to no connection and opens none.
    pub unknown_flow: Unknown,
    /// What becomes of a SYN to a port on which nobody listens, and of a UDP datagram to such a port.
    pub closed_port: Unknown,
    /// By which interface it answers.
    pub answer_by: AnswerBy,
    /// Whether it answers echo requests.
    pub answers_echo: bool,
    /// Receive buffer of a connection, in bytes; above 64 KiB the window is scaled.
    pub receive_buffer: usize,
    /// Send buffer of a connection, in bytes.
    pub send_buffer: usize,
    /// When an attempt to connect is given up (Linux: `tcp_syn_retries` 6, so 127 s).
    pub connect_timeout: Duration,
    /// When data that nobody acknowledges is given up (Linux: `tcp_retries2` 15, about 924 s).
    pub retransmit_give_up: Duration,
    /// Probes of idle connections; off unless a program asks for them, as in Linux.
    pub keep_alive: Option<KeepAlive>,
    /// How long a closed connection's tuple is remembered (Linux: 60 s).
    pub time_wait: Duration,
    /// How long a connection whose program is gone waits for the peer's FIN (Linux: `tcp_fin_timeout`, 60 s).
    pub fin_wait: Duration,
    /// How long an acknowledgment waits for company; `None` acknowledges at once.
    pub ack_delay: Option<Duration>,
    /// Whether small segments wait for acknowledgments (Nagle, RFC 1122); HTTP clients and SDKs turn it off.
    pub nagle: bool,
    /// How senders react to loss.
    pub congestion: Congestion,
    /// The most connections at once.
    pub connections_max: usize,
    /// Whether checksums of arriving packets are verified; those that were computed in this run are known to be true.
    pub verify_checksums: bool,
}

impl HostSettings {
    /// 128 KiB each way: Linux's default receive buffer (`tcp_rmem`).
    pub const BUFFER: usize = 128 * 1024;
    /// More connections than a host of a scenario has, and few enough for memory.
    pub const CONNECTIONS_MAX: usize = 1 << 18;
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            ttl: 255,
            unknown_flow: Unknown::Rst,
            closed_port: Unknown::Rst,
            answer_by: AnswerBy::Asked,
            answers_echo: true,
            receive_buffer: Self::BUFFER,
            send_buffer: Self::BUFFER,
            connect_timeout: Duration::from_secs(127),
            retransmit_give_up: Duration::from_secs(924),
            keep_alive: None,
            time_wait: Duration::from_secs(60),
            fin_wait: Duration::from_secs(60),
            ack_delay: Some(Duration::from_millis(10)),
            nagle: false,
            congestion: Congestion::Cubic,
            connections_max: Self::CONNECTIONS_MAX,
            verify_checksums: true,
        }
    }
}

/// How a program connects; what is `None` is as the host's settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// When to give the attempt up.
    pub timeout: Option<Duration>,
    /// The local address; else the first one of the family.
    pub local_address: Option<IpAddr>,
    /// The local port; else a free one from 32768 to 60999.
    pub local_port: Option<u16>,
    /// Receive buffer in bytes.
    pub receive_buffer: Option<usize>,
    /// Send buffer in bytes.
    pub send_buffer: Option<usize>,
    /// Probes while idle.
    pub keep_alive: Option<KeepAlive>,
}

/// How a program listens; what is `None` is as the host's settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// The most connections that wait, in the handshake or to be accepted.
    pub backlog: usize,
    /// Receive buffer of each connection, in bytes.
    pub receive_buffer: Option<usize>,
    /// Send buffer of each connection, in bytes.
    pub send_buffer: Option<usize>,
    /// Probes while idle.
    pub keep_alive: Option<KeepAlive>,
}

impl ListenOptions {
    /// A listener with so large a backlog.
    pub const fn backlog(backlog: usize) -> Self {
        Self { backlog, receive_buffer: None, send_buffer: None, keep_alive: None }
    }
}
