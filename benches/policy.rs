//! What judging one S3 request under three policies costs: it must not grow from the first hundred thousand requests to
//! the next, nor with statements that are about other buckets. Measures evaluation alone; no HTTP and no packet is
//! involved.

#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;

use support::{Case, Claim, Limit, Options, Work, find, measure, print};
use vpclab::base::{AccountId, Era};
use vpclab::notation::Source;
use vpclab::policy::{Attached, DocumentKind, PolicyDocument, PolicySet, Principal, RequestContext, evaluate};

/// Statements of each policy besides the one that counts, in the short ones and the long ones.
const FEW: usize = 0;
const MANY: usize = 20;

fn main() {
    let options = Options::read();
    let units = options.scaled(100_000, 100);
    let mut cases = Vec::new();
    for statements in [FEW, MANY] {
        cases.push(Case::new(name("allowed", statements), units, move || {
            judge(statements, "arn:aws:s3:::b0/key", true)
        }));
        cases
            .push(Case::new(name("denied", statements), units, move || judge(statements, "arn:aws:s3:::b/key", false)));
    }
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    for case in &measured {
        // In the order of time: a cost that grew with the number of requests would make the last round the dearest.
        let (first, last) = (case.in_order[0], case.in_order[case.in_order.len() - 1]);
        let what = format!("last 100,000 requests beside the first: {}", case.name);
        claims.push(Claim { what, found: last / first, unit: "x", must: Limit::Most(1.3), target: Limit::Most(1.1) });
    }
    for kind in ["allowed", "denied"] {
        let (many, few) = (find(&measured, &name(kind, MANY)), find(&measured, &name(kind, FEW)));
        let (Some(many), Some(few)) = (many, few) else { continue };
        let what = format!("{kind}: 20 statements more in each policy, per statement");
        let found = (many.median() - few.median()) / (3 * MANY) as f64;
        claims.push(Claim { what, found, unit: " ns", must: Limit::Most(500.0), target: Limit::Most(100.0) });
    }
    print(&options, "Policies", "request", &measured, &claims);
}

fn name(kind: &str, statements: usize) -> String {
    format!("{kind}, three policies of {} statements", statements + 1)
}

/// Requests from one address after another, all with the same answer.
fn judge(statements: usize, resource: &'static str, allowed: bool) -> Work {
    let account = AccountId::parse("111122223333").expect("twelve digits");
    let alice = Principal::user(&account, "alice");
    let identity = [Attached::user("alice", "p", document(DocumentKind::Identity, "", statements))];
    let bucket = Attached::bucket("b", document(DocumentKind::Bucket, r#""Principal":"*","#, statements));
    let endpoint = Attached::endpoint("e", document(DocumentKind::Endpoint, r#""Principal":"*","#, statements));
    let mut number = 0;
    Box::new(move |units| {
        let policies = PolicySet { identity: &identity, resource: Some(&bucket), endpoint: Some(&endpoint) };
        for _ in 0..units {
            number = (number + 1) & 0xffff;
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + number).into();
            let request = RequestContext::new(Era::Y2017, alice.clone(), "s3:GetObject", resource, &account)
                .through_endpoint("vpce-1", "vpc-1", address);
            assert_eq!(evaluate(&request, &policies).is_allowed(), allowed);
        }
    })
}

/// Statements for buckets of other names, and behind them the one that counts.
fn document(kind: DocumentKind, principal: &str, statements: usize) -> PolicyDocument {
    let statement = |number: usize| {
        format!(
            r#"{{"Effect":"Allow",{principal}"Action":["s3:GetObject","s3:Put*"],"Resource":"arn:aws:s3:::b{number}/*",
                "Condition":{{"IpAddress":{{"aws:VpcSourceIp":"10.0.0.0/8"}}}}}}"#
        )
    };
    let mut all: Vec<String> = (1..=statements).map(statement).collect();
    all.push(format!(r#"{{"Effect":"Allow",{principal}"Action":"s3:Get*","Resource":"arn:aws:s3:::b0/*"}}"#));
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(","));
    let (document, problems) = PolicyDocument::parse(&Source::new("policy", text), kind, Era::Current);
    document.unwrap_or_else(|| panic!("{problems:?}"))
}
