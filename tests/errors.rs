//! Wrong scenarios and what is said of them: each file of `scenarios/errors` has its diagnostics under
//! `tests/golden/errors`. `UPDATE_GOLDEN=1` writes them anew.
#![expect(clippy::disallowed_methods, reason = "a test of files reads them")]

use std::fs;
use std::path::{Path, PathBuf};

use vpclab::notation::{Source, problems_to_text};
use vpclab::scenario::load;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

fn diagnostics(path: &Path) -> String {
    let name = format!("scenarios/errors/{}", path.file_name().expect("a name").to_string_lossy());
    let source = Source::new(name, fs::read_to_string(path).expect("a text"));
    let (scenarios, problems) = load(&source);
    assert!(scenarios.is_empty(), "{} is not wrong", path.display());
    problems_to_text(&source, &problems, false)
}

#[test]
fn each_wrong_file_gets_its_diagnostics() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let files = files(&root().join("scenarios/errors"), "yaml");
    assert!(14 <= files.len());
    for path in files {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let golden = root().join("tests/golden/errors").join(format!("{stem}.txt"));
        let now = diagnostics(&path);
        if update {
            fs::create_dir_all(golden.parent().expect("a folder")).expect("a folder");
            fs::write(&golden, &now).expect("the golden is written");
        }
        let wanted = fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
        if now != wanted {
            wrong.push(format!("{stem}: wanted\n{wanted}\nfound\n{now}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_GOLDEN=1 writes them anew", wrong.join("\n"));
}

#[test]
fn each_golden_belongs_to_a_wrong_file() {
    for golden in files(&root().join("tests/golden/errors"), "txt") {
        let stem = golden.file_stem().expect("a name").to_string_lossy().into_owned();
        let scenario = root().join("scenarios/errors").join(format!("{stem}.yaml"));
        assert!(scenario.exists(), "{} belongs to no file", golden.display());
    }
}
