//! The files of a run under their names, written through sinks that somebody else opens. Touches no file system.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::capture::Capture;
use super::recorder::{Record, Recorder};
use super::timeline::TimelineOptions;
use super::verdict::Verdict;
use crate::base::Calendar;

/// Opens a file of the collection by its name, with `/` between folders. Each name is opened once.
pub type OpenFile<'a> = Box<dyn FnMut(&str) -> io::Result<Box<dyn Write + 'a>> + 'a>;

/// The timeline for people.
pub const TIMELINE: &str = "timeline.txt";
/// The timeline as JSON lines.
pub const EVENTS: &str = "events.ndjson";
/// What the run came to.
pub const SUMMARY: &str = "summary.json";
/// All capture points in one file.
pub const CAPTURE: &str = "capture.pcapng";
/// The folder of the files of single capture points.
pub const CAPTURES: &str = "captures";

/// All files of one run.
pub struct Collection<'a> {
    open: Rc<RefCell<OpenFile<'a>>>,
}

impl<'a> Collection<'a> {
    /// A collection whose files are opened by `open`.
    pub fn new(open: impl FnMut(&str) -> io::Result<Box<dyn Write + 'a>> + 'a) -> Self {
        Self { open: Rc::new(RefCell::new(Box::new(open))) }
    }

    /// A recorder with the two timelines.
    pub fn recorder(&self) -> io::Result<Recorder<'a>> {
        let timeline = self.file(TIMELINE)?;
        let events = self.file(EVENTS)?;
        Ok(Recorder::new().timeline(timeline, TimelineOptions::default()).events(events))
    }

    /// A capture with the combined file and one for each point.
    pub fn capture(&self, calendar: Calendar) -> io::Result<Capture<'a>> {
        let open = Rc::clone(&self.open);
        let point = move |name: &str| open.borrow_mut()(&format!("{CAPTURES}/{name}.pcapng"));
        Ok(Capture::new(calendar).combined(self.file(CAPTURE)?).points(point))
    }

    /// Writes what the run came to.
    pub fn summary(&self, verdict: &Verdict, record: &Record) -> io::Result<()> {
        let mut sink = self.file(SUMMARY)?;
        let text = serde_json::to_string_pretty(&verdict.json(Some(record)))?;
        writeln!(sink, "{text}")?;
        sink.flush()
    }

    fn file(&self, name: &str) -> io::Result<Box<dyn Write + 'a>> {
        self.open.borrow_mut()(name)
    }
}
