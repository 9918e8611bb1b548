//! `vpclab probe DIR`: an account probed by real packets, against a file of observations or by a single question. Judges
//! by `analysis`, shows by `report`.

use std::path::Path;

use super::account;
use super::args::{Format, ProbeArgs};
use super::asked;
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::show::marked;
use super::terminal::Terminal;
use super::world;
use crate::analysis::{Evidence, Prober, Question, Scorecard, Stage, StageOptions, Traffic, score};
use crate::import::read_observations;
use crate::report::{ProbePage, ScorePage};

pub(super) fn run(args: &ProbeArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let asks = args.from.as_deref().zip(args.to.as_deref());
    if args.observations.is_none() && asks.is_none() {
        let complaint = Complaint::new("nothing is asked");
        return Err(complaint
            .help("give `--observations FILE`, or `--from A --to B` with `--tcp PORT`, `--udp PORT` or `--ping`")
            .into());
    }
    let options = world::stage_options(&args.assumed)?;
    let folder = &args.account.folder;
    if folder.is_file() {
        let complaint = Complaint::new(format_args!("`{}` is no folder of describe answers", folder.display()));
        return Err(complaint.help("`vpclab explain` asks scenarios, too").into());
    }
    match (&args.observations, asks) {
        (Some(path), _) => scored(args, path, options, terminal),
        (None, Some((from, to))) => single(args, from, to, options, terminal),
        (None, None) => Ok(Exit::Held),
    }
}

fn scored(args: &ProbeArgs, path: &Path, options: StageOptions, terminal: &Terminal) -> Result<Exit, Refusal> {
    let source = world::read(path)?;
    let (observations, problems) = read_observations(&source);
    if !problems.is_empty() {
        return Err(Complaint::Text { source, problems }.into());
    }
    let imported = account::load(&args.account)?;
    account::warn(&imported, terminal);
    let options = StageOptions { gaps: imported.gaps.clone(), ..options };
    let card: Scorecard = score(imported.world, options, &observations);
    let page = ScorePage { file: &source.name, card: &card };
    match args.format {
        Format::Text => terminal.print(&marked(&page.text()))?,
        Format::Json => terminal.print(&page.json())?,
        Format::Junit => {
            let report =
                page.junit().map_err(|error| Complaint::new(format_args!("no JUnit can be written: {error}")))?;
            terminal.print(&report)?;
        }
    }
    Ok(if card.holds() { Exit::Held } else { Exit::Failed })
}

fn single(args: &ProbeArgs, from: &str, to: &str, options: StageOptions, terminal: &Terminal) -> Result<Exit, Refusal> {
    if args.format == Format::Junit {
        let complaint = Complaint::new("a single probe is no test, and has no JUnit");
        return Err(complaint.help("`--format junit` goes with `--observations FILE`").into());
    }
    let imported = account::load(&args.account)?;
    account::warn(&imported, terminal);
    let options = StageOptions { gaps: imported.gaps.clone(), ..options };
    let stage = Stage::new(imported.world, options, Evidence::default(), &asked::literals(from, to));
    let mut prober = Prober::new(stage);
    let asked = asked::find(&mut prober, from, to, &args.traffic, Some(Traffic::Ping))?;
    let question = Question { from: asked.from, to: asked.to.map_err(Complaint::new)?, traffic: asked.traffic };
    let reply = prober.ask(&question);
    if let (Err(why), true) = (&reply.saw, reply.trails.is_empty()) {
        return Err(Complaint::new(why).into());
    }
    let names = prober.names();
    let page = ProbePage { question: &question, reply: &reply, names: &names };
    match args.format {
        Format::Text | Format::Junit => terminal.print(&marked(&page.text()))?,
        Format::Json => terminal.print(&format!("{}\n", page.json()))?,
    }
    Ok(Exit::Held)
}
