//! Import against the measured networks, whole, halved and mutated.

pub(crate) mod account;
mod network;
pub(crate) mod small;

mod lab;

mod assumptions;
mod files;
mod records;
mod worlds;

mod damage;

use super::*;
pub(crate) use network::{File, endpoints_network, inputs, large, peering_network};
