//! What a file holds: told by its top-level keys, by its shape, or, where it is torn, by what can still be read.

use super::library::{AnswerList, FileId, Library};
use crate::import::kind::{
    BESIDE, KINDS, Kind, VPC_ATTRIBUTE, is_vpc_attribute, kind_of_id, kind_of_item, kind_of_key,
};
use crate::import::ledger::{Ledger, Place};
use crate::notation::decode::brief;
use crate::notation::{Entry, Map, Node, Problem, Source, Span, Value};

impl Library {
    /// Finds the lists of one file.
    pub(super) fn sort_out(&mut self, file: FileId, ledger: &mut Ledger) {
        let Some(root) = &self.files[file.0].1 else { return };
        let whole = Place { file, span: root.span };
        match &root.value {
            Value::Map(map) if is_vpc_attribute(map) => {
                self.lists.push(AnswerList { file, kind: &VPC_ATTRIBUTE, place: whole, entry: None });
            }
            Value::Map(map) => match kind_of_item(root).filter(|_| !map.entries.iter().any(|e| is_known(&e.key))) {
                Some(kind) => self.lists.push(AnswerList { file, kind, place: whole, entry: None }),
                None if is_answer(map) => {
                    let lists = lists_of(file, map, ledger);
                    self.lists.extend(lists);
                }
                None => {
                    let keys: Vec<String> =
                        map.entries.iter().take(KEYS_SHOWN).map(|e| format!("`{}`", brief(&e.key))).collect();
                    let why = format!("none of its keys is of an answer that is known: {}", keys.join(", "));
                    let why = if keys.is_empty() { "it is an empty map".to_owned() } else { why };
                    self.skip(file, why);
                }
            },
            Value::List(items) => match items.iter().find_map(kind_of_item) {
                Some(kind) => self.lists.push(AnswerList { file, kind, place: whole, entry: None }),
                None if !items.is_empty() && items.iter().all(|item| item.as_map().is_some_and(is_answer)) => {
                    // Pages of a call in one list, as `jq -s` gives them: read as one answer with its key several times.
                    // Only the last one's says whether there are more.
                    let last = items.len() - 1;
                    let pages = items.iter().enumerate().filter_map(|(index, page)| Some((index, page.as_map()?)));
                    let entries = pages.flat_map(|(index, page)| {
                        let is_token = |entry: &Entry| entry.key.eq_ignore_ascii_case("NextToken");
                        page.entries.iter().filter(move |entry| index == last || !is_token(entry)).cloned()
                    });
                    let map = Map { entries: entries.collect() };
                    let lists = lists_of(file, &map, ledger);
                    self.lists.extend(lists);
                    self.files[file.0].1 = Some(Node { value: Value::Map(map), span: root.span });
                }
                None => {
                    let why = "it is a list of something that no known call answers".to_owned();
                    self.skip(file, why);
                }
            },
            Value::Null => self.skip(file, "it says nothing".to_owned()),
            Value::Scalar(_) => {
                let why = format!("it is no answer of a describe call, but {}", root.kind());
                self.skip(file, why);
            }
        }
    }
}

/// The lists that stand under the top-level keys of a file.
fn lists_of(file: FileId, map: &Map, ledger: &mut Ledger) -> Vec<AnswerList> {
    let mut lists = Vec::new();
    for (index, entry) in map.entries.iter().enumerate() {
        let place = Place { file, span: entry.key_span };
        let Some(kind) = kind_of_key(&entry.key) else {
            if !BESIDE.contains(&entry.key.as_str()) {
                let problem = Problem::warning(place.span, "unknown top-level key: nothing is read from it");
                let known = KINDS.iter().map(|kind| kind.key);
                ledger.push(file, problem.did_you_mean(&entry.key, known));
            }
            continue;
        };
        match &entry.value.value {
            Value::List(_) | Value::Null => lists.push(AnswerList { file, kind, place, entry: Some(index) }),
            Value::Map(_) | Value::Scalar(_) => {
                let at = Place { file, span: entry.value.span };
                ledger.error(at, format!("expected a list, found {}", entry.value.kind()));
            }
        }
    }
    lists
}

fn is_known(key: &str) -> bool {
    kind_of_key(key).is_some()
}

/// Whether a map has a key of a known answer, or one that is probably meant as such.
fn is_answer(map: &Map) -> bool {
    let known = || KINDS.iter().map(|kind| kind.key);
    let is_near = |key: &str| !Problem::warning(Span::default(), "").did_you_mean(key, known()).help.is_empty();
    map.entries.iter().any(|entry| is_known(&entry.key) || (entry.value.as_list().is_some() && is_near(&entry.key)))
}

/// How many keys of a file that is no answer are shown.
const KEYS_SHOWN: usize = 3;

/// What a file would hold if it could be read: its first key, looked for in the bare text.
pub(super) fn kind_of_torn(source: &Source) -> Option<&'static str> {
    let first_key = source.text.split('"').nth(1).unwrap_or_default();
    let by_id = || source.text.split('"').find_map(kind_of_id);
    kind_of_key(first_key).or_else(by_id).or_else(|| kind_of_name(&source.name)).map(|kind| kind.key)
}

/// What a file should hold by its name: that of the key, or of the call.
fn kind_of_name(path: &str) -> Option<&'static Kind> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let name = plain(path.rsplit(['/', '\\']).next()?.split('.').next()?);
    let call = |kind: &Kind| plain(kind.call.rsplit(' ').next().unwrap_or_default());
    let fits = |kind: &&Kind| name == plain(kind.key) || name == call(kind) || format!("describe{name}") == call(kind);
    KINDS.iter().find(fits)
}
