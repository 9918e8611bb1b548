//! What probes saw, as text, JSON and JUnit: a single one, or a file of observations with its score. Probes nothing.

use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::words::{
    absorbed_sentence, address_text, answer_kind, answer_sentence, box_name, cite_text, counted, filter_text,
    length_text, translation_text, tuple_name,
};
use crate::analysis::{Agreement, Question, Reply, Scorecard, Scored, Trail};
use crate::import::Observation;
use crate::trace::{Absorbed, Answer, CiteId, Names, Step};

/// A single probe with what came of it.
pub struct ProbePage<'a> {
    /// What was asked.
    pub question: &'a Question,
    /// What came of it.
    pub reply: &'a Reply,
    /// Names behind handles.
    pub names: &'a Names,
}

/// A file of observations, scored.
pub struct ScorePage<'a> {
    /// The file, as the user named it.
    pub file: &'a str,
    /// The score.
    pub card: &'a Scorecard,
}

impl ProbePage<'_> {
    /// For people: what was seen, and each packet's journey.
    pub fn text(&self) -> String {
        let (from, to) = (self.question.from, self.question.to);
        let (from, to) = (address_text(self.names, from), address_text(self.names, to));
        let saw = match &self.reply.saw {
            Ok(saw) => saw.to_string(),
            Err(why) => format!("unknown, {why}"),
        };
        let after = self.reply.after.map(|after| format!(" after {}", length_text(after))).unwrap_or_default();
        let ttl = self.reply.ttl.map(|ttl| format!(", ttl {ttl}")).unwrap_or_default();
        let head = format!("{from} → {to}  {}: {saw}{after}{ttl}\n\n", self.question.traffic);
        head + &trails_text(&self.reply.trails, self.names)
    }

    /// For machines: one object.
    pub fn json(&self) -> Value {
        json!({
            "kind": "probe", "from": self.question.from, "to": self.question.to,
            "traffic": self.question.traffic.to_string(), "reply": reply_json(self.reply, self.names),
        })
    }
}

