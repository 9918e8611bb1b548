//! A map of an answer, read key by key: each value of the wrong type, each missing key is a problem at its place.
//! Knows no resource.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ledger::{Ledger, Place};
use super::source::FileId;
use crate::base::*;
use crate::notation::decode::brief;
use crate::notation::{Map, Node, Problem, Span, Value, decode};

/// An id of AWS's, told by its prefix.
pub(crate) trait AwsId: Sized {
    const BEGINS: &'static str;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl AwsId for $id {
            const BEGINS: &'static str = $id::PREFIX;

            fn read(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }
    )*};
}

ids!(
    VpcId,
    SubnetId,
    RouteTableId,
    RouteTableAssociationId,
    InternetGatewayId,
    EgressOnlyInternetGatewayId,
    NatGatewayId,
    VpcEndpointId,
    PrefixListId,
    NetworkInterfaceId,
    InstanceId,
    AllocationId,
    AddressAssociationId,
    SecurityGroupId,
    NetworkAclId,
    NetworkAclAssociationId,
    VpcPeeringConnectionId,
    VpnGatewayId,
    CustomerGatewayId,
    VpnConnectionId,
    DhcpOptionsId
);

/// One map of an answer.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) file: FileId,
    span: Span,
    map: &'a Map,
}

impl<'a> Item<'a> {
    /// The node as a map, or a problem.
    pub(crate) fn of(file: FileId, node: &'a Node, ledger: &mut Ledger) -> Option<Self> {
        match node.as_map() {
            Some(map) => Some(Self { file, span: node.span, map }),
            None => {
                ledger.push(file, Problem::error(node.span, format!("expected a map, found {}", node.kind())));
                None
            }
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> Place {
        Place { file: self.file, span: self.span }
    }

    /// Where the value of a key stands, or the whole map.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        Place { file: self.file, span: self.map.get(key).map_or(self.span, |node| node.span) }
    }

    /// Whether a key is there and says something: neither `null` nor an empty text, list or map.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| match &node.value {
            Value::Null => false,
            Value::Scalar(scalar) => !scalar.text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.entries.is_empty(),
        })
    }

    /// The keys that say something.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.entries.iter().filter(|entry| entry.value.value != Value::Null).map(|entry| entry.key.as_str())
    }

    /// Warns of keys outside `known`, which is sorted.
    pub(crate) fn known_keys(&self, kind: &'static str, known: &[&str], ledger: &mut Ledger) {
        for entry in &self.map.entries {
            if known.binary_search(&entry.key.as_str()).is_err() {
                ledger.unknown_key(Place { file: self.file, span: entry.key_span }, kind, &entry.key);
            }
        }
    }

    /// A value that is there and is not `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.map.get(key).filter(|node| node.value != Value::Null)
    }

    /// A string. Answers write ids, addresses and words as strings; a number in their place is wrong.
    pub(crate) fn text(&self, key: &str, ledger: &mut Ledger) -> Option<&'a str> {
        self.text_at(key, ledger).map(|(text, _)| text)
    }

    /// A string that must be there.
    pub(crate) fn need_text(&self, key: &str, ledger: &mut Ledger) -> Option<&'a str> {
        self.needed(key, ledger)?;
        self.text(key, ledger)
    }

    /// `true` or `false`, or what holds where it is left out.
    pub(crate) fn flag(&self, key: &str, otherwise: bool, ledger: &mut Ledger) -> bool {
        let Some(node) = self.get(key) else { return otherwise };
        self.keep(decode::boolean(node), ledger).unwrap_or(otherwise)
    }

    /// A whole number; `-1` and all.
    pub(crate) fn number(&self, key: &str, ledger: &mut Ledger) -> Option<i64> {
        let node = self.get(key)?;
        let number = match &node.value {
            Value::Scalar(scalar) if !scalar.quoted => scalar.text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(node, "a whole number", ledger);
        }
        number
    }

    /// An id, if one is there.
    pub(crate) fn id<I: AwsId>(&self, key: &str, ledger: &mut Ledger) -> Option<I> {
        let (text, at) = self.text_at(key, ledger)?;
        if text.is_empty() {
            return None;
        }
        let id = I::read(text);
        if id.is_none() {
            ledger.error(at, format!("`{}` is not an id that begins with `{}`", brief(text), I::BEGINS));
        }
        id
    }

    /// An id that must be there.
    pub(crate) fn need_id<I: AwsId>(&self, key: &str, ledger: &mut Ledger) -> Option<I> {
        self.needed(key, ledger)?;
        self.id(key, ledger)
    }

    /// The id of something that another answer describes.
    pub(crate) fn refer<I: AwsId>(&self, key: &str, ledger: &mut Ledger) -> Option<I> {
        let id = self.id(key, ledger)?;
        self.note_reference(key, ledger);
        Some(id)
    }

    /// The id, which must be there, of something that another answer describes.
    pub(crate) fn need_refer<I: AwsId>(&self, key: &str, ledger: &mut Ledger) -> Option<I> {
        self.needed(key, ledger)?;
        self.refer(key, ledger)
    }

    /// A list of ids of things that other answers describe.
    pub(crate) fn refer_all<I: AwsId>(&self, key: &str, ledger: &mut Ledger) -> Vec<I> {
        let mut ids = Vec::new();
        for (text, at) in self.texts(key, ledger) {
            match I::read(text) {
                Some(id) => {
                    ledger.refer(at, text);
                    ids.push(id);
                }
                None => ledger.error(at, format!("`{}` is not an id that begins with `{}`", brief(text), I::BEGINS)),
            }
        }
        ids
    }

    /// An account.
    pub(crate) fn account(&self, key: &str, ledger: &mut Ledger) -> Option<AccountId> {
        let (text, at) = self.text_at(key, ledger)?;
        let account = AccountId::parse(text);
        // AWS signs its own things with words.
        if account.is_none() && !text.starts_with("amazon") && !text.is_empty() {
            ledger.error(at, format!("`{}` is not an account: twelve digits", brief(text)));
        }
        account
    }

    /// A block of addresses.
    pub(crate) fn cidr(&self, key: &str, ledger: &mut Ledger) -> Option<Cidr> {
        let (text, at) = self.text_at(key, ledger)?;
        if text.is_empty() {
            return None;
        }
        let node = self.get(key)?;
        let block = self.keep(decode::cidr(node), ledger)?;
        debug_assert_eq!(at.span, node.span);
        Some(block)
    }

    /// A block of addresses that must be there.
    pub(crate) fn need_cidr(&self, key: &str, ledger: &mut Ledger) -> Option<Cidr> {
        self.needed(key, ledger)?;
        self.cidr(key, ledger)
    }

    /// An IPv4 address.
    pub(crate) fn ipv4(&self, key: &str, ledger: &mut Ledger) -> Option<Ipv4Addr> {
        self.parsed(key, "an IPv4 address", |text| text.parse().ok(), ledger)
    }

    /// An IPv6 address.
    pub(crate) fn ipv6(&self, key: &str, ledger: &mut Ledger) -> Option<Ipv6Addr> {
        self.parsed(key, "an IPv6 address", |text| text.parse().ok(), ledger)
    }

    /// A text that must have a form; empty texts count as left out.
    pub(crate) fn parsed<T>(
        &self,
        key: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        ledger: &mut Ledger,
    ) -> Option<T> {
        let (text, at) = self.text_at(key, ledger)?;
        if text.is_empty() {
            return None;
        }
        let value = parse(text);
        if value.is_none() {
            ledger.error(at, format!("`{}` is not {what}", brief(text)));
        }
        value
    }

    /// A map inside.
    pub(crate) fn item(&self, key: &str, ledger: &mut Ledger) -> Option<Item<'a>> {
        Item::of(self.file, self.get(key)?, ledger)
    }

    /// The maps of a list inside; none where it is left out.
    pub(crate) fn items(&self, key: &str, ledger: &mut Ledger) -> Vec<Item<'a>> {
        self.nodes(key, ledger).iter().filter_map(|node| Item::of(self.file, node, ledger)).collect()
    }

    /// The strings of a list inside, with their places.
    pub(crate) fn texts(&self, key: &str, ledger: &mut Ledger) -> Vec<(&'a str, Place)> {
        let mut texts = Vec::new();
        for node in self.nodes(key, ledger) {
            match string(node) {
                Some(text) => texts.push((text, Place { file: self.file, span: node.span })),
                None => self.wrong(node, "a string", ledger),
            }
        }
        texts
    }

    /// Its tags, under either of the two keys that answers use.
    pub(crate) fn tags(&self, ledger: &mut Ledger) -> Vec<(String, String)> {
        let key = if self.map.get("TagSet").is_some() { "TagSet" } else { "Tags" };
        let mut tags = Vec::new();
        for tag in self.items(key, ledger) {
            let Some(key) = tag.need_text("Key", ledger) else { continue };
            if (1..=LONGEST_TAG_KEY).contains(&key.chars().count()) {
                tags.push((key.to_owned(), tag.text("Value", ledger).unwrap_or_default().to_owned()));
            } else if let Some(node) = tag.get("Key") {
                let message = format!("the key of a tag has 1 to {LONGEST_TAG_KEY} characters");
                ledger.push(self.file, Problem::error(node.span, message));
            }
        }
        tags
    }

    fn nodes(&self, key: &str, ledger: &mut Ledger) -> &'a [Node] {
        let Some(node) = self.get(key) else { return &[] };
        node.as_list().unwrap_or_else(|| {
            self.wrong(node, "a list", ledger);
            &[]
        })
    }

    fn text_at(&self, key: &str, ledger: &mut Ledger) -> Option<(&'a str, Place)> {
        let node = self.get(key)?;
        let text = string(node);
        if text.is_none() {
            self.wrong(node, "a string", ledger);
        }
        Some((text?, Place { file: self.file, span: node.span }))
    }

    fn needed(&self, key: &str, ledger: &mut Ledger) -> Option<()> {
        if self.get(key).is_some() {
            return Some(());
        }
        let problem = Problem::error(self.span, format!("`{key}` is missing"));
        ledger.push(self.file, problem.did_you_mean(key, self.map.entries.iter().map(|entry| entry.key.as_str())));
        None
    }

    fn note_reference(&self, key: &str, ledger: &mut Ledger) {
        if let Some(node) = self.get(key)
            && let Some(text) = node.as_text()
        {
            ledger.refer(Place { file: self.file, span: node.span }, text);
        }
    }

    fn keep<T>(&self, result: Result<T, Problem>, ledger: &mut Ledger) -> Option<T> {
        result.map_err(|problem| ledger.push(self.file, problem)).ok()
    }

    fn wrong(&self, node: &Node, wanted: &str, ledger: &mut Ledger) {
        ledger.push(self.file, Problem::error(node.span, format!("expected {wanted}, found {}", node.kind())));
    }
}

/// Characters of the longest key of a tag (the documentation of EC2's `Tag`).
const LONGEST_TAG_KEY: usize = 128;

fn string(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) if scalar.quoted => Some(&scalar.text),
        Value::Null | Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    }
}
