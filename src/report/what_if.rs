//! What a change would do, as a page for people and as JSON for machines. Finds nothing out itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::explanation::{outcome_json, outcome_text};
use super::words::{count_text, counted, length_text, rules_text};
use crate::analysis::{
    Chosen, ClassKind, ConnectionFate, Fate, OPEN_FOR, Outcome, PATIENCE, PairChange, ProgramEnd, StepMade, Way,
    WhatIf, traffic_text,
};
use crate::base::VpcId;
use crate::control_plane::ControlError;

/// Everything that the page of one change shows.
pub struct WhatIfPage<'a> {
    /// Which world, and at which instant.
    pub world: &'a str,
    /// What was found.
    pub result: &'a WhatIf,
}

/// The most lines of one list; JSON has all.
const LINES_MAX: usize = 40;

/// Pairs that fare alike, as one line.
struct Alike<'a> {
    from: Vec<String>,
    to: Vec<String>,
    traffic: String,
    one: &'a PairChange,
}

/// A connection, or an idle and a sending one, as a row.
struct Row {
    ends: String,
    does: String,
    fate: String,
    ways: Option<String>,
}

impl WhatIfPage<'_> {
    /// The page for people.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("what if, in {}", self.world)];
        lines.extend(self.result.steps.iter().flat_map(|made| self.step(made)));
        lines.push(String::new());
        lines.extend(self.reach());
        lines.push(String::new());
        lines.extend(self.connections());
        lines.extend(self.programs());
        lines.extend(self.defects());
        lines.push(String::new());
        lines.push(self.verdict());
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

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
        })
    }

    fn step(&self, made: &StepMade) -> Vec<String> {
        let mark = match &made.answer {
            Ok(applied) if applied.unsuccessful.is_empty() => "✓",
            Ok(_) | Err(_) => "✗",
        };
        let mut lines = vec![format!("  {mark} {}  ({})", made.step.text, made.step.place)];
        let refused = |error: &ControlError| format!("      AWS would refuse it: {}: {}", error.code, error.message);
        match &made.answer {
            Ok(applied) => {
                let created: Vec<&str> = applied.created.iter().map(|id| id.as_str()).collect();
                if !created.is_empty() {
                    lines.push(format!("      creates {}", self.result.labels.spelled(&created.join(", "))));
                }
                lines.extend(applied.notes.iter().map(|note| format!("      {note}")));
                lines.extend(applied.unsuccessful.iter().map(|(_, error)| refused(error)));
                if !applied.unsuccessful.is_empty() {
                    lines.push("      and would do the rest of the call".to_owned());
                }
            }
            Err(error) => {
                lines.push(refused(error));
                lines.extend(error.more.iter().map(refused));
            }
        }
        lines
    }

    fn reach(&self) -> Vec<String> {
        let comparison = &self.result.comparison;
        let mut lines = vec![format!(
            "reach: {} of like machines and places, {} by tables, {} confirmed by packets",
            counted(comparison.pairs as u64, "pair"),
            counted(comparison.questions as u64, "question"),
            count_text(self.result.confirmed as u64),
        )];
        if self.result.traffic_left_out != 0 {
            lines.push(format!("  {} of ports were left out", counted(self.result.traffic_left_out as u64, "range")));
        }
        if comparison.unknown != 0 {
            let count = count_text(comparison.unknown as u64);
            lines.push(format!("  of {count} of the questions nobody can tell, before or after"));
        }
        for (mark, heading, list) in [
            ("✗", "lost", &comparison.lost),
            ("✓", "gained", &comparison.gained),
            ("!", "by another path", &comparison.rerouted),
            ("?", "of these nobody can tell on one side of the change", &comparison.unclear),
        ] {
            lines.extend(self.pairs(mark, heading, list));
        }
        for vpc in &self.result.names_lost {
            let vpc = self.result.labels.full(vpc.as_str());
            lines
                .push(format!("  ✗ lost: the machines of VPC {vpc} resolve no names by AWS's resolver any more [R27]"));
        }
        if comparison.lost.is_empty() && comparison.gained.is_empty() && comparison.rerouted.is_empty() {
            lines.push("  nobody loses or gains reach, and no path changes".to_owned());
        }
        lines
    }

    fn pairs(&self, mark: &str, heading: &str, list: &[PairChange]) -> Vec<String> {
        if list.is_empty() {
            return Vec::new();
        }
        let alike = self.alike(list);
        let mut lines = vec![format!("  {heading}")];
        for one in alike.iter().take(LINES_MAX) {
            lines.push(format!("    {mark} {} → {}  {}", one.from.join(", "), one.to.join(", "), one.traffic));
            let reaches = one.one.before.outcome == Outcome::Reaches && one.one.after.outcome == Outcome::Reaches;
            for (when, way) in [("before", &one.one.before), ("after", &one.one.after)] {
                let text = if reaches { self.path(way) } else { self.way(way) };
                lines.push(format!("        {when:<6}  {text}"));
            }
        }
        lines.extend(more(alike.len()));
        lines
    }

    /// Pairs that differ in the same way, joined: first those whom one asks, then those who ask the same.
    fn alike<'p>(&'p self, list: &'p [PairChange]) -> Vec<Alike<'p>> {
        let classes = &self.result.classes;
        let key = |one: &PairChange| {
            let traffic = traffic_text(&one.traffic, &self.result.traffic);
            (self.way(&one.before), self.way(&one.after), self.path(&one.before), self.path(&one.after), traffic)
        };
        let mut by_asker: BTreeMap<_, Vec<&PairChange>> = BTreeMap::new();
        for one in list {
            by_asker.entry((key(one), one.from)).or_default().push(one);
        }
        let mut joined: BTreeMap<_, Alike<'_>> = BTreeMap::new();
        for ((key, from), ones) in by_asker {
            let to = self.places(&ones.iter().map(|one| one.to).collect::<Vec<_>>());
            let traffic = key.4.clone();
            let alike = joined.entry((key, to.clone()));
            let alike = alike.or_insert_with(|| Alike { from: Vec::new(), to, traffic, one: ones[0] });
            alike.from.push(classes[from].label());
        }
        joined.into_values().collect()
    }

    /// Classes by name; the blocks of a service together.
    fn places(&self, classes: &[usize]) -> Vec<String> {
        let all = &self.result.classes;
        let service = |index: usize| {
            let class = &all[index];
            let name = class.name.split(" (").next().filter(|_| class.kind == ClassKind::Service);
            name.map(str::to_owned)
        };
        let mut names: Vec<String> = Vec::new();
        for index in classes {
            let name = match service(*index) {
                Some(name) => {
                    let count = |of: &mut dyn Iterator<Item = usize>| {
                        of.filter(|other| service(*other).as_ref() == Some(&name)).count()
                    };
                    let own = count(&mut classes.iter().copied());
                    let whole = count(&mut (0..all.len()));
                    if own == whole { name } else { format!("{name} ({own} of its {whole} blocks)") }
                }
                None => all[*index].label(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What comes of a question, and over which gateways where it reaches.
    fn way(&self, way: &Way) -> String {
        match &way.outcome {
            Outcome::Reaches => format!("reaches {}", self.path(way)),
            other => outcome_text(other),
        }
    }

    /// The gateways of a path; the way back only where it is another.
    fn path(&self, way: &Way) -> String {
        let name = |ids: &[String]| match ids {
            [] => "directly".to_owned(),
            ids => format!("by {}", ids.iter().map(|id| self.result.labels.full(id)).collect::<Vec<_>>().join(", ")),
        };
        let (out, back) = &way.gateways;
        let same = back.is_empty() && out.is_empty() || out.iter().rev().eq(back.iter());
        if same { name(out) } else { format!("out {}, back {}", name(out), name(back)) }
    }

    fn connections(&self) -> Vec<String> {
        let all = &self.result.connections;
        let watched = format!("watched for {} s with the change and without it", PATIENCE.as_secs());
        let mut lines = vec![match (self.result.chosen, all.len()) {
            (_, 0) => "open connections: none to watch".to_owned(),
            (Chosen::Given, count) => {
                let count = counted(count as u64, "connection");
                format!(
                    "open connections: {count} as given, opened {} s before the change; {watched}",
                    OPEN_FOR.as_secs()
                )
            }
            (Chosen::OfPrograms, count) => {
                let count = counted(count as u64, "connection");
                format!(
                    "open connections: {count} of the scenario's programs, {watched}; later steps of its timeline are left out"
                )
            }
            (Chosen::Usual, count) => format!(
                "open connections: {count} that were opened {} s before the change, one idle and one sending from \
                 each kind of instance to each place; {watched}",
                OPEN_FOR.as_secs()
            ),
        }];
        if self.result.connections_left_out != 0 {
            let count = count_text(self.result.connections_left_out as u64);
            lines.push(format!("  {count} more were left out: `--connections FILE` says which to watch"));
        }
        if !self.result.cut_short.is_empty() {
            lines.push(format!("  ! watched shorter than that: {}", self.result.cut_short));
        }
        let (lost, rest): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.is_lost());
        let (doomed, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_doomed());
        let (saved, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_saved());
        let (closed, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| !matches!(one.with, Fate::NotOpen(_)));
        let (ends, lives): (Vec<_>, Vec<_>) = closed.into_iter().partition(|one| one.with != Fate::Survives);
        for (mark, heading, list) in [
            ("✗", "broken by the change", lost),
            ("!", "alive only as long as nobody sends: their path has changed", doomed),
            ("✓", "saved by the change", saved),
            ("·", "ended with the change as without it", ends),
            ("✓", "alive", lives),
            ("?", "not open when the change was made", rest),
        ] {
            lines.extend(self.listed(mark, heading, &list));
        }
        lines
    }

    fn listed(&self, mark: &str, heading: &str, list: &[&ConnectionFate]) -> Vec<String> {
        if list.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![format!("  {heading}: {}", list.len())];
        let mut rows: Vec<Row> = Vec::new();
        for one in list {
            let row = Row { ends: self.ends(one), does: self.does(one), fate: self.fate(one), ways: self.ways(one) };
            // An idle and a sending connection that fare alike are one row.
            match rows.last_mut().filter(|last| last.ends == row.ends && last.fate == row.fate && one.sends.is_some()) {
                Some(last) => last.does = format!("{}, {}", last.does, row.does),
                None => rows.push(row),
            }
        }
        let width =
            |of: fn(&Row) -> &String| rows.iter().take(LINES_MAX).map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (ends_width, does_width) = (width(|row| &row.ends), width(|row| &row.does));
        for (index, Row { ends, does, fate, ways }) in rows.iter().enumerate().take(LINES_MAX) {
            lines.push(format!("    {mark} {ends:<ends_width$}  {does:<does_width$}  {fate}"));
            // Rows of one machine to one place share their ways.
            let again = rows.get(index + 1).is_some_and(|next| next.ends == *ends && next.ways == *ways);
            lines.extend(ways.iter().filter(|_| !again).map(|ways| format!("      {ways}")));
        }
        lines.extend(more(rows.len()));
        lines
    }

    fn ends(&self, one: &ConnectionFate) -> String {
        // The port of a connection that was opened for the question says nothing.
        let port = if one.sends.is_some() { String::new() } else { format!(":{}", one.from.1.port()) };
        format!("{}{port} → {}:{}", one.from.0, one.to.0, one.to.1.port())
    }

    /// Whose it is, or what it does while the change is made.
    fn does(&self, one: &ConnectionFate) -> String {
        let does = one.sends.map(|sends| if sends { "sending" } else { "idle" });
        one.program.as_deref().or(does).unwrap_or_default().to_owned()
    }

    /// What becomes of a connection; where the change is the cause, with what would become of it otherwise.
    fn fate(&self, one: &ConnectionFate) -> String {
        let with = fate_text(&one.with);
        let switched = one.is_lost() && matches!(one.with, Fate::Reset(_)) && one.gateways.is_some();
        let rules = if switched { rules_text(&["R43"]) } else { String::new() };
        match (one.is_lost() || one.is_saved(), blocked(&one.anew)) {
            (true, _) => format!("{with}{rules}; without the change it {}", fate_text(&one.without)),
            (false, Some(why)) if one.with == Fate::Survives => format!("{with}, though a new one would be {why}"),
            (false, _) => with,
        }
    }

    /// Over which gateways it went and goes, where that is what matters of it.
    fn ways(&self, one: &ConnectionFate) -> Option<String> {
        if one.with == Fate::Stopped {
            return None;
        }
        if let Some(why) = blocked(&one.anew).filter(|_| one.is_lost()) {
            return Some(format!("a new one is {why}"));
        }
        let (before, after) = one.gateways.as_ref().filter(|_| one.is_lost() || one.is_doomed())?;
        let name = |ids: &[String]| match ids {
            [] => "no gateway".to_owned(),
            ids => ids.iter().map(|id| self.result.labels.short(id)).collect::<Vec<_>>().join(", "),
        };
        Some(format!("its segments went by {} and now go by {}", name(before), name(after)))
    }

    fn programs(&self) -> Vec<String> {
        if self.result.programs.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "programs that end otherwise because of the change".to_owned()];
        let width = self.result.programs.iter().map(|one| one.program.chars().count()).max().unwrap_or(0);
        for one in self.result.programs.iter().take(LINES_MAX) {
            let mark = if matches!(one.with, ProgramEnd::Fails(..)) { "✗" } else { "!" };
            let (with, without) = (end_text(&one.with), end_text(&one.without));
            lines.push(format!("  {mark} {:<width$}  {with}; without the change it {without}", one.program));
        }
        lines.extend(more(self.result.programs.len()));
        lines
    }

    fn defects(&self) -> Vec<String> {
        if self.result.defects.is_empty() {
            return Vec::new();
        }
        let heading = "✗ tables and packets disagree. This is a defect of vpclab: please report it".to_owned();
        let defects = self.result.defects.iter().map(|defect| format!("    {defect}"));
        [String::new(), heading].into_iter().chain(defects).collect()
    }

    fn verdict(&self) -> String {
        let lost: BTreeSet<(usize, usize)> = self.result.comparison.lost.iter().map(|one| (one.from, one.to)).collect();
        let pairs = match lost.len() {
            1 => "the reach of one pair".to_owned(),
            count => format!("the reach of {} pairs", count_text(count as u64)),
        };
        let connections = self.result.connections.iter().filter(|one| one.is_lost()).count();
        let connections = (connections != 0).then(|| counted(connections as u64, "open connection"));
        let lost = match (lost.is_empty(), connections) {
            (true, None) => "✓ nothing is lost".to_owned(),
            (true, Some(connections)) => format!("✗ lost: {connections}"),
            (false, None) => format!("✗ lost: {pairs}"),
            (false, Some(connections)) => format!("✗ lost: {pairs}, and {connections}"),
        };
        let lost = match (self.result.names_lost.is_empty(), lost.starts_with('✓')) {
            (true, _) => lost,
            (false, true) => "✗ lost: the resolution of names".to_owned(),
            (false, false) => format!("{lost}, and the resolution of names"),
        };
        if self.result.is_refused() {
            return format!("{lost}; AWS would refuse a part of the change, and the rest was compared without it");
        }
        lost
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
            "before": way(&one.before), "after": way(&one.after),
        })
    }

    fn connection_json(&self, one: &ConnectionFate) -> Value {
        json!({
            "from": {"name": one.from.0, "address": one.from.1.ip(), "port": one.from.1.port()},
            "to": {"name": one.to.0, "address": one.to.1.ip(), "port": one.to.1.port()},
            "program": one.program, "sends": one.sends, "with": fate_json(&one.with),
            "without": fate_json(&one.without), "lost": one.is_lost(), "doomed": one.is_doomed(),
            "gateways": one.gateways.as_ref().map(|(before, after)| json!({"before": before, "after": after})),
            "anew": outcome_json(&one.anew),
        })
    }
}

