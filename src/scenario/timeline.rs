//! The timeline: steps with when they are due, who makes them and what may come of them. Makes none of them.

use std::time::Duration;

use serde_json::Value as Json;

use super::action::{action, created_id, parameters, wizard_ids};
use super::context::Cx;
use super::json::to_json;
use super::machine::{LinkSettings, link_settings};
use super::names::{Named, Names, Place};
use super::vocabulary::*;
use crate::control_plane::{Action, Caller, ErrorCode, ResourceId, Scope, World};
use crate::notation::{Entry, Node, Problem, Problems, Source, Span, View, decode};

/// When something is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Virtual time since the start of the world.
    pub at: Option<Duration>,
    /// The event that it waits for.
    pub when: Option<Event>,
    /// How long after the event; without event and time, how long after what stands before it.
    pub after: Duration,
}

/// An event of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A program did something.
    Program {
        /// The program, by its name in the scenario. Of a fleet, the first to do it.
        program: String,
        /// What it did.
        did: ProgramEvent,
    },
    /// A step of the timeline has happened, by its place.
    Step(usize),
}

/// What a program can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramEvent {
    /// It has sent so many bytes of payload in all.
    Sent(u64),
    /// It has received so many bytes of payload in all.
    Received(u64),
    /// Its connection stands.
    Connected,
    /// It is quiet on purpose.
    Idle,
    /// It tries again.
    Retrying,
    /// It has begun.
    Started,
    /// It has ended, well or not.
    Ended,
}

/// A step of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is called: its own name, else the name of what it creates, else its verb.
    pub label: String,
    /// Its verb.
    pub verb: &'static str,
    /// When it is due.
    pub due: Due,
    /// Who makes it.
    pub caller: Caller,
    /// The account and region.
    pub scope: Scope,
    /// Whether it only asks.
    pub dry_run: bool,
    /// What is done.
    pub what: Happening,
    /// The error code that is expected; the world must be the same afterwards.
    pub refused: Option<ErrorCode>,
    /// A part of the error's message.
    pub saying: Option<String>,
    /// What a describe call is expected to answer.
    pub answers: Option<Answers>,
    /// The rules that its outcome shows.
    pub rules: Vec<String>,
    /// Whether it shows their opposite.
    pub twin: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// An action of the control plane, read anew when its time has come: associations may have changed by then.
    Action(Box<ActionText>),
    /// Programs are started, by name.
    Start(Vec<String>),
    /// Programs are ended, by name.
    Stop(Vec<String>),
    /// A link changes.
    Link {
        /// Whose: a machine, a network on premises, `internet`, `s3`, `endpoint`.
        of: String,
        /// What changes of it.
        to: LinkSettings,
    },
    /// A describe call.
    Describe(Json),
}

/// The text of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionText {
    entry: Entry,
    made: Option<ResourceId>,
    vpc: String,
}

impl ActionText {
    /// The parameters as they are written.
    pub(super) fn node(&self) -> &Node {
        &self.entry.value
    }
}

/// What a describe call is expected to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// The answer, in the shape of AWS's own. Names stand for the ids of what is called so.
    pub wanted: Json,
    /// Whether nothing else may be in it.
    pub exactly: bool,
}

impl Step {
    /// The action that it asks for, by the records as they are now; what is wrong with it otherwise.
    pub fn action(&self, source: &Source, names: &Names, world: &World) -> Option<Result<Action, Vec<Problem>>> {
        let Happening::Action(text) = &self.what else { return None };
        let mut problems = Problems::default();
        let place = Place { scope: self.scope.clone(), vpc: text.vpc.clone() };
        let mut cx = Cx { source, names, world, place, problems: &mut problems };
        let action = action(&mut cx, self.verb, &text.entry, text.made.as_ref());
        // An action may be read without what was wrong with it, such as one table of several.
        Some(action.filter(|_| !problems.has_errors()).ok_or_else(|| problems.into_sorted()))
    }
}

/// When something is due, as its keys say.
pub(super) fn due(view: &View<'_>) -> Due {
    Due {
        at: view.duration("at"),
        when: view.node("when").and_then(event),
        after: view.duration("after").unwrap_or_default(),
    }
}

/// The event of a map; a step's place in it is found by [`settle`], once all steps are known.
fn event(node: &Node) -> Option<Event> {
    let view = View::of(node, &WHEN)?;
    let did = match view.verb()?.0.name {
        "has-sent" => ProgramEvent::Sent(view.size("has-sent")?),
        "has-received" => ProgramEvent::Received(view.size("has-received")?),
        "is-connected" => ProgramEvent::Connected,
        "is-idle" => ProgramEvent::Idle,
        "is-retrying" => ProgramEvent::Retrying,
        "has-started" => ProgramEvent::Started,
        "has-ended" => ProgramEvent::Ended,
        _ => return Some(Event::Step(usize::MAX)),
    };
    Some(Event::Program { program: view.string("program")?, did })
}

