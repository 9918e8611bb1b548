//! Taste as a program: who may import whom, what each file begins with, and words that have a better one. Reads the
//! sources as text; knows nothing of what they do.
#![expect(clippy::disallowed_methods, reason = "a test of the sources reads them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The floors, from the ground up: each room, and the rooms that it may import. `ARCHITECTURE.md` says why.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("notation", &["base"]),
    ("packet", &["base"]),
    ("policy", &["base", "notation"]),
    ("control_plane", &["base", "notation", "policy"]),
    ("trace", &["base", "packet", "policy"]),
    ("engine", &["base", "packet", "trace"]),
    ("data_plane", &["base", "packet", "trace", "engine"]),
    ("host", &["base", "packet", "trace", "engine"]),
    ("service", &["base", "notation", "packet", "policy", "trace", "engine", "host"]),
    ("provision", ALL_BELOW),
    ("sim", ALL_BELOW),
    ("import", &["base", "notation", "policy", "control_plane"]),
    ("analysis", ALL_BELOW),
    ("scenario", ALL_BELOW),
    ("report", ALL_BELOW),
    ("cli", ALL_BELOW),
];

/// Every room that stands before this one in the table.
const ALL_BELOW: &[&str] = &["*"];

/// What a room may import.
fn floors_of(room: &str) -> Vec<&'static str> {
    match MAY_IMPORT.iter().position(|(name, _)| *name == room) {
        Some(index) if MAY_IMPORT[index].1 == ALL_BELOW => MAY_IMPORT[..index].iter().map(|(name, _)| *name).collect(),
        Some(index) => MAY_IMPORT[index].1.to_vec(),
        // The map of the library and the program that starts it know the command line only.
        None => vec!["cli"],
    }
}

/// Words that have a better one, the better one, and whether the command line may use them all the same.
const BANNED: &[(&str, &str, bool)] = &[
    ("todo!", "the thing itself", false),
    ("unimplemented!", "the thing itself", false),
    ("dbg!", "`tracing`", false),
    (".unwrap()", "`expect` with the reason why it holds, or an error", false),
    ("HashMap", "`BTreeMap` or `IndexMap`; `FxHashMap` for look-ups only", false),
    ("HashSet", "`BTreeSet` or `IndexSet`; `FxHashSet` for look-ups only", false),
    ("Instant::now", "the instant that the caller passes", true),
    ("SystemTime::now", "the instant that the caller passes", true),
    ("thread::sleep", "a timer of the engine", true),
    ("std::fs", "text that the caller passes", true),
    ("std::env", "settings that the caller passes", true),
    ("std::net::TcpStream", "a host of the simulation", true),
    ("std::net::UdpSocket", "a host of the simulation", true),
    ("println!", "a sink that the caller passes", true),
    ("eprintln!", "a problem that is returned, or `tracing`", true),
    ("thread_rng", "`base::Rng::stream`", false),
    ("rand::rng()", "`base::Rng::stream`", false),
];

#[test]
fn each_floor_imports_only_floors_below_it() {
    for (index, (room, _)) in MAY_IMPORT.iter().enumerate() {
        let below: Vec<_> = MAY_IMPORT[..index].iter().map(|(room, _)| *room).collect();
        for floor in floors_of(room) {
            assert!(below.contains(&floor), "the table lets `{room}` import `{floor}`, which does not lie below it");
        }
    }
    report(sources("src").iter().flat_map(|(path, text)| wrong_imports(path, &code(path, text))));
}

#[test]
fn each_folder_of_the_sources_is_a_room_of_the_table() {
    let rooms: Vec<_> = MAY_IMPORT.iter().map(|(room, _)| (*room).to_owned()).collect();
    for entry in fs::read_dir(root().join("src")).expect("the sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(!path.is_dir() || rooms.contains(&name), "src/{name} has no row in the table of floors");
    }
}

#[test]
fn each_file_begins_with_a_sentence_about_itself() {
    let all = ["src", "tests", "benches"].iter().flat_map(|folder| sources(folder));
    report(all.filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| format!("{path}:1: no `//!` sentence")));
}

