//! The file as a whole: its version, its form, its eras, and a scenario for each of them. Knows no resource.

use super::reader::Reader;
use super::resolved::Scenario;
use crate::base::Era;
use crate::notation::check::check;
use crate::notation::shape::Kind;
use crate::notation::{Node, Problem, Problems, Source, View, decode, parse_yaml};
use crate::scenario::eras;
use crate::scenario::regions::open_regions;
use crate::scenario::vocabulary::{FILE, INSTANCE, VERSION};

/// The most machines of a scenario.
pub const MACHINES_MAX: u64 = 1_000_000;
/// The most machines of a fleet that are looked at in a file with errors.
pub(in crate::scenario) const FLEET_OF_WRONG_FILE: u64 = 256;

/// Reads a file: a scenario for each era that it runs in, and none at all where a problem is an error.
pub fn load(source: &Source) -> (Vec<Scenario>, Vec<Problem>) {
    let (root, found) = parse_yaml(source);
    let mut problems = Problems::default();
    problems.extend(found);
    let mut scenarios = root.map_or(Vec::new(), |root| read(source, &root, &mut problems));
    if scenarios.is_empty() && !problems.has_errors() {
        let problem = Problem::error(Default::default(), "the file is empty");
        problems.push(problem.help("`vpclab new FILE` writes a commented start"));
    }
    if problems.has_errors() {
        scenarios.clear();
    }
    (scenarios, problems.into_sorted())
}

fn read(source: &Source, root: &Node, problems: &mut Problems) -> Vec<Scenario> {
    if check_version(root, problems).is_none() {
        return Vec::new();
    }
    check(root, &Kind::Shape(&FILE), problems);
    if let Some(view) = View::of(root, &FILE) {
        check_counts(&view, problems);
    }
    let eras = eras::of(root);
    eras::check(root, &eras, problems);
    let mut scenarios = Vec::with_capacity(eras.len());
    for era in &eras {
        let scenario = read_in(*era, source, &eras::in_era(root, *era), problems);
        scenarios.extend(scenario.map(|scenario| Scenario { shares_file: 1 < eras.len(), ..scenario }));
    }
    scenarios
}

fn read_in(era: Era, source: &Source, root: &Node, problems: &mut Problems) -> Option<Scenario> {
    let view = View::of(root, &FILE)?;
    let mut reader = Reader::new(era, source, &view, problems);
    let nodes = view.items("timeline");
    reader.declare(&view, &nodes);
    open_regions(root, &mut reader.world, reader.problems);
    // What follows looks names up; where the form is wrong, it would only repeat what is known.
    reader.plan(&view);
    if reader.problems.has_errors() {
        reader.read_rest_for_problems(&view, &nodes);
        return None;
    }
    Some(reader.finish(&view, &nodes))
}

/// A file of another version means something else: nothing else is said about it.
fn check_version(root: &Node, problems: &mut Problems) -> Option<()> {
    let version = root.as_map().and_then(|map| map.get("vpclab"));
    match version.map(|node| (node, decode::integer(node, 0, u64::MAX))) {
        Some((node, Ok(other))) if other != VERSION => {
            let problem = Problem::error(node.span, format!("version {other} of the language is not known"));
            problems.push(problem.help(format!("this program reads version {VERSION}")));
            None
        }
        // What is missing or no number is said with the rest.
        Some(_) | None => Some(()),
    }
}

/// Fleets together stay below a limit, so that a file cannot ask for more than a machine holds.
fn check_counts(view: &View<'_>, problems: &mut Problems) {
    let mut sum = 0u64;
    for entry in view.named("instances") {
        let Some(instance) = View::of(&entry.value, &INSTANCE) else { continue };
        sum = sum.saturating_add(instance.integer("count").unwrap_or(1));
        if MACHINES_MAX < sum {
            problems.push(Problem::error(instance.span_of("count"), format!("more than {MACHINES_MAX} instances")));
            return;
        }
    }
}
