//! Floor 11: the command line. The only room that prints, opens files, reads the wall clock and hears Ctrl-C.
//!
//! `args` is the whole command line and nothing else; each verb is a file of its own; `exit` is how each of them ends.

mod args;
mod entry;
mod exit;

mod check;
mod completions;
mod describe;
mod explain;
mod import;
mod list;
mod man;
mod new;
mod probe;
mod rules;
mod run;
mod schema;
mod what_if;

mod asked;
mod drive;
mod listeners;
mod load;
mod open_connections;
mod progress;
mod repeat;
mod show;
mod world;

mod account;
mod complaint;
mod files;
mod log;
mod staged;
mod terminal;

pub use entry::main;
pub use exit::Exit;
