//! Texts with a form of their own: names, rules of security groups and network ACLs, destinations, rule ids.

use crate::base::{Cidr, PrefixListId, ServiceName};
use crate::notation::decode;
use crate::notation::shape::{Form, Key, Kind, Names, key};

/// The id of a rule of the rule book.
pub(in crate::scenario) static RULE: Form = Form {
    what: "the id of a rule, R01 to R55",
    pattern: "^R(0[1-9]|[1-4][0-9]|5[0-5])$",
    fits: |text| rule_number(text).is_some(),
};

/// A rule of a security group in one line.
pub(in crate::scenario) static GROUP_RULE: Form = Form {
    what: "a rule such as `tcp 443 from 10.0.0.0/8`, `udp 53 to dns-servers`, `icmp 8 from any` or `all to s3`",
    pattern: "^(all|tcp|udp|icmp|icmpv6|[0-9]+)( [0-9]+([-.][0-9]+)?)? (from|to) [^ ]+$",
    fits: |text| RuleText::parse(text).is_some_and(|rule| rule.verdict.is_none()),
};

/// An entry of a network ACL in one line.
pub(in crate::scenario) static ACL_RULE: Form = Form {
    what: "an entry such as `allow tcp 443 from 0.0.0.0/0` or `deny all to 10.0.0.0/8`",
    pattern: "^(allow|deny) (all|tcp|udp|icmp|icmpv6|[0-9]+)( [0-9]+([-.][0-9]+)?)? (from|to) [^ ]+$",
    fits: |text| RuleText::parse(text).is_some_and(|rule| rule.verdict.is_some()),
};

/// What a route leads to.
pub(in crate::scenario) static DESTINATION: Form = Form {
    what: "a destination: a CIDR block, a prefix list's id or name, or a service such as `s3`",
    pattern: "",
    fits: is_destination,
};

/// How often a program tries again, in a word.
pub(in crate::scenario) static ATTEMPTS: Form = Form {
    what: "`none`, or a number of further attempts",
    pattern: "^(none|[0-9]+)$",
    fits: |text| text == "none" || text.parse::<u32>().is_ok_and(|count| count <= 10_000),
};

/// An account's number.
pub(in crate::scenario) static ACCOUNT_NUMBER: Form = Form {
    what: "an account's number: twelve digits, in quotes if it begins with 0",
    pattern: "^[0-9]{12}$",
    fits: |text| crate::base::AccountId::parse(text).is_some(),
};

/// A region's name.
pub(in crate::scenario) static REGION_NAME: Form = Form {
    what: "a region such as us-west-2",
    pattern: "^[a-z]+(-[a-z]+)+-[0-9]+$",
    fits: |text| crate::base::RegionName::parse(text).is_some(),
};

/// A range of bytes.
pub(in crate::scenario) static BYTE_RANGE: Form = Form {
    what: "a range of bytes such as `0-65535`, or `65536-` for the rest",
    pattern: "^[0-9]+-[0-9]*$",
    fits: |text| parse_byte_range(text).is_some(),
};

/// A name that the writer gives to a resource.
pub(in crate::scenario) static NAMES: Names = Names {
    what: "a name (letters, digits, `-`, `_` and `.`, beginning with a letter), or the resource's id",
    fits: is_name,
};

/// One of the addresses that an interface has.
pub(in crate::scenario) static PRIVATE_ADDRESSES: Names =
    Names { what: "a private address", fits: |text| text.parse::<std::net::Ipv4Addr>().is_ok() };

/// The id of an association.
pub(in crate::scenario) static ASSOCIATIONS: Names = Names {
    what: "the id of an association: it begins with `rtbassoc-`, `aclassoc-` or `eipassoc-`",
    fits: |text| {
        use crate::base::{AddressAssociationId, NetworkAclAssociationId, RouteTableAssociationId};
        RouteTableAssociationId::parse(text).is_some()
            || NetworkAclAssociationId::parse(text).is_some()
            || AddressAssociationId::parse(text).is_some()
    },
};

/// A region as a key.
pub(in crate::scenario) static REGION_NAMES: Names =
    Names { what: "a region such as us-west-2", fits: |text| crate::base::RegionName::parse(text).is_some() };