/// Finds what the events of `when` refer to: programs by name, steps by label.
pub(super) fn settle(
    due: &mut Due,
    view: &View<'_>,
    (steps, programs): (&StepLabels, &[String]),
    problems: &mut Problems,
) {
    let Some(when) = view.node("when").and_then(|node| View::of(node, &WHEN)) else { return };
    if view.has("at") {
        let problem = Problem::error(view.span_of("at"), "`at` and `when` cannot stand together");
        problems.push(problem.help("`when: …` with `after: …` says how long after the event"));
    }
    if let Some(node) = when.node("step") {
        if let Some(place) = steps.find(node, problems) {
            due.when = Some(Event::Step(place));
        }
        return;
    }
    match when.node("program").and_then(|node| Some((decode::text(node).ok()?, node))) {
        None => problems.push(Problem::error(when.span, "the key `program` is missing").label("in this event")),
        Some((name, node)) if !programs.iter().any(|known| known == name) => {
            let problem = Problem::error(node.span, format!("`{}` is not the name of a program", decode::brief(name)));
            problems.push(problem.did_you_mean(name, programs.iter().map(String::as_str)));
        }
        Some(_) => {}
    }
}

/// The labels of all steps, in order.
#[derive(Default)]
pub(super) struct StepLabels {
    all: Vec<StepLabel>,
}

/// What a step can be called.
struct StepLabel {
    /// Its own name, else the name of what it creates, else its verb.
    label: String,
    /// Its verb.
    verb: &'static str,
    /// The name of what it creates.
    creates: Option<String>,
}

impl StepLabels {
    /// The labels of a timeline.
    pub(super) fn of(nodes: &[&Node]) -> Self {
        let mut labels = Self::default();
        for node in nodes {
            let view = View::of(node, &STEP);
            let verb = view.as_ref().and_then(View::verb);
            let creates = verb.and_then(|(_, entry)| entry.value.as_map()?.get("name")?.as_text().map(str::to_owned));
            let given = view.and_then(|view| view.string("step"));
            let verb = verb.map_or("", |(key, _)| key.name);
            let label = given.or_else(|| creates.clone()).unwrap_or_else(|| verb.to_owned());
            labels.all.push(StepLabel { label, verb, creates });
        }
        labels
    }

    /// The place of the step that a node means.
    pub(super) fn find(&self, node: &Node, problems: &mut Problems) -> Option<usize> {
        let text = decode::text(node).ok()?;
        let by = |fits: &dyn Fn(&StepLabel) -> bool| -> Vec<usize> {
            self.all.iter().enumerate().filter(|(_, one)| fits(one)).map(|(place, _)| place).collect()
        };
        let mut found = by(&|one| one.label == text);
        if found.is_empty() {
            found = by(&|one| one.verb == text || one.creates.as_deref() == Some(text));
        }
        match found.as_slice() {
            [place] => Some(*place),
            [] => {
                let problem =
                    Problem::error(node.span, format!("`{}` is not a step of the timeline", decode::brief(text)));
                problems
                    .push(problem.did_you_mean(text, self.all.iter().flat_map(|one| [one.label.as_str(), one.verb])));
                None
            }
            _ => {
                let problem = Problem::error(node.span, format!("several steps are called `{}`", decode::brief(text)));
                problems.push(problem.help("give one of them a name of its own with the key `step`"));
                None
            }
        }
    }
}

/// The resources that steps create under a name, so that others can refer to them.
pub(super) fn declare(nodes: &[&Node], names: &mut Names, home: &Scope, digits: usize, problems: &mut Problems) {
    for node in nodes {
        let Some((key, entry)) = View::of(node, &STEP).and_then(|view| view.verb()) else { continue };
        let Some(map) = entry.value.as_map() else { continue };
        let text = |key: &str| map.get(key).and_then(Node::as_text);
        let Some((name, span)) = map.entry("name").and_then(|one| Some((one.value.as_text()?, one.value.span))) else {
            continue;
        };
        let refused = View::of(node, &STEP).is_some_and(|view| view.has("refused") || view.has("dry-run"));
        let vpc = text("vpc").unwrap_or_default().to_owned();
        let path = if vpc.is_empty() { name.to_owned() } else { format!("{vpc}/{name}") };
        if key.name == "create-vpc-with-endpoint"
            && !refused
            && let Some(shape) = parameters(key.name)
            && let Some(view) = View::of(&entry.value, shape)
        {
            for (made, id) in wizard_ids(name, &view, digits) {
                let vpc = if made == name { String::new() } else { name.to_owned() };
                names.add(Named { name: made, vpc, scope: home.clone(), id, span }, problems);
            }
        }
        // What a refused call would have created is no name of anything.
        if let Some(id) = created_id(key.name, &path, digits)
            && !refused
        {
            names.add(Named { name: name.to_owned(), vpc, scope: home.clone(), id, span }, problems);
        }
    }
}

