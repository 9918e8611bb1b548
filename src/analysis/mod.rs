//! Floor 8: questions to a world. What a probe would see, why, and what a change would do; by the records' tables and by
//! packets. Changes no world but its own copies, and prints nothing.

mod addresses;
mod judge;
mod labels;
mod path;
mod place;
mod shown_rules;
mod tables;
mod walk;

mod explain;
mod probe;
mod question_log;
mod rule_book;
mod score;
mod stage;

pub use addresses::{AddressIndex, Owner};
pub use explain::{Disagreement, Explained, explain};
pub use labels::Labels;
pub use path::{Blocker, End, Explanation, Finding, Header, Outcome, Path, PathHop, Source, Traffic};
pub use place::{Place, Places, Unplaced, split_port};
pub use probe::{Prober, Question, Reply, Trail};
pub use rule_book::{RULES, Rule};
pub use score::{Agreement, Scorecard, Scored, score};
pub use stage::{Evidence, Stage, StageOptions};
pub use tables::{TableOptions, Tables};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
