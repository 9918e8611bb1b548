//! A tree of the file as JSON, for what is compared with answers or handed on as text. Guesses types as YAML does.

use serde_json::{Map, Number, Value as Json};

use crate::notation::{Node, Value};

/// The node as JSON: unquoted truth values and whole numbers keep their type, all else is a string.
pub(super) fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(map) => {
            let entries = map.entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Value::Scalar(scalar) if scalar.quoted => Json::String(scalar.text.clone()),
        Value::Scalar(scalar) => match scalar.text.as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            // An account's number that begins with 0 is a text; so is all that is not written as JSON writes numbers.
            text => match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => Json::Number(Number::from(number)),
                Ok(_) | Err(_) => Json::String(text.to_owned()),
            },
        },
    }
}
