//! All problems of all files, each with its path inside the JSON, and the ids that one answer borrows from another.
//! Decides nothing.

use std::fmt::Write;

use rustc_hash::FxHashSet;

use super::source::FileId;
use crate::notation::{Node, Problem, Severity, Source, Span, Value};

/// A place in one of the files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) file: FileId,
    pub(crate) span: Span,
}

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblems {
    /// The file.
    pub source: Source,
    /// Its problems, in the order of the text. A message begins with its path inside the JSON.
    pub problems: Vec<Problem>,
    /// Whether they are of no file, but of a folder or of what the user said; then the text is not a file's.
    pub of_folder: bool,
}

impl FileProblems {
    /// Problems of no single file.
    pub(crate) fn of_folder(folder: &str, problems: Vec<Problem>) -> Self {
        Self { source: Source::new(folder, ""), problems, of_folder: true }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// The most problems kept of one file; what lies beyond is counted.
const PROBLEMS_MAX: usize = 200;

/// An id that an answer names and another answer should describe.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) at: Place,
    pub(crate) id: Box<str>,
}

/// Collects while files are decoded.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    problems: Vec<(Place, Problem)>,
    /// What is wrong with folders, as they are called.
    of_folders: Vec<(String, Problem)>,
    references: Vec<Reference>,
    unknown_keys: FxHashSet<(&'static str, String)>,
}

impl Ledger {
    pub(crate) fn error(&mut self, at: Place, message: impl Into<String>) {
        self.push(at.file, Problem::error(at.span, message));
    }

    pub(crate) fn warning(&mut self, at: Place, message: impl Into<String>) {
        self.push(at.file, Problem::warning(at.span, message));
    }

    pub(crate) fn push(&mut self, file: FileId, problem: Problem) {
        self.problems.push((Place { file, span: problem.span }, problem));
    }

    /// Something that is wrong with a folder as a whole.
    pub(crate) fn folder_error(&mut self, folder: &str, message: impl Into<String>) {
        self.of_folders.push((folder.to_owned(), Problem::error(Span::default(), message)));
    }

    pub(crate) fn refer(&mut self, at: Place, id: &str) {
        self.references.push(Reference { at, id: id.into() });
    }

    /// Forgets references to what nobody here can describe.
    pub(crate) fn forget_references(&mut self, is_forgotten: impl Fn(&Reference) -> bool) {
        self.references.retain(|reference| !is_forgotten(reference));
    }

    pub(crate) fn take_references(&mut self) -> Vec<Reference> {
        std::mem::take(&mut self.references)
    }

    /// A key that AWS's answers of this kind do not have, said once per kind and key.
    pub(crate) fn unknown_key(&mut self, at: Place, kind: &'static str, key: &str) {
        if self.unknown_keys.insert((kind, key.to_owned())) {
            self.warning(at, format!("unknown field `{key}` of {kind}: nothing is read from it"));
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.of_folders.is_empty() || self.problems.iter().any(|(_, problem)| problem.severity == Severity::Error)
    }

    /// The problems by file, in the order of the files, each message with its path inside the JSON.
    pub(crate) fn into_files(mut self, files: &[(Source, Option<Node>)]) -> Vec<FileProblems> {
        self.problems.sort_by_key(|(place, _)| (place.file, place.span.start, place.span.end));
        self.problems.dedup();
        let mut out: Vec<FileProblems> = Vec::new();
        for (folder, problem) in self.of_folders {
            match out.iter_mut().find(|own| *own.source.name == *folder) {
                Some(own) => own.problems.push(problem),
                None => out.push(FileProblems::of_folder(&folder, vec![problem])),
            }
        }
        let mut rest = self.problems.into_iter().peekable();
        while let Some((place, first)) = rest.next() {
            let (source, root) = &files[place.file.0];
            let mut problems = vec![with_path(root.as_ref(), first)];
            let mut beyond = 0;
            while let Some((_, problem)) = rest.next_if(|(next, _)| next.file == place.file) {
                if problems.len() < PROBLEMS_MAX {
                    problems.push(with_path(root.as_ref(), problem));
                } else {
                    beyond += 1;
                }
            }
            if 0 < beyond {
                let span = problems.last().map_or(Span::default(), |last| last.span);
                problems.push(Problem::error(span, format!("and {beyond} more problems in this file")));
            }
            out.push(FileProblems { source: source.clone(), problems, of_folder: false });
        }
        out
    }
}

fn with_path(root: Option<&Node>, mut problem: Problem) -> Problem {
    if let Some(path) = root.map(|root| path_of(root, problem.span)).filter(|path| !path.is_empty()) {
        problem.message = format!("{path}: {}", problem.message);
    }
    problem
}

/// The path of the value, or key, that stands at a span: `RouteTables[2].Routes[0].GatewayId`; empty for the whole.
pub(crate) fn path_of(root: &Node, span: Span) -> String {
    let mut path = String::new();
    let mut node = root;
    while node.span != span {
        match &node.value {
            Value::Map(map) => {
                let after = map.entries.partition_point(|entry| entry.key_span.start <= span.start);
                let Some(entry) = after.checked_sub(1).map(|index| &map.entries[index]) else { break };
                if entry.value.span.end < span.end {
                    break;
                }
                let dot = if path.is_empty() { "" } else { "." };
                let _ = write!(path, "{dot}{}", entry.key);
                if span.start < entry.value.span.start {
                    break;
                }
                node = &entry.value;
            }
            Value::List(list) => {
                let after = list.partition_point(|node| node.span.start <= span.start);
                let Some(index) = after.checked_sub(1).filter(|index| span.end <= list[*index].span.end) else { break };
                let _ = write!(path, "[{index}]");
                node = &list[index];
            }
            Value::Null | Value::Scalar(_) => break,
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::parse_json;

    #[test]
    fn every_place_has_its_path() {
        let text = r#"{"RouteTables": [{"Routes": []}, {"Routes": [{"GatewayId": "igw-1"}], "VpcId": 7}]}"#;
        let root = parse_json(&Source::new("t", text)).0.expect("a tree");
        let path = |needle: &str| {
            let start = text.find(needle).expect("a needle");
            path_of(&root, Span::new(start..start + needle.len()))
        };
        assert_eq!(path("\"igw-1\""), "RouteTables[1].Routes[0].GatewayId");
        assert_eq!(path("\"GatewayId\""), "RouteTables[1].Routes[0].GatewayId");
        assert_eq!(path("7"), "RouteTables[1].VpcId");
        assert_eq!(path("\"RouteTables\""), "RouteTables");
        assert_eq!(path(text), "");
        assert_eq!(path("[{\"GatewayId\": \"igw-1\"}]"), "RouteTables[1].Routes");
    }
}
