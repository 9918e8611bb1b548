//! A bar while several files run or long work goes on, a line while one file runs long: on a terminal only. Prints no
//! result.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::SimTime;

/// How far a command has come.
pub(super) struct Progress {
    bar: ProgressBar,
    single: bool,
}

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(120);

impl Progress {
    /// Over that many files. Hidden where standard error is no terminal, or where results appear as they come.
    pub(super) fn new(files: usize, results_are_live: bool) -> Self {
        let single = files == 1;
        if results_are_live {
            return Self { bar: ProgressBar::hidden(), single };
        }
        // Without a terminal this target draws nothing.
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
        let template = if single { "{spinner} {msg}" } else { "{bar:24} {pos}/{len} {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, single }
    }

    /// Over the parts of one long piece of work.
    pub(super) fn of_work() -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3} % {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, single: true }
    }

    /// So many of so many parts are done, and this is at work.
    pub(super) fn work(&self, done: usize, total: usize, what: &'static str) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what);
    }

    /// A file begins.
    pub(super) fn begin(&self, name: &str) {
        self.bar.set_message(name.to_owned());
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// The file has come to an instant.
    pub(super) fn reached(&self, at: SimTime) {
        if self.single {
            self.bar.set_message(format!("virtual time {at} s"));
        }
    }

    /// The file has ended.
    pub(super) fn end(&self) {
        self.bar.inc(1);
    }

    /// Does something that writes to the terminal, with the bar out of its way.
    pub(super) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    /// Everything has ended.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
