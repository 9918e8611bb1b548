//! Floor 8: the language: a text becomes a world, programs, timed changes and expectations, with every problem at its
//! place. Draws no pictures and prints nothing.

mod vocabulary;

mod context;
mod json;
mod names;
mod world_names;

mod action;
mod plan;

mod account;
mod declare;
mod described;
mod elastic_ip;
mod interface;
mod machine;
mod neighbor;
mod network;
mod prefix_list;

mod eras;
mod expectation;
mod program;
mod regions;
mod rehearsal;
mod timeline;

mod change;
mod load;
mod schema;

mod judge;
mod perform;
mod run;
mod watch;

mod write;

pub use account::{ADMINISTRATOR, ObjectSpec};
pub use change::{Ground, read_change};
pub use expectation::{Cause, DropCode, Expectation, Expected, LogLine, PacketPattern, ResetBy, Timing, Window};
pub use load::{MACHINES_MAX, S3Settings, Scenario, SharedLinks, load};
pub use machine::{LinkSettings, Machine, Seat};
pub use names::{Named, Names, Place, Unresolved};
pub use program::Program;
pub use run::{Advance, EVENTS_MAX, Judged, Outcome, Run, StepOutcome};
pub use schema::schema;
pub use timeline::{ActionText, Answers, Due, Event, Happening, ProgramEvent, Step};
pub use write::{Preface, Written, differences, write};
