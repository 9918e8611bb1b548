//! Tests of the policy floor as a whole: one helper per kind of claim, tables of claims beside their twins.

mod conditions;
mod decisions;
mod documents;
mod explanations;
mod oracle;

use super::*;
use crate::base::{AccountId, Era};
use crate::notation::{Problem, Severity, Source};

/// The account of the bucket and, unless said otherwise, of who asks.
const OURS: &str = "111122223333";
/// Another account.
const THEIRS: &str = "444455556666";

fn account(text: &str) -> AccountId {
    AccountId::parse(text).expect("twelve digits")
}

fn ours() -> AccountId {
    account(OURS)
}

fn alice() -> Principal {
    Principal::user(&ours(), "alice")
}

/// A document that has no error.
#[track_caller]
fn document(kind: DocumentKind, era: Era, text: &str) -> PolicyDocument {
    let (document, problems) = PolicyDocument::parse(&Source::new("<test>", text), kind, era);
    document.unwrap_or_else(|| panic!("{problems:?} in {text}"))
}

/// The JSON of a document of the version that has variables, from the JSON of its statements.
fn versioned(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn identity(statements: &str) -> Attached {
    Attached::user("alice", "p", document(DocumentKind::Identity, Era::Y2017, &versioned(statements)))
}

fn bucket(statements: &str) -> Attached {
    Attached::bucket("b", document(DocumentKind::Bucket, Era::Y2017, &versioned(statements)))
}

fn endpoint(statements: &str) -> Attached {
    Attached::endpoint("vpce-1a2b3c4d", document(DocumentKind::Endpoint, Era::Y2017, &versioned(statements)))
}

/// A request of alice's to read `b/key`.
fn reading(era: Era) -> RequestContext {
    RequestContext::new(era, alice(), "s3:GetObject", "arn:aws:s3:::b/key", &ours())
}

fn through_endpoint(request: RequestContext) -> RequestContext {
    request.through_endpoint("vpce-1a2b3c4d", "vpc-111bbb22", "10.0.0.5".parse().expect("an address"))
}

fn from_internet(request: RequestContext) -> RequestContext {
    request.from_address("198.51.100.7".parse().expect("an address"))
}

/// `line:column message` of each problem, warnings with `warning:` before it.
fn shown(source: &Source, problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| {
        let (line, column) = source.line_column(problem.span.start);
        let warning = if problem.severity == Severity::Warning { "warning: " } else { "" };
        format!("{line}:{column} {warning}{}", problem.message)
    };
    problems.iter().map(place).collect()
}
