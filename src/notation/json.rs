//! JSON text → tree, strictly, with the true place of every value. Knows nothing of what a text is about.

use std::collections::BTreeMap;

use jsonc_parser::ast;
use jsonc_parser::common::Range;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use rustc_hash::FxHashMap;

use super::json_quick;
use super::{Entry, Map, Node, Problem, Problems, Scalar, Source, Span, Value};

/// The most maps and lists that may stand in one another. RFC 8259 section 9 lets a reader set its limit; no AWS
/// document comes near this one.
pub const JSON_DEPTH_MAX: usize = 100;

/// Reads JSON (RFC 8259): the tree, and every problem in the order of the text.
///
/// Comments and commas before a closing bracket are errors, but the tree is still there, so that what else is wrong
/// can be said in the same go. Keys that stand twice are errors too; [`Map::get`] then gives the first. After any other
/// error there is no tree. Numbers and truth values keep their text as unquoted scalars. A byte order mark is skipped.
pub fn parse_json(source: &Source) -> (Option<Node>, Vec<Problem>) {
    let whole: &str = &source.text;
    if u32::try_from(whole.len()).is_err() {
        return (None, vec![Problem::error(Span::default(), "text is larger than 4 GiB")]);
    }
    let text = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
    let base = whole.len() - text.len();
    match json_quick::read(text, base) {
        Some(root) => (Some(root), Vec::new()),
        None => read_carefully(text, base),
    }
}

/// Reads a text in which something may be wrong.
fn read_carefully(text: &str, base: usize) -> (Option<Node>, Vec<Problem>) {
    let mut problems = Problems::default();
    let reader = Reader { base };
    let root = reader.parse(text, &mut problems).and_then(|root| reader.node(root, 0, &mut problems));
    (root, problems.into_sorted())
}

/// Some programs begin UTF-8 files with it; RFC 8259 section 8.1 lets a reader ignore it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Below this many keys, comparing them all is quicker than hashing them.
pub(super) const FEW_KEYS: usize = 12;

struct Reader {
    /// Offset of the parsed text in its source.
    base: usize,
}

