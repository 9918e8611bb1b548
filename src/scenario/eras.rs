//! The eras that a scenario runs in, and what of it belongs to one of them only. Says nothing of what an era means.

use super::vocabulary::FILE;
use crate::base::Era;
use crate::notation::{Entry, Node, Problem, Problems, Value, View, decode};

/// The parts of a file whose items can belong to one era.
const PARTS: [&str; 3] = ["programs", "timeline", "expect"];

/// The eras, in the order of the file; the default alone where it names none.
pub(super) fn of(root: &Node) -> Vec<Era> {
    let nodes = View::of(root, &FILE).map_or(Vec::new(), |view| view.items("era"));
    let mut eras = Vec::new();
    for era in nodes.into_iter().filter_map(|node| Era::parse(decode::text(node).ok()?)) {
        if !eras.contains(&era) {
            eras.push(era);
        }
    }
    if eras.is_empty() { vec![Era::default()] } else { eras }
}

/// An item of an era that the scenario does not run in would never be looked at.
pub(super) fn check(root: &Node, eras: &[Era], problems: &mut Problems) {
    for node in PARTS.iter().filter_map(|part| root.as_map()?.get(part)).flat_map(items) {
        let Some((era, place)) = era_of(node) else { continue };
        if !eras.contains(&era) {
            let problem = Problem::error(place.span, format!("this scenario does not run in era {era}"));
            problems.push(problem.help("a scenario that runs in both says so: `era: [2017, current]`"));
        }
    }
}

/// The file as it reads in an era: without the items of other eras.
pub(super) fn in_era(root: &Node, era: Era) -> Node {
    let mut root = root.clone();
    let Value::Map(map) = &mut root.value else { return root };
    for entry in map.entries.iter_mut().filter(|entry| PARTS.contains(&entry.key.as_str())) {
        let stays = |node: &Node| era_of(node).is_none_or(|(own, _)| own == era);
        match &mut entry.value.value {
            Value::List(list) => list.retain(stays),
            Value::Map(map) => map.entries.retain(|entry| stays(&entry.value)),
            Value::Null | Value::Scalar(_) => {}
        }
    }
    root
}

fn items(part: &Node) -> Vec<&Node> {
    match &part.value {
        Value::List(list) => list.iter().collect(),
        Value::Map(map) => map.entries.iter().map(|Entry { value, .. }| value).collect(),
        Value::Null | Value::Scalar(_) => Vec::new(),
    }
}

fn era_of(item: &Node) -> Option<(Era, &Node)> {
    let node = item.as_map()?.get("era")?;
    Some((Era::parse(node.as_text()?)?, node))
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, load};
    use super::*;
    use crate::notation::{Source, problems_to_text};

    fn read(text: &str) -> (Vec<Scenario>, String) {
        let source = Source::new("t.yaml", format!("vpclab: 1\ntitle: t\nvpcs: {{v: {{cidr: 10.0.0.0/16}}}}\n{text}"));
        let (scenarios, problems) = load(&source);
        (scenarios, problems_to_text(&source, &problems, false))
    }

    #[test]
    fn a_scenario_of_two_eras_is_two_scenarios_each_with_its_own_steps() {
        let (scenarios, problems) = read(
            "era: [2017, current]\ntimeline:\n  - {at: 1 s, step: both, delete-vpc: {vpc: v}}\n  \
             - {at: 2 s, step: then, era: 2017, delete-vpc: {vpc: v}, refused: InvalidVpcID.NotFound}\n  \
             - {at: 2 s, step: now, era: current, delete-vpc: {vpc: v}, refused: InvalidVpcID.NotFound}\n",
        );
        assert_eq!(problems, "");
        let seen: Vec<_> = scenarios
            .iter()
            .map(|one| (one.era, one.timeline.iter().map(|step| step.label.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(seen, [(Era::Y2017, vec!["both", "then"]), (Era::Current, vec!["both", "now"])]);
    }

    #[test]
    fn one_era_is_one_scenario_and_2017_is_the_default() {
        for (text, era) in [("", Era::Y2017), ("era: current\n", Era::Current), ("era: [2017]\n", Era::Y2017)] {
            let (scenarios, problems) = read(text);
            assert_eq!((scenarios.len(), problems.as_str()), (1, ""));
            assert_eq!(scenarios[0].era, era);
        }
    }

    #[test]
    fn a_step_of_an_era_that_is_not_run_is_a_problem_at_its_place() {
        let (scenarios, problems) = read("timeline:\n  - {at: 1 s, era: current, delete-vpc: {vpc: v}}\n");
        assert!(scenarios.is_empty());
        assert!(problems.contains("this scenario does not run in era current"), "{problems}");
        assert!(problems.contains("t.yaml:5:20"), "{problems}");
    }

    #[test]
    fn what_is_wrong_in_both_eras_is_told_once() {
        let (_, problems) = read("era: [2017, current]\ntimeline:\n  - {at: 1 s, delete-vpc: {vpc: w}}\n");
        assert_eq!(problems.matches("is not the name of a VPC").count(), 1, "{problems}");
    }
}
