//! One step of the timeline, performed: an action through the one door, programs started or ended, a link changed, a
//! describe call asked.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::machine::LinkSettings;
use super::run::{Run, StepOutcome};
use super::timeline::{Answers, Happening, Step};
use crate::base::Rng;
use crate::control_plane::{Action, Call, Caller, ControlError, Describe, ErrorCode, Query, rules_of_describe};
use crate::engine::{Impairment, ImpairmentSpec};
use crate::notation::Node;
use crate::trace::{Component, NodeId, Observer, Observers, PortId, rules_text};

impl Run {
    /// Performs a step.
    pub(super) fn step(&mut self, index: usize, observer: &mut dyn Observer) {
        let scenario = Rc::clone(&self.scenario);
        let step = &scenario.timeline[index];
        let (held, text, saw) = match &step.what {
            Happening::Action(_) => self.act(step, observer),
            Happening::Start(names) => {
                for (place, program) in scenario.programs.iter().enumerate() {
                    if names.contains(&program.name) {
                        self.start(place, observer);
                    }
                }
                (true, step.label.clone(), format!("started {}", names.join(", ")))
            }
            Happening::Stop(names) => {
                self.stop_programs(names, observer);
                (true, step.label.clone(), format!("ended {}", names.join(", ")))
            }
            Happening::Link { of, to } => {
                self.change_link(of, to);
                let text = match to.down {
                    Some(true) => format!("the link of {of} is cut"),
                    Some(false) => format!("the link of {of} is up again"),
                    None => format!("the link of {of} changes: {}", to.in_words()),
                };
                observer.change(self.now(), &text, None);
                self.watch.change(self.now(), &text, None);
                (true, step.label.clone(), text)
            }
            Happening::Describe(filters) => self.describe(step, filters, observer),
        };
        let at = self.now();
        self.outcomes.push(StepOutcome { step: index, at, held, text, saw });
        self.learn(observer);
    }

    fn act(&mut self, step: &Step, observer: &mut dyn Observer) -> (bool, String, String) {
        let scenario = Rc::clone(&self.scenario);
        let action = match step.action(&scenario.source, &scenario.names, self.simulation.world()) {
            Some(Ok(action)) => action,
            Some(Err(problems)) => {
                let text: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
                return compare(step, Err((None, text.join("; "))));
            }
            None => return (false, step.label.clone(), "no action".to_owned()),
        };
        let before = step.refused.is_some().then(|| self.simulation.world().clone());
        let call = Call { scope: step.scope.clone(), caller: step.caller.clone(), dry_run: step.dry_run };
        let text = in_words(step, &action);
        let answer = {
            let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
            self.simulation.apply(&call, &action, &text, &mut both)
        };
        if let (Err(_), Some(before)) = (&answer, &before)
            && before != self.simulation.world()
        {
            return (false, text, "it was refused, and yet the world changed".to_owned());
        }
        let answer = answer.map(|applied| {
            let remarks: Vec<String> = applied.remarks().collect();
            if remarks.is_empty() { "done".to_owned() } else { remarks.join("; ") }
        });
        compare(step, answer.map_err(refusal))
    }

