//! Who listens to one run, as the command line asked: the screen, a capture, the files of `--out`. Without them a run
//! is watched by nobody and costs nothing more. Judges nothing.
#![expect(clippy::disallowed_methods, reason = "the command line writes files")]

use std::fs;
use std::io;
use std::path::PathBuf;

use super::args::{Format, RunArgs};
use super::complaint::{Complaint, Refusal};
use super::files::Found;
use super::run::streams_capture;
use super::show;
use super::staged::Staged;
use super::terminal::{Flush, Terminal};
use crate::base::SimTime;
use crate::report::{CAPTURES, Capture, Collection, Narrow, Record, Recorder, TimelineOptions, Verdict};
use crate::scenario::Scenario;
use crate::trace::{Observer, Observers};

/// All that listen to one run.
pub(super) struct Listeners {
    terminal: Terminal,
    screen: Screen,
    /// For timeline or events as they come.
    recorder: Option<Recorder<'static>>,
    capture: Option<(PathBuf, Capture<'static>)>,
    collected: Option<Collected>,
    folder: Option<Staged>,
    plan: Plan,
}

/// What the command line asks for.
struct Plan {
    capture: Option<PathBuf>,
    streams_capture: bool,
    is_paced: bool,
    only: Option<Narrow>,
    connections_at: Vec<SimTime>,
}

/// What appears of a run while and after it runs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Screen {
    /// Title, timeline, summary, expectations.
    Whole,
    /// Whether it held.
    Line,
    /// Events and verdict as JSON lines.
    Events,
    /// The verdict as a JSON line.
    VerdictLine,
    /// Nothing yet.
    Nothing,
}

/// The files of one run.
struct Collected {
    collection: Collection<'static>,
    recorder: Recorder<'static>,
    capture: Capture<'static>,
}

impl Listeners {
    /// Nobody listens before [`Listeners::begin`].
    pub(super) fn new(args: &RunArgs, terminal: &Terminal, is_single: bool, folder: Option<Staged>) -> Self {
        let screen = match args.format {
            Format::Text if is_single && !args.quiet => Screen::Whole,
            Format::Text => Screen::Line,
            Format::Json if args.quiet => Screen::VerdictLine,
            Format::Json => Screen::Events,
            Format::Junit => Screen::Nothing,
        };
        let plan = Plan {
            capture: args.capture.clone(),
            streams_capture: streams_capture(args),
            is_paced: args.pace.is_some(),
            only: args.only.as_deref().map(Narrow::parse),
            connections_at: args.connections_at.iter().map(|length| SimTime::ZERO.after(*length)).collect(),
        };
        Self { terminal: terminal.clone(), screen, recorder: None, capture: None, collected: None, folder, plan }
    }

    /// Opens everything, and shows how the run begins.
    pub(super) fn begin(&mut self, found: &Found, scenario: &Scenario, seed: u64) -> Result<(), Refusal> {
        let calendar = scenario.calendar;
        match self.screen {
            Screen::Whole => {
                self.tell(&show::heading(found, scenario, seed))?;
                let recorder = self.recorder_of_timeline();
                self.recorder = Some(recorder.list_connections_at(&self.plan.connections_at));
            }
            Screen::Events => {
                self.tell(&show::run_line(found, scenario, seed))?;
                let recorder = Recorder::new().events(self.terminal.results(self.flush()));
                self.recorder = Some(recorder.list_connections_at(&self.plan.connections_at));
            }
            Screen::Line | Screen::VerdictLine | Screen::Nothing => {}
        }
        if let Some(path) = self.plan.capture.take() {
            let capture = self.open_capture(&path, Capture::new(calendar));
            self.capture = Some((path.clone(), capture.map_err(|error| Complaint::cannot_write(&path, &error))?));
        }
        if let Some(folder) = &self.folder {
            let collection = Collection::new(folder.opener());
            let opened = collection.recorder().and_then(|recorder| Ok((recorder, collection.capture(calendar)?)));
            let (recorder, capture) = opened.map_err(|error| Complaint::cannot_write(folder.folder(), &error))?;
            self.collected = Some(Collected { collection, recorder, capture });
        }
        Ok(())
    }