#[test]
fn words_with_a_better_one_are_not_used() {
    report(sources("src").iter().flat_map(|(path, text)| banned_words(path, &code(path, text))));
}

#[test]
fn no_file_has_the_name_of_its_folder() {
    report(sources("src").iter().filter_map(|(path, _)| {
        let path = Path::new(path);
        let folder = path.parent()?.file_name()?;
        (path.file_stem()? == folder).then(|| format!("{}: has its folder's name", path.display()))
    }));
}

#[test]
fn the_checks_see_what_they_look_for() {
    let found = |text: &str| wrong_imports("src/packet/x.rs", &code("src/packet/x.rs", text));
    assert_eq!(
        found("//! X.\nuse crate::base::Cidr;\nuse crate::engine::Node;\n"),
        ["src/packet/x.rs:3: `packet` may not import `engine`"]
    );
    assert_eq!(found("use crate::{base::Cidr, engine::{Node, Stop}};").len(), 1);
    assert_eq!(found("fn f() -> crate::sim::World { g() }").len(), 1);
    assert_eq!(found("use super::super::engine::Node;").len(), 1);
    assert_eq!(found("use super::flow::Flow;\nuse crate::packet::Packet;").len(), 0);
    assert_eq!(found("// use crate::engine::Node;\n/* crate::sim */ const A: &str = \"crate::sim\";").len(), 0);
    assert_eq!(found("#[cfg(test)]\nmod tests {\n use crate::engine::Node;\n}\n").len(), 0);
    assert_eq!(found("#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::engine::Node;").len(), 1);
    assert_eq!(found("const A: char = '\"'; use crate::engine::Node; const B: char = '\"';").len(), 1);
    assert_eq!(found("fn f<'a>(x: &'a str) -> &'a str { x } use crate::engine::Node;").len(), 1);
    assert_eq!(found("const A: &str = r#\"\" crate::sim \"#; use crate::engine::Node;").len(), 1);

    let words = |path: &str, text: &str| banned_words(path, &code(path, text));
    assert_eq!(
        words("src/sim/x.rs", "//! X.\nuse std::collections::HashMap;\n"),
        ["src/sim/x.rs:2: `HashMap`: use `BTreeMap` or `IndexMap`; `FxHashMap` for look-ups only"]
    );
    assert_eq!(words("src/sim/x.rs", "use rustc_hash::FxHashMap; // HashMap").len(), 0);
    assert_eq!(words("src/sim/x.rs", "fn f() { todo!() }").len(), 1);
    assert_eq!(words("src/sim/x.rs", "use std::fs;").len(), 1);
    assert_eq!(words("src/cli/x.rs", "use std::fs;").len(), 0);
    assert_eq!(words("src/cli/x.rs", "fn f() { dbg!(1); }").len(), 1);
}

/// Fails with all offending lines, if there are any.
#[track_caller]
fn report(offenses: impl Iterator<Item = String>) {
    let offenses: Vec<_> = offenses.collect();
    assert!(offenses.is_empty(), "\n{}\n", offenses.join("\n"));
}

fn wrong_imports(path: &str, code: &str) -> Vec<String> {
    let parts: Vec<_> = Path::new(path).iter().skip(1).map(|part| part.to_string_lossy()).collect();
    let (room, depth) = match &parts[..] {
        [_] => ("", 0),
        [room, .., file] => (&**room, parts.len() - usize::from(file == "mod.rs")),
        [] => return Vec::new(),
    };
    let allowed = floors_of(room);
    let mut wrong = Vec::new();
    let mut check = |at: usize, target: &str| {
        let known = MAY_IMPORT.iter().any(|(name, _)| *name == target);
        if known && target != room && !allowed.contains(&target) {
            let line = 1 + code[..at].matches('\n').count();
            wrong.push(format!("{path}:{line}: `{room}` may not import `{target}`"));
        }
    };
    for root in ["crate::", "vpclab::"] {
        for (at, _) in code.match_indices(root) {
            heads(&code[at + root.len()..]).into_iter().for_each(|target| check(at, target));
        }
    }
    let climb = "super::".repeat(depth.max(1));
    for (at, _) in code.match_indices(&climb).filter(|_| 0 < depth) {
        heads(&code[at + climb.len()..]).into_iter().for_each(|target| check(at, target));
    }
    wrong
}

