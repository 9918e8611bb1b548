//! Requests over byte queues to a whole front end: what a client of S3 sees, byte by byte where it matters.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use proptest::prelude::*;
use time::OffsetDateTime;

use super::*;
use crate::base::{AccountId, Calendar, Era, RegionName, SimTime};
use crate::policy::{Attached, DocumentKind, PolicyDocument, Principal};
use crate::service::s3::answer::{element_of, unescape};
use crate::service::s3::{Content, FrontSettings, Object, ObjectStore};
use crate::service::spec::Credentials;
use crate::service::testing::{Computer, End, Outside, World, pair};
use crate::service::{
    Access, HttpConnection, SendBody, SigningScope, Through, Totals, credentials_of, presign, sign_headers,
};

const CALENDAR: Calendar = Calendar::ERA_2017;
const HOST: &str = "data.s3-us-west-2.amazonaws.com";

fn region(name: &str) -> RegionName {
    RegionName::parse(name).expect(name)
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect(id)
}

/// S3 in us-west-2 with a bucket here and one elsewhere.
struct Rig {
    world: Rc<World>,
    front: Rc<S3Front>,
    access: Arc<Access>,
    peer: RefCell<Peer>,
}

impl Rig {
    fn new() -> Self {
        Self::with(Access::open(Era::Y2017, account("111122223333")), FrontSettings::default())
    }

    fn closed() -> Self {
        Self::with(Access::new(Era::Y2017, account("111122223333")), FrontSettings::default())
    }

    fn with(access: Access, settings: FrontSettings) -> Self {
        let store = Arc::new(ObjectStore::new());
        for (bucket, place) in [("data", "us-west-2"), ("far", "eu-west-1")] {
            let owner = account("111122223333");
            store.create_bucket(bucket, &region(place), &owner, SimTime::ZERO).expect("a new bucket");
        }
        let access = Arc::new(access);
        let front = S3Front::new(region("us-west-2"), CALENDAR, settings, store, access.clone(), 7);
        let peer = Peer {
            connection: None,
            source: "198.51.100.7:40000".parse().expect("an address"),
            through: None,
            port: 443,
        };
        Self { world: World::new(), front: Rc::new(front), access, peer: RefCell::new(peer) }
    }

    fn through(self, endpoint: &str) -> Self {
        {
            let mut peer = self.peer.borrow_mut();
            peer.source = "10.0.1.5:40000".parse().expect("an address");
            peer.through = Some(Through { endpoint: endpoint.to_owned(), vpc: "vpc-1".to_owned() });
        }
        self
    }

    fn put(&self, bucket: &str, key: &str, content: Content) {
        self.front.store().put(bucket, key, Object::new(content, SimTime::ZERO)).expect("a bucket");
    }

    /// A connection whose other end S3 serves.
    fn open(&self) -> End {
        let (client, server) = pair();
        let (front, peer, world) = (self.front.clone(), self.peer.borrow().clone(), self.world.clone());
        self.world.spawn(async move {
            let _ = serve(server, &front, peer, Rc::new(Outside(world))).await;
        });
        client
    }

    fn computer(&self) -> Computer {
        Computer::new(&self.world, |_: SocketAddr| Err(crate::host::NetError::TimedOut))
    }

    /// One request over a connection of its own.
    #[track_caller]
    fn ask(&self, request: Request<SendBody>) -> Answer {
        let stream = self.open();
        let computer = self.computer();
        let answer = self.world.run(async move {
            let totals = Rc::new(Totals::default());
            let mut connection = HttpConnection::over(&computer, stream, &totals, None).await.expect("a connection");
            exchange(&mut connection, request).await
        });
        answer.expect("an answer")
    }

    #[track_caller]
    fn get(&self, host: &str, path: &str) -> Answer {
        self.ask(request("GET", host, path))
    }
}

async fn exchange(connection: &mut HttpConnection<Computer>, request: Request<SendBody>) -> Answer {
    let response: Response<Incoming> = connection.send(request).await.expect("a response");
    let (head, mut body) = response.into_parts();
    let body = connection.whole(&mut body).await.expect("a body");
    Answer { head, body }
}

struct Answer {
    head: http::response::Parts,
    body: Bytes,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    fn header(&self, name: &str) -> &str {
        self.head.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("text")
    }

    fn element(&self, name: &str) -> String {
        element_of(&self.text(), name).map(unescape).unwrap_or_default()
    }

