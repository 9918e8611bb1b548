//! Floor 1: what travels. Bytes proven well-formed once, their five-tuple, and changes that keep checksums true.
//!
//! A [`Packet`] is one pointer wide and owns its bytes. It is made by parsing, and only the changes of this room touch
//! it afterwards, so no accessor can fail: lengths, offsets and the header's version were checked at the door. Nothing
//! here knows a VPC.

mod checksum;
#[cfg(test)]
pub(crate) mod craft;
mod flow;
mod fragment;
mod icmp;
mod ip;
mod pool;
mod reset;
mod rewrite;
#[cfg(test)]
mod tests;
mod text;

pub use checksum::{checksums_hold, fold, sum_words, update16};
pub use flow::{FiveTuple, FlowTable, Protocol};
pub use fragment::{Fragment, FragmentPorts, Reassembler, split};
pub use icmp::{IcmpError, Quoted, build_icmp_error};
pub use ip::{Malformed, Packet, PacketId, TcpFlags, TcpView};
pub use pool::PacketPool;
pub use reset::{build_fin, build_reset};
pub use rewrite::clamp_mss;
pub use text::{describe, flags_text};
