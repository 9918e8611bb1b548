//! YAML texts as trees with exact places. Gives no value a meaning: `no`, `0123` and `12:30` stay the texts they are.
//!
//! Of YAML it takes maps, lists, plain, quoted and block scalars and comments. Anchors, aliases, tags, merge keys and
//! several documents in one file are refused at their place: nothing in our files needs them, and an alias can make
//! a small text into a huge tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Entry, Map, Node, Problem, Problems, Scalar, Source, Span, Value};

/// The longest text that is read, in bytes; a scenario that was imported from a large account has some megabytes.
pub const YAML_BYTES_MAX: usize = 64 << 20;
/// The deepest nesting of maps and lists.
pub const YAML_DEPTH_MAX: usize = 64;
/// The most keys and values of one text.
pub const YAML_NODES_MAX: usize = 2_000_000;

/// Reads a text. The tree is missing if the text is empty or cannot be read to its end; problems that leave the tree
/// whole (a key that stands twice, an anchor) come beside it.
pub fn parse_yaml(source: &Source) -> (Option<Node>, Vec<Problem>) {
    let mut problems = Problems::default();
    if YAML_BYTES_MAX < source.text.len() {
        problems.push(Problem::error(Span::default(), format!("the file is longer than {YAML_BYTES_MAX} bytes")));
        return (None, problems.into_sorted());
    }
    if let Some(at) = source.text.find('\0') {
        // The parser would take it for the end of the text.
        problems.push(Problem::error(Span::new(at..at + 1), "a zero byte stands in the text"));
        return (None, problems.into_sorted());
    }
    let root = Reader::new(&source.text).read(&mut problems);
    (root, problems.into_sorted())
}

/// A collection that is not closed yet.
enum Open {
    List { start: u32, flow: bool, items: Vec<Node> },
    Map { start: u32, flow: bool, entries: Vec<Entry>, seen: BTreeMap<String, Span>, key: Option<Key> },
}

/// A key whose value has not been read yet.
struct Key {
    text: String,
    span: Span,
    /// A key that stands twice, or that is no text: its value is read and left out.
    left_out: bool,
}

