//! A file of changes: steps in the words of a timeline, to be made at one instant of a world that exists. Makes none of
//! them.

use std::collections::BTreeMap;

use super::context::Cx;
use super::load::step_scope;
use super::names::{Names, Place};
use super::perform::in_words;
use super::rehearsal::policy_problems;
use super::timeline::{Happening, Step, StepLabels, declare, steps};
use super::vocabulary::STEP;
use crate::analysis::ChangeStep;
use crate::base::{AccountId, Era, SimTime};
use crate::control_plane::{Call, ResourceId, Scope, World};
use crate::notation::check::check;
use crate::notation::shape::Kind;
use crate::notation::{Entry, Node, Problem, Problems, Source, Value, View, parse_yaml};

/// What a file of changes speaks of.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The records as they are when the change is made.
    pub world: &'a World,
    /// What things are called.
    pub names: &'a Names,
    /// The account and region of steps that name none, nor anything that lies elsewhere.
    pub home: &'a Scope,
    /// Accounts by name.
    pub accounts: &'a BTreeMap<String, AccountId>,
}

/// Keys of a timeline that say when, or what must come of it: here all steps are made at one instant, and what comes of
/// them is the question.
const IDLE_KEYS: [&str; 10] =
    ["era", "at", "when", "after", "refused", "saying", "answers", "answers-exactly", "rules", "twin"];
/// What the file may be.
static STEPS: Kind = Kind::OneOrMany(&Kind::Shape(&STEP));
/// The longest line of a step that is shown as it stands in the file.
const LINE_MAX: usize = 140;

/// Reads a file of changes: a list of steps, or a single one. Each is read against the records as the steps before it
/// leave them; what EC2 would refuse is no problem of the file. The steps are there unless a problem is an error.
pub fn read_change(source: &Source, ground: Ground<'_>, at: SimTime) -> (Option<Vec<ChangeStep>>, Vec<Problem>) {
    let (root, found) = parse_yaml(source);
    let mut problems = Problems::default();
    problems.extend(found);
    let read = root.and_then(|root| read(source, &root, ground, at, &mut problems));
    if read.is_none() && !problems.has_errors() {
        let problem = Problem::error(Default::default(), "the file is empty");
        problems.push(
            problem
                .help("write steps, such as `- create-vpc-endpoint: {vpc: main, service: s3, route-tables: private}`"),
        );
    }
    let read = read.filter(|_| !problems.has_errors());
    (read, problems.into_sorted())
}

fn read(
    source: &Source,
    root: &Node,
    ground: Ground<'_>,
    at: SimTime,
    problems: &mut Problems,
) -> Option<Vec<ChangeStep>> {
    if let Some(entry) = root.as_map().and_then(|map| map.entry("vpclab")) {
        let problem = Problem::error(entry.key_span, "this is a scenario, and a change is wanted");
        problems.push(problem.help("a change is a list of steps, as it stands under `timeline` in a scenario"));
        return None;
    }
    check(root, &STEPS, problems);
    let nodes: Vec<&Node> = root.as_list().map_or_else(|| vec![root], |items| items.iter().collect());
    nodes.iter().for_each(|node| refuse_idle_keys(node, problems));
    let mut names = ground.names.without_places();
    let digits = if ground.world.era == Era::Y2017 { 8 } else { 17 };
    declare(&nodes, &mut names, ground.home, digits, problems);
    let labels = StepLabels::of(&nodes);
    let place = Place { scope: ground.home.clone(), vpc: String::new() };
    let mut cx = Cx { source, names: &names, world: ground.world, place, problems };
    let scope_of = |view: &View<'_>, problems: &mut Problems| scope_of(view, ground, problems);
    let steps = steps(&mut cx, &nodes, &labels, &[], &scope_of);
    let said = |node: &&Node| View::of(node, &STEP).is_some_and(|view| view.has("account") || view.has("region"));
    let mut placed: Vec<bool> = nodes.iter().map(said).collect();
    // Of a node that is no step there was a problem.
    placed.resize(steps.len(), false);
    (!steps.is_empty()).then(|| prepared(source, &steps, &placed, &names, ground.world, at, problems))
}

