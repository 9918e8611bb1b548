//! The page for machines: one object with all of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::page::WhatIfPage;
use crate::analysis::{ConnectionFate, Fate, PATIENCE, PairChange, ProgramEnd, StepMade, Way, WhatIf};
use crate::base::VpcId;
use crate::control_plane::ControlError;
use crate::report::explanation::outcome_json;

impl WhatIfPage<'_> {
    /// The page for machines: one object.
    pub fn json(&self) -> Value {
        let WhatIf { comparison, classes, traffic, .. } = self.result;
        let pairs = |list: &[PairChange]| -> Vec<Value> { list.iter().map(|one| self.pair_json(one)).collect() };
        let steps: Vec<Value> = self.result.steps.iter().map(step_json).collect();
        json!({
            "kind": "what-if", "world": self.world, "steps": steps,
            "compared": {
                "classes": classes.len(), "pairs": comparison.pairs, "questions": comparison.questions,
                "unknown": comparison.unknown, "traffic": traffic.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "traffic_left_out": self.result.traffic_left_out, "confirmed_by_packets": self.result.confirmed,
            },
            "names_lost": self.result.names_lost.iter().map(VpcId::as_str).collect::<Vec<_>>(),
            "lost": pairs(&comparison.lost), "gained": pairs(&comparison.gained),
            "rerouted": pairs(&comparison.rerouted), "unclear": pairs(&comparison.unclear),
            "connections": self.result.connections.iter().map(|one| self.connection_json(one)).collect::<Vec<_>>(),
            "connections_left_out": self.result.connections_left_out,
            "watched_secs": PATIENCE.as_secs(), "cut_short": self.result.cut_short,
            "programs": self.result.programs.iter().map(|one| {
                json!({"program": one.program, "with": end_json(&one.with), "without": end_json(&one.without)})
            }).collect::<Vec<_>>(),
            "defects": self.result.defects, "refused": self.result.is_refused(), "loses": self.result.loses(),
            "may_lose": self.result.may_lose(), "may_break": self.result.may_break(),
            "never_open": self.result.never_open(),
            "requests": {
                "asked": self.result.requests.asked, "cut_short": self.result.requests.cut_short,
                "organizations": self.result.requests.organizations,
                "denied": self.result.requests.denied.iter().map(|one| {
                    json!({"who": one.who, "action": one.action, "resource": one.resource, "way": one.way, "why": one.why})
                }).collect::<Vec<_>>(),
            },
            "changes_a_policy": self.result.changes_a_policy(),
        })
    }

    fn pair_json(&self, one: &PairChange) -> Value {
        let class = |index: usize| {
            let class = &self.result.classes[index];
            json!({"name": class.name, "members": class.members})
        };
        let way = |way: &Way| {
            let (out, back) = &way.gateways;
            let outcome = outcome_json(&way.outcome);
            json!({"outcome": outcome, "out": way.out, "back": way.back, "gateways_out": out, "gateways_back": back})
        };
        json!({
            "from": class(one.from), "to": class(one.to),
            "traffic": one.traffic.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "before": way(&one.before), "after": way(&one.after), "may_be_lost": one.may_be_lost(),
        })
    }

    fn connection_json(&self, one: &ConnectionFate) -> Value {
        json!({
            "from": {"name": one.from.0, "address": one.from.1.ip(), "port": one.from.1.port()},
            "to": {"name": one.to.0, "address": one.to.1.ip(), "port": one.to.1.port()},
            "program": one.program, "sends": one.sends, "with": fate_json(&one.with),
            "without": fate_json(&one.without), "lost": one.is_lost(), "doomed": one.is_doomed(),
            "gateways": one.gateways.as_ref().map(|(before, after)| json!({"before": before, "after": after})),
            "before": outcome_json(&one.before), "anew": outcome_json(&one.anew),
        })
    }
}

fn fate_json(fate: &Fate) -> Value {
    let word = match fate {
        Fate::Survives => "survives",
        Fate::Closes(_) => "closes",
        Fate::Reset(_) => "reset",
        Fate::TimesOut(_) => "times-out",
        Fate::GivenUp(_) => "given-up",
        Fate::Stopped => "stopped",
        Fate::NotOpen(_) => "not-open",
        Fate::Unknown(_) => "unknown",
    };
    let error = match fate {
        Fate::NotOpen(why) | Fate::Unknown(why) if !why.is_empty() => Some(why.clone()),
        _ => None,
    };
    let after = fate.after().map(nanoseconds);
    json!({"fate": word, "after_ns": after, "error": error})
}

fn end_json(end: &ProgramEnd) -> Value {
    let (word, after, text) = match end {
        ProgramEnd::Runs => ("runs", None, None),
        ProgramEnd::Completes(after, what) => ("completes", Some(after), Some(what)),
        ProgramEnd::Fails(after, error) => ("fails", Some(after), Some(error)),
    };
    let after = after.copied().map(nanoseconds);
    json!({"end": word, "after_ns": after, "text": text})
}

fn step_json(made: &StepMade) -> Value {
    let refusal = |error: &ControlError| json!({"code": error.code.as_str(), "message": error.message});
    let (created, refused): (Vec<&str>, Vec<Value>) = match &made.answer {
        Ok(applied) => (
            applied.created.iter().map(|id| id.as_str()).collect(),
            applied.unsuccessful.iter().map(|(_, error)| refusal(error)).collect(),
        ),
        Err(error) => (Vec::new(), std::iter::once(error).chain(&error.more).map(refusal).collect()),
    };
    json!({
        "action": made.step.action.name(), "text": made.step.text, "place": made.step.place, "created": created,
        "refused": refused,
    })
}

fn nanoseconds(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}
