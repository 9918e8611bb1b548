//! Floor 7: one running world. Change it through one door, advance it to an instant, look into it.

mod checks;
mod machines;
mod names;
mod programs;
mod simulation;

pub use checks::Checks;
pub use simulation::{EVENTS_MAX, Simulation};

#[cfg(test)]
mod tests;
