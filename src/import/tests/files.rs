//! Files under any names, in pages, torn, in other encodings, twice, or none at all.

use std::collections::BTreeSet;

use super::lab::{check_problems, imported, shown};
use super::network::tiny;
use super::*;
use crate::base::RegionName;

#[test]
fn flat_answers_under_any_names_make_the_same_world() {
    let whole = imported(inputs(endpoints_network()));
    let renamed: Vec<(String, String)> = endpoints_network()
        .into_iter()
        .enumerate()
        .map(|(index, (_, text))| (format!("answer-{index}.json"), text.to_owned()))
        .collect();
    let flat = imported(inputs(renamed.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
    assert_eq!(flat.world, whole.world);
    // Without its key, each list is told by its shape; and in pages.
    let mut paged: Vec<(String, String)> = renamed
        .iter()
        .filter(|(_, text)| !text.contains("\"SecurityGroups\": [\n  {\n   \"Description\""))
        .cloned()
        .collect();
    let groups = endpoints_network().into_iter().find(|(path, _)| path.ends_with("/SecurityGroups.json"));
    let tree: serde_json::Value = serde_json::from_str(groups.expect("the groups").1).expect("JSON");
    let list = tree["SecurityGroups"].as_array().expect("a list");
    paged.push(("one.json".to_owned(), serde_json::json!({"SecurityGroups": [list[0]], "NextToken": "x"}).to_string()));
    paged.push(("two.json".to_owned(), serde_json::json!([list[1]]).to_string()));
    let paged = imported(inputs(paged.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
    assert_eq!(paged.world, whole.world);
}

#[test]
fn half_a_folder_names_the_calls_that_are_missing() {
    let kept = ["Vpcs", "Subnets", "NetworkInterfaces", "Reservations"];
    let half =
        endpoints_network().into_iter().filter(|(path, _)| kept.iter().any(|k| path.ends_with(&format!("/{k}.json"))));
    let problems = shown(&import(inputs(half), &ImportOptions::default()).expect_err("problems"));
    for call in ["describe-route-tables", "describe-network-acls", "describe-security-groups"] {
        assert!(problems.iter().any(|problem| problem.contains(call)), "{call}: {problems:#?}");
    }
    assert!(problems.iter().all(|problem| problem.contains("no file holds the")), "{problems:#?}");
    // Each kind is missed once, by the folder.
    let of_folder = problems.iter().filter(|problem| problem.starts_with("aws_vpc_endpoints/aws_configs/us-east-1:"));
    assert_eq!(of_folder.count(), 3, "{problems:#?}");
}

#[test]
fn an_empty_or_torn_file_is_one_problem_and_hides_nothing_else() {
    let mut files = tiny(&[]);
    files[1].text = String::new();
    files[2].text.truncate(30);
    check_problems(
        files,
        &[
            "us-east-1/Subnets.json:1:1 the text is empty",
            "us-east-1/RouteTables.json:1:19 unterminated string literal",
        ],
    );
}

#[test]
fn what_is_no_answer_is_left_aside_and_named() {
    let file = |path: &str, text: &str| InputFile { path: path.to_owned(), text: text.to_owned() };
    let mut files = tiny(&[]);
    files.extend([
        file("README.md", "# Notes"),
        file("package.json", r#"{"name": "x", "version": "1"}"#),
        file("list.json", "[1, 2]"),
        file("null.json", "null"),
        file("notes.txt", "{ this is no JSON"),
    ]);
    let imported = imported(files);
    assert_eq!(shown(&imported.warnings), Vec::<String>::new());
    let skipped: Vec<String> = imported.skipped.iter().map(|one| format!("{}: {}", one.path, one.why)).collect();
    assert_eq!(
        skipped,
        [
            "README.md: it is not JSON",
            "notes.txt: it is not JSON",
            "package.json: none of its keys is of an answer that is known: `name`, `version`",
            "list.json: it is a list of something that no known call answers",
            "null.json: it says nothing",
        ]
    );
}

#[test]
fn an_answer_in_pages_needs_its_last_page() {
    let page = |name: &str, key: &str, token: &str| InputFile {
        path: format!("us-east-1/{name}.json"),
        text: format!(r#"{{"{key}": [], "NextToken": {token}}}"#),
    };
    let mut files = tiny(&[]);
    files.push(page("more", "Subnets", r#""abc""#));
    assert_eq!(shown(&imported(files.clone()).warnings), Vec::<String>::new());
    files.push(page("igw1", "InternetGateways", r#""abc""#));
    files.push(page("igw2", "InternetGateways", r#""def""#));
    let warnings = shown(&imported(files.clone()).warnings);
    let place =
        "us-east-1/igw1.json:1:39 NextToken: the InternetGateways go on behind this, and no file is their last page";
    assert_eq!(warnings, [place]);
    files.push(page("igw3", "InternetGateways", "null"));
    assert_eq!(shown(&imported(files).warnings), Vec::<String>::new());
}

#[test]
fn files_may_have_marks_and_any_line_ends_but_are_utf_8() {
    let plain = imported(tiny(&[])).world;
    let bytes = |change: fn(&str) -> Vec<u8>| {
        let file = |file: InputFile| InputFile::of_bytes(&file.path, change(&file.text));
        tiny(&[]).into_iter().map(file).collect::<Result<Vec<_>, _>>()
    };
    let marked = bytes(|text| format!("\u{feff}{}", text.replace(", ", ",\r\n")).into_bytes()).expect("UTF-8");
    assert_eq!(imported(marked).world, plain);
    let wide = bytes(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()).expect_err("UTF-16");
    assert_eq!(shown(&[wide]), ["us-east-1/Vpcs.json:1:1 the file is UTF-16, not UTF-8"]);
}

#[test]
fn a_file_can_be_an_answer_by_its_name_or_its_first_character() {
    for (path, beginning, can) in [
        ("Vpcs.json", "", true),
        ("Vpcs.JSON", "x", true),
        ("vpcs", " \n{\"Vpcs\": []}", true),
        ("vpcs.txt", "\u{feff}[", true),
        ("vpcs.yaml", "Vpcs: []", false),
        ("notes", "", false),
    ] {
        assert_eq!(InputFile::can_be(path, beginning.as_bytes()), can, "{path}");
    }
    assert!(InputFile::can_be("vpcs", &[0xff, 0xfe, b'{', 0]));
}

#[test]
fn a_file_of_no_region_is_told_one_and_many_are_one_problem() {
    let nowhere: Vec<InputFile> = tiny(&[])
        .into_iter()
        .map(|file| InputFile {
            path: file.path.replace("us-east-1/", ""),
            text: file.text.replace(r#""AvailabilityZone": "us-east-1a""#, r#""AvailabilityZone": "zone1""#),
        })
        .collect();
    check_problems(nowhere.clone(), &["Vpcs.json:1:1 cannot tell which region these files are of"]);
    let region = RegionName::parse("us-east-1");
    let options = ImportOptions { region, ..ImportOptions::default() };
    assert!(import(nowhere, &options).is_ok());
}

#[test]
fn two_accounts_with_the_same_ids_are_refused() {
    let mut files: Vec<(String, String)> =
        endpoints_network().into_iter().map(|(path, text)| (format!("111111111111/{path}"), text.to_owned())).collect();
    files.extend(endpoints_network().into_iter().map(|(path, text)| (format!("222222222222/{path}"), text.to_owned())));
    let files = inputs(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let problems = shown(&import(files, &ImportOptions::default()).expect_err("problems"));
    let place = "VpcEndpoints[0]: vpce-0532038c44e8de847 is described for account 222222222222 in us-east-1, and for \
                 account 111111111111 in us-east-1";
    assert!(problems.iter().any(|problem| problem.contains(place)), "{problems:#?}");
    // Each pair of files says it once.
    assert!(problems.iter().any(|problem| problem.ends_with("Reservations.json (and 2 more of this file)")));
    let files: BTreeSet<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(files.len(), problems.len(), "{problems:#?}");
}

#[test]
fn no_file_at_all_is_a_problem() {
    check_problems(Vec::new(), &["these files:1:1 no VPC is described in these files"]);
}
