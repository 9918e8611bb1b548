//! Floor 0b: texts that people write, as trees of nodes that know their place. Knows YAML and JSON, and no meaning.
//!
//! Scenario files, policies and describe answers are all read into [`Node`]s, and decoded by hand with every problem
//! collected; typed decoding would stop at the first. What a text may say is a table ([`shape`]) that the checker, the
//! decoders and the JSON Schema share.

mod bytes;
pub mod check;
pub mod decode;
mod json;
mod problem;
mod render;
pub mod shape;
mod text_map;
mod tree;
mod view;
mod yaml;

pub use bytes::source_of_bytes;
pub use json::{JSON_DEPTH_MAX, parse_json};
pub use problem::{Problem, Problems, Severity};
pub use render::{problems_to_json, problems_to_text, summary_line};
pub use text_map::TextMap;
pub use tree::{Entry, Map, Node, Scalar, Source, Span, Value};
pub use view::View;
pub use yaml::{YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX, parse_yaml};
