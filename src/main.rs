//! The program `vpclab`: calls the command line, and ends with its status. Decides nothing.

use std::process::ExitCode;

fn main() -> ExitCode {
    vpclab::cli::main()
}
