//! What is wrong with a text, at its place, with the nearest right name. Collected, never thrown; printed elsewhere.

use super::Span;

/// How bad a problem is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The text means something, but probably not what was meant.
    Warning,
    /// The text means nothing; nothing of it is done.
    Error,
}

/// One thing that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub span: Span,
    /// What is wrong, as a lower-case sentence without a full stop: ``unknown key `subnts` ``.
    pub message: String,
    /// A word at the caret, such as `expected a CIDR block`; may be empty.
    pub label: String,
    /// What to do: `did you mean `subnets`?`, or a fact that helps.
    pub help: Vec<String>,
    /// Another place that belongs to it: `first defined here`.
    pub related: Option<(Span, String)>,
}

impl Problem {
    /// An error at a place.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            span,
            message: message.into(),
            label: String::new(),
            help: Vec::new(),
            related: None,
        }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// With a word at the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }

    /// With `did you mean` and the nearest of the right names, if one is near enough.
    #[must_use]
    pub fn did_you_mean<'a>(self, wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Self {
        let right: Vec<&str> = right.into_iter().collect();
        let nearest = right
            .iter()
            .copied()
            .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
            .filter(|(distance, name)| *distance <= 1 + name.chars().count().max(wrong.chars().count()) / 4)
            .min();
        // A part of a name is meant as its whole, if it is a word of one name only.
        match nearest.or_else(|| only_with_word(wrong, &right)) {
            Some((_, name)) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// The only one of several names that has this word among those it is made of.
fn only_with_word<'a>(word: &str, names: &[&'a str]) -> Option<(usize, &'a str)> {
    let mut having = names.iter().filter(|name| name.split(['-', '.', '/']).any(|part| part == word));
    let first = having.next()?;
    having.next().is_none().then_some((0, *first))
}

/// Problems collected while reading one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// The most problems kept of one text: beyond that a file is not wrong in places but as a whole.
    pub const MAX: usize = 200;

    /// Adds a problem; beyond [`Problems::MAX`] further ones are dropped.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < Self::MAX && !self.list.contains(&problem) {
            self.list.push(problem);
        }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in the order of the text.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.list.sort_by_key(|problem| (problem.span.start, problem.span.end));
        self.list
    }

    /// All of them, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }
}

impl Extend<Problem> for Problems {
    fn extend<T: IntoIterator<Item = Problem>>(&mut self, problems: T) {
        for problem in problems {
            self.push(problem);
        }
    }
}
