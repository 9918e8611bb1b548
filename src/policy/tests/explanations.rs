//! What a person reads about a decision: statements by number and Sid, absent keys, rules.

use super::*;

/// One claim: the decision in words is this, line by line: headline with rules, then each blocker.
#[track_caller]
fn check(request: &RequestContext, policies: &PolicySet<'_>, expected: &[&str]) {
    let explanation = evaluate(request, policies).explanation();
    let lines: Vec<String> = std::iter::once(explanation.to_string()).chain(explanation.blockers).collect();
    assert_eq!(lines, expected);
}

const READ: &str = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;

#[test]
fn an_endpoint_policy_names_the_statement_that_nearly_allows() {
    let own = [identity(READ)];
    let endpoint = endpoint(
        r#"{"Principal": "*", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::my_bucket"},
           {"Sid": "OnlyMyBucket", "Principal": "*", "Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::my_bucket/*"}"#,
    );
    let request = through_endpoint(RequestContext::new(
        Era::Y2017,
        alice(),
        "s3:GetObject",
        "arn:aws:s3:::other_bucket/key",
        &ours(),
    ));
    let text = "endpoint policy of vpce-1a2b3c4d: statement 2 (\"OnlyMyBucket\") allows s3:GetObject on my_bucket/* only; \
                statement 1 allows s3:ListBucket on my_bucket only: action s3:GetObject does not match; \
                resource other_bucket/key matches no Allow statement";
    check(
        &request,
        &PolicySet { identity: &own, resource: None, endpoint: Some(&endpoint) },
        &[&format!("denied by {text} [R31]"), text],
    );
}

#[test]
fn a_policy_of_denials_only_says_so() {
    let own = [identity(READ)];
    let endpoint = endpoint(r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}"#);
    let text = "endpoint policy of vpce-1a2b3c4d: it has Deny statements only, and allows nothing; \
                nothing allows s3:GetObject on b/key";
    check(
        &through_endpoint(reading(Era::Y2017)),
        &PolicySet { identity: &own, resource: None, endpoint: Some(&endpoint) },
        &[&format!("denied by {text} [R31]"), text],
    );
}

#[test]
fn actions_of_another_service_are_explained_by_their_rule() {
    let own = [identity(READ)];
    let endpoint = endpoint(r#"{"Principal": "*", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#);
    let decision = evaluate(
        &through_endpoint(reading(Era::Y2017)),
        &PolicySet { identity: &own, resource: None, endpoint: Some(&endpoint) },
    );
    let explanation = decision.explanation();
    assert_eq!(explanation.rules, ["R31", "R33"]);
    assert!(explanation.headline.contains("only actions of s3 have an effect in the policy of its endpoint"));
}

#[test]
fn an_explicit_deny_names_the_absent_key_and_why_it_is_absent() {
    let own = [identity(READ)];
    let only_endpoint = bucket(
        r#"{"Sid": "Access-to-specific-VPCE-only", "Principal": "*", "Effect": "Deny", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
            "Condition": {"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}}}"#,
    );
    let text = "bucket policy of b: statement 1 (\"Access-to-specific-VPCE-only\") denies s3:* on b, b/* \
                if StringNotEquals aws:SourceVpce vpce-1a2b3c4d: aws:SourceVpce is absent, because the request came from 198.51.100.7 and through no endpoint";
    check(
        &from_internet(reading(Era::Y2017)),
        &PolicySet { identity: &own, resource: Some(&only_endpoint), endpoint: None },
        &[&format!("denied by {text} [R31 R46]"), text],
    );
    let only_office = bucket(
        r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}}"#,
    );
    let text = "bucket policy of b: statement 1 denies s3:* on b/* if NotIpAddress aws:SourceIp 198.51.100.0/24: \
                aws:SourceIp is absent, \
                because the request came through vpce-1a2b3c4d";
    check(
        &through_endpoint(reading(Era::Y2017)),
        &PolicySet { identity: &own, resource: Some(&only_office), endpoint: None },
        &[&format!("denied by {text} [R31 R47]"), text],
    );
}

#[test]
fn a_private_block_is_explained_by_its_rule() {
    let policy = bucket(
        r#"{"Principal": "*", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/16"}}}"#,
    );
    let decision = evaluate(
        &through_endpoint(reading(Era::Y2017)),
        &PolicySet { identity: &[], resource: Some(&policy), endpoint: None },
    );
    assert_eq!(decision.explanation().rules, ["R45", "R47"]);
}

