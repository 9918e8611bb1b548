//! The JSON Schema of the language, for editors: made from the same tables that check and decode. Checks nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::vocabulary::FILE;
use crate::notation::shape::{Key, Kind, Shape};

/// The schema of a scenario file (JSON Schema, draft 2020-12).
pub fn schema() -> Json {
    let mut definitions = BTreeMap::new();
    let mut root = shape(&FILE, &mut definitions);
    let definitions: Map<String, Json> = definitions.into_iter().filter_map(|(name, one)| Some((name, one?))).collect();
    if let Json::Object(map) = &mut root {
        map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".to_owned(), json!("vpclab scenario"));
        map.insert("$defs".to_owned(), Json::Object(definitions));
    }
    root
}

/// Maps by their names; `None` while one is being made, so that a map may hold itself.
type Definitions = BTreeMap<String, Option<Json>>;

/// The name of a map among the definitions: two maps may share a word, so its first key stands beside it.
fn name_of(shape: &'static Shape, definitions: &Definitions) -> String {
    let name = shape.name.replace(' ', "-");
    let own = |candidate: &String| match definitions.get(candidate) {
        Some(Some(made)) => made.get("description") == Some(&json!(shape.doc)),
        Some(None) | None => true,
    };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(own).unwrap_or(name)
}

fn shape(shape: &'static Shape, definitions: &mut Definitions) -> Json {
    let mut properties = Map::new();
    for key in shape.all_keys() {
        properties.insert(key.name.to_owned(), property(key, definitions));
        if !key.alias.is_empty() {
            let doc = format!("EC2's own spelling of `{}`. {}", key.name, key.doc);
            let mut alias = property(key, definitions);
            if let Json::Object(map) = &mut alias {
                map.insert("description".to_owned(), json!(doc));
            }
            properties.insert(key.alias.to_owned(), alias);
        }
    }
    let mut map = Map::new();
    map.insert("type".to_owned(), json!("object"));
    map.insert("description".to_owned(), json!(shape.doc));
    map.insert("properties".to_owned(), Json::Object(properties));
    let mut all_of: Vec<Json> = Vec::new();
    let mut required: Vec<&str> = Vec::new();
    for key in shape.plain_keys().filter(|key| key.required) {
        if key.alias.is_empty() {
            required.push(key.name);
        } else {
            all_of.push(json!({"anyOf": [{"required": [key.name]}, {"required": [key.alias]}]}));
        }
    }
    if !required.is_empty() {
        map.insert("required".to_owned(), json!(required));
    }
    if !shape.one_of.is_empty() {
        let verbs = shape.verbs().flat_map(|key| [key.name, key.alias]).filter(|name| !name.is_empty());
        let one_of: Vec<Json> = verbs.map(|name| json!({"required": [name]})).collect();
        all_of.push(json!({"oneOf": one_of}));
    }
    if !all_of.is_empty() {
        map.insert("allOf".to_owned(), json!(all_of));
    }
    let rest = match &shape.extra {
        Some((names, kind)) => {
            let mut value = kind_schema(kind, definitions);
            if let Json::Object(map) = &mut value {
                map.entry("description").or_insert(json!(format!("The key is {}.", names.what)));
            }
            value
        }
        None => json!(false),
    };
    map.insert("additionalProperties".to_owned(), rest);
    Json::Object(map)
}

fn property(key: &Key, definitions: &mut Definitions) -> Json {
    let mut value = kind_schema(&key.kind, definitions);
    if let Json::Object(map) = &mut value {
        map.insert("description".to_owned(), json!(key.doc));
    }
    value
}

