//! From a place inside a scalar's text back to the place in its file, so that a policy written as a block scalar has
//! its problems where they stand. Reads no policy.

use super::{Node, Scalar, Source, Span, Value};

/// Where each character of a scalar's text stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMap {
    /// Offset in the text, offset in the file; rising in both.
    places: Vec<(u32, u32)>,
    /// The scalar's own span, for what lies outside.
    whole: Span,
}

impl TextMap {
    /// The map of a scalar that was read from `source`; `None` if the node is no scalar.
    ///
    /// The text is laid beside what is written: white space may have been folded or indented and is not compared, the
    /// escapes of double quotes and the doubled single quote stand for one character, all else is the same character.
    pub fn of(source: &Source, node: &Node) -> Option<Self> {
        let Value::Scalar(Scalar { text, .. }) = &node.value else { return None };
        let written = source.text.get(node.span.start as usize..node.span.end as usize)?;
        let style = written.chars().next().filter(|first| matches!(first, '|' | '>' | '"' | '\''));
        // Behind the opening sign; of a block scalar, behind its header line.
        let mut at = match style {
            Some('|' | '>') => written.find('\n').map_or(written.len(), |newline| newline + 1),
            Some(_) => 1,
            None => 0,
        };
        let mut places = Vec::with_capacity(text.len());
        for (offset, wanted) in text.char_indices() {
            if !wanted.is_whitespace() {
                at += written[at..].len() - written[at..].trim_start().len();
            }
            places.push((offset as u32, node.span.start + at as u32));
            at += step(&written[at..], wanted, style);
        }
        Some(Self { places, whole: node.span })
    }

    /// The stretch of the file in which `inner`, a stretch of the scalar's text, stands.
    pub fn span(&self, inner: Span) -> Span {
        let Some(start) = self.place(inner.start) else { return self.whole };
        let end = if inner.end <= inner.start { Some(start) } else { self.place(inner.end - 1).map(|last| last + 1) };
        Span { start, end: end.unwrap_or(self.whole.end).max(start) }
    }

    fn place(&self, offset: u32) -> Option<u32> {
        let index = self.places.partition_point(|(text, _)| *text <= offset);
        index.checked_sub(1).map(|index| self.places[index].1)
    }
}

/// How many bytes of `written` stand for the character `wanted`.
fn step(written: &str, wanted: char, style: Option<char>) -> usize {
    let mut chars = written.chars();
    match (chars.next(), style) {
        (Some('\\'), Some('"')) => {
            let escape = chars.next();
            let digits = match escape {
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                Some(_) | None => 0,
            };
            let length = 1 + escape.map_or(0, char::len_utf8) + digits;
            if written.is_char_boundary(length) { length } else { written.len() }
        }
        (Some('\''), Some('\'')) if written.starts_with("''") => 2,
        // A line end in the text is written as a line end; a space may be a folded one, and is then not consumed.
        (Some(next), _) if next == wanted && next != '\n' => next.len_utf8(),
        (Some(next), _) if !wanted.is_whitespace() => next.len_utf8(),
        (Some(_) | None, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse_yaml;
    use super::*;

    #[track_caller]
    fn check(text: &str, word: &str) {
        let source = Source::new("t", text);
        let (root, problems) = parse_yaml(&source);
        assert_eq!(problems, [], "{text}");
        let root = root.expect("a map");
        let node = root.as_map().and_then(|map| map.get("p")).expect("the key p");
        let inner = node.as_text().expect("a scalar").find(word).expect("the word");
        let map = TextMap::of(&source, node).expect("a scalar");
        let span = map.span(Span::new(inner..inner + word.len()));
        assert_eq!(&text[span.start as usize..span.end as usize], word, "in {text}");
        let outside = map.span(Span::new(1_000_000..1_000_001));
        assert!(outside.end as usize <= text.len());
    }

    #[test]
    fn a_word_is_found_in_every_way_to_write_a_scalar() {
        check("p: one two three\n", "two");
        check("p: 'it''s two'\n", "two");
        check("p: \"a \\\"b\\\" \\u00e9 two\"\n", "two");
        check("p: |\n  {\n    \"two\": 1,\n\n    \"thrée\": [\"four\"]\n  }\n", "four");
        check("p: >-\n  one\n  two three\n\n  four\n", "four");
        check("p:\n  one\n  two\n", "two");
        check("p: |4\n      one\n     two\n", "two");
    }

    proptest! {
        #[test]
        fn no_scalar_panics(text in "[|>'\"]?[-+0-9]?[ -~\\n\\té]{0,40}", from in 0u32..50, length in 0u32..50) {
            let source = Source::new("t", format!("p: {text}"));
            if let (Some(root), _) = parse_yaml(&source)
                && let Some(node) = root.as_map().and_then(|map| map.get("p"))
                && let Some(map) = TextMap::of(&source, node)
            {
                let span = map.span(Span { start: from, end: from + length });
                prop_assert!(span.start <= span.end);
            }
        }
    }
}
