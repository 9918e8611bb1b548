//! What becomes of open connections, with the change and without it.

use super::page::{LINES_MAX, WhatIfPage, more};
use crate::analysis::{Chosen, ConnectionFate, Fate, OPEN_FOR, Outcome, PATIENCE};
use crate::report::explanation::outcome_text;
use crate::report::words::{count_text, counted, length_text, rules_text};

/// A connection, or an idle and a sending one, as a row.
struct Row {
    ends: String,
    does: String,
    fate: String,
    ways: Option<String>,
}

impl WhatIfPage<'_> {
    pub(super) fn connections(&self) -> Vec<String> {
        let all = &self.result.connections;
        let watched = format!("watched for {} s with the change and without it", PATIENCE.as_secs());
        let mut lines = vec![match (self.result.chosen, all.len()) {
            (_, 0) => "open connections: none to watch".to_owned(),
            (Chosen::Given, count) => {
                let count = counted(count as u64, "connection");
                format!(
                    "open connections: {count} as given, opened {} s before the change; {watched}",
                    OPEN_FOR.as_secs()
                )
            }
            (Chosen::OfPrograms, count) => {
                let count = counted(count as u64, "connection");
                format!(
                    "open connections: {count} of the scenario's programs, {watched}; later steps of its timeline are left out"
                )
            }
            (Chosen::Usual, count) => format!(
                "open connections: {count} that were opened {} s before the change, one idle and one sending from \
                 each kind of instance to each place; {watched}",
                OPEN_FOR.as_secs()
            ),
        }];
        if self.result.connections_left_out != 0 {
            let count = count_text(self.result.connections_left_out as u64);
            lines.push(format!("  {count} more were left out: `--connections FILE` says which to watch"));
        }
        if !self.result.cut_short.is_empty() {
            lines.push(format!("  ! watched shorter than that: {}", self.result.cut_short));
        }
        let (lost, rest): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.is_lost());
        let (doomed, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_doomed());
        let (saved, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_saved());
        let (unknown, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_unknown());
        let (closed, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| !matches!(one.with, Fate::NotOpen(_)));
        let (ends, lives): (Vec<_>, Vec<_>) = closed.into_iter().partition(|one| one.with != Fate::Survives);
        for (mark, heading, list) in [
            ("✗", "broken by the change", lost),
            ("?", "may break, and nobody can tell", unknown),
            ("!", "alive only as long as nobody sends: their path has changed", doomed),
            ("✓", "saved by the change", saved),
            ("·", "ended with the change as without it", ends),
            ("✓", "alive", lives),
            ("?", "not open when the change was made", rest),
        ] {
            lines.extend(self.listed(mark, heading, &list));
        }
        lines
    }

    fn listed(&self, mark: &str, heading: &str, list: &[&ConnectionFate]) -> Vec<String> {
        if list.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![format!("  {heading}: {}", list.len())];
        let mut rows: Vec<Row> = Vec::new();
        for one in list {
            let row = Row { ends: self.ends(one), does: self.does(one), fate: self.fate(one), ways: self.ways(one) };
            // An idle and a sending connection that fare alike are one row.
            match rows.last_mut().filter(|last| last.ends == row.ends && last.fate == row.fate && one.sends.is_some()) {
                Some(last) => last.does = format!("{}, {}", last.does, row.does),
                None => rows.push(row),
            }
        }
        let width =
            |of: fn(&Row) -> &String| rows.iter().take(LINES_MAX).map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (ends_width, does_width) = (width(|row| &row.ends), width(|row| &row.does));
        for (index, Row { ends, does, fate, ways }) in rows.iter().enumerate().take(LINES_MAX) {
            lines.push(format!("    {mark} {ends:<ends_width$}  {does:<does_width$}  {fate}"));
            // Rows of one machine to one place share their ways.
            let again = rows.get(index + 1).is_some_and(|next| next.ends == *ends && next.ways == *ways);
            lines.extend(ways.iter().filter(|_| !again).map(|ways| format!("      {ways}")));
        }
        lines.extend(more(rows.len()));
        lines
    }

    fn ends(&self, one: &ConnectionFate) -> String {
        // The port of a connection that was opened for the question says nothing.
        let port = if one.sends.is_some() { String::new() } else { format!(":{}", one.from.1.port()) };
        format!("{}{port} → {}:{}", one.from.0, one.to.0, one.to.1.port())
    }

    /// Whose it is, or what it does while the change is made.
    fn does(&self, one: &ConnectionFate) -> String {
        let does = one.sends.map(|sends| if sends { "sending" } else { "idle" });
        one.program.as_deref().or(does).unwrap_or_default().to_owned()
    }

    /// What becomes of a connection; where the change is the cause, with what would become of it otherwise.
    fn fate(&self, one: &ConnectionFate) -> String {
        let with = fate_text(&one.with);
        let switched = one.is_lost() && matches!(one.with, Fate::Reset(_)) && one.gateways.is_some();
        let rules = if switched { rules_text(&["R43"]) } else { String::new() };
        if let (Fate::NotOpen(_), Some(why)) = (&one.without, blocked(&one.before)) {
            // Why it has no way, where tables tell it.
            return format!("{with}: {why}");
        }
        match (one.is_lost() || one.is_saved(), blocked(&one.anew)) {
            (true, _) => format!("{with}{rules}; without the change it {}", fate_text(&one.without)),
            (false, Some(why)) if one.with == Fate::Survives => format!("{with}, though a new one would be {why}"),
            (false, _) => with,
        }
    }

    /// Over which gateways it went and goes, where that is what matters of it.
    fn ways(&self, one: &ConnectionFate) -> Option<String> {
        if one.with == Fate::Stopped {
            return None;
        }
        if let Some(why) = blocked(&one.anew).filter(|_| one.is_lost()) {
            return Some(format!("a new one is {why}"));
        }
        let (before, after) = one.gateways.as_ref().filter(|_| one.is_lost() || one.is_doomed())?;
        let name = |ids: &[String]| match ids {
            [] => "no gateway".to_owned(),
            ids => ids.iter().map(|id| self.result.labels.short(id)).collect::<Vec<_>>().join(", "),
        };
        Some(format!("its segments went by {} and now go by {}", name(before), name(after)))
    }
}

/// What is in the way of a question, if something is.
fn blocked(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::BlockedOut(_) | Outcome::BlockedBack(_) => Some(outcome_text(outcome)),
        Outcome::Reaches | Outcome::Unknown(_) => None,
    }
}

fn fate_text(fate: &Fate) -> String {
    match fate {
        Fate::Survives => "survives".to_owned(),
        Fate::Closes(after) => format!("is closed by its ends after {}", length_text(*after)),
        Fate::Reset(after) => format!("is reset after {}", length_text(*after)),
        Fate::TimesOut(after) => format!("times out after {}", length_text(*after)),
        Fate::GivenUp(after) => format!("is given up by its program after {}", length_text(*after)),
        Fate::Stopped => "ends with its machine".to_owned(),
        Fate::NotOpen(error) if error.is_empty() => "was not open".to_owned(),
        Fate::NotOpen(error) => format!("could not be opened: {error}"),
        Fate::Unknown(why) => why.clone(),
    }
}
