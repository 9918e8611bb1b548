//! Whole runs over the rig: what the outputs say of them, as a person would read it.

use std::net::SocketAddr;
use std::time::Duration;

use super::rig::{Rig, Shared, service};
use super::*;
use crate::base::{Calendar, SimTime};
use crate::host::ConnectOptions;
use crate::trace::{Observer, Observers, ProgramNote};

/// A port that stays the same whatever else draws from the host's chance.
fn from_port(port: u16) -> ConnectOptions {
    ConnectOptions { local_port: Some(port), ..ConnectOptions::default() }
}

/// An idle connection over which something is sent after the switch (`route-switch.md`, a1).
fn idle_then_sends(observer: &mut dyn Observer) -> SimTime {
    let mut rig = Rig::new();
    observer.learn(&rig.citations, &rig.directory);
    rig.serve(false, observer);
    rig.run_on(rig.client, ("upload", "tcp to s3:443"), observer, |net| async move {
        net.note(ProgramNote::Started);
        let stream = net.connect_with(service(), &from_port(49_152)).await.expect("it answers");
        stream.write_all(&[7; 100_000]).await.expect("it stands");
        net.sleep(Duration::from_secs(6)).await;
        let sent = stream.write_all(b"ten bytes.").await;
        net.note(ProgramNote::Said(format!("the send after the switch: {sent:?}")));
        net.sleep(Duration::from_secs(1)).await;
        match stream.write_all(b"and again.").await {
            Ok(()) => net.note(ProgramNote::Completed { what: "sent everything".into() }),
            Err(error) => net.note(ProgramNote::Failed { error: error.to_string(), cause: error.cause() }),
        }
    });
    rig.until(SimTime::from_secs(5), observer);
    rig.create_endpoint(observer);
    rig.until(SimTime::from_secs(12), observer);
    rig.engine.now()
}

/// Runs a scene, and gives back the timeline, the lines, the capture and the record.
fn run(scene: impl FnOnce(&mut dyn Observer) -> SimTime) -> (String, String, Vec<u8>, Record) {
    let (text, lines, capture) = (Shared::default(), Shared::default(), Shared::default());
    let mut recorder = Recorder::new()
        .timeline(text.clone(), TimelineOptions::default())
        .events(lines.clone())
        .list_connections_at(&[SimTime::from_millis(4_900)]);
    let mut pcap = Capture::new(Calendar::ERA_2017).combined(capture.clone());
    let end = scene(&mut Observers::new([&mut recorder as &mut dyn Observer, &mut pcap]));
    let record = recorder.finish(end).expect("sinks take all");
    pcap.finish().expect("sinks take all");
    (text.text(), lines.text(), capture.bytes(), record)
}

/// In the midst of an upload the endpoint is created (`route-switch.md`, b).
fn upload(observer: &mut dyn Observer) -> SimTime {
    let mut rig = Rig::new();
    observer.learn(&rig.citations, &rig.directory);
    rig.serve(false, observer);
    rig.run_on(rig.client, ("upload", "tcp to s3:443"), observer, |net| async move {
        net.note(ProgramNote::Started);
        let stream = net.connect_with(service(), &from_port(49_152)).await.expect("it answers");
        match stream.write_all(&[7; 4_000_000]).await {
            Ok(()) => net.note(ProgramNote::Completed { what: "sent everything".into() }),
            Err(error) => net.note(ProgramNote::Failed { error: error.to_string(), cause: error.cause() }),
        }
    });
    rig.until(SimTime::from_millis(300), observer);
    rig.create_endpoint(observer);
    rig.until(SimTime::from_secs(12), observer);
    rig.engine.now()
}

/// The only route goes; then somebody connects.
fn no_route(observer: &mut dyn Observer) -> SimTime {
    let mut rig = Rig::new();
    observer.learn(&rig.citations, &rig.directory);
    rig.serve(false, observer);
    rig.delete_default_route(observer);
    rig.run_on(rig.client, ("upload", "tcp to s3:443"), observer, |net| async move {
        net.note(ProgramNote::Started);
        match net.connect_with(service(), &from_port(49_152)).await {
            Ok(_) => net.note(ProgramNote::Completed { what: "connected".into() }),
            Err(error) => net.note(ProgramNote::Failed { error: error.to_string(), cause: error.cause() }),
        }
    });
    rig.until(SimTime::from_secs(200), observer);
    rig.engine.now()
}

