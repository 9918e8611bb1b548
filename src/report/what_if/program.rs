//! Programs that end otherwise because of the change.

use super::page::{LINES_MAX, WhatIfPage, more};
use crate::analysis::ProgramEnd;
use crate::report::words::length_text;

impl WhatIfPage<'_> {
    pub(super) fn programs(&self) -> Vec<String> {
        if self.result.programs.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "programs that end otherwise because of the change".to_owned()];
        let width = self.result.programs.iter().map(|one| one.program.chars().count()).max().unwrap_or(0);
        for one in self.result.programs.iter().take(LINES_MAX) {
            let mark = if matches!(one.with, ProgramEnd::Fails(..)) { "✗" } else { "!" };
            let (with, without) = (end_text(&one.with), end_text(&one.without));
            lines.push(format!("  {mark} {:<width$}  {with}; without the change it {without}", one.program));
        }
        lines.extend(more(self.result.programs.len()));
        lines
    }
}

fn end_text(end: &ProgramEnd) -> String {
    match end {
        ProgramEnd::Runs => "still runs then".to_owned(),
        ProgramEnd::Completes(after, what) if what.is_empty() => format!("completes after {}", length_text(*after)),
        ProgramEnd::Completes(after, what) => format!("completes after {}: {what}", length_text(*after)),
        ProgramEnd::Fails(after, error) => format!("fails after {}: {error}", length_text(*after)),
    }
}
