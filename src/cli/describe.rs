//! `vpclab describe KIND FILE`: what a describe call answers at an instant of a scenario, in the AWS CLI's shape. Runs
//! the scenario until then, and shows none of it.

use super::args::DescribeArgs;
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::load;
use super::terminal::Terminal;
use crate::base::SimTime;
use crate::control_plane::{Call, Describe, Query};
use crate::scenario::Run;

pub(super) fn run(args: &DescribeArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let Some(what) = Describe::parse(&args.kind) else {
        let known: Vec<&str> = Describe::ALL.iter().map(|call| call.word()).collect();
        let complaint = Complaint::new(format_args!("`{}` is nothing that can be described", args.kind));
        return Err(complaint.help(format!("one of {}", known.join(", "))).into());
    };
    let mut query = Query { ids: args.ids.clone(), filters: Vec::new() };
    for filter in &args.filters {
        let Some((name, values)) = filter.split_once('=') else {
            let complaint = Complaint::new(format_args!("`{filter}` is no filter"));
            return Err(complaint.help("write NAME=VALUE, or NAME=VALUE,VALUE").into());
        };
        query.filters.push((name.to_owned(), values.split(',').map(str::to_owned).collect()));
    }
    let mut files = load::only_in(args.era, load::load(std::slice::from_ref(&args.file), terminal)?)?;
    let loaded = match files.len() {
        1 => files.remove(0),
        2 if files.iter().all(|one| one.scenario.shares_file && one.found.path == files[0].found.path) => {
            let complaint = Complaint::new(format_args!("`{}` runs in several eras", files[0].found.name));
            return Err(complaint.help("say which with `--era`").into());
        }
        count => {
            return Err(Complaint::new(format_args!("a single scenario is described, and these are {count}")).into());
        }
    };
    let home = loaded.scenario.home.clone();
    let mut run = Run::new(loaded.scenario, None, &mut ());
    // Steps that are due at the instant itself have happened.
    run.advance(args.at.map_or(SimTime::FAR, |at| SimTime::from_nanos(1).after(at)), &mut ());
    let at = args.at.map_or(run.now(), |at| SimTime::ZERO.after(at));
    match run.simulation().world().describe(&Call::admin(home), what, &query, at) {
        Ok(answer) => {
            let text = serde_json::to_string_pretty(&answer).unwrap_or_else(|_| answer.to_string());
            terminal.print(&format!("{text}\n"))?;
            Ok(Exit::Held)
        }
        Err(error) => Err(Complaint::new(format_args!("{error}")).into()),
    }
}
