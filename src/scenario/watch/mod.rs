//! What a run showed, as far as its expectations ask: connections and programs with their instants, the devices that
//! packets crossed, drops, access-log lines. Judges nothing.

mod fact;

mod observe;

mod connection;
mod packet;
mod program;

pub(super) use fact::{DropFact, Ending, FlowFacts, Passage, ProgramFacts};
pub(super) use observe::{Wanted, Watch};