/// One pass over the events of a text.
struct Reader<'a> {
    text: &'a str,
    /// Byte offset of each character, and of the end; empty while all characters are of one byte.
    offsets: Vec<u32>,
    stack: Vec<Open>,
    root: Option<Node>,
    /// Depth of a collection that stands where a key must stand and is left out whole.
    skipping: usize,
    nodes: usize,
    /// Whether a value is missing that was refused: the tree says less than the text.
    holes: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            let starts = text.char_indices().map(|(offset, _)| offset);
            starts.chain([text.len()]).map(|offset| offset as u32).collect()
        };
        Self { text, offsets, stack: Vec::new(), root: None, skipping: 0, nodes: 0, holes: false }
    }

    fn read(mut self, problems: &mut Problems) -> Option<Node> {
        let mut documents = 0;
        // Over a `str`: the parser's input from an iterator never ends on a directive in the last line.
        let mut parser = Parser::new_from_str(self.text);
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    problems.push(self.scan_problem(error.info(), error.marker().index()));
                    return None;
                }
            };
            let span = Span { start: self.offset(span.start.index()), end: self.offset(span.end.index()) };
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if 1 < documents {
                        let problem = Problem::error(span, "a second document begins here");
                        problems.push(problem.help("one file holds one document; put the rest into a file of its own"));
                        return self.root;
                    }
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::Alias(_) => {
                    problems.push(refusal(span, "an alias (`*name`)"));
                    self.holes = true;
                    self.value(Node { span, value: Value::Null }, problems);
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_decoration(span, anchor, tag.is_some(), problems);
                    let node = self.scalar(&text, style, span);
                    self.value(node, problems);
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_decoration(span, anchor, tag.is_some(), problems);
                    let flow = self.text.as_bytes().get(span.start as usize) == Some(&b'[');
                    self.open(Open::List { start: span.start, flow, items: Vec::new() }, span, problems)?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_decoration(span, anchor, tag.is_some(), problems);
                    let flow = self.text.as_bytes().get(span.start as usize) == Some(&b'{');
                    let (entries, seen) = (Vec::new(), BTreeMap::new());
                    self.open(Open::Map { start: span.start, flow, entries, seen, key: None }, span, problems)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span, problems),
            }
            self.nodes += 1;
            if YAML_NODES_MAX < self.nodes {
                problems.push(Problem::error(span, format!("the file holds more than {YAML_NODES_MAX} values")));
                return None;
            }
        }
        self.root.filter(|_| !self.holes)
    }

    /// Byte offset of the character at `index`.
    fn offset(&self, index: usize) -> u32 {
        match self.offsets.get(index) {
            Some(offset) => *offset,
            None if self.offsets.is_empty() => index.min(self.text.len()) as u32,
            None => self.text.len() as u32,
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let plain = matches!(style, ScalarStyle::Plain);
        // The parser stands in `~` for a value that is not there; its span is empty then.
        if plain && (written.is_empty() || text == "~" || text == "null") {
            return Node { span, value: Value::Null };
        }
        let end = span.start + written.trim_end().len() as u32;
        let start = match style {
            ScalarStyle::Literal => self.block_sign('|', span.start),
            ScalarStyle::Folded => self.block_sign('>', span.start),
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => span.start,
        };
        let span = Span { start, end: end.max(start) };
        Node { span, value: Value::Scalar(Scalar { text: text.to_owned(), quoted: !plain }) }
    }

    /// Where the sign of a block scalar stands whose text begins at `start`: in the last line above that says anything.
    fn block_sign(&self, sign: char, start: u32) -> u32 {
        let above = self.text[..start as usize].trim_end();
        let line_start = above.rfind('\n').map_or(0, |newline| newline + 1);
        let line = &above[line_start..];
        let line = line.find(" #").map_or(line, |comment| &line[..comment]);
        line.rfind(sign).map_or(start, |at| (line_start + at) as u32)
    }

    fn open(&mut self, open: Open, span: Span, problems: &mut Problems) -> Option<()> {
        let in_key_place = matches!(self.stack.last(), Some(Open::Map { key: None, .. }));
        if self.skipping != 0 || in_key_place {
            if self.skipping == 0 {
                problems.push(Problem::error(span, "a key must be a text, not a map or a list"));
            }
            self.skipping += 1;
        } else {
            self.stack.push(open);
        }
        if YAML_DEPTH_MAX < self.stack.len() + self.skipping {
            problems.push(Problem::error(span, format!("nested more than {YAML_DEPTH_MAX} levels deep")));
            return None;
        }
        Some(())
    }

    fn close(&mut self, span: Span, problems: &mut Problems) {
        if self.skipping != 0 {
            self.skipping -= 1;
            if self.skipping == 0 {
                self.value(Node { span, value: Value::Null }, problems);
            }
            return;
        }
        let node = match self.stack.pop() {
            Some(Open::List { start, flow, items }) => {
                let last = items.last().map_or(start, |item| item.span.end);
                Node { span: Span { start, end: if flow { span.end } else { last } }, value: Value::List(items) }
            }
            Some(Open::Map { start, flow, entries, .. }) => {
                let last = entries.last().map_or(start, |entry| entry.value.span.end.max(entry.key_span.end));
                let span = Span { start, end: if flow { span.end } else { last } };
                Node { span, value: Value::Map(Map { entries }) }
            }
            None => return,
        };
        self.value(node, problems);
    }

    /// Puts a finished node where it belongs: as a key, a value, an item or the root.
    fn value(&mut self, node: Node, problems: &mut Problems) {
        if self.skipping != 0 {
            return;
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { key: slot @ None, seen, .. }) => {
                let (span, left_out, text) = match node.value {
                    Value::Scalar(scalar) => (node.span, false, scalar.text),
                    Value::Null | Value::List(_) | Value::Map(_) => (node.span, true, String::new()),
                };
                let mut left_out = left_out;
                if left_out {
                    problems.push(Problem::error(span, "a key is missing or empty"));
                } else if text == "<<" {
                    problems.push(refusal(span, "a merge key (`<<`)"));
                    left_out = true;
                } else if let Some(first) = seen.get(&text) {
                    let problem = Problem::error(span, format!("the key `{text}` stands twice in this map"));
                    problems.push(problem.label("a second time").related(*first, "first here"));
                    left_out = true;
                } else {
                    seen.insert(text.clone(), span);
                }
                *slot = Some(Key { text, span, left_out });
            }
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take()
                    && !key.left_out
                {
                    entries.push(Entry { key: key.text, key_span: key.span, value: node });
                }
            }
        }
    }

    fn refuse_decoration(&self, span: Span, anchor: usize, tag: bool, problems: &mut Problems) {
        if anchor != 0 {
            problems.push(refusal(self.sign_before(span, '&'), "an anchor (`&name`)"));
        }
        if tag {
            problems.push(refusal(self.sign_before(span, '!'), "a tag (`!name`)"));
        }
    }

    /// The anchor or tag in front of a value; the parser gives only the value's own place.
    fn sign_before(&self, span: Span, sign: char) -> Span {
        let before = &self.text[..span.start as usize];
        let Some(start) = before.rfind(sign) else { return span };
        let length = before[start..].find(char::is_whitespace).unwrap_or(before.len() - start);
        Span::new(start..start + length)
    }

    /// A problem from what the parser says, in our words where they are better.
    fn scan_problem(&self, info: &str, index: usize) -> Problem {
        let at = self.offset(index) as usize;
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if let Some(tab) = indent.find('\t') {
            let span = Span::new(line_start + tab..line_start + tab + 1);
            let problem = Problem::error(span, "a tab stands in the indentation").label("a tab");
            return problem.help("YAML is indented with spaces only");
        }
        let end = self.text[at..].chars().next().map_or(at, |next| at + next.len_utf8());
        let problem = Problem::error(Span::new(at..end), format!("this is no YAML: {info}"));
        problem.help("where the place looks right, a bracket, brace or quote further up may not be closed")
    }
}