impl ScorePage<'_> {
    /// For people: each observation that is not right with its verdict and whole journey, then the score.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for one in self.card.scored.iter().filter(|one| !is_right(one)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", self.heading(one));
            let _ = writeln!(text, "  {}", self.verdict(one));
            let _ = writeln!(text, "{}", trails_text(&one.reply.trails, &self.card.names));
        }
        if !self.card.learned.is_empty() {
            text.push_str("what listens was assumed; the observations say otherwise of\n");
            self.card.learned.iter().for_each(|learned| text.push_str(&format!("  {learned}\n")));
            text.push('\n');
        }
        text.push_str(&self.score());
        text
    }

    /// For machines: one object a line for each observation, then the score.
    pub fn json(&self) -> String {
        let lines = self.card.scored.iter().map(|one| {
            let Observation { line, from, to, probe, saw, ttl } = &one.observation;
            let (agreement, why) = match &one.agreement {
                Agreement::Right => ("right", None),
                Agreement::Wrong => ("wrong", None),
                Agreement::Unknown(why) => ("unknown", Some(why)),
            };
            json!({
                "kind": "observation", "line": line, "from": from, "to": to, "probe": probe.to_string(),
                "observed": saw.as_str(), "observed_ttl": ttl, "agreement": agreement, "unknown": why,
                "ttl_agrees": one.ttl_agrees, "verdict": (!is_right(one)).then(|| self.verdict(one)),
                "reply": reply_json(&one.reply, &self.card.names),
            })
        });
        let (agree, compared) = self.card.ttl();
        let score = json!({
            "kind": "score", "file": self.file, "observations": self.card.scored.len(), "right": self.card.right(),
            "wrong": self.card.wrong(), "unknown": self.card.unknown(), "ttl_compared": compared,
            "ttl_agree": agree, "learned": self.card.learned, "holds": self.card.holds(),
        });
        lines.chain([score]).map(|line| format!("{line}\n")).collect()
    }

    /// For CI systems: a suite of observations and one of times to live. What nobody can tell is skipped. Fails only where
    /// the texts cannot be XML.
    pub fn junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut report = Report::new("vpclab");
        let mut suite = TestSuite::new(self.file);
        for one in &self.card.scored {
            let mut status = match &one.agreement {
                Agreement::Right => TestCaseStatus::success(),
                Agreement::Wrong => TestCaseStatus::non_success(NonSuccessKind::Failure),
                Agreement::Unknown(_) => TestCaseStatus::skipped(),
            };
            if one.agreement != Agreement::Right {
                status.set_message(self.verdict(one));
            }
            if one.agreement == Agreement::Wrong {
                status.set_description(trails_text(&one.reply.trails, &self.card.names));
            }
            suite.add_test_case(self.case(one, &one.observation.saw.to_string(), status));
        }
        report.add_test_suite(suite);
        let mut ttls = TestSuite::new(format!("{}: times to live inside AWS", self.file));
        for one in self.card.scored.iter() {
            let Some(agrees) = one.ttl_agrees else { continue };
            let mut status = match agrees {
                true => TestCaseStatus::success(),
                false => TestCaseStatus::non_success(NonSuccessKind::Failure),
            };
            if !agrees {
                status.set_message(ttl_text(one));
                status.set_description(trails_text(&one.reply.trails, &self.card.names));
            }
            let observed = one.observation.ttl.map(|ttl| format!("ttl {ttl}")).unwrap_or_default();
            ttls.add_test_case(self.case(one, &observed, status));
        }
        report.add_test_suite(ttls);
        report.to_string()
    }

    fn case(&self, one: &Scored, observed: &str, status: TestCaseStatus) -> TestCase {
        let Observation { line, from, to, probe, .. } = &one.observation;
        let mut case = TestCase::new(format!("{from} → {to} {probe}: {observed}"), status);
        case.set_classname(self.file);
        case.add_property(("line", line.to_string().as_str()));
        case
    }

    fn heading(&self, one: &Scored) -> String {
        let Observation { line, from, to, probe, .. } = &one.observation;
        let names = &self.card.names;
        format!("{}:{line}: {} → {}  {probe}", self.file, address_text(names, *from), address_text(names, *to))
    }

    /// What was observed, what the world shows, and what decided it.
    fn verdict(&self, one: &Scored) -> String {
        let observed = one.observation.saw;
        match &one.agreement {
            Agreement::Right if one.ttl_agrees == Some(false) => format!("the TTL differs: {}", ttl_text(one)),
            Agreement::Right => "right".to_owned(),
            Agreement::Unknown(why) => format!("unknown: observed {observed}, and {why}"),
            Agreement::Wrong => {
                let shown = one.reply.saw.as_ref().map_or_else(Clone::clone, ToString::to_string);
                let decided = self.decided(&one.reply).map(|why| format!(": {why}")).unwrap_or_default();
                format!("wrong: observed {observed}, and the world shows {shown}{decided}")
            }
        }
    }

    /// What ended a probe that did not get its answer, or what the machine did with it.
    fn decided(&self, reply: &Reply) -> Option<String> {
        let steps = || reply.trails.iter().flat_map(|trail| trail.journey.steps());
        let dropped = steps().find_map(|(node, step)| match step {
            Step::Dropped { reason, by } => {
                let by = cite_text(self.card.names.citations.get(*by)).map(|by| format!(", by {by}"));
                let at = box_name(&self.card.names, node);
                Some(format!("{} ({}) at {at}{}", reason.sentence(), reason.code(), by.unwrap_or_default()))
            }
            _ => None,
        });
        let answered = || {
            steps().find_map(|(node, step)| match step {
                Step::Answered { why, .. } => {
                    let at = box_name(&self.card.names, node);
                    Some(format!("{at} answers with {}, {}", answer_kind(*why), answer_sentence(*why)))
                }
                _ => None,
            })
        };
        dropped.or_else(answered)
    }

    fn score(&self) -> String {
        let (agree, compared) = self.card.ttl();
        format!(
            "{}: {} right, {} wrong, {} unknown; times to live inside AWS: {agree} of {compared} agree\n",
            counted(self.card.scored.len() as u64, "observation"),
            self.card.right(),
            self.card.wrong(),
            self.card.unknown(),
        )
    }
}

