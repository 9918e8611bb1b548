//! Expectations as data: what must come of a run, to be judged from its trace. Judges nothing.

mod claim;

mod log_line;
mod packet_pattern;

mod probe;
mod read;
mod value;

pub(super) use claim::Completion;
pub use claim::{Cause, DropCode, Expectation, Expected, ResetBy, Timing, Window};
pub use log_line::LogLine;
pub use packet_pattern::PacketPattern;
pub(super) use read::{Known, expectation};
pub(super) use value::dollars;
