//! Hosts on a direct link: what they say to each other, packet by packet.

mod bed;
mod datagram;
mod garbage;
mod icmp;
mod tcp;