fn is_right(one: &Scored) -> bool {
    one.agreement == Agreement::Right && one.ttl_agrees != Some(false)
}

fn ttl_text(one: &Scored) -> String {
    let show = |ttl: Option<u8>| ttl.map_or("none".to_owned(), |ttl| ttl.to_string());
    format!("observed {}, and the world shows {}", show(one.observation.ttl), show(one.reply.ttl))
}

/// Each packet of a probe: where it went, and what was decided there.
pub(super) fn trails_text(trails: &[Trail], names: &Names) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for trail in trails {
        if let Some(tuple) = &trail.tuple {
            rows.push((format!("{} ({tuple})", tuple_name(names, tuple)), String::new()));
        }
        let mut last = None;
        for (node, step) in trail.journey.steps() {
            let Some(what) = step_text(step, names) else { continue };
            // A box that does several things is named once.
            let name = if last == Some(node) { String::new() } else { box_name(names, node) };
            last = Some(node);
            rows.push((format!("  {name}"), what));
        }
    }
    let named = rows.iter().filter(|(_, what)| !what.is_empty());
    let width = named.map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, what): &(String, String)| match what.is_empty() {
        true => format!("  {name}\n"),
        false => format!("  {name:<width$}  {what}\n"),
    };
    rows.iter().map(line).collect()
}

/// What was done to a packet; `None` for what says nothing.
fn step_text(step: &Step, names: &Names) -> Option<String> {
    let by = |by: CiteId| cite_text(names.citations.get(by)).map(|by| format!(", {by}")).unwrap_or_default();
    Some(match step {
        Step::Sent => "sends it".to_owned(),
        Step::Allowed { filter, by: rule, .. } => format!("✓ {}{}", filter_text(*filter), by(*rule)),
        Step::Routed { by: route } => format!("✓ route{}", by(*route)),
        Step::Translated { before, after, .. } => format!("⇄ {}", translation_text(before, after)),
        Step::Clamped { mss, .. } => format!("lowers its MSS to {mss}"),
        Step::Fragmented => "cuts it into fragments".to_owned(),
        Step::Answered { why: Answer::Echo, .. } => "answers with an echo reply".to_owned(),
        Step::Answered { why, by: rule, .. } => {
            format!("answers with {}: {}{}", answer_kind(*why), answer_sentence(*why), by(*rule))
        }
        Step::Forwarded => return None,
        Step::Delivered => "✓ has it".to_owned(),
        Step::Absorbed(Absorbed::Answered) => return None,
        Step::Absorbed(how) => absorbed_sentence(*how).to_owned(),
        Step::Dropped { reason, by: rule } => {
            format!("✗ drops it: {} ({}){}", reason.sentence(), reason.code(), by(*rule))
        }
    })
}

fn reply_json(reply: &Reply, names: &Names) -> Value {
    let (saw, unknown) = match &reply.saw {
        Ok(saw) => (Some(saw.as_str()), None),
        Err(why) => (None, Some(why)),
    };
    json!({
        "saw": saw, "unknown": unknown, "ttl": reply.ttl,
        "after_ns": reply.after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)),
        "trails": trails_json(&reply.trails, names),
    })
}

/// The journeys of packets, for machines.
pub(super) fn trails_json(trails: &[Trail], names: &Names) -> Value {
    let trail = |trail: &Trail| {
        let steps = trail.journey.steps().filter_map(|(node, step)| {
            let what = step_text(step, names)?;
            let code = match step {
                Step::Dropped { reason, .. } => Some(reason.code()),
                _ => None,
            };
            Some(json!({"node": box_name(names, node), "what": what, "code": code}))
        });
        json!({"packet": trail.tuple.map(|tuple| tuple.to_string()), "steps": steps.collect::<Vec<_>>()})
    };
    Value::Array(trails.iter().map(trail).collect())
}
