//! The whole command line, and nothing else.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::base::{AccountId, Era, RegionName};

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
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
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
    /// Run scenarios, and say whether what they expect came true.
    Run(RunArgs),
    /// Check scenario files: everything but running them.
    Check(CheckArgs),
    /// Write a commented scenario to start from.
    New(NewArgs),
    /// Print the JSON Schema of scenario files, for editors.
    Schema,
    /// List the scenarios of a folder with their titles and rules.
    List(ListArgs),
    /// Hold the rule book against the scenarios: a table, or the page of one rule.
    Rules(RulesArgs),
    /// Print what a describe call answers at an instant of a scenario, as the AWS CLI prints it.
    Describe(DescribeArgs),
    /// Import an account's `describe-*` answers, and say what was understood and what assumed.
    Import(ImportArgs),
    /// Probe an imported account by packets: score a file of observations, or ask a single question.
    Probe(ProbeArgs),
    /// Explain a path out and back: routes, filters, translations, and everything that is in the way.
    Explain(ExplainArgs),
    /// Say what a change would do: who loses or gains reach, and which open connections would break.
    Whatif(WhatIfArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or the page of a verb, in roff.
    Man(ManArgs),
}

/// Arguments of every verb that reads an account.
#[derive(Debug, Args)]
pub(super) struct AccountArgs {
    /// The folder of describe answers, in any file names.
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) options: AccountOptions,
}

/// What is said of an account besides its answers.
#[derive(Debug, Default, Args)]
pub(super) struct AccountOptions {
    /// Let something else hold than what is assumed; may be given several times.
    ///
    /// `vpclab import DIR` lists what is assumed, by the same keys.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assumption)]
    pub(super) assume: Vec<(String, String)>,
    /// The region of files that do not tell theirs.
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(super) region: Option<RegionName>,
    /// The account of files that do not tell theirs.
    #[arg(long, value_name = "NUMBER", value_parser = account)]
    pub(super) account: Option<AccountId>,
}

/// Arguments of `vpclab import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    pub(super) account: AccountArgs,
    /// Write the account as a scenario, which runs by itself; `-` writes it to standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write in place of a file that exists.
    #[arg(long, requires = "output")]
    pub(super) force: bool,
    /// How what was understood is printed: as text, or as one JSON object.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// Arguments of `vpclab probe`.
