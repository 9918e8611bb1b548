//! Floor 0: time, randomness, ids, blocks of addresses. Words without opinions; imports nothing of ours.

mod address;
mod cidr;
mod era;
mod id;
mod name;
mod prefix_table;
mod rng;
mod time;

pub use address::{is_group, is_link_local};
pub use cidr::{Cidr, CidrError};
pub use era::Era;
pub use id::*;
pub use name::{AccountId, AvailabilityZone, RegionName, ServiceName};
pub use prefix_table::PrefixTable;
pub use rng::Rng;
pub use time::{Calendar, SimTime, parse_duration, show_duration};
