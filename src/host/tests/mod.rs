//! Hosts on a direct link: what they say to each other, packet by packet.

pub(crate) mod bed;
mod carriers;
mod datagram;
mod garbage;
mod icmp;
mod size;
mod switch;
mod tcp;
