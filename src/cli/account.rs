//! A folder of describe answers, read for the verbs about real accounts. Understands none of it.

#![expect(clippy::disallowed_methods, reason = "the command line reads files")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::args::{AccountArgs, AccountOptions};
use super::complaint::{Complaint, Refusal};
use super::terminal::Terminal;
use crate::import::{FileProblems, ImportOptions, Imported, InputFile, Skipped, import};
use crate::notation::Problem;

/// The most files of one account.
const FILES_MAX: usize = 20_000;
/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// How long all files of one account may be together.
const ALL_BYTES_MAX: u64 = 4 << 30;
/// The deepest nesting of folders that is entered.
const FOLDER_DEPTH_MAX: usize = 32;
/// How much of a file is looked at to find out whether it may be an answer.
const BEGINNING_BYTES: u64 = 256;
/// How many files that were left aside are named.
const SKIPPED_SHOWN: usize = 10;
/// Between two helps of one complaint.
const NEXT_HELP: &str = "\n  = help: ";

/// Imports the account that a verb is told of.
pub(super) fn load(args: &AccountArgs) -> Result<Imported, Refusal> {
    load_at(&args.folder, &args.options)
}

/// Imports the account in a folder, or in a single file.
pub(super) fn load_at(path: &Path, options: &AccountOptions) -> Result<Imported, Refusal> {
    let mut folder = Folder::new(FILES_MAX);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            // What a part of an account lacks would be no news.
            if folder.enter(path, 0).is_none() {
                return Err(Refusal(folder.complaints));
            }
        }
        Ok(_) => folder.paths.push(path.to_owned()),
        Err(error) => folder.complaints.push(Complaint::cannot_read(path, &error)),
    }
    folder.paths.sort();
    if folder.paths.is_empty() && folder.complaints.is_empty() {
        let complaint = Complaint::new(format_args!("there are no files in `{}`", path.display()));
        return Err(complaint.help("put the answers of `aws ec2 describe-…` there, one file a call").into());
    }
    let Contents { files, skipped, no_text, complaints: mut all, whole } = Contents::read(folder, ALL_BYTES_MAX);
    if !whole {
        return Err(Refusal(all));
    }
    if files.is_empty() {
        if all.is_empty() {
            let complaint = Complaint::new(format_args!("no answer of a describe call in `{}`", path.display()));
            all.push(complaint.help(left_aside(&skipped)));
        }
        return Err(Refusal(all));
    }
    let options = ImportOptions {
        region: options.region.clone(),
        account: options.account.clone(),
        assume: options.assume.clone(),
    };
    match import(files, &options) {
        Ok(mut imported) if all.is_empty() => {
            imported.skipped.extend(skipped);
            imported.skipped.sort();
            Ok(imported)
        }
        Ok(_) => Err(Refusal(all)),
        Err(problems) => {
            let told = |file: &FileProblems| no_text.contains(&*file.source.name);
            all.extend(problems.iter().filter(|file| !told(file)).flat_map(complaints));
            // What is missing may be in a file that could not be understood: `aws` writes YAML and tables, too.
            let last = all.iter_mut().rev().find_map(|complaint| match complaint {
                Complaint::Plain { help, .. } => Some(help),
                Complaint::Text { .. } => None,
            });
            if let Some(help) = last.filter(|_| !skipped.is_empty()) {
                let apart = if help.is_empty() { "" } else { NEXT_HELP };
                help.push_str(&format!("{apart}{}", left_aside(&skipped)));
            }
            Err(Refusal(all))
        }
    }
}

/// The first files that were left aside, as a help.
fn left_aside(skipped: &[Skipped]) -> String {
    let shown = skipped.iter().take(SKIPPED_SHOWN).map(|one| format!("left aside: {}: {}", one.path, one.why));
    shown.collect::<Vec<_>>().join(NEXT_HELP)
}

/// Says what is doubtful about an account. It refuses nothing.
pub(super) fn warn(imported: &Imported, terminal: &Terminal) {
    terminal.complain(&imported.warnings.iter().flat_map(complaints).collect::<Vec<_>>());
}

/// Says what is doubtful about an account, and what was left aside. Neither refuses anything.
pub(super) fn remark(imported: &Imported, terminal: &Terminal) {
    warn(imported, terminal);
    let mut text = String::new();
    for skipped in imported.skipped.iter().take(SKIPPED_SHOWN) {
        text.push_str(&format!("note: left aside: {}: {}\n", skipped.path, skipped.why));
    }
    if let Some(more) = imported.skipped.len().checked_sub(SKIPPED_SHOWN).filter(|more| 0 < *more) {
        text.push_str(&format!("note: left aside: {more} more files that are no answers of describe calls\n"));
    }
    terminal.say(&text);
}

/// The complaints about a file; about a folder, one for each problem.
fn complaints(problems: &FileProblems) -> Vec<Complaint> {
    if !problems.of_folder {
        return vec![Complaint::Text { source: problems.source.clone(), problems: problems.problems.clone() }];
    }
    let one = |problem: &Problem| {
        let complaint = Complaint::new(format_args!("{}: {}", problems.source.name, problem.message));
        complaint.help(problem.help.join(NEXT_HELP))
    };
    problems.problems.iter().map(one).collect()
}

/// What a folder holds.
struct Contents {
    files: Vec<InputFile>,
    skipped: Vec<Skipped>,
    /// The names of files whose bytes are no text.
    no_text: BTreeSet<String>,
    complaints: Vec<Complaint>,
    /// Whether all files were read.
    whole: bool,
}

