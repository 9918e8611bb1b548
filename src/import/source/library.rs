//! All input files, parsed, with the lists of items that they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use super::answer::kind_of_torn;
use super::home::{Home, folder_of};
use super::input_file::{InputFile, Skipped, is_named_json};
use crate::import::kind::Kind;
use crate::import::ledger::{Ledger, Place};
use crate::notation::{Node, Problem, Source, Value, parse_json};

/// A file's place among the input files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) usize);

/// The list of items that one file has under one key.
#[derive(Copy, Clone, Debug)]
pub(crate) struct AnswerList {
    pub(crate) file: FileId,
    pub(crate) kind: &'static Kind,
    /// The place of the top-level key; of the whole, without one.
    pub(crate) place: Place,
    pub(super) entry: Option<usize>,
}

/// All input files, parsed.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) files: Vec<(Source, Option<Node>)>,
    /// In the order of the files.
    pub(crate) lists: Vec<AnswerList>,
    pub(crate) homes: Vec<Home>,
    /// Files that are no answers.
    pub(crate) skipped: Vec<Skipped>,
    /// Kinds of which a file could not be read, so that ids of them that nobody describes are no problem of their own.
    pub(crate) unreadable: BTreeSet<&'static str>,
}

impl Library {
    /// Parses the files and finds out what they hold and whose they are.
    pub(crate) fn read(files: Vec<InputFile>, given: &Home, ledger: &mut Ledger) -> Self {
        let (skipped, unreadable) = (Vec::new(), BTreeSet::new());
        let mut library = Self { files: Vec::new(), lists: Vec::new(), homes: Vec::new(), skipped, unreadable };
        for InputFile { path, text } in files {
            let source = Source::new(path, text);
            let (root, problems) = parse_json(&source);
            let torn = if root.is_none() { kind_of_torn(&source) } else { None };
            if root.is_none() && torn.is_none() && !is_named_json(&source.name) {
                library.skipped.push(Skipped { path: source.name.to_string(), why: "it is not JSON".to_owned() });
                continue;
            }
            for problem in problems {
                ledger.push(FileId(library.files.len()), problem);
            }
            library.unreadable.extend(torn);
            library.files.push((source, root));
        }
        for index in 0..library.files.len() {
            library.sort_out(FileId(index), ledger);
        }
        library.find_homes(given, ledger);
        library.last_pages(ledger);
        library
    }

    /// Leaves a file aside.
    pub(super) fn skip(&mut self, file: FileId, why: String) {
        let path = self.name(file).to_owned();
        self.skipped.push(Skipped { path, why });
    }

    /// The lists of one file.
    pub(crate) fn lists_of(&self, file: FileId) -> &[AnswerList] {
        let from = self.lists.partition_point(|list| list.file < file);
        let count = self.lists[from..].partition_point(|list| list.file == file);
        &self.lists[from..from + count]
    }

    /// The items of a list.
    pub(crate) fn items(&self, list: &AnswerList) -> &[Node] {
        let Some(root) = &self.files[list.file.0].1 else { return &[] };
        let node = match (list.entry, &root.value) {
            (Some(entry), Value::Map(map)) => &map.entries[entry].value,
            (Some(_) | None, _) => root,
        };
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            Value::Map(_) | Value::Scalar(_) => slice::from_ref(node),
        }
    }

    /// The folder of all files of a home, as a problem names it.
    pub(crate) fn folder(&self, home: &Home) -> String {
        let mut paths =
            self.homes.iter().zip(&self.files).filter(|(own, _)| *own == home).map(|(_, (file, _))| &*file.name);
        let first = folder_of(paths.next().unwrap_or_default()).to_owned();
        let common = paths.fold(first, |common, path| {
            let mut folder = common.as_str();
            while !folder.is_empty() && !path.starts_with(&format!("{folder}/")) {
                folder = folder_of(folder);
            }
            folder.to_owned()
        });
        if common.is_empty() { "these files".to_owned() } else { common }
    }

    /// The name of a file.
    pub(crate) fn name(&self, file: FileId) -> &str {
        &self.files[file.0].0.name
    }

    /// An answer in pages ends with one that names no next page; without that one, something may be missing.
    fn last_pages(&self, ledger: &mut Ledger) {
        let mut pages: BTreeMap<(&Home, &str), (Option<Place>, bool)> = BTreeMap::new();
        for list in self.lists.iter().filter(|list| list.entry.is_some()) {
            let map = self.files[list.file.0].1.as_ref().and_then(Node::as_map);
            let token = map.and_then(|map| map.get("NextToken").or_else(|| map.get("nextToken")));
            let token = token.filter(|token| token.as_text().is_some_and(|text| !text.is_empty()));
            let (at, ends) = pages.entry((&self.homes[list.file.0], list.kind.key)).or_default();
            match token {
                Some(token) => *at = at.or(Some(Place { file: list.file, span: token.span })),
                None => *ends = true,
            }
        }
        for ((_, key), (at, ends)) in pages {
            if let (Some(at), false) = (at, ends) {
                let problem =
                    Problem::warning(at.span, format!("the {key} go on behind this, and no file is their last page"));
                ledger.push(
                    at.file,
                    problem.help("let the AWS CLI fetch all pages: leave `--max-items` and `--no-paginate` out"),
                );
            }
        }
    }
}
