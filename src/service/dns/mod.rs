//! DNS by real packets: what names stand for, a server that answers over UDP and TCP, and the stub resolver of
//! programs. No name is known by magic: who wants an address sends a datagram.

mod message;
mod server;
mod stub;
mod zone;

pub use server::{EDNS_BYTES, reply, serve_dns};
pub use stub::{ATTEMPTS, PATIENCE, only, stub};
pub use zone::{
    Found, HOST_TTL, PublicNames, Records, SERVICE_TTL, ServiceRanges, VpcNames, Zone, private_name, public_name,
};