/// The destination of a route as a key.
pub(in crate::scenario) static DESTINATIONS: Names = Names {
    what: "a destination: a CIDR block, a prefix list's id or name, or a service such as `s3`",
    fits: is_destination,
};

/// The number of an entry of a network ACL.
pub(in crate::scenario) static ENTRY_NUMBERS: Names = Names {
    what: "the number of an entry, 1 to 32766",
    fits: |text| text.parse::<u16>().is_ok_and(|number| (1..=32_766).contains(&number)),
};

/// What a listener waits for.
pub(in crate::scenario) static LISTEN_PORTS: Names = Names {
    what: "a protocol and a port, such as `tcp 80` or `udp 53`",
    fits: |text| parse_listen_port(text).is_some(),
};

/// The key of an object.
pub(in crate::scenario) static OBJECT_KEYS: Names =
    Names { what: "an object's key", fits: |text| !text.is_empty() && text.len() <= 1_024 };

/// The name of a bucket.
pub(in crate::scenario) static BUCKET_NAMES: Names = Names {
    what: "a bucket's name: 3 to 63 small letters, digits, `-` and `.`",
    fits: |text| {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        (3..=63).contains(&text.len()) && text.bytes().all(fine)
    },
};

/// A DNS name.
pub(in crate::scenario) static DNS_NAMES: Names =
    Names { what: "a DNS name", fits: |text| !text.is_empty() && text.len() <= 253 && !text.contains(' ') };

/// A tag's key, and other free texts.
pub(in crate::scenario) static TAG_KEYS: Names =
    Names { what: "the key of a tag", fits: |text| (1..=128).contains(&text.chars().count()) };

/// The name or id of a resource.
pub(in crate::scenario) const REF: Kind = Kind::Text;
/// Tags: `Name` with no value takes away the name that a key would give.
pub(in crate::scenario) const TAG_MAP: Kind = Kind::Named { keys: &TAG_KEYS, value: &Kind::Optional(&Kind::Text) };
/// The id of something that has a name.
pub(in crate::scenario) const ID: Key = key("id", Kind::Text, "Its id, if it is not to be made from its name.");
/// The tags of something that has a name.
pub(in crate::scenario) const TAGS: Key = key("tags", TAG_MAP, "Its tags beside its name.");
/// One or more names or ids.
pub(in crate::scenario) const REFS: Kind = Kind::OneOrMany(&Kind::Text);
/// The ids of rules.
pub(in crate::scenario) const RULES: Kind = Kind::OneOrMany(&Kind::Form(&RULE));

/// The number of a rule id.
pub(in crate::scenario) fn rule_number(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('R').filter(|digits| digits.len() == 2)?;
    digits.parse().ok().filter(|number| (1..=55).contains(number))
}

/// A security-group rule or an ACL entry, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct RuleText<'a> {
    /// Whether it allows; `None` for a security group, which only ever allows.
    pub(in crate::scenario) verdict: Option<bool>,
    /// The IP protocol's number; `None` is all.
    pub(in crate::scenario) protocol: Option<u8>,
    /// First and last port, or the ICMP type twice; `None` is all.
    pub(in crate::scenario) ports: Option<(u16, u16)>,
    /// The ICMP code behind a type, as in `icmp 3.4`; `None` is all.
    pub(in crate::scenario) code: Option<u8>,
    /// Whether it says `from` rather than `to`.
    pub(in crate::scenario) from: bool,
    /// Who: a CIDR block, a group, a prefix list, a service, `any`.
    pub(in crate::scenario) who: &'a str,
}

impl<'a> RuleText<'a> {
    pub(in crate::scenario) fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split_whitespace().peekable();
        let verdict = match *words.peek()? {
            "allow" => Some(true),
            "deny" => Some(false),
            _ => None,
        };
        if verdict.is_some() {
            words.next();
        }
        let protocol = protocol_number(words.next()?)?;
        let (ports, code) = match *words.peek()? {
            "from" | "to" => (None, None),
            text => {
                words.next();
                match protocol {
                    Some(6 | 17) => (Some(decode::parse_ports(text)?), None),
                    Some(1 | 58) => {
                        let (kind, code) = icmp_kind(text)?;
                        (Some((kind.into(), kind.into())), code)
                    }
                    Some(_) | None => return None,
                }
            }
        };
        let from = match words.next()? {
            "from" => true,
            "to" => false,
            _ => return None,
        };
        let who = words.next()?;
        words.next().is_none().then_some(Self { verdict, protocol, ports, code, from, who })
    }
}