/// Everything goes by the endpoint from the start, and comes back as it was sent.
fn echo(observer: &mut dyn Observer) -> SimTime {
    let mut rig = Rig::new();
    observer.learn(&rig.citations, &rig.directory);
    rig.create_endpoint(observer);
    rig.serve(true, observer);
    rig.run_on(rig.client, ("echo", "tcp to s3:443"), observer, |net| async move {
        net.note(ProgramNote::Started);
        let stream = net.connect_with(service(), &from_port(49_152)).await.expect("it answers");
        stream.write_all(&[7; 3_000]).await.expect("it stands");
        let mut back = [0; 3_000];
        stream.read_exact(&mut back).await.expect("it comes back");
        stream.close();
        net.note(ProgramNote::Completed { what: "3000 bytes came back".into() });
        let refused = net.connect_with(SocketAddr::new(service().ip(), 80), &from_port(49_153)).await.map(drop);
        net.note(ProgramNote::Said(format!("port 80: {refused:?}")));
    });
    rig.until(SimTime::from_secs(80), observer);
    rig.engine.now()
}

/// Numbers that are the hosts' business become `n`: of packets, and on folded lines and in the table all behind the
/// label.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let counts = ["segments", "RSTs", "kB"].iter().any(|word| line.contains(word));
        let kept = if counts { line.find(": ").unwrap_or(0) } else { line.len() };
        let (mut last, mut number) = (' ', false);
        for (index, c) in line.char_indices() {
            number = c.is_ascii_digit() && (number || last == '#' || (kept < index && !last.is_alphanumeric()));
            if !number {
                masked.push(c);
            } else if !last.is_ascii_digit() {
                masked.push('n');
            }
            last = c;
        }
        masked.push('\n');
    }
    masked
}

#[track_caller]
fn check_timeline(scene: impl FnOnce(&mut dyn Observer) -> SimTime, expected: &str) {
    let text = masked(&run(scene).0);
    assert_eq!(text, expected.trim_start_matches('\n'), "the timeline reads:\n{text}");
}

