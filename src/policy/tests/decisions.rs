//! Who may do what: every combination of policies that allow, deny and are silent, beside a plain model of the rules.

use proptest::prelude::*;

use super::*;

const ALLOW: &str = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}"#;
const DENY: &str = r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}"#;

/// A statement with a principal.
fn to(principal: &str, statement: &str) -> String {
    statement.replacen('{', &format!("{{\"Principal\": {principal}, "), 1)
}

fn verdict(
    request: &RequestContext,
    identity: &[Attached],
    resource: Option<&Attached>,
    endpoint: Option<&Attached>,
) -> Verdict {
    let decision = evaluate(request, &PolicySet { identity, resource, endpoint });
    assert_eq!(decision.is_allowed(), decision.blockers.is_empty(), "what is denied says what must change");
    decision.verdict
}

/// What one layer says in the grid.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Says {
    Absent,
    Silent,
    Allow,
    Deny,
}

const SAYS: [Says; 4] = [Says::Absent, Says::Silent, Says::Allow, Says::Deny];

impl Says {
    fn statements(self, resource: bool) -> Option<String> {
        let silent = ALLOW.replace("GetObject", "PutObject");
        let statement = match self {
            Self::Absent => return None,
            Self::Silent => silent,
            Self::Allow => ALLOW.to_owned(),
            Self::Deny => format!("{ALLOW}, {DENY}"),
        };
        if !resource {
            return Some(statement);
        }
        Some(statement.replace("{\"Effect\"", "{\"Principal\": \"*\", \"Effect\""))
    }
}

/// Rule R31 and facts.md B19, B20, in one line each.
fn expected(who: &str, identity: Says, bucket: Says, endpoint: Says) -> Verdict {
    let identity = if who == "anonymous" { Says::Absent } else { identity };
    let denied = [identity, bucket, endpoint].contains(&Says::Deny);
    let access = match who {
        "ours" => identity == Says::Allow || bucket == Says::Allow,
        "theirs" => identity == Says::Allow && bucket == Says::Allow,
        "our root" => true,
        "their root" | "anonymous" => bucket == Says::Allow,
        _ => unreachable!("one of the five"),
    };
    let passes = [Says::Absent, Says::Allow].contains(&endpoint);
    match (denied, access && passes) {
        (true, _) => Verdict::ExplicitDeny,
        (false, true) => Verdict::Allow,
        (false, false) => Verdict::ImplicitDeny,
    }
}

#[test]
fn every_combination_of_policies_follows_the_rules() {
    let people = [
        ("ours", Principal::user(&ours(), "alice")),
        ("theirs", Principal::user(&account(THEIRS), "alice")),
        ("our root", Principal::root(&ours())),
        ("their root", Principal::root(&account(THEIRS))),
        ("anonymous", Principal::Anonymous),
    ];
    let mut seen = [0; 3];
    for (who, principal) in people {
        for (i, b, e) in SAYS.into_iter().flat_map(|i| SAYS.map(|b| (i, b))).flat_map(|(i, b)| SAYS.map(|e| (i, b, e)))
        {
            let anonymous = principal == Principal::Anonymous || who.ends_with("root");
            let i = if anonymous { Says::Absent } else { i };
            let identities: Vec<_> = i.statements(false).iter().map(|text| identity(text)).collect();
            let resource = b.statements(true).map(|text| bucket(&text));
            let endpoint = e.statements(true).map(|text| endpoint(&text));
            let request =
                RequestContext::new(Era::Y2017, principal.clone(), "s3:GetObject", "arn:aws:s3:::b/key", &ours());
            let verdict = verdict(&request, &identities, resource.as_ref(), endpoint.as_ref());
            assert_eq!(verdict, expected(who, i, b, e), "{who}: identity {i:?}, bucket {b:?}, endpoint {e:?}");
            seen[verdict as usize] += 1;
        }
    }
    assert!(seen.iter().all(|count| 20 < *count), "all verdicts occur often: {seen:?}");
}

