//! Floor 3: events in order. Nodes, the links between them, impairments, and a clock that only a caller advances.
//!
//! The engine knows the [`Node`] trait and nothing else of what is simulated. A caller (a scenario, or the wall clock
//! with packets from outside) asks it to run until an instant; it never runs by itself and reads no clock.

mod effects;
mod event;
mod impair;
mod link;
mod node;
mod queue;
mod run;
#[cfg(test)]
mod tests;

pub use effects::{Counters, Effects, LOOPBACK};
pub use event::{EventClass, EventKey};
pub use impair::{Impairment, ImpairmentSpec};
pub use link::{LineSpec, LinkSpec};
pub use node::Node;
pub use queue::EventQueue;
pub use run::{Engine, Stop};