/// What is in the way of a question, if something is.
fn blocked(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::BlockedOut(_) | Outcome::BlockedBack(_) => Some(outcome_text(outcome)),
        Outcome::Reaches | Outcome::Unknown(_) => None,
    }
}

/// What is left out of a list for people.
fn more(count: usize) -> Option<String> {
    let more = count.checked_sub(LINES_MAX).filter(|more| *more != 0)?;
    Some(format!("    and {more} more: `--format json` lists all"))
}

fn fate_text(fate: &Fate) -> String {
    match fate {
        Fate::Survives => "survives".to_owned(),
        Fate::Closes(after) => format!("is closed by its ends after {}", length_text(*after)),
        Fate::Reset(after) => format!("is reset after {}", length_text(*after)),
        Fate::TimesOut(after) => format!("times out after {}", length_text(*after)),
        Fate::GivenUp(after) => format!("is given up by its program after {}", length_text(*after)),
        Fate::Stopped => "ends with its machine".to_owned(),
        Fate::NotOpen(Some(error)) => format!("could not be opened: {error}"),
        Fate::NotOpen(None) => "was not open".to_owned(),
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
    };
    let error = match fate {
        Fate::NotOpen(Some(error)) => Some(error.to_string()),
        _ => None,
    };
    let after = fate.after().map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
    json!({"fate": word, "after_ns": after, "error": error})
}

fn end_text(end: &ProgramEnd) -> String {
    match end {
        ProgramEnd::Runs => "still runs then".to_owned(),
        ProgramEnd::Completes(after, what) if what.is_empty() => format!("completes after {}", length_text(*after)),
        ProgramEnd::Completes(after, what) => format!("completes after {}: {what}", length_text(*after)),
        ProgramEnd::Fails(after, error) => format!("fails after {}: {error}", length_text(*after)),
    }
}

fn end_json(end: &ProgramEnd) -> Value {
    let (word, after, text) = match end {
        ProgramEnd::Runs => ("runs", None, None),
        ProgramEnd::Completes(after, what) => ("completes", Some(after), Some(what)),
        ProgramEnd::Fails(after, error) => ("fails", Some(after), Some(error)),
    };
    let after = after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
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
