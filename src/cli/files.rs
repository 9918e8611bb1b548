//! Scenario files on disk: found below folders, read whole, each problem collected. Knows nothing of what they say.
#![expect(clippy::disallowed_methods, reason = "the command line reads files")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::complaint::Complaint;
use crate::base::Era;
use crate::notation::{Source, YAML_BYTES_MAX, source_of_bytes};

/// A scenario file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is called in outputs: as it was given, or below the folder that was given; with `/` on every platform.
    pub(super) name: String,
    /// Where its outputs go below the folder of outputs: its place below the folder that was given, without extension.
    pub(super) place: String,
    /// Which of its eras is meant, where it runs in several.
    pub(super) era: Option<Era>,
}

impl Found {
    /// Its name, with the era where it runs in several.
    pub(super) fn label(&self) -> String {
        self.era.map_or_else(|| self.name.clone(), |era| format!("{} (era {era})", self.name))
    }
}

/// The folder whose files are wrong on purpose; it is entered only where it was named itself.
const WRONG_ON_PURPOSE: &str = "errors";
/// The deepest nesting of folders that is entered.
const FOLDER_DEPTH_MAX: usize = 32;
/// The most files of one command.
const FILES_MAX: usize = 10_000;

/// All scenario files among `paths`: files as they are, and all `*.yaml` below folders, sorted. A file that is reached
/// twice is taken once.
pub(super) fn find(paths: &[PathBuf]) -> (Vec<Found>, Vec<Complaint>) {
    let mut finder = Finder::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => finder.folder(path),
            Ok(_) => {
                let place = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
                finder.add(path.clone(), place);
            }
            Err(error) => {
                let complaint = Complaint::cannot_read(path, &error);
                finder.complaints.push(match nearest(path) {
                    Some(nearest) => complaint.help(format_args!("did you mean `{}`?", shown(&nearest))),
                    None => complaint,
                });
            }
        }
    }
    finder.tell_places_apart();
    (finder.found, finder.complaints)
}

/// Reads a file that was found, as far as it is a text of acceptable length.
pub(super) fn read(found: &Found) -> Result<Source, Complaint> {
    let complain = |error: std::io::Error| Complaint::cannot_read(&found.path, &error);
    let mut bytes = Vec::new();
    let file = fs::File::open(&found.path).map_err(complain)?;
    // One byte more than is allowed tells a long file from an endless one.
    file.take(YAML_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(complain)?;
    if YAML_BYTES_MAX < bytes.len() {
        let limit = YAML_BYTES_MAX >> 20;
        return Err(Complaint::new(format_args!("`{}` is longer than {limit} MiB, the most that is read", found.name)));
    }
    source_of_bytes(&found.name, bytes).map_err(|(source, problem)| Complaint::Text { source, problems: vec![problem] })
}

#[derive(Default)]
struct Finder {
    found: Vec<Found>,
    known: BTreeSet<PathBuf>,
    complaints: Vec<Complaint>,
}

impl Finder {
    fn add(&mut self, path: PathBuf, place: String) {
        let one = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.known.insert(one) {
            self.found.push(Found { name: shown(&path), place, path, era: None });
        }
    }

    fn folder(&mut self, folder: &Path) {
        let mut files = Vec::new();
        self.collect(folder, 0, &mut files);
        if files.is_empty() {
            let message = format!("no scenario files (*.yaml) in folder `{}`", folder.display());
            self.complaints.push(Complaint::new(message));
        }
        if FILES_MAX < files.len() {
            let message = format!("more than {FILES_MAX} scenario files in folder `{}`", folder.display());
            self.complaints.push(Complaint::new(message));
            return;
        }
        files.sort();
        for path in files {
            let place = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
            self.add(path, shown(&place));
        }
    }

    /// Files below a folder. Links to folders are not followed: they may lead in a circle.
    fn collect(&mut self, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.complaints.push(Complaint::cannot_read(folder, &error)),
        };
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') || FILES_MAX < files.len() {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && name != WRONG_ON_PURPOSE {
                match depth < FOLDER_DEPTH_MAX {
                    true => self.collect(&path, depth + 1, files),
                    false => self.complaints.push(Complaint::new(format_args!(
                        "folder `{}` is nested deeper than {FOLDER_DEPTH_MAX} folders",
                        path.display()
                    ))),
                }
            } else if path.extension().is_some_and(|extension| extension == "yaml") && path.is_file() {
                files.push(path);
            }
        }
    }

    /// Two files with the same place get numbers: outputs never overwrite each other.
    fn tell_places_apart(&mut self) {
        let mut taken = BTreeSet::new();
        for found in &mut self.found {
            let mut place = found.place.clone();
            let mut number = 1;
            while !taken.insert(place.clone()) {
                number += 1;
                place = format!("{}-{number}", found.place);
            }
            found.place = place;
        }
    }
}

/// A path with `/` between its parts on every platform.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// What stands beside a missing path and is called nearly the same.
fn nearest(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_string_lossy().into_owned();
    let parent = path.parent()?;
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let names = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let (_, name) = names
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min()?;
    Some(parent.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        folder
    }

    fn places(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.place.as_str()).collect()
    }

    #[test]
    fn files_below_a_folder_are_sorted_and_wrong_ones_are_skipped_unless_named() {
        let files: [(&str, &[u8]); 5] =
            [("b/2.yaml", b""), ("b/1.yaml", b""), ("a.yaml", b""), ("errors/x.yaml", b""), ("README.md", b"")];
        let folder = folder(&files);
        let (found, complaints) = find(&[folder.path().to_owned()]);
        assert_eq!((places(&found), complaints.len()), (vec!["a", "b/1", "b/2"], 0));
        let (found, _) = find(&[folder.path().join("errors")]);
        assert_eq!(places(&found), ["x"]);
    }

    #[test]
    fn a_file_is_taken_once_and_files_of_one_name_are_told_apart() {
        let folder = folder(&[("a/x.yaml", b""), ("b/x.yaml", b"")]);
        let at = |name: &str| folder.path().join(name);
        let (found, _) = find(&[at("a/x.yaml"), at("b/x.yaml"), at("a"), at("b/../a/x.yaml")]);
        assert_eq!(places(&found), ["x", "x-2"]);
    }

    #[test]
    fn all_missing_files_are_told_at_once_with_the_nearest_name() {
        let folder = folder(&[("nat.yaml", b"")]);
        let (found, complaints) = find(&[folder.path().join("nta.yaml"), folder.path().join("other.txt")]);
        assert!(found.is_empty());
        let help: Vec<bool> = complaints
            .iter()
            .map(|complaint| matches!(complaint, Complaint::Plain { help, .. } if help.ends_with("nat.yaml`?")))
            .collect();
        assert_eq!(help, [true, false]);
    }

    #[test]
    fn a_folder_without_scenarios_is_a_complaint() {
        let folder = folder(&[("errors/x.yaml", b""), ("note.txt", b"")]);
        let (found, complaints) = find(&[folder.path().to_owned()]);
        assert_eq!((found.len(), complaints.len()), (0, 1));
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_at_their_place() {
        let folder = folder(&[("x.yaml", b"a: 1\nb: \xff\xfe\n"), ("y.yaml", "b: \u{e9}\n".as_bytes())]);
        let (found, _) = find(&[folder.path().to_owned()]);
        let Err(Complaint::Text { source, problems }) = read(&found[0]) else { panic!("not UTF-8") };
        assert_eq!(source.line_column(problems[0].span.start), (2, 4));
        assert!(read(&found[1]).is_ok());
    }
}
