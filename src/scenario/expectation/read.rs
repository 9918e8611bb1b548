//! The verbs of `expect`, each read into what it claims.

use super::claim::{Cause, Completion, Expectation, Expected, ResetBy};
use super::log_line::log_line;
use super::packet_pattern::pattern;
use super::probe::probes;
use super::value::{device, devices, dollars, program_names, reason, texts, timing, window};
use crate::control_plane::Destination;
use crate::notation::shape::{Key, Kind};
use crate::notation::{Node, Value, View, decode};
use crate::scenario::context::Cx;
use crate::scenario::machine::unreachable_verb;
use crate::scenario::program::{Machines, Program};
use crate::scenario::timeline::{StepLabels, rules};
use crate::scenario::vocabulary::EXPECTATION;

/// What reading expectations needs beside the context.
pub(in crate::scenario) struct Known<'a> {
    pub(in crate::scenario) machines: &'a Machines<'a>,
    pub(in crate::scenario) labels: &'a StepLabels,
    /// The names of all programs.
    pub(in crate::scenario) programs: &'a [String],
}

/// Reads an expectation. Probes that it needs are added to the programs.
pub(in crate::scenario) fn expectation(
    cx: &mut Cx<'_>,
    known: &Known<'_>,
    node: &Node,
    programs: &mut Vec<Program>,
) -> Option<Expectation> {
    let view = View::of(node, &EXPECTATION)?;
    let (key, entry) = view.verb()?;
    let Kind::Shape(shape) = key.kind else { return None };
    let inner = View::of(&entry.value, shape)?;
    let what = expected(cx, known, key, &inner, programs)?;
    Some(Expectation {
        what,
        text: in_words(key.name, &entry.value),
        rules: rules(&view),
        twin: view.boolean("twin").unwrap_or(false),
        because: view.string("because"),
        span: entry.key_span,
    })
}

fn expected(
    cx: &mut Cx<'_>,
    known: &Known<'_>,
    key: &Key,
    view: &View<'_>,
    out: &mut Vec<Program>,
) -> Option<Expected> {
    match key.name {
        "reaches" => {
            let probes = probes(cx, known, view, out)?;
            return Some(Expected::Reaches { probes, devices: devices(cx, known, view.items("by")) });
        }
        "does-not-reach" => {
            let probes = probes(cx, known, view, out)?;
            let reason = reason(cx, view.node("reason"));
            let dropped_by = view.node("dropped-by").and_then(|node| device(cx, known, node));
            let refused = view.boolean("refused").unwrap_or(false);
            return Some(Expected::DoesNotReach { probes, reason, dropped_by, refused });
        }
        "s3-sees" | "s3-never-sees" => {
            let line = Box::new(log_line(cx, known, view));
            return Some(Expected::S3Sees { line, never: key.name == "s3-never-sees" });
        }
        "drops" | "drops-nothing" | "route-table" | "carries" | "costs" => return of_network(cx, known, key, view),
        _ => {}
    }
    of_programs(cx, known, key, view)
}

fn of_programs(cx: &mut Cx<'_>, known: &Known<'_>, key: &Key, view: &View<'_>) -> Option<Expected> {
    let programs = program_names(cx, known, view.items("program"));
    let number = |key| view.integer(key).map(|number| number as u32);
    let status = || view.integer("status").map(|status| status as u16);
    Some(match key.name {
        "completes" => {
            let (bytes, attempts, saying) = (view.size("bytes"), number("attempts"), view.string("saying"));
            let how = Completion { bytes, status: status(), attempts, saying };
            Expected::Completes { programs, timing: timing(cx, known, view), how }
        }
        "fails" => Expected::Fails {
            programs,
            timing: timing(cx, known, view),
            by: view.text("by").and_then(cause),
            status: status(),
            code: view.string("code"),
            saying: view.string("saying"),
        },
        "is-reset" => Expected::IsReset {
            programs,
            timing: timing(cx, known, view),
            by: view.text("by").map(|by| match by {
                "nat-gateway" => ResetBy::NatGateway,
                "peer" => ResetBy::Peer,
                _ => ResetBy::Service,
            }),
            times: number("times"),
            having_received: view.size("having-received"),
        },
        "is-not-reset" => Expected::IsNotReset { programs, window: window(cx, known, view) },
        "times-out" => Expected::TimesOut { programs, timing: timing(cx, known, view) },
        "is-refused" => Expected::IsRefused { programs, window: window(cx, known, view) },
        "retries" => Expected::Retries { programs, times: number("times") },
        "survives" => {
            let step = known.labels.find(view.node("step")?, cx.problems)?;
            Expected::Survives { programs, step, by: view.duration("by") }
        }
        "stays-open" => {
            let at = view.node("at").and_then(|node| device(cx, known, node));
            Expected::StaysOpen { programs, at }
        }
        "is-carried-by" => {
            let devices = devices(cx, known, view.items("by"));
            Expected::CarriedBy { programs, devices, window: window(cx, known, view) }
        }
        "never-crosses" => {
            let devices = devices(cx, known, view.items("by"));
            Expected::NeverCrosses { programs, devices, window: window(cx, known, view) }
        }
        "hears" => Expected::Hears {
            programs,
            replies: number("replies"),
            ttl: view.integer("ttl").map(|ttl| ttl as u8),
            from: view.string("from"),
            hops: view.has("hops").then(|| texts(view.items("hops"))),
            round_trip: view.duration("round-trip"),
        },
        "resolves" => {
            let to = view.has("to").then(|| texts(view.items("to")));
            let to = to.map(|list| if list == ["nothing"] { Vec::new() } else { list });
            Expected::Resolves { programs, to, window: window(cx, known, view) }
        }
        "exchanges" => {
            let packets = view.items("packets").into_iter().filter_map(|node| pattern(cx, node)).collect();
            let at = view.node("at").and_then(|node| device(cx, known, node))?;
            let exactly = view.boolean("exactly").unwrap_or(false);
            Expected::Exchanges { programs, at, packets, exactly, window: window(cx, known, view) }
        }
        other => unreachable_verb(other)?,
    })
}

