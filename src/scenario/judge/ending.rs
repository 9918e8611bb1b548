//! How programs end: as they should, otherwise, after how many attempts, or not at all.

use super::bench::{Bench, Seen, seen};
use crate::scenario::expectation::{Cause, Completion, Timing, Window};
use crate::scenario::watch::{Ending, ProgramFacts};

impl Bench<'_> {
    pub(super) fn completes(&self, facts: &ProgramFacts, timing: &Timing, how: &Completion) -> Seen {
        let Some((at, Ok(what))) = &facts.ended else { return Err(self.story(facts)) };
        let last = facts.responses.last().map(|(_, status, _)| *status);
        let moved = facts.sent.max(facts.received);
        // What broken attempts moved comes on top.
        let again = !facts.retries.is_empty();
        if how.bytes.is_some_and(|bytes| if again { moved < bytes } else { bytes != moved }) {
            return Err(format!("{what}, having moved {moved} bytes"));
        }
        if how.status.is_some() && how.status != last {
            let had = last.map_or("no status".to_owned(), |last| format!("status {last}"));
            return Err(format!("{what}, with {had}"));
        }
        let made = facts.retries.len() as u32 + 1;
        if how.attempts.is_some_and(|attempts| attempts != made) {
            return Err(format!("{what}, in {made} attempts"));
        }
        if how.saying.as_ref().is_some_and(|part| !what.contains(part.as_str())) {
            return Err(format!("it says: {what}"));
        }
        self.in_time(*at, timing, what)
    }

    pub(super) fn fails(
        &self,
        facts: &ProgramFacts,
        timing: &Timing,
        by: Option<Cause>,
        status: Option<u16>,
        code: Option<&str>,
        saying: Option<&str>,
    ) -> Seen {
        let Some((at, Err(error))) = &facts.ended else { return Err(self.story(facts)) };
        let last = facts.responses.last().map(|(_, status, _)| *status);
        let fine = by.is_none_or(|by| Some(by) == facts.cause)
            && (status.is_none() || status == last || error.starts_with(&status.unwrap_or(0).to_string()))
            && code.is_none_or(|code| error.contains(code))
            && saying.is_none_or(|part| error.contains(part));
        if !fine {
            return Err(format!("failed at {at} s: {error}"));
        }
        self.in_time(*at, timing, error)
    }

    pub(super) fn times_out(&self, facts: &ProgramFacts, timing: &Timing) -> Seen {
        let at = self.endings(facts, |ending| *ending == Ending::TimedOut, &Window::default());
        let at = at.first().copied().or_else(|| {
            let (at, _) = facts.ended.as_ref().filter(|_| facts.cause == Some(Cause::TimedOut))?;
            Some(*at)
        });
        at.map_or_else(|| Err(self.story(facts)), |at| self.in_time(at, timing, "timed out"))
    }

    /// What became of a program, in short.
    pub(super) fn story(&self, facts: &ProgramFacts) -> String {
        match (&facts.ended, &facts.started) {
            (Some((at, Ok(what))), _) => format!("completed at {at} s: {what}"),
            (Some((at, Err(error))), _) => format!("failed at {at} s: {error}"),
            (None, Some(_)) => {
                format!("still running, having sent {} and received {} bytes", facts.sent, facts.received)
            }
            (None, None) => "did not start".to_owned(),
        }
    }
}

pub(super) fn retries(facts: &ProgramFacts, times: Option<u32>) -> Seen {
    let count = facts.retries.len() as u32;
    let fine = times.map_or(0 < count, |times| times == count);
    seen(fine, format!("{count} retries"))
}