    fn error(&self) -> (u16, String) {
        (self.status(), self.element("Code"))
    }
}

fn request(method: &str, host: &str, path: &str) -> Request<SendBody> {
    Request::builder().method(method).uri(path).header("host", host).body(SendBody::empty()).expect("a request")
}

fn with_body(method: &str, path: &str, content: &Content) -> Request<SendBody> {
    let mut request = request(method, HOST, path);
    *request.body_mut() = SendBody::of(content);
    request
}

fn scope(at: OffsetDateTime) -> SigningScope<'static> {
    SigningScope { service: "s3", region: "us-west-2", date: at }
}

fn start() -> OffsetDateTime {
    CALENDAR.date(SimTime::ZERO)
}

fn policy(kind: DocumentKind, text: &str) -> PolicyDocument {
    let (document, problems) = PolicyDocument::parse_bytes("policy", text.as_bytes(), kind, Era::Y2017);
    document.unwrap_or_else(|| panic!("{problems:?}"))
}

#[test]
fn an_object_comes_back_whole_and_in_ranges_by_every_name() {
    let rig = Rig::new();
    let content = Content::generated(5, 300_000);
    rig.put("data", "a/b c", content.clone());
    for (host, path) in [
        (HOST, "/a/b%20c"),
        ("data.s3.us-west-2.amazonaws.com", "/a/b%20c"),
        ("data.s3.dualstack.us-west-2.amazonaws.com:443", "/a/b%20c"),
        ("s3-us-west-2.amazonaws.com", "/data/a/b%20c"),
        ("52.218.0.1", "/data/a/b%20c"),
    ] {
        let answer = rig.get(host, path);
        assert_eq!(answer.status(), 200, "{host}{path}: {}", answer.text());
        assert_eq!(answer.body, content.to_bytes());
        assert_eq!(answer.header("etag"), format!("\"{}\"", content.etag()));
        assert_eq!(answer.header("server"), "AmazonS3");
        assert_eq!(answer.header("date"), "Thu, 01 Jun 2017 00:00:00 GMT");
    }
    let mut part = request("GET", HOST, "/a/b%20c");
    part.headers_mut().insert("range", "bytes=70000-170000".parse().expect("a header"));
    let answer = rig.ask(part);
    assert_eq!((answer.status(), answer.header("content-range")), (206, "bytes 70000-170000/300000"));
    assert_eq!(answer.body, content.slice(70_000..170_001).to_bytes());
    let mut beyond = request("GET", HOST, "/a/b%20c");
    beyond.headers_mut().insert("range", "bytes=300000-".parse().expect("a header"));
    assert_eq!(rig.ask(beyond).error(), (416, "InvalidRange".to_owned()));
}

#[test]
fn what_is_put_comes_back_and_is_logged() {
    let rig = Rig::new().through("vpce-1");
    let content = Content::generated(6, 1 << 20);
    let put = rig.ask(with_body("PUT", "/up", &content));
    assert_eq!((put.status(), put.header("etag")), (200, format!("\"{}\"", content.etag()).as_str()));
    assert_eq!(rig.get(HOST, "/up").body, content.to_bytes());
    rig.world.settle();
    let notes = rig.world.notes();
    let lines: Vec<_> =
        notes.iter().map(|n| (n.operation.as_str(), n.status, n.bytes_received, n.bytes_sent)).collect();
    assert_eq!(lines, [("REST.PUT.OBJECT", 200, 1 << 20, 0), ("REST.GET.OBJECT", 200, 0, 1 << 20)]);
    assert_eq!((notes[0].bucket.as_str(), notes[0].key.as_str()), ("data", "up"));
    assert_eq!(notes[0].source.to_string(), "10.0.1.5");
    assert_eq!(notes[0].endpoint.as_deref(), Some("vpce-1"));
}

