//! Tree → statements, every problem at its place. Evaluates nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action;
use super::condition::Condition;
use super::document::DocumentKind;
use super::key::ConditionKey;
use super::operator::Operator;
use super::pattern::{ArnPattern, Pattern, Syntax};
use super::request::RequestContext;
use super::statement::{Effect, Element, Statement};
use crate::base::Era;
use crate::notation::{Entry, Map, Node, Problem, Problems, Span, Value};

/// The policy language of the founding document's examples, and what a document without a version is.
const VERSION_2008: &str = "2008-10-17";
/// The policy language that has policy variables.
const VERSION_2012: &str = "2012-10-17";

const DOCUMENT_KEYS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_KEYS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Reads the statements of a document; `None` if anything in it is an error.
pub(crate) fn statements(root: &Node, kind: DocumentKind, era: Era, problems: &mut Problems) -> Option<Vec<Statement>> {
    let mut own = Problems::default();
    let mut decoder = Decoder { kind, era, variables: false, problems: &mut own };
    let statements = decoder.document(root);
    let fine = !own.has_errors();
    problems.extend(own.into_sorted());
    if fine { statements } else { None }
}

pub(super) struct Decoder<'p> {
    pub(super) kind: DocumentKind,
    pub(super) era: Era,
    variables: bool,
    pub(super) problems: &'p mut Problems,
}

/// A text of the document with its place.
type Placed<'n> = (&'n str, Span);

