//! A step of the timeline as the control plane's action: names become ids, texts become values. Performs nothing.

mod value;

mod verb;

mod elastic_ip;
mod endpoint;
mod filter;
mod gateway;
mod instance;
mod neighbor;
mod network_interface;
mod other;
mod route_table;
mod vpc;

#[cfg(test)]
mod tests;

pub(super) use endpoint::wizard_ids;
pub(super) use neighbor::peering;
pub(super) use value::{blocks, policy_text};
pub(super) use verb::{action, created_id, parameters};
pub(super) use vpc::name_servers;