/// The first names of a path: one, or those of a list in braces.
fn heads(rest: &str) -> Vec<&str> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
    let Some(list) = rest.strip_prefix('{') else { return vec![&rest[..word(rest)]] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0usize, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' => start = depth == 0,
            c if start && depth == 0 && !c.is_whitespace() => {
                names.push(&list[at..at + word(&list[at..])]);
                start = false;
            }
            _ => {}
        }
    }
    names
}

fn banned_words(path: &str, code: &str) -> Vec<String> {
    let outside = path.starts_with("src/cli/") || path == "src/main.rs";
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut found = Vec::new();
    for (word, better, _) in BANNED.iter().filter(|(.., cli_may)| !(*cli_may && outside)) {
        for (at, _) in code.match_indices(word) {
            // Part of a longer name is another name.
            let longer = is_word(word.chars().next()) && is_word(code[..at].chars().next_back());
            let further = is_word(word.chars().next_back()) && is_word(code[at + word.len()..].chars().next());
            if !longer && !further {
                let line = 1 + code[..at].matches('\n').count();
                found.push(format!("{path}:{line}: `{word}`: use {better}"));
            }
        }
    }
    found
}

/// The code of a file without its comments, texts and tests; every line keeps its number. Empty for a file of tests.
fn code(path: &str, text: &str) -> String {
    let of_tests = Path::new(path).iter().any(|part| part == "tests" || part == "tests.rs");
    if of_tests || test_modules().iter().any(|module| path.starts_with(module.as_str())) {
        return String::new();
    }
    without_tests(&without_texts(text))
}

/// Files and folders of modules that only tests have: `#[cfg(test)] mod x;`.
fn test_modules() -> &'static [String] {
    static MODULES: OnceLock<Vec<String>> = OnceLock::new();
    MODULES.get_or_init(find_test_modules)
}

fn find_test_modules() -> Vec<String> {
    let mut modules = Vec::new();
    for (path, text) in sources("src") {
        let folder = path.trim_end_matches("mod.rs").trim_end_matches(".rs");
        let folder = folder.trim_end_matches('/');
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(next) = Some(line).filter(|line| line.trim() == "#[cfg(test)]").and_then(|_| lines.next()) else {
                continue;
            };
            let name = next.trim().trim_end_matches(';').rsplit(' ').next().unwrap_or_default();
            if next.contains("mod ") && next.trim_end().ends_with(';') {
                modules.push(format!("{folder}/{name}.rs"));
                modules.push(format!("{folder}/{name}/"));
            }
        }
    }
    modules
}

/// Blanks comments, strings and characters.
fn without_texts(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if let Some(hashes) = raw_string(bytes, at) {
            let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            let body = hashes + 2;
            rest[body..].windows(end.len()).position(|w| w == end).map_or(rest.len(), |to| body + to + end.len())
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest[0] == b'\'' && is_character(rest) {
            quoted(rest, b'\'')
        } else {
            at += 1;
            continue;
        };
        for byte in out[at..at + length].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// How many `#` a raw string that begins here has.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let in_a_word = 0 < at && (bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'b' || bytes[at - 1] == b'_');
    let rest = bytes[at..].strip_prefix(b"r").filter(|_| !in_a_word)?;
    let hashes = rest.iter().take_while(|b| **b == b'#').count();
    (rest.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Whether a quote begins a character, and not a lifetime.
fn is_character(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(8)]).into_owned();
    let mut chars = text.chars();
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Blanks items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    for (at, marker) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at + marker.len()..];
        let mut depth = 0usize;
        let end = rest.char_indices().find_map(|(to, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0 && matches!(c, '}' | ';')).then_some(to + 1)
        });
        let end = at + marker.len() + end.unwrap_or(rest.len());
        let blank: String = code[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        if blank.len() == end - at {
            out.replace_range(at..end, &blank);
        }
    }
    out
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust below a folder, by their path from the root, in order.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}