impl Contents {
    /// Reads files until they are longer together than `bytes_max`.
    fn read(folder: Folder, bytes_max: u64) -> Self {
        let mut left = bytes_max;
        let (files, skipped) = (Vec::with_capacity(folder.paths.len()), Vec::new());
        let no_text = BTreeSet::new();
        let mut contents = Self { files, skipped, no_text, complaints: folder.complaints, whole: true };
        for path in folder.paths {
            let name = path.display().to_string();
            match read(&path, left) {
                Ok(Ok(file)) => {
                    left = left.saturating_sub(file.text.len() as u64);
                    contents.files.push(file);
                }
                Ok(Err(why)) => contents.skipped.push(Skipped { path: name, why: why.to_owned() }),
                Err(Unread::NoText(problems)) => {
                    left = left.saturating_sub(problems.source.text.len() as u64);
                    contents.complaints.extend(complaints(&problems));
                    // As far as it can be read, it tells what is not missing.
                    contents.files.push(InputFile { path: name.clone(), text: problems.source.text.to_string() });
                    contents.no_text.insert(name);
                }
                Err(Unread::Because(complaint)) => contents.complaints.push(complaint),
                Err(Unread::TooMuch) => {
                    let text = format_args!("`{name}` and the files before it are longer than {} MiB", bytes_max >> 20);
                    contents.complaints.push(Complaint::new(text));
                    contents.whole = false;
                    break;
                }
            }
        }
        contents
    }
}

/// A file of at most `left` bytes that may be an answer, or why it is none.
fn read(path: &Path, left: u64) -> Result<Result<InputFile, &'static str>, Unread> {
    let complain = |error: io::Error| Unread::Because(Complaint::cannot_read(path, &error));
    let name = path.display().to_string();
    let mut file = File::open(path).map_err(complain)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING_BYTES).read_to_end(&mut bytes).map_err(complain)?;
    if !InputFile::can_be(&name, &bytes) {
        return Ok(Err("it is not JSON"));
    }
    file.take(FILE_BYTES_MAX.min(left)).read_to_end(&mut bytes).map_err(complain)?;
    if FILE_BYTES_MAX < bytes.len() as u64 {
        let complaint = Complaint::new(format_args!("`{name}` is longer than {} MiB", FILE_BYTES_MAX >> 20));
        return Err(Unread::Because(complaint));
    }
    if left < bytes.len() as u64 {
        return Err(Unread::TooMuch);
    }
    match InputFile::of_bytes(&name, bytes) {
        Ok(file) => Ok(Ok(file)),
        Err(problems) => Err(Unread::NoText(problems)),
    }
}

/// Why a file could not be read.
enum Unread {
    Because(Complaint),
    /// With those before it, it is more than is read.
    TooMuch,
    /// Its bytes are no text; it stands there as far as it can be read.
    NoText(FileProblems),
}

struct Folder {
    paths: Vec<PathBuf>,
    complaints: Vec<Complaint>,
    files_max: usize,
}

impl Folder {
    fn new(files_max: usize) -> Self {
        Self { paths: Vec::new(), complaints: Vec::new(), files_max }
    }

    /// All files below a folder but hidden ones; `None` where there are too many, which ends the walk. Links to folders
    /// are not followed: they may lead in a circle.
    fn enter(&mut self, folder: &Path, depth: usize) -> Option<()> {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.complaints.push(Complaint::cannot_read(folder, &error));
                return Some(());
            }
        };
        for entry in entries {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < FOLDER_DEPTH_MAX {
                    self.enter(&path, depth + 1)?;
                } else {
                    let text = format!("folder `{}` is nested deeper than {FOLDER_DEPTH_MAX} folders", path.display());
                    self.complaints.push(Complaint::new(text));
                }
            } else if path.is_file() {
                if self.paths.len() == self.files_max {
                    let text =
                        format!("more than {} files, the last of them in `{}`", self.files_max, folder.display());
                    self.complaints.push(Complaint::new(text));
                    return None;
                }
                self.paths.push(path);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(complaints: &[Complaint]) -> Vec<&str> {
        let plain = complaints.iter().filter_map(|complaint| match complaint {
            Complaint::Plain { message, .. } => Some(message.as_str()),
            Complaint::Text { .. } => None,
        });
        plain.collect()
    }

    #[test]
    fn too_many_files_and_too_many_bytes_end_the_reading_with_one_complaint() {
        let account = tempfile::tempdir().expect("a temporary folder");
        for name in ["a", "b", "c"] {
            let folder = account.path().join(name);
            fs::create_dir_all(&folder).expect("a folder");
            for file in ["1.json", "2.json"] {
                fs::write(folder.join(file), br#"{"Vpcs": []}"#).expect("a file");
            }
        }
        let walked = |files_max| {
            let mut folder = Folder::new(files_max);
            let whole = folder.enter(account.path(), 0).is_some();
            assert_eq!(whole, 6 <= files_max);
            folder.paths.sort();
            folder
        };
        let found = walked(1);
        assert_eq!((found.paths.len(), told(&found.complaints).len()), (1, 1));
        assert!(told(&found.complaints)[0].starts_with("more than 1 files, the last of them in `"));
        let all = Contents::read(walked(6), 72);
        assert_eq!((all.files.len(), told(&all.complaints).len(), all.whole), (6, 0, true));
        let some = Contents::read(walked(6), 71);
        assert_eq!((some.files.len(), told(&some.complaints).len(), some.whole), (5, 1, false));
        assert!(told(&some.complaints)[0].ends_with("2.json` and the files before it are longer than 0 MiB"));
    }
}
