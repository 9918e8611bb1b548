//! Random policies and requests, judged here and by an independent evaluator (`iam-rs`), which must agree.
//!
//! What the other is known to do otherwise than AWS is left out of the generated policies, or excepted by name:
//!
//! 1. it takes an anonymous caller for a malformed request;
//! 2. an account or `:root` as principal does not cover the users of that account;
//! 3. a document without `Version` is refused;
//! 4. its values are typed, so each key is given in the type its operator wants;
//! 5. `ArnEquals` is exact there; AWS takes it as `ArnLike`, and so only `ArnLike` is generated;
//! 6. variables are not replaced in conditions, and one without a value becomes an empty text, so conditions have none
//!    and resources only those that every request has a value for.

use iam_rs as other;
use proptest::prelude::*;

use super::*;

const ACTIONS: [&str; 8] =
    ["*", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "s3:PutObject", "ec2:*", "s3:GetObjectAcl"];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/k?y",
    "arn:aws:s3:::*",
    "arn:aws:s3:::B/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/*/x*",
    "arn:aws:s3:::other/*",
];
const PRINCIPALS: [&str; 5] = [
    r#""*""#,
    r#"{"AWS": "*"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#,
    r#"{"AWS": ["arn:aws:iam::111122223333:user/bob", "arn:aws:iam::444455556666:user/alice"]}"#,
    r#"{"Service": "ec2.amazonaws.com"}"#,
];

/// Conditions with the keys that requests may have; `#` stands for a suffix that may be `IfExists`.
const CONDITIONS: [&str; 22] = [
    r##"{"StringEquals#": {"aws:SourceVpce": "vpce-1"}}"##,
    r##"{"StringNotEquals#": {"aws:sourceVpce": ["vpce-1", "vpce-2"]}}"##,
    r##"{"StringLike#": {"s3:prefix": ["home/*", "x?z"]}}"##,
    r##"{"StringNotLike#": {"s3:prefix": "home/*"}}"##,
    r##"{"StringEqualsIgnoreCase#": {"s3:prefix": "HOME/a"}}"##,
    r##"{"StringNotEqualsIgnoreCase#": {"s3:prefix": ["HOME/a", "xyz"]}}"##,
    r##"{"IpAddress#": {"aws:SourceIp": ["198.51.100.0/24", "203.0.113.7/32"]}}"##,
    r##"{"NotIpAddress#": {"aws:SourceIp": "198.51.100.0/24"}}"##,
    r##"{"NumericEquals#": {"s3:max-keys": 10}}"##,
    r##"{"NumericNotEquals#": {"s3:max-keys": 10}}"##,
    r##"{"NumericLessThan#": {"s3:max-keys": 10}}"##,
    r##"{"NumericGreaterThanEquals#": {"s3:max-keys": 10}}"##,
    r##"{"Bool#": {"aws:SecureTransport": true}}"##,
    r##"{"Null": {"aws:SourceVpce": "true"}}"##,
    r##"{"Null": {"s3:prefix": false}}"##,
    r##"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}"##,
    r##"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"##,
    r##"{"ForAllValues:StringNotLike": {"aws:TagKeys": ["a*"]}}"##,
    r##"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}"##,
    r##"{"ArnLike#": {"aws:SourceArn": "arn:aws:s3:::b*"}}"##,
    r##"{"ArnNotLike#": {"aws:SourceArn": "arn:aws:s3:::b*"}}"##,
    r##"{"StringEquals": {"aws:SourceVpce": "vpce-1"}, "StringLike": {"s3:prefix": "*"}}"##,
];

/// The JSON of a statement.
fn statement() -> impl Strategy<Value = String> {
    let element = |name: &'static str, texts: &[&'static str]| {
        let all = proptest::collection::vec(proptest::sample::select(texts.to_vec()), 1..3);
        (any::<bool>(), all).prop_map(move |(not, all)| {
            let name = if not { format!("Not{name}") } else { name.to_owned() };
            format!("\"{name}\": [\"{}\"]", all.join("\", \""))
        })
    };
    let principal = (prop::bool::weighted(0.1), proptest::sample::select(PRINCIPALS.to_vec()))
        .prop_map(|(not, text)| format!("\"{}Principal\": {text}", if not { "Not" } else { "" }));
    let condition =
        proptest::option::of((proptest::sample::select(CONDITIONS.to_vec()), any::<bool>())).prop_map(|found| {
            found.map_or_else(String::new, |(text, if_exists)| {
                format!(", \"Condition\": {}", text.replace('#', if if_exists { "IfExists" } else { "" }))
            })
        });
    (any::<bool>(), principal, element("Action", &ACTIONS), element("Resource", &RESOURCES), condition).prop_map(
        |(allow, principal, actions, resources, condition)| {
            let effect = if allow { "Allow" } else { "Deny" };
            format!("{{\"Effect\": \"{effect}\", {principal}, {actions}, {resources}{condition}}}")
        },
    )
}

/// The keys of a request, in the types that the other evaluator wants.
#[derive(Clone, Debug)]
struct Keys {
    endpoint: Option<&'static str>,
    prefix: Option<&'static str>,
    address: Option<&'static str>,
    max_keys: Option<i64>,
    secure: Option<bool>,
    tags: Option<Vec<&'static str>>,
    arn: Option<&'static str>,
}

