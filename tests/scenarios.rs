//! Every file below `scenarios/` is a test of its name: a scenario holds, under the invariants of every packet, and its
//! timeline reads as the golden says; a file that is wrong on purpose is refused as the golden says. Together they show
//! every rule of the rule book, and the reading order names them all.
//!
//! `UPDATE_GOLDEN=1 cargo test --test scenarios` writes the goldens anew. Scenarios below `scenarios/scale/` have no
//! golden, for theirs would be too long to read, and run in release builds only, where they take seconds.
#![expect(clippy::disallowed_methods, reason = "a test of files reads them")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use vpclab::analysis::RULES;
use vpclab::base::SimTime;
use vpclab::notation::{Source, problems_to_text};
use vpclab::packet::{Packet, PacketId};
use vpclab::report::{Recorder, TimelineOptions};
use vpclab::scenario::{Judged, Run, Scenario, load};
use vpclab::sim::Checks;
use vpclab::trace::{Citations, Directory, NodeId, Observer, Observers, PortId, Sees, Step};

fn main() {
    let arguments = Arguments::from_args();
    let scenarios = root().join("scenarios");
    let mut trials = Vec::new();
    for path in files(&scenarios, "yaml") {
        let name = name(&scenarios, &path);
        let trial = match name.split('/').next() {
            Some("errors") => Trial::test(name.clone(), move || is_refused(&name, &path)),
            Some("scale") => {
                let ignored = cfg!(debug_assertions);
                Trial::test(name.clone(), move || holds(&name, &path, None)).with_ignored_flag(ignored)
            }
            _ => Trial::test(name.clone(), move || holds(&name, &path, Some(golden(&name)))),
        };
        trials.push(trial);
    }
    let known: Vec<_> = files(&scenarios, "yaml").iter().map(|path| golden(&name(&scenarios, path))).collect();
    trials.push(Trial::test("every golden has its scenario", move || {
        // The pages of questions have a test of their own.
        let questions = root().join("tests/golden/questions");
        let all =
            files(&root().join("tests/golden"), "txt").into_iter().filter(|golden| !golden.starts_with(&questions));
        let orphans: Vec<_> = all.filter(|golden| !known.contains(golden)).collect();
        if orphans.is_empty() { Ok(()) } else { Err(format!("without a scenario: {orphans:?}").into()) }
    }));
    trials.push(Trial::test("every rule has a scenario that shows it and a twin", each_rule_is_shown));
    trials.push(Trial::test("scenarios/README.md names every scenario by its title", the_reading_order_is_whole));
    libtest_mimic::run(&arguments, trials).exit();
}

/// That they hold is what the scenarios' own tests say.
fn each_rule_is_shown() -> Result<(), Failed> {
    let mut shown: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for scenario in all_scenarios()?.into_iter().flat_map(|(_, scenarios)| scenarios) {
        let steps = scenario.timeline.iter().map(|step| (&step.rules, step.twin));
        let expectations = scenario.expectations.iter().map(|expectation| (&expectation.rules, expectation.twin));
        for (rules, twin) in steps.chain(expectations) {
            for rule in rules {
                shown.entry(rule.clone()).or_default()[usize::from(twin)] = true;
            }
        }
    }
    let missing: Vec<String> = RULES
        .iter()
        .filter_map(|rule| match shown.get(rule.id) {
            Some([true, true]) => None,
            Some([true, false]) => Some(format!("{} has no twin", rule.id)),
            Some([false, _]) | None => Some(format!("{} is shown by no scenario", rule.id)),
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n").into()) }
}

fn the_reading_order_is_whole() -> Result<(), Failed> {
    let text = fs::read_to_string(root().join("scenarios/README.md"))?;
    let entry = |name: &str, title: &str| format!("- [{title}]({name}.yaml)\n");
    let missing: Vec<String> = all_scenarios()?
        .iter()
        .map(|(name, scenarios)| entry(name, &scenarios[0].title))
        .filter(|entry| !text.contains(entry.as_str()))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("scenarios/README.md lacks:\n{}", missing.concat()).into()) }
}

