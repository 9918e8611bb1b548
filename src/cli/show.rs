//! How the results of runs look on the screen: headings, lines, totals, and the JSON lines around a run's events. Writes
//! nothing.

use serde_json::{Value, json};

use super::files::Found;
use super::terminal::{BOLD, DIM, ERROR, GOOD, paint};
use crate::base::SimTime;
use crate::report::{Listing, OpenEnd, Record, Verdict};
use crate::scenario::Scenario;

/// What stands above a timeline.
pub(super) fn heading(found: &Found, scenario: &Scenario, seed: u64) -> String {
    let title = paint(&scenario.title, BOLD);
    let from = format!("{}, seed {seed}, from {}", found.label(), scenario.calendar.rfc3339(SimTime::ZERO));
    format!("{title}\n{}\n\n", paint(&from, DIM))
}

/// What stands below a timeline: open connections that were asked for, the summary, the expectations.
pub(super) fn ending(verdict: &Verdict, record: Option<&Record>) -> String {
    let mut text = String::new();
    if let Some(record) = record {
        for listing in &record.listings {
            text.push_str(&format!("\n{}\n", paint(&format!("connections open at {}", listing.at), BOLD)));
            match listing.is_empty() {
                true => text.push_str("none\n"),
                false => text.push_str(&listing.to_string()),
            }
        }
        text.push_str(&format!("\n{}\n{}", paint("summary", BOLD), record.summary.text()));
        text.push_str(&verdict.costs(record));
    }
    text.push_str(&format!("\n{}\n{}", paint("expectations", BOLD), marked(&verdict.text())));
    text
}

/// Whether it held, in a line; where it did not, with what was seen and the command that repeats it.
pub(super) fn line(verdict: &Verdict) -> String {
    match verdict.held() {
        true => format!("{}    {}\n", paint("held", GOOD), verdict.label()),
        false => format!("{}  {}\n{}", paint("FAILED", ERROR), verdict.label(), marked(&verdict.text())),
    }
}

/// How many held, of how many.
pub(super) fn totals(verdicts: &[Verdict], files: usize) -> String {
    let held = verdicts.iter().filter(|verdict| verdict.held()).count();
    let failed = verdicts.len() - held;
    let mut text = format!("\n{files} scenarios: {}", paint(&format!("{held} held"), GOOD));
    if failed != 0 {
        text.push_str(&format!(", {}", paint(&format!("{failed} failed"), ERROR)));
    }
    if verdicts.len() < files {
        text.push_str(&format!(", {} not run", files - verdicts.len()));
    }
    text.push('\n');
    text
}

/// The line before a run's events.
pub(super) fn run_line(found: &Found, scenario: &Scenario, seed: u64) -> String {
    let object = json!({
        "at_ns": 0, "kind": "run", "file": found.name, "title": scenario.title, "rules": scenario.rules,
        "era": scenario.era.as_str(), "seed": seed, "start": scenario.calendar.rfc3339(SimTime::ZERO),
    });
    format!("{object}\n")
}

/// The lines behind a run's events: open connections that were asked for, and the verdict.
pub(super) fn verdict_lines(verdict: &Verdict, record: Option<&Record>) -> String {
    let mut text = String::new();
    for listing in record.map_or(&[][..], |record| &record.listings) {
        text.push_str(&format!("{}\n", connections(listing)));
    }
    let mut object = json!({ "at_ns": verdict.ended_at.as_nanos(), "kind": "verdict" });
    if let (Value::Object(object), Value::Object(verdict)) = (&mut object, verdict.json(record)) {
        object.extend(verdict);
    }
    text.push_str(&format!("{object}\n"));
    text
}

fn connections(listing: &Listing) -> Value {
    let end = |end: &OpenEnd| {
        json!({
            "node": end.node, "local": end.local, "local_address": end.local_address, "remote": end.remote,
            "remote_address": end.remote_address, "state": end.state, "since_ns": end.since.as_nanos(),
            "path": end.path, "seen_as": end.seen_as, "sent_bytes": end.sent_bytes,
            "received_bytes": end.received_bytes, "program": end.program,
        })
    };
    let ends: Vec<Value> = listing.ends.iter().map(end).collect();
    json!({ "at_ns": listing.at.as_nanos(), "kind": "connections", "open": ends })
}

/// The marks of a verdict's text in color.
pub(super) fn marked(text: &str) -> String {
    text.replace('✓', &paint("✓", GOOD)).replace('✗', &paint("✗", ERROR))
}