#[test]
fn a_bucket_policy_fits_whom_it_names() {
    let alice = "arn:aws:iam::111122223333:user/alice";
    let session = Principal::session(&ours(), "service/app", "i-1");
    let rows: &[(&str, Principal, bool)] = &[
        (r#""*""#, Principal::Anonymous, true),
        (r#"{"AWS": "*"}"#, Principal::Anonymous, true),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#, Principal::user(&ours(), "alice"), true),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#, Principal::user(&ours(), "bob"), false),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#, Principal::user(&account(THEIRS), "alice"), false),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#, Principal::user(&ours(), "team/alice"), false),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#, Principal::Anonymous, false),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/service/app"}"#, session.clone(), true),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/app/i-1"}"#, session.clone(), true),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/app/i-2"}"#, session.clone(), false),
        (r#"{"Service": "ec2.amazonaws.com"}"#, Principal::Service("ec2.amazonaws.com".into()), true),
        (r#"{"Service": "ec2.amazonaws.com"}"#, Principal::Service("s3.amazonaws.com".into()), false),
        (r#"{"Service": "ec2.amazonaws.com"}"#, session, false),
        (r#"{"Federated": "accounts.example.com"}"#, Principal::user(&ours(), "alice"), false),
        (
            r#"{"AWS": ["444455556666", "arn:aws:iam::111122223333:user/alice"]}"#,
            Principal::user(&ours(), "alice"),
            true,
        ),
    ];
    for (element, principal, expected) in rows {
        let policy = bucket(&to(element, ALLOW));
        let request = RequestContext::new(Era::Y2017, principal.clone(), "s3:GetObject", "arn:aws:s3:::b/k", &ours());
        let allowed = verdict(&request, &[], Some(&policy), None) == Verdict::Allow;
        assert_eq!(allowed, *expected, "{element} for {principal}");
    }
    let id = Principal::user(&ours(), "alice").identity().expect("a user").unique_id().to_owned();
    let policy = bucket(&to(&format!(r#"{{"AWS": "{id}"}}"#), ALLOW));
    assert_eq!(verdict(&reading(Era::Y2017), &[], Some(&policy), None), Verdict::Allow, "{alice} by unique id");
}

#[test]
fn an_account_as_principal_leaves_it_to_the_account() {
    let canonical = format!(r#"{{"CanonicalUser": "{}"}}"#, canonical_user_id(&ours()));
    for element in [r#"{"AWS": "111122223333"}"#, r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, &canonical] {
        let policy = bucket(&to(element, ALLOW));
        assert_eq!(verdict(&reading(Era::Y2017), &[], Some(&policy), None), Verdict::ImplicitDeny, "{element}");
        let own = [identity(ALLOW)];
        assert_eq!(verdict(&reading(Era::Y2017), &own, Some(&policy), None), Verdict::Allow, "{element}");
        // A denial reaches everybody of the account at once.
        let deny = bucket(&to(element, DENY));
        assert_eq!(verdict(&reading(Era::Y2017), &own, Some(&deny), None), Verdict::ExplicitDeny, "{element}");
    }
    // Across accounts both sides are needed anyway.
    let theirs = RequestContext::new(
        Era::Y2017,
        Principal::user(&account(THEIRS), "bob"),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        &ours(),
    );
    let policy = bucket(&to(r#"{"AWS": "444455556666"}"#, ALLOW));
    assert_eq!(verdict(&theirs, &[identity(ALLOW)], Some(&policy), None), Verdict::Allow);
    assert_eq!(verdict(&theirs, &[], Some(&policy), None), Verdict::ImplicitDeny);
}

#[test]
fn todays_endpoint_policy_takes_an_account_for_its_root_user() {
    let text = versioned(&to(r#"{"AWS": "111122223333"}"#, ALLOW));
    let own = [identity(ALLOW)];
    for (era, expected) in [(Era::Y2017, Verdict::Allow), (Era::Current, Verdict::ImplicitDeny)] {
        let policy = Attached::endpoint("vpce-1", document(DocumentKind::Endpoint, era, &text));
        assert_eq!(verdict(&reading(era), &own, None, Some(&policy)), expected, "era {era}");
        let root = RequestContext::new(era, Principal::root(&ours()), "s3:GetObject", "arn:aws:s3:::b/k", &ours());
        assert_eq!(verdict(&root, &[], None, Some(&policy)), Verdict::Allow, "era {era}");
    }
}

#[test]
fn elements_with_not_fit_the_rest() {
    let others = |statement: &str| {
        bucket(&statement.replacen('{', r#"{"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/alice"}, "#, 1))
    };
    let bob =
        RequestContext::new(Era::Y2017, Principal::user(&ours(), "bob"), "s3:GetObject", "arn:aws:s3:::b/k", &ours());
    let own = [identity(ALLOW)];
    assert_eq!(verdict(&reading(Era::Y2017), &own, Some(&others(DENY)), None), Verdict::Allow);
    assert_eq!(verdict(&bob, &own, Some(&others(DENY)), None), Verdict::ExplicitDeny);
    for (statement, expected) in [
        (r#"{"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}"#, Verdict::Allow),
        (r#"{"Effect": "Allow", "NotAction": "S3:get*", "Resource": "*"}"#, Verdict::ImplicitDeny),
        (r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}"#, Verdict::Allow),
        (r#"{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}"#, Verdict::ImplicitDeny),
    ] {
        assert_eq!(verdict(&reading(Era::Y2017), &[identity(statement)], None, None), expected, "{statement}");
    }
}

#[test]
fn actions_fold_case_and_resources_do_not() {
    for (action, resource, expected) in [
        ("s3:getobject", "arn:aws:s3:::b/key", Verdict::Allow),
        ("S3:GET*", "arn:aws:s3:::b/k?y", Verdict::Allow),
        ("*", "*", Verdict::Allow),
        ("s3:GetObject", "arn:aws:s3:::b/KEY", Verdict::ImplicitDeny),
        ("s3:GetObject", "arn:aws:s3:::b", Verdict::ImplicitDeny),
        ("s3:GetObjectAcl", "*", Verdict::ImplicitDeny),
        ("ec2:*", "*", Verdict::ImplicitDeny),
    ] {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#);
        assert_eq!(verdict(&reading(Era::Y2017), &[identity(&statement)], None, None), expected, "{statement}");
    }
}

#[test]
fn variables_name_each_user_its_own_folder_in_the_later_version_only() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}"#;
    let request =
        |key: &str| RequestContext::new(Era::Y2017, alice(), "s3:GetObject", format!("arn:aws:s3:::b/{key}"), &ours());
    let later = [identity(statement)];
    assert_eq!(verdict(&request("alice/x"), &later, None, None), Verdict::Allow);
    assert_eq!(verdict(&request("bob/x"), &later, None, None), Verdict::ImplicitDeny);
    let text = versioned(statement).replace("2012", "2008");
    let earlier = [Attached::user("alice", "p", document(DocumentKind::Identity, Era::Y2017, &text))];
    assert_eq!(verdict(&request("alice/x"), &earlier, None, None), Verdict::ImplicitDeny);
    assert_eq!(verdict(&request("${aws:username}/x"), &earlier, None, None), Verdict::Allow);
}

#[test]
fn the_source_address_is_absent_through_an_endpoint() {
    let with = |effect: &str, operator: &str| {
        let condition = format!(r#""Condition": {{"{operator}": {{"aws:SourceIp": "198.51.100.0/24"}}}}"#);
        bucket(&to(r#""*""#, &ALLOW.replace("Allow", effect)).replace('}', &format!(", {condition}}}")))
    };
    // facts.md B14: effect, operator, verdict from the address, verdict through the endpoint.
    for (effect, operator, direct, through) in [
        ("Deny", "NotIpAddress", Verdict::Allow, Verdict::ExplicitDeny),
        ("Deny", "IpAddress", Verdict::ExplicitDeny, Verdict::Allow),
        ("Allow", "IpAddress", Verdict::Allow, Verdict::ImplicitDeny),
    ] {
        let policy = with(effect, operator);
        let own = if effect == "Deny" { vec![identity(ALLOW)] } else { vec![] };
        for (request, expected) in
            [(from_internet(reading(Era::Y2017)), direct), (through_endpoint(reading(Era::Y2017)), through)]
        {
            assert_eq!(verdict(&request, &own, Some(&policy), None), expected, "{effect} {operator}");
        }
    }
}

#[test]
fn a_bucket_can_be_kept_to_an_endpoint_or_to_a_vpc() {
    for (key, value, other) in
        [("aws:sourceVpce", "vpce-1a2b3c4d", "vpce-99999999"), ("AWS:SOURCEVPC", "vpc-111bbb22", "vpc-99999999")]
    {
        let only = |value: &str| {
            let condition = format!(r#", "Condition": {{"StringNotEquals": {{"{key}": "{value}"}}}}}}"#);
            bucket(&to(r#""*""#, DENY).replace('}', &condition))
        };
        let own = [identity(ALLOW)];
        let through = through_endpoint(reading(Era::Y2017));
        assert_eq!(verdict(&through, &own, Some(&only(value)), None), Verdict::Allow);
        assert_eq!(verdict(&through, &own, Some(&only(other)), None), Verdict::ExplicitDeny);
        let direct = from_internet(reading(Era::Y2017));
        assert_eq!(verdict(&direct, &own, Some(&only(value)), None), Verdict::ExplicitDeny, "absent is not equal");
    }
}

#[test]
fn the_private_address_has_a_key_of_its_own_today() {
    let condition = r#", "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}}}"#;
    let text = versioned(&ALLOW.replace('}', condition));
    for (era, expected) in [(Era::Y2017, Verdict::ImplicitDeny), (Era::Current, Verdict::Allow)] {
        let own = [Attached::user("alice", "p", document(DocumentKind::Identity, era, &text))];
        assert_eq!(verdict(&through_endpoint(reading(era)), &own, None, None), expected, "era {era}");
        assert_eq!(verdict(&from_internet(reading(era)), &own, None, None), Verdict::ImplicitDeny, "era {era}");
    }
}

#[test]
fn an_endpoint_policy_of_another_service_or_of_denials_allows_nothing() {
    let own = [identity(ALLOW)];
    for (statement, expected) in [
        (to(r#""*""#, r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#), Verdict::Allow),
        (to(r#""*""#, r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#), Verdict::ImplicitDeny),
        (to(r#""*""#, r#"{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}"#), Verdict::ImplicitDeny),
    ] {
        assert_eq!(verdict(&reading(Era::Y2017), &own, None, Some(&endpoint(&statement))), expected, "{statement}");
    }
    let full = Attached::endpoint("vpce-1", PolicyDocument::full_access());
    assert_eq!(verdict(&reading(Era::Y2017), &own, None, Some(&full)), Verdict::Allow);
    assert_eq!(verdict(&reading(Era::Y2017), &[], None, Some(&full)), Verdict::ImplicitDeny, "it replaces no other");
}

#[test]
fn the_owner_of_a_bucket_cannot_lock_itself_out_of_its_policy() {
    let locked = bucket(
        r#"{"Principal": "*", "Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}"#,
    );
    let asks = |principal: Principal, action: &str| {
        let request = RequestContext::new(Era::Y2017, principal, action, "arn:aws:s3:::b", &ours());
        let all = [identity(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#)];
        verdict(&request, &all, Some(&locked), None)
    };
    assert_eq!(asks(Principal::root(&ours()), "s3:DeleteBucketPolicy"), Verdict::Allow);
    assert_eq!(asks(Principal::root(&ours()), "s3:ListBucket"), Verdict::ExplicitDeny);
    assert_eq!(asks(alice(), "s3:DeleteBucketPolicy"), Verdict::ExplicitDeny);
}

#[test]
fn endpoint_calls_are_granted_whole_or_not_at_all_in_the_documents_time() {
    let one = "arn:aws:ec2:us-west-2:111122223333:vpc-endpoint/vpce-1a2b3c4d".to_owned();
    let call = |era: Era, action: &str, resource: &str, named: &[String]| {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "ec2:*", "Resource": "{resource}"}}"#);
        let policies = [Attached::user("alice", "p", document(DocumentKind::Identity, era, &versioned(&statement)))];
        ec2::authorize(&RequestContext::new(era, alice(), action, "*", &ours()), named, &policies).verdict
    };
    let named = [one.clone()];
    for (era, action, resource, expected) in [
        (Era::Y2017, "ec2:ModifyVpcEndpoint", "*", Verdict::Allow),
        (Era::Y2017, "ec2:ModifyVpcEndpoint", one.as_str(), Verdict::ImplicitDeny),
        (Era::Y2017, "ec2:DeleteVpcEndpoints", "arn:aws:ec2:*:*:vpc-endpoint/*", Verdict::ImplicitDeny),
        (Era::Y2017, "ec2:DescribePrefixLists", one.as_str(), Verdict::ImplicitDeny),
        (Era::Y2017, "ec2:DescribePrefixLists", "*", Verdict::Allow),
        (Era::Y2017, "ec2:DescribeVpcEndpoints", one.as_str(), Verdict::ImplicitDeny),
        (Era::Y2017, "ec2:DeleteRoute", one.as_str(), Verdict::Allow),
        (Era::Current, "ec2:ModifyVpcEndpoint", one.as_str(), Verdict::Allow),
        (Era::Current, "ec2:DescribeVpcEndpoints", one.as_str(), Verdict::ImplicitDeny),
    ] {
        assert_eq!(call(era, action, resource, &named), expected, "{action} on {resource} in era {era}");
    }
    let two = [one.clone(), one.replace("1a2b", "9999")];
    assert_eq!(call(Era::Current, "ec2:DeleteVpcEndpoints", &one, &two), Verdict::ImplicitDeny, "each must be allowed");
    let request = RequestContext::new(Era::Y2017, alice(), "ec2:CreateVpcEndpoint", "*", &ours());
    assert_eq!(ec2::authorize(&request, &[], &[]).verdict, Verdict::ImplicitDeny, "users may not by default");
    let root = RequestContext::new(Era::Y2017, Principal::root(&ours()), "ec2:CreateVpcEndpoint", "*", &ours());
    assert_eq!(ec2::authorize(&root, &[], &[]).verdict, Verdict::Allow);
}

#[test]
fn every_blocker_is_listed_and_removing_all_of_them_allows() {
    let deny = to(r#""*""#, DENY);
    let silent = to(r#""*""#, &ALLOW.replace("b/*", "other/*"));
    let identities = [identity(&format!("{}, {DENY}", ALLOW.replace("Get", "Put")))];
    let (bucket, endpoint) = (bucket(&format!("{deny}, {deny}")), endpoint(&silent));
    let request = through_endpoint(reading(Era::Y2017));
    let policies = PolicySet { identity: &identities, resource: Some(&bucket), endpoint: Some(&endpoint) };
    let decision = evaluate(&request, &policies);
    let layers: Vec<_> = decision.blockers.iter().map(|b| (b.denied_by.is_some(), b.layers.clone())).collect();
    assert_eq!(
        layers,
        [
            (true, vec![Layer::Identity]),
            (true, vec![Layer::Resource]),
            (true, vec![Layer::Resource]),
            (false, vec![Layer::Identity, Layer::Resource]),
            (false, vec![Layer::Endpoint]),
        ]
    );
    assert_eq!(decision.decided_by.len(), 3);
}

proptest! {
    /// Monotony: one more allowing statement never takes away, one more denying statement never gives.
    #[test]
    fn allowing_never_takes_and_denying_never_gives(
        base in proptest::collection::vec((any::<bool>(), 0..4usize, 0..4usize), 0..5),
        more in (0..4usize, 0..4usize),
    ) {
        let actions = ["*", "s3:Get*", "s3:PutObject", "ec2:*"];
        let resources = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k?y", "arn:aws:s3:::other"];
        let statement = |(allow, action, resource): &(bool, usize, usize)| {
            let effect = if *allow { "Allow" } else { "Deny" };
            format!(r#"{{"Effect": "{effect}", "Action": "{}", "Resource": "{}"}}"#, actions[*action], resources[*resource])
        };
        let judge = |statements: &[(bool, usize, usize)]| {
            let texts: Vec<_> = statements.iter().map(statement).collect();
            let policies: Vec<_> = texts.iter().map(|text| identity(text)).collect();
            let separate = verdict(&reading(Era::Y2017), &policies, None, None);
            let together = [identity(&(texts.join(",") + if texts.is_empty() { "" } else { "," }
                + r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#))];
            assert_eq!(verdict(&reading(Era::Y2017), &together, None, None), separate, "one document or many");
            separate
        };
        let before = judge(&base);
        let with = |allow: bool| judge(&[base.as_slice(), &[(allow, more.0, more.1)]].concat());
        prop_assert!(before != Verdict::Allow || with(true) == Verdict::Allow);
        prop_assert!(before == Verdict::Allow || with(false) != Verdict::Allow);
    }
}