#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    #[command(flatten)]
    pub(super) account: AccountArgs,
    /// A CSV file of what probes saw: from,to,probe,port,saw,ttl.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to", "tcp", "udp", "ping"])]
    pub(super) observations: Option<PathBuf>,
    /// Who asks: an instance's name, id or address, or an address of the internet.
    #[arg(long, value_name = "WHO", requires = "to")]
    pub(super) from: Option<String>,
    /// Who is asked: a name, an id, an address, `s3`, or a DNS name; with `:PORT` by a SYN.
    #[arg(long, value_name = "WHO", requires = "from")]
    pub(super) to: Option<String>,
    /// How it is asked; by an echo request unless a port is given.
    #[command(flatten)]
    pub(super) traffic: TrafficArgs,
    /// What is assumed of machines.
    #[command(flatten)]
    pub(super) assumed: AssumedArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Arguments of `vpclab explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A scenario file, or a folder of describe answers.
    #[arg(value_name = "WORLD")]
    pub(super) world: PathBuf,
    /// Who asks: a machine's name, id or address.
    #[arg(long, value_name = "WHO")]
    pub(super) from: String,
    /// Who is asked: `NAME:PORT`, where NAME is a machine (`web`, `web.public`, `web.ipv6`), a NAT gateway, an id, an
    /// address, a service (`s3`) or a DNS name.
    #[arg(long, value_name = "WHO")]
    pub(super) to: String,
    /// How it is asked.
    #[command(flatten)]
    pub(super) traffic: TrafficArgs,
    /// The virtual time of a scenario, such as 5s; its start unless given.
    #[arg(long, value_name = "TIME", value_parser = length)]
    pub(super) at: Option<Duration>,
    /// The era, of a scenario that runs in several.
    #[arg(long, value_name = "ERA", value_parser = era)]
    pub(super) era: Option<Era>,
    /// What is said of an account.
    #[command(flatten)]
    pub(super) account: AccountOptions,
    /// What is assumed of machines.
    #[command(flatten)]
    pub(super) assumed: AssumedArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// Arguments of `vpclab whatif`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 nothing is lost; 1 somebody loses reach, an open connection or requests, or may lose \
                        them, or a connection that was named never stood; 2 AWS would refuse a step, or a file is wrong."
)]
pub(super) struct WhatIfArgs {
    /// A scenario file, or a folder of describe answers.
    #[arg(value_name = "WORLD")]
    pub(super) world: PathBuf,
    /// The change: a YAML list of steps in the words of a scenario's timeline, such as
    /// `- create-vpc-endpoint: {vpc: main, service: s3, route-tables: private}`.
    #[arg(long, value_name = "FILE")]
    pub(super) change: PathBuf,
    /// The open connections whose fate is asked for: a YAML list such as `- {from: web, to: s3, port: 443, sends: true}`.
    ///
    /// Without it: those that a scenario's programs have open; else one idle and one sending from each kind of instance to
    /// each service and the internet, where it reaches them.
    #[arg(long, value_name = "FILE")]
    pub(super) connections: Option<PathBuf>,
    /// The virtual time of a scenario at which the change is made, such as 5s; its start unless given.
    #[arg(long, value_name = "TIME", value_parser = length)]
    pub(super) at: Option<Duration>,
    /// The era, of a scenario that runs in several.
    #[arg(long, value_name = "ERA", value_parser = era)]
    pub(super) era: Option<Era>,
    /// Compare only TCP to this port; may be given several times. All ports that rules tell apart unless given.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) tcp: Vec<u16>,
    /// Compare only UDP to this port; may be given several times.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) udp: Vec<u16>,
    /// Compare only pings.
    #[arg(long)]
    pub(super) ping: bool,
    /// What is said of an account.
    #[command(flatten)]
    pub(super) account: AccountOptions,
    /// What is assumed of machines.
    #[command(flatten)]
    pub(super) assumed: AssumedArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// How a question is asked.
#[derive(Debug, Args)]
pub(super) struct TrafficArgs {
    /// By a SYN to this port.
    #[arg(long, value_name = "PORT", conflicts_with_all = ["udp", "ping"],
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) tcp: Option<u16>,
    /// By a datagram, to this port or to the one of `--to`.
    #[arg(long, value_name = "PORT", num_args = 0..=1, conflicts_with = "ping",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) udp: Option<Option<u16>>,
    /// By an echo request.
    #[arg(long)]
    pub(super) ping: bool,
}

/// What is assumed of an account's machines, which no describe call tells.
#[derive(Debug, Args)]
pub(super) struct AssumedArgs {
    /// What listens where, as a YAML file; `instances: {tcp: [22]}` and more unless given.
    ///
    /// What the file leaves out is as without it: instances answer ping and have sshd on port 22; services answer on 80 and
    /// 443; the internet on 53 and 443.
    #[arg(long, value_name = "FILE")]
    pub(super) listeners: Option<PathBuf>,
    /// By which interface an instance with several answers.
    ///
    /// The default is the one that was asked: Amazon Linux gives each interface a routing table of its own, so that answers
    /// leave by the interface they belong to. `primary` is a machine with one routing table, whose default route leaves by
    /// the first interface.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(super) answer_by: Option<AnswerBy>,
}

/// By which interface an instance with several answers.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerBy {
    /// By the one that was asked.
    Asked,
    /// By the first one.
    Primary,
}

/// Arguments of `vpclab rules`.
#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// One rule, such as R43; all of them unless given.
    #[arg(value_name = "RULE")]
    pub(super) rule: Option<String>,
    /// The folder of the scenarios that show them.
    #[arg(long, value_name = "FOLDER", default_value = "scenarios")]
    pub(super) folder: PathBuf,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// Arguments of `vpclab describe`.
#[derive(Debug, Args)]
pub(super) struct DescribeArgs {
    /// What is described: vpc-endpoints, route-tables, prefix-lists and so on.
    #[arg(value_name = "KIND")]
    pub(super) kind: String,
    /// The scenario.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The virtual time, such as 5s; the end of the run unless given.
    #[arg(long, value_name = "TIME", value_parser = length)]
    pub(super) at: Option<Duration>,
    /// The era, of a scenario that runs in several.
    #[arg(long, value_name = "ERA", value_parser = era)]
    pub(super) era: Option<Era>,
    /// Only these resources, by id.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(super) ids: Vec<String>,
    /// Only what passes a filter, as NAME=VALUE[,VALUE]; may be given several times.
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    pub(super) filters: Vec<String>,
}

/// Arguments of `vpclab run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Scenario files, or folders of them; folders named `errors` below a folder are skipped.
    #[arg(required = true, value_name = "FILE-OR-FOLDER")]
    pub(super) paths: Vec<PathBuf>,
    /// The seed of all chance, in place of the scenario's own.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Run scenarios of several eras in this one only: 2017 or current.
    #[arg(long, value_name = "ERA", value_parser = era)]
    pub(super) era: Option<Era>,
    /// Collect the outputs in this folder: timeline.txt, events.ndjson, summary.json, capture.pcapng, captures/.
    ///
    /// Several files get a folder each below it.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Run this many seconds of virtual time per second of wall clock; Ctrl-C ends the run with whole outputs.
    #[arg(long, value_name = "X", value_parser = pace)]
    pub(super) pace: Option<f64>,
    /// Write the capture of one scenario to this file as it grows; `-` streams pcapng alone to standard output.
    ///
    /// With `-`, timeline and summary go to standard error: `vpclab run FILE --pace 1 --capture - | wireshark -k -i -`.
    #[arg(long, value_name = "FILE")]
    pub(super) capture: Option<PathBuf>,
    /// Narrow the timeline of one scenario to an instance, host or program, or to a connection as `NAME:PORT`.
    #[arg(long, value_name = "NAME")]
    pub(super) only: Option<String>,
    /// List the connections of one scenario that are open at this virtual time, such as 2s; may be given several times.
    #[arg(long, value_name = "T", value_parser = length)]
    pub(super) connections_at: Vec<Duration>,
    /// Print one line for each scenario, without timeline and summary: the fastest way to run.
    #[arg(long, conflicts_with_all = ["only", "connections_at"])]
    pub(super) quiet: bool,
}

