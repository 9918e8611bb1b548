//! `vpclab run FILE-OR-FOLDER…`: checks all, runs one after the other, and says what held. How a run is advanced and
//! where its outputs go is elsewhere.
#![expect(clippy::disallowed_methods, reason = "the command line looks at files")]

use std::fs;
use std::io::Read;
use std::path::Path;

use super::args::{Format, RunArgs};
use super::complaint::{Complaint, Refusal};
use super::drive::{self, Driven, Interrupt};
use super::exit::Exit;
use super::files::Found;
use super::listeners::Listeners;
use super::load::{self, Loaded};
use super::progress::Progress;
use super::repeat;
use super::show;
use super::staged::Staged;
use super::terminal::Terminal;
use crate::base::SimTime;
use crate::report::{ExpectationResult, Narrow, Verdict, junit};
use crate::scenario::{Judged, Outcome, Run};

pub(super) fn run(args: &RunArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    refuse_contradictions(args)?;
    let files = load::only_in(args.era, load::load(&args.paths, terminal)?)?;
    refuse_for_several(args, files.len())?;
    refuse_overwriting(args, &files)?;
    let folders = folders(args, &files)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Complaint::new(format_args!("cannot keep a clock: {error}")))?;
    // The simulated programs are polled inside one task of this runtime, whose share of cooperative scheduling says
    // nothing about them.
    runtime.block_on(tokio::task::unconstrained(all(args, terminal, files, folders)))
}

/// Options that contradict each other whatever the files are.
fn refuse_contradictions(args: &RunArgs) -> Result<(), Refusal> {
    if streams_capture(args) && args.format != Format::Text {
        let complaint = Complaint::new("`--capture -` takes all of standard output, so results cannot go there too");
        return Err(complaint.help("write the capture to a file, or leave out `--format`").into());
    }
    Ok(())
}

/// Options that make sense for a single scenario.
fn refuse_for_several(args: &RunArgs, files: usize) -> Result<(), Refusal> {
    let given = [
        ("--capture", args.capture.is_some()),
        ("--only", args.only.is_some()),
        ("--connections-at", !args.connections_at.is_empty()),
    ];
    let wrong = |(option, is_given): &(&str, bool)| {
        let complaint = Complaint::new(format_args!("`{option}` is for one scenario, and these are {files}"));
        is_given.then(|| {
            complaint.help("name a single file, or one of its eras; `--out DIR` collects the outputs of several")
        })
    };
    let complaints: Vec<_> = given.iter().filter_map(wrong).collect();
    if files == 1 || complaints.is_empty() { Ok(()) } else { Err(Refusal(complaints)) }
}

/// A capture in the place of something else that is read or written.
fn refuse_overwriting(args: &RunArgs, files: &[Loaded]) -> Result<(), Refusal> {
    let Some(capture) = args.capture.as_deref().filter(|_| !streams_capture(args)) else { return Ok(()) };
    let refused = |text: String| -> Result<(), Refusal> {
        Err(Complaint::new(text).help("name another file for the capture").into())
    };
    let place = |path: &Path| path.canonicalize().ok();
    let whole = place(capture);
    if files.iter().any(|file| whole.is_some() && place(&file.found.path) == whole) {
        return refused(format!("`--capture {}` would replace the scenario", capture.display()));
    }
    let folder = capture.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = args.out.as_deref().and_then(place).zip(place(folder)).is_some_and(|(out, own)| own.starts_with(out));
    if inside {
        return refused(format!("`--capture {}` lies in the folder of `--out`", capture.display()));
    }
    // What is there and is no capture was not meant to go.
    let mut head = [0; 4];
    let opened = fs::File::open(capture).ok().filter(|_| capture.is_file());
    if opened.is_some_and(|mut file| file.read_exact(&mut head).is_ok() && head != PCAPNG_MAGIC) {
        return refused(format!("`{}` exists and is no capture", capture.display()));
    }
    Ok(())
}

/// How a pcapng file begins.
const PCAPNG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Whether packets take standard output.
pub(super) fn streams_capture(args: &RunArgs) -> bool {
    args.capture.as_deref().is_some_and(|file| file.as_os_str() == "-")
}

/// A folder of outputs for each file, all of them made before anything runs.
fn folders(args: &RunArgs, files: &[Loaded]) -> Result<Vec<Option<Staged>>, Refusal> {
    let Some(out) = &args.out else { return Ok(files.iter().map(|_| None).collect()) };
    let folder = |loaded: &Loaded| if files.len() == 1 { out.clone() } else { out.join(&loaded.found.place) };
    let stage = |loaded| {
        let folder = folder(loaded);
        Staged::new(folder.clone()).map(Some).map_err(|error| Complaint::cannot_write(&folder, &error).into())
    };
    files.iter().map(stage).collect()
}

