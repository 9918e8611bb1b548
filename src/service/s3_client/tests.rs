//! Clients against a whole front end over byte queues that break where a test says so.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::run;
use crate::base::{AccountId, Calendar, Era, RegionName, SimTime};
use crate::host::NetError;
use crate::service::s3::{Content, FrontSettings, Object, ObjectStore, S3Front, serve};
use crate::service::spec::{Body, ByteRange, Repeat, Retry, S3Names, S3Operation, S3Spec, Signature, Target};
use crate::service::testing::{Computer, Outside, World, pair};
use crate::service::{Access, Peer};
use crate::trace::ProgramNote;

struct Rig {
    world: Rc<World>,
    store: Arc<ObjectStore>,
    computer: Computer,
    connections: Rc<Cell<u32>>,
}

/// Where the first connection breaks: after so many bytes from the client, or to it.
#[derive(Copy, Clone)]
enum Break {
    Never,
    Up(u64),
    Down(u64),
    NoAnswer,
}

impl Rig {
    fn new(breaks: Break) -> Self {
        let (world, store) = (World::new(), Arc::new(ObjectStore::new()));
        let owner = AccountId::parse("111122223333").expect("an account");
        let region = |name: &str| RegionName::parse(name).expect(name);
        for (bucket, place) in [("data", "us-west-2"), ("far", "eu-west-1")] {
            store.create_bucket(bucket, &region(place), &owner, SimTime::ZERO).expect("a new bucket");
        }
        let access = Arc::new(Access::open(Era::Y2017, owner));
        let calendar = Calendar::ERA_2017;
        let front = S3Front::new(region("us-west-2"), calendar, FrontSettings::default(), store.clone(), access, 7);
        let front = Rc::new(front);
        let connections = Rc::new(Cell::new(0));
        let (outside, made) = (world.clone(), connections.clone());
        let computer = Computer::new(&world, move |_| {
            made.set(made.get() + 1);
            if matches!(breaks, Break::NoAnswer) {
                return Err(NetError::TimedOut);
            }
            let (client, server) = pair();
            match breaks {
                Break::Up(bytes) if made.get() == 1 => client.break_after(bytes),
                Break::Down(bytes) if made.get() == 1 => server.break_after(bytes),
                _ => {}
            }
            let (front, world) = (front.clone(), outside.clone());
            outside.spawn(async move {
                let source = "198.51.100.7:40000".parse().expect("an address");
                let _ = serve(
                    server,
                    &front,
                    Peer { connection: None, source, through: None, port: 443 },
                    Rc::new(Outside(world)),
                )
                .await;
            });
            Ok(client)
        });
        Self { world, store, computer, connections }
    }

    fn put(&self, key: &str, content: Content) {
        self.store.put("data", key, Object::new(content, SimTime::ZERO)).expect("a bucket");
    }

    #[track_caller]
    fn run(&self, spec: S3Spec) -> Result<String, String> {
        self.expect(spec, None)
    }

    #[track_caller]
    fn expect(&self, spec: S3Spec, expected: Option<Content>) -> Result<String, String> {
        self.world.run(run(self.computer.clone(), Calendar::ERA_2017, spec, expected)).expect("an end");
        self.computer.end()
    }

    fn retries(&self) -> usize {
        self.computer.said().iter().filter(|(_, note)| matches!(note, ProgramNote::Retrying { .. })).count()
    }
}

fn spec(operation: S3Operation) -> S3Spec {
    S3Spec {
        local_port: None,
        operation,
        region: RegionName::parse("us-west-2").expect("a region"),
        names: S3Names::Dash,
        port: 443,
        endpoint: None,
        credentials: None,
        signature: Signature::Header,
        retry: Retry::NONE,
        repeat: Repeat::ONCE,
        read_timeout: None,
        connect_timeout: None,
    }
}

fn get(key: &str) -> S3Spec {
    spec(S3Operation::Get { bucket: "data".into(), key: key.into(), range: None })
}

fn put(bytes: u64, part_bytes: Option<u64>) -> S3Spec {
    let body = Body::Generated { bytes, seed: 4 };
    spec(S3Operation::Put { bucket: "data".into(), key: "up".into(), body, part_bytes })
}