fn kind_schema(kind: &Kind, definitions: &mut Definitions) -> Json {
    // YAML reads `443` and `true` as no strings; where a text is wanted, they are texts to us.
    let scalar = || json!({"type": ["string", "number", "boolean"]});
    let pattern = |pattern: &str| json!({"type": ["string", "number"], "pattern": pattern});
    match kind {
        Kind::Text | Kind::Prose | Kind::Address => scalar(),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Integer { min, max } if *max == u64::MAX => json!({"type": ["integer", "string"], "minimum": min}),
        Kind::Integer { min, max } => json!({"type": ["integer", "string"], "minimum": min, "maximum": max}),
        Kind::Duration => pattern("^[0-9]+(\\.[0-9]+)? *(ns|us|µs|ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)$"),
        Kind::Size => pattern("^[0-9][0-9_,]*(\\.[0-9]+)? *(B|bytes?|[KMGT]iB|[kMGT]B)?$"),
        Kind::Rate => pattern("^[0-9][0-9_,]*(\\.[0-9]+)? *[kMGT]?bit/s$"),
        Kind::Share => pattern("^[0-9]*\\.?[0-9]+ *%?$"),
        Kind::Cidr => pattern("^[0-9a-fA-F.:]+/[0-9]+$"),
        Kind::Port => json!({"type": "integer", "minimum": 1, "maximum": 65_535}),
        Kind::Ports => pattern("^[0-9]+(-[0-9]+)?$"),
        Kind::Date => pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"),
        Kind::Choice(words) => {
            let each: Vec<Json> = words.iter().map(|(word, doc)| constant(word, doc)).collect();
            json!({"oneOf": each})
        }
        Kind::Form(form) if form.pattern.is_empty() => scalar(),
        Kind::Form(form) => pattern(form.pattern),
        Kind::List(item) => json!({"type": "array", "items": kind_schema(item, definitions)}),
        Kind::OneOrMany(item) => {
            let one = kind_schema(item, definitions);
            json!({"anyOf": [one, {"type": "array", "items": one}]})
        }
        Kind::Named { keys, value } => {
            let value = kind_schema(value, definitions);
            json!({"type": "object", "additionalProperties": value, "propertyNames": {"description": keys.what}})
        }
        Kind::Shape(inner) => {
            let name = name_of(inner, definitions);
            if !definitions.contains_key(&name) {
                definitions.insert(name.clone(), None);
                let made = shape(inner, definitions);
                definitions.insert(name.clone(), Some(made));
            }
            json!({"$ref": format!("#/$defs/{name}")})
        }
        Kind::Either(kinds) => {
            let each: Vec<Json> = kinds.iter().map(|kind| kind_schema(kind, definitions)).collect();
            json!({"anyOf": each})
        }
        Kind::Optional(kind) => json!({"anyOf": [{"type": "null"}, kind_schema(kind, definitions)]}),
        Kind::Free => json!({}),
    }
}

/// A word; `2017` is a number to YAML.
fn constant(word: &str, doc: &str) -> Json {
    match word.parse::<u64>() {
        Ok(number) => json!({"enum": [word, number], "description": doc}),
        Err(_) => json!({"const": word, "description": doc}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_shape(kind: &Kind, seen: &mut Vec<&'static Shape>) {
        match kind {
            Kind::Shape(shape) if seen.iter().any(|one| std::ptr::eq(*one, *shape)) => {}
            Kind::Shape(shape) => {
                seen.push(shape);
                shape.all_keys().for_each(|key| every_shape(&key.kind, seen));
                if let Some((_, kind)) = &shape.extra {
                    every_shape(kind, seen);
                }
            }
            Kind::List(kind) | Kind::OneOrMany(kind) | Kind::Optional(kind) => every_shape(kind, seen),
            Kind::Named { value, .. } => every_shape(value, seen),
            Kind::Either(kinds) => kinds.iter().for_each(|kind| every_shape(kind, seen)),
            _ => {}
        }
    }

    #[test]
    fn every_key_of_the_language_is_documented_and_stands_once_in_its_map() {
        let mut shapes = Vec::new();
        every_shape(&Kind::Shape(&FILE), &mut shapes);
        assert!(50 < shapes.len());
        for shape in shapes {
            let mut spellings: Vec<&str> = Vec::new();
            for key in shape.all_keys() {
                assert!(key.doc.ends_with('.'), "`{}` of {} has no sentence", key.name, shape.name);
                spellings.extend([key.name, key.alias].into_iter().filter(|name| !name.is_empty()));
            }
            let count = spellings.len();
            spellings.sort_unstable();
            spellings.dedup();
            assert_eq!(spellings.len(), count, "a key stands twice in {}", shape.name);
        }
    }

    #[test]
    fn every_reference_of_the_schema_leads_somewhere() {
        let schema = schema();
        let text = schema.to_string();
        let definitions = schema["$defs"].as_object().expect("definitions");
        for reference in text.split("\"#/$defs/").skip(1) {
            let name = reference.split('"').next().expect("an end");
            assert!(definitions.contains_key(name), "{name}");
        }
        // A number and its text are both an era.
        let step = &definitions["step"]["properties"]["era"];
        assert_eq!(step["oneOf"][0]["enum"][1], 2017, "{step}");
        assert_eq!(schema["required"], json!(["vpclab", "title"]));
    }
}