async fn all(
    args: &RunArgs,
    terminal: &Terminal,
    files: Vec<Loaded>,
    folders: Vec<Option<Staged>>,
) -> Result<Exit, Refusal> {
    let interrupt = Interrupt::listen();
    let count = files.len();
    let shows_timeline = !args.quiet && args.format != Format::Junit && (count == 1 || args.format == Format::Json);
    let progress = Progress::new(count, shows_timeline && terminal.shows_results());
    let mut verdicts = Vec::with_capacity(count);
    for (loaded, folder) in files.into_iter().zip(folders) {
        progress.begin(&loaded.found.name);
        let mut listeners = Listeners::new(args, terminal, count == 1, folder);
        let (verdict, driven) = one(args, terminal, loaded, &mut listeners, &interrupt, &progress).await?;
        progress.end();
        progress.aside(|| listeners.finish(&verdict))?;
        verdicts.push(verdict);
        if matches!(driven, Driven::Interrupted | Driven::Unheard) {
            break;
        }
    }
    progress.finish();
    match args.format {
        Format::Text if count != 1 => terminal.print(&show::totals(&verdicts, count))?,
        Format::Text | Format::Json => {}
        Format::Junit => {
            let xml = junit(&verdicts).map_err(|error| Complaint::new(format_args!("cannot write XML: {error}")))?;
            terminal.print(&xml)?;
        }
    }
    let held = verdicts.len() == count && verdicts.iter().all(Verdict::held);
    Ok(if held { Exit::Held } else { Exit::Failed })
}

/// Runs one scenario to its end, or to the end of patience, and judges it.
async fn one(
    args: &RunArgs,
    terminal: &Terminal,
    loaded: Loaded,
    listeners: &mut Listeners,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(Verdict, Driven), Refusal> {
    let Loaded { found, scenario } = loaded;
    let seed = args.seed.unwrap_or(scenario.seed);
    tracing::info!(file = %found.name, seed, "run");
    listeners.begin(&found, &scenario, seed)?;
    let heard_elsewhere = args.out.is_some() || args.capture.is_some() && !streams_capture(args);
    let go_on = |at| {
        progress.reached(at);
        heard_elsewhere || !terminal.reader_gone()
    };
    let title = scenario.title.clone();
    let mut observer = listeners.observer();
    let mut run = Run::new(scenario, Some(seed), &mut observer);
    let driven = match args.pace {
        Some(pace) => drive::by_the_clock(&mut run, &mut observer, pace, interrupt, go_on).await,
        None => drive::at_once(&mut run, &mut observer, interrupt, go_on).await,
    };
    warn_of_unknown(args, terminal, &run);
    let start = run.calendar().rfc3339(SimTime::ZERO).to_string();
    Ok((verdict(found, title, (seed, start), run.finish(), driven), driven))
}

/// A name to which the timeline was narrowed and that nothing had, until the end of the run, was a mistake.
fn warn_of_unknown(args: &RunArgs, terminal: &Terminal, run: &Run) {
    let Some(only) = &args.only else { return };
    let directory = run.directory();
    let name = match Narrow::parse(only) {
        Narrow::To(name) => name,
        Narrow::Connection(end) => end.rsplit_once(':').map_or(end.clone(), |(name, _)| name.to_owned()),
    };
    let addresses: Vec<String> = directory.addresses.keys().map(ToString::to_string).collect();
    let nodes = directory.nodes.iter().map(|node| node.name.as_str());
    let known: Vec<&str> = nodes.chain(directory.programs.iter().map(|program| program.name.as_str())).collect();
    let is_address = addresses.iter().any(|address| name.trim_matches(['[', ']']) == address);
    if !known.contains(&name.as_str()) && !is_address {
        let nearest = known
            .iter()
            .map(|other| (strsim::damerau_levenshtein(&name, other), other))
            .filter(|(distance, other)| *distance <= 1 + other.chars().count() / 4)
            .min();
        let help = nearest.map_or(String::new(), |(_, other)| format!("; did you mean `{other}`?"));
        terminal.say(&format!("warning: nothing in this scenario is called `{name}`{help}\n"));
    }
}

fn verdict(found: Found, title: String, (seed, start): (u64, String), outcome: Outcome, driven: Driven) -> Verdict {
    let cut_short = match driven {
        Driven::ToItsEnd => outcome.cut_short,
        Driven::Interrupted => "interrupted by Ctrl-C".to_owned(),
        Driven::Unheard => "nobody reads the results any more".to_owned(),
    };
    let judged = |judged: Judged| ExpectationResult {
        text: judged.text,
        rules: judged.rules,
        held: judged.held,
        saw: judged.saw,
        place: format!("{}:{}:{}", found.name, judged.line, judged.column),
    };
    Verdict {
        title,
        seed,
        start,
        ended_at: outcome.ended_at,
        cut_short,
        expectations: outcome.judged.into_iter().map(judged).collect(),
        repeat: repeat::command(&found.name, found.era, seed),
        tariff: outcome.tariff,
        era: found.era,
        file: found.name.clone(),
    }
}
