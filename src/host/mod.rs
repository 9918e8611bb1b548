//! Floor 4: machines. A host is one node of the graph: addresses, a TCP/IP stack, and the programs that run on it.
//!
//! TCP is smoltcp's, with one socket set per connection behind our own lookup; everything around it (listeners,
//! time-outs, resets to unknown connections, UDP, ICMP, fragments) is done here. Programs are either event-driven
//! ([`App`]) or asynchronous functions over [`Net`]; both run inside the host's own events, without a runtime.

mod app;
mod config;
mod connection;
mod datagram;
mod error;
mod forward;
mod node;
mod probe;
mod pump;
mod raw;
mod sockets;
mod stack;
mod stream;
mod task;
mod tcp;
mod time_wait;
mod udp;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use app::{App, AppCx, AppEvent, AppId, ListenerId, SocketId};
pub use config::{
    AnswerBy, Congestion, ConnectOptions, HostConfig, HostInterface, HostSettings, KeepAlive, ListenOptions, Unknown,
};
pub use connection::{Carrier, ConnectionInfo};
pub use datagram::{SendOptions, UDP_QUEUE_BYTES, UdpMessage};
pub use error::{End, NetError};
pub use forward::Forwarder;
pub use node::Host;
pub use probe::{Probe, ProbeAnswer, ProbeId, ProbeKind, ProbeReply};
pub use stream::{TcpListener, TcpStream};
pub use task::{Net, Sleep};
pub use udp::{PingOptions, PingReply, PortState, UdpSocket};
