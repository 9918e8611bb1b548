//! From paths to scenarios that were checked, all of them before any is used. Runs nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::complaint::{Complaint, Refusal};
use super::files::{self, Found};
use super::terminal::Terminal;
use crate::base::Era;
use crate::notation::{Problem, Source};
use crate::scenario::{self, Scenario};

/// A scenario that can be run.
pub(super) struct Loaded {
    /// Where it was found.
    pub(super) found: Found,
    /// What it says.
    pub(super) scenario: Scenario,
}

/// A file as far as it could be understood.
pub(super) struct Checked {
    pub(super) found: Found,
    pub(super) source: Source,
    /// What it says in each of its eras; nothing where there are errors.
    pub(super) scenarios: Vec<Scenario>,
    pub(super) problems: Vec<Problem>,
}

/// Finds, reads and checks all files. What cannot be found or read at all is a complaint.
pub(super) fn check(paths: &[PathBuf]) -> (Vec<Checked>, Vec<Complaint>) {
    let (found, mut complaints) = files::find(paths);
    let mut all = Vec::with_capacity(found.len());
    for found in found {
        match files::read(&found) {
            Ok(source) => {
                let (scenarios, problems) = scenario::load(&source);
                all.push(Checked { found, source, scenarios, problems });
            }
            Err(Complaint::Text { source, problems }) => {
                all.push(Checked { found, source, scenarios: Vec::new(), problems })
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    (all, complaints)
}

/// Keeps the scenarios of one era; a file that has none of it is wrong.
pub(super) fn only_in(era: Option<Era>, loaded: Vec<Loaded>) -> Result<Vec<Loaded>, Refusal> {
    let Some(era) = era else { return Ok(loaded) };
    let kept: BTreeSet<String> =
        loaded.iter().filter(|one| one.scenario.era == era).map(|one| one.found.name.clone()).collect();
    let mut complaints = Vec::new();
    let missing = loaded.iter().filter(|one| !kept.contains(&one.found.name));
    for one in missing {
        let complaint = Complaint::new(format_args!("`{}` does not run in era {era}", one.found.name));
        complaints.push(complaint.help(format!("it is written for era {}", one.scenario.era)));
    }
    if complaints.is_empty() {
        Ok(loaded.into_iter().filter(|one| one.scenario.era == era).collect())
    } else {
        Err(Refusal(complaints))
    }
}

/// Loads all files, or none of them: a single wrong one refuses the command, with everything that is wrong with all.
/// Warnings are told and refuse nothing.
pub(super) fn load(paths: &[PathBuf], terminal: &Terminal) -> Result<Vec<Loaded>, Refusal> {
    let (loaded, warnings) = load_quietly(paths)?;
    terminal.complain(&warnings);
    Ok(loaded)
}

/// The same, with the warnings left to the caller.
pub(super) fn load_quietly(paths: &[PathBuf]) -> Result<(Vec<Loaded>, Vec<Complaint>), Refusal> {
    let (all, mut complaints) = check(paths);
    let mut loaded = Vec::with_capacity(all.len());
    let mut warnings = Vec::new();
    for Checked { found, source, scenarios, problems } in all {
        match (scenarios.is_empty(), problems.is_empty()) {
            (true, _) => complaints.push(Complaint::Text { source, problems }),
            (false, false) => warnings.push(Complaint::Text { source, problems }),
            (false, true) => {}
        }
        loaded.extend(scenarios.into_iter().map(|scenario| {
            let mut found = found.clone();
            if scenario.shares_file {
                found.era = Some(scenario.era);
                found.place = format!("{}/era-{}", found.place, scenario.era);
            }
            Loaded { found, scenario }
        }));
    }
    if complaints.is_empty() { Ok((loaded, warnings)) } else { Err(Refusal(complaints)) }
}
