//! Reading documents: what is accepted, and every problem at its place.

use proptest::prelude::*;

use super::*;
use crate::notation::parse_json;

use DocumentKind::{Bucket, Endpoint, Identity};

/// The example policies of facts.md E32, E35, B18 and D4.
const EXAMPLES: &[(DocumentKind, &str)] = &[
    (
        Endpoint,
        r#"{"Version":"2008-10-17","Statement":[{"Sid":"","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
    ),
    (
        Endpoint,
        r#"{"Statement":[{"Sid":"Access-to-specific-bucket-only","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::my_secure_bucket","arn:aws:s3:::my_secure_bucket/*"]}]}"#,
    ),
    (
        Endpoint,
        r#"{"Statement":[{"Sid":"AmazonLinuxAMIRepositoryAccess","Principal":"*","Action":["s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::packages.*.amazonaws.com/*","arn:aws:s3:::repo.*.amazonaws.com/*"]}]}"#,
    ),
    (
        Bucket,
        r#"{"Version":"2012-10-17","Id":"Policy1415115909152","Statement":[{"Sid":"Access-to-specific-VPCE-only","Principal":"*","Action":"s3:*","Effect":"Deny","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-1a2b3c4d"}}}]}"#,
    ),
    (
        Endpoint,
        r#"{"Statement":[{"Sid":"ReadOnly","Principal":"*","Action":["dynamodb:DescribeTable","dynamodb:ListTables"],"Effect":"Allow","Resource":"*"}]}"#,
    ),
    (
        Identity,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"AccessFromSpecificEndpoint","Action":"dynamodb:*","Effect":"Deny","Resource":"arn:aws:dynamodb:us-east-1:111122223333:table/*","Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-11aa22bb"}}}]}"#,
    ),
];

/// One claim: a statement's JSON, in a document of a kind and era, gives exactly these problems.
#[track_caller]
fn check_statement(kind: DocumentKind, era: Era, statement: &str, expected: &[&str]) {
    let source = Source::new("<test>", format!("{{\"Version\": \"2012-10-17\", \"Statement\":\n{statement}}}"));
    let (document, problems) = PolicyDocument::parse(&source, kind, era);
    assert_eq!(shown(&source, &problems), expected, "{statement}");
    let errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(document.is_none(), errors, "a document is there unless there is an error");
}

#[test]
fn documented_examples_are_read_without_a_problem_and_keep_their_text() {
    for (kind, text) in EXAMPLES {
        for era in Era::ALL {
            let (document, problems) = PolicyDocument::parse(&Source::new("<test>", *text), *kind, era);
            assert_eq!(problems, [], "{text}");
            assert_eq!(document.expect("no error").text(), *text);
        }
    }
    let full = PolicyDocument::full_access();
    assert!(full.is_full_access());
    assert!(!document(Endpoint, Era::Y2017, EXAMPLES[1].1).is_full_access());
}

#[test]
fn a_statement_may_stand_alone_or_in_a_list() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#;
    check_statement(Identity, Era::Y2017, statement, &[]);
    check_statement(Identity, Era::Y2017, &format!("[{statement}, {statement}]"), &[]);
    check_statement(Identity, Era::Y2017, "[]", &["2:1 policy has no statement"]);
    check_statement(Identity, Era::Y2017, "\"x\"", &["2:1 `Statement` is a list of statements, not a string"]);
}

#[test]
fn every_problem_of_a_statement_is_found_in_one_go() {
    check_statement(
        Endpoint,
        Era::Y2017,
        "{\"Sid\": \"a\",\n \"Efect\": \"Allow\",\n \"Action\": [\"s3GetObject\", 5],\n \"Resource\": \"my_bucket\",\n \
         \"Condition\": {\"StringEqual\": {\"aws:SourceVpce\": \"x\"}, \"Bool\": {\"aws:SecureTransport\": \"yes\"}}}",
        &[
            "2:1 statement has no `Effect`",
            "2:1 statement has no `Principal`",
            "3:2 a statement has no element `Efect`",
            "4:13 action `s3GetObject` names no service",
            "4:28 action `5` names no service",
            "5:14 resource `my_bucket` is neither `*` nor an ARN",
            "6:16 unknown condition operator `StringEqual`",
            "6:88 `yes` is neither `true` nor `false`, as `Bool` needs",
        ],
    );
}

