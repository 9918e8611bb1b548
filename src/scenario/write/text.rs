//! A tree to be written as YAML that is pleasant to read: short maps and lists in one line, long ones in several, texts
//! quoted only where they must be. Knows no scenario.

use std::fmt::Write as _;

/// One value to be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Out {
    /// Nothing: a key alone.
    Nothing,
    /// A text, quoted where it could be read as something else.
    Text(String),
    /// A number, a truth value or a word of the language, as it is.
    Word(String),
    /// A text of several lines, kept as it is.
    Lines(String),
    /// A list.
    List(Vec<Out>),
    /// A list of short texts, as many in a line as fit.
    Many(Vec<String>),
    /// A map.
    Map(Map),
}

/// A map to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map {
    lines: Vec<Line>,
    /// Whether each key has a line of its own, however short the map is.
    tall: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Line {
    Entry(String, Out),
    Comment(String),
    Space,
}

/// The longest line, where a line can be broken.
const WIDTH: usize = 120;
/// By how much what is inside is indented.
const STEP: usize = 2;

impl Map {
    /// A map that has a line for each key.
    pub(super) fn tall() -> Self {
        Self { lines: Vec::new(), tall: true }
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<Out>) {
        self.lines.push(Line::Entry(key.to_owned(), value.into()));
    }

    /// Puts a value that is there.
    pub(super) fn put_some(&mut self, key: &str, value: Option<impl Into<Out>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Puts a map that has keys; of one without, only what is said to the reader.
    pub(super) fn put_full(&mut self, key: &str, map: Self) {
        if map.has_keys() {
            self.put(key, map);
        } else {
            self.append(map);
        }
    }

    /// Puts a list: alone if there is one, and not at all if there is none.
    pub(super) fn put_list(&mut self, key: &str, mut list: Vec<Out>) {
        match list.len() {
            0 => {}
            1 => self.put(key, list.remove(0)),
            _ => self.put(key, Out::List(list)),
        }
    }

    /// A line for the reader.
    pub(super) fn comment(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Comment(text.into()));
    }

    /// An empty line.
    pub(super) fn space(&mut self) {
        self.lines.push(Line::Space);
    }

    /// Adds all lines of another map.
    pub(super) fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn has_keys(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Entry(..)))
    }

    /// The map as a file.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, indent: usize, out: &mut String) {
        for line in &self.lines {
            match line {
                Line::Space => out.push('\n'),
                Line::Comment(text) => {
                    // An empty text is an empty line of the comment.
                    for line in text.split('\n') {
                        let line = format!("{:indent$}# {}", "", printable(line));
                        out.push_str(line.trim_end());
                        out.push('\n');
                    }
                }
                Line::Entry(key, value) => {
                    let _ = write!(out, "{:indent$}{}:", "", as_key(key));
                    value.write_behind(indent, out);
                }
            }
        }
    }

    fn flow(&self) -> Option<String> {
        let mut parts = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let Line::Entry(key, value) = line else { return None };
            parts.push(match value {
                Out::Nothing => format!("{}: ", as_key(key)),
                value => format!("{}: {}", as_key(key), value.flow()?),
            });
        }
        (!self.tall || self.lines.is_empty()).then(|| format!("{{{}}}", parts.join(", ")))
    }
}

impl Out {
    /// A text.
    pub(super) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// Something that needs no quotes.
    pub(super) fn word(word: impl ToString) -> Self {
        Self::Word(word.to_string())
    }

