//! What is known of packets under way, of their flows' paths, and of connections. Bounded by what is open; writes nothing.

mod path;

mod flow;
mod travel;

mod memory;
mod open;

#[cfg(test)]
mod tests;

pub(super) use flow::{Flow, FlowId, Repeats, Transfer};
pub(super) use memory::Flows;
pub(super) use open::Open;
pub(super) use path::{landmark, path_names, path_text};
pub(super) use travel::{Glimpse, Made, Travel};