    /// A describe call, as the caller is allowed to make it.
    fn describe(&mut self, step: &Step, filters: &Json, observer: &mut dyn Observer) -> (bool, String, String) {
        let Some(what) = Describe::parse(step.verb) else {
            return (false, step.label.clone(), "no such call".to_owned());
        };
        let names = self.names();
        let texts = |value: &Json| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // A name stands for the ids of what is called so.
            list.iter().map(text).flat_map(|text| names.get(&text).cloned().unwrap_or_else(|| vec![text])).collect()
        };
        let mut query = Query::default();
        for (key, value) in filters.as_object().into_iter().flatten() {
            match key.as_str() {
                "ids" => query.ids = texts(value),
                key => query.filters.push((key.to_owned(), texts(value))),
            }
        }
        let call = Call { scope: step.scope.clone(), caller: step.caller.clone(), dry_run: step.dry_run };
        let answer = self.simulation.world().describe(&call, what, &query, self.now());
        let rules = if answer.is_ok() { rules_of_describe(what) } else { &[] };
        let (at, text) = (self.now(), format!("{}{}{}", what.name(), caller_in_words(step), rules_text(rules)));
        let refused = answer.as_ref().err().map(ControlError::lines);
        observer.change(at, &text, refused.as_deref());
        self.watch.change(at, &text, refused.as_deref());
        match (answer, &step.answers) {
            (Ok(answer), Some(wanted)) => {
                let (text, fits) = (answer.to_string(), holds(&answer, wanted, &names));
                let exactly = if wanted.exactly { " exactly" } else { "" };
                (fits, format!("{} answers{exactly} {}", step.label, wanted.wanted), text)
            }
            (answer, _) => {
                let answer = answer.map(|value| value.to_string());
                compare(step, answer.map_err(refusal))
            }
        }
    }

    fn stop_programs(&mut self, names: &[String], observer: &mut dyn Observer) {
        let scenario = Rc::clone(&self.scenario);
        for (place, program) in scenario.programs.iter().enumerate() {
            if names.contains(&program.name) {
                self.stop(place, observer);
            }
        }
    }

    fn change_link(&mut self, of: &str, to: &LinkSettings) {
        for (node, port) in self.links_of(of) {
            let engine = &mut self.simulation.network_mut().engine;
            let far = engine.peer((node, port));
            for end in std::iter::once((node, port)).chain(far) {
                engine.respec(end, |line| *line = to.line(*line));
                if let Some(down) = to.down {
                    engine.set_up(end, !down);
                }
            }
        }
        if let Some(impairment) = to.impairment {
            self.impair_links(of, Some(impairment));
        }
    }

    /// Impairs both directions of the links of a machine or place.
    pub(super) fn impair_links(&mut self, of: &str, spec: Option<ImpairmentSpec>) {
        let seed = self.seed();
        for (index, (node, port)) in self.links_of(of).into_iter().enumerate() {
            let engine = &mut self.simulation.network_mut().engine;
            let far = engine.peer((node, port));
            for (way, end) in [("there", Some((node, port))), ("back", far)] {
                let stream = Rng::stream(seed, &format!("link/{of}/{index}/{way}"));
                let impairment = spec.map(|spec| Impairment::new(spec, stream));
                if let Some(end) = end {
                    engine.impair(end, impairment);
                }
            }
        }
    }

    /// The ends of the links that a name means: those of a machine, or all of a place.
    fn links_of(&self, of: &str) -> Vec<(NodeId, PortId)> {
        let engine = &self.simulation.network().engine;
        let mut ends = Vec::new();
        for node in self.nodes(of) {
            // A service's public side is its first port; endpoints have links of their own.
            let info = self.directory().nodes.get(node.0 as usize);
            let service = info.is_some_and(|info| info.component == Component::Service);
            let ports = if service { 1 } else { PORTS_MAX };
            ends.extend((0..ports).map(|port| (node, PortId(port))).filter(|end| engine.peer(*end).is_some()));
        }
        if of == "endpoint" {
            let carriers = self.simulation.network().carriers();
            ends.extend(carriers.borrow().keys().copied());
        }
        ends
    }
}

/// What a call was refused with: EC2's code, and all that is wrong. Without a code, the call could not even be made.
type Refusal = (Option<ErrorCode>, String);

fn refusal(error: ControlError) -> Refusal {
    (Some(error.code), error.lines())
}

/// Holds what came of a call against what the step says.
fn compare(step: &Step, answer: Result<String, Refusal>) -> (bool, String, String) {
    match (step.refused, answer) {
        (None, Ok(saw)) => {
            let fits = step.saying.as_ref().is_none_or(|part| saw.contains(part));
            (fits, format!("{}{}", step.label, saying(step)), saw)
        }
        (None, Err((_, error))) => (false, format!("{} is done", step.label), format!("refused: {error}")),
        (Some(code), Ok(_)) => (false, format!("{} is refused: {code}", step.label), "it was done".to_owned()),
        (Some(wanted), Err((code, error))) => {
            let says = step.saying.as_ref().is_none_or(|part| error.contains(part));
            (code == Some(wanted) && says, format!("{} is refused: {wanted}{}", step.label, saying(step)), error)
        }
    }
}

/// The most ports of a machine whose links are looked for.
const PORTS_MAX: u32 = 64;

/// A step as timelines show it: the action, who makes it, and what it is about.
pub(super) fn in_words(step: &Step, action: &Action) -> String {
    let name = action.name();
    let label = if step.label == step.verb { String::new() } else { format!(" {}", step.label) };
    let parameters = match &step.what {
        Happening::Action(text) => parameters_in_words(text.node(), &step.label),
        Happening::Start(_) | Happening::Stop(_) | Happening::Link { .. } | Happening::Describe(_) => String::new(),
    };
    let dry = if step.dry_run { ", as a dry run" } else { "" };
    format!("{name}{label}{}{dry}{parameters}", caller_in_words(step))
}

fn caller_in_words(step: &Step) -> String {
    match &step.caller {
        Caller::Administrator => String::new(),
        Caller::User(user) => format!(" by {user}"),
    }
}

/// What is expected of the text of an answer, as a clause.
fn saying(step: &Step) -> String {
    step.saying.as_ref().map_or_else(String::new, |part| format!(", saying \"{part}\""))
}

