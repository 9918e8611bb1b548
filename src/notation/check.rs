//! A tree held against the tables: unknown and missing keys, wrong kinds, wrong words, all at once. Resolves no names.

use super::shape::{Form, Key, Kind, Names, Shape};
use super::{Map, Node, Problem, Problems, Span, Value, decode};

/// Adds every way in which `node` is not of this kind.
pub fn check(node: &Node, kind: &Kind, problems: &mut Problems) {
    if let Err(problem) = check_scalar(node, kind) {
        problems.push(problem);
        return;
    }
    match kind {
        Kind::List(item) => match &node.value {
            Value::List(items) => items.iter().for_each(|node| check(node, item, problems)),
            Value::Null | Value::Scalar(_) | Value::Map(_) => problems.push(wrong_kind(node, "a list")),
        },
        Kind::OneOrMany(item) => match &node.value {
            Value::List(items) => items.iter().for_each(|node| check(node, item, problems)),
            Value::Null | Value::Scalar(_) | Value::Map(_) => check(node, item, problems),
        },
        Kind::Named { keys, value } => match &node.value {
            Value::Map(map) => check_named(map, keys, value, problems),
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                problems.push(wrong_kind(node, "a map").label(format!("each key is {}", keys.what)));
            }
        },
        Kind::Shape(shape) => match &node.value {
            Value::Map(map) => check_shape(node, map, shape, problems),
            Value::Null if shape.plain_keys().all(|key| !key.required) && shape.one_of.is_empty() => {}
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                let keys: Vec<&str> = shape.all_keys().map(|key| key.name).collect();
                let problem = wrong_kind(node, "a map");
                problems.push(problem.help(format!("with keys such as {}", listed(&keys))));
            }
        },
        Kind::Either(kinds) => check_either(node, kinds, problems),
        Kind::Optional(kind) if node.value != Value::Null => check(node, kind, problems),
        _ => {}
    }
}

/// How many keys or words a message lists.
const KEYS_SHOWN: usize = 12;

/// The scalar kinds, each by its reader; the others are fine here.
fn check_scalar(node: &Node, kind: &Kind) -> Result<(), Problem> {
    match kind {
        Kind::Text | Kind::Prose => decode::text(node).map(drop),
        Kind::Bool => decode::boolean(node).map(drop),
        Kind::Integer { min, max } => decode::integer(node, *min, *max).map(drop),
        Kind::Duration => decode::duration(node).map(drop),
        Kind::Size => decode::size(node).map(drop),
        Kind::Rate => decode::rate(node).map(drop),
        Kind::Share => decode::share(node).map(drop),
        Kind::Cidr => decode::cidr(node).map(drop),
        Kind::Address => decode::address(node).map(drop),
        Kind::Port => decode::port(node).map(drop),
        Kind::Ports => decode::ports(node).map(drop),
        Kind::Date => decode::date(node).map(drop),
        Kind::Choice(words) => decode::choice(node, words).map(drop),
        Kind::Form(form) => check_form(node, form),
        Kind::List(_)
        | Kind::OneOrMany(_)
        | Kind::Named { .. }
        | Kind::Shape(_)
        | Kind::Either(_)
        | Kind::Optional(_)
        | Kind::Free => Ok(()),
    }
}

/// Kinds of scalars are told apart by which of them the text is of.
fn check_either(node: &Node, kinds: &[Kind], problems: &mut Problems) {
    let suiting: Vec<&Kind> = kinds.iter().filter(|kind| suits(kind, &node.value)).collect();
    let names = |kinds: &[&Kind]| kinds.iter().map(|kind| name_of(kind)).collect::<Vec<_>>().join(" or ");
    match suiting.as_slice() {
        [] => problems.push(wrong_kind(node, &names(&kinds.iter().collect::<Vec<_>>()))),
        [only] => check(node, only, problems),
        several => match several.iter().find(|kind| check_scalar(node, kind).is_ok()) {
            Some(kind) => check(node, kind, problems),
            None => {
                let text = decode::brief(node.as_text().unwrap_or_default());
                let problem = Problem::error(node.span, format!("expected {}, found `{text}`", names(several)));
                let help = several.iter().filter_map(|kind| check_scalar(node, kind).err()?.help.into_iter().next());
                problems.push(help.fold(problem, Problem::help));
            }
        },
    }
}

