//! The same version, scenario and seed give the same bytes: in two processes, whatever else differs. Another seed gives
//! others.
#![expect(clippy::disallowed_methods, reason = "a test of a program reads its outputs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the scenarios are that are compared: one that breaks connections, and all others of its topic.
const SCENARIOS: &str = "scenarios/gateway-endpoint";

/// Runs the scenarios into a folder, and gives back all its files and what was printed.
fn outputs(folder: &Path, seed: &str, locale: &str) -> BTreeMap<String, Vec<u8>> {
    let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(["run", SCENARIOS, "--seed", seed, "--out"])
        .arg(folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // What must not matter: where and when it is.
        .env("TZ", locale)
        .env("LC_ALL", locale)
        .output()
        .expect("the program starts");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = BTreeMap::from([("<stdout>".to_owned(), output.stdout)]);
    read(folder, "", &mut files);
    files
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

#[test]
fn two_processes_write_the_same_bytes_and_another_seed_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |name: &str, seed, locale| outputs(&folder.path().join(name), seed, locale);
    let (first, second) = (run("first", "11", "UTC"), run("second", "11", "Asia/Tokyo"));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    for kind in ["timeline.txt", "events.ndjson", "summary.json", "capture.pcapng"] {
        assert!(first.keys().any(|name| name.ends_with(kind)), "{kind}");
    }
    for (name, bytes) in &first {
        assert!(bytes == &second[name], "{name} differs between two processes");
    }
    let other = run("other", "12", "UTC");
    for (name, bytes) in first.iter().filter(|(name, _)| name.ends_with("/capture.pcapng")) {
        assert!(bytes != &other[name], "{name} is the same with another seed");
    }
}