#[test]
fn an_upload_in_parts_becomes_one_object() {
    let rig = Rig::new();
    let content = Content::generated(8, 11 << 20);
    let created = rig.ask(with_body("POST", "/big?uploads", &Content::from_bytes("")));
    let id = created.element("UploadId");
    assert_eq!(created.status(), 200, "{}", created.text());
    let mut list = String::from("<CompleteMultipartUpload>");
    for (number, range) in [(1u32, 0..5 << 20), (2, 5 << 20..11 << 20)] {
        let path = format!("/big?partNumber={number}&uploadId={id}");
        let part = rig.ask(with_body("PUT", &path, &content.slice(range)));
        assert_eq!(part.status(), 200, "{}", part.text());
        let etag = part.header("etag");
        list.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    }
    list.push_str("</CompleteMultipartUpload>");
    let listed = rig.get(HOST, &format!("/big?uploadId={id}"));
    assert_eq!(listed.text().matches("<Part>").count(), 2);
    assert_eq!(rig.get(HOST, "/?uploads").element("UploadId"), id);
    let done = rig.ask(with_body("POST", &format!("/big?uploadId={id}"), &Content::from_bytes(list)));
    assert_eq!(done.status(), 200, "{}", done.text());
    assert!(done.element("ETag").contains("-2"), "{}", done.text());
    let got = rig.get(HOST, "/big");
    assert!(content.matches_at(0, &got.body) && got.body.len() == 11 << 20);
    assert_eq!(rig.get(HOST, "/?uploads").element("UploadId"), "");
}

#[test]
fn lists_are_paged_and_folded() {
    let rig = Rig::new();
    for key in ["a", "logs/1", "logs/2", "z & <x>"] {
        rig.put("data", key, Content::from_bytes("v"));
    }
    let all = rig.get(HOST, "/?list-type=2&delimiter=%2F&encoding-type=url");
    assert_eq!(all.element("KeyCount"), "3");
    assert!(all.text().contains("<Prefix>logs/</Prefix>"), "{}", all.text());
    assert!(all.text().contains("<Key>z%20%26%20%3Cx%3E</Key>"), "{}", all.text());
    let first = rig.get(HOST, "/?list-type=2&max-keys=2");
    assert_eq!(first.element("IsTruncated"), "true");
    let token = first.element("NextContinuationToken");
    let rest = rig.get(HOST, &format!("/?list-type=2&continuation-token={token}"));
    assert_eq!((rest.element("KeyCount").as_str(), rest.element("IsTruncated").as_str()), ("2", "false"));
    assert!(rest.text().contains("<Key>z &amp; &lt;x&gt;</Key>"), "{}", rest.text());
    let old = rig.get("s3-us-west-2.amazonaws.com", "/data?prefix=logs/");
    assert_eq!(old.text().matches("<Contents>").count(), 2);
}

#[test]
fn errors_have_s3s_words_and_ids() {
    let rig = Rig::new();
    let missing = rig.get(HOST, "/nothing");
    assert_eq!(missing.error(), (404, "NoSuchKey".to_owned()));
    assert_eq!(missing.element("Message"), "The specified key does not exist.");
    assert_eq!(missing.element("Key"), "nothing");
    assert_eq!(missing.element("RequestId"), missing.header("x-amz-request-id"));
    assert_eq!(missing.element("HostId"), missing.header("x-amz-id-2"));
    assert_eq!((missing.header("x-amz-request-id").len(), missing.header("x-amz-id-2").len()), (16, 76));
    let no_bucket = rig.get("nowhere.s3-us-west-2.amazonaws.com", "/k");
    assert_eq!(no_bucket.error(), (404, "NoSuchBucket".to_owned()));
    assert_eq!(no_bucket.element("Message"), "The specified bucket does not exist");
    let head = rig.ask(request("HEAD", HOST, "/nothing"));
    assert_eq!((head.status(), head.body.len()), (404, 0));
    assert_eq!(rig.ask(request("PUT", "far.example.com", "/")).status(), 400);
}

#[test]
fn a_bucket_of_another_region_is_told_where_it_lies() {
    let rig = Rig::new().through("vpce-1");
    let dash = rig.get("far.s3-us-west-2.amazonaws.com", "/k");
    assert_eq!(dash.error(), (301, "PermanentRedirect".to_owned()));
    assert_eq!(dash.element("Endpoint"), "far.s3-eu-west-1.amazonaws.com");
    assert_eq!((dash.header("x-amz-bucket-region"), dash.header("location")), ("eu-west-1", ""));
    assert_eq!(rig.get("s3-us-west-2.amazonaws.com", "/far/k").status(), 301);
    let global = rig.get("far.s3.amazonaws.com", "/k?x=1");
    assert_eq!(global.error(), (307, "TemporaryRedirect".to_owned()));
    assert_eq!(global.header("location"), "https://far.s3-eu-west-1.amazonaws.com/k?x=1");
    let location = rig.get("s3-us-west-2.amazonaws.com", "/far?location");
    assert_eq!(location.status(), 200);
    assert!(location.text().contains(">eu-west-1</LocationConstraint>"), "{}", location.text());
}

