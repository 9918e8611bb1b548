//! `vpclab rules [RULE]`: the rule book as a table, each rule held against the scenarios that show it and its opposite,
//! by running them. Judges nothing itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::args::{Machine, RulesArgs};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::load;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::analysis::{RULES, Rule};
use crate::base::SimTime;
use crate::scenario::Run;

/// What a scenario showed of a rule.
struct Shown {
    file: String,
    /// The file, with the era where it runs in several.
    label: String,
    text: String,
    saw: String,
    twin: bool,
    held: bool,
}

pub(super) fn run(args: &RulesArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let wanted = match &args.rule {
        None => None,
        Some(id) => Some(Rule::find(id).ok_or_else(|| {
            Complaint::new(format_args!("`{id}` is no rule"))
                .help("rules are called R01 to R55; `vpclab rules` lists them")
        })?),
    };
    let shown = show(&args.folder, wanted)?;
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| wanted.is_none_or(|wanted| wanted == *rule)).collect();
    let text = match (args.format, wanted) {
        (Machine::Json, _) => json_lines(&rules, &shown),
        (Machine::Text, Some(rule)) => page(rule, of(&shown, rule)),
        (Machine::Text, None) => table(&rules, &shown),
    };
    terminal.print(&text)?;
    let all = rules.iter().all(|rule| holds(of(&shown, rule)));
    Ok(if all { Exit::Held } else { Exit::Failed })
}

/// Runs the scenarios that are about the wanted rule, or about any.
fn show(folder: &PathBuf, wanted: Option<&Rule>) -> Result<BTreeMap<String, Vec<Shown>>, Refusal> {
    // What is doubtful in a file is said when it is run or checked by itself.
    let (files, _) = load::load_quietly(std::slice::from_ref(folder))?;
    let about = |rules: &[String]| wanted.map_or(!rules.is_empty(), |rule| rules.iter().any(|id| id == rule.id));
    let files: Vec<_> = files
        .into_iter()
        .filter(|loaded| {
            let scenario = &loaded.scenario;
            about(&scenario.rules)
                || scenario.expectations.iter().any(|expectation| about(&expectation.rules))
                || scenario.timeline.iter().any(|step| about(&step.rules))
        })
        .collect();
    let progress = Progress::new(files.len(), false);
    let mut shown: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for loaded in files {
        progress.begin(&loaded.found.name);
        let mut run = Run::new(loaded.scenario, None, &mut ());
        run.advance(SimTime::FAR, &mut ());
        for judged in run.finish().judged {
            for rule in &judged.rules {
                shown.entry(rule.clone()).or_default().push(Shown {
                    file: loaded.found.name.clone(),
                    label: loaded.found.label(),
                    text: judged.text.clone(),
                    saw: judged.saw.clone(),
                    twin: judged.twin,
                    held: judged.held,
                });
            }
        }
        progress.end();
    }
    progress.finish();
    Ok(shown)
}

fn of<'a>(shown: &'a BTreeMap<String, Vec<Shown>>, rule: &Rule) -> &'a [Shown] {
    shown.get(rule.id).map_or(&[], Vec::as_slice)
}

/// A rule works when it was shown, its opposite was shown, and nothing that shows either failed.
fn holds(shown: &[Shown]) -> bool {
    shown.iter().all(|one| one.held) && shown.iter().any(|one| !one.twin) && shown.iter().any(|one| one.twin)
}

/// A rule a line, then the count.
fn table(rules: &[&Rule], shown: &BTreeMap<String, Vec<Shown>>) -> String {
    let mut text = String::from("rule  scenarios  shown  twin   holds  says\n");
    for rule in rules {
        let list = of(shown, rule);
        let mut files: Vec<&str> = list.iter().map(|one| one.file.as_str()).collect();
        files.dedup();
        let count = |twin: bool| list.iter().filter(|one| one.twin == twin).count();
        let mark = if holds(list) { "✓" } else { "✗" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}   {:>9}  {:>5}  {:>4}   {mark}      {}",
            rule.id,
            files.len(),
            count(false),
            count(true),
            short(rule.says)
        );
    }
    let held = rules.iter().filter(|rule| holds(of(shown, rule))).count();
    let _ = writeln!(text, "\n{held} of {} rules hold, each with its twin", rules.len());
    text
}

/// One rule: what it says, what was run, what the packets showed.
fn page(rule: &Rule, shown: &[Shown]) -> String {
    let mut text = format!("{}  {}\n", rule.id, rule.says);
    if !rule.twin.is_empty() {
        let _ = writeln!(text, "twin: {}", rule.twin);
    }
    for twin in [false, true] {
        let mut file = "";
        let _ = writeln!(text, "\n{}", if twin { "its opposite" } else { "the rule" });
        let list: Vec<&Shown> = shown.iter().filter(|one| one.twin == twin).collect();
        if list.is_empty() {
            let _ = writeln!(text, "  no scenario shows it");
        }
        for one in list {
            if file != one.label {
                file = &one.label;
                let _ = writeln!(text, "  {file}");
            }
            let mark = if one.held { "✓" } else { "✗" };
            let _ = writeln!(
                text,
                "    {mark} {}\n      saw: {}",
                one.text,
                short_saw(&one.saw).replace('\n', "\n           ")
            );
        }
    }
    text
}

fn json_lines(rules: &[&Rule], shown: &BTreeMap<String, Vec<Shown>>) -> String {
    let one = |rule: &&Rule| {
        let list = of(shown, rule);
        let shows: Vec<_> = list
            .iter()
            .map(|one| json!({"file": one.file, "expected": one.text, "saw": one.saw, "twin": one.twin, "held": one.held}))
            .collect();
        let object =
            json!({"rule": rule.id, "says": rule.says, "twin": rule.twin, "holds": holds(list), "shown_by": shows});
        format!("{object}\n")
    };
    rules.iter().map(one).collect()
}

/// The first words of a rule, as many as fit beside the table.
fn short(says: &str) -> String {
    cut(says, 90)
}

fn short_saw(saw: &str) -> String {
    cut(saw, 400)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
