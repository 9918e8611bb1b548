//! A policy document: read from JSON or from a tree, compiled, kept with its text. Knows not whom it is attached to.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::decode;
use super::statement::{Effect, Statement};
use crate::base::Era;
use crate::notation::{Node, Problem, Problems, Severity, Source, Span, Value, parse_json};

/// The most characters of an endpoint policy, white space included (facts.md E30).
pub const ENDPOINT_POLICY_CHARS_MAX: usize = 20_480;
/// The most bytes of a bucket policy: 20 KB (Amazon S3 User Guide, bucket policies).
pub const BUCKET_POLICY_BYTES_MAX: usize = 20_480;
/// The most characters of an identity policy, white space not counted (IAM User Guide, quotas: a managed policy).
pub const IDENTITY_POLICY_CHARS_MAX: usize = 6_144;

/// What a document is attached to, which decides what may stand in it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A user or a role.
    Identity,
    /// A VPC endpoint.
    Endpoint,
    /// A bucket.
    Bucket,
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Identity => "an identity policy",
            Self::Endpoint => "an endpoint policy",
            Self::Bucket => "a bucket policy",
        })
    }
}

/// A policy document, read and compiled. Cheap to clone; two are equal if their kinds and texts are.
#[derive(Clone)]
pub struct PolicyDocument {
    inner: Arc<Inner>,
}

struct Inner {
    kind: DocumentKind,
    era: Era,
    source: Source,
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Reads JSON. The document is there unless one of the problems is an error.
    pub fn parse(source: &Source, kind: DocumentKind, era: Era) -> (Option<Self>, Vec<Problem>) {
        let mut problems = Problems::default();
        check_size(&source.text, kind, Span::new(0..source.text.len()), &mut problems);
        let (node, found) = parse_json(source);
        problems.extend(found);
        let statements = node.and_then(|node| decode::statements(&node, kind, era, &mut problems));
        let document = statements
            .filter(|_| !problems.has_errors())
            .map(|statements| Self { inner: Arc::new(Inner { kind, era, source: source.clone(), statements }) });
        (document, problems.into_sorted())
    }

