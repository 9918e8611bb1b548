//! Expectations judged by what the watch saw: held or not, and what was seen instead. Runs nothing.

mod bench;

mod answer;
mod connection;
mod drop;
mod ending;
mod exchange;
mod path;
mod reach;
mod request;
mod route_table;

pub(super) use bench::{Bench, Judgment, nodes_of};
pub(super) use route_table::TableRoutes;