const TWICE: Retry = Retry { attempts: 1, delay: Duration::from_secs(1), backoff: 2.0, resume: false };

#[test]
fn a_download_is_compared_byte_by_byte() {
    let rig = Rig::new(Break::Never);
    let content = Content::generated(4, 1 << 20);
    rig.put("k", content.clone());
    assert_eq!(rig.run(get("k")), Ok("1 MiB, every byte as its entity tag says".into()));
    assert_eq!(rig.expect(get("k"), Some(content)), Ok("1 MiB, every byte as it was put".into()));
    let other = Content::generated(5, 1 << 20);
    assert_eq!(rig.expect(get("k"), Some(other)), Err("1 MiB received are not the 1 MiB that were put".into()));
}

#[test]
fn a_client_that_retries_finishes_and_one_that_does_not_fails() {
    for breaks in [Break::Down(300_000), Break::Down(100), Break::Up(50)] {
        let rig = Rig::new(breaks);
        rig.put("k", Content::generated(4, 1 << 20));
        assert_eq!(rig.run(get("k")), Err("connection reset by peer".into()));
        let rig = Rig::new(breaks);
        rig.put("k", Content::generated(4, 1 << 20));
        assert_eq!(rig.run(S3Spec { retry: TWICE, ..get("k") }), Ok("1 MiB, every byte as its entity tag says".into()));
        assert_eq!((rig.retries(), rig.connections.get()), (1, 2));
    }
}

#[test]
fn a_download_that_resumes_asks_only_for_the_rest() {
    let rig = Rig::new(Break::Down(600_000));
    rig.put("k", Content::generated(4, 1 << 20));
    let retry = Retry { resume: true, ..TWICE };
    assert_eq!(rig.run(S3Spec { retry, ..get("k") }), Ok("1 MiB, every byte as its entity tag says".into()));
    rig.world.settle();
    let notes = rig.world.notes();
    assert_eq!(notes.iter().map(|note| note.status).collect::<Vec<_>>(), [200, 206]);
    assert!(notes[1].bytes_sent < 500_000, "{}", notes[1].bytes_sent);
}

#[test]
fn an_upload_that_breaks_is_sent_again_whole_or_by_its_part() {
    for (part, text) in [
        (None, "12 MiB stored, entity tag as computed here"),
        (Some(5 << 20), "12 MiB stored in 3 parts, entity tags as computed here"),
    ] {
        let rig = Rig::new(Break::Up(7 << 20));
        assert_eq!(rig.run(put(12 << 20, part)), Err("connection reset by peer".into()));
        assert!(rig.store.object("data", "up").is_err(), "nothing half is stored");
        assert!(rig.store.uploads("data").expect("a bucket").is_empty(), "no parts are left behind");
        let rig = Rig::new(Break::Up(7 << 20));
        assert_eq!(rig.run(S3Spec { retry: TWICE, ..put(12 << 20, part) }), Ok(text.into()));
        assert_eq!(rig.store.object("data", "up").expect("stored").content, Content::generated(4, 12 << 20));
    }
}

#[test]
fn what_a_program_sends_and_receives_is_said_as_it_passes() {
    let rig = Rig::new(Break::Never);
    rig.run(put(1 << 20, None)).expect("stored");
    let sent: Vec<u64> = rig
        .computer
        .said()
        .iter()
        .filter_map(|(_, note)| if let ProgramNote::Sent { total } = note { Some(*total) } else { None })
        .collect();
    assert!(sent.len() > 20 && sent.is_sorted(), "{sent:?}");
    assert!(sent.iter().any(|total| (1 << 19..(1 << 19) + 20_000).contains(total)), "{sent:?}");
}