    /// All of them as one.
    pub(super) fn observer(&mut self) -> Observers<'_> {
        let mut all: Vec<&mut dyn Observer> = Vec::new();
        if let Some(recorder) = &mut self.recorder {
            all.push(recorder);
        }
        if let Some((_, capture)) = &mut self.capture {
            all.push(capture);
        }
        if let Some(collected) = &mut self.collected {
            all.push(&mut collected.recorder);
            all.push(&mut collected.capture);
        }
        Observers::new(all)
    }

    /// Ends all outputs, each whole, and shows what came of the run. What could not be written is told all at once.
    pub(super) fn finish(mut self, verdict: &Verdict) -> Result<(), Refusal> {
        let mut complaints = Vec::new();
        let at = verdict.ended_at;
        if let Some((path, capture)) = self.capture.take()
            && let Err(error) = capture.finish()
        {
            complaints.push(Complaint::cannot_write(&path, &error));
        }
        if let Some(folder) = self.folder.take() {
            let path = folder.folder().to_owned();
            if let Err(error) = self.collected.take().map_or(Ok(()), |collected| collected.finish(folder, verdict)) {
                complaints.push(Complaint::cannot_write(&path, &error));
            }
        }
        match self.recorder.take().map(|recorder| recorder.finish(at)).transpose() {
            Ok(record) => self.show(verdict, record.as_ref())?,
            Err(error) => complaints.push(Complaint::cannot_print(&error)),
        }
        if complaints.is_empty() { Ok(()) } else { Err(Refusal(complaints)) }
    }

    fn show(&self, verdict: &Verdict, record: Option<&Record>) -> Result<(), Refusal> {
        let text = match self.screen {
            Screen::Whole => show::ending(verdict, record),
            Screen::Line => show::line(verdict),
            Screen::Events | Screen::VerdictLine => show::verdict_lines(verdict, record),
            Screen::Nothing => return Ok(()),
        };
        self.tell(&text)
    }

    /// Results go to standard output, unless packets have it.
    fn tell(&self, text: &str) -> Result<(), Refusal> {
        match self.plan.streams_capture {
            true => self.terminal.say(text),
            false => self.terminal.print(text)?,
        }
        Ok(())
    }

    fn flush(&self) -> Flush {
        if self.plan.is_paced { Flush::EachLine } else { Flush::Late }
    }

    fn recorder_of_timeline(&mut self) -> Recorder<'static> {
        let only = self.plan.only.take();
        match self.plan.streams_capture {
            true => {
                let options = TimelineOptions { color: self.terminal.colors_diagnostics(), only };
                Recorder::new().timeline(self.terminal.diagnostics(), options)
            }
            false => {
                let options = TimelineOptions { color: self.terminal.colors_results(), only };
                Recorder::new().timeline(self.terminal.results(self.flush()), options)
            }
        }
    }

    /// Somebody reads along where it goes to standard output, or where it grows by the wall clock.
    fn open_capture(&self, path: &PathBuf, capture: Capture<'static>) -> io::Result<Capture<'static>> {
        let sink: Box<dyn io::Write> = match self.plan.streams_capture {
            true => Box::new(self.terminal.bytes()),
            false => Box::new(io::BufWriter::new(fs::File::create(path)?)),
        };
        Ok(if self.plan.is_paced { capture.live(sink) } else { capture.combined(sink) })
    }
}

impl Collected {
    fn finish(self, folder: Staged, verdict: &Verdict) -> io::Result<()> {
        let record = self.recorder.finish(verdict.ended_at)?;
        self.capture.finish()?;
        self.collection.summary(verdict, &record)?;
        folder.commit(CAPTURES, crate::report::APPLICATION)
    }
}