fn refusal(span: Span, what: &str) -> Problem {
    let problem = Problem::error(span, format!("{what} is not taken here"));
    problem.help("write the value out; quote it if it is meant as text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each value with its path and the text at its span, one a line; then the problems.
    fn show(text: &str) -> String {
        fn walk(path: &str, node: &Node, text: &str, out: &mut String) {
            let written = &text[node.span.start as usize..node.span.end as usize];
            match &node.value {
                Value::Null => out.push_str(&format!("{path} = null\n")),
                Value::Scalar(scalar) => {
                    let mark = if scalar.quoted { "!" } else { "" };
                    out.push_str(&format!("{path} ={mark} {:?} at {written:?}\n", scalar.text));
                }
                Value::List(items) => {
                    out.push_str(&format!("{path} list at {written:?}\n"));
                    for (index, item) in items.iter().enumerate() {
                        walk(&format!("{path}[{index}]"), item, text, out);
                    }
                }
                Value::Map(map) => {
                    out.push_str(&format!("{path} map at {written:?}\n"));
                    for entry in &map.entries {
                        let key = &text[entry.key_span.start as usize..entry.key_span.end as usize];
                        walk(&format!("{path}.{key}"), &entry.value, text, out);
                    }
                }
            }
        }
        let source = Source::new("t", text);
        let (root, problems) = parse_yaml(&source);
        let mut out = String::new();
        if let Some(root) = &root {
            walk("", root, text, &mut out);
        }
        for problem in problems {
            let (line, column) = source.line_column(problem.span.start);
            out.push_str(&format!("{line}:{column}: {}\n", problem.message));
        }
        out
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(show(text), expected, "of {text:?}");
    }

    #[test]
    fn values_and_keys_know_their_place() {
        check(
            "é: ü # ö\nb: [1, 'x''y', {c: \"d\\n\"}]\nf:\n  g: no  \n  h:\n  - 12:30\n  - \n",
            concat!(
                " map at \"é: ü # ö\\nb: [1, 'x''y', {c: \\\"d\\\\n\\\"}]\\nf:\\n  g: no  \\n  h:\\n  - 12:30\\n  - \"\n",
                ".é = \"ü\" at \"ü\"\n",
                ".b list at \"[1, 'x''y', {c: \\\"d\\\\n\\\"}]\"\n",
                ".b[0] = \"1\" at \"1\"\n",
                ".b[1] =! \"x'y\" at \"'x''y'\"\n",
                ".b[2] map at \"{c: \\\"d\\\\n\\\"}\"\n",
                ".b[2].c =! \"d\\n\" at \"\\\"d\\\\n\\\"\"\n",
                ".f map at \"g: no  \\n  h:\\n  - 12:30\\n  - \"\n",
                ".f.g = \"no\" at \"no\"\n",
                ".f.h list at \"12:30\\n  - \"\n",
                ".f.h[0] = \"12:30\" at \"12:30\"\n",
                ".f.h[1] = null\n",
            ),
        );
    }

    #[test]
    fn block_scalars_begin_at_their_sign() {
        check(
            "a: |\n  one\n  two\nb: >-\n  three\n  four\n",
            concat!(
                " map at \"a: |\\n  one\\n  two\\nb: >-\\n  three\\n  four\"\n",
                ".a =! \"one\\ntwo\\n\" at \"|\\n  one\\n  two\"\n",
                ".b =! \"three four\" at \">-\\n  three\\n  four\"\n",
            ),
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_and_the_first_stays() {
        check(
            "a: 1\nb: 2\na: 3\n",
            " map at \"a: 1\\nb: 2\"\n.a = \"1\" at \"1\"\n.b = \"2\" at \"2\"\n3:1: the key `a` stands twice in this map\n",
        );
    }

    #[test]
    fn what_is_not_taken_is_refused_at_its_place() {
        for (text, problem) in [
            ("a:\n\tb: 1\n", "2:1: a tab stands in the indentation"),
            ("a: &x 1\n", "1:4: an anchor (`&name`) is not taken here"),
            ("a: !x 1\n", "1:4: a tag (`!name`) is not taken here"),
            ("a: &x 1\nb: *x\n", "2:4: an alias (`*name`) is not taken here"),
            ("<<: 1\n", "1:1: a merge key (`<<`) is not taken here"),
            ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
            ("a: 1\n\0b: 2\n", "2:1: a zero byte stands in the text"),
            ("? [a]\n: 1\n", "1:3: a key must be a text, not a map or a list"),
        ] {
            let shown = show(text);
            assert!(shown.contains(problem), "{text:?} gives {shown}");
        }
    }

    #[test]
    fn deep_nesting_ends_in_a_problem() {
        for (open, depth) in [("[", 100), ("[", 100_000), ("{a: ", 100), ("- ", 5_000), ("? ", 5_000)] {
            let shown = show(&open.repeat(depth));
            assert!(shown.contains("nested more than 64 levels deep") || shown.contains("no YAML"), "{open}: {shown}");
        }
    }

    #[test]
    fn a_text_without_a_value_gives_no_tree() {
        for text in ["", "\n\n", "# only a comment\n"] {
            let (root, problems) = parse_yaml(&Source::new("t", text));
            assert_eq!((root, problems), (None, Vec::new()), "{text:?}");
        }
    }

    const VALID: &str = "vpclab: 1\ntitle: 'a ''b'\nd: >\n  x\n  y\nm: {a: [1, 2], \"b\\n\": é}\nl:\n- q\n- {z: |\n";

    proptest! {
        #[test]
        fn no_text_panics_and_every_span_is_a_stretch_of_it(text in "[ -~\\n\\té€]{0,60}") {
            show(&text);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            show(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_mutation_of_a_good_text_panics(
            cut in 0usize..VALID.len(),
            insert in "[-:{}\\[\\],&*!|>'\"%@`#? \\n\\té~<]{0,4}",
            drop in 0usize..4,
        ) {
            let chars: Vec<char> = VALID.chars().collect();
            let cut = cut.min(chars.len());
            let text: String =
                chars[..cut].iter().copied().chain(insert.chars()).chain(chars[cut..].iter().skip(drop).copied()).collect();
            show(&text);
        }

        #[test]
        fn a_plain_value_stands_at_its_span(before in "[a-zé]{1,5}", value in "[a-zé0-9/][a-zé0-9./-]{0,12}[0-9]") {
            let text = format!("# é€ {before}\n{before}:   {value}   # é\n");
            let (root, problems) = parse_yaml(&Source::new("t", text.as_str()));
            prop_assert_eq!(problems, Vec::new());
            let root = root.expect("a map");
            let node = root.as_map().and_then(|map| map.get(&before)).expect("the key");
            prop_assert_eq!(&text[node.span.start as usize..node.span.end as usize], value);
        }
    }
}