/// The parameters as they were written, without a name that stands in front already; policies only by their number of
/// statements.
fn parameters_in_words(value: &Node, label: &str) -> String {
    let entries = value.as_map().map_or(&[][..], |map| &map.entries);
    let words = entries.iter().filter(|entry| !(entry.key == "name" && entry.value.as_text() == Some(label)));
    let words: Vec<String> = words.map(|entry| format!("{} {}", entry.key, value_in_words(&entry.value))).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn value_in_words(node: &Node) -> String {
    if let Some(items) = node.as_list() {
        return items.iter().map(value_in_words).collect::<Vec<_>>().join(" and ");
    }
    if let Some(map) = node.as_map() {
        let of_policy = |entry: &&crate::notation::Entry| entry.key.eq_ignore_ascii_case("statement");
        let statements = map.entries.iter().find(of_policy).map(|entry| entry.value.as_list().map_or(1, <[Node]>::len));
        return match statements {
            Some(1) => "with 1 statement".to_owned(),
            Some(count) => format!("with {count} statements"),
            None => {
                let inner = map.entries.iter().map(|entry| format!("{} {}", entry.key, value_in_words(&entry.value)));
                inner.collect::<Vec<_>>().join(" ")
            }
        };
    }
    let text = node.as_text().unwrap_or_default();
    // A document as text is not for a timeline.
    if text.len() <= TEXT_MAX && !text.contains('\n') { text.to_owned() } else { "as given".to_owned() }
}

/// The longest text of a parameter that a timeline shows.
const TEXT_MAX: usize = 80;

/// Whether an answer is as wanted.
fn holds(have: &Json, wanted: &Answers, names: &BTreeMap<String, Vec<String>>) -> bool {
    agrees(have, &wanted.wanted, wanted.exactly, names)
}

/// Whether a value has all that is wanted, and nothing else if it is to be exactly that: each key of a map, each item of
/// a list in some place, a text as it is or as the name of what is called so.
fn agrees(have: &Json, wanted: &Json, exactly: bool, names: &BTreeMap<String, Vec<String>>) -> bool {
    let agree = |have: &Json, wanted: &Json| agrees(have, wanted, exactly, names);
    match (have, wanted) {
        (Json::Object(have), Json::Object(wanted)) => {
            (!exactly || have.len() == wanted.len())
                && wanted.iter().all(|(key, wanted)| have.get(key).is_some_and(|have| agree(have, wanted)))
        }
        (Json::Array(have), Json::Array(wanted)) => {
            let all = |wanted: &[Json], have: &[Json]| wanted.iter().all(|w| have.iter().any(|h| agree(h, w)));
            let nothing_else = || have.len() == wanted.len() && have.iter().all(|h| wanted.iter().any(|w| agree(h, w)));
            all(wanted, have) && (!exactly && !wanted.is_empty() || nothing_else())
        }
        (Json::Array(have), wanted) if !exactly => have.iter().any(|have| agree(have, wanted)),
        (have, wanted) => {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (have, wanted) = (text(have), text(wanted));
            have == wanted || names.get(&wanted).is_some_and(|ids| ids.contains(&have))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether an answer with two endpoints is as wanted: at least that, and exactly that.
    fn fits(wanted: Json) -> (bool, bool) {
        let have = json!({"VpcEndpoints": [
            {"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "RouteTableIds": ["rtb-1", "rtb-2"]},
            {"VpcEndpointId": "vpce-2", "VpcId": "vpc-1", "RouteTableIds": []},
        ]});
        let names = BTreeMap::from([("one".to_owned(), vec!["vpce-1".to_owned()])]);
        let holds = |exactly| holds(&have, &Answers { wanted: wanted.clone(), exactly }, &names);
        (holds(false), holds(true))
    }

    #[test]
    fn an_answer_may_hold_more_than_is_wanted_unless_it_is_wanted_exactly() {
        let one = json!({"VpcEndpointId": "one", "VpcId": "vpc-1", "RouteTableIds": ["rtb-2", "rtb-1"]});
        let two = json!({"VpcEndpointId": "vpce-2", "VpcId": "vpc-1", "RouteTableIds": []});
        assert_eq!(fits(json!({"VpcEndpoints": [two, one]})), (true, true));
        assert_eq!(fits(json!({})), (true, false));
        assert_eq!(fits(json!({"VpcEndpoints": [one]})), (true, false));
        assert_eq!(fits(json!({"VpcEndpoints": [one, one]})), (true, false));
        assert_eq!(fits(json!({"VpcEndpoints": [two, {"VpcEndpointId": "one", "VpcId": "vpc-1"}]})), (true, false));
        assert_eq!(fits(json!({"VpcEndpoints": {"VpcEndpointId": "one"}})), (true, false));
        assert_eq!(fits(json!({"VpcEndpoints": []})), (false, false));
        assert_eq!(fits(json!({"VpcEndpoints": [two, {"VpcEndpointId": "three"}]})), (false, false));
    }
}
