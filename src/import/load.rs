//! The one entrance: input files and options in, a world or all problems out. Decodes and builds nothing itself.

use super::assemble::Assembly;
use super::assumption::{Assumption, Assumptions};
use super::check::check;
use super::draft::{Draft, Gone, Unmodeled};
use super::gaps::Gaps;
use super::ledger::{FileProblems, Ledger};
use super::shared::complete;
use super::source::{Home, InputFile, Library, Skipped};
use crate::base::{AccountId, RegionName};
use crate::control_plane::World;
use crate::notation::{Problem, Span};

/// What the caller knows beyond the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The region of files that do not tell theirs.
    pub region: Option<RegionName>,
    /// The account of files that do not tell theirs.
    pub account: Option<AccountId>,
    /// What shall hold in place of assumptions, as keys and values.
    pub assume: Vec<(String, String)>,
}

/// A real account as a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The world, with all ids and names of the account. Its era is `current`, and no quota holds in it.
    pub world: World,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// What the account has and this simulator does not model, each with its effect.
    pub unmodeled: Vec<Unmodeled>,
    /// What of that decides about packets, for questions to the world.
    pub gaps: Gaps,
    /// What is described and no longer there.
    pub gone: Vec<Gone>,
    /// Files that are no answers, and were left aside.
    pub skipped: Vec<Skipped>,
    /// What is doubtful in the files without being wrong.
    pub warnings: Vec<FileProblems>,
}

/// How many files that were left aside a message names.
const SKIPPED_SHOWN: usize = 5;

/// Makes a world of describe answers.
///
/// # Errors
/// All problems of all files at once, warnings among them, each with its path inside the JSON.
pub fn import(files: Vec<InputFile>, options: &ImportOptions) -> Result<Imported, Vec<FileProblems>> {
    let mut ledger = Ledger::default();
    let given = Home { account: options.account.clone(), region: options.region.clone() };
    let library = Library::read(files, &given, &mut ledger);
    let mut draft = Draft::read(&library, &mut ledger);
    complete(&library, &mut draft, &mut ledger);
    check(&library, &draft, &mut ledger);
    let has_vpcs = !draft.vpcs.is_empty();
    let had_errors = ledger.has_errors();
    let mut assumptions = Assumptions::new(&options.assume);
    let assembly = Assembly::build(&library, draft, &mut assumptions, &mut ledger);
    let failed = ledger.has_errors();
    let (assumptions, source, wrong) = assumptions.finish();
    let mut problems = ledger.into_files(&library.files);
    // With a broken import, what was assumed is not all that would have been.
    if !wrong.is_empty() && !had_errors {
        problems.push(FileProblems { source, problems: wrong, of_folder: false });
    }
    if !has_vpcs && !failed {
        let problem = Problem::error(Span::default(), "no VPC is described in these files");
        let problem = problem.help("`aws ec2 describe-vpcs` gives them");
        let left = library.skipped.iter().take(SKIPPED_SHOWN);
        let problem = left.fold(problem, |problem, one| problem.help(format!("left aside: {}: {}", one.path, one.why)));
        problems.push(FileProblems::of_folder("these files", vec![problem]));
    }
    if problems.iter().any(FileProblems::has_errors) {
        return Err(problems);
    }
    let Assembly { world, unmodeled, gaps, gone } = assembly;
    Ok(Imported { world, assumptions, unmodeled, gaps, gone, skipped: library.skipped, warnings: problems })
}
