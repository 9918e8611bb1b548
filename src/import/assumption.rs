//! What no answer tells and has to be assumed: each with its key, value and reason, and each to be overridden.

use std::collections::BTreeMap;

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
        Self { given: map, source: Source::new("<assumptions>", text), problems: Vec::new(), list: Vec::new() }
    }

    /// What the user says about a yes or no, else what is assumed.
    pub(crate) fn flag(&mut self, key: String, otherwise: bool, why: &str) -> bool {
        let given = self.given.remove(&key);
        let value = match given.as_ref().map(|(value, span)| (value.as_str(), *span)) {
            None => otherwise,
            Some(("true", _)) => true,
            Some(("false", _)) => false,
            Some((other, span)) => {
                self.problems.push(Problem::error(span, format!("`{other}` is neither `true` nor `false`")));
                otherwise
            }
        };
        self.list.push(Assumption { key, value: value.to_string(), why: why.to_owned(), overridden: given.is_some() });
        value
    }

    /// States an assumption that cannot be overridden by a word; the call that tells is named in the reason.
    pub(crate) fn state(&mut self, key: String, value: String, why: &str) {
        self.list.push(Assumption { key, value, why: why.to_owned(), overridden: false });
    }

    /// All of them in order, and what is wrong with what the user gave.
    pub(crate) fn finish(mut self) -> (Vec<Assumption>, Source, Vec<Problem>) {
        let known: Vec<String> = self.list.iter().map(|assumption| assumption.key.clone()).collect();
        for (key, (_, span)) in &self.given {
            let problem = Problem::error(*span, format!("nothing called `{key}` is assumed"));
            self.problems.push(problem.did_you_mean(key, known.iter().map(String::as_str)));
        }
        self.list.sort();
        self.list.dedup();
        (self.list, self.source, self.problems)
    }
}