fn check_form(node: &Node, form: &Form) -> Result<(), Problem> {
    let written = decode::text(node)
        .map_err(|_| Problem::error(node.span, format!("expected {}, found {}", form.what, node.kind())))?;
    if (form.fits)(written) {
        Ok(())
    } else {
        Err(Problem::error(node.span, format!("`{}` is not {}", decode::brief(written), form.what)))
    }
}

fn check_named(map: &Map, names: &Names, value: &Kind, problems: &mut Problems) {
    for entry in &map.entries {
        if !(names.fits)(&entry.key) {
            let key = decode::brief(&entry.key);
            problems.push(Problem::error(entry.key_span, format!("`{key}` is not {}", names.what)));
        }
        check(&entry.value, value, problems);
    }
}

fn check_shape(node: &Node, map: &Map, shape: &Shape, problems: &mut Problems) {
    let mut verb: Option<(&'static Key, Span)> = None;
    let mut unknown = false;
    for entry in &map.entries {
        let Some(key) = shape.key(&entry.key) else {
            if let Some((names, kind)) = &shape.extra
                && (names.fits)(&entry.key)
            {
                check(&entry.value, kind, problems);
                continue;
            }
            unknown = true;
            problems.push(unknown_key(&entry.key, entry.key_span, shape));
            continue;
        };
        if shape.verbs().any(|one| one.name == key.name) {
            if let Some((first, span)) = verb {
                let text = format!("`{}` and `{}` cannot stand together", first.name, key.name);
                problems.push(Problem::error(entry.key_span, text).related(span, "the first one"));
            } else {
                verb = Some((key, entry.key_span));
            }
        }
        check(&entry.value, &key.kind, problems);
    }
    // A missing key is shown where the map begins: at its first key, or at its bracket.
    let place = map.entries.first().map_or(node.span, |entry| entry.key_span);
    let missing = |key: &&Key| key.required && !map.entries.iter().any(|entry| key.is(&entry.key));
    for key in shape.plain_keys().filter(missing) {
        let problem = Problem::error(place, format!("the key `{}` is missing", key.name));
        problems.push(problem.label(format!("in this {}", shape.name)).help(key.doc));
    }
    // Where a key is unknown, it was probably meant as the verb.
    if !shape.one_of.is_empty() && verb.is_none() && !unknown {
        let names: Vec<&str> = shape.verbs().map(|key| key.name).collect();
        let problem = Problem::error(place, format!("{} is missing", shape.verb));
        problems.push(problem.help(format!("one of {}", listed(&names))));
    }
}

fn unknown_key(written: &str, span: Span, shape: &Shape) -> Problem {
    let problem = Problem::error(span, format!("unknown key `{}`", decode::brief(written)));
    let spellings = shape.all_keys().flat_map(|key| [key.name, key.alias]).filter(|name| !name.is_empty());
    let problem = problem.did_you_mean(written, spellings);
    if !problem.help.is_empty() {
        return problem;
    }
    let names: Vec<&str> = shape.all_keys().map(|key| key.name).collect();
    let problem = problem.help(format!("the keys of this {}: {}", shape.name, listed(&names)));
    match &shape.extra {
        Some((extra, _)) => problem.help(format!("or {}", extra.what)),
        None => problem,
    }
}

/// Whether a value of this kind can look like this one.
fn suits(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::List(_) => matches!(value, Value::List(_)),
        Kind::Named { .. } | Kind::Shape(_) => matches!(value, Value::Map(_)),
        Kind::Optional(kind) => *value == Value::Null || suits(kind, value),
        Kind::OneOrMany(kind) => matches!(value, Value::List(_)) || suits(kind, value),
        Kind::Either(kinds) => kinds.iter().any(|kind| suits(kind, value)),
        Kind::Free => true,
        Kind::Text
        | Kind::Prose
        | Kind::Bool
        | Kind::Integer { .. }
        | Kind::Duration
        | Kind::Size
        | Kind::Rate
        | Kind::Share
        | Kind::Cidr
        | Kind::Address
        | Kind::Port
        | Kind::Ports
        | Kind::Date
        | Kind::Choice(_)
        | Kind::Form(_) => matches!(value, Value::Scalar(_)),
    }
}

