//! Floor 11: the command line. The only room that prints, opens files, reads the wall clock and hears Ctrl-C.
//!
//! `args` is the whole command line and nothing else; each verb is a file of its own; `exit` is how each of them ends.

mod args;
mod entry;
mod exit;

mod complaint;
mod files;
mod repeat;
mod staged;
mod terminal;

mod completions;
mod man;

pub use entry::main;
pub use exit::Exit;
