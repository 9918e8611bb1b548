//! From the text of a scenario to everything that a run needs, or to all that is wrong with it. Runs nothing.

mod resolved;

mod read;
mod reader;

mod accounts;
mod script;
mod services;
mod surroundings;

#[cfg(test)]
mod tests;

pub(super) use accounts::step_scope;
pub(super) use read::FLEET_OF_WRONG_FILE;
pub use read::{MACHINES_MAX, load};
pub use resolved::{S3Settings, Scenario, SharedLinks};