/// Arguments of `vpclab check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files, or folders of them; folders named `errors` below a folder are skipped.
    #[arg(required = true, value_name = "FILE-OR-FOLDER")]
    pub(super) paths: Vec<PathBuf>,
    /// How problems are printed: as text on standard error, or as JSON on standard output, one line a file.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// Arguments of `vpclab new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The file to write; it must not exist.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

/// Arguments of `vpclab list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Folders or files.
    #[arg(value_name = "FILE-OR-FOLDER", default_value = "scenarios")]
    pub(super) paths: Vec<PathBuf>,
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t = Machine::Text)]
    pub(super) format: Machine,
}

/// Arguments of `vpclab man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The verb whose page is wanted.
    pub(super) verb: Option<String>,
}

/// How the results of runs are printed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: the timeline and summary of one scenario, a line for each of several.
    Text,
    /// For machines: one JSON object a line; `run` begins a scenario and `verdict` ends it.
    Json,
    /// For CI systems: JUnit XML.
    Junit,
}

/// How other results are printed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Machine {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// An era by its word.
fn era(text: &str) -> Result<Era, String> {
    let known: Vec<&str> = Era::ALL.iter().map(|era| era.as_str()).collect();
    Era::parse(text).ok_or_else(|| format!("is none of {}", known.join(", ")))
}

fn pace(text: &str) -> Result<f64, String> {
    let pace: f64 = text.parse().map_err(|_| "a number such as 1 or 0.5 is needed".to_owned())?;
    if pace.is_finite() && (PACE_MIN..=PACE_MAX).contains(&pace) {
        Ok(pace)
    } else {
        Err(format!("a number between {PACE_MIN} and {PACE_MAX} is needed"))
    }
}

fn assumption(text: &str) -> Result<(String, String), String> {
    let (key, value) =
        text.split_once('=').ok_or("it is written as KEY=VALUE, such as vpc-1a2b3c4d.enableDnsSupport=false")?;
    if key.is_empty() {
        Err("the key before `=` is missing".to_owned())
    } else {
        Ok((key.to_owned(), value.to_owned()))
    }
}

fn region(text: &str) -> Result<RegionName, String> {
    RegionName::parse(text).ok_or_else(|| "a region is needed, such as us-west-2".to_owned())
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).ok_or_else(|| "an account is needed: twelve digits".to_owned())
}

fn length(text: &str) -> Result<Duration, String> {
    crate::base::parse_duration(text).ok_or_else(|| "a time with its unit is needed, such as 250ms or 2s".to_owned())
}

/// The slowest pace.
const PACE_MIN: f64 = 0.001;
/// The fastest pace; without one a run takes as long as it takes.
const PACE_MAX: f64 = 1_000_000.0;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_pace_is_a_number_within_limits() {
        assert_eq!(pace("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "fast", "1e9"] {
            assert!(pace(text).is_err(), "{text}");
        }
    }
}