impl Reader {
    /// Parses strictly, and again with each liberty that was taken, so that one comment does not hide the rest.
    fn parse<'t>(&self, text: &'t str, problems: &mut Problems) -> Option<ast::Value<'t>> {
        let mut liberties = ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
        };
        let result = loop {
            let comments = if liberties.allow_comments {
                CommentCollectionStrategy::Separate
            } else {
                CommentCollectionStrategy::Off
            };
            match parse_to_ast(text, &CollectOptions { comments, tokens: false }, &liberties) {
                Ok(result) => break result,
                Err(error) => {
                    problems.push(self.problem(error.kind(), error.range(), text));
                    match error.kind() {
                        ParseErrorKind::CommentsNotAllowed if !liberties.allow_comments => {
                            liberties.allow_comments = true;
                        }
                        ParseErrorKind::TrailingCommasNotAllowed if !liberties.allow_trailing_commas => {
                            liberties.allow_trailing_commas = true;
                        }
                        _ => return None,
                    }
                }
            }
        };
        match result.comments {
            Some(comments) => self.comments(comments, text, problems),
            None => self.characters(text, problems),
        }
        if result.value.is_none() {
            let label = "expected a JSON value";
            problems.push(Problem::error(self.span(0..text.len()), "the text is empty").label(label));
        }
        result.value
    }

    /// One problem per comment.
    fn comments(&self, comments: jsonc_parser::CommentMap<'_>, text: &str, problems: &mut Problems) {
        let mut places = BTreeMap::new();
        for comment in comments.into_values().flat_map(|list| list.iter().cloned().collect::<Vec<_>>()) {
            let range = match comment {
                ast::Comment::Line(line) => line.range,
                ast::Comment::Block(block) => block.range,
            };
            places.insert(range.start, range);
        }
        for range in places.into_values() {
            problems.push(self.problem(&ParseErrorKind::CommentsNotAllowed, range, text));
        }
    }

    /// What the parser lets pass and RFC 8259 does not: control characters in strings, and other white space than its
    /// four kinds between values.
    fn characters(&self, text: &str, problems: &mut Problems) {
        let bytes = text.as_bytes();
        let (mut at, mut quoted) = (0, false);
        while at < bytes.len() {
            match (quoted, bytes[at]) {
                (_, b'"') => quoted = !quoted,
                (true, b'\\') => at += 1,
                (true, 0..0x20) => {
                    let span = self.span(at..at + 1);
                    let message = "control character inside a string";
                    problems.push(Problem::error(span, message).help("write it as an escape: `\\n`, `\\t`, `\\u0001`"));
                }
                (false, 0x0b | 0x0c | 0xc2..) => {
                    let length = text[at..].chars().next().map_or(1, char::len_utf8);
                    let message = "white space that JSON does not have";
                    let help = "use spaces, tabs and line ends only";
                    problems.push(Problem::error(self.span(at..at + length), message).help(help));
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn problem(&self, kind: &ParseErrorKind, range: Range, text: &str) -> Problem {
        let start = range.start.min(text.len());
        let mut end = range.end.clamp(start, text.len());
        let (message, help) = match kind {
            ParseErrorKind::CommentsNotAllowed => ("JSON has no comments".to_owned(), ""),
            ParseErrorKind::TrailingCommasNotAllowed => ("comma before a closing bracket".to_owned(), "remove it"),
            ParseErrorKind::SingleQuotedStringsNotAllowed => {
                ("string in single quotes".to_owned(), "JSON strings stand in double quotes")
            }
            ParseErrorKind::ExpectedStringObjectProperty => {
                ("key without quotes".to_owned(), "JSON keys stand in double quotes")
            }
            ParseErrorKind::UnexpectedWord => {
                ("word without quotes".to_owned(), "JSON knows `true`, `false` and `null`; strings stand in quotes")
            }
            ParseErrorKind::NestingDepthExceeded => (too_deep(), ""),
            ParseErrorKind::UnterminatedObject => ("`{` is never closed".to_owned(), ""),
            ParseErrorKind::UnterminatedArray => ("`[` is never closed".to_owned(), ""),
            other => (lower_first(&other.to_string()), ""),
        };
        if let ParseErrorKind::UnterminatedObject
        | ParseErrorKind::UnterminatedArray
        | ParseErrorKind::NestingDepthExceeded = kind
        {
            // The parser names all that follows; the bracket alone is the place.
            end = end.min(start + 1);
        }
        let problem = Problem::error(self.span(start..end), message);
        if help.is_empty() { problem } else { problem.help(help) }
    }

    /// `None` only where the text is too deep.
    fn node(&self, value: ast::Value<'_>, depth: usize, problems: &mut Problems) -> Option<Node> {
        let (range, value) = match value {
            ast::Value::NullKeyword(null) => (null.range, Value::Null),
            ast::Value::StringLit(text) => (text.range, scalar(text.value.into_owned(), true)),
            ast::Value::NumberLit(number) => (number.range, scalar(number.value.to_owned(), false)),
            ast::Value::BooleanLit(truth) => (truth.range, scalar(truth.value.to_string(), false)),
            ast::Value::Array(array) => {
                self.guard_depth(depth, array.range, problems)?;
                let nodes = array.elements.into_iter().map(|element| self.node(element, depth + 1, problems));
                (array.range, Value::List(nodes.collect::<Option<_>>()?))
            }
            ast::Value::Object(object) => {
                self.guard_depth(depth, object.range, problems)?;
                let mut entries = Vec::with_capacity(object.properties.len());
                for property in object.properties {
                    let (key, key_range) = match property.name {
                        ast::ObjectPropName::String(key) => (key.value.into_owned(), key.range),
                        ast::ObjectPropName::Word(key) => (key.value.to_owned(), key.range),
                    };
                    let value = self.node(property.value, depth + 1, problems)?;
                    entries.push(Entry { key, key_span: self.range(key_range), value });
                }
                report_duplicates(&entries, problems);
                (object.range, Value::Map(Map { entries }))
            }
        };
        Some(Node { span: self.range(range), value })
    }

    fn guard_depth(&self, depth: usize, range: Range, problems: &mut Problems) -> Option<()> {
        if depth < JSON_DEPTH_MAX {
            return Some(());
        }
        problems.push(Problem::error(self.span(range.start..range.start + 1), too_deep()));
        None
    }

    fn range(&self, range: Range) -> Span {
        self.span(range.start..range.end)
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.base + range.start..self.base + range.end)
    }
}

fn report_duplicates(entries: &[Entry], problems: &mut Problems) {
    let mut report = |first: &Entry, again: &Entry| {
        let problem = Problem::error(again.key_span, format!("key `{}` stands twice", again.key));
        problems.push(problem.related(first.key_span, "first here"));
    };
    if entries.len() <= FEW_KEYS {
        for (index, again) in entries.iter().enumerate() {
            if let Some(first) = entries[..index].iter().find(|first| first.key == again.key) {
                report(first, again);
            }
        }
        return;
    }
    let mut seen: FxHashMap<&str, &Entry> = FxHashMap::default();
    for entry in entries {
        match seen.get(entry.key.as_str()) {
            Some(first) => report(first, entry),
            None => {
                seen.insert(&entry.key, entry);
            }
        }
    }
}

pub(super) fn scalar(text: String, quoted: bool) -> Value {
    Value::Scalar(Scalar { text, quoted })
}

fn too_deep() -> String {
    format!("more than {JSON_DEPTH_MAX} maps and lists inside one another")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> (Option<Node>, Vec<Problem>) {
        parse_json(&Source::new("<test>", text))
    }

    /// One claim: reading `text` gives exactly these problems, each as `line:column message`.
    #[track_caller]
    fn check_problems(text: &str, expected: &[&str]) {
        let source = Source::new("<test>", text);
        let shown: Vec<String> = parse_json(&source)
            .1
            .iter()
            .map(|problem| {
                let (line, column) = source.line_column(problem.span.start);
                format!("{line}:{column} {}", problem.message)
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = r#"{"a": [1.50, "é\n", true, null], "b": {}}"#;
        let (node, problems) = parse(text);
        assert_eq!(problems, []);
        let node = node.expect("a tree");
        assert_eq!(node.span, Span::new(0..text.len()));
        let map = node.as_map().expect("a map");
        let list = map.get("a").and_then(Node::as_list).expect("a list");
        let shown: Vec<_> = list.iter().map(|node| &text[node.span.start as usize..node.span.end as usize]).collect();
        assert_eq!(shown, ["1.50", r#""é\n""#, "true", "null"]);
        assert_eq!(list[0].value, scalar("1.50".to_owned(), false));
        assert_eq!(list[1].as_text(), Some("é\n"));
        assert_eq!(map.entry("b").map(|entry| entry.key_span), Some(Span::new(34..37)));
    }

    #[test]
    fn the_byte_order_mark_moves_every_place() {
        let (node, problems) = parse("\u{feff}[7]");
        assert_eq!(problems, []);
        assert_eq!(node.map(|node| node.span), Some(Span::new(3..6)));
    }

    #[test]
    fn strict_json_has_no_problem() {
        for text in ["0", "-1.5e+3", "\"\\u00e9\\ud83d\\ude00\"", " [ ] ", "{\"a\":{\"a\":1}}", "[\"\u{a0}\"]"] {
            check_problems(text, &[]);
        }
    }

    #[test]
    fn every_liberty_is_a_problem_at_its_place() {
        check_problems("", &["1:1 the text is empty"]);
        check_problems("{\"a\": 1,}", &["1:8 comma before a closing bracket"]);
        check_problems(
            "// x\n{\"a\": 1, /* y */}",
            &["1:1 JSON has no comments", "2:8 comma before a closing bracket", "2:10 JSON has no comments"],
        );
        check_problems("{\"a\": 1,\n \"b\": 2, \"a\": 3}", &["2:10 key `a` stands twice"]);
        check_problems("{a: 1}", &["1:2 key without quotes"]);
        check_problems("['a']", &["1:2 string in single quotes"]);
        check_problems("[\n  {\"a\": [1}", &["2:11 unexpected close brace"]);
        check_problems("[1", &["1:1 `[` is never closed"]);
        check_problems("[\"a\tb\"]", &["1:4 control character inside a string"]);
        check_problems(
            "[\u{a0}1,\u{b}2]",
            &["1:2 white space that JSON does not have", "1:5 white space that JSON does not have"],
        );
    }

    #[test]
    fn numbers_and_words_of_other_languages_are_refused() {
        for text in ["01", "+1", ".5", "1.", "0x10", "NaN", "True", "undefined", "1 2", "[1 2]", "{\"a\" 1}", "\"\\x\""]
        {
            let (node, problems) = parse(text);
            assert!(node.is_none() && problems.len() == 1, "{text}: {problems:?}");
        }
    }

    #[test]
    fn a_comment_hides_neither_the_tree_nor_other_problems() {
        let (node, problems) = parse("{\"a\": 1, /* x */ \"a\": 2}");
        assert_eq!(problems.len(), 2);
        assert_eq!(node.and_then(|node| node.as_map()?.get("a")?.as_text().map(str::to_owned)), Some("1".to_owned()));
    }

    #[test]
    fn keys_that_stand_twice_are_found_among_many() {
        let keys: Vec<String> = (0..1_000).map(|n| format!("\"k{}\": 0", n % 999)).collect();
        let (node, problems) = parse(&format!("{{{}}}", keys.join(",")));
        assert!(node.is_some());
        assert_eq!(problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>(), ["key `k0` stands twice"]);
    }

    #[test]
    fn depth_is_limited_on_both_sides_of_the_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(JSON_DEPTH_MAX)).0.is_some());
        for depth in [JSON_DEPTH_MAX + 1, 600, 100_000] {
            let (node, problems) = parse(&nested(depth));
            assert_eq!(node, None);
            assert_eq!(problems.len(), 1, "{depth}");
            assert_eq!(problems[0].message, too_deep());
        }
        assert!(parse(&"{\"a\":".repeat(100_000)).0.is_none());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            parse(&text);
        }

        #[test]
        fn the_quick_way_gives_the_tree_of_the_careful_one(
            text in prop_oneof![
                r#"[\[\]{}:,"\\ua0-9eE.+ -]{0,24}"#,
                r#"(\{("[ab]{0,2}": ?([0-9]{1,3}(\.[0-9])?|"(\\[bnu"]|[0d8-9é]{4}|x){0,3}"|true|null|\[1, ?\{\}\]),? ?){0,3}\},? ?){0,2}"#,
            ],
            base in 0usize..9,
        ) {
            let (node, problems) = read_carefully(&text, base);
            let careful = node.filter(|_| problems.is_empty());
            prop_assert_eq!(json_quick::read(&text, base), careful, "{:?}", problems);
        }

        #[test]
        fn near_json_never_panics_and_agrees_with_serde(text in r#"[\[\]{}:,"\\ua0-9eE.+ -]{0,24}"#) {
            let (node, problems) = parse(&text);
            let strict = serde_json::from_str::<serde_json::Value>(&text);
            // Numbers beyond a double and keys that stand twice are the only differences.
            let differs = problems.iter().any(|p| p.message.contains("twice"))
                || strict.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
            prop_assert!(differs || strict.is_ok() == (node.is_some() && problems.is_empty()), "{strict:?} {problems:?}");
        }
    }
}
