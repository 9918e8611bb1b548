//! Requests as the access log of S3 tells of them.

use std::collections::BTreeSet;

use super::bench::{Bench, Seen};
use crate::base::SimTime;
use crate::scenario::expectation::LogLine;
use crate::trace::RequestNote;

/// The most log lines told.
const LINES_MAX: usize = 4;

impl Bench<'_> {
    pub(super) fn s3_sees(&self, line: &LogLine, never: bool) -> Seen {
        let (from, to) = self.span(&line.window);
        let ends: BTreeSet<usize> = line
            .programs
            .iter()
            .flat_map(|name| self.programs.get(name).into_iter().flatten())
            .flat_map(|(id, _)| self.watch.both_ends(&self.watch.flows_of(*id)))
            .collect();
        let is_theirs = |note: &RequestNote| {
            let flow = note.connection.and_then(|connection| self.watch.flow_of(connection));
            flow.is_some_and(|flow| ends.contains(&flow))
        };
        let called = |wanted: &Option<Option<String>>, have: &Option<String>| match (wanted, have) {
            (None, _) | (Some(None), None) => true,
            (Some(Some(name)), Some(id)) => name == id || self.ids.get(name).is_some_and(|ids| ids.contains(id)),
            _ => false,
        };
        let text = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| have == wanted);
        let part = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| have.contains(wanted));
        let lines = self.watch.requests.iter().filter(|(at, note)| {
            from <= *at
                && *at <= to
                && note.service == "s3"
                && (line.programs.is_empty() || is_theirs(note))
                && line.source.is_none_or(|block| block.contains(note.source))
                && called(&line.endpoint, &note.endpoint)
                && called(&line.vpc, &note.vpc)
                && text(&line.bucket, &note.bucket)
                && text(&line.key, &note.key)
                && text(&line.operation, &note.operation)
                && part(&line.requester, &note.requester)
                && line.status.is_none_or(|status| status == note.status)
                && text(&line.code, &note.error)
                && part(&line.saying, &note.because)
        });
        let fitting: Vec<String> = lines.map(|(at, note)| self.log_text(*at, note)).collect();
        let count = fitting.len() as u64;
        let fine = if never { count == 0 } else { line.times.map_or(0 < count, |times| times == count) };
        if fine {
            return Ok(if count == 0 { "no such line".to_owned() } else { listed(count, "line", &fitting) });
        }
        if 0 < count {
            return Err(listed(count, "such line", &fitting));
        }
        let all = self.watch.requests.iter().filter(|(_, note)| line.programs.is_empty() || is_theirs(note));
        let all: Vec<String> = all.map(|(at, note)| self.log_text(*at, note)).collect();
        match all.len() as u64 {
            0 => Err("no request reached S3".to_owned()),
            count => Err(format!("no such line; {}", listed(count, "line", &all))),
        }
    }

    /// A line of an access log, in short.
    fn log_text(&self, at: SimTime, note: &RequestNote) -> String {
        let by = note.endpoint.as_deref().map_or(String::new(), |id| format!(" by {}", self.directory.name_of(id)));
        let error = if note.error.is_empty() { String::new() } else { format!(" {}", note.error) };
        let because = if note.because.is_empty() { String::new() } else { format!(", {}", note.because) };
        let (bucket, key) = (&note.bucket, &note.key);
        format!("{at} {} {bucket}/{key} from {}{by}: {}{error}{because}", note.operation, note.source, note.status)
    }
}

/// A few of many: `3 lines: …; …; … and 4 more`.
fn listed(count: u64, what: &str, all: &[String]) -> String {
    let more = all.len().saturating_sub(LINES_MAX);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}: {}{more}", all[..all.len().min(LINES_MAX)].join("; "))
}