/// An ICMP type, perhaps with a code: `8`, `3.4`.
fn icmp_kind(text: &str) -> Option<(u8, Option<u8>)> {
    match text.split_once('.') {
        Some((kind, code)) => Some((kind.parse().ok()?, Some(code.parse().ok()?))),
        None => Some((text.parse().ok()?, None)),
    }
}

/// The number of a protocol; the outer `None` is no protocol, the inner one is all.
pub(in crate::scenario) fn protocol_number(text: &str) -> Option<Option<u8>> {
    Some(match text {
        "all" | "-1" => None,
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmpv6" => Some(58),
        number => Some(number.parse().ok()?),
    })
}

/// A protocol and a port of a listener: whether it is UDP, and the port.
pub(in crate::scenario) fn parse_listen_port(text: &str) -> Option<(bool, u16)> {
    let mut words = text.split_whitespace();
    let udp = match words.next()? {
        "tcp" => false,
        "udp" => true,
        _ => return None,
    };
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    words.next().is_none().then_some((udp, port))
}

/// The first and last byte of a range.
pub(in crate::scenario) fn parse_byte_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = text.split_once('-')?;
    let first = first.parse().ok()?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    last.is_none_or(|last| first <= last).then_some((first, last))
}

/// Whether a service can be written under this key.
pub(in crate::scenario) fn service_key_fits(text: &str) -> bool {
    is_name(text)
}

fn is_name(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.len() <= 128 && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) && text.bytes().all(fine)
}

fn is_destination(text: &str) -> bool {
    if text.contains('/') {
        return Cidr::parse(text).is_ok();
    }
    PrefixListId::parse(text).is_some() || ServiceName::parse(text).is_some() || is_name(text)
}

/// The eras.
pub(in crate::scenario) const ERAS: &[(&str, &str)] =
    &[("2017", "AWS between December 2016 and August 2017."), ("current", "AWS as it is today.")];

/// Of a step, program or expectation.
pub(in crate::scenario) const IN_ERA: Key =
    key("era", Kind::Choice(ERAS), "In which of the scenario's eras; in each unless said otherwise.");

/// Of machines and services.
pub(in crate::scenario) const RECEIVE_BUFFER: Key =
    key("receive-buffer", Kind::Size, "Receive buffer of each connection; 128 KiB unless said otherwise.");
/// Of machines and services.
pub(in crate::scenario) const SEND_BUFFER: Key =
    key("send-buffer", Kind::Size, "Send buffer of each connection; 128 KiB unless said otherwise.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_taken_apart_and_its_twin_is_refused() {
        let rule = RuleText::parse("tcp 1024-65535 from 10.0.0.0/8").expect("a rule");
        assert_eq!((rule.verdict, rule.protocol, rule.ports), (None, Some(6), Some((1_024, 65_535))));
        assert_eq!((rule.from, rule.who), (true, "10.0.0.0/8"));
        let entry = RuleText::parse("deny all to any").expect("an entry");
        assert_eq!((entry.verdict, entry.protocol, entry.from), (Some(false), None, false));
        let fragments = RuleText::parse("icmp 3.4 from any").expect("a rule with a code");
        assert_eq!((fragments.ports, fragments.code), (Some((3, 3)), Some(4)));
        for text in [
            "",
            "tcp",
            "tcp 443",
            "tcp from",
            "tcp 443 at x",
            "all 443 from x",
            "tcp 443 from x y",
            "tpc from x",
            "icmp 3-4 from x",
            "tcp 3.4 from x",
            "icmp 3. from x",
        ] {
            assert_eq!(RuleText::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_none() {
        assert_eq!(parse_byte_range("0-9"), Some((0, Some(9))));
        assert_eq!(parse_byte_range("5-"), Some((5, None)));
        assert_eq!(parse_byte_range("9-0"), None);
        assert_eq!(rule_number("R55"), Some(55));
        assert_eq!(rule_number("R56"), None);
        assert_eq!(parse_listen_port("tcp 0"), None);
    }
}
