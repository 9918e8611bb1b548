//! A folder of describe answers, read for the verbs about real accounts. Understands none of it.

#![expect(clippy::disallowed_methods, reason = "the command line reads files")]

use std::fs;
use std::path::{Path, PathBuf};

use super::complaint::{Complaint, Refusal};
use super::terminal::Terminal;
use crate::import::{FileProblems, ImportOptions, Imported, InputFile, import};

/// The most JSON files of one account.
const FILES_MAX: usize = 20_000;

/// Imports the account in a folder. Warnings are told and refuse nothing.
pub(super) fn load(folder: &Path, terminal: &Terminal) -> Result<Imported, Refusal> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)
        .map_err(|error| Complaint::new(format_args!("cannot read {}: {error}", folder.display())))?;
    paths.sort();
    if paths.is_empty() {
        let complaint = Complaint::new(format_args!("there are no JSON files in {}", folder.display()));
        return Err(complaint.help("put the answers of `aws ec2 describe-…` there, one file a call").into());
    }
    let mut files = Vec::with_capacity(paths.len());
    let mut complaints = Vec::new();
    for path in paths {
        match fs::read_to_string(&path) {
            Ok(text) => files.push(InputFile { path: path.display().to_string(), text }),
            Err(error) => complaints.push(Complaint::new(format_args!("cannot read {}: {error}", path.display()))),
        }
    }
    if !complaints.is_empty() {
        return Err(Refusal(complaints));
    }
    match import(files, &ImportOptions::default()) {
        Ok(imported) => {
            terminal.complain(&imported.warnings.iter().map(complaint).collect::<Vec<_>>());
            Ok(imported)
        }
        Err(problems) => Err(Refusal(problems.iter().map(complaint).collect())),
    }
}

fn complaint(problems: &FileProblems) -> Complaint {
    Complaint::Text { source: problems.source.clone(), problems: problems.problems.clone() }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|ending| ending == "json") && paths.len() < FILES_MAX {
            paths.push(path);
        }
    }
    Ok(())
}
