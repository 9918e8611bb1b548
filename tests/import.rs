//! `vpclab import` as its users meet it: real answers and damaged ones, status, standard output and standard error of the
//! real program. What a world holds is tested where it is made.
#![expect(clippy::disallowed_methods, reason = "a test of a program writes its files and reads its outputs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const ENDPOINTS: &str = "aws_vpc_endpoints/aws_configs";
const PEERING: &str = "aws_multi_account_vpc_peering/aws_configs";

/// A folder to work in, with the answers of one network in the folder `account`.
struct Desk {
    folder: TempDir,
}

/// What a command came to.
struct Answer {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new(network: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let given = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/live-aws").join(network);
        copy(&given, &desk.path("account"));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("a file");
    }

    fn run(&self, args: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("CLICOLOR_FORCE")
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs, and expects that all went as asked, with nothing on standard error.
    #[track_caller]
    fn does(&self, args: &[&str]) -> String {
        let answer = self.run(args);
        assert_eq!((answer.status, answer.err.as_str()), (Some(0), ""), "{args:?}\n{}", answer.out);
        answer.out
    }

    /// Runs, and expects that the command was refused for these reasons, with nothing on standard output.
    #[track_caller]
    fn refuses(&self, args: &[&str], reasons: &[&str]) {
        let answer = self.run(args);
        assert_eq!((answer.status, answer.out.as_str()), (Some(2), ""), "{args:?}: {}", answer.err);
        for reason in reasons {
            assert!(answer.err.contains(reason), "{args:?} does not say `{reason}`:\n{}", answer.err);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn an_account_is_written_as_a_scenario_that_is_fine_and_runs() {
    for network in [ENDPOINTS, PEERING] {
        let desk = Desk::new(network);
        let out = desk.does(&["import", "account", "-o", "mine.yaml"]);
        assert!(out.ends_with("\nwrote mine.yaml\nrun it with: vpclab run mine.yaml\n"), "{out}");
        assert_eq!(desk.does(&["check", "mine.yaml"]), "mine.yaml is fine\n");
        assert_eq!(desk.does(&["run", "mine.yaml", "--quiet"]), "held    mine.yaml\n");
        desk.refuses(&["import", "account", "-o", "mine.yaml"], &["`mine.yaml` exists already", "`--force`"]);
        desk.does(&["import", "account", "-o", "mine.yaml", "--force"]);
        let text = fs::read_to_string(desk.path("mine.yaml")).expect("a text");
        let piped = desk.run(&["import", "account", "-o", "-"]);
        assert_eq!((piped.status, piped.out), (Some(0), text), "standard output holds the scenario alone");
    }
}

#[test]
fn people_and_machines_are_told_the_same() {
    let desk = Desk::new(PEERING);
    let text = desk.does(&["import", "account"]);
    for line in
        ["account 951601349076 in us-east-1\n", "\n       1  peering connection\n", "pcx-07d8d712b329b9337: deleted"]
    {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    let json: Value = serde_json::from_str(&desk.does(&["import", "account", "--format", "json"])).expect("JSON");
    assert_eq!(json["ok"], true);
    assert_eq!(json["regions"][1]["account"], "951601349076");
    assert_eq!(json["regions"][0]["records"]["peering_connections"], 1);
    assert_eq!(json["assumptions"][0]["key"], "dopt-3bb56641.domain-name-servers");
    assert_eq!(json["gone"][1]["state"], "deleted");
}

#[test]
fn what_is_assumed_can_be_said_otherwise() {
    let desk = Desk::new(ENDPOINTS);
    let key = "dopt-3bb56641.domain-name-servers";
    let set = format!("{key}=10.1.1.53");
    let out = desk.does(&["import", "account", "-o", "mine.yaml", "--assume", &set]);
    assert!(out.contains(&format!("  {key} = 10.1.1.53: as you say\n")), "{out}");
    let text = fs::read_to_string(desk.path("mine.yaml")).expect("a text");
    assert!(text.contains("dopt-3bb56641: {name-servers: 10.1.1.53, domain-name: ec2.internal}"), "{text}");
    let known = format!("what is assumed: `{key}`");
    desk.refuses(&["import", "account", "--assume", "dopt-3bb56641.name=x"], &["nothing called", &known]);
    desk.refuses(&["import", "account", "--assume", &format!("{key}=nowhere")], &["`nowhere` is not a list"]);
    desk.refuses(&["import", "account", "--assume", &set, "--assume", &format!("{key}=10.1.1.5")], &["said twice"]);
    desk.refuses(&["probe", "account", "--assume", "x=y", "--from", "10.1.1.100", "--to", "10.1.2.100"], &[&known]);
}

#[test]
fn nothing_is_replaced_but_the_file_that_is_named() {
    let desk = Desk::new(ENDPOINTS);
    desk.write("mine.yaml.partial", b"notes");
    desk.does(&["import", "account", "-o", "mine.yaml"]);
    assert_eq!(fs::read(desk.path("mine.yaml.partial")).expect("the notes"), b"notes");
    assert!(!desk.path("mine.yaml.partial-1").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
        let text = fs::read_to_string(desk.path("mine.yaml")).expect("a text");
        fs::create_dir(desk.path("shelf")).expect("a folder");
        desk.write("shelf/there.yaml", b"old");
        fs::set_permissions(desk.path("shelf/there.yaml"), fs::Permissions::from_mode(0o600)).expect("a mode");
        // One link leads to a file, the other to a file that is yet to be.
        for link in ["there.yaml", "new.yaml"] {
            symlink(format!("shelf/{link}"), desk.path(link)).expect("a link");
            desk.does(&["import", "account", "-o", link, "--force"]);
            assert!(desk.path(link).is_symlink(), "{link}");
            assert_eq!(fs::read_to_string(desk.path("shelf").join(link)).expect("a text"), text);
        }
        let mode = fs::metadata(desk.path("shelf/there.yaml")).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let pipe = desk.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).expect("a text")
        });
        desk.does(&["import", "account", "-o", "pipe", "--force"]);
        assert!(fs::symlink_metadata(&pipe).expect("the pipe").file_type().is_fifo());
        assert_eq!(reader.join().expect("the reader"), text);
    }
}

#[test]
fn wrong_usage_is_refused_with_the_reason() {
    let desk = Desk::new(ENDPOINTS);
    fs::create_dir(desk.path("empty")).expect("a folder");
    fs::create_dir(desk.path("other")).expect("a folder");
    desk.write("other/README.md", b"# Notes\n");
    desk.write("other/package.json", br#"{"name": "notes"}"#);
    for (args, reason) in [
        (&["import"][..], "<DIR>"),
        (&["import", "nowhere"], "cannot read `nowhere`: no such file or folder"),
        (&["import", "empty"], "there are no files in `empty`"),
        (&["import", "other/README.md"], "left aside: other/README.md: it is not JSON"),
        (
            &["import", "other"],
            "left aside: other/package.json: none of its keys is of an answer that is known: `name`",
        ),
        (&["import", "account", "--assume", "nonsense"], "it is written as KEY=VALUE"),
        (&["import", "account", "--region", "mars"], "a region is needed, such as us-west-2"),
        (&["import", "account", "--account", "12"], "an account is needed: twelve digits"),
        (&["import", "account", "--format", "xml"], "[possible values: text, json]"),
        (&["import", "account", "--force"], "--output <FILE>"),
        (&["import", "account", "-o", "no/such/folder.yaml"], "cannot write `no/such/folder.yaml`"),
        (&["import", "account", "-o", "empty", "--force"], "cannot write `empty`: it is a folder"),
        (&["import", "account", "-o", "-", "--format", "json"], "the scenario has standard output for itself"),
    ] {
        desk.refuses(args, &[reason]);
    }
}

#[test]
fn all_that_is_wrong_with_the_answers_is_told_at_once() {
    let desk = Desk::new(ENDPOINTS);
    let folder = "account/us-east-1";
    let change = |name: &str, from: &str, to: &str| {
        let path = format!("{folder}/{name}.json");
        let text = fs::read_to_string(desk.path(&path)).expect("a text");
        assert!(text.contains(from), "{path} has no {from}");
        desk.write(&path, text.replacen(from, to, 1).as_bytes());
    };
    change("RouteTables", "\"VpcId\": \"vpc-0ce3585be7ea715d8\"", "\"VpcId\": \"vpc-0bad\"");
    change("SecurityGroups", "\"GroupName\"", "\"GroupNam\"");
    fs::remove_file(desk.path(&format!("{folder}/NetworkAcls.json"))).expect("a file");
    let subnets = fs::read(desk.path(&format!("{folder}/Subnets.json"))).expect("a file");
    desk.write(&format!("{folder}/Subnets.json"), &subnets[..subnets.len() / 2]);
    let mut vpcs = vec![0xff, 0xfe];
    vpcs.extend(
        fs::read_to_string(desk.path(&format!("{folder}/Vpcs.json")))
            .expect("a text")
            .encode_utf16()
            .flat_map(u16::to_le_bytes),
    );
    desk.write(&format!("{folder}/Vpcs.json"), &vpcs);
    desk.write(&format!("{folder}/acls.yaml"), b"NetworkAcls:\n- VpcId: vpc-1\n");
    desk.refuses(
        &["import", "account", "-o", "mine.yaml"],
        &[
            "the file is UTF-16, not UTF-8\n --> account/us-east-1/Vpcs.json:1:1",
            "account/us-east-1: no file holds the NetworkAcls of account 028403472736 in us-east-1",
            "left aside: account/us-east-1/acls.yaml: it is not JSON",
            "unterminated string literal\n",
            "--> account/us-east-1/Subnets.json:",
            "SecurityGroups[0]: `GroupName` is missing",
            "did you mean `GroupNam`?",
        ],
    );
    assert!(!desk.path("mine.yaml").exists(), "nothing is half done");
    let answer = desk.run(&["import", "account", "--format", "json"]);
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!((answer.status, &json["ok"]), (Some(2), &Value::Bool(false)));
}