    /// Reads JSON from bytes that may be no UTF-8.
    pub fn parse_bytes(name: &str, bytes: &[u8], kind: DocumentKind, era: Era) -> (Option<Self>, Vec<Problem>) {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(&Source::new(name, text), kind, era),
            Err(error) => {
                let at = error.valid_up_to();
                (None, vec![Problem::error(Span::new(at..at + 1), "policy is not UTF-8")])
            }
        }
    }

    /// Reads a document out of another text, such as a scenario. A map is the document itself, and its text becomes the
    /// JSON of the tree, in which all scalars are strings; a string holds JSON, and its problems stand at the string.
    pub fn from_node(node: &Node, kind: DocumentKind, era: Era) -> (Option<Self>, Vec<Problem>) {
        if let Some(text) = node.as_text() {
            let source = Source::new("<policy>", text);
            let (document, problems) = Self::parse(&source, kind, era);
            let moved = problems.into_iter().map(|problem| {
                let (line, column) = source.line_column(problem.span.start);
                let message = format!("{} (line {line}, column {column} of the policy)", problem.message);
                Problem { span: node.span, message, related: None, ..problem }
            });
            return (document, moved.collect());
        }
        let mut problems = Problems::default();
        let mut text = String::new();
        write_json(node, &mut text);
        check_size(&text, kind, node.span, &mut problems);
        let statements = decode::statements(node, kind, era, &mut problems);
        let source = Source::new("<policy>", text);
        let document = statements
            .filter(|_| !problems.has_errors())
            .map(|statements| Self { inner: Arc::new(Inner { kind, era, source, statements }) });
        (document, problems.into_sorted())
    }

    /// The policy of an endpoint that was given none: full access (rule R30; the text is that of facts.md E32).
    pub fn full_access() -> Self {
        let text = concat!(
            r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","#,
            r#""Principal":"*","Action":"*","Resource":"*"}]}"#
        );
        let (document, _) = Self::parse(&Source::new("<full access>", text), DocumentKind::Endpoint, Era::Y2017);
        document.expect("a constant text that a test reads")
    }

    /// What it is attached to.
    pub fn kind(&self) -> DocumentKind {
        self.inner.kind
    }

    /// Its JSON text: as it was given, or made from the tree it was given as.
    pub fn text(&self) -> &str {
        &self.inner.source.text
    }

    /// The text with its name, to show a statement's place in it. A document that was given as a tree has its
    /// statements' spans in the text that the tree came from.
    pub fn source(&self) -> &Source {
        &self.inner.source
    }

    /// Its statements in their order.
    pub fn statements(&self) -> &[Statement] {
        &self.inner.statements
    }

    /// Whether it allows everything to everybody without a condition, as the default policy does.
    pub fn is_full_access(&self) -> bool {
        let open = |statement: &Statement| {
            let everybody = statement
                .principals
                .as_ref()
                .is_none_or(|element| !element.not && element.who.contains(&super::principal::Who::Everyone));
            let all = |not: bool, texts: &[Box<str>]| !not && texts.iter().any(|text| **text == *"*");
            everybody
                && all(statement.actions.not, &statement.actions.texts)
                && all(statement.resources.not, &statement.resources.texts)
                && statement.conditions.is_empty()
        };
        let mut allows = self.statements().iter().filter(|statement| statement.effect == Effect::Allow);
        allows.any(open) && self.statements().iter().all(|statement| statement.effect == Effect::Allow)
    }

    /// Rule R33: warnings about the actions in an endpoint's policy that belong to another service than the endpoint's
    /// (`s3`, `dynamodb`), and have no effect.
    pub fn without_effect(&self, service: &str) -> Vec<Problem> {
        let mut warnings = Vec::new();
        for statement in self.statements() {
            let (actions, not) = statement.actions();
            // What is said of all but another service is said of this one.
            if not {
                continue;
            }
            let others = actions.filter(|action| {
                action.split_once(':').is_some_and(|(own, _)| own != "*" && !own.eq_ignore_ascii_case(service))
            });
            for action in others {
                let message = format!("`{action}` has no effect in the policy of an endpoint to {service} (R33)");
                warnings.push(Problem::warning(statement.span, message));
            }
        }
        warnings
    }

    /// Whether an account among the principals stands for its root user alone (facts.md E34).
    pub(crate) fn account_is_root(&self) -> bool {
        self.inner.kind == DocumentKind::Endpoint && self.inner.era == Era::Current
    }
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.inner.kind == other.inner.kind
                && self.inner.era == other.inner.era
                && self.inner.source.text == other.inner.source.text)
    }
}

impl Eq for PolicyDocument {}

impl fmt::Debug for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyDocument").field(&self.text()).finish()
    }
}

/// What EC2 answers for a document that it cannot read: the message of `InvalidPolicyDocument` (facts.md 4.6; the
/// position is the first error's line and column).
pub fn invalid_policy_message(source: &Source, problems: &[Problem]) -> String {
    let first = problems.iter().find(|problem| problem.severity == Severity::Error);
    let (line, column) = source.line_column(first.map_or(0, |problem| problem.span.start));
    format!("The Policy Document is not valid. Syntax error at position ({line},{column})")
}

fn check_size(text: &str, kind: DocumentKind, span: Span, problems: &mut Problems) {
    let (size, max, what) = match kind {
        DocumentKind::Endpoint => (text.chars().count(), ENDPOINT_POLICY_CHARS_MAX, "characters, white space included"),
        DocumentKind::Bucket => (text.len(), BUCKET_POLICY_BYTES_MAX, "bytes"),
        DocumentKind::Identity => {
            let count = text.chars().filter(|c| !c.is_ascii_whitespace()).count();
            (count, IDENTITY_POLICY_CHARS_MAX, "characters without white space")
        }
    };
    if max < size {
        problems.push(Problem::error(span, format!("{kind} has at most {max} {what}; this one has {size}")));
    }
}

/// Compact JSON of a tree. Scalars are strings, whatever they look like: YAML's `2012-10-17` and `111122223333` are.
fn write_json(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Scalar(scalar) => out.push_str(&Json::from(scalar.text.as_str()).to_string()),
        Value::List(nodes) => {
            out.push('[');
            for (index, node) in nodes.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_json(node, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, entry) in map.entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&Json::from(entry.key.as_str()).to_string());
                out.push(':');
                write_json(&entry.value, out);
            }
            out.push('}');
        }
    }
}
