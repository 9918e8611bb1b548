//! Texts with wildcards and policy variables, compiled once and matched per request. Knows no statement and no operator.

use std::borrow::Cow;

use super::key::ConditionKey;
use super::request::RequestContext;

/// What has a meaning inside a pattern besides itself.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` stands for any run of characters and `?` for one.
    pub(crate) wildcards: bool,
    /// `${key}` stands for a value of the request (Version 2012-10-17 only).
    pub(crate) variables: bool,
    /// Upper and lower case are the same; the subject then comes in lower case.
    pub(crate) fold: bool,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    variables: Vec<Variable>,
    fold: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    One,
    Run,
    /// An index into the pattern's variables.
    Variable(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    key: ConditionKey,
    fallback: Option<Box<str>>,
}

impl Pattern {
    /// Compiles a text; the error is a lower-case sentence about a malformed variable.
    pub(crate) fn compile(text: &str, syntax: Syntax) -> Result<Self, String> {
        let mut pattern = Self { parts: Vec::new(), variables: Vec::new(), fold: syntax.fold };
        let mut plain = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if syntax.variables && rest.starts_with("${") {
                let end = rest.find('}').ok_or_else(|| "policy variable without a closing `}`".to_owned())?;
                match &rest[2..end] {
                    escaped @ ("*" | "?" | "$") => plain.push_str(escaped),
                    name => {
                        pattern.flush(&mut plain);
                        pattern.parts.push(Part::Variable(pattern.variables.len()));
                        pattern.variables.push(Variable::parse(name, syntax.fold)?);
                    }
                }
                rest = &rest[end + 1..];
                continue;
            }
            match next {
                '*' | '?' if syntax.wildcards => {
                    pattern.flush(&mut plain);
                    pattern.parts.push(if next == '*' { Part::Run } else { Part::One });
                }
                _ => plain.push(next),
            }
            rest = &rest[next.len_utf8()..];
        }
        pattern.flush(&mut plain);
        Ok(pattern)
    }

    /// Whether the whole of `subject` matches. A variable that the request has no single value for matches nothing.
    pub(crate) fn matches(&self, subject: &str, request: &RequestContext) -> bool {
        match self.parts.as_slice() {
            [] => return subject.is_empty(),
            [Part::Run] => return true,
            [Part::Text(text)] => return **text == *subject,
            [Part::Text(text), Part::Run] => return subject.starts_with(&**text),
            _ => {}
        }
        let values: Option<Vec<Cow<'_, str>>> =
            self.variables.iter().map(|variable| variable.value(request, self.fold)).collect();
        values.is_some_and(|values| Glob { parts: &self.parts, values: &values }.matches(subject))
    }

    fn flush(&mut self, plain: &mut String) {
        if !plain.is_empty() {
            let text = if self.fold { plain.to_lowercase() } else { plain.clone() };
            self.parts.push(Part::Text(text.into()));
            plain.clear();
        }
    }
}

impl Variable {
    /// `key` or `key, 'fallback'`.
    fn parse(text: &str, fold: bool) -> Result<Self, String> {
        let (name, fallback) = match text.split_once(',') {
            None => (text.trim(), None),
            Some((name, fallback)) => {
                let fallback = fallback.trim().strip_prefix('\'').and_then(|tail| tail.strip_suffix('\''));
                let fallback = fallback.ok_or_else(|| {
                    format!("policy variable `${{{text}}}` has a fallback that stands not in single quotes")
                })?;
                (name.trim(), Some(fallback))
            }
        };
        if name.is_empty() || !name.contains(':') {
            return Err(format!("policy variable `${{{text}}}` names no key such as `aws:username`"));
        }
        let fallback = fallback.map(|text| if fold { text.to_lowercase() } else { text.to_owned() }.into());
        Ok(Self { key: ConditionKey::parse(name), fallback })
    }

    fn value<'r>(&'r self, request: &'r RequestContext, fold: bool) -> Option<Cow<'r, str>> {
        match request.value(&self.key).and_then(|value| value.single_text()) {
            Some(text) if fold => Some(Cow::Owned(text.to_lowercase())),
            Some(text) => Some(text),
            None => self.fallback.as_deref().map(Cow::Borrowed),
        }
    }
}

