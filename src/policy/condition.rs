//! One condition of a statement: an operator, a key and the policy's values, compiled; and whether a request meets it.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ipnet::IpNet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::key::ConditionKey;
use super::operator::{Comparison, Operator, Order, SetQualifier};
use super::pattern::{ArnPattern, Pattern, Syntax};
use super::request::{KeyValue, RequestContext};

/// One operator on one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    pub(crate) key: ConditionKey,
    /// The policy's values as they were written.
    pub(crate) values: Vec<Box<str>>,
    operand: Operand,
}

/// The policy's values, ready to compare.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Texts(Vec<Pattern>, bool),
    Arns(Vec<ArnPattern>),
    Numbers(Vec<f64>, Order),
    /// Nanoseconds since 1970.
    Instants(Vec<i128>, Order),
    Truths(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<IpNet>),
    /// Whether the key shall be absent.
    Absent(Vec<bool>),
}

impl Condition {
    /// Compiles the values; each error is the index of a value and a lower-case sentence about it.
    pub(crate) fn compile(
        operator: Operator,
        key: ConditionKey,
        values: &[&str],
        variables: bool,
    ) -> Result<Self, Vec<(usize, String)>> {
        let operand = match operator.comparison {
            Comparison::Text { wildcards, fold } => {
                let syntax = Syntax { wildcards, variables, fold };
                Operand::Texts(each(values, |text| Pattern::compile(text, syntax))?, fold)
            }
            Comparison::Arn => Operand::Arns(each(values, |text| ArnPattern::compile(text, variables))?),
            Comparison::Number(order) => Operand::Numbers(
                each(values, |text| parse_number(text).ok_or_else(|| format!("`{text}` is no number")))?,
                order,
            ),
            Comparison::Date(order) => Operand::Instants(
                each(values, |text| {
                    let wrong = || format!("`{text}` is no date such as `2017-06-01T00:00:00Z` or seconds since 1970");
                    parse_date(text).ok_or_else(wrong)
                })?,
                order,
            ),
            Comparison::Truth => Operand::Truths(each(values, parse_truth)?),
            Comparison::Null => Operand::Absent(each(values, parse_truth)?),
            Comparison::Bytes => {
                Operand::Bytes(each(values, |text| parse_base64(text).ok_or_else(|| format!("`{text}` is no base64")))?)
            }
            Comparison::Address => Operand::Networks(each(values, |text| {
                parse_network(text).ok_or_else(|| format!("`{text}` is no address and no CIDR block"))
            })?),
        };
        let values = values.iter().map(|text| (*text).into()).collect();
        Ok(Self { operator, key, values, operand })
    }

    /// Whether a request meets the condition. An absent key fails positive operators, meets negated ones and
    /// `…IfExists`, and can be asked for by `Null` (facts.md B17); `ForAllValues` holds for none, `ForAnyValue` does not.
    pub(crate) fn holds(&self, request: &RequestContext) -> bool {
        let value =
            request.value(&self.key).filter(|value| !matches!(value, KeyValue::List(texts) if texts.is_empty()));
        if let Operand::Absent(wanted) = &self.operand {
            return wanted.contains(&value.is_none());
        }
        let Some(value) = value else {
            return self.operator.if_exists
                || match self.operator.set {
                    Some(SetQualifier::ForAllValues) => true,
                    Some(SetQualifier::ForAnyValue) => false,
                    None => self.operator.negated,
                };
        };
        let negated = self.operator.negated;
        match (value, self.operator.set) {
            (KeyValue::List(texts), set) => {
                let mut hits = texts.iter().map(|text| self.hits(&KeyValue::from(text.as_str()), request));
                match set {
                    None => hits.any(|hit| hit) != negated,
                    Some(SetQualifier::ForAnyValue) => hits.any(|hit| hit != negated),
                    Some(SetQualifier::ForAllValues) => hits.all(|hit| hit != negated),
                }
            }
            (single, _) => self.hits(single, request) != negated,
        }
    }

