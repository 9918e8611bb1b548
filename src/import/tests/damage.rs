//! Damaged files: whatever is done to them, nothing panics, and every problem has a place.

use proptest::prelude::*;

use super::*;
use crate::notation::Problem;

/// The ways in which a file is damaged.
#[derive(Clone, Debug)]
enum Damage {
    /// It ends in the middle.
    Cut(usize),
    /// Bits of one of its bytes are turned.
    Flip(usize, u8),
    /// Another text stands in place of one of its characters.
    Replace(usize, &'static str),
    /// One of its words is written otherwise, everywhere in this file alone.
    Rename(usize, &'static str),
    /// One of its values is another one.
    Value(usize, &'static str),
    /// One of its keys is not there.
    Drop(usize),
    /// It is missing.
    Remove,
    /// It stands there a second time, perhaps in another account's folder.
    Double(bool),
}

fn damage() -> impl Strategy<Value = Damage> {
    let junk = prop::sample::select(vec!["", "\"", "{", "]", ",", "null", "7", "[]", "true", "\\", "é", "-"]);
    let other = prop::sample::select(vec!["x", "vpc-9", "local", "10.0.0.0/99", ""]);
    let values =
        vec!["null", "7", "-1", "\"x\"", "[]", "{}", "[{}]", "true", "\"10.0.0.0/8\"", "\"vpc-9\"", "1e999", "[null]"];
    prop_oneof![
        (0usize..60_000).prop_map(Damage::Cut),
        ((0usize..60_000), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        ((0usize..60_000), junk).prop_map(|(at, text)| Damage::Replace(at, text)),
        ((0usize..2_000), other).prop_map(|(word, text)| Damage::Rename(word, text)),
        ((0usize..2_000), prop::sample::select(values)).prop_map(|(place, value)| Damage::Value(place, value)),
        (0usize..2_000).prop_map(Damage::Drop),
        Just(Damage::Remove),
        any::<bool>().prop_map(Damage::Double),
    ]
}

fn damaged(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match damage {
        Damage::Cut(at) => bytes[..at % (bytes.len() + 1)].to_vec(),
        Damage::Flip(at, bits) => {
            let mut bytes = bytes.to_vec();
            let length = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at % length) {
                *byte ^= bits;
            }
            bytes
        }
        Damage::Replace(at, junk) => {
            let at = floor(at % (text.len() + 1));
            let next = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            format!("{}{junk}{}", &text[..at], &text[next..]).into_bytes()
        }
        Damage::Rename(word, other) => {
            let words: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
            match words.get(word % words.len().max(1)) {
                Some(word) => text.replace(&format!("\"{word}\""), &format!("\"{other}\"")).into_bytes(),
                None => bytes.to_vec(),
            }
        }
        Damage::Value(place, other) => {
            // Large numbers are JSON and no number of Rust's.
            let marked = changed(&text, *place, |value| *value = "\u{1}".into());
            marked.replace("\"\\u0001\"", other).into_bytes()
        }
        Damage::Drop(place) => {
            let marked = changed(&text, *place, |value| *value = "\u{1}".into());
            without_marked(&marked).into_bytes()
        }
        Damage::Remove | Damage::Double(_) => bytes.to_vec(),
    }
}

/// A JSON text in which the `place`th value was changed.
fn changed(text: &str, place: usize, change: impl FnOnce(&mut serde_json::Value)) -> String {
    use serde_json::Value;
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(count).sum::<usize>(),
            Value::Object(map) => map.values().map(count).sum::<usize>(),
            _ => 0,
        }
    }
    fn nth(value: &mut Value, mut place: usize) -> Option<&mut Value> {
        if place == 0 {
            return Some(value);
        }
        place -= 1;
        let children: Box<dyn Iterator<Item = &mut Value>> = match value {
            Value::Array(items) => Box::new(items.iter_mut()),
            Value::Object(map) => Box::new(map.values_mut()),
            _ => return None,
        };
        for child in children {
            let size = count(child);
            if place < size {
                return nth(child, place);
            }
            place -= size;
        }
        None
    }
    let Ok(mut tree) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let size = count(&tree);
    if let Some(value) = nth(&mut tree, place % size) {
        change(value);
    }
    tree.to_string()
}

/// A JSON text without the key whose value is marked.
fn without_marked(text: &str) -> String {
    use serde_json::Value;
    fn drop_marked(value: &mut Value) {
        let marked = |value: &Value| value.as_str() == Some("\u{1}");
        match value {
            Value::Array(items) => {
                items.retain(|item| !marked(item));
                items.iter_mut().for_each(drop_marked);
            }
            Value::Object(map) => {
                map.retain(|_, value| !marked(value));
                map.values_mut().for_each(drop_marked);
            }
            _ => {}
        }
    }
    let Ok(mut tree) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    drop_marked(&mut tree);
    tree.to_string()
}

/// The files of one of three accounts, damaged.
fn damaged_files(which: usize, hits: &[(usize, Damage)]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = match which {
        0 => endpoints_network().into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect(),
        1 => peering_network().into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect(),
        _ => account::files().into_iter().map(|file| (file.path, file.text.into_bytes())).collect(),
    };
    // The catalog of services is most of the text and tells nothing new here.
    files.retain(|(path, _)| !path.ends_with("VpcEndpointServices.json"));
    for (file, damage) in hits {
        let index = file % files.len();
        match damage {
            Damage::Remove => drop(files.remove(index)),
            Damage::Double(elsewhere) => {
                let (path, bytes) = files[index].clone();
                let prefix = if *elsewhere { "accounts/555566667777" } else { "again" };
                files.push((format!("{prefix}/{path}"), bytes));
            }
            damage => files[index].1 = damaged(&files[index].1, damage),
        }
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn damaged_files_never_panic_and_every_problem_has_a_place(
        which in 0usize..3,
        hits in prop::collection::vec((0usize..64, damage()), 1..4),
    ) {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for (path, bytes) in damaged_files(which, &hits) {
            match InputFile::of_bytes(&path, bytes) {
                Ok(file) => files.push(file),
                Err(found) => problems.push(found),
            }
        }
        match import(files, &ImportOptions::default()) {
            Ok(imported) => problems.extend(imported.warnings),
            Err(found) => {
                prop_assert!(found.iter().any(FileProblems::has_errors));
                problems.extend(found);
            }
        }
        for file in &problems {
            prop_assert!(!file.problems.is_empty());
            let (root, _) = crate::notation::parse_json(&file.source);
            for problem in &file.problems {
                prop_assert!(problem.span.start <= problem.span.end);
                prop_assert!(problem.span.end as usize <= file.source.text.len());
                // What stands inside a file that can be read is told with its path.
                let path = root.as_ref().map(|root| ledger::path_of(root, problem.span));
                let path = path.filter(|_| !problem.message.contains("not UTF-8")).unwrap_or_default();
                prop_assert!(problem.message.starts_with(&path), "{path}: {}", problem.message);
            }
            crate::notation::problems_to_text(&file.source, &file.problems, true);
        }
    }

    /// Whatever is imported is written in the language; only what EC2 would never have let happen is refused in it.
    #[test]
    fn damaged_accounts_that_are_imported_are_written(
        which in 0usize..3,
        hits in prop::collection::vec((0usize..64, damage()), 1..3),
    ) {
        let files = damaged_files(which, &hits);
        let files = files.into_iter().filter_map(|(path, bytes)| InputFile::of_bytes(&path, bytes).ok()).collect();
        if let Ok(imported) = import(files, &ImportOptions::default()) {
            let written = crate::scenario::write(&imported.world, &crate::scenario::Preface::default());
            let source = crate::notation::Source::new("written.yaml", written.text.as_str());
            let (scenarios, problems) = crate::scenario::load(&source);
            let of_records = ["EC2 refuses this", "which is not there", "is in state failed"];
            let refused = |problem: &Problem| of_records.iter().any(|part| problem.message.contains(part));
            prop_assert!(!scenarios.is_empty() || problems.iter().all(refused), "{problems:#?}\n{}", written.text);
        }
    }
}
