//! The printed JSON Schema against the files of the house: what runs is allowed by it, what has the wrong form is not.
#![expect(clippy::disallowed_methods, reason = "a test of files reads them")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use vpclab::import::{ImportOptions, InputFile, import};
use vpclab::notation::{Node, Source, Value, parse_yaml};
use vpclab::scenario::{Preface, schema, write};

/// The first place where `value` is not what `schema` allows; as much of JSON Schema as the printed one uses, without
/// patterns.
fn offense(value: &Json, schema: &Json, root: &Json, path: &str) -> Option<String> {
    let Json::Object(rules) = schema else {
        return (*schema == json!(false)).then(|| format!("{path}: nothing may stand here"));
    };
    if let Some(reference) = rules.get("$ref").and_then(Json::as_str) {
        let name = reference.rsplit('/').next().expect("a name");
        return offense(value, &root["$defs"][name], root, path);
    }
    let allows = |schema: &Json| offense(value, schema, root, path).is_none();
    for (rule, wanted) in rules {
        let wrong = match rule.as_str() {
            "type" => {
                let names = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
                !names.iter().any(|name| has_type(value, name.as_str().expect("a type")))
            }
            "const" => value != wanted,
            "enum" => !wanted.as_array().expect("a list").contains(value),
            "minimum" => value.as_f64().is_some_and(|number| number < wanted.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_some_and(|number| wanted.as_f64().expect("a number") < number),
            "required" => {
                let there = |name: &Json| value.get(name.as_str().expect("a key")).is_some();
                value.is_object() && !wanted.as_array().expect("keys").iter().all(there)
            }
            "allOf" => !wanted.as_array().expect("schemas").iter().all(allows),
            "anyOf" => !wanted.as_array().expect("schemas").iter().any(allows),
            "oneOf" => wanted.as_array().expect("schemas").iter().filter(|schema| allows(schema)).count() != 1,
            _ => false,
        };
        if wrong {
            return Some(format!("{path}: {rule} of {wanted} refuses {value}"));
        }
    }
    let inside = |(key, value): (&String, &Json)| {
        let rule =
            rules.get("properties").and_then(|keys| keys.get(key)).or_else(|| rules.get("additionalProperties"))?;
        offense(value, rule, root, &format!("{path}.{key}"))
    };
    let of_item = |item: &Json| rules.get("items").and_then(|rule| offense(item, rule, root, &format!("{path}[]")));
    match value {
        Json::Object(map) => map.iter().find_map(inside),
        Json::Array(items) => items.iter().find_map(of_item),
        _ => None,
    }
}

fn has_type(value: &Json, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => panic!("an unknown type {name}"),
    }
}

/// A tree as an editor's YAML reads it.
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(map) => {
            Json::Object(map.entries.iter().map(|entry| (entry.key.clone(), json_of(&entry.value))).collect())
        }
        Value::Scalar(scalar) if scalar.quoted => json!(scalar.text),
        Value::Scalar(scalar) => {
            let text = scalar.text.as_str();
            match (text.parse::<u64>(), text.parse::<f64>(), text) {
                (Ok(number), ..) => json!(number),
                (_, Ok(number), _) => json!(number),
                (.., "true") => json!(true),
                (.., "false") => json!(false),
                _ => json!(text),
            }
        }
    }
}

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "errors") {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            out.push(path);
        }
    }
}

fn judge(path: &Path) -> Option<String> {
    judge_text(&path.display().to_string(), fs::read_to_string(path).expect("a text"))
}

fn judge_text(name: &str, text: String) -> Option<String> {
    let (root, _) = parse_yaml(&Source::new(name, text));
    let schema = schema();
    offense(&json_of(&root.expect("a tree")), &schema, &schema, name)
}

#[test]
fn the_schema_allows_every_scenario() {
    let mut all = Vec::new();
    files(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios"), "yaml", &mut all);
    assert!(!all.is_empty());
    let offenses: Vec<String> = all.iter().filter_map(|path| judge(path)).collect();
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

#[test]
fn the_schema_allows_accounts_that_are_written_as_scenarios() {
    for network in ["aws_vpc_endpoints", "aws_multi_account_vpc_peering"] {
        let mut paths = Vec::new();
        files(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/live-aws").join(network), "json", &mut paths);
        let read = |path: &PathBuf| InputFile {
            path: path.display().to_string(),
            text: fs::read_to_string(path).expect("a text"),
        };
        let answers = paths.iter().map(read).collect();
        let imported = import(answers, &ImportOptions::default()).expect("an account");
        assert_eq!(judge_text(network, write(&imported.world, &Preface::default()).text), None);
    }
}

#[test]
fn the_schema_refuses_what_has_the_wrong_form() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/errors");
    for name in ["unknown-key", "missing-keys", "wrong-types", "unknown-verbs"] {
        assert!(judge(&folder.join(format!("{name}.yaml"))).is_some(), "{name}");
    }
}
