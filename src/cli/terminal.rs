//! Standard output and standard error: results on the one, diagnostics on the other, with color where it is wanted.
//! Decides no wording but that of the word `error`.

use std::cell::Cell;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::rc::Rc;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::Color;
use super::complaint::{Complaint, Refusal};
use crate::notation::{Severity, problems_to_text};

/// The two streams.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    out: ColorChoice,
    err: ColorChoice,
    /// Whether whoever read standard output has gone.
    gone: Rc<Cell<bool>>,
}

/// Where results go. Once its reader has gone, it swallows what is written: that is no error of ours.
pub(super) struct Results {
    sink: Box<dyn Write>,
    by_line: bool,
    gone: Rc<Cell<bool>>,
}

/// When results leave the process.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// When enough has come together; after each line if a person is looking.
    Late,
    /// After each write that ends a line.
    EachLine,
}

/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 64 << 10;

impl Terminal {
    /// The process's own streams, colored as asked.
    pub(super) fn new(color: Color) -> Self {
        let (out, err) = match color {
            Color::Auto => (AutoStream::choice(&io::stdout()), AutoStream::choice(&io::stderr())),
            Color::Always => (ColorChoice::Always, ColorChoice::Always),
            Color::Never => (ColorChoice::Never, ColorChoice::Never),
        };
        Self { out, err, gone: Rc::default() }
    }

    /// Whether results are colored.
    pub(super) fn colors_results(&self) -> bool {
        self.out != ColorChoice::Never
    }

    /// Whether diagnostics are colored.
    pub(super) fn colors_diagnostics(&self) -> bool {
        self.err != ColorChoice::Never
    }

    /// Whether a person sees the results as they come.
    pub(super) fn shows_results(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether whoever read the results has gone.
    pub(super) fn reader_gone(&self) -> bool {
        self.gone.get()
    }

    /// Standard output for text. Escape sequences that came in with a scenario's texts are removed unless results are
    /// colored.
    pub(super) fn results(&self, flush: Flush) -> Results {
        let stream = AutoStream::new(io::stdout(), self.out);
        Results {
            sink: Box::new(BufWriter::with_capacity(BUFFER_BYTES, stream)),
            by_line: flush == Flush::EachLine || self.shows_results(),
            gone: Rc::clone(&self.gone),
        }
    }

    /// Standard output for bytes.
    pub(super) fn bytes(&self) -> Results {
        let sink = Box::new(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()));
        Results { sink, by_line: false, gone: Rc::clone(&self.gone) }
    }

    /// Standard error as a sink for text.
    pub(super) fn diagnostics(&self) -> AutoStream<io::Stderr> {
        AutoStream::new(io::stderr(), self.err)
    }

    /// Prints a result.
    pub(super) fn print(&self, text: &str) -> Result<(), Refusal> {
        let mut results = self.results(Flush::Late);
        results
            .write_all(text.as_bytes())
            .and_then(|()| results.flush())
            .map_err(|e| Complaint::cannot_print(&e).into())
    }

    /// Says something on standard error. Where that cannot be written, nobody can be told.
    pub(super) fn say(&self, text: &str) {
        let mut stream = self.diagnostics();
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// Says why a command could not be done, or what is doubtful about a text.
    pub(super) fn complain(&self, complaints: &[Complaint]) {
        for complaint in complaints {
            match complaint {
                Complaint::Plain { message, help } => {
                    let error = paint("error", ERROR);
                    let help = if help.is_empty() { String::new() } else { format!("  = help: {help}\n") };
                    self.say(&format!("{error}: {message}\n{help}"));
                }
                Complaint::Text { source, problems } => {
                    let apart = if problems.iter().any(|p| p.severity == Severity::Error) { "" } else { "\n" };
                    self.say(&format!("{}{apart}", problems_to_text(source, problems, self.colors_diagnostics())));
                }
            }
        }
    }
}

/// Text in a style. The streams remove styles where they are not wanted.
pub(super) fn paint(text: &str, style: Style) -> String {
    format!("{}{text}{}", style.render(), style.render_reset())
}

/// For the word `error`, and for what failed.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// For what held.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// For what matters less.
pub(super) const DIM: Style = Style::new().dimmed();
/// For titles.
pub(super) const BOLD: Style = Style::new().bold();

impl Results {
    fn unless_gone<T>(&self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone.set(true);
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone.get() {
            return Ok(bytes.len());
        }
        let written = self.sink.write(bytes);
        let written = self.unless_gone(written, bytes.len())?;
        if self.by_line && bytes[..written].ends_with(b"\n") {
            self.flush()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone.get() {
            return Ok(());
        }
        let flushed = self.sink.flush();
        self.unless_gone(flushed, ())
    }
}
