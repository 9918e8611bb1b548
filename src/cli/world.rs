//! The world that a question is asked of: a scenario at an instant of its run, or an imported account; by what lies at the
//! path. Asks nothing.
#![expect(clippy::disallowed_methods, reason = "the command line reads files")]

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{AccountOptions, AnswerBy, AssumedArgs};
use super::complaint::{Complaint, Refusal};
use super::files::{self, Found};
use super::load;
use super::terminal::Terminal;
use crate::analysis::{Evidence, Stage, StageOptions};
use crate::base::{Era, SimTime};
use crate::host;
use crate::import::{Imported, ListenerAssumptions};
use crate::notation::Source;
use crate::scenario::{Run, Scenario};

/// A world to ask.
pub(super) enum World {
    /// A scenario, and the instant of its run.
    Scenario(Box<Scenario>, String, SimTime),
    /// An account, with what is assumed of its machines.
    Account(Box<Imported>, String, Box<StageOptions>),
}

impl World {
    /// Reads what lies at a path: a folder with JSON files below it is an account, all else a scenario.
    pub(super) fn load(
        path: &Path,
        (at, era): (Option<Duration>, Option<Era>),
        (account, assumed): (&AccountOptions, &AssumedArgs),
        terminal: &Terminal,
    ) -> Result<Self, Refusal> {
        if path.is_dir() && holds_json(path) {
            if at.is_some() || era.is_some() {
                let complaint = Complaint::new("an account has neither instants nor eras to choose from");
                return Err(complaint.help("`--at` and `--era` are for scenarios; leave them out").into());
            }
            let options = stage_options(assumed)?;
            let imported = super::account::load_at(path, account)?;
            super::account::warn(&imported, terminal);
            let options = StageOptions { gaps: imported.gaps.clone(), ..options };
            return Ok(Self::Account(Box::new(imported), path.display().to_string(), Box::new(options)));
        }
        if assumed.listeners.is_some() || assumed.answer_by.is_some() {
            let complaint = Complaint::new("`--listeners` and `--answer-by` are for imported accounts");
            return Err(complaint
                .help("a scenario says itself what listens (`listen`) and who answers by what (`answers-by`)")
                .into());
        }
        if account.region.is_some() || account.account.is_some() || !account.assume.is_empty() {
            let complaint = Complaint::new("`--region`, `--account` and `--assume` are for imported accounts");
            return Err(complaint.help("a scenario says itself where it is and what holds").into());
        }
        let (loaded, warnings) = load::load_quietly(&[path.to_owned()])?;
        let mut loaded = load::only_in(era, loaded)?;
        let one = match loaded.len() {
            1 => loaded.remove(0),
            _ if loaded.iter().all(|one| one.scenario.shares_file && one.found.path == loaded[0].found.path) => {
                let complaint = Complaint::new(format_args!("`{}` runs in several eras", loaded[0].found.name));
                return Err(complaint.help("say which with `--era`").into());
            }
            count => {
                let complaint = Complaint::new(format_args!("{count} scenarios lie at `{}`", path.display()));
                return Err(complaint.help("give one of them, or a folder of describe answers").into());
            }
        };
        terminal.complain(&warnings);
        let at = at.map_or(SimTime::ZERO, |at| SimTime::ZERO.after(at));
        Ok(Self::Scenario(Box::new(one.scenario), one.found.name, at))
    }

    /// A running copy of the world. `outside` are the addresses that questions name.
    pub(super) fn stage(&self, outside: &[IpAddr]) -> Stage {
        match self {
            Self::Scenario(scenario, _, at) => {
                let mut run = Run::new(Scenario::clone(scenario), None, &mut ());
                // Steps that are due at the instant itself have happened.
                run.advance(at.after(Duration::from_nanos(1)), &mut ());
                Stage::running(run.into_simulation())
            }
            Self::Account(imported, _, options) => {
                Stage::new(imported.world.clone(), StageOptions::clone(options), Evidence::default(), outside)
            }
        }
    }

    /// Whether what listens is an assumption.
    pub(super) const fn assumes(&self) -> bool {
        matches!(self, Self::Account(..))
    }

    /// Which world it is, and when, in a line.
    pub(super) fn title(&self, stage: &mut Stage) -> String {
        match self {
            Self::Scenario(scenario, name, at) => {
                let now = stage.simulation().now();
                let at = if now < *at { format!("{}, where the run ends", seconds(now)) } else { seconds(*at) };
                format!("{name} at {at}: {}", scenario.title)
            }
            Self::Account(imported, name, _) => {
                let scopes =
                    imported.world.regions().map(|(scope, _)| format!("{} in {}", scope.account, scope.region));
                format!("account {}, {name}", scopes.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// An instant as a person writes it: `0 s`, `2.5 s`.
fn seconds(at: SimTime) -> String {
    let text = at.to_string();
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What the command line assumes of an account's machines.
pub(super) fn stage_options(assumed: &AssumedArgs) -> Result<StageOptions, Refusal> {
    let listeners = match &assumed.listeners {
        None => ListenerAssumptions::default(),
        Some(path) => {
            let source = read(path)?;
            let (listeners, problems) = ListenerAssumptions::default().read(&source);
            if !problems.is_empty() {
                return Err(Complaint::Text { source, problems }.into());
            }
            listeners
        }
    };
    let answer_by = match assumed.answer_by {
        None | Some(AnswerBy::Asked) => host::AnswerBy::Asked,
        Some(AnswerBy::Primary) => host::AnswerBy::Primary,
    };
    Ok(StageOptions { listeners, answer_by, ..StageOptions::default() })
}

/// A text file that the command line names.
pub(super) fn read(path: &Path) -> Result<Source, Refusal> {
    let name = path.display().to_string();
    let found = Found { path: path.to_owned(), place: name.clone(), name, era: None };
    Ok(files::read(&found)?)
}

/// Whether a JSON file lies in a folder or below it.
fn holds_json(folder: &Path) -> bool {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // Links to folders are not followed: they may lead in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                return true;
            }
        }
    }
    false
}