/// A pattern with the values of its variables.
struct Glob<'a> {
    parts: &'a [Part],
    values: &'a [Cow<'a, str>],
}

impl Glob<'_> {
    /// Between two runs stands a chunk of fixed form: the first is bound to the start, the last to the end, and each
    /// one between is taken as early as possible, which loses no match. The cost is bounded by the product of lengths.
    fn matches(&self, subject: &str) -> bool {
        let mut chunks = self.parts.split(|part| *part == Part::Run);
        let first = chunks.next().unwrap_or(&[]);
        let Some(mut at) = self.from(first, subject, 0) else {
            return false;
        };
        let Some(last) = chunks.next_back() else {
            return at == subject.len();
        };
        for chunk in chunks {
            match self.find(chunk, subject, at) {
                Some(end) => at = end,
                None => return false,
            }
        }
        self.back_from(last, subject).is_some_and(|start| at <= start)
    }

    /// Where the chunk ends if it stands at `at`.
    fn from(&self, chunk: &[Part], subject: &str, mut at: usize) -> Option<usize> {
        for part in chunk {
            at += match self.text(part) {
                Some(text) => subject[at..].starts_with(text).then_some(text.len())?,
                None => subject[at..].chars().next()?.len_utf8(),
            };
        }
        Some(at)
    }

    /// Where the chunk ends if it stands as early as possible, at `at` or behind it.
    fn find(&self, chunk: &[Part], subject: &str, mut at: usize) -> Option<usize> {
        loop {
            if let Some(text) = chunk.first().and_then(|part| self.text(part)) {
                at += subject[at..].find(text)?;
            }
            if let Some(end) = self.from(chunk, subject, at) {
                return Some(end);
            }
            at += subject[at..].chars().next()?.len_utf8();
        }
    }

    /// Where the chunk starts if it stands at the end.
    fn back_from(&self, chunk: &[Part], subject: &str) -> Option<usize> {
        let mut head = subject;
        for part in chunk.iter().rev() {
            head = match self.text(part) {
                Some(text) => head.strip_suffix(text)?,
                None => {
                    let mut chars = head.chars();
                    chars.next_back()?;
                    chars.as_str()
                }
            };
        }
        Some(head.len())
    }

    /// The text that a part stands for; `None` for one character of any kind.
    fn text<'s>(&'s self, part: &'s Part) -> Option<&'s str> {
        match part {
            Part::Text(text) => Some(text),
            Part::Variable(index) => Some(&self.values[*index]),
            Part::One | Part::Run => None,
        }
    }
}

/// A pattern for ARNs: each of the six parts between colons is matched on its own, so that no wildcard reaches across a
/// colon; the last part holds all further colons. Anything that is not six parts is matched as one text.
///
/// IAM User Guide, `reference_policies_elements_condition_operators.md` (ArnLike) and facts.md B22.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// `*`
    Any,
    /// `arn:partition:service:region:account:resource`
    Parts(Box<[Pattern; ARN_PARTS]>),
    /// Not an ARN.
    Whole(Pattern),
}

impl ArnPattern {
    pub(crate) fn compile(text: &str, variables: bool) -> Result<Self, String> {
        let syntax = Syntax { wildcards: true, variables, fold: false };
        if text == "*" {
            return Ok(Self::Any);
        }
        let parts = split_arn(text, variables);
        if parts.len() == ARN_PARTS {
            let parts: Result<Vec<_>, _> = parts.into_iter().map(|part| Pattern::compile(part, syntax)).collect();
            let parts: Box<[Pattern; ARN_PARTS]> = parts?.try_into().expect("six parts stay six");
            return Ok(Self::Parts(parts));
        }
        Pattern::compile(text, syntax).map(Self::Whole)
    }

    pub(crate) fn matches(&self, subject: &str, request: &RequestContext) -> bool {
        match self {
            Self::Any => true,
            Self::Whole(pattern) => pattern.matches(subject, request),
            Self::Parts(parts) => {
                let mut subjects = subject.splitn(ARN_PARTS, ':');
                parts.iter().all(|part| subjects.next().is_some_and(|subject| part.matches(subject, request)))
            }
        }
    }
}

