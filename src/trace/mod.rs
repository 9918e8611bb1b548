//! Floor 2: what can be said about a packet's journey, a connection and a program. Pure data; decides and prints
//! nothing.
//!
//! The data plane speaks in handles: [`CiteId`] stands for the rule, route or device that decided, and [`Citations`]
//! holds what each stood for when it was compiled. Citations are only ever added, so a handle in an old step still
//! means what it meant at that instant.

mod cite;
mod directory;
mod drop_reason;
mod journey;
mod names;
mod note;
mod observer;
mod places;
mod step;

pub use cite::{Citations, Cite, CiteId, Component, rules_text};
pub use directory::{Directory, NodeInfo, ProgramInfo, ProgramKind};
pub use drop_reason::DropReason;
pub use journey::{BrokenJourney, Disposition, Hop, Journey, JourneyLog};
pub use names::Names;
pub use note::{Cause, ConnectionId, ConnectionNote, Note, ProgramId, ProgramNote, RequestNote};
pub use observer::{Attention, NodeId, Observer, Observers, PortId, Sees};
pub use places::Places;
pub use step::{Absorbed, Answer, Filter, Step};