#[test]
fn a_copy_across_regions_works_from_outside_and_not_through_an_endpoint() {
    let copy = || {
        let mut copy = request("PUT", HOST, "/copy");
        copy.headers_mut().insert("x-amz-copy-source", "/far/k".parse().expect("a header"));
        copy
    };
    let outside = Rig::new();
    outside.put("far", "k", Content::from_bytes("v"));
    assert_eq!(outside.ask(copy()).status(), 200);
    assert_eq!(outside.get(HOST, "/copy").text(), "v");
    let inside = Rig::new().through("vpce-1");
    inside.put("far", "k", Content::from_bytes("v"));
    let refused = inside.ask(copy());
    assert_eq!(refused.error(), (403, "AccessDenied".to_owned()));
    assert_eq!(refused.element("Message"), "VPC endpoints do not support cross-region requests");
    assert_eq!(inside.get(HOST, "/copy").status(), 404);
}

#[test]
fn conditions_decide_between_200_304_and_412() {
    let rig = Rig::new();
    let content = Content::from_bytes("v");
    rig.put("data", "k", content.clone());
    let tag = format!("\"{}\"", content.etag());
    for (name, value, status) in [
        ("if-match", tag.as_str(), 200),
        ("if-match", "\"other\"", 412),
        ("if-none-match", tag.as_str(), 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", "Thu, 01 Jun 2017 00:00:00 GMT", 304),
        ("if-unmodified-since", "Wed, 31 May 2017 00:00:00 GMT", 412),
    ] {
        let mut asked = request("GET", HOST, "/k");
        asked.headers_mut().insert(name, value.parse().expect("a header"));
        assert_eq!(rig.ask(asked).status(), status, "{name}: {value}");
    }
}

fn key_holder(rig: &Rig, name: &str, policies: Vec<Attached>) -> Credentials {
    let key = credentials_of(name);
    rig.access.add_key(&key, Principal::user(&account("111122223333"), name), policies);
    key
}

#[test]
fn signed_requests_are_judged_and_unsigned_ones_are_nobodys() {
    let rig = Rig::closed();
    rig.put("data", "k", Content::from_bytes("v"));
    let allow = policy(
        DocumentKind::Identity,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}]}"#,
    );
    let alice = key_holder(&rig, "alice", vec![Attached::user("alice", "read", allow)]);
    let bob = key_holder(&rig, "bob", vec![]);
    assert_eq!(rig.get(HOST, "/k").error(), (403, "AccessDenied".to_owned()));
    let signed = |key: &Credentials, path: &str| {
        let mut request = request("GET", HOST, path);
        sign_headers(&mut request, None, key, scope(start())).expect("signable");
        request
    };
    assert_eq!(rig.ask(signed(&alice, "/k")).text(), "v");
    assert_eq!(rig.ask(signed(&bob, "/k")).error(), (403, "AccessDenied".to_owned()));
    // Who may not list does not learn that a key is missing.
    assert_eq!(rig.ask(signed(&alice, "/missing")).error(), (403, "AccessDenied".to_owned()));
    let stranger = credentials_of("stranger");
    assert_eq!(rig.ask(signed(&stranger, "/k")).error(), (403, "InvalidAccessKeyId".to_owned()));
    let forged = Credentials { secret: bob.secret.clone(), ..alice.clone() };
    assert_eq!(rig.ask(signed(&forged, "/k")).error(), (403, "SignatureDoesNotMatch".to_owned()));
    rig.world.settle();
    let notes = rig.world.notes();
    assert_eq!(notes[1].requester, "arn:aws:iam::111122223333:user/alice");
    assert!(notes[2].because.contains("s3:GetObject"), "{}", notes[2].because);
}

#[test]
fn signatures_of_another_time_or_region_are_refused() {
    let rig = Rig::closed();
    let alice = key_holder(&rig, "alice", vec![]);
    let signed = |scope| {
        let mut request = request("GET", HOST, "/k");
        sign_headers(&mut request, None, &alice, scope).expect("signable");
        request
    };
    let late = rig.ask(signed(scope(start() + Duration::from_secs(901))));
    assert_eq!(late.error(), (403, "RequestTimeTooSkewed".to_owned()));
    let elsewhere = rig.ask(signed(SigningScope { region: "us-east-1", ..scope(start()) }));
    assert_eq!(elsewhere.error(), (400, "AuthorizationHeaderMalformed".to_owned()));
    let message = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'us-west-2'";
    assert_eq!(elsewhere.element("Message"), message);
    assert_eq!((elsewhere.element("Region").as_str(), elsewhere.header("connection")), ("us-west-2", "close"));
}

