//! The principals of a statement: tree → whom it means, every problem at its place. Fits nobody.

use super::decode::Decoder;
use super::document::DocumentKind;
use super::principal::{PrincipalElement, Who};
use super::statement::Effect;
use crate::base::{AccountId, Era};
use crate::notation::{Entry, Map, Node, Problem, Span, Value};

const PRINCIPAL_KEYS: [&str; 4] = ["AWS", "Service", "CanonicalUser", "Federated"];

impl Decoder<'_> {
    /// The outer `None` is an error, the inner one an identity policy, which names nobody.
    pub(super) fn principals(
        &mut self,
        map: &Map,
        span: Span,
        effect: Option<Effect>,
    ) -> Option<Option<PrincipalElement>> {
        if self.kind == DocumentKind::Identity {
            for entry in ["Principal", "NotPrincipal"].iter().filter_map(|name| map.entry(name)) {
                let problem = Problem::error(entry.key_span, format!("an identity policy has no `{}`", entry.key));
                self.problems.push(problem.help("it holds for the user or role that it is attached to"));
            }
            return Some(None);
        }
        let kind = self.kind;
        // Rule R29 asks for the Principal element itself; that NotPrincipal does not stand in for it is read from
        // there, and UNSOURCED otherwise.
        let instead = (kind != DocumentKind::Endpoint).then_some("NotPrincipal");
        if map.entry("Principal").is_none() && instead.is_none_or(|name| map.entry(name).is_none()) {
            // Which code answers it is UNSOURCED, a malformed document's is the nearest.
            let problem = Problem::error(span, "statement has no `Principal`");
            self.problems.push(problem.help(format!("{kind} must say whom it is about: `\"Principal\": \"*\"` (R29)")));
            return None;
        }
        let (entry, not) = self.one_of(map, "Principal", "NotPrincipal", span)?;
        if not && effect == Some(Effect::Allow) {
            let problem = Problem::warning(entry.key_span, "`NotPrincipal` with `Allow` allows everybody else");
            self.problems.push(problem.help("anonymous callers included"));
        }
        let who = self.who(&entry.value)?;
        if self.kind == DocumentKind::Endpoint && self.era == Era::Current {
            self.endpoint_principals(&who, entry);
        }
        Some(Some(PrincipalElement { not, who: who.into_iter().map(|(who, _)| who).collect() }))
    }

    /// facts.md E34: today the principal of a gateway endpoint's policy is `*`, or an account's root user alone.
    fn endpoint_principals(&mut self, all: &[(Who, Span)], entry: &Entry) {
        let help = "allow `*` and restrict it by a condition on `aws:PrincipalArn`";
        for (who, span) in all {
            match who {
                Who::Everyone => {}
                Who::Account(number) => {
                    let message = format!("in an endpoint policy account {number} stands for its root user alone");
                    self.problems.push(Problem::warning(*span, message).help(help));
                }
                Who::Arn(_) | Who::UniqueId(_) | Who::Service(_) | Who::CanonicalUser(_) | Who::Federated(_) => {
                    let message = format!("`{}` of an endpoint policy must be `*`", entry.key);
                    self.problems.push(Problem::error(*span, message).help(help));
                }
            }
        }
    }

    fn who(&mut self, node: &Node) -> Option<Vec<(Who, Span)>> {
        let map = match &node.value {
            Value::Scalar(scalar) if scalar.text == "*" => return Some(vec![(Who::Everyone, node.span)]),
            Value::Map(map) if !map.entries.is_empty() => map,
            Value::Scalar(_) | Value::Map(_) | Value::List(_) | Value::Null => {
                let problem = Problem::error(node.span, "principal is neither `*` nor a map");
                self.problems.push(problem.help("for example `{\"AWS\": \"arn:aws:iam::111122223333:user/alice\"}`"));
                return None;
            }
        };
        self.unknown_keys(map, &PRINCIPAL_KEYS, "a principal");
        let mut all = Some(Vec::new());
        for entry in &map.entries {
            for (text, span) in self.texts(&entry.value, &entry.key).unwrap_or_default() {
                let who = match entry.key.as_str() {
                    "AWS" => aws_principal(text),
                    "Service" if text.contains('.') => Ok(Who::Service(text.into())),
                    "Service" => Err("is no service name such as `ec2.amazonaws.com`"),
                    "CanonicalUser" if is_canonical_user(text) => Ok(Who::CanonicalUser(text.into())),
                    "CanonicalUser" => Err("is no canonical user id of 64 hexadecimal digits"),
                    _ => Ok(Who::Federated(text.into())),
                };
                match (who, &mut all) {
                    (Ok(who), Some(all)) => all.push((who, span)),
                    (Ok(_), None) => {}
                    (Err(message), _) => {
                        self.error(span, format!("principal `{text}` {message}"));
                        all = None;
                    }
                }
            }
        }
        all
    }
}

/// A value of `{"AWS": …}`.
fn aws_principal(text: &str) -> Result<Who, &'static str> {
    if text == "*" {
        return Ok(Who::Everyone);
    }
    if let Some(account) = AccountId::parse(text) {
        return Ok(Who::Account(account));
    }
    let id = text.len() == 21 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if id && (text.starts_with("AIDA") || text.starts_with("AROA")) {
        return Ok(Who::UniqueId(text.into()));
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", _, service, "", account, resource] = parts.as_slice() else {
        return Err("is neither `*`, an account, an ARN nor a unique id");
    };
    if resource.contains(['*', '?']) || account.contains(['*', '?']) {
        return Err("has a wildcard inside an ARN; only `*` alone stands for everyone");
    }
    let Some(account) = AccountId::parse(account) else {
        return Err("has no account of twelve digits");
    };
    let named = |prefix: &str| resource.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    match service {
        "iam" if resource == "root" => Ok(Who::Account(account)),
        "iam" if named("user/") || named("role/") => Ok(Who::Arn(text.into())),
        "iam" if named("group/") => Err("is a group, and a group is no principal"),
        "sts" if named("assumed-role/") || named("federated-user/") => Ok(Who::Arn(text.into())),
        _ => Err("is no user, role, session or root user"),
    }
}

fn is_canonical_user(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