#[test]
fn ranges_lists_and_the_rest_say_what_they_found() {
    let rig = Rig::new(Break::Never);
    rig.put("logs/1", Content::generated(4, 100_000));
    let bucket = || "data".to_owned();
    let key = || "logs/1".to_owned();
    for (operation, text) in [
        (
            S3Operation::Get { bucket: bucket(), key: key(), range: Some(ByteRange { first: 10, last: Some(19) }) },
            "10 bytes",
        ),
        (S3Operation::Head { bucket: bucket(), key: key() }, "data/logs/1 has 100000 bytes"),
        (S3Operation::List { bucket: bucket(), prefix: "logs/".into() }, "1 key"),
        (S3Operation::ListBuckets, "2 buckets: data, far"),
        (S3Operation::Location { bucket: "far".into() }, "far lies in eu-west-1"),
        (
            S3Operation::Copy { from_bucket: bucket(), from_key: key(), bucket: bucket(), key: "copy".into() },
            "data/logs/1 copied to data/copy",
        ),
        (S3Operation::CreateBucket { bucket: "fresh".into() }, "fresh created"),
        (S3Operation::Delete { bucket: bucket(), key: "copy".into() }, "data/copy deleted"),
    ] {
        assert_eq!(rig.run(spec(operation)), Ok(text.into()));
    }
    assert_eq!(rig.run(get("copy")), Err("404 NoSuchKey: The specified key does not exist.".into()));
}

#[test]
fn two_thousand_keys_take_three_pages() {
    let rig = Rig::new(Break::Never);
    for number in 0..2_001 {
        rig.put(&format!("k{number:05}"), Content::from_bytes("v"));
    }
    let list = spec(S3Operation::List { bucket: "data".into(), prefix: String::new() });
    assert_eq!(rig.run(list), Ok("2001 keys".into()));
    rig.world.settle();
    assert_eq!(rig.world.notes().len(), 3);
}

#[test]
fn every_way_of_naming_reaches_the_object() {
    let rig = Rig::new(Break::Never);
    rig.put("k", Content::from_bytes("v"));
    for names in [
        S3Names::Regional,
        S3Names::Dash,
        S3Names::Global,
        S3Names::Path,
        S3Names::DashPath,
        S3Names::GlobalPath,
        S3Names::DualStack,
    ] {
        assert!(rig.run(S3Spec { names, ..get("k") }).is_ok(), "{names:?}");
    }
    let endpoint = Some(Target::Name("s3-us-west-2.amazonaws.com".into()));
    assert!(rig.run(S3Spec { endpoint, ..get("k") }).is_ok());
    let endpoint = Some(Target::Name("nowhere.example".into()));
    let error = "could not resolve host nowhere.example: name or service not known";
    assert_eq!(rig.run(S3Spec { endpoint, ..get("k") }), Err(error.into()));
}

#[test]
fn a_bucket_elsewhere_is_a_clear_failure() {
    let rig = Rig::new(Break::Never);
    let far = S3Operation::Get { bucket: "far".into(), key: "k".into(), range: None };
    let error = rig.run(S3Spec { retry: TWICE, ..spec(far) }).expect_err("another region");
    assert!(error.starts_with("301 PermanentRedirect: The bucket you are attempting"), "{error}");
    assert_eq!(rig.retries(), 0, "it is final");
}

#[test]
fn nobody_there_is_a_connect_timeout() {
    let rig = Rig::new(Break::NoAnswer);
    assert_eq!(rig.run(get("k")), Err("connect timed out after 127s".into()));
    let impatient = S3Spec { connect_timeout: Some(Duration::from_secs(3)), ..get("k") };
    assert_eq!(rig.run(impatient), Err("connect timed out after 3s".into()));
}

#[test]
fn an_answer_that_takes_too_long_is_a_read_timeout() {
    let rig = Rig::new(Break::Never);
    let mut slow = Object::new(Content::from_bytes("v"), SimTime::ZERO);
    slow.first_byte_delay = Duration::from_secs(61);
    rig.store.put("data", "slow", slow).expect("a bucket");
    let impatient = |secs| S3Spec { read_timeout: Some(Duration::from_secs(secs)), ..get("slow") };
    assert_eq!(rig.run(impatient(60)), Err("read timed out after 60s".into()));
    assert!(rig.run(impatient(62)).is_ok());
}

#[test]
fn a_kept_connection_serves_again_until_s3_closes_it() {
    for (pause, connections) in [(59, 1), (61, 3)] {
        let rig = Rig::new(Break::Never);
        rig.put("k", Content::from_bytes("v"));
        let repeat = Repeat { count: 3, pause: Duration::from_secs(pause), same_connection: true };
        assert_eq!(
            rig.run(S3Spec { repeat, ..get("k") }),
            Ok("3 times: 1 byte, every byte as its entity tag says".into())
        );
        assert_eq!(rig.connections.get(), connections);
    }
}