    /// Writes a value behind its key, or behind the dash of its list.
    fn write_behind(&self, indent: usize, out: &mut String) {
        if let Self::Nothing = self {
            out.push('\n');
            return;
        }
        let column = out.len() - out.rfind('\n').map_or(0, |newline| newline + 1);
        if let Some(flow) = self.flow().filter(|flow| self.is_one() || column + 1 + flow.chars().count() <= WIDTH) {
            let _ = writeln!(out, " {flow}");
            return;
        }
        match self {
            Self::Map(map) => {
                out.push('\n');
                map.write(indent + STEP, out);
            }
            Self::List(items) => {
                out.push('\n');
                for item in items {
                    let _ = write!(out, "{:1$}-", "", indent + STEP);
                    item.write_item(indent + STEP, out);
                }
            }
            Self::Lines(text) => {
                out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
                for line in text.lines() {
                    if !line.is_empty() {
                        let _ = write!(out, "{:1$}{line}", "", indent + STEP);
                    }
                    out.push('\n');
                }
            }
            Self::Many(texts) => {
                out.push_str(" [\n");
                let mut line = String::new();
                for text in texts.iter().map(|text| scalar(text)) {
                    if WIDTH < indent + STEP + line.chars().count() + text.chars().count() + 2 {
                        let _ = writeln!(out, "{:1$}{2}", "", indent + STEP, line.trim_end());
                        line.clear();
                    }
                    let _ = write!(line, "{text}, ");
                }
                let _ = writeln!(out, "{:1$}{2}", "", indent + STEP, line.trim_end().trim_end_matches(','));
                let _ = writeln!(out, "{:indent$}]", "");
            }
            // These have a form in one line.
            Self::Nothing | Self::Text(_) | Self::Word(_) => out.push('\n'),
        }
    }

    /// Writes an item behind its dash: a long map begins in the same line.
    fn write_item(&self, indent: usize, out: &mut String) {
        let fits = |flow: &String| indent + STEP + flow.chars().count() <= WIDTH;
        match self {
            Self::Map(map) if !self.flow().as_ref().is_some_and(fits) => {
                let mut inner = String::new();
                map.write(indent + STEP, &mut inner);
                let _ = write!(out, " {}", inner.trim_start());
            }
            item => item.write_behind(indent, out),
        }
    }

    /// Whether it is a single value.
    fn is_one(&self) -> bool {
        match self {
            Self::Nothing | Self::Text(_) | Self::Word(_) => true,
            Self::Lines(text) => !is_block(text),
            Self::List(_) | Self::Many(_) | Self::Map(_) => false,
        }
    }

    /// The value in one line, where it has such a form.
    fn flow(&self) -> Option<String> {
        match self {
            Self::Nothing => Some(String::new()),
            Self::Text(text) => Some(scalar(text)),
            Self::Word(word) => Some(word.clone()),
            Self::Lines(text) => (!is_block(text)).then(|| quoted(text)),
            Self::List(items) => {
                let parts: Option<Vec<String>> = items.iter().map(Self::flow).collect();
                Some(format!("[{}]", parts?.join(", ")))
            }
            Self::Many(texts) => {
                Some(format!("[{}]", texts.iter().map(|text| scalar(text)).collect::<Vec<_>>().join(", ")))
            }
            Self::Map(map) => map.flow(),
        }
    }
}

/// Whether a text keeps its every character as a block of lines.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fine = |c: char| c == '\n' || c == '\t' || (c >= ' ' && is_printable(c));
    !body.is_empty() && body.trim_end() == body && !body.starts_with([' ', '\t', '\n']) && body.chars().all(fine)
}

/// A text as YAML reads it back as the same text, in either style of map.
pub(super) fn scalar(text: &str) -> String {
    if can_be_plain(text) && !means_something(text) { text.to_owned() } else { quoted(text) }
}

/// A key, which is a text whatever it looks like: `100`, `yes`.
fn as_key(text: &str) -> String {
    if can_be_plain(text) && !matches!(text, "null" | "<<") { text.to_owned() } else { quoted(text) }
}

fn can_be_plain(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| !"-?:,[]{}#&*!|>'\"%@`~=".contains(c))
        && text.trim() == text
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(|c| c >= ' ' && is_printable(c) && !",[]{}".contains(c))
}

/// Whether other readers of YAML take a plain text for a number, a date, a truth value or nothing.
fn means_something(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let digits = text.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c))
        && text.chars().all(|c| c.is_ascii_hexdigit() || "+-_.:xoTtZz ".contains(c))
        && !text.contains("..")
        && text.parse::<std::net::IpAddr>().is_err();
    digits || matches!(word.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "<<")
}

