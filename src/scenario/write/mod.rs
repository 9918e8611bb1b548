//! A world's records as a scenario that makes the same world: with its ids and names, in the language's own short words.
//! Writes no programs and no expectations, and opens no file.
//!
//! What the language has no word for is a comment in the file and a note beside it; [`differences`] tells whether the
//! world that a file makes is the one it was written from.

mod compare;
mod example;
mod filter;
mod label;
mod machine;
mod pen;
mod region;
mod scratch;
mod text;
mod vpc;
mod world;

pub use compare::differences;
pub use world::{Preface, Written, write};

#[cfg(test)]
mod tests;