/// Says of keys and verbs of a timeline that they mean nothing here.
fn refuse_idle_keys(node: &Node, problems: &mut Problems) {
    let Some(view) = View::of(node, &STEP) else { return };
    for key in IDLE_KEYS.into_iter().filter(|key| view.has(key)) {
        let span = view.entry(key).map_or(view.span, |entry| entry.key_span);
        let problem = Problem::warning(span, format!("`{key}` means nothing in a change"));
        problems.push(problem.help("all steps are made in their order at one instant, which `--at` gives"));
    }
    if view.boolean("dry-run") == Some(true) {
        problems.push(Problem::error(view.span_of("dry-run"), "a dry run changes nothing"));
    }
    if let Some((key, entry)) = view.verb()
        && super::action::parameters(key.name).is_none()
    {
        let problem = Problem::error(entry.key_span, format!("`{}` is no change of an account", key.name));
        problems.push(problem.help("a change is made of EC2's actions, such as `create-vpc-endpoint`"));
    }
}

/// The steps as actions, each by the records that the steps before it leave. `placed` are those that say themselves where
/// they are made, and so which of equal names they mean.
fn prepared(
    source: &Source,
    steps: &[Step],
    placed: &[bool],
    names: &Names,
    world: &World,
    at: SimTime,
    problems: &mut Problems,
) -> Vec<ChangeStep> {
    let mut world = world.clone();
    let mut prepared = Vec::new();
    for (step, placed) in steps.iter().zip(placed) {
        let within = placed.then(|| names.said_in(&step.scope));
        let names = within.as_ref().unwrap_or(names);
        problems.extend(policy_problems(source, step, world.era));
        let action = match step.action(source, names, &world) {
            Some(Ok(action)) => action,
            Some(Err(found)) => {
                problems.extend(found);
                continue;
            }
            None => continue,
        };
        let call = Call { scope: step.scope.clone(), caller: step.caller.clone(), dry_run: false };
        // Whether EC2 would refuse it is for whoever makes the change to show.
        let _ = world.apply(&call, &action, at);
        let text = as_written(source, step).unwrap_or_else(|| in_words(step, &action));
        let (line, column) = source.line_column(step.span.start);
        let place = format!("{}:{line}:{column}", source.name);
        prepared.push(ChangeStep { call, action, text, place });
    }
    prepared
}

/// A step as it stands in the file, if it is one line.
fn as_written(source: &Source, step: &Step) -> Option<String> {
    let Happening::Action(text) = &step.what else { return None };
    let end = text.node().span.end;
    let line = source.text.get(step.span.start as usize..end as usize)?.trim_end();
    (!line.contains('\n') && line.chars().count() <= LINE_MAX).then(|| line.to_owned())
}

/// Where a step is addressed to: as it says, else where the first thing lies that it names, else at home.
fn scope_of(view: &View<'_>, ground: Ground<'_>, problems: &mut Problems) -> Option<Scope> {
    let said = view.has("account") || view.has("region");
    let named = view.verb().and_then(|(_, entry): (_, &Entry)| scope_of_node(&entry.value, ground.names));
    if !said && let Some(scope) = named {
        return Some(scope);
    }
    step_scope(view, ground.home, ground.accounts, ground.world, problems)
}

