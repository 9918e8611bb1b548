//! Floor 0b: texts that people write, as trees of nodes that know their place. Knows YAML and JSON, and no meaning.
//!
//! Scenario files, policies and describe answers are all read into [`Node`]s, and decoded by hand with every problem
//! collected; typed decoding would stop at the first.

mod json;
mod problem;
mod tree;

pub use json::{JSON_DEPTH_MAX, parse_json};
pub use problem::{Problem, Problems, Severity};
pub use tree::{Entry, Map, Node, Scalar, Source, Span, Value};
