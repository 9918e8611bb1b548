//! Who loses and gains reach, and whose packets go another way.

use std::collections::BTreeMap;

use super::page::{LINES_MAX, WhatIfPage, more};
use crate::analysis::{Outcome, PairChange, Way, traffic_text};
use crate::report::explanation::outcome_text;
use crate::report::words::{count_text, counted};

/// Pairs that fare alike, as one line.
struct Alike<'a> {
    from: Vec<String>,
    to: Vec<String>,
    traffic: String,
    one: &'a PairChange,
}

impl WhatIfPage<'_> {
    pub(super) fn reach(&self) -> Vec<String> {
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
        let (may_be_lost, unclear): (Vec<_>, Vec<_>) =
            comparison.unclear.iter().cloned().partition(PairChange::may_be_lost);
        for (mark, heading, list) in [
            ("✗", "lost", &comparison.lost),
            ("?", "may be lost", &may_be_lost),
            ("✓", "gained", &comparison.gained),
            ("!", "by another path", &comparison.rerouted),
            ("?", "may be gained", &unclear),
        ] {
            lines.extend(self.pairs(mark, heading, list));
        }
        for vpc in &self.result.names_lost {
            let vpc = self.result.labels.full(vpc.as_str());
            lines
                .push(format!("  ✗ lost: the machines of VPC {vpc} resolve no names by AWS's resolver any more [R27]"));
        }
        let same = comparison.lost.is_empty() && comparison.gained.is_empty() && comparison.rerouted.is_empty();
        if same && comparison.unclear.is_empty() {
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
            // Where words alone do not tell the two apart, the ways do.
            let alike = !reaches && self.way(&one.one.before) == self.way(&one.one.after);
            for (when, way) in [("before", &one.one.before), ("after", &one.one.after)] {
                let text = match (reaches, alike) {
                    (true, _) => self.path(way),
                    (false, true) => format!("{}, {}", self.way(way), self.path(way)),
                    (false, false) => self.way(way),
                };
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
        let mut names: Vec<String> = Vec::new();
        for index in classes {
            let name = match &all[*index].service {
                Some(name) => {
                    let count = |of: &mut dyn Iterator<Item = usize>| {
                        of.filter(|other| all[*other].service.as_ref() == Some(name)).count()
                    };
                    let own = count(&mut classes.iter().copied());
                    let whole = count(&mut (0..all.len()));
                    if own == whole { name.clone() } else { format!("{name} ({own} of its {whole} blocks)") }
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
}
