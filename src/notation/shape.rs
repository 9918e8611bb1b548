//! What a text may say, as tables: one entry per key with its kind and its sentence. The checker, the decoder and the
//! JSON Schema all read the same tables, so they cannot differ. Knows no scenario.

use super::Map;

/// What one value may be.
#[derive(Copy, Clone, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A paragraph: a text that may be long.
    Prose,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range, both ends included.
    Integer { min: u64, max: u64 },
    /// A length of time with its unit: `20ms`.
    Duration,
    /// A number of bytes with its unit: `8 MiB`.
    Size,
    /// Bits in a second with their unit: `20 Mbit/s`.
    Rate,
    /// A share from 0 to 1, or in percent: `0.5%`.
    Share,
    /// A block of addresses: `10.0.0.0/16`.
    Cidr,
    /// An IPv4 or IPv6 address.
    Address,
    /// A TCP or UDP port.
    Port,
    /// A port or a range of ports: `1024-65535`.
    Ports,
    /// A date and time: `2017-06-01T00:00:00Z`.
    Date,
    /// One of these words, each with its sentence.
    Choice(&'static [(&'static str, &'static str)]),
    /// A text with a form of its own.
    Form(&'static Form),
    /// A list, each item of this kind.
    List(&'static Kind),
    /// One value of this kind, or a list of them.
    OneOrMany(&'static Kind),
    /// A map whose keys are names that the writer chooses.
    Named { keys: &'static Names, value: &'static Kind },
    /// A map with known keys.
    Shape(&'static Shape),
    /// One of several kinds, told apart by whether a map, a list or a scalar stands there.
    Either(&'static [Kind]),
    /// Nothing, where a key alone says enough, or this kind.
    Optional(&'static Kind),
    /// Any value; what it means is decided elsewhere (a policy, an answer of a describe call).
    Free,
}

/// A text with a form of its own, such as `tcp 443`.
#[derive(Debug)]
pub struct Form {
    /// What it is, with its article: `a protocol and a port, such as tcp 443`.
    pub what: &'static str,
    /// A regular expression for editors, in the dialect of JSON Schema; empty if none says enough.
    pub pattern: &'static str,
    /// Whether a text has this form.
    pub fits: fn(&str) -> bool,
}

/// What stands as a key where the writer chooses the names.
#[derive(Debug)]
pub struct Names {
    /// What a key is, with its article: `a name for the subnet, or its id`.
    pub what: &'static str,
    /// Whether a text may be such a key.
    pub fits: fn(&str) -> bool,
}

/// A map with known keys.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the JSON Schema: `vpc`.
    pub name: &'static str,
    /// What it is, as a sentence.
    pub doc: &'static str,
    /// Its keys, in the order in which people write them.
    pub keys: &'static [Key],
    /// Further keys, shared with other maps.
    pub shared: &'static [&'static [Key]],
    /// Keys of which exactly one must stand there: the verb. Empty where there is no such choice.
    pub one_of: &'static [&'static [Key]],
    /// What the one key is called in messages, with its article: `an action`.
    pub verb: &'static str,
    /// Keys that the writer chooses, beside the known ones.
    pub extra: Option<(&'static Names, Kind)>,
}

/// A known key.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Another spelling that is taken, such as EC2's own name of a parameter; empty if there is none.
    pub alias: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it says, as a sentence.
    pub doc: &'static str,
}

/// A key that may be left out.
pub const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, alias: "", kind, required: false, doc }
}

/// A key that must be there.
pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, alias: "", kind, required: true, doc }
}

/// A map with these keys.
pub const fn shape(name: &'static str, doc: &'static str, keys: &'static [Key]) -> Shape {
    Shape { name, doc, keys, shared: &[], one_of: &[], verb: "", extra: None }
}

impl Key {
    /// The same key, also spelled in another way.
    #[must_use]
    pub const fn or(self, alias: &'static str) -> Self {
        Self { alias, ..self }
    }

    /// Whether a text of the file means this key.
    pub fn is(&self, written: &str) -> bool {
        self.name == written || (!self.alias.is_empty() && self.alias == written)
    }
}

impl Shape {
    /// The same map, with further keys that the writer chooses.
    #[must_use]
    pub const fn with_extra(self, names: &'static Names, kind: Kind) -> Self {
        Self { extra: Some((names, kind)), ..self }
    }

    /// The same map, with further keys that other maps have too.
    #[must_use]
    pub const fn with(self, shared: &'static [&'static [Key]]) -> Self {
        Self { shared, ..self }
    }

    /// The same map, in which exactly one of these keys must stand.
    #[must_use]
    pub const fn with_verbs(self, verb: &'static str, one_of: &'static [&'static [Key]]) -> Self {
        Self { verb, one_of, ..self }
    }

    /// The key that `written` means.
    pub fn key(&self, written: &str) -> Option<&'static Key> {
        self.all_keys().find(|key| key.is(written))
    }

    /// All keys: those of the map, then those of the verb.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.plain_keys().chain(self.verbs())
    }

    /// The keys that are no verbs.
    pub fn plain_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().chain(self.shared.iter().flat_map(|keys| keys.iter()))
    }

    /// The keys of which exactly one must stand there.
    pub fn verbs(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.one_of.iter().flat_map(|keys| keys.iter())
    }

    /// The verb that stands in `map`: the first of its keys that is one.
    pub fn verb_of(&self, map: &Map) -> Option<&'static Key> {
        map.entries.iter().find_map(|entry| self.verbs().find(|key| key.is(&entry.key)))
    }
}
