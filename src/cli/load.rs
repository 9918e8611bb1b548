//! From paths to scenarios that were checked, all of them before any is used. Runs nothing.

use std::path::PathBuf;

use super::complaint::{Complaint, Refusal};
use super::files::{self, Found};
use super::terminal::Terminal;
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
    /// What it says, unless there are errors.
    pub(super) scenario: Option<Scenario>,
    pub(super) problems: Vec<Problem>,
}

/// Finds, reads and checks all files. What cannot be found or read at all is a complaint.
pub(super) fn check(paths: &[PathBuf]) -> (Vec<Checked>, Vec<Complaint>) {
    let (found, mut complaints) = files::find(paths);
    let mut all = Vec::with_capacity(found.len());
    for found in found {
        match files::read(&found) {
            Ok(source) => {
                let (scenario, problems) = scenario::load(&source);
                all.push(Checked { found, source, scenario, problems });
            }
            Err(Complaint::Text { source, problems }) => all.push(Checked { found, source, scenario: None, problems }),
            Err(complaint) => complaints.push(complaint),
        }
    }
    (all, complaints)
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
    for Checked { found, source, scenario, problems } in all {
        match scenario {
            Some(scenario) => {
                if !problems.is_empty() {
                    warnings.push(Complaint::Text { source, problems });
                }
                loaded.push(Loaded { found, scenario });
            }
            None => complaints.push(Complaint::Text { source, problems }),
        }
    }
    if complaints.is_empty() { Ok((loaded, warnings)) } else { Err(Refusal(complaints)) }
}