#[test]
fn an_idle_connection_is_reset_when_it_sends_by_the_endpoint() {
    check_timeline(idle_then_sends, "
    0.000000   client       upload starts: tcp to s3:443
    0.000000   client       client:49152 → s3:443: opens, from 10.0.1.10:49152 to 52.218.160.10:443
    0.021000 ✓ client       client:49152 → s3:443: stands after 21 ms by client → main → nat → igw → internet → s3
                            by private: 0.0.0.0/0 → nat; public: 0.0.0.0/0 → igw
                            s3 sees it come from 203.0.113.10:1024 (nat)
                            … client:49152 → s3:443: n segments, n kB client → s3 by nat, n ms round trip
                            … 4.8 s quiet
    5.000000 ● control      CreateVpcEndpoint s3-endpoint in private
                            … 1.02 s quiet
    6.021000   client       upload: the send after the switch: Ok(())
    6.021100 ! client       client:49152 → s3:443: now by endpoint s3-endpoint, no longer by nat
                            because private: pl-68a54001 (52.218.128.0/17) → s3-endpoint [R12]
    6.025500 ! s3           client:49152 → s3:443: comes from 10.0.1.10:49152 now, no longer from 203.0.113.10:1024 [R42]
    6.025500 ✗ s3           client:49152 → s3:443: sends RST #n to client, because it has no connection with 10.0.1.10:49152 by s3-endpoint [R43]
    6.030000 ✗ client       client:49152 → s3:443: reset by RST #n after 6.03 s [R43]
    7.021000 ✗ client       upload fails: connection reset by peer
                            … 4.97 s quiet
   12.000000   end          one end of a connection is open
                local   remote    state        since     path                                       seen as  sent     received  program
                s3:n  nat:n  established  n.n  s3 → internet → igw → main → nat → client           n bytes  n kB    front
");
}

#[test]
fn an_upload_under_way_meets_a_burst_of_resets_that_is_folded() {
    check_timeline(upload, "
    0.000000   client       upload starts: tcp to s3:443
    0.000000   client       client:49152 → s3:443: opens, from 10.0.1.10:49152 to 52.218.160.10:443
    0.021000 ✓ client       client:49152 → s3:443: stands after 21 ms by client → main → nat → igw → internet → s3
                            by private: 0.0.0.0/0 → nat; public: 0.0.0.0/0 → igw
                            s3 sees it come from 203.0.113.10:1024 (nat)
    0.300000 ● control      CreateVpcEndpoint s3-endpoint in private
                            … client:49152 → s3:443: n segments, n kB client → s3 by nat, n ms round trip
    0.304100 ! client       client:49152 → s3:443: now by endpoint s3-endpoint, no longer by nat
                            because private: pl-68a54001 (52.218.128.0/17) → s3-endpoint [R12]
    0.308500 ! s3           client:49152 → s3:443: comes from 10.0.1.10:49152 now, no longer from 203.0.113.10:1024 [R42]
    0.308500 ✗ s3           client:49152 → s3:443: sends RST #n to client, because it has no connection with 10.0.1.10:49152 by s3-endpoint [R43]
                            … client:49152 → s3:443: n segments, n kB client → s3 by nat, n ms round trip
    0.313000 ✗ client       client:49152 → s3:443: reset by RST #n after 313 ms [R43]
    0.313000 ✗ client       upload fails: connection reset by peer
    0.314000 ✗ client       client:49152 → s3:443: sends RST #n to s3, because it has no connection with 52.218.160.10:443
                            … client:49152 → s3:443: n more RSTs from s3 to client until n.n; of all n, n ended it, n found no connection
                            … client:49152 → s3:443: n more RSTs from client to s3 until n.n; of all n, n found no connection
                            … 11.6 s quiet
   12.000000   end          one end of a connection is open
                local   remote    state        since     path                                       seen as  sent     received  program
                s3:n  nat:n  established  n.n  s3 → internet → igw → main → nat → client           n bytes  n kB    front
");
}

#[test]
fn without_a_route_each_syn_is_dropped_with_the_reason() {
    check_timeline(no_route, "
    0.000000 ● control      DeleteRoute 0.0.0.0/0 of private
    0.000000   client       upload starts: tcp to s3:443
    0.000000   client       client:49152 → s3:443: opens, from 10.0.1.10:49152 to 52.218.160.10:443
    0.000100 ✗ main         client:49152 → s3:443: drops SYN: the route table has no route to the destination (NO_ROUTE_TO_DESTINATION, by private [R01])
    1.000000 ! client       client:49152 → s3:443: sends SYN again
                            … client:49152 → s3:443: 5 more retransmissions until 63.000000
                            … client:49152 → s3:443: 6 more dropped by main for the same reason until 63.000100
                            … 125 s quiet
  127.000000 ✗ client       client:49152 → s3:443: timed out: nobody answered
  127.000000 ✗ client       upload fails: connection timed out
                            … 73 s quiet
");
}

#[test]
fn with_a_route_the_same_connection_stands_and_closes() {
    check_timeline(
        echo,
        "
    0.000000 ● control      CreateVpcEndpoint s3-endpoint in private
    0.000000   client       echo starts: tcp to s3:443
    0.000000   client       client:49152 → s3:443: opens, from 10.0.1.10:49152 to 52.218.160.10:443
    0.009000 ✓ client       client:49152 → s3:443: stands after 9 ms by client → main → s3-endpoint → s3 [R54]
                            by private: pl-68a54001 (52.218.128.0/17) → s3-endpoint [R12]
    0.027000 ✓ client       echo completes: 3000 bytes came back
    0.027000   client       client:49153 → s3:80: opens, from 10.0.1.10:49153 to 52.218.160.10:80
    0.031500 ✗ s3           client:49153 → s3:80: sends RST #n to client, because nobody listens on the port
                            … client:49152 → s3:443: n segments, n.n kB client → s3 by s3-endpoint, n ms round trip
                            … client:49152 → s3:443: n segments, n.n kB s3 → client by s3-endpoint, n ms round trip
    0.036000   client       client:49152 → s3:443: closed after 36 ms
    0.036000 ✗ client       client:49153 → s3:80: refused by RST #n
    0.036000   client       echo: port 80: Err(Refused)
                            … 79.9 s quiet
",
    );
}

#[test]
fn what_is_open_can_be_listed_before_the_change() {
    let (.., record) = run(idle_then_sends);
    let listing = masked(&record.listings[0].to_string());
    assert_eq!(listing, "
local         remote    state        since     path                                       seen as            sent     received  program
client:n  s3:n    established  n.n  client → main → nat → igw → internet → s3  n.n.n.n:n  n kB   n bytes   upload
s3:n        nat:n  established  n.n  s3 → internet → igw → main → nat → client                     n bytes  n kB    front
".trim_start_matches('\n'), "the listing reads:\n{listing}");
    // Only the service still believes in the connection at the end.
    let open: Vec<_> = record.open.ends.iter().map(|end| (&end.node[..], end.state)).collect();
    assert_eq!(open, [("s3", "established")]);
}

#[test]
fn the_summary_says_what_was_dropped_and_how_programs_ended() {
    let text = run(no_route).3.summary.text();
    assert_eq!(
        text,
        "
path  packets  bytes      connections
main  7        364 bytes  0

connections: 1 opened, 1 timed out

dropped
  7  the route table has no route to the destination (NO_ROUTE_TO_DESTINATION, by private [R01])

programs
  ✗  client  upload  127.000000  failed: connection timed out
"
        .trim_start_matches('\n'),
        "the summary reads:\n{text}"
    );
}

#[test]
fn the_summary_counts_packets_and_connections_by_path() {
    let json = run(upload).3.summary.json();
    assert_eq!(json["connections"]["reset"], 1);
    assert_eq!(json["programs"][0]["outcome"], "failed");
    let paths: Vec<_> = json["paths"].as_array().expect("a list").iter().map(|path| &path["name"]).collect();
    assert_eq!(paths, ["nat", "s3-endpoint"]);
    assert_eq!((&json["paths"][0]["connections"], &json["paths"][1]["connections"]), (&1.into(), &0.into()));
    assert!(json["paths"][1]["bytes_from_instances"].as_u64() < json["paths"][1]["bytes"].as_u64());
}

#[test]
fn json_lines_are_whole_ordered_and_tell_the_story() {
    let (_, lines, ..) = run(idle_then_sends);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect();
    assert!(lines.is_sorted_by_key(|line| line["at_ns"].as_u64().expect("an instant")));
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    let path = of("path")[0];
    assert_eq!(path["after"], serde_json::json!(["client", "main", "s3-endpoint"]));
    assert_eq!(path["by"]["detail"], "pl-68a54001 (52.218.128.0/17) → s3-endpoint");
    let reset = of("reset")[0];
    assert_eq!((&reset["code"], &reset["answers"]), (&"UNKNOWN_CONNECTION".into(), &path["packet"]));
    assert_eq!(of("seen")[0]["rules"], serde_json::json!(["R42"]));
    assert_eq!(of("reset_ended")[0]["fate"], "arrived");
    assert_eq!(of("dropped").len(), 0);
}

#[test]
fn drops_have_code_sentence_and_citation_in_json() {
    let (_, lines, ..) = run(no_route);
    let dropped: Vec<serde_json::Value> = lines
        .lines()
        .filter(|line| line.contains(r#""kind":"dropped""#))
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(dropped.len(), 7, "nothing is folded");
    assert_eq!(dropped[0]["code"], "NO_ROUTE_TO_DESTINATION");
    assert_eq!(dropped[0]["by"]["rules"], serde_json::json!(["R01"]));
}

#[test]
fn equal_runs_give_equal_bytes() {
    let (a, b) = (run(upload), run(upload));
    assert_eq!((a.0, a.1, a.2), (b.0, b.1, b.2));
    assert_eq!(a.3.summary.json(), b.3.summary.json());
}

fn narrowed(to: &str) -> String {
    let text = Shared::default();
    let options = TimelineOptions { only: Some(Narrow::parse(to)), ..TimelineOptions::default() };
    let mut recorder = Recorder::new().timeline(text.clone(), options);
    let end = echo(&mut recorder);
    recorder.finish(end).expect("the sink takes all");
    text.text()
}

#[test]
fn the_timeline_can_be_narrowed_to_a_connection() {
    let one = narrowed("client:49153");
    assert!(one.contains("refused") && one.contains("CreateVpcEndpoint"), "{one}");
    assert!(!one.contains("stands") && !one.contains("3.0 kB"), "{one}");
    let nobody = narrowed("somebody");
    assert!(!nobody.contains("client"), "{nobody}");
}

#[test]
fn color_is_used_only_where_it_is_asked_for() {
    let plain = run(no_route).0;
    assert!(!plain.contains('\u{1b}'));
    let text = Shared::default();
    let mut recorder =
        Recorder::new().timeline(text.clone(), TimelineOptions { color: true, ..TimelineOptions::default() });
    let end = no_route(&mut recorder);
    recorder.finish(end).expect("the sink takes all");
    assert!(text.text().contains('\u{1b}'));
}

#[test]
fn a_collection_has_its_files_under_their_names() {
    let files = std::rc::Rc::new(std::cell::RefCell::new(std::collections::BTreeMap::new()));
    let opened = std::rc::Rc::clone(&files);
    let collection = Collection::new(move |name: &str| {
        let sink = Shared::default();
        assert!(opened.borrow_mut().insert(name.to_owned(), sink.clone()).is_none(), "{name} is opened twice");
        Ok(Box::new(sink) as Box<dyn std::io::Write>)
    });
    let mut recorder = collection.recorder().expect("files open");
    let mut capture = collection.capture(Calendar::ERA_2017).expect("files open");
    let end = echo(&mut Observers::new([&mut recorder as &mut dyn Observer, &mut capture]));
    capture.finish().expect("files take all");
    let record = recorder.finish(end).expect("files take all");
    let verdict = Verdict {
        tariff: crate::analysis::Tariff::usual(),
        file: "echo.yaml".into(),
        era: None,
        title: "Echo".into(),
        seed: 1,
        start: "2017-06-01T00:00:00Z".into(),
        ended_at: end,
        cut_short: String::new(),
        expectations: Vec::new(),
        repeat: "vpclab run echo.yaml --seed 1".into(),
    };
    collection.summary(&verdict, &record).expect("files take all");
    let files = files.borrow();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "capture.pcapng",
            "captures/client.pcapng",
            "captures/main.pcapng",
            "captures/s3-endpoint.pcapng",
            "captures/s3.pcapng",
            "events.ndjson",
            "summary.json",
            "timeline.txt",
        ]
    );
    let summary: serde_json::Value = serde_json::from_str(&files["summary.json"].text()).expect("an object");
    assert_eq!(summary["summary"]["connections"]["established"], 1);
}

/// An S3 client behind a NAT gateway, whose kept connection is reset by its second request.
fn reset_s3_client(pause: &str, timeline: &str) -> (String, String) {
    let scenario = format!(
        "vpclab: 1\ntitle: t\nvpcs:\n  main:\n    cidr: 10.0.0.0/16\n    internet-gateway: igw\n    \
         subnets: {{public: {{cidr: 10.0.0.0/24, route-table: out}}, private: {{cidr: 10.0.1.0/24, route-table: in}}}}\n    \
         route-tables: {{out: {{0.0.0.0/0: igw}}, in: {{0.0.0.0/0: nat}}}}\n    \
         nat-gateways: {{nat: {{subnet: public}}}}\n\
         instances: {{client: {{subnet: private}}}}\n\
         s3: {{idle-timeout: 1 hour, buckets: {{data: {{objects: {{x: 1 KiB}}}}}}}}\n\
         programs: {{reader: {{on: client, s3-get: {{bucket: data, key: x}}, repeat: {{count: 2, pause: {pause}}}, \
         retry: none}}}}\n{timeline}"
    );
    let source = crate::notation::Source::new("t.yaml", scenario);
    let (mut scenarios, problems) = crate::scenario::load(&source);
    let problems = crate::notation::problems_to_text(&source, &problems, false);
    let scenario = scenarios.pop().unwrap_or_else(|| panic!("{problems}"));
    let (text, lines, ..) = run(|observer| {
        let mut run = crate::scenario::Run::new(scenario, None, observer);
        run.advance(SimTime::FAR, observer);
        run.now()
    });
    (text, lines)
}

#[test]
fn only_a_reset_that_a_switch_caused_shows_that_clients_must_reconnect() {
    let endpoint = "timeline: [{at: 1 s, create-vpc-endpoint: {name: e, service: s3, route-tables: in}}]\n";
    for (pause, timeline, row) in [
        ("6 s", endpoint, "reader fails: connection reset by peer [R44]\n"),
        // The NAT gateway has forgotten the connection; no route has changed.
        ("6 min", "", "reader fails: connection reset by peer\n"),
    ] {
        let (text, lines) = reset_s3_client(pause, timeline);
        assert!(text.contains(row), "{text}");
        assert!(lines.contains("\"error\":\"connection reset by peer\",\"cause\":\"reset\""), "{lines}");
    }
}
