//! Operators and keys of facts.md 8.3 and 8.4: what matches, what does not, and what an absent key means.

use time::macros::datetime;

use super::*;

/// The context of one condition test.
fn request(pairs: &[(&str, KeyValue)]) -> RequestContext {
    let mut request = reading(Era::Current);
    for (key, value) in pairs {
        request.set(ConditionKey::parse(key), value.clone());
    }
    request
}

/// Whether a statement with this condition allows this request.
#[track_caller]
fn holds(condition: &str, request: &RequestContext) -> bool {
    let statement = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition}}}"#);
    let (document, problems) =
        PolicyDocument::parse(&Source::new("<test>", versioned(&statement)), DocumentKind::Identity, Era::Current);
    let document = document.unwrap_or_else(|| panic!("{condition}: {problems:?}"));
    let policies = [Attached::user("alice", "p", document)];
    evaluate(request, &PolicySet { identity: &policies, ..PolicySet::default() }).is_allowed()
}

fn text(text: &str) -> KeyValue {
    KeyValue::from(text)
}

fn texts(all: &[&str]) -> KeyValue {
    KeyValue::List(all.iter().map(|text| (*text).to_owned()).collect())
}

/// The value makes the first operator hold and its negation fail, the other value the reverse.
#[track_caller]
fn check(operator: &str, negation: Option<&str>, policy: &str, matching: KeyValue, other: KeyValue) {
    for (value, expected) in [(matching, true), (other, false)] {
        let request = request(&[("test:key", value.clone())]);
        let condition = |operator: &str| format!(r#"{{"{operator}": {{"test:key": {policy}}}}}"#);
        assert_eq!(holds(&condition(operator), &request), expected, "{operator} {policy} on {value:?}");
        assert_eq!(holds(&condition(&format!("{operator}IfExists")), &request), expected, "{operator}IfExists");
        if let Some(negation) = negation {
            assert_eq!(holds(&condition(negation), &request), !expected, "{negation} {policy} on {value:?}");
        }
    }
}

#[test]
fn strings_compare_exactly_by_case_or_by_wildcards() {
    check("StringEquals", Some("StringNotEquals"), r#""Ab*""#, text("Ab*"), text("ab*"));
    check("StringEquals", Some("StringNotEquals"), r#"["a", "b"]"#, text("b"), text("c"));
    check("StringEqualsIgnoreCase", Some("StringNotEqualsIgnoreCase"), r#""ÄB""#, text("äb"), text("a"));
    check("StringLike", Some("StringNotLike"), r#"["x", "home/*/?"]"#, text("home/a/b/c"), text("home/a"));
}

#[test]
fn numbers_compare_by_value() {
    let (five, six) = (KeyValue::Number(5), KeyValue::Number(6));
    check("NumericEquals", Some("NumericNotEquals"), r#""5.0""#, five.clone(), six.clone());
    check("NumericEquals", Some("NumericNotEquals"), "5", text("5"), text("five"));
    check("NumericLessThan", None, "6", five.clone(), six.clone());
    check("NumericLessThanEquals", None, "5", five.clone(), six.clone());
    check("NumericGreaterThan", None, "5", six.clone(), five.clone());
    check("NumericGreaterThanEquals", None, "6", six, five);
}

#[test]
fn dates_compare_as_instants_in_any_notation() {
    let (before, after) = (datetime!(2017-06-01 11:59:59 UTC), datetime!(2017-06-01 12:00:01 UTC));
    let (before, after) = (KeyValue::Time(before), KeyValue::Time(after));
    let noon = r#""2017-06-01T12:00:00Z""#;
    check("DateLessThan", None, noon, before.clone(), after.clone());
    check("DateLessThanEquals", None, r#""2017-06-01T14:00:00+02:00""#, before.clone(), after.clone());
    check("DateGreaterThan", None, "1496318400", after.clone(), before.clone());
    check("DateGreaterThanEquals", None, r#""2017-06-01T12:00Z""#, after, before);
    let midnight = KeyValue::Time(datetime!(2017-06-01 00:00 UTC));
    check("DateEquals", Some("DateNotEquals"), r#""2017-06-01""#, midnight, KeyValue::Number(1));
}

#[test]
fn the_time_of_a_request_has_two_keys() {
    let request = reading(Era::Y2017).at(datetime!(2017-06-01 12:00 UTC));
    for (condition, expected) in [
        (r#"{"DateGreaterThan": {"aws:CurrentTime": "2017-06-01T11:00:00Z"}}"#, true),
        (r#"{"DateLessThan": {"aws:CurrentTime": "2017-06-01T11:00:00Z"}}"#, false),
        (r#"{"NumericGreaterThan": {"aws:EpochTime": "1496318399"}}"#, true),
        (r#"{"DateGreaterThan": {"aws:EpochTime": "1496318400"}}"#, false),
        (r#"{"StringEquals": {"aws:CurrentTime": "2017-06-01T12:00:00Z"}}"#, true),
    ] {
        assert_eq!(holds(condition, &request), expected, "{condition}");
    }
}

#[test]
fn addresses_truths_bytes_and_arns_have_their_own_operators() {
    let address = |text: &str| KeyValue::Address(text.parse().expect("an address"));
    let networks = r#"["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]"#;
    check("IpAddress", Some("NotIpAddress"), networks, address("203.0.113.9"), address("203.0.114.9"));
    check("IpAddress", Some("NotIpAddress"), networks, address("2001:db8::1"), address("2001:db9::1"));
    check("IpAddress", Some("NotIpAddress"), networks, text("198.51.100.7"), text("no address"));
    check("IpAddress", Some("NotIpAddress"), r#""203.0.113.77/24""#, address("203.0.113.9"), address("0.0.0.0"));
    check("Bool", None, r#""true""#, KeyValue::Truth(true), KeyValue::Truth(false));
    check("Bool", None, "false", text("False"), text("maybe"));
    check("BinaryEquals", None, r#""aGk=""#, text("aGk="), text("aGo="));
    let arn = r#""arn:aws:s3:*:111122223333:b?cket""#;
    let (fits, not) = (text("arn:aws:s3:eu:111122223333:bucket"), text("arn:aws:s3:a:b:111122223333:bucket"));
    for (operator, negation) in [("ArnEquals", "ArnNotEquals"), ("ArnLike", "ArnNotLike")] {
        check(operator, Some(negation), arn, fits.clone(), not.clone());
    }
}

#[test]
fn an_absent_key_fails_positive_operators_and_meets_negated_ones() {
    let nothing = request(&[]);
    for (condition, expected) in [
        (r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#, false),
        (r#"{"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}"#, true),
        (r#"{"StringLike": {"aws:SourceVpce": "*"}}"#, false),
        (r#"{"StringNotLike": {"aws:SourceVpce": "*"}}"#, true),
        (r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#, false),
        (r#"{"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}"#, true),
        (r#"{"NumericLessThan": {"s3:max-keys": "10"}}"#, false),
        (r#"{"NumericNotEquals": {"s3:max-keys": "10"}}"#, true),
        (r#"{"DateLessThan": {"aws:TokenIssueTime": "2099-01-01"}}"#, false),
        (r#"{"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#, false),
        (r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}"#, true),
        (r#"{"ArnNotLike": {"aws:SourceArn": "*"}}"#, true),
        (r#"{"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}"#, true),
        (r#"{"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}"#, true),
        (r#"{"Null": {"aws:SourceVpce": "true"}}"#, true),
        (r#"{"Null": {"aws:SourceVpce": false}}"#, false),
        (r#"{"Null": {"aws:username": "false"}}"#, true),
        (r#"{"Null": {"aws:username": true}}"#, false),
        (r#"{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}"#, false),
        (r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}"#, false),
        (r#"{"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}"#, true),
    ] {
        assert_eq!(holds(condition, &nothing), expected, "{condition}");
    }
}

#[test]
fn several_values_are_taken_together_by_their_qualifier() {
    for (values, condition, expected) in [
        (&["a", "b"][..], r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}"#, true),
        (&["a", "z"], r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}"#, false),
        (&["a", "z"], r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#, true),
        (&["y", "z"], r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#, false),
        (&["y", "z"], r#"{"ForAllValues:StringNotLike": {"aws:TagKeys": ["a*"]}}"#, true),
        (&["y", "ab"], r#"{"ForAllValues:StringNotLike": {"aws:TagKeys": ["a*"]}}"#, false),
        (&["y", "ab"], r#"{"ForAnyValue:StringNotLike": {"aws:TagKeys": ["a*"]}}"#, true),
        (&[], r#"{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}"#, true),
        (&[], r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}"#, false),
        (&[], r#"{"Null": {"aws:TagKeys": "true"}}"#, true),
    ] {
        assert_eq!(holds(condition, &request(&[("aws:TagKeys", texts(values))])), expected, "{condition} {values:?}");
    }
}

#[test]
fn all_operators_and_all_keys_must_hold_and_one_value_is_enough() {
    let request = request(&[("a:x", text("1")), ("a:y", text("2"))]);
    assert!(holds(r#"{"StringEquals": {"a:x": ["0", "1"], "a:y": "2"}, "StringLike": {"a:x": "?"}}"#, &request));
    assert!(!holds(r#"{"StringEquals": {"a:x": ["0", "1"], "a:y": "3"}}"#, &request));
    assert!(!holds(r#"{"StringEquals": {"a:x": "1"}, "StringLike": {"a:x": "2*"}}"#, &request));
    assert!(!holds(r#"{"StringNotEquals": {"a:x": ["0", "1"]}}"#, &request), "no value may match");
}

#[test]
fn variables_stand_for_values_of_the_request_and_never_for_wildcards() {
    let star = RequestContext::new(Era::Y2017, Principal::user(&ours(), "a*"), "s3:GetObject", "*", &ours());
    let condition = r#"{"StringLike": {"test:key": "home/${aws:username}/*"}}"#;
    let with = |request: RequestContext, value: &str| request.with(ConditionKey::parse("test:key"), text(value));
    assert!(holds(condition, &with(reading(Era::Y2017), "home/alice/x")));
    assert!(!holds(condition, &with(reading(Era::Y2017), "home/bob/x")));
    assert!(holds(condition, &with(star.clone(), "home/a*/x")));
    assert!(!holds(condition, &with(star, "home/abc/x")));
    let session =
        RequestContext::new(Era::Y2017, Principal::session(&ours(), "app", "i-1"), "s3:GetObject", "*", &ours());
    assert!(!holds(r#"{"StringLike": {"test:key": "${aws:username}*"}}"#, &with(session.clone(), "anything")));
    assert!(holds(r#"{"StringEquals": {"test:key": "${aws:username, 'no one'}"}}"#, &with(session, "no one")));
    assert!(holds(r#"{"StringLike": {"test:key": "${*}${?}${$}*"}}"#, &with(reading(Era::Y2017), "*?$!")));
}
