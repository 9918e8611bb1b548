//! Floor 9: what a run has to show. A timeline for people, the same as JSON lines, captures, a summary, JUnit.
//!
//! Everything here listens (see [`crate::trace::Observer`]) or writes to a sink that was given to it; nothing opens a
//! file, reads a clock or looks into a node. [`Recorder`] turns packets, steps and notes into happenings once, and hands
//! each to the timeline, to the JSON lines and to the summary; [`Capture`] writes packets as they pass. [`Collection`]
//! puts all of it together under the names of the files. The pages of questions (probes, explanations, what-ifs) show what
//! `analysis` found.

mod words;

mod bill;
mod capture;
mod pcapng;

mod connections;
mod flows;
mod happening;
mod recorder;

mod events;
mod narrow;
mod rows;
mod summary;
mod timeline;

mod collect;
mod verdict;

mod explanation;
mod probes;
mod what_if;

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;

pub use capture::{Capture, OpenPoint};
pub use collect::{CAPTURE, CAPTURES, Collection, EVENTS, OpenFile, SUMMARY, TIMELINE};
pub use connections::{Listing, OpenEnd};
pub use explanation::ExplanationPage;
pub use narrow::Narrow;
pub use pcapng::APPLICATION;
pub use probes::{ProbePage, ScorePage};
pub use recorder::{Record, Recorder};
pub use summary::{BoxTotals, ConnectionCounts, DropTotals, PathTotals, ProgramEnd, Summary};
pub use timeline::TimelineOptions;
pub use verdict::{ExpectationResult, Verdict, junit};
pub use what_if::WhatIfPage;
