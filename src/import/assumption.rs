//! What no answer tells and has to be assumed: each with its key, value and reason, and each to be overridden.

use std::collections::BTreeMap;

use crate::notation::decode::brief;
use crate::notation::{Problem, Source, Span};

/// One assumption that an import made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assumption {
    /// What it is about, as it is overridden: `vpc-1a2b3c4d.enableDnsSupport`.
    pub key: String,
    /// What was assumed.
    pub value: String,
    /// Why, and which call would tell.
    pub why: String,
    /// Whether the user gave the value.
    pub overridden: bool,
}

/// How many keys an error lists.
const KEYS_SHOWN: usize = 12;

/// The assumptions of one import while it is made.
#[derive(Debug)]
pub(crate) struct Assumptions {
    given: BTreeMap<String, (String, Span)>,
    source: Source,
    problems: Vec<Problem>,
    list: Vec<Assumption>,
}

impl Assumptions {
    /// Takes what the user wants to hold, as keys and values.
    pub(crate) fn new(given: &[(String, String)]) -> Self {
        let mut text = String::new();
        let mut map = BTreeMap::new();
        for (key, value) in given {
            let start = text.len();
            text.push_str(&format!("{key}={value}"));
            map.insert(key.clone(), (value.clone(), Span::new(start..text.len())));
            text.push('\n');
        }
        Self { given: map, source: Source::new("--assume", text), problems: Vec::new(), list: Vec::new() }
    }

    /// What the user says about a yes or no, else what is assumed.
    pub(crate) fn flag(&mut self, key: String, otherwise: bool, why: &str) -> bool {
        let parse = |text: &str| text.parse().ok();
        self.choose(key, (otherwise, otherwise.to_string()), parse, "`true` or `false`", why)
    }

    /// What the user says, if it can be read, else what is assumed; `form` is what is wanted, in words.
    pub(crate) fn choose<T>(
        &mut self,
        key: String,
        (otherwise, shown): (T, String),
        parse: impl FnOnce(&str) -> Option<T>,
        form: &str,
        why: &str,
    ) -> T {
        let given = self.given.remove(&key);
        let read = given.as_ref().map(|(text, span)| (text, *span, parse(text)));
        let (value, shown, overridden) = match read {
            None => (otherwise, shown, false),
            Some((text, _, Some(value))) => (value, text.clone(), true),
            Some((text, span, None)) => {
                let problem = Problem::error(span, format!("`{}` is not {form}", brief(text)));
                self.problems.push(problem.help(format!("`{key}={shown}` is what is assumed")));
                (otherwise, shown, false)
            }
        };
        self.list.push(Assumption { key, value: shown, why: why.to_owned(), overridden });
        value
    }

    /// All of them in order, and what is wrong with what the user gave.
    pub(crate) fn finish(mut self) -> (Vec<Assumption>, Source, Vec<Problem>) {
        self.list.sort();
        self.list.dedup();
        let known: Vec<&str> = self.list.iter().map(|assumption| assumption.key.as_str()).collect();
        let shown: Vec<String> = known.iter().take(KEYS_SHOWN).map(|key| format!("`{key}`")).collect();
        let more = known.len().saturating_sub(KEYS_SHOWN);
        let list = match (shown.len(), more) {
            (0, _) => "nothing is assumed of these files".to_owned(),
            (_, 0) => format!("what is assumed: {}", shown.join(", ")),
            (_, more) => {
                format!("what is assumed: {} and {more} more; without `--assume` all are listed", shown.join(", "))
            }
        };
        for (key, (_, span)) in &self.given {
            let problem = Problem::error(*span, format!("nothing called `{}` is assumed", brief(key)));
            self.problems.push(problem.did_you_mean(key, known.iter().copied()).help(list.clone()));
        }
        (self.list, self.source, self.problems)
    }
}