fn keys() -> impl Strategy<Value = Keys> {
    let of = |texts: &[&'static str]| proptest::option::of(proptest::sample::select(texts.to_vec()));
    let tags = proptest::collection::vec(proptest::sample::select(vec!["a", "b", "ax", "z"]), 1..3);
    (
        of(&["vpce-1", "vpce-2", "VPCE-1"]),
        of(&["home/a", "home/", "xyz", ""]),
        of(&["198.51.100.7", "203.0.113.7", "192.0.2.1"]),
        proptest::option::of(9..12i64),
        proptest::option::of(any::<bool>()),
        proptest::option::of(tags),
        of(&["arn:aws:s3:::b1", "arn:aws:s3:::c"]),
    )
        .prop_map(|(endpoint, prefix, address, max_keys, secure, tags, arn)| Keys {
            endpoint,
            prefix,
            address,
            max_keys,
            secure,
            tags,
            arn,
        })
}

impl Keys {
    fn ours(&self, mut request: RequestContext) -> RequestContext {
        let texts = [
            (ConditionKey::SourceVpce, self.endpoint),
            (ConditionKey::S3Prefix, self.prefix),
            (ConditionKey::SourceArn, self.arn),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                request.set(key, text.into());
            }
        }
        if let Some(address) = self.address {
            request.set(ConditionKey::SourceIp, KeyValue::Address(address.parse().expect("an address")));
        }
        if let Some(number) = self.max_keys {
            request.set(ConditionKey::S3MaxKeys, KeyValue::Number(number));
        }
        if let Some(secure) = self.secure {
            request = request.secure_transport(secure);
        }
        if let Some(tags) = &self.tags {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            request.set(ConditionKey::TagKeys, KeyValue::List(tags));
        }
        request
    }

    /// The other evaluator compares key names as they are written, so both spellings in use are set.
    fn others(&self, user: &str) -> other::Context {
        let mut context = other::Context::new();
        let mut text = |key: &str, text: Option<&str>| {
            if let Some(text) = text {
                context.insert(key.to_owned(), other::ContextValue::String(text.to_owned()));
            }
        };
        text("aws:SourceVpce", self.endpoint);
        text("aws:sourceVpce", self.endpoint);
        text("s3:prefix", self.prefix);
        text("aws:SourceArn", self.arn);
        text("aws:SourceIp", self.address);
        text("aws:username", Some(user));
        if let Some(number) = self.max_keys {
            context.insert("s3:max-keys".to_owned(), other::ContextValue::Number(number as f64));
        }
        if let Some(secure) = self.secure {
            context.insert("aws:SecureTransport".to_owned(), other::ContextValue::Boolean(secure));
        }
        if let Some(tags) = &self.tags {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            context.insert("aws:TagKeys".to_owned(), other::ContextValue::StringList(tags));
        }
        context
    }
}

/// How the other evaluator judges one document, in our words.
fn others_verdict(text: &str, user: &str, action: &str, resource: &str, keys: &Keys) -> Verdict {
    let policy: other::IAMPolicy = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let arn = format!("arn:aws:iam::{OURS}:user/{user}");
    let request = other::IAMRequest::new_with_context(
        other::Principal::Aws(other::PrincipalId::String(arn)),
        action,
        other::Arn::parse(resource).expect("an ARN"),
        keys.others(user),
    );
    match other::evaluate_policy(&policy, &request).unwrap_or_else(|error| panic!("{error} in {text}")) {
        other::Decision::Allow => Verdict::Allow,
        other::Decision::Deny => Verdict::ExplicitDeny,
        other::Decision::NotApplicable => Verdict::ImplicitDeny,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn an_independent_evaluator_agrees(
        statements in proptest::collection::vec(statement(), 1..4),
        keys in keys(),
        user in proptest::sample::select(vec!["alice", "bob"]),
        action in proptest::sample::select(vec!["s3:GetObject", "s3:PutObject", "s3:GetObjectAcl"]),
        resource in proptest::sample::select(vec![
            "arn:aws:s3:::b/key", "arn:aws:s3:::b/alice/x", "arn:aws:s3:::b", "arn:aws:s3:::b/a/b/xyz",
        ]),
    ) {
        let text = versioned(&statements.join(", "));
        // A bucket policy of the user's own account: its verdict alone decides.
        let policy = Attached::bucket("b", {
            let source = Source::new("<test>", text.replace("\"ec2:*\"", "\"s3:CreateBucket\""));
            let (document, problems) = PolicyDocument::parse(&source, DocumentKind::Bucket, Era::Y2017);
            document.unwrap_or_else(|| panic!("{problems:?} in {text}"))
        });
        let request = RequestContext::new(Era::Y2017, Principal::user(&ours(), user), action, resource, &ours());
        let request = keys.ours(request);
        let decision = evaluate(&request, &PolicySet { identity: &[], resource: Some(&policy), endpoint: None });
        let expected = others_verdict(&text, user, action, resource, &keys);
        prop_assert_eq!(decision.verdict, expected, "{} {:?}: {}", text, keys, decision.explanation());
    }
}

#[test]
fn the_exceptions_are_still_needed() {
    let keys =
        Keys { endpoint: None, prefix: None, address: None, max_keys: None, secure: None, tags: None, arn: None };
    let judge = |text: &str| others_verdict(text, "alice", "s3:GetObject", "arn:aws:s3:::b/key", &keys);
    let account =
        versioned(r#"{"Principal": {"AWS": "111122223333"}, "Effect": "Deny", "Action": "*", "Resource": "*"}"#);
    assert_eq!(judge(&account), Verdict::ImplicitDeny, "2: AWS denies");
    let unversioned = r#"{"Statement": [{"Principal": "*", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    assert!(serde_json::from_str::<other::IAMPolicy>(unversioned).is_err(), "3: AWS takes it");
}