/// Reads the timeline. `scope_of` finds the account that a step names.
pub(super) fn steps(
    cx: &mut Cx<'_>,
    nodes: &[&Node],
    labels: &StepLabels,
    programs: &[String],
    scope_of: &dyn Fn(&View<'_>, &mut Problems) -> Option<Scope>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, node) in nodes.iter().enumerate() {
        let Some(view) = View::of(node, &STEP) else { continue };
        let (Some((key, entry)), Some(scope)) = (view.verb(), scope_of(&view, cx.problems)) else { continue };
        let mut due = due(&view);
        settle(&mut due, &view, (labels, programs), cx.problems);
        let Some(what) = happening(cx, key.name, entry, &scope, programs) else { continue };
        for key in ["answers", "answers-exactly"] {
            if view.has(key) && !matches!(what, Happening::Describe(_)) {
                cx.problems.push(Problem::error(view.span_of(key), "only a describe call has an answer"));
            }
        }
        if view.has("answers") && view.has("answers-exactly") {
            let problem = Problem::error(view.span_of("answers-exactly"), "one answer is expected in two ways");
            cx.problems.push(problem.label("beside `answers`").help("keep one of the two"));
        }
        steps.push(Step {
            label: labels.all[place].label.clone(),
            verb: key.name,
            due,
            caller: caller(cx, &view, &scope),
            scope,
            dry_run: view.boolean("dry-run").unwrap_or(false),
            what,
            refused: view.node("refused").and_then(|node| error_code(node, cx.problems)),
            saying: view.string("saying"),
            answers: match (view.node("answers-exactly"), view.node("answers")) {
                (Some(node), _) => Some(Answers { wanted: to_json(node), exactly: true }),
                (None, node) => node.map(|node| Answers { wanted: to_json(node), exactly: false }),
            },
            rules: rules(&view),
            twin: view.boolean("twin").unwrap_or(false),
            span: entry.key_span,
        });
    }
    steps
}

fn error_code(node: &Node, problems: &mut Problems) -> Option<ErrorCode> {
    let text = decode::text(node).ok()?;
    let code = ErrorCode::parse(text);
    if code.is_none() {
        let problem = Problem::error(node.span, format!("`{}` is no error code that EC2 answers", decode::brief(text)));
        problems.push(problem.did_you_mean(text, ErrorCode::ALL.iter().map(|code| code.as_str())));
    }
    code
}

/// The rules under the key `rules`.
pub(super) fn rules(view: &View<'_>) -> Vec<String> {
    view.items("rules").into_iter().filter_map(|node| decode::text(node).ok().map(str::to_owned)).collect()
}

fn caller(cx: &mut Cx<'_>, view: &View<'_>, scope: &Scope) -> Caller {
    let Some((name, node)) = view.node("as").and_then(|node| Some((decode::text(node).ok()?, node))) else {
        return Caller::Administrator;
    };
    let users = cx.world.accounts().get(&scope.account).map(|account| account.users());
    if users.is_none_or(|users| !users.contains_key(name)) {
        let problem = Problem::error(node.span, format!("`{}` is not the name of an IAM user", decode::brief(name)));
        let known = users.into_iter().flat_map(|users| users.keys().map(String::as_str));
        cx.problems.push(problem.did_you_mean(name, known));
    }
    Caller::User(name.to_owned())
}

fn happening(
    cx: &mut Cx<'_>,
    verb: &'static str,
    entry: &Entry,
    scope: &Scope,
    programs: &[String],
) -> Option<Happening> {
    let list = |node: &Node| -> Vec<(String, Span)> {
        let items = node.as_list().map_or_else(|| vec![node], |items| items.iter().collect());
        items.into_iter().filter_map(|item| Some((item.as_text()?.to_owned(), item.span))).collect()
    };
    match verb {
        "start-program" | "stop-program" => {
            let mut names = Vec::new();
            for (name, span) in list(&entry.value) {
                if !programs.contains(&name) {
                    let problem =
                        Problem::error(span, format!("`{}` is not the name of a program", decode::brief(&name)));
                    cx.problems.push(problem.did_you_mean(&name, programs.iter().map(String::as_str)));
                }
                names.push(name);
            }
            Some(if verb == "start-program" { Happening::Start(names) } else { Happening::Stop(names) })
        }
        "change-link" => {
            let Some(crate::notation::shape::Kind::Shape(shape)) = STEP.key(verb).map(|key| key.kind) else {
                return None;
            };
            let view = View::of(&entry.value, shape)?;
            let to = LinkSettings { down: view.boolean("down"), ..link_settings(&view) };
            Some(Happening::Link { of: view.string("of")?, to })
        }
        _ if verb.starts_with("describe-") => Some(Happening::Describe(to_json(&entry.value))),
        _ => {
            let map = entry.value.as_map();
            let text = |key: &str| map.and_then(|map| map.get(key)).and_then(Node::as_text);
            let vpc = text("vpc").unwrap_or_default().to_owned();
            let named = |name: &str| {
                cx.names.candidates(name).find(|named| {
                    named.scope == *scope
                        && named.vpc == vpc
                        && created_id(verb, "x", 8).is_some_and(|id| id.kind() == named.id.kind())
                })
            };
            let made = text("name").and_then(named).map(|named| named.id.clone());
            Some(Happening::Action(Box::new(ActionText { entry: entry.clone(), made, vpc })))
        }
    }
}