#[test]
fn a_body_that_is_not_the_one_that_was_signed_is_refused_as_such() {
    let rig = Rig::closed();
    let allow = policy(
        DocumentKind::Identity,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/*"}]}"#,
    );
    let alice = key_holder(&rig, "alice", vec![Attached::user("alice", "all", allow)]);
    for (signed, status) in [(&b"right"[..], 200), (b"wrong", 400)] {
        let mut request = with_body("PUT", "/k", &Content::from_bytes("right"));
        sign_headers(&mut request, Some(signed), &alice, scope(start())).expect("signable");
        let answer = rig.ask(request);
        assert_eq!(answer.status(), status, "{}", answer.text());
        if status == 400 {
            assert_eq!(answer.error().1, "XAmzContentSHA256Mismatch");
        }
    }
}

#[test]
fn a_presigned_url_works_until_it_expires_in_virtual_time() {
    let rig = Rig::closed();
    rig.put("data", "k", Content::from_bytes("v"));
    let all = policy(
        DocumentKind::Identity,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
    );
    let alice = key_holder(&rig, "alice", vec![Attached::user("alice", "all", all)]);
    let link = || {
        let mut request = request("GET", HOST, "/k");
        presign(&mut request, &alice, scope(start()), Duration::from_secs(60)).expect("signable");
        request
    };
    assert_eq!(rig.ask(link()).text(), "v");
    let world = rig.world.clone();
    rig.world.run(async move { Outside(world).wait(Duration::from_secs(61)).await });
    let late = rig.ask(link());
    assert_eq!((late.status(), late.element("Message").as_str()), (403, "Request has expired"));
}

#[test]
fn endpoint_and_bucket_policies_decide_by_the_way_a_request_came() {
    let only_endpoint = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Only","Effect":"Deny","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"],"Condition":{"StringNotEquals":{"aws:sourceVpce":"vpce-1"}}}]}"#;
    for (endpoint, status) in [(Some("vpce-1"), 200), (Some("vpce-2"), 403), (None, 403)] {
        let rig = Rig::new();
        let rig = endpoint.map_or_else(Rig::new, |endpoint| rig.through(endpoint));
        rig.put("data", "k", Content::from_bytes("v"));
        let bucket = Attached::bucket("data", policy(DocumentKind::Bucket, only_endpoint));
        rig.front.store().set_policy("data", Some(bucket)).expect("a bucket");
        assert_eq!(rig.get(HOST, "/k").status(), status, "{endpoint:?}");
    }
    let rig = Rig::new().through("vpce-1");
    rig.put("data", "k", Content::from_bytes("v"));
    assert_eq!(rig.get(HOST, "/k").status(), 200);
    let nothing = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"*"}]}"#;
    rig.access.set_endpoint_policy("vpce-1", Attached::endpoint("vpce-1", policy(DocumentKind::Endpoint, nothing)));
    let denied = rig.get(HOST, "/k");
    assert_eq!(denied.error(), (403, "AccessDenied".to_owned()));
    assert_eq!(denied.element("Message"), "Access Denied");
    assert_eq!(rig.ask(with_body("PUT", "/k2", &Content::from_bytes("w"))).status(), 200);
}

#[test]
fn bucket_policies_are_put_read_and_refused_with_words() {
    let rig = Rig::new();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::data/*"}]}"#;
    assert_eq!(rig.get(HOST, "/?policy").error(), (404, "NoSuchBucketPolicy".to_owned()));
    assert_eq!(rig.ask(with_body("PUT", "/?policy", &Content::from_bytes("{"))).error().1, "MalformedPolicy");
    assert_eq!(rig.ask(with_body("PUT", "/?policy", &Content::from_bytes(text))).status(), 204);
    assert_eq!(rig.get(HOST, "/?policy").text(), text);
    rig.put("data", "k", Content::from_bytes("v"));
    assert_eq!(rig.ask(request("DELETE", HOST, "/k")).status(), 403);
    assert_eq!(rig.ask(request("DELETE", HOST, "/?policy")).status(), 204);
    assert_eq!(rig.ask(request("DELETE", HOST, "/k")).status(), 204);
}

#[test]
fn an_idle_connection_is_closed_and_one_in_use_is_not() {
    let rig = Rig::new();
    rig.put("data", "k", Content::from_bytes("v"));
    let (stream, computer) = (rig.open(), rig.computer());
    let open = rig.world.run(async move {
        let totals = Rc::new(Totals::default());
        let mut connection = HttpConnection::over(&computer, stream, &totals, None).await.expect("a connection");
        let mut open = Vec::new();
        for pause in [59, 59, 61] {
            exchange(&mut connection, request("GET", HOST, "/k")).await;
            connection.idle(Duration::from_secs(pause)).await;
            open.push(connection.is_open());
        }
        open
    });
    assert_eq!(open, Some(vec![true, true, false]));
}

#[test]
fn s3_thinks_as_long_as_it_is_set_to() {
    let rig = Rig::new();
    let mut object = Object::new(Content::from_bytes("v"), SimTime::ZERO);
    object.first_byte_delay = Duration::from_secs(400);
    rig.front.store().put("data", "slow", object).expect("a bucket");
    assert_eq!(rig.get(HOST, "/slow").text(), "v");
    assert_eq!(Outside(rig.world.clone()).now(), SimTime::from_secs(400));
}

#[test]
fn a_sender_that_falls_silent_is_told_so() {
    let rig = Rig::new();
    let mut client = rig.open();
    let text = format!("PUT /k HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100\r\n\r\nhalf");
    let answer = rig.world.run(async move { raw(&mut client, text.as_bytes()).await });
    let answer = answer.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("<Code>RequestTimeout</Code>"), "{answer}");
}

/// Sends bytes and reads until the other end closes.
async fn raw(client: &mut End, bytes: &[u8]) -> String {
    let mut rest = bytes;
    while !rest.is_empty() {
        match poll_fn(|cx| Pin::new(&mut *client).poll_write(cx, rest)).await {
            Ok(count) => rest = &rest[count..],
            Err(_) => break,
        }
    }
    let mut all = Vec::new();
    loop {
        let mut room = [0; 4_096];
        let mut buffer = hyper::rt::ReadBuf::new(&mut room);
        let read = poll_fn(|cx| Pin::new(&mut *client).poll_read(cx, buffer.unfilled())).await;
        if read.is_err() || buffer.filled().is_empty() {
            return String::from_utf8_lossy(&all).into_owned();
        }
        all.extend_from_slice(buffer.filled());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let once = || {
        let rig = Rig::new();
        rig.put("data", "k", Content::generated(1, 10_000));
        let mut client = rig.open();
        let text = format!("GET /k HTTP/1.1\r\nhost: {HOST}\r\n\r\nGET /none HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
        rig.world.run(async move { raw(&mut client, text.as_bytes()).await }).expect("answers")
    };
    let first = once();
    assert_eq!(first.matches("HTTP/1.1 ").count(), 2, "{first}");
    assert_eq!(first, once());
}

#[test]
fn a_hundred_thousand_requests_leave_nothing_behind() {
    // In a debug build a tenth of them shows the same.
    let count = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let rig = Rig::new();
    rig.put("data", "k", Content::from_bytes("v"));
    let (stream, computer) = (rig.open(), rig.computer());
    let world = rig.world.clone();
    let timers = rig.world.run(async move {
        let totals = Rc::new(Totals::default());
        let mut connection = HttpConnection::over(&computer, stream, &totals, None).await.expect("a connection");
        let mut most = 0;
        for _ in 0..count {
            assert_eq!(exchange(&mut connection, request("GET", HOST, "/k")).await.head.status, StatusCode::OK);
            most = most.max(world.notes().len());
            world.forget_notes();
        }
        most
    });
    assert_eq!(timers, Some(1), "one line of the log per request");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_the_front_end_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        method in "(GET|PUT|POST|HEAD|DELETE|OPTIONS)",
        path in "/[ -~]{0,40}",
        header in "(authorization: AWS4-HMAC-SHA256 |range: |x-amz-copy-source: |content-type: multipart/form-data; boundary=|x-amz-date: |if-match: |content-md5: )?[ -~]{0,40}",
        length in 0usize..20,
    ) {
        let rig = Rig::new();
        let mut client = rig.open();
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\n{header}\r\ncontent-length: {length}\r\n\r\n");
        text.push_str(&"x".repeat(length));
        let mut bytes = text.into_bytes();
        bytes.extend(noise);
        let answer = rig.world.run(async move { raw(&mut client, &bytes).await });
        prop_assert!(answer.is_some_and(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 ")));
    }
}
