//! JSON in which nothing is wrong → tree, in one go over its bytes. Says nothing of any other text: `json` reads that
//! again and says what is wrong with it.

use rustc_hash::FxHashSet;

use super::json::{FEW_KEYS, JSON_DEPTH_MAX, scalar};
use super::{Entry, Map, Node, Span, Value};

/// The tree of a text that is JSON (RFC 8259) without keys that stand twice, and no deeper than
/// [`JSON_DEPTH_MAX`]; spans begin to count at `base`, and end below 4 GiB.
pub(super) fn read(text: &str, base: usize) -> Option<Node> {
    let mut quick = Quick { text, bytes: text.as_bytes(), at: 0, base, nodes: Vec::new(), entries: Vec::new() };
    quick.skip_space();
    let root = quick.node(0)?;
    quick.skip_space();
    (quick.at == text.len()).then_some(root)
}

struct Quick<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    base: usize,
    /// What lists that are not closed yet hold, so that each gets a vector of its size.
    nodes: Vec<Node>,
    /// The same for maps.
    entries: Vec<Entry>,
}

impl<'t> Quick<'t> {
    fn node(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let value = match self.peek()? {
            b'"' => scalar(self.string()?, true),
            b'{' => self.map(depth)?,
            b'[' => self.list(depth)?,
            b't' => self.word("true", true)?,
            b'f' => self.word("false", true)?,
            b'n' => self.word("null", false)?,
            _ => {
                self.number()?;
                scalar(self.text[start..self.at].to_owned(), false)
            }
        };
        Some(Node { span: self.span(start), value })
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let first = self.entries.len();
        if self.opens(b'}', depth)? {
            loop {
                let start = self.at;
                let key = self.string()?;
                let key_span = self.span(start);
                self.skip_space();
                self.take(b':')?;
                self.skip_space();
                let value = self.node(depth + 1)?;
                self.entries.push(Entry { key, key_span, value });
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        let entries: Vec<Entry> = self.entries.drain(first..).collect();
        are_different(&entries).then_some(Value::Map(Map { entries }))
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let first = self.nodes.len();
        if self.opens(b']', depth)? {
            loop {
                let node = self.node(depth + 1)?;
                self.nodes.push(node);
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        Some(Value::List(self.nodes.drain(first..).collect()))
    }

    /// Passes an opening bracket; whether something stands in the brackets.
    fn opens(&mut self, closing: u8, depth: usize) -> Option<bool> {
        if JSON_DEPTH_MAX <= depth {
            return None;
        }
        self.at += 1;
        self.skip_space();
        let empty = self.peek()? == closing;
        self.at += usize::from(empty);
        Some(!empty)
    }

    /// Passes a comma or the closing bracket; whether it was the comma.
    fn goes_on(&mut self, closing: u8) -> Option<bool> {
        self.skip_space();
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' {
            self.skip_space();
            return Some(true);
        }
        (byte == closing).then_some(false)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let plain = self.plain()?;
        if self.bytes[self.at] == b'"' {
            self.at += 1;
            return Some(plain.to_owned());
        }
        let mut text = plain.to_owned();
        loop {
            self.at += 1;
            if self.bytes[self.at - 1] == b'"' {
                return Some(text);
            }
            text.push(self.escaped()?);
            text.push_str(self.plain()?);
        }
    }

    /// What stands before the next quote or backslash, without control characters.
    fn plain(&mut self) -> Option<&'t str> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        let plain = &self.text[self.at..self.at + length];
        self.at += length;
        (0x20 <= rest[length]).then_some(plain)
    }

    /// The character of an escape, behind its backslash.
    fn escaped(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let pair = if (0xd800..0xdc00).contains(&first) {
                    self.take(b'\\')?;
                    self.take(b'u')?;
                    vec![first, self.unit()?]
                } else {
                    vec![first]
                };
                char::decode_utf16(pair).next()?.ok()?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.peek()? == b'-');
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let length = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        (0 < length).then_some(())
    }

    /// `null`, or a word that keeps its text.
    fn word(&mut self, word: &str, is_scalar: bool) -> Option<Value> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            if is_scalar { scalar(word.to_owned(), false) } else { Value::Null }
        })
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.base + start..self.base + self.at)
    }
}

fn are_different(entries: &[Entry]) -> bool {
    if entries.len() <= FEW_KEYS {
        let again = |(index, entry): (usize, &Entry)| entries[..index].iter().any(|first| first.key == entry.key);
        return !entries.iter().enumerate().any(again);
    }
    let mut seen = FxHashSet::default();
    entries.iter().all(|entry| seen.insert(entry.key.as_str()))
}