/// Parts of an ARN between its first five colons.
const ARN_PARTS: usize = 6;

/// Splits at the first five colons that do not stand inside a variable.
fn split_arn(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::with_capacity(ARN_PARTS);
    let (mut start, mut inside) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'$' if variables && text[at..].starts_with("${") => inside = true,
            b'}' => inside = false,
            b':' if !inside && parts.len() + 1 < ARN_PARTS => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GLOB: Syntax = Syntax { wildcards: true, variables: false, fold: false };

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let compiled = Pattern::compile(pattern, GLOB).expect("a pattern");
        let request = RequestContext::for_patterns();
        for subject in matching {
            assert!(compiled.matches(subject, &request), "{pattern} should match {subject}");
        }
        for subject in others {
            assert!(!compiled.matches(subject, &request), "{pattern} should not match {subject}");
        }
    }

    #[test]
    fn wildcards_match_whole_texts() {
        check("*", &["", "a", "a/b:c"], &[]);
        check("a", &["a"], &["", "aa", "A"]);
        check("a*c", &["ac", "abc", "abcbc"], &["ab", "acb", "bac"]);
        check("a?c", &["abc", "aéc", "a*c"], &["ac", "abbc"]);
        check("*ab*ab", &["abab", "xabyab"], &["ab", "aba", "abx"]);
        check("?*?", &["ab", "aéb"], &["", "a"]);
        check("a**b?*", &["abc", "axxbyy"], &["ab", "b"]);
    }

    #[test]
    fn arn_parts_are_matched_one_by_one() {
        let request = RequestContext::for_patterns();
        let matches = |pattern: &str, subject: &str| {
            ArnPattern::compile(pattern, false).expect("a pattern").matches(subject, &request)
        };
        assert!(matches("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z"));
        assert!(matches("arn:aws:sns:*:123456789012:topic", "arn:aws:sns:us-west-2:123456789012:topic"));
        assert!(!matches("arn:aws:*:*:*:topic", "arn:aws:sns:us-west-2:123456789012:other:topic"));
        assert!(!matches("arn:aws:s3:::b", "arn:aws:s3:::b/x"));
        assert!(matches("*", "*") && !matches("arn:aws:ec2:*:*:*", "*"));
    }

    #[test]
    fn malformed_variables_are_refused() {
        let syntax = Syntax { variables: true, ..GLOB };
        for text in ["${", "${aws:username", "${}", "${username}", "${aws:username, bare}"] {
            assert!(Pattern::compile(text, syntax).is_err(), "{text}");
            assert!(Pattern::compile(text, GLOB).is_ok(), "{text} is plain text without variables");
        }
    }

    #[test]
    fn hostile_patterns_cost_no_more_than_the_product_of_lengths() {
        let pattern = "*a".repeat(10_000) + "b";
        check(&pattern, &[], &[&"a".repeat(9_000), &"a".repeat(20_000)]);
    }

    /// The plain definition of a glob, exponential and obvious.
    fn by_definition(pattern: &[char], subject: &[char]) -> bool {
        match pattern.split_first() {
            None => subject.is_empty(),
            Some(('*', rest)) => (0..=subject.len()).any(|skip| by_definition(rest, &subject[skip..])),
            Some((one, rest)) => {
                subject.split_first().is_some_and(|(c, tail)| (*one == '?' || one == c) && by_definition(rest, tail))
            }
        }
    }

    proptest! {
        #[test]
        fn globs_match_what_their_definition_says(pattern in "[ab?*é]{0,8}", subject in "[abé]{0,8}") {
            let compiled = Pattern::compile(&pattern, GLOB).expect("no variables");
            let (p, s): (Vec<char>, Vec<char>) = (pattern.chars().collect(), subject.chars().collect());
            prop_assert_eq!(compiled.matches(&subject, &RequestContext::for_patterns()), by_definition(&p, &s));
        }
    }
}