    /// Whether a single value matches one of the policy's. A value of another kind matches none.
    fn hits(&self, value: &KeyValue, request: &RequestContext) -> bool {
        match &self.operand {
            Operand::Texts(patterns, fold) => value.single_text().is_some_and(|text| {
                let folded = fold.then(|| text.to_lowercase());
                let text = folded.as_deref().unwrap_or(&text);
                patterns.iter().any(|pattern| pattern.matches(text, request))
            }),
            Operand::Arns(patterns) => {
                value.single_text().is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(&text, request)))
            }
            Operand::Numbers(numbers, order) => {
                number_of(value).is_some_and(|value| numbers.iter().any(|number| order.holds(&value, number)))
            }
            Operand::Instants(instants, order) => {
                instant_of(value).is_some_and(|value| instants.iter().any(|instant| order.holds(&value, instant)))
            }
            Operand::Truths(truths) => truth_of(value).is_some_and(|value| truths.contains(&value)),
            Operand::Bytes(all) => {
                value.single_text().and_then(|text| parse_base64(&text)).is_some_and(|value| all.contains(&value))
            }
            Operand::Networks(networks) => {
                address_of(value).is_some_and(|value| networks.iter().any(|network| network.contains(&value)))
            }
            Operand::Absent(_) => false,
        }
    }

    /// The values that no endpoint or VPC can have as its id, where the condition is about one.
    pub(crate) fn no_ids(&self) -> impl Iterator<Item = (usize, &str)> {
        let prefix = match (&self.key, &self.operand) {
            (ConditionKey::SourceVpce, Operand::Texts(..)) => "vpce-",
            (ConditionKey::SourceVpc, Operand::Texts(..)) => "vpc-",
            _ => "",
        };
        let none = move |text: &str| !text.starts_with(prefix) && !text.contains(['*', '?', '$']);
        self.values.iter().map(AsRef::as_ref).enumerate().filter(move |(_, text)| none(text))
    }

    /// The private IPv4 blocks (RFC 1918) among the values of an address condition.
    pub(crate) fn private_networks(&self) -> impl Iterator<Item = (usize, IpNet)> + '_ {
        let networks = if let Operand::Networks(networks) = &self.operand { networks.as_slice() } else { &[] };
        let private = |network: &IpNet| matches!(network, IpNet::V4(v4) if v4.network().is_private() && v4.broadcast().is_private());
        networks.iter().copied().enumerate().filter(move |(_, network)| private(network))
    }
}

/// `StringEquals aws:SourceVpce vpce-1`; several values stand in brackets.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.operator, self.key)?;
        match self.values.as_slice() {
            [value] => f.write_str(value),
            values => write!(f, "[{}]", values.join(", ")),
        }
    }
}

fn each<T>(values: &[&str], parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Vec<(usize, String)>> {
    let mut wrong = Vec::new();
    let mut fine = Vec::with_capacity(values.len());
    for (index, text) in values.iter().enumerate() {
        match parse(text) {
            Ok(value) => fine.push(value),
            Err(message) => wrong.push((index, message)),
        }
    }
    if wrong.is_empty() { Ok(fine) } else { Err(wrong) }
}

/// Decimal numbers only: `inf`, `nan` and hexadecimal are none.
fn parse_number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// ISO 8601 as AWS takes it (date, date and minutes, date and seconds with fraction) or seconds since 1970.
fn parse_date(text: &str) -> Option<i128> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(i128::from(seconds) * 1_000_000_000);
    }
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let date = match text.len() {
        10 => parse(&format!("{text}T00:00:00Z")),
        17 if text.ends_with('Z') => parse(&format!("{}:00Z", &text[..16])),
        _ => parse(text),
    }?;
    Some(date.unix_timestamp_nanos())
}

fn parse_truth(text: &str) -> Result<bool, String> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("`{text}` is neither `true` nor `false`"))
    }
}

fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// A CIDR block, with host bits cut off, or a single address.
fn parse_network(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(network.trunc()),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

fn number_of(value: &KeyValue) -> Option<f64> {
    match value {
        KeyValue::Number(number) => Some(*number as f64),
        KeyValue::Text(text) => parse_number(text),
        KeyValue::Truth(_) | KeyValue::Time(_) | KeyValue::Address(_) | KeyValue::List(_) => None,
    }
}

fn instant_of(value: &KeyValue) -> Option<i128> {
    match value {
        KeyValue::Time(date) => Some(date.unix_timestamp_nanos()),
        KeyValue::Number(seconds) => Some(i128::from(*seconds) * 1_000_000_000),
        KeyValue::Text(text) => parse_date(text),
        KeyValue::Truth(_) | KeyValue::Address(_) | KeyValue::List(_) => None,
    }
}

fn truth_of(value: &KeyValue) -> Option<bool> {
    match value {
        KeyValue::Truth(truth) => Some(*truth),
        KeyValue::Text(text) => parse_truth(text).ok(),
        KeyValue::Number(_) | KeyValue::Time(_) | KeyValue::Address(_) | KeyValue::List(_) => None,
    }
}

fn address_of(value: &KeyValue) -> Option<IpAddr> {
    match value {
        KeyValue::Address(address) => Some(*address),
        KeyValue::Text(text) => text.parse().ok(),
        KeyValue::Number(_) | KeyValue::Truth(_) | KeyValue::Time(_) | KeyValue::List(_) => None,
    }
}
