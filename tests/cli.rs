//! The command line as its users meet it: status, standard output and standard error of the real program.
#![expect(clippy::disallowed_methods, reason = "a test of a program writes its files and reads its outputs")]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Two instances; the one greets the other and is answered.
const GOOD: &str = "\
vpclab: 1
title: Two instances of a VPC reach each other
rules: R11
seed: 5
vpcs:
  main: {cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
instances:
  one: {subnet: a, private-ip: 10.0.1.10}
  two: {subnet: a, private-ip: 10.0.1.11}
programs:
  hello: {on: one, ping: {to: two, count: 3}}
expect:
  - hears: {program: hello, replies: 3}
";

/// The twin, whose expectation cannot hold.
const TWIN: &str = "\
vpclab: 1
title: An address that nobody has answers nothing
vpcs:
  main: {cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
instances:
  one: {subnet: a, private-ip: 10.0.1.10}
programs:
  hello: {on: one, ping: {to: 10.0.1.99, count: 3}}
expect:
  - hears: {program: hello, replies: 3}
";

/// A program that takes a minute of virtual time.
const LONG: &str = "\
vpclab: 1
title: A minute of greetings
vpcs:
  main: {cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
instances:
  one: {subnet: a, private-ip: 10.0.1.10}
  two: {subnet: a, private-ip: 10.0.1.11}
programs:
  hello: {on: one, ping: {to: two, count: 60}}
expect:
  - hears: {program: hello, replies: 60}
";

/// Two mistakes, in two lines.
const WRONG: &str = "\
vpclab: 1
title: Two mistakes
vpcs:
  main: {cidr: 10.0.0.0/99, subnts: {a: {cidr: 10.0.1.0/24}}}
";

/// What a command came to.
struct Answer {
    status: Option<i32>,
    out: String,
    err: String,
}

/// A folder with the scenarios above, and more where a test wants it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let desk = Self { folder };
        for (name, text) in [("good.yaml", GOOD), ("twin.yaml", TWIN), ("long.yaml", LONG), ("wrong.yaml", WRONG)] {
            desk.write(name, text.as_bytes());
        }
        desk
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vpclab"));
        command.args(args).current_dir(self.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command
    }

    fn run(&self, args: &[&str]) -> Answer {
        let output = self.command(args).output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs, and expects that the command was refused for this reason, with nothing on standard output.
    #[track_caller]
    fn refuses(&self, args: &[&str], reason: &str) -> Answer {
        let answer = self.run(args);
        assert_eq!(answer.status, Some(2), "{args:?}: {}", answer.err);
        assert_eq!(answer.out, "", "{args:?}");
        assert!(answer.err.contains(reason), "{args:?} does not say `{reason}`:\n{}", answer.err);
        assert!(!answer.err.contains("panicked"), "{}", answer.err);
        answer
    }

    /// Runs, and expects that all went as asked, with nothing on standard error.
    #[track_caller]
    fn does(&self, args: &[&str]) -> String {
        let answer = self.run(args);
        assert_eq!((answer.status, answer.err.as_str()), (Some(0), ""), "{args:?}\n{}", answer.out);
        answer.out
    }

    /// All files below a folder, with `/` between folders, sorted.
    fn files(&self, folder: &str) -> Vec<String> {
        fn below(path: &Path, prefix: &str, into: &mut Vec<String>) {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() { below(&entry.path(), &format!("{name}/"), into) } else { into.push(name) }
            }
        }
        let mut files = Vec::new();
        below(&self.path().join(folder), "", &mut files);
        files.sort();
        files
    }
}

fn lines_of_json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// How many packets a capture holds, read by another reader.
fn packets_of(bytes: &[u8]) -> usize {
    let mut reader = pcap_file::pcapng::PcapNgReader::new(bytes).expect("a pcapng file");
    let mut packets = 0;
    while let Some(block) = reader.next_block() {
        // Packets are written by hand, with options that the library keeps to itself; it reads them all the same.
        packets += usize::from(block.expect("a whole block").into_enhanced_packet().is_some());
    }
    packets
}

#[test]
fn wrong_usage_is_refused_with_the_reason() {
    let desk = Desk::new();
    for (args, reason) in [
        (&[][..], "Usage: vpclab"),
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["run"], "<FILE-OR-FOLDER>"),
        (&["check"], "<FILE-OR-FOLDER>"),
        (&["new"], "<FILE>"),
        (&["run", "good.yaml", "--sed", "1"], "'--seed'"),
        (&["run", "good.yaml", "--seed", "one"], "invalid value 'one' for '--seed <N>'"),
        (&["run", "good.yaml", "--pace", "0"], "a number between 0.001 and 1000000 is needed"),
        (&["run", "good.yaml", "--pace", "fast"], "a number such as 1 or 0.5 is needed"),
        (&["run", "good.yaml", "--format", "xml"], "[possible values: text, json, junit]"),
        (&["run", "good.yaml", "--connections-at", "soon"], "a time with its unit is needed"),
        (&["run", "good.yaml", "--quiet", "--only", "one"], "cannot be used with"),
        (&["run", "good.yaml", "--capture", "-", "--format", "json"], "takes all of standard output"),
        (&["run", "good.yaml", "twin.yaml", "--capture", "all.pcapng"], "`--capture` is for one scenario"),
        (&["run", "good.yaml", "twin.yaml", "--only", "one"], "`--only` is for one scenario"),
        (&["check", "good.yaml", "--format", "junit"], "[possible values: text, json]"),
        (&["completions", "dos"], "[possible values: bash"),
        (&["man", "fly"], "there is no verb `fly`"),
        (&["--color", "sometimes", "schema"], "[possible values: auto, always, never]"),
    ] {
        desk.refuses(args, reason);
    }
}

#[test]
fn wrong_files_are_refused_with_the_reason() {
    let desk = Desk::new();
    desk.write("empty/note.txt", b"");
    desk.write("latin1.yaml", b"vpclab: 1\ntitle: caf\xe9\n");
    desk.write("nothing.yaml", b"");
    for (args, reason) in [
        (
            &["run", "god.yaml"][..],
            "cannot read `god.yaml`: no such file or folder\n  = help: did you mean `good.yaml`?",
        ),
        (&["run", "empty"], "no scenario files (*.yaml) in folder `empty`"),
        (&["run", "latin1.yaml"], "the file is not UTF-8: byte 0xe9"),
        (&["run", "latin1.yaml"], "latin1.yaml:2:11"),
        (&["run", "nothing.yaml"], "the file is empty"),
        (&["check", "missing.yaml"], "cannot read `missing.yaml`"),
        (&["new", "good.yaml"], "cannot write `good.yaml`: it exists already"),
        (&["new", "no/such/folder.yaml"], "cannot write `no/such/folder.yaml`: no such file or folder"),
        (&["run", "good.yaml", "--out", "twin.yaml"], "cannot write `twin.yaml`"),
        (&["run", "good.yaml", "--capture", "no/such/folder.pcapng"], "cannot write `no/such/folder.pcapng`"),
    ] {
        let answer = desk.run(args);
        assert_eq!(answer.status, Some(2), "{args:?}: {}", answer.err);
        assert!(answer.err.contains(reason), "{args:?} does not say `{reason}`:\n{}", answer.err);
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_is_done() {
    let desk = Desk::new();
    let args = ["run", "good.yaml", "wrong.yaml", "missing.yaml", "gone.yaml", "--out", "out"];
    let answer = desk.refuses(&args, "cannot read `missing.yaml`");
    for reason in ["cannot read `gone.yaml`", "wrong.yaml:4:", "`10.0.0.0/99`", "did you mean `subnets`?"] {
        assert!(answer.err.contains(reason), "{reason}:\n{}", answer.err);
    }
    assert!(!desk.path().join("out").exists(), "nothing is half done");
}

#[test]
fn a_scenario_that_holds_is_told_whole() {
    let desk = Desk::new();
    let out = desk.does(&["run", "good.yaml"]);
    for part in
        ["Two instances of a VPC reach each other", "good.yaml, seed 5", "hello", "summary", "1 of 1 expectation"]
    {
        assert!(out.contains(part), "{part}:\n{out}");
    }
    assert!(!out.contains("repeat with"), "{out}");
    assert!(!out.contains('\u{1b}'), "a pipe gets no colors");
}

#[test]
fn a_scenario_that_does_not_hold_says_what_was_seen_and_how_to_repeat_it() {
    let desk = Desk::new();
    let answer = desk.run(&["run", "twin.yaml", "--seed", "7"]);
    assert_eq!((answer.status, answer.err.as_str()), (Some(1), ""));
    for part in ["✗", "saw:", "twin.yaml:10:", "0 of 1 expectation", "repeat with: vpclab run --seed 7 twin.yaml"] {
        assert!(answer.out.contains(part), "{part}:\n{}", answer.out);
    }
}

#[test]
fn several_scenarios_get_a_line_each_and_a_total() {
    let desk = Desk::new();
    let answer = desk.run(&["run", "good.yaml", "twin.yaml"]);
    assert_eq!((answer.status, answer.err.as_str()), (Some(1), ""));
    for part in ["held    good.yaml\n", "FAILED  twin.yaml\n", "repeat with", "2 scenarios: 1 held, 1 failed\n"] {
        assert!(answer.out.contains(part), "{part}:\n{}", answer.out);
    }
    let out = desk.does(&["run", "good.yaml", "long.yaml"]);
    assert_eq!(out, "held    good.yaml\nheld    long.yaml\n\n2 scenarios: 2 held\n");
    assert_eq!(desk.does(&["run", "good.yaml", "--quiet"]), "held    good.yaml\n");
}

#[test]
fn a_folder_runs_all_below_it_but_what_is_wrong_on_purpose() {
    let desk = Desk::new();
    desk.write("all/topic/b.yaml", GOOD.as_bytes());
    desk.write("all/topic/a.yaml", GOOD.as_bytes());
    desk.write("all/errors/wrong.yaml", WRONG.as_bytes());
    let out = desk.does(&["run", "all", "--out", "out"]);
    assert_eq!(out, "held    all/topic/a.yaml\nheld    all/topic/b.yaml\n\n2 scenarios: 2 held\n");
    let files = desk.files("out");
    for name in ["topic/a/summary.json", "topic/b/summary.json"] {
        assert!(files.iter().any(|file| file == name), "{name}: {files:?}");
    }
    desk.refuses(&["run", "all/errors"], "all/errors/wrong.yaml:4:");
}

#[test]
fn outputs_are_collected_under_their_names() {
    let desk = Desk::new();
    desk.does(&["run", "good.yaml", "--out", "out"]);
    let files = desk.files("out");
    let expected = ["capture.pcapng", "events.ndjson", "summary.json", "timeline.txt"];
    let rest: Vec<_> = files.iter().filter(|file| !expected.contains(&file.as_str())).collect();
    assert!(expected.iter().all(|name| files.iter().any(|file| file == name)), "{files:?}");
    assert!(!rest.is_empty() && rest.iter().all(|f| f.starts_with("captures/") && f.ends_with(".pcapng")), "{files:?}");
    let read = |name: &str| fs::read(desk.path().join("out").join(name)).expect("a file");
    for name in files.iter().filter(|name| name.ends_with(".pcapng")) {
        assert!(0 < packets_of(&read(name)), "{name}");
    }
    let summary: Value = serde_json::from_slice(&read("summary.json")).expect("JSON");
    assert_eq!((&summary["held"], &summary["seed"]), (&Value::Bool(true), &Value::from(5)));
    lines_of_json(&String::from_utf8(read("events.ndjson")).expect("text"));
    let screen = desk.does(&["run", "good.yaml"]);
    let timeline = String::from_utf8(read("timeline.txt")).expect("text");
    assert!(!timeline.is_empty() && screen.contains(&timeline), "{timeline}\nis not in\n{screen}");
}

#[test]
fn machines_read_a_line_for_each_event_between_run_and_verdict() {
    let desk = Desk::new();
    let answer = desk.run(&["run", "good.yaml", "twin.yaml", "--format", "json"]);
    assert_eq!((answer.status, answer.err.as_str()), (Some(1), ""));
    let lines = lines_of_json(&answer.out);
    let frame: Vec<_> = lines.iter().filter(|line| matches!(line["kind"].as_str(), Some("run" | "verdict"))).collect();
    let kinds: Vec<_> = frame.iter().map(|line| (line["kind"].as_str(), line["file"].as_str())).collect();
    let (run, verdict) = (Some("run"), Some("verdict"));
    let (good, twin) = (Some("good.yaml"), Some("twin.yaml"));
    assert_eq!(kinds, [(run, good), (verdict, good), (run, twin), (verdict, twin)]);
    assert_eq!((&frame[1]["held"], &frame[3]["held"]), (&Value::Bool(true), &Value::Bool(false)));
    assert!(frame.len() < lines.len() && lines.iter().all(|line| line["at_ns"].is_u64()));

    let quiet = lines_of_json(&desk.does(&["run", "good.yaml", "--format", "json", "--quiet"]));
    assert_eq!((quiet.len(), quiet[0]["kind"].as_str()), (1, verdict));
}

#[test]
fn ci_systems_read_a_suite_for_each_scenario() {
    let desk = Desk::new();
    let answer = desk.run(&["run", "good.yaml", "twin.yaml", "--format", "junit"]);
    assert_eq!((answer.status, answer.err.as_str()), (Some(1), ""));
    assert!(answer.out.starts_with("<?xml"), "{}", answer.out);
    for part in [
        r#"tests="2" skipped="0" failures="1" errors="0""#,
        r#"<testsuite name="twin.yaml""#,
        "repeat with: vpclab run",
    ] {
        assert!(answer.out.contains(part), "{part}:\n{}", answer.out);
    }
}

#[test]
fn a_streamed_capture_has_standard_output_alone() {
    let desk = Desk::new();
    let output = desk.command(&["run", "good.yaml", "--capture", "-"]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0));
    assert!(6 <= packets_of(&output.stdout), "three requests and three replies");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("hello") && told.contains("1 of 1 expectation"), "{told}");

    desk.does(&["run", "good.yaml", "--capture", "to.pcapng"]);
    assert_eq!(fs::read(desk.path().join("to.pcapng")).expect("a capture"), output.stdout);
}

#[test]
fn a_capture_replaces_earlier_captures_and_nothing_else() {
    let desk = Desk::new();
    fs::write(desk.path().join("notes.txt"), "important").expect("written");
    let scenario = fs::read(desk.path().join("good.yaml")).expect("the scenario");
    for (args, why) in [
        (&["run", "good.yaml", "--capture", "good.yaml"][..], "would replace the scenario"),
        (&["run", "good.yaml", "--capture", "notes.txt"], "exists and is no capture"),
    ] {
        let answer = desk.run(args);
        assert_eq!(answer.status, Some(2), "{args:?}");
        assert!(answer.err.contains(why), "{}", answer.err);
    }
    assert_eq!(fs::read(desk.path().join("good.yaml")).expect("the scenario"), scenario);
    assert_eq!(fs::read(desk.path().join("notes.txt")).expect("the notes"), b"important");
    desk.does(&["run", "good.yaml", "--out", "out"]);
    let answer = desk.run(&["run", "good.yaml", "--out", "out", "--capture", "out/timeline.txt"]);
    assert!(answer.status == Some(2) && answer.err.contains("lies in the folder of `--out`"), "{}", answer.err);
    for _ in 0..2 {
        desk.does(&["run", "good.yaml", "--capture", "to.pcapng"]);
    }
}

#[test]
fn the_timeline_can_be_narrowed_and_open_connections_listed() {
    let desk = Desk::new();
    desk.does(&["run", "good.yaml", "--only", "one"]);
    let answer = desk.run(&["run", "good.yaml", "--only", "oen"]);
    assert_eq!(answer.status, Some(0));
    assert_eq!(answer.err, "warning: nothing in this scenario is called `oen`; did you mean `one`?\n");
    let out = desk.does(&["run", "good.yaml", "--connections-at", "1s", "--connections-at", "2s"]);
    assert!(out.contains("connections open at 1.000000\nnone\n"), "{out}");
    assert!(out.contains("connections open at 2.000000\nnone\n"), "{out}");
}

#[test]
fn a_paced_run_comes_to_the_same_as_one_at_once() {
    let desk = Desk::new();
    let at_once = desk.does(&["run", "good.yaml", "--out", "a"]);
    let paced = desk.does(&["run", "good.yaml", "--out", "b", "--pace", "20"]);
    assert_eq!(at_once, paced);
    for name in desk.files("a") {
        let read = |folder: &str| fs::read(desk.path().join(folder).join(&name)).expect("a file");
        assert!(read("a") == read("b"), "{name} differs");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_paced_run_with_whole_outputs() {
    let desk = Desk::new();
    let mut command = desk.command(&["run", "long.yaml", "twin.yaml", "--pace", "1", "--out", "out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let events = desk.path().join("out/long/events.ndjson.partial");
    // The run is under way when its files are; then it has a minute to go.
    while !events.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let pressed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    assert!(pressed.success());
    let output = child.wait_with_output().expect("the program ends");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("interrupted by Ctrl-C") && out.contains("1 failed, 1 not run"), "{out}");

    let files = desk.files("out");
    assert!(files.iter().all(|name| !name.ends_with(".partial")), "{files:?}");
    let read = |name: &str| fs::read(desk.path().join("out/long").join(name)).expect("a file");
    let summary: Value = serde_json::from_slice(&read("summary.json")).expect("JSON");
    assert_eq!(summary["cut_short"], "interrupted by Ctrl-C");
    let ended_ns = summary["ended_at_ns"].as_u64().expect("an instant");
    assert!((500_000_000..30_000_000_000).contains(&ended_ns), "{ended_ns}");
    lines_of_json(&String::from_utf8(read("events.ndjson")).expect("text"));
    assert!(0 < packets_of(&read("capture.pcapng")));
}

#[test]
fn a_reader_who_goes_away_is_no_failure_of_ours() {
    let desk = Desk::new();
    for args in [&["run", "long.yaml"][..], &["run", "long.yaml", "--format", "json"], &["schema"], &["man", "run"]] {
        let mut command = desk.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        let status = child.wait().expect("the program ends").code();
        assert!(matches!(status, Some(0 | 1)), "{args:?}: {status:?}");
        assert_eq!(err, "", "{args:?}");
    }
}

#[test]
fn colors_are_there_where_they_are_asked_for_only() {
    let desk = Desk::new();
    assert!(desk.does(&["run", "good.yaml", "--color", "always"]).contains("\u{1b}["));
    assert!(!desk.does(&["run", "good.yaml", "--color", "never"]).contains('\u{1b}'));
    let colored = desk.run(&["check", "wrong.yaml", "--color", "always"]);
    assert!(colored.err.contains("\u{1b}["), "{}", colored.err);
    let forced = desk.command(&["run", "good.yaml"]).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output();
    let forced = forced.expect("the program starts");
    assert!(!String::from_utf8_lossy(&forced.stdout).contains('\u{1b}'));
}

#[test]
fn a_check_tells_good_from_wrong() {
    let desk = Desk::new();
    assert_eq!(desk.does(&["check", "good.yaml"]), "good.yaml is fine\n");
    assert_eq!(desk.does(&["check", "good.yaml", "twin.yaml"]), "all 2 files are fine\n");
    let answer = desk.run(&["check", "good.yaml", "wrong.yaml", "missing.yaml"]);
    assert_eq!((answer.status, answer.out.as_str()), (Some(2), "1 of 2 files are wrong\n"));
    assert!(answer.err.contains("wrong.yaml:4:") && answer.err.contains("`missing.yaml`"), "{}", answer.err);

    let answer = desk.run(&["check", "good.yaml", "wrong.yaml", "--format", "json"]);
    let lines = lines_of_json(&answer.out);
    assert_eq!((answer.status, answer.err.as_str(), lines.len()), (Some(2), "", 2));
    assert_eq!((&lines[0]["ok"], &lines[1]["ok"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!(lines[1]["problems"][0]["place"]["line"], 4);
}

#[test]
fn a_new_scenario_holds_and_overwrites_nothing() {
    let desk = Desk::new();
    let out = desk.does(&["new", "mine.yaml"]);
    assert_eq!(out, "wrote mine.yaml\nrun it with: vpclab run mine.yaml\n");
    assert_eq!(desk.does(&["run", "mine.yaml", "--quiet"]), "held    mine.yaml\n");
    desk.refuses(&["new", "mine.yaml"], "it exists already");
}

#[test]
fn the_schema_is_one_and_knows_the_top_keys() {
    let schema: Value = serde_json::from_str(&Desk::new().does(&["schema"])).expect("JSON");
    assert!(schema["$schema"].is_string(), "{schema}");
    for key in ["vpclab", "vpcs", "programs", "timeline", "expect"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}");
    }
}

#[test]
fn a_list_shows_titles_and_rules() {
    let desk = Desk::new();
    desk.write("scenarios/topic/good.yaml", GOOD.as_bytes());
    let out = desk.does(&["list"]);
    assert_eq!(
        out,
        "file                       rules  title\n\
         scenarios/topic/good.yaml  R11    Two instances of a VPC reach each other\n"
    );
    let lines = lines_of_json(&desk.does(&["list", "good.yaml", "--format", "json"]));
    assert_eq!((&lines[0]["rules"][0], &lines[0]["seed"]), (&Value::from("R11"), &Value::from(5)));
    let answer = desk.run(&["list", "good.yaml", "wrong.yaml"]);
    assert_eq!(answer.status, Some(2));
    assert!(answer.out.contains("good.yaml") && answer.err.contains("wrong.yaml:4:"), "{}", answer.err);
}

#[test]
fn shells_and_manuals_are_served() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(desk.does(&["completions", shell]).contains("vpclab"), "{shell}");
    }
    assert!(desk.does(&["man"]).contains("EXIT STATUS"));
    assert!(desk.does(&["man", "run"]).contains(r"\-\-pace"));
    assert!(desk.does(&["--version"]).starts_with("vpclab 0."));
    assert!(desk.does(&["run", "--help"]).contains("--connections-at <T>"));
}

#[test]
fn a_log_goes_to_standard_error_and_changes_no_result() {
    let desk = Desk::new();
    let quiet = desk.does(&["run", "good.yaml"]);
    let loud = desk.run(&["-v", "run", "good.yaml"]);
    assert_eq!((loud.status, loud.out), (Some(0), quiet));
    assert!(loud.err.contains("INFO"), "{}", loud.err);
}
