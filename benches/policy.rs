//! What judging one S3 request under three policies costs, round by round: it must not grow with their number. Measures
//! evaluation alone; no HTTP and no packet is involved.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::time::Instant;

use vpclab::base::{AccountId, Era};
use vpclab::notation::Source;
use vpclab::policy::{Attached, DocumentKind, PolicyDocument, PolicySet, Principal, RequestContext, evaluate};

/// Requests per round, and rounds.
const REQUESTS: u32 = 100_000;
const ROUNDS: u32 = 5;
/// Statements of each policy besides the one that counts.
const STATEMENTS: usize = 20;

fn main() {
    let account = AccountId::parse("111122223333").expect("twelve digits");
    let alice = Principal::user(&account, "alice");
    let identity = [Attached::user("alice", "p", document(DocumentKind::Identity, ""))];
    let bucket = Attached::bucket("b", document(DocumentKind::Bucket, r#""Principal":"*","#));
    let endpoint = Attached::endpoint("vpce-1", document(DocumentKind::Endpoint, r#""Principal":"*","#));
    let policies = PolicySet { identity: &identity, resource: Some(&bucket), endpoint: Some(&endpoint) };
    println!("{:<10} {:>6} {:>12}", "request", "round", "ns each");
    for (name, resource) in [("allowed", "arn:aws:s3:::bucket19/key"), ("denied", "arn:aws:s3:::other/key")] {
        for round in 1..=ROUNDS {
            let start = Instant::now();
            let mut allowed = 0;
            for number in 0..REQUESTS {
                let address = std::net::Ipv4Addr::from(0x0a00_0000 + number).into();
                let request = RequestContext::new(Era::Y2017, alice.clone(), "s3:GetObject", resource, &account)
                    .through_endpoint("vpce-1", "vpc-1", address);
                allowed += u32::from(evaluate(&request, &policies).is_allowed());
            }
            assert!(allowed == if name == "allowed" { REQUESTS } else { 0 }, "{allowed} of {REQUESTS} {name}");
            println!("{name:<10} {round:>6} {:>12}", start.elapsed().as_nanos() / u128::from(REQUESTS));
        }
    }
}

/// A policy in which the last of many statements allows.
fn document(kind: DocumentKind, principal: &str) -> PolicyDocument {
    let statement = |number: usize| {
        format!(
            r#"{{{principal}"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::bucket{number}/*"}}"#
        )
    };
    let statements: Vec<String> = (0..STATEMENTS).map(statement).collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let (document, problems) = PolicyDocument::parse(&Source::new("<bench>", text), kind, Era::Y2017);
    document.unwrap_or_else(|| panic!("{problems:?}"))
}