fn of_network(cx: &mut Cx<'_>, known: &Known<'_>, key: &Key, view: &View<'_>) -> Option<Expected> {
    Some(match key.name {
        "drops" => Expected::Drops {
            reason: reason(cx, view.node("reason"))?,
            by: view.node("by").and_then(|node| device(cx, known, node)),
            programs: program_names(cx, known, view.items("program")),
            times: view.integer("times"),
            window: window(cx, known, view),
        },
        "drops-nothing" => Expected::DropsNothing {
            reason: reason(cx, view.node("reason")),
            programs: program_names(cx, known, view.items("program")),
            window: window(cx, known, view),
        },
        "route-table" => {
            let table = view.node("table").and_then(|node| device(cx, known, node))?;
            let mut has = Vec::new();
            for route in view.named("has") {
                let target = decode::text(&route.value).ok()?.to_owned();
                has.extend(cx.destination(&route.key, route.key_span).map(|destination| (destination, target)));
            }
            let mut list = |key| -> Vec<Destination> {
                let nodes = view.items(key).into_iter();
                nodes.filter_map(|node| cx.destination(decode::text(node).ok()?, node.span)).collect()
            };
            let (lacks, blackhole) = (list("lacks"), list("blackhole"));
            let (at, window) = (view.duration("at"), window(cx, known, view));
            Expected::RouteTable { table, has, lacks, blackhole, at, window }
        }
        "carries" => Expected::Carries {
            device: view.node("device").and_then(|node| device(cx, known, node))?,
            at_least: view.size("at-least"),
            at_most: view.size("at-most"),
            window: window(cx, known, view),
        },
        "costs" => Expected::Costs {
            path: view.string("path")?,
            at_least: dollars(cx.problems, view.node("at-least")),
            at_most: dollars(cx.problems, view.node("at-most")),
        },
        other => unreachable_verb(other)?,
    })
}

fn cause(word: &str) -> Option<Cause> {
    Cause::ALL.into_iter().find(|cause| cause.as_str() == word)
}

/// An expectation in words: the verb, and each key with its value.
fn in_words(verb: &str, node: &Node) -> String {
    fn value(node: &Node) -> String {
        match &node.value {
            Value::Null => String::new(),
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::List(items) => items.iter().map(value).collect::<Vec<_>>().join(", "),
            Value::Map(map) => {
                let entries = map.entries.iter().map(|entry| format!("{} {}", entry.key, value(&entry.value)));
                entries.collect::<Vec<_>>().join(", ")
            }
        }
    }
    let Some(map) = node.as_map() else { return verb.to_owned() };
    let subject = map.get("program").or_else(|| map.get("from")).map(value).unwrap_or_default();
    let rest = map.entries.iter().filter(|entry| !matches!(entry.key.as_str(), "program" | "from"));
    let rest: Vec<String> = rest.map(|entry| format!("{} {}", entry.key, value(&entry.value))).collect();
    let verb = verb.replace('-', " ");
    let head = if subject.is_empty() { verb } else { format!("{subject} {verb}") };
    if rest.is_empty() { head } else { format!("{head}: {}", rest.join(", ")) }
}
