//! `vpclab completions SHELL`: a script that completes the command line in a shell.

use clap::CommandFactory as _;

use super::args::Cli;
use super::complaint::Refusal;
use super::exit::Exit;
use super::terminal::Terminal;

pub(super) fn run(shell: clap_complete::Shell, terminal: &Terminal) -> Result<Exit, Refusal> {
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vpclab", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Held)
}
