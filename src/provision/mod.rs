//! Floor 6: the translator. Account records become boxes, links and tables, and a change recompiles what it touched.
//!
//! Nobody else knows both sides: the control plane never hears of packets, and the data plane never hears of records.

mod boxes;
mod classic;
mod filters;
mod follow;
mod hosts;
mod interfaces;
mod nat_instance;
mod network;
mod premises;
mod routes;
mod settings;

pub use hosts::{CarrierInfo, OutsideHost};
pub use network::{INTERNET_RESOLVER, Network, limited};
pub use premises::Premises;
pub use settings::{INTERNET_MTU, Links, Outside, QUEUE_BYTES, Settings, VPC_MTU, nat_limits};