#[test]
fn principals_belong_to_resources_and_not_to_identities() {
    let statement = |principal: &str| format!(r#"{{"Effect": "Allow", "Action": "s3:*", "Resource": "*"{principal}}}"#);
    check_statement(Identity, Era::Y2017, &statement(""), &[]);
    let message = "2:56 an identity policy has no `Principal`";
    check_statement(Identity, Era::Y2017, &statement(r#", "Principal": "*""#), &[message]);
    for kind in [Bucket, Endpoint] {
        check_statement(kind, Era::Y2017, &statement(r#", "Principal": "*""#), &[]);
        check_statement(kind, Era::Y2017, &statement(""), &["2:1 statement has no `Principal`"]);
    }
}

#[test]
fn principals_have_the_forms_of_iam() {
    let check = |principal: &str, expected: &[&str]| {
        let statement = format!(r#"{{"Principal": {principal}, "Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#);
        check_statement(Bucket, Era::Y2017, &statement, expected);
    };
    let hex = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    for principal in [
        r#""*""#,
        r#"{"AWS": "*"}"#,
        r#"{"AWS": "111122223333"}"#,
        r#"{"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/x/alice"]}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:role/app", "Service": "logging.s3.amazonaws.com"}"#,
        r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/app/i-1"}"#,
        r#"{"AWS": "AIDACKCEVSQ6C2EXAMPLE"}"#,
        r#"{"Federated": "accounts.example.com"}"#,
        &format!(r#"{{"CanonicalUser": "{hex}"}}"#),
    ] {
        check(principal, &[]);
    }
    check(r#""alice""#, &["2:15 principal is neither `*` nor a map"]);
    check("{}", &["2:15 principal is neither `*` nor a map"]);
    check(r#"{"AWS": "alice"}"#, &["2:23 principal `alice` is neither `*`, an account, an ARN nor a unique id"]);
    check(r#"{"Aws": "*"}"#, &["2:16 a principal has no element `Aws`"]);
    check(
        r#"{"AWS": "arn:aws:iam::111122223333:user/*"}"#,
        &[
            "2:23 principal `arn:aws:iam::111122223333:user/*` has a wildcard inside an ARN; only `*` alone stands for everyone",
        ],
    );
    check(
        r#"{"AWS": "arn:aws:iam::111122223333:group/x"}"#,
        &["2:23 principal `arn:aws:iam::111122223333:group/x` is a group, and a group is no principal"],
    );
    check(r#"{"CanonicalUser": "abc"}"#, &["2:33 principal `abc` is no canonical user id of 64 hexadecimal digits"]);
}

#[test]
fn todays_endpoint_policies_name_everyone() {
    let check = |principal: &str, era: Era, expected: &[&str]| {
        let statement = format!(r#"{{"Principal": {principal}, "Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
        check_statement(Endpoint, era, &statement, expected);
    };
    let user = r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#;
    check(user, Era::Y2017, &[]);
    check(user, Era::Current, &["2:23 `Principal` of an endpoint policy must be `*`"]);
    let root = r#"{"AWS": "111122223333"}"#;
    check(root, Era::Y2017, &[]);
    check(
        root,
        Era::Current,
        &["2:23 warning: in an endpoint policy account 111122223333 stands for its root user alone"],
    );
    check(r#"{"AWS": "*"}"#, Era::Current, &[]);
}

#[test]
fn elements_exclude_their_twins() {
    for (name, not_name) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")] {
        let other = |skip: &str| {
            let all = [("Action", "\"s3:*\""), ("Resource", "\"*\""), ("Principal", "\"*\"")];
            let rest = all.iter().filter(|(other, _)| *other != skip);
            rest.map(|(name, value)| format!(", \"{name}\": {value}")).collect::<String>()
        };
        let value = if name == "Action" { "\"s3:*\"" } else { "\"*\"" };
        let statement = |elements: &str| format!("{{\"Effect\": \"Deny\", {elements}{}}}", other(name));
        check_statement(Bucket, Era::Y2017, &statement(&format!("\"{not_name}\": {value}")), &[]);
        let (document, problems) = PolicyDocument::parse(
            &Source::new("x", versioned(&statement(&format!("\"{name}\": {value}, \"{not_name}\": {value}")))),
            Bucket,
            Era::Y2017,
        );
        assert!(document.is_none());
        assert_eq!(problems[0].message, format!("statement has both `{name}` and `{not_name}`"));
    }
}

#[test]
fn misspelled_keys_and_actions_are_warnings_and_operators_are_errors() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*",
"Condition": {"StringEquals": {"aws:SourceVpcee": "x", "aws:PrincipalArn": "y"}}}"#;
    let warnings = [
        "2:31 warning: `s3:GetObjct` matches no known action of s3",
        "3:32 warning: unknown condition key `aws:SourceVpcee`",
        "3:56 warning: condition key `aws:PrincipalArn` does not exist in era 2017",
    ];
    check_statement(Identity, Era::Y2017, statement, &warnings);
    check_statement(Identity, Era::Current, statement, &warnings[..2]);
    let source = Source::new("<test>", versioned(statement));
    let (_, problems) = PolicyDocument::parse(&source, Identity, Era::Y2017);
    assert_eq!(problems[0].help, ["did you mean `GetObject`?"]);
    assert_eq!(problems[1].help[1], "did you mean `aws:SourceVpce`?");
}

#[test]
fn private_blocks_cannot_be_a_source_address() {
    let statement = |block: &str| {
        format!(
            r#"{{"Principal": "*", "Effect": "Allow", "Action": "s3:*", "Resource": "*",
"Condition": {{"IpAddress": {{"aws:SourceIp": "{block}"}}}}}}"#
        )
    };
    for block in ["10.0.0.0/16", "192.168.7.1", "172.16.0.0/12"] {
        let network = if block == "192.168.7.1" { "192.168.7.1/32" } else { block };
        let warning = format!("3:45 warning: no request has `aws:SourceIp` in the private block {network}");
        check_statement(Bucket, Era::Y2017, &statement(block), &[&warning]);
    }
    for block in ["203.0.113.0/24", "0.0.0.0/0", "172.32.0.0/16", "2001:db8::/32"] {
        check_statement(Bucket, Era::Y2017, &statement(block), &[]);
    }
}

#[test]
fn a_name_is_no_id_of_an_endpoint_or_a_vpc() {
    let statement = |key: &str, value: &str| {
        format!(
            r#"{{"Principal": "*", "Effect": "Deny", "Action": "*", "Resource": "*",
"Condition": {{"StringNotEquals": {{"{key}": "{value}"}}}}}}"#
        )
    };
    for (key, value) in [("aws:SourceVpce", "s3-endpoint"), ("aws:SourceVpc", "main"), ("aws:SourceVpc", "vpce-1")] {
        let warning = format!("3:{} warning: no request has `{value}` for `{key}`", 39 + key.len());
        check_statement(Bucket, Era::Y2017, &statement(key, value), &[&warning]);
    }
    for (key, value) in [("aws:SourceVpce", "vpce-1a2b3c4d"), ("aws:SourceVpc", "vpc-1"), ("aws:SourceVpce", "*")] {
        check_statement(Bucket, Era::Y2017, &statement(key, value), &[]);
    }
}

#[test]
fn actions_of_other_services_have_no_effect_in_an_endpoint_policy() {
    let statement =
        r#"{"Principal": "*", "Effect": "Allow", "Action": ["ec2:*", "s3:GetObject", "*"], "Resource": "*"}"#;
    let warned = document(Endpoint, Era::Y2017, &versioned(statement)).without_effect("s3");
    assert_eq!(warned.len(), 1);
    assert_eq!(warned[0].message, "`ec2:*` has no effect in the policy of an endpoint to s3 (R33)");
    let all_but = r#"{"Principal": "*", "Effect": "Deny", "NotAction": "ec2:*", "Resource": "*"}"#;
    assert!(document(Endpoint, Era::Y2017, &versioned(all_but)).without_effect("s3").is_empty());
    check_statement(Bucket, Era::Y2017, statement, &["2:50 bucket policy has the action `ec2:*` of another service"]);
}

#[test]
fn versions_are_two_or_none_and_only_the_later_has_variables() {
    let text = |version: &str| {
        format!(
            r#"{{{version}"Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${{aws:username}}/*"}}}}"#
        )
    };
    let warning = "plain text: policy variables need Version 2012-10-17";
    for (version, problem) in [
        ("", Some(warning)),
        ("\"Version\": \"2008-10-17\", ", Some(warning)),
        ("\"Version\": \"2012-10-17\", ", None),
        ("\"Version\": \"2017-06-01\", ", Some("unknown policy version `2017-06-01`")),
    ] {
        let (_, problems) = PolicyDocument::parse(&Source::new("x", text(version)), Identity, Era::Y2017);
        match problem {
            Some(expected) => assert!(problems[0].message.contains(expected), "{problems:?}"),
            None => assert_eq!(problems, []),
        }
    }
}

#[test]
fn sizes_are_limited_on_both_sides_of_the_limit() {
    let padded = |kind: DocumentKind, size: usize, pad: &str| {
        let principal = if kind == Identity { "" } else { r#""Principal": "*", "# };
        let head =
            format!(r#"{{"Statement": {{{principal}"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": ""#);
        let head = if kind == Bucket { head.replace("\"Action\": \"*\"", "\"Action\": \"s3:*\"") } else { head };
        let missing = size - head.len() - "\"}}".len();
        format!("{head}{}\"}}}}", pad.repeat(missing))
    };
    for (kind, max) in [(Endpoint, ENDPOINT_POLICY_CHARS_MAX), (Bucket, BUCKET_POLICY_BYTES_MAX)] {
        let read = |size: usize| PolicyDocument::parse(&Source::new("x", padded(kind, size, "x")), kind, Era::Y2017);
        assert_eq!(read(max).1, [], "{kind}");
        let (document, problems) = read(max + 1);
        assert!(document.is_none());
        assert!(problems[0].message.starts_with(&format!("{kind} has at most 20480 ")), "{problems:?}");
    }
    let spaces = EXAMPLES[5].1.replace("\":", "\":      ") + &" ".repeat(30_000);
    assert!(PolicyDocument::parse(&Source::new("x", spaces), Identity, Era::Y2017).0.is_some());
    let characters = padded(Endpoint, ENDPOINT_POLICY_CHARS_MAX, "é");
    assert!(ENDPOINT_POLICY_CHARS_MAX < characters.len());
    assert!(PolicyDocument::parse(&Source::new("x", characters), Endpoint, Era::Y2017).0.is_some());
}

#[test]
fn broken_json_wrong_bytes_and_nonsense_are_problems_at_their_place() {
    let source = Source::new("x", r#"{"Statement": [{"Effect": "Allow" "Action": "*"}]}"#);
    let (document, problems) = PolicyDocument::parse(&source, Endpoint, Era::Y2017);
    assert!(document.is_none());
    assert_eq!(shown(&source, &problems), ["1:34 expected comma"]);
    let message = invalid_policy_message(&source, &problems);
    assert_eq!(message, "The Policy Document is not valid. Syntax error at position (1,34)");
    let (document, problems) = PolicyDocument::parse_bytes("x", b"{\"Statement\": \"\xff\"}", Endpoint, Era::Y2017);
    assert!(document.is_none());
    assert_eq!(problems[0].span.start, 15);
    let deep = format!(r#"{{"Statement": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(PolicyDocument::parse(&Source::new("x", deep), Endpoint, Era::Y2017).0.is_none());
}

#[test]
fn keys_and_sids_that_stand_twice_are_errors() {
    let twice = r#"{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}"#;
    check_statement(Identity, Era::Y2017, twice, &["2:21 key `Effect` stands twice"]);
    let one = r#"{"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    check_statement(Identity, Era::Y2017, &format!("[{one},\n{one}]"), &["3:9 two statements have the Sid `a`"]);
    let sid = one.replace("\"a\"", "\"a b\"");
    let message = "2:9 Sid `a b` has other characters than letters and digits";
    check_statement(Identity, Era::Y2017, &sid, &[message]);
}

#[test]
fn a_tree_of_another_text_gives_a_document_with_json_of_strings() {
    let text = r#"{"Version": 2012-10-17, "x": 1}"#;
    assert!(parse_json(&Source::new("x", text)).0.is_none());
    // As YAML readers give it: scalars without quotes.
    let (node, _) = parse_json(&Source::new(
        "x",
        r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": 111122223333}, "Action": ["s3:Get*"], "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}]}"#,
    ));
    let (document, problems) = PolicyDocument::from_node(&node.expect("JSON"), Bucket, Era::Y2017);
    assert_eq!(problems, []);
    let document = document.expect("no error");
    assert_eq!(
        document.text(),
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:Get*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#
    );
    let again = PolicyDocument::parse(&Source::new("y", document.text()), Bucket, Era::Y2017).0;
    assert_eq!(again, Some(document));
}

#[test]
fn a_string_of_another_text_holds_json_and_its_problems_stand_at_the_string() {
    let source = Source::new("x", format!("[{}]", serde_json::Value::from("{\"Statement\":\n 5}")));
    let (node, _) = parse_json(&source);
    let nodes = node.expect("JSON");
    let string = &nodes.as_list().expect("a list")[0];
    let (document, problems) = PolicyDocument::from_node(string, Identity, Era::Y2017);
    assert!(document.is_none());
    let expected = "1:2 `Statement` is a list of statements, not a number (line 2, column 2 of the policy)";
    assert_eq!(shown(&source, &problems), [expected]);
}

#[test]
fn malformed_variables_are_errors_at_their_place() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::b/${aws:username", "arn:aws:s3:::b/${x}"]}"#;
    check_statement(
        Identity,
        Era::Y2017,
        statement,
        &[
            "2:52 policy variable without a closing `}`",
            "2:85 policy variable `${x}` names no key such as `aws:username`",
        ],
    );
}

proptest! {
    #[test]
    fn nonsense_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        PolicyDocument::parse_bytes("x", &bytes, Endpoint, Era::Y2017);
    }

    #[test]
    fn nearly_policies_never_panic(statement in nonsense(4), kind in 0..3usize, current in any::<bool>()) {
        let kind = [Identity, Endpoint, Bucket][kind];
        let era = if current { Era::Current } else { Era::Y2017 };
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        let source = Source::new("x", text);
        let (document, problems) = PolicyDocument::parse(&source, kind, era);
        let errors = problems.iter().any(|problem| problem.severity == Severity::Error);
        prop_assert_eq!(document.is_none(), errors);
        prop_assert!(problems.iter().all(|problem| problem.span.end as usize <= source.text.len()));
        if let Some(document) = document {
            let attached = [Attached::user("alice", "p", document)];
            evaluate(&reading(era), &PolicySet { identity: &attached, ..PolicySet::default() }).explanation();
        }
    }
}

/// JSON made of the words of policies in any order.
fn nonsense(depth: u32) -> impl Strategy<Value = String> {
    let words = [
        "\"*\"",
        "\"s3:GetObject\"",
        "\"s3:*\"",
        "\"Allow\"",
        "\"Deny\"",
        "\"arn:aws:s3:::b/*\"",
        "\"arn:aws:s3:::${\"",
        "\"111122223333\"",
        "\"${aws:username}\"",
        "\"\"",
        "null",
        "true",
        "17",
        "[]",
        "{}",
        "\"é\\u0000\"",
        "\"arn:aws:iam::111122223333:root\"",
        "\"10.0.0.0/8\"",
        "\"2017-06-01T00:00Z\"",
        "\"éééééééééZ\"",
    ];
    let keys = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "AWS",
        "Service",
        "StringLike",
        "ForAnyValue:StringEquals",
        "Null",
        "IpAddress",
        "DateLessThan",
        "aws:SourceIp",
        "aws:username",
        "NumericEquals",
        "BinaryEquals",
    ];
    let leaf = proptest::sample::select(words.to_vec()).prop_map(str::to_owned).boxed();
    leaf.prop_recursive(depth, 40, 6, move |inner| {
        let entries = proptest::collection::vec((proptest::sample::select(keys.to_vec()), inner.clone()), 0..7);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
            entries.prop_map(|entries| {
                let all: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", all.join(","))
            }),
        ]
    })
}
