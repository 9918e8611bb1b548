//! A scenario on a running world: programs and steps when they are due, until everything has ended, then the judgment.
//! Reads no clock: whoever calls says until when.

mod drive;

mod begin;

mod agenda;
mod route_table;

mod outcome;

#[cfg(test)]
mod tests;

pub use drive::{Advance, EVENTS_MAX, Run};
pub use outcome::{Judged, Outcome, StepOutcome};