/// Whether YAML lets a character stand as it is.
fn is_printable(c: char) -> bool {
    !matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || !is_printable(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A line of a comment without characters that YAML refuses.
fn printable(text: &str) -> String {
    text.chars().map(|c| if (c >= ' ' && is_printable(c)) || c == '\t' { c } else { '\u{fffd}' }).collect()
}

impl From<Map> for Out {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<&str> for Out {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Out {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Out {
    fn from(truth: bool) -> Self {
        Self::word(truth)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::notation::{Node, Source, Value, parse_yaml};

    fn read(text: &str) -> Node {
        let (root, problems) = parse_yaml(&Source::new("t", text));
        assert_eq!(problems, [], "{text}");
        root.expect(text)
    }

    #[test]
    fn short_maps_stand_in_a_line_and_long_ones_do_not() {
        let mut subnet = Map::default();
        subnet.put("cidr", Out::word("10.0.0.0/24"));
        subnet.put("tags", {
            let mut tags = Map::default();
            tags.put("Name", Out::Nothing);
            tags
        });
        let mut subnets = Map::tall();
        subnets.comment("two of them");
        subnets.put("a", subnet.clone());
        subnet.put("long", Out::List(vec![Out::text("x".repeat(100)), Out::text("y: z")]));
        subnets.put("b", subnet);
        let mut root = Map::tall();
        root.put("subnets", subnets);
        root.put("policy", Out::Lines("{\n  \"a\": 1 \n\n}".to_owned()));
        let expected = format!(
            "subnets:\n  # two of them\n  a: {{cidr: 10.0.0.0/24, tags: {{Name: }}}}\n  b:\n    cidr: 10.0.0.0/24\n    \
             tags: {{Name: }}\n    long: [{}, \"y: z\"]\npolicy: |-\n  {{\n    \"a\": 1 \n\n  }}\n",
            "x".repeat(100)
        );
        assert_eq!(root.to_text(), expected);
        read(&expected);
    }

    #[test]
    fn a_list_of_many_texts_fills_its_lines() {
        let mut root = Map::tall();
        let texts: Vec<String> = (0..60).map(|n| format!("text-{n}")).collect();
        root.put("many", Out::Many(texts.clone()));
        let text = root.to_text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH) && text.lines().count() < 9, "{text}");
        let read = read(&text);
        let list = read.as_map().and_then(|map| map.get("many")?.as_list()).expect("a list");
        assert!(list.iter().map(|node| node.as_text()).eq(texts.iter().map(|text| Some(text.as_str()))));
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_as_it_was(
            text in prop_oneof!["\\PC{0,20}", "[-?:,{}#&*!|>'\"%@`~= \n\t\r.0-9a-zA-Z/\u{0}\u{85}\u{feff}]{0,12}"],
            lines in any::<bool>(),
        ) {
            let value = if lines { Out::Lines(text.clone()) } else { Out::Text(text.clone()) };
            let mut inner = Map::default();
            inner.put("k", value.clone());
            inner.put("l", Out::List(vec![value.clone(), value.clone()]));
            let mut tall = Map::tall();
            tall.put("flow", inner);
            tall.put("block", value);
            let root = read(&tall.to_text());
            let map = root.as_map().expect("a map");
            let flow = map.get("flow").and_then(Node::as_map).expect("a map");
            prop_assert_eq!(map.get("block").and_then(Node::as_text), Some(text.as_str()));
            prop_assert_eq!(flow.get("k").and_then(Node::as_text), Some(text.as_str()));
            let list = flow.get("l").and_then(Node::as_list).expect("a list");
            prop_assert!(list.iter().all(|item| item.as_text() == Some(text.as_str())));
        }

        #[test]
        fn every_key_is_read_back_as_it_was(text in "[-?:,{}#&*!|>'\"%@`~= \t.0-9a-z/]{1,12}") {
            let mut map = Map::tall();
            map.put(&text, Out::word("1"));
            let mut root = Map::tall();
            root.put("flow", { let mut flow = Map::default(); flow.put(&text, Out::Nothing); flow.put("end", "x"); flow });
            root.append(map);
            let read = read(&root.to_text());
            let map = read.as_map().expect("a map");
            prop_assert!(map.get(&text).is_some());
            let flow = map.get("flow").and_then(Node::as_map).expect("a map");
            prop_assert_eq!(flow.get(&text).map(|node| &node.value), Some(&Value::Null));
        }
    }
}
