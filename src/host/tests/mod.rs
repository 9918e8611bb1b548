//! Hosts on a direct link: what they say to each other, packet by packet.

pub(crate) mod bed;
mod datagram;
mod garbage;
mod icmp;
mod tcp;
