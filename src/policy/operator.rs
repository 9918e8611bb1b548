//! Condition operators by name: what they compare, and how. Compares nothing itself.

use std::fmt;

/// An operator with its qualifiers.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) comparison: Comparison,
    /// The comparison must not hold for any of the policy's values.
    pub(crate) negated: bool,
    /// An absent key is as good as a matching one.
    pub(crate) if_exists: bool,
    pub(crate) set: Option<SetQualifier>,
    /// The name without prefix and suffix.
    base: &'static str,
}

/// What a comparison is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Text { wildcards: bool, fold: bool },
    Number(Order),
    Date(Order),
    Truth,
    Bytes,
    Address,
    Arn,
    Null,
}

/// How the request's value must stand to the policy's.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// How several values of one key are taken together.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetQualifier {
    ForAllValues,
    ForAnyValue,
}

const EQUALS: Comparison = Comparison::Text { wildcards: false, fold: false };
const EQUALS_FOLDED: Comparison = Comparison::Text { wildcards: false, fold: true };
const LIKE: Comparison = Comparison::Text { wildcards: true, fold: false };

/// Every operator (IAM User Guide, `reference_policies_elements_condition_operators.md`), and whether it negates.
const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("StringEquals", EQUALS, false),
    ("StringNotEquals", EQUALS, true),
    ("StringEqualsIgnoreCase", EQUALS_FOLDED, false),
    ("StringNotEqualsIgnoreCase", EQUALS_FOLDED, true),
    ("StringLike", LIKE, false),
    ("StringNotLike", LIKE, true),
    ("NumericEquals", Comparison::Number(Order::Equal), false),
    ("NumericNotEquals", Comparison::Number(Order::Equal), true),
    ("NumericLessThan", Comparison::Number(Order::Less), false),
    ("NumericLessThanEquals", Comparison::Number(Order::LessEqual), false),
    ("NumericGreaterThan", Comparison::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Comparison::Number(Order::GreaterEqual), false),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    ("DateLessThanEquals", Comparison::Date(Order::LessEqual), false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterEqual), false),
    ("Bool", Comparison::Truth, false),
    ("BinaryEquals", Comparison::Bytes, false),
    ("IpAddress", Comparison::Address, false),
    ("NotIpAddress", Comparison::Address, true),
    // ArnEquals behaves as ArnLike does, wildcards included.
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// The operator of a name such as `ForAnyValue:StringLikeIfExists`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(SetQualifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(SetQualifier::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (base, comparison, negated) = OPERATORS.iter().find(|(known, ..)| *known == base)?;
        let qualified = if_exists || set.is_some();
        let fine = *comparison != Comparison::Null || !qualified;
        fine.then_some(Self { comparison: *comparison, negated: *negated, if_exists, set, base })
    }

    /// The names of all operators, for `did you mean`.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        OPERATORS.iter().map(|(name, ..)| *name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.set {
            Some(SetQualifier::ForAllValues) => "ForAllValues:",
            Some(SetQualifier::ForAnyValue) => "ForAnyValue:",
            None => "",
        })?;
        f.write_str(self.base)?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

impl Order {
    pub(crate) fn holds<T: PartialOrd>(self, request: &T, policy: &T) -> bool {
        match self {
            Self::Equal => request == policy,
            Self::Less => request < policy,
            Self::LessEqual => request <= policy,
            Self::Greater => policy < request,
            Self::GreaterEqual => policy <= request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_shown_as_it_is_read() {
        for base in Operator::names() {
            for name in [base.to_owned(), format!("{base}IfExists"), format!("ForAnyValue:{base}")] {
                match Operator::parse(&name) {
                    Some(operator) => assert_eq!(operator.to_string(), name),
                    None => assert!(base == "Null" && name != base, "{name}"),
                }
            }
        }
    }

    #[test]
    fn other_names_are_no_operators() {
        for name in ["", "stringEquals", "StringEqualsIf", "NullIfExists", "ForAll:StringEquals", "IfExists", "Bool "] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
