//! The whole command line, and nothing else.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A packet-level simulator of an AWS VPC, in userspace.
#[derive(Debug, Parser)]
#[command(name = "vpclab", version, about, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 all held; 1 an expectation failed; 2 a wrong or missing file, or wrong usage.")]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Verb,
    /// Log changes and requests to standard error; given twice, also each connection.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// When to use color.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
}

/// When to use color.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or the page of a verb, in roff.
    Man(ManArgs),
}

/// Arguments of `vpclab man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The verb whose page is wanted.
    pub(super) verb: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