#[test]
fn a_lack_of_any_policy_names_both_ways_out() {
    let text = "the lack of a policy of user alice and of bucket b: nothing allows s3:GetObject on b/key";
    check(&reading(Era::Y2017), &PolicySet::default(), &[&format!("denied by {text}"), text]);
    let anonymous =
        RequestContext::new(Era::Y2017, Principal::Anonymous, "s3:GetObject", "arn:aws:s3:::b/key", &ours());
    let text = "the lack of a policy of bucket b: nothing allows s3:GetObject on b/key to an anonymous caller";
    check(&anonymous, &PolicySet::default(), &[&format!("denied by {text}"), text]);
}

#[test]
fn a_delegation_that_nobody_took_up_is_explained() {
    let policy = bucket(
        r#"{"Principal": {"AWS": "111122223333"}, "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}"#,
    );
    let text = "bucket policy of b: user alice has no policy; statement 1 allows s3:* on b/* to account 111122223333 \
                only: the account has it, and hands it to user alice only by a policy of its own; nothing allows s3:GetObject on b/key";
    check(
        &reading(Era::Y2017),
        &PolicySet { identity: &[], resource: Some(&policy), endpoint: None },
        &[&format!("denied by {text}"), text],
    );
}

#[test]
fn an_allow_names_one_statement_per_layer() {
    let own = [identity(READ)];
    let full = Attached::endpoint("vpce-1", PolicyDocument::full_access());
    check(
        &reading(Era::Y2017),
        &PolicySet { identity: &own, resource: None, endpoint: Some(&full) },
        &["allowed by policy p of user alice: statement 1 and endpoint policy of vpce-1: statement 1"],
    );
    let root = RequestContext::new(Era::Y2017, Principal::root(&ours()), "s3:GetObject", "arn:aws:s3:::b/k", &ours());
    check(&root, &PolicySet::default(), &["allowed: the root user needs no policy"]);
}

#[test]
fn several_blockers_are_all_in_the_headline_and_the_list() {
    let deny = bucket(r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}"#);
    check(
        &reading(Era::Y2017),
        &PolicySet { identity: &[], resource: Some(&deny), endpoint: None },
        &[
            "denied by bucket policy of b: statement 1 denies s3:* on b/* [R31]\n\
             and by bucket policy of b: it has Deny statements only, and allows nothing; user alice has no policy; \
             nothing allows s3:GetObject on b/key",
            "bucket policy of b: statement 1 denies s3:* on b/*",
            "bucket policy of b: it has Deny statements only, and allows nothing; user alice has no policy; \
             nothing allows s3:GetObject on b/key",
        ],
    );
}

#[test]
fn a_grant_on_a_single_endpoint_is_explained_by_its_rule() {
    let one = "arn:aws:ec2:us-west-2:111122223333:vpc-endpoint/vpce-1a2b3c4d".to_owned();
    let own = [identity(&format!(r#"{{"Effect": "Allow", "Action": "ec2:*VpcEndpoint*", "Resource": "{one}"}}"#))];
    let request = RequestContext::new(Era::Y2017, alice(), "ec2:ModifyVpcEndpoint", "*", &ours());
    let explanation = ec2::authorize(&request, &[one], &own).explanation();
    assert_eq!(explanation.rules, ["R28"]);
    let note = "policy p of user alice names this resource in statement 1, \
                but ec2:ModifyVpcEndpoint has no resource-level permissions and takes only `*`";
    assert!(explanation.headline.contains(note), "{explanation}");
}

#[test]
fn the_text_of_access_denied_is_plain_in_the_documents_time_and_names_a_policy_today() {
    let own = [identity(READ)];
    let deny = endpoint(r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#);
    let silent = endpoint(r#"{"Principal": "*", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}"#);
    let user = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: s3:GetObject";
    let explicit = format!("{user} on resource: \"arn:aws:s3:::b/key\" with an explicit deny in a VPC endpoint policy");
    let implicit = format!("{user} because no VPC endpoint policy allows the s3:GetObject action");
    for (policy, expected) in [(&deny, explicit), (&silent, implicit)] {
        let decision =
            evaluate(&reading(Era::Current), &PolicySet { identity: &own, resource: None, endpoint: Some(policy) });
        assert_eq!(decision.access_denied_message(Era::Current), expected);
        assert_eq!(decision.access_denied_message(Era::Y2017), "Access Denied");
    }
    let theirs = Principal::user(&account(THEIRS), "bob");
    for principal in [theirs, Principal::Anonymous] {
        let request = RequestContext::new(Era::Current, principal, "s3:GetObject", "arn:aws:s3:::b/key", &ours());
        let decision = evaluate(&request, &PolicySet::default());
        assert_eq!(decision.access_denied_message(Era::Current), "Access Denied");
    }
}