impl Decoder<'_> {
    fn document(&mut self, root: &Node) -> Option<Vec<Statement>> {
        let Value::Map(map) = &root.value else {
            self.error(root.span, format!("a policy is a map, not {}", root.kind()));
            return None;
        };
        self.unknown_keys(map, &DOCUMENT_KEYS, "a policy");
        self.variables = map.get("Version").is_some_and(|node| self.version(node));
        if let Some(id) = map.get("Id") {
            self.text(id, "Id");
        }
        let Some(list) = map.get("Statement") else {
            self.error(root.span, "policy has no `Statement`");
            return None;
        };
        let nodes = match &list.value {
            Value::List(nodes) => nodes.as_slice(),
            Value::Map(_) => std::slice::from_ref(list),
            Value::Null | Value::Scalar(_) => {
                self.error(list.span, format!("`Statement` is a list of statements, not {}", list.kind()));
                return None;
            }
        };
        if nodes.is_empty() {
            self.error(list.span, "policy has no statement");
        }
        self.sids(nodes);
        // Every statement is read before one failure counts, so that every problem is found.
        let statements: Vec<_> =
            nodes.iter().enumerate().map(|(index, node)| self.statement(index + 1, node)).collect();
        statements.into_iter().collect()
    }

    /// Whether the version has policy variables.
    fn version(&mut self, node: &Node) -> bool {
        match self.text(node, "Version") {
            Some(VERSION_2012) => true,
            Some(VERSION_2008) | None => false,
            Some(other) => {
                let problem = Problem::error(node.span, format!("unknown policy version `{other}`"));
                let help = format!("it is a version of the language, not a date of yours: `{VERSION_2012}`");
                self.problems.push(problem.help(help));
                false
            }
        }
    }

    fn sids(&mut self, nodes: &[Node]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for node in nodes {
            let Some(sid) = node.as_map().and_then(|map| map.get("Sid")) else { continue };
            let Some(text) = sid.as_text().filter(|text| !text.is_empty()) else { continue };
            match seen.get(text) {
                Some(first) => {
                    let problem = Problem::error(sid.span, format!("two statements have the Sid `{text}`"));
                    self.problems.push(problem.related(*first, "first here"));
                }
                None => {
                    seen.insert(text, sid.span);
                }
            }
        }
    }

    fn statement(&mut self, number: usize, node: &Node) -> Option<Statement> {
        let Value::Map(map) = &node.value else {
            self.error(node.span, format!("a statement is a map, not {}", node.kind()));
            return None;
        };
        self.unknown_keys(map, &STATEMENT_KEYS, "a statement");
        let sid = map.get("Sid").and_then(|node| self.sid(node));
        let effect = self.effect(map, node.span);
        let principals = self.principals(map, node.span, effect);
        let actions =
            self.one_of(map, "Action", "NotAction", node.span).and_then(|(entry, not)| self.actions(entry, not));
        let resources =
            self.one_of(map, "Resource", "NotResource", node.span).and_then(|(entry, not)| self.resources(entry, not));
        let conditions = map.get("Condition").map_or_else(|| Some(Vec::new()), |node| self.conditions(node));
        Some(Statement {
            number,
            sid,
            effect: effect?,
            principals: principals?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
            span: node.span,
        })
    }

    fn sid(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "Sid")?;
        if self.kind == DocumentKind::Identity && !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            // IAM User Guide, `reference_policies_elements_sid.md`: IAM takes letters and digits only.
            self.error(node.span, format!("Sid `{text}` has other characters than letters and digits"));
        }
        (!text.is_empty()).then(|| text.into())
    }

    fn effect(&mut self, map: &Map, span: Span) -> Option<Effect> {
        let Some(node) = map.get("Effect") else {
            self.error(span, "statement has no `Effect`");
            return None;
        };
        match self.text(node, "Effect")? {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let problem = Problem::error(node.span, format!("unknown effect `{other}`"));
                self.problems.push(problem.did_you_mean(other, ["Allow", "Deny"]).label("expected `Allow` or `Deny`"));
                None
            }
        }
    }

    /// The entry of one of two names that exclude each other, and whether it is the second.
    pub(super) fn one_of<'n>(
        &mut self,
        map: &'n Map,
        name: &str,
        not_name: &str,
        span: Span,
    ) -> Option<(&'n Entry, bool)> {
        match (map.entry(name), map.entry(not_name)) {
            (Some(entry), None) => Some((entry, false)),
            (None, Some(entry)) => Some((entry, true)),
            (None, None) => {
                self.error(span, format!("statement has neither `{name}` nor `{not_name}`"));
                None
            }
            (Some(first), Some(second)) => {
                let message = format!("statement has both `{name}` and `{not_name}`");
                self.problems.push(Problem::error(second.key_span, message).related(first.key_span, "the other"));
                None
            }
        }
    }

    fn actions(&mut self, entry: &Entry, not: bool) -> Option<Element<Pattern>> {
        let texts = self.texts(&entry.value, &entry.key)?;
        let syntax = Syntax { wildcards: true, variables: false, fold: true };
        let mut patterns = Vec::with_capacity(texts.len());
        for &(text, span) in &texts {
            if let Err(message) = self.check_action(text, span) {
                let example = "`service:Action`, such as `s3:GetObject` or `s3:*`, or `*`";
                self.problems.push(Problem::error(span, message).label(format!("expected {example}")));
            }
            patterns.push(Pattern::compile(text, syntax).expect("only variables can be malformed"));
        }
        Some(Element { not, patterns, texts: texts.into_iter().map(|(text, _)| text.into()).collect() })
    }

    fn check_action(&mut self, text: &str, span: Span) -> Result<(), String> {
        if text == "*" || text == "*:*" {
            return Ok(());
        }
        let Some((service, name)) = text.split_once(':') else {
            return Err(format!("action `{text}` names no service"));
        };
        let plain = |text: &str, extra: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
        };
        if !plain(service, "-") || !plain(name, "*?") {
            return Err(format!("`{text}` is no action"));
        }
        if self.kind == DocumentKind::Bucket && !service.eq_ignore_ascii_case("s3") {
            // Amazon S3 answers MalformedPolicy, "Policy has invalid action".
            return Err(format!("bucket policy has the action `{text}` of another service"));
        }
        let Some(known) = action::of_service(&service.to_ascii_lowercase()) else { return Ok(()) };
        let pattern = Pattern::compile(name, Syntax { wildcards: true, variables: false, fold: true });
        let pattern = pattern.expect("only variables can be malformed");
        let nobody = RequestContext::for_patterns();
        if !known.iter().any(|known| pattern.matches(&known.to_lowercase(), &nobody)) {
            let problem = Problem::warning(span, format!("`{text}` matches no known action of {service}"));
            self.problems.push(problem.did_you_mean(name, known.iter().copied()));
        }
        Ok(())
    }

    fn resources(&mut self, entry: &Entry, not: bool) -> Option<Element<ArnPattern>> {
        let texts = self.texts(&entry.value, &entry.key)?;
        let mut patterns = Some(Vec::with_capacity(texts.len()));
        for &(text, span) in &texts {
            if text != "*" && (!text.starts_with("arn:") || text.matches(':').count() < 5) {
                let problem = Problem::error(span, format!("resource `{text}` is neither `*` nor an ARN"));
                self.problems.push(problem.label("expected an ARN such as `arn:aws:s3:::bucket/*`"));
            }
            self.plain_variables(text, span);
            match (ArnPattern::compile(text, self.variables), &mut patterns) {
                (Ok(pattern), Some(patterns)) => patterns.push(pattern),
                (Ok(_), None) => {}
                (Err(message), _) => {
                    self.error(span, message);
                    patterns = None;
                }
            }
        }
        let texts = texts.into_iter().map(|(text, _)| text.into()).collect();
        patterns.map(|patterns| Element { not, patterns, texts })
    }

    fn conditions(&mut self, node: &Node) -> Option<Vec<Condition>> {
        let Value::Map(operators) = &node.value else {
            self.error(node.span, format!("`Condition` is a map of operators, not {}", node.kind()));
            return None;
        };
        let mut conditions = Some(Vec::new());
        for entry in &operators.entries {
            let Some(operator) = Operator::parse(&entry.key) else {
                let problem = Problem::error(entry.key_span, format!("unknown condition operator `{}`", entry.key));
                self.problems.push(problem.did_you_mean(&entry.key, Operator::names()));
                conditions = None;
                continue;
            };
            let Value::Map(keys) = &entry.value.value else {
                let kind = entry.value.kind();
                self.error(entry.value.span, format!("`{operator}` holds a map of condition keys, not {kind}"));
                conditions = None;
                continue;
            };
            for entry in &keys.entries {
                match (self.condition(operator, entry), &mut conditions) {
                    (Some(condition), Some(conditions)) => conditions.push(condition),
                    (Some(_), None) => {}
                    (None, _) => conditions = None,
                }
            }
        }
        conditions
    }

    fn condition(&mut self, operator: Operator, entry: &Entry) -> Option<Condition> {
        let key = ConditionKey::parse(&entry.key);
        match key.since() {
            Some(since) if since <= self.era => {}
            Some(_) => {
                let message = format!("condition key `{}` does not exist in era {}", entry.key, self.era);
                self.problems.push(Problem::warning(entry.key_span, message).help("it is absent from every request"));
            }
            None => {
                let message = format!("unknown condition key `{}`", entry.key);
                let problem = Problem::warning(entry.key_span, message).help("it is absent from every request");
                self.problems.push(problem.did_you_mean(&entry.key, ConditionKey::names()));
            }
        }
        let values = self.texts(&entry.value, &entry.key)?;
        for &(text, span) in &values {
            self.plain_variables(text, span);
        }
        let texts: Vec<&str> = values.iter().map(|(text, _)| *text).collect();
        match Condition::compile(operator, key, &texts, self.variables) {
            Ok(condition) => {
                self.private_source(&condition, &values);
                self.no_id(&condition, &values);
                Some(condition)
            }
            Err(wrong) => {
                for (index, message) in wrong {
                    let span = values.get(index).map_or(entry.value.span, |(_, span)| *span);
                    self.error(span, format!("{message}, as `{operator}` needs"));
                }
                None
            }
        }
    }

    /// Rule R45: no policy can allow a private address range.
    fn private_source(&mut self, condition: &Condition, values: &[Placed<'_>]) {
        if condition.key != ConditionKey::SourceIp {
            return;
        }
        for (index, network) in condition.private_networks() {
            let Some((_, span)) = values.get(index) else { continue };
            let message = format!("no request has `aws:SourceIp` in the private block {network}");
            let help = "through an endpoint the key is absent; use `aws:SourceVpce` or `aws:SourceVpc` (R45, R47)";
            self.problems.push(Problem::warning(*span, message).help(help));
        }
    }

    /// Policies know endpoints and VPCs by their ids, and nothing by a name.
    fn no_id(&mut self, condition: &Condition, values: &[Placed<'_>]) {
        for (index, text) in condition.no_ids() {
            let Some((_, span)) = values.get(index) else { continue };
            let message = format!("no request has `{text}` for `{}`", condition.key);
            let help =
                "its value is an id, as of `vpce-1a2b3c4d` or `vpc-1a2b3c4d`; give the resource an `id` and name that";
            self.problems.push(Problem::warning(*span, message).help(help));
        }
    }

    fn plain_variables(&mut self, text: &str, span: Span) {
        if !self.variables && text.contains("${") {
            let message = format!("`{text}` is plain text: policy variables need Version {VERSION_2012}");
            self.problems.push(Problem::warning(span, message));
        }
    }

    /// A text, or a list of texts that is not empty.
    pub(super) fn texts<'n>(&mut self, node: &'n Node, name: &str) -> Option<Vec<Placed<'n>>> {
        let nodes = match &node.value {
            Value::List(nodes) => nodes.as_slice(),
            Value::Scalar(_) => std::slice::from_ref(node),
            Value::Map(_) | Value::Null => {
                self.error(node.span, format!("`{name}` is a string or a list of strings, not {}", node.kind()));
                return None;
            }
        };
        if nodes.is_empty() {
            self.error(node.span, format!("`{name}` is an empty list"));
            return None;
        }
        let texts: Vec<_> = nodes.iter().map(|node| self.text(node, name).map(|text| (text, node.span))).collect();
        texts.into_iter().collect()
    }

    fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let text = node.as_text();
        if text.is_none() {
            self.error(node.span, format!("`{name}` is a string, not {}", node.kind()));
        }
        text
    }

    pub(super) fn unknown_keys(&mut self, map: &Map, known: &[&'static str], what: &str) {
        for entry in map.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("{what} has no element `{}`", entry.key);
            let problem = Problem::error(entry.key_span, message).did_you_mean(&entry.key, known.iter().copied());
            self.problems.push(problem.label(format!("expected one of {}", known.join(", "))));
        }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::error(span, message));
    }
}
