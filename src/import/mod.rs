//! Floor 8: a real account's `describe-*` answers → a world. Reads texts that somebody else has loaded; opens no file,
//! asks no account, and writes no scenario.
//!
//! Files are told apart by their top-level key and shape ([`kind`]), placed in an account and a region ([`source`]),
//! decoded resource by resource into answers, and assembled into records. Every problem is collected, with the file and
//! the path inside its JSON; what cannot be told from the files is an [`Assumption`] that can be overridden, and what is
//! not modelled is listed with its effect ([`Unmodeled`]), never dropped and never guessed.

mod kind;
mod ledger;
mod reader;
mod source;

mod endpoint;
mod filter;
mod gateway;
mod instance;
mod interface;
mod keys;
mod route_table;
mod vpc;

mod assemble;
mod assumption;
mod check;
mod draft;
mod gaps;
mod load;
mod shared;

mod listeners;
mod observations;

pub use assumption::Assumption;
pub use draft::{Gone, Unmodeled};
pub use gaps::Gaps;
pub use ledger::FileProblems;
pub use listeners::{DEFAULT_LISTENERS, HostKey, ListenerAssumptions, Listening, PortState};
pub use load::{ImportOptions, Imported, import};
pub use observations::{Observation, Observations, Probe, Saw, read_observations};
pub use source::{InputFile, Skipped};

#[cfg(test)]
pub(crate) mod tests;
