//! The program: calls the command line. Decides nothing.

fn main() {}