fn scope_of_node(node: &Node, names: &Names) -> Option<Scope> {
    match &node.value {
        Value::Scalar(_) => {
            let text = node.as_text()?;
            let by_id = ResourceId::parse(text).and_then(|id| names.of_id(&id));
            let mut called = names.candidates(text).map(|named| &named.scope);
            let first = called.next();
            // A name that stands in two places says nothing of where.
            let only = first.filter(|first| called.all(|other| other == *first));
            by_id.map(|named| &named.scope).or(only).cloned()
        }
        Value::List(items) => items.iter().find_map(|item| scope_of_node(item, names)),
        Value::Map(map) => map.entries.iter().find_map(|entry| scope_of_node(&entry.value, names)),
        Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{ImportOptions, import, tests as measured};
    use crate::notation::problems_to_text;

    /// The measured account with its two accounts, and what a text means in it: the calls, or the problems.
    fn read_text(text: &str) -> Result<Vec<ChangeStep>, String> {
        let files = measured::inputs(measured::peering_network());
        let world = import(files, &ImportOptions::default()).expect("a world").world;
        let (names, home) = (Names::of_world(&world), world.regions().next().expect("a region").0);
        let ground = Ground { world: &world, names: &names, home: &home, accounts: &BTreeMap::new() };
        let source = Source::new("change.yaml", text);
        let (steps, problems) = read_change(&source, ground, SimTime::ZERO);
        steps.ok_or_else(|| problems_to_text(&source, &problems, false))
    }

    #[test]
    fn a_step_goes_to_the_account_where_the_things_are_that_it_names() {
        let text = "- delete-route: {route-table: bat-igw, destination: 10.2.0.0/16}\n\
                    - delete-route: {route-table: fish-igw, destination: 10.1.0.0/16}\n\
                    - delete-route: {route-table: rtb-00fa109c642f8c07d, destination: 0.0.0.0/0}\n";
        let steps = read_text(text).expect("three steps");
        let accounts: Vec<&str> = steps.iter().map(|step| step.call.scope.account.as_str()).collect();
        assert_eq!(accounts, ["028403472736", "951601349076", "951601349076"]);
        assert_eq!(steps[1].place, "change.yaml:2:3");
        assert_eq!(steps[1].text, "delete-route: {route-table: fish-igw, destination: 10.1.0.0/16}");
    }

    #[test]
    fn later_steps_can_name_what_earlier_ones_create() {
        let text = "- create-route-table: {name: new, vpc: bat}\n\
                    - create-route: {route-table: new, destination: 0.0.0.0/0, target: igw-0ccac11864b23b189}\n";
        let steps = read_text(text).expect("two steps");
        assert_eq!(
            steps.iter().map(|step| step.action.name()).collect::<Vec<_>>(),
            ["CreateRouteTable", "CreateRoute"]
        );
        assert!(read_text(&text.replace("name: new", "name: old")).is_err());
    }

    #[test]
    fn a_name_that_several_have_means_none_of_them_until_a_step_says_where() {
        let refused = read_text("- delete-security-group: {security-group: default}\n").expect_err("two are called so");
        assert!(refused.contains("`default` is the name of several"), "{refused}");
        let ids: Vec<&str> = refused.split('`').filter(|word| word.starts_with("sg-")).collect();
        assert_eq!(ids.len(), 2, "{refused}");
        let by_id = read_text(&format!("- delete-security-group: {{security-group: {}}}\n", ids[1]));
        assert_eq!(by_id.map(|steps| steps.len()), Ok(1));
        let placed = "- {account: '951601349076', delete-security-group: {security-group: default}}\n";
        let steps = read_text(placed).expect("a step");
        assert_eq!(steps[0].call.scope.account.as_str(), "951601349076");
    }

    #[test]
    fn what_a_change_cannot_be_made_of_is_said_at_its_place() {
        for (text, reason) in [
            ("vpclab: 1\ntitle: t\n", "this is a scenario"),
            ("- start-program: upload\n", "no change of an account"),
            ("- {delete-vpc: {vpc: bat}, dry-run: true}\n", "a dry run changes nothing"),
            ("- delete-subnet: {subnet: nowhere}\n", "`nowhere` is not the name of a subnet"),
            ("", "the file is empty"),
            ("[]\n", "the file is empty"),
        ] {
            let error = read_text(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
        // What says when a step is due means nothing, and refuses nothing.
        assert_eq!(read_text("- {at: 5s, delete-vpc: {vpc: bat}}\n").map(|steps| steps.len()), Ok(1));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn no_mutation_of_a_change_panics(
            cut in 0usize..RICH.len(),
            length in 0usize..40,
            insert in "(: |, |\\{|\\}|\\[|\\]|\n- |0|x|bat|fish|10\\.0\\.0\\.0/8|1s|null|\"|'|#|~){0,3}",
        ) {
            let text: String = RICH.chars().take(cut).chain(insert.chars()).chain(RICH.chars().skip(cut + length)).collect();
            let _ = read_text(&text);
        }
    }

    const RICH: &str = "- create-vpc-endpoint: {name: e, vpc: bat, service: s3, route-tables: [bat-igw], policy: '{}'}\n\
        - {step: s, as: alice, account: '951601349076', region: us-east-1, delete-route: {route-table: fish-igw, destination: 0.0.0.0/0}}\n\
        - authorize-security-group-ingress: {security-group: fish-general, rules: [tcp 80 from any, icmp from bat-general]}\n\
        - CreateRoute: {RouteTableId: bat-igw, DestinationCidrBlock: 10.9.0.0/16, target: pcx-bat-fish-r}\n";
}
