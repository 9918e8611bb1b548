//! A checked map, read key by key. Reports nothing: the checker has said what is wrong, and a wrong value reads as none.

use std::net::IpAddr;
use std::time::Duration;

use super::shape::{Key, Shape};
use super::{Entry, Map, Node, Span, Value, decode};
use crate::base::{Calendar, Cidr};

/// A map of the file with the table that says what may stand in it.
#[derive(Copy, Clone, Debug)]
pub struct View<'a> {
    map: &'a Map,
    shape: &'static Shape,
    /// Where the map stands.
    pub span: Span,
}

/// What an empty value stands for where a map is wanted.
static EMPTY: Map = Map { entries: Vec::new() };

impl<'a> View<'a> {
    /// The view of a node; `None` if it is no map. An empty value is a map without keys.
    pub fn of(node: &'a Node, shape: &'static Shape) -> Option<Self> {
        match &node.value {
            Value::Map(map) => Some(Self { map, shape, span: node.span }),
            Value::Null => Some(Self { map: &EMPTY, shape, span: node.span }),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The entry of a key, under either of its spellings.
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        let key = self.shape.key(name);
        debug_assert!(key.is_some(), "the table of `{}` has no key `{name}`", self.shape.name);
        let key = key?;
        self.map.entries.iter().find(|entry| key.is(&entry.key))
    }

    /// Whether a key stands there, even with an empty value.
    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// The value of a key; `None` if it is absent or empty.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|entry| &entry.value).filter(|node| node.value != Value::Null)
    }

    /// Where the value of a key stands; the map itself if the key is absent.
    pub fn span_of(&self, name: &str) -> Span {
        self.entry(name).map_or(self.span, |entry| match entry.value.value {
            Value::Null => entry.key_span,
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => entry.value.span,
        })
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        decode::text(self.node(name)?).ok()
    }

    /// A text of its own.
    pub fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A truth value.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        decode::boolean(self.node(name)?).ok()
    }

    /// A whole number; its range was checked.
    pub fn integer(&self, name: &str) -> Option<u64> {
        decode::integer(self.node(name)?, 0, u64::MAX).ok()
    }

    /// A length of time.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        decode::duration(self.node(name)?).ok()
    }

    /// A number of bytes.
    pub fn size(&self, name: &str) -> Option<u64> {
        decode::size(self.node(name)?).ok()
    }

    /// A rate in bits a second.
    pub fn rate(&self, name: &str) -> Option<u64> {
        decode::rate(self.node(name)?).ok()
    }

    /// A share from 0 to 1.
    pub fn share(&self, name: &str) -> Option<f64> {
        decode::share(self.node(name)?).ok()
    }

    /// A block of addresses.
    pub fn cidr(&self, name: &str) -> Option<Cidr> {
        decode::cidr(self.node(name)?).ok()
    }

    /// An address.
    pub fn address(&self, name: &str) -> Option<IpAddr> {
        decode::address(self.node(name)?).ok()
    }

    /// A port.
    pub fn port(&self, name: &str) -> Option<u16> {
        decode::port(self.node(name)?).ok()
    }

    /// The first and last of a range of ports.
    pub fn ports(&self, name: &str) -> Option<(u16, u16)> {
        decode::ports(self.node(name)?).ok()
    }

    /// A date and time.
    pub fn date(&self, name: &str) -> Option<Calendar> {
        decode::date(self.node(name)?).ok()
    }

    /// The items of a list; a single value counts as a list of itself.
    pub fn items(&self, name: &str) -> Vec<&'a Node> {
        match self.node(name) {
            Some(Node { value: Value::List(items), .. }) => items.iter().collect(),
            Some(node) => vec![node],
            None => Vec::new(),
        }
    }

    /// The entries of a map whose keys are names.
    pub fn named(&self, name: &str) -> &'a [Entry] {
        self.node(name).and_then(Node::as_map).map_or(&[], |map| &map.entries)
    }

    /// The view of a map within.
    pub fn sub(&self, name: &str, shape: &'static Shape) -> Option<View<'a>> {
        View::of(&self.entry(name)?.value, shape)
    }

    /// The verb that stands here, with its entry.
    pub fn verb(&self) -> Option<(&'static Key, &'a Entry)> {
        let key = self.shape.verb_of(self.map)?;
        self.map.entries.iter().find(|entry| key.is(&entry.key)).map(|entry| (key, entry))
    }

    /// The entries whose keys the writer chose.
    pub fn extra(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let shape = self.shape;
        self.map.entries.iter().filter(move |entry| shape.key(&entry.key).is_none())
    }
}
