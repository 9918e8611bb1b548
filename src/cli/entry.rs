//! From the process's arguments to a verb, and from its answer to an exit status. Does no verb's work.

use std::process::ExitCode;

use clap::Parser as _;

use super::args::{Cli, Verb};
use super::exit::Exit;
use super::terminal::Terminal;
use super::{check, completions, describe, explain, import, list, log, man, new, probe, rules, run, schema, what_if};

/// The command line: reads the process's arguments, does what they ask for, and gives the exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version are answers too; where they cannot be printed, nobody is there to be told.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Wrong.into() } else { Exit::Held.into() };
        }
    };
    let terminal = Terminal::new(cli.color);
    log::start(cli.verbose, &terminal);
    let done = match &cli.verb {
        Verb::Run(args) => run::run(args, &terminal),
        Verb::Check(args) => check::run(args, &terminal),
        Verb::New(args) => new::run(args, &terminal),
        Verb::Schema => schema::run(&terminal),
        Verb::List(args) => list::run(args, &terminal),
        Verb::Rules(args) => rules::run(args, &terminal),
        Verb::Describe(args) => describe::run(args, &terminal),
        Verb::Import(args) => import::run(args, &terminal),
        Verb::Probe(args) => probe::run(args, &terminal),
        Verb::Explain(args) => explain::run(args, &terminal),
        Verb::Whatif(args) => what_if::run(args, &terminal),
        Verb::Completions { shell } => completions::run(*shell, &terminal),
        Verb::Man(args) => man::run(args, &terminal),
    };
    let exit = done.unwrap_or_else(|refusal| {
        terminal.complain(&refusal.0);
        Exit::Wrong
    });
    exit.into()
}