/// All that are not wrong on purpose, each with its name.
fn all_scenarios() -> Result<Vec<(String, Vec<Scenario>)>, Failed> {
    let folder = root().join("scenarios");
    let named = files(&folder, "yaml").into_iter().map(|path| (name(&folder, &path), path));
    let right = named.filter(|(name, _)| !name.starts_with("errors/"));
    right
        .map(|(name, path)| match load(&source(&name, &path)?) {
            (scenarios, _) if scenarios.is_empty() => Err(format!("{name} is wrong").into()),
            (scenarios, _) => Ok((name, scenarios)),
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> PathBuf {
    root().join("tests/golden").join(format!("{name}.txt"))
}

/// The place below a folder, with `/` and without extension.
fn name(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// All files of a kind below a folder, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The file is read under the name that a user in the repository's folder would give.
fn source(name: &str, path: &Path) -> Result<Source, Failed> {
    // A golden must not depend on how git checks lines out.
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Source::new(format!("scenarios/{name}.yaml"), text.replace("\r\n", "\n")))
}

fn is_refused(name: &str, path: &Path) -> Result<(), Failed> {
    let source = source(name, path)?;
    let (scenarios, problems) = load(&source);
    if !scenarios.is_empty() {
        return Err("it could be run".into());
    }
    compare(name, &golden(name), &problems_to_text(&source, &problems, false))
}

fn holds(name: &str, path: &Path, golden: Option<PathBuf>) -> Result<(), Failed> {
    let source = source(name, path)?;
    let (scenarios, problems) = load(&source);
    // Warnings may be what a scenario is about: a condition that no request can meet.
    if scenarios.is_empty() {
        return Err(problems_to_text(&source, &problems, false).into());
    }
    let mut texts = Vec::new();
    for scenario in scenarios {
        texts.push(told(name, &source, scenario, golden.is_some())?);
    }
    golden.map_or(Ok(()), |golden| compare(name, &golden, &texts.join("\n")))
}

/// Runs a scenario, and tells it as its golden does.
fn told(name: &str, source: &Source, scenario: Scenario, with_timeline: bool) -> Result<String, Failed> {
    let (era, several) = (scenario.era, scenario.shares_file);
    let title = if several { format!("{} (era {era})", scenario.title) } else { scenario.title.clone() };
    let mut timeline = Vec::new();
    let (outcome, violations) = {
        let sink = with_timeline.then_some(&mut timeline);
        let mut recorder = sink.map(|sink| Recorder::new().timeline(sink, TimelineOptions::default()));
        let recorded = recorder.iter_mut().map(|recorder| recorder as &mut dyn Observer);
        let mut invariants = Invariants::default();
        let mut observer = Observers::new(recorded.chain([&mut invariants as &mut dyn Observer]));
        let mut run = Run::new(scenario, None, &mut observer);
        run.advance(SimTime::FAR, &mut observer);
        let outcome = run.finish();
        recorder.map(|recorder| recorder.finish(outcome.ended_at)).transpose()?;
        (outcome, invariants.checks.violations().to_vec())
    };
    let option = if several { format!("--era {era} ") } else { String::new() };
    let repeat = format!("repeat with: cargo run -- run {option}scenarios/{name}.yaml");
    if !outcome.cut_short.is_empty() {
        return Err(format!("cut short: {}\n{repeat}", outcome.cut_short).into());
    }
    if !violations.is_empty() {
        return Err(format!("what must never happen:\n{}\n{repeat}", violations.join("\n")).into());
    }
    let timeline = String::from_utf8(timeline).map_err(|error| format!("a timeline is text: {error}"))?;
    let wrong: Vec<_> = outcome.judged.iter().filter(|expectation| !expectation.held).collect();
    if !wrong.is_empty() {
        let place = |wrong: &Judged| format!("{}:{}:{}", source.name, wrong.line, wrong.column);
        let lines =
            wrong.iter().map(|wrong| format!("✗ {}\n    saw: {}\n    at {}\n", wrong.text, wrong.saw, place(wrong)));
        return Err(format!("{}{repeat}\n\n{timeline}", lines.collect::<String>()).into());
    }
    let mut text = format!("{}\n\n{timeline}\n", title);
    for expectation in &outcome.judged {
        let rules =
            if expectation.rules.is_empty() { String::new() } else { format!("  [{}]", expectation.rules.join(" ")) };
        let _ = writeln!(text, "✓ {}{rules}", expectation.text);
    }
    Ok(text)
}

/// The checks of a world, which begin when its nodes have names.
#[derive(Default)]
struct Invariants {
    checks: Checks,
    has_begun: bool,
}

impl Observer for Invariants {
    fn sees(&self) -> Sees {
        self.checks.sees()
    }

    fn learn(&mut self, _citations: &Citations, directory: &Directory) {
        if !self.has_begun {
            self.checks = Checks::of(directory);
            self.has_begun = true;
        }
    }

    fn entered(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        self.checks.entered(at, node, port, packet);
    }

    fn left(&mut self, at: SimTime, node: NodeId, port: PortId, packet: &Packet) {
        self.checks.left(at, node, port, packet);
    }

    fn step(&mut self, at: SimTime, node: NodeId, packet: PacketId, step: &Step) {
        self.checks.step(at, node, packet, step);
    }
}

fn compare(name: &str, golden: &Path, text: &str) -> Result<(), Failed> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(golden.parent().ok_or("a golden has a folder")?)?;
        return Ok(fs::write(golden, text)?);
    }
    let expected = fs::read_to_string(golden).unwrap_or_default().replace("\r\n", "\n");
    if expected == text {
        return Ok(());
    }
    let update = format!("if it reads well: UPDATE_GOLDEN=1 cargo test --test scenarios -- --exact {name}");
    Err(format!("differs from {}\n{}\n{update}", golden.display(), difference(&expected, text)).into())
}

/// The lines from the first to the last that differs, the expected ones before the found ones.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let mut text = format!("from line {}:\n", same + 1);
    for (mark, lines) in [('-', &old[same..old.len() - tail]), ('+', &new[same..new.len() - tail])] {
        for line in lines.iter().take(LINES_MAX) {
            let _ = writeln!(text, "{mark} {line}");
        }
        if LINES_MAX < lines.len() {
            let _ = writeln!(text, "{mark} … and {} more lines", lines.len() - LINES_MAX);
        }
    }
    text
}

/// The most lines shown of a difference, on either side.
const LINES_MAX: usize = 30;