fn name_of(kind: &Kind) -> String {
    match kind {
        Kind::Text | Kind::Prose => "a text".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Integer { .. } => "a whole number".to_owned(),
        Kind::Duration => "a length of time".to_owned(),
        Kind::Size => "a number of bytes".to_owned(),
        Kind::Rate => "a rate".to_owned(),
        Kind::Share => "a share".to_owned(),
        Kind::Cidr => "a CIDR block".to_owned(),
        Kind::Address => "an address".to_owned(),
        Kind::Port => "a port".to_owned(),
        Kind::Ports => "a range of ports".to_owned(),
        Kind::Date => "a date and time".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", listed(&words))
        }
        Kind::Form(form) => form.what.to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::OneOrMany(kind) => format!("{} or a list", name_of(kind)),
        Kind::Named { .. } | Kind::Shape(_) => "a map".to_owned(),
        Kind::Either(kinds) => kinds.iter().map(name_of).collect::<Vec<_>>().join(" or "),
        Kind::Optional(kind) => name_of(kind),
        Kind::Free => "a value".to_owned(),
    }
}

fn wrong_kind(node: &Node, wanted: &str) -> Problem {
    Problem::error(node.span, format!("expected {wanted}, found {}", node.kind()))
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(KEYS_SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(KEYS_SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::{key, required, shape};
    use super::super::{Source, parse_yaml};
    use super::*;

    static SUBNET: Shape =
        shape("subnet", "", &[required("cidr", Kind::Cidr, "Its block."), key("zone", Kind::Text, "Its zone.")]);
    static VERBS: Shape = shape("step", "", &[key("at", Kind::Duration, "")]).with_verbs(
        "an action",
        &[&[key("create-route", Kind::Free, "").or("CreateRoute"), key("delete-route", Kind::Free, "")]],
    );
    static ROOT: Shape = shape(
        "file",
        "",
        &[
            key(
                "subnets",
                Kind::Named {
                    keys: &Names { what: "a name", fits: |key| !key.is_empty() },
                    value: &Kind::Shape(&SUBNET),
                },
                "",
            ),
            key("rules", Kind::OneOrMany(&Kind::Text), ""),
            key("steps", Kind::List(&Kind::Shape(&VERBS)), ""),
            key("size", Kind::Either(&[Kind::Size, Kind::List(&Kind::Size)]), ""),
            key("ipv6", Kind::Either(&[Kind::Bool, Kind::Address]), ""),
        ],
    );

    #[track_caller]
    fn run(text: &str, expected: &[&str]) {
        let (root, problems) = parse_yaml(&Source::new("t", text));
        assert_eq!(problems, []);
        let mut problems = Problems::default();
        check(&root.expect("a tree"), &Kind::Shape(&ROOT), &mut problems);
        let found: Vec<String> = problems.into_sorted().into_iter().map(|problem| problem.message).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_good_text_has_no_problems() {
        run("subnets: {a: {cidr: 10.0.0.0/24}}\nrules: R1\nsteps: [{at: 1s, create-route: {}}]\nsize: [1 KiB]\n", &[]);
    }

    #[test]
    fn every_problem_of_a_text_is_found_at_once() {
        run(
            "subnts: {}\nsubnets: {a: {cidr: 10.0.0/24, zon: b}, b: {}, c: 5}\nrules: {}\nsize: {}\n",
            &[
                "unknown key `subnts`",
                "`10.0.0/24` is not a CIDR block such as 10.0.0.0/16",
                "unknown key `zon`",
                "the key `cidr` is missing",
                "expected a map, found a number",
                "expected a text, found a map",
                "expected a number of bytes or a list, found a map",
            ],
        );
    }

    #[test]
    fn scalars_of_either_kind_are_told_apart_by_their_text() {
        run("ipv6: true\n", &[]);
        run("ipv6: 2001:db8::5\n", &[]);
        run("ipv6: yes\n", &["expected `true` or `false` or an address, found `yes`"]);
    }

    #[test]
    fn exactly_one_verb_stands_in_a_step() {
        run("steps: [{at: 1s}]\n", &["an action is missing"]);
        run("steps: [{create-rout: {}}]\n", &["unknown key `create-rout`"]);
        run(
            "steps: [{create-route: {}, delete-route: {}}]\n",
            &["`create-route` and `delete-route` cannot stand together"],
        );
    }
}
