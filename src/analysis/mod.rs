//! Floor 8: questions to a world. What a probe would see, why, and what a change would do; by the records' tables and by
//! packets. Changes no world but its own copies, and prints nothing.

mod addresses;
mod cost;
mod judge;
mod labels;
mod path;
mod place;
mod shown_rules;
mod tables;
mod walk;
mod walk_gateways;
mod walk_nat;
mod walk_records;

mod explain;
mod probe;
mod question_log;
mod rule_book;
mod score;
mod stage;

mod class_members;
mod class_places;
mod classes;
mod fates;
mod ports;
mod reach;
mod requests;
mod what_if;

pub(crate) use shown_rules::{Subject, rules_of_drop};

pub use addresses::{AddressIndex, Owner};
pub use classes::{Class, ClassKind, SOMEWHERE};
pub use cost::{Bill, Charge, Dollars, Item, Tariff};
pub use explain::{Disagreement, Explained, explain};
pub use fates::{ChangeStep, Fate, IDLE, OPEN_FOR, OpenConnection, PATIENCE, ProgramEnd};
pub use labels::Labels;
pub use path::{Blocker, End, Explanation, Finding, Header, Outcome, Path, PathHop, Source, Traffic};
pub use place::{Place, Places, Unplaced, split_port};
pub use ports::{TrafficRange, traffic_of, traffic_text};
pub use probe::{Prober, Question, Reply, Trail};
pub use reach::{Comparison, Pair, PairChange, Reach, Way, confirm, reach};
pub use requests::{DeniedRequest, Requests};
pub use rule_book::{RULES, Rule};
pub use score::{Agreement, Scorecard, Scored, score};
pub use stage::{Evidence, Stage, StageOptions};
pub use tables::{TableOptions, Tables};
pub use what_if::{Chosen, ConnectionFate, ProgramFate, StepMade, WhatIf, WhatIfOptions, what_if};

#[cfg(test)]
mod account_tests;
#[cfg(test)]
pub(crate) mod agreement;
#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod tests;
