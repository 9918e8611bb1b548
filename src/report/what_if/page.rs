//! The page for people, from the steps of the change to the verdict.

use std::collections::BTreeSet;

use crate::analysis::{StepMade, WhatIf};
use crate::control_plane::ControlError;
use crate::report::words::{count_text, counted};

/// Everything that the page of one change shows.
pub struct WhatIfPage<'a> {
    /// Which world, and at which instant.
    pub world: &'a str,
    /// What was found.
    pub result: &'a WhatIf,
}

/// The most lines of one list; JSON has all.
pub(super) const LINES_MAX: usize = 40;

impl WhatIfPage<'_> {
    /// The page for people.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("what if, in {}", self.world)];
        lines.extend(self.result.steps.iter().flat_map(|made| self.step(made)));
        lines.push(String::new());
        lines.extend(self.reach());
        lines.extend(self.requests());
        lines.push(String::new());
        lines.extend(self.connections());
        lines.extend(self.programs());
        lines.extend(self.defects());
        lines.push(String::new());
        lines.push(self.verdict());
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn step(&self, made: &StepMade) -> Vec<String> {
        let mark = match &made.answer {
            Ok(applied) if applied.unsuccessful.is_empty() => "✓",
            Ok(_) | Err(_) => "✗",
        };
        let mut lines = vec![format!("  {mark} {}  ({})", made.step.text, made.step.place)];
        let refused = |error: &ControlError| format!("      AWS would refuse it: {}: {}", error.code, error.message);
        match &made.answer {
            Ok(applied) => {
                let created: Vec<&str> = applied.created.iter().map(|id| id.as_str()).collect();
                if !created.is_empty() {
                    lines.push(format!("      creates {}", self.result.labels.spelled(&created.join(", "))));
                }
                lines.extend(applied.notes.iter().map(|note| format!("      {note}")));
                lines.extend(applied.unsuccessful.iter().map(|(_, error)| refused(error)));
                if !applied.unsuccessful.is_empty() {
                    lines.push("      and would do the rest of the call".to_owned());
                }
            }
            Err(error) => {
                lines.push(refused(error));
                lines.extend(error.more.iter().map(refused));
            }
        }
        lines
    }

    fn defects(&self) -> Vec<String> {
        if self.result.defects.is_empty() {
            return Vec::new();
        }
        let heading = "✗ tables and packets disagree. This is a defect of vpclab: please report it".to_owned();
        let defects = self.result.defects.iter().map(|defect| format!("    {defect}"));
        [String::new(), heading].into_iter().chain(defects).collect()
    }

    /// What keeps anybody from saying that nothing is lost.
    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let may = self.result.may_lose();
        if 0 < may {
            let pairs = counted(may as u64, "pair");
            doubts.push(format!("the reach of {pairs} may be lost, and nobody can tell"));
        }
        let may = self.result.may_break();
        if 0 < may {
            doubts.push(format!("{} may break, and nobody can tell", counted(may as u64, "open connection")));
        }
        let never = self.result.never_open();
        if 0 < never {
            doubts.push(format!("{} that you named never stood", counted(never as u64, "connection")));
        }
        match (self.result.requests.asked, self.result.changes_a_policy()) {
            (0, true) => doubts.push("requests under the changed policy are not compared".to_owned()),
            (0, false) => {}
            (_, _) => doubts.push("requests other than those that stand for many are not compared".to_owned()),
        }
        doubts
    }

    fn verdict(&self) -> String {
        let lost: BTreeSet<(usize, usize)> = self.result.comparison.lost.iter().map(|one| (one.from, one.to)).collect();
        let pairs = match lost.len() {
            1 => "the reach of one pair".to_owned(),
            count => format!("the reach of {} pairs", count_text(count as u64)),
        };
        let connections = self.result.connections.iter().filter(|one| one.is_lost()).count();
        let connections = (connections != 0).then(|| counted(connections as u64, "open connection"));
        let lost = match (lost.is_empty(), connections) {
            (true, None) if self.doubts().is_empty() => "✓ nothing is lost".to_owned(),
            (true, None) => "? nothing is lost of what can be told".to_owned(),
            (true, Some(connections)) => format!("✗ lost: {connections}"),
            (false, None) => format!("✗ lost: {pairs}"),
            (false, Some(connections)) => format!("✗ lost: {pairs}, and {connections}"),
        };
        let lost = match (self.denied_kinds().len(), lost.starts_with('✗')) {
            (0, _) => lost,
            (count, true) => format!("{lost}, and {} of those that stand for many", counted(count as u64, "request")),
            (count, false) => format!("✗ lost: {} of those that stand for many", counted(count as u64, "request")),
        };
        let lost = match (self.result.names_lost.is_empty(), !lost.starts_with('✗')) {
            (true, _) => lost,
            (false, true) => "✗ lost: the resolution of names".to_owned(),
            (false, false) => format!("{lost}, and the resolution of names"),
        };
        let doubts = self.doubts().into_iter().map(|doubt| format!("; {doubt}")).collect::<String>();
        let lost = format!("{lost}{doubts}");
        if self.result.is_refused() {
            return format!("{lost}; AWS would refuse a part of the change, and the rest was compared without it");
        }
        lost
    }
}

/// What is left out of a list for people.
pub(super) fn more(count: usize) -> Option<String> {
    let more = count.checked_sub(LINES_MAX).filter(|more| *more != 0)?;
    Some(format!("    and {more} more: `--format json` lists all"))
}
