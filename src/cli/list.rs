//! `vpclab list [FOLDER…]`: the scenarios of a folder with title and rules. Runs none of them.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::args::{ListArgs, Machine};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::load::{self, Checked};
use super::terminal::Terminal;

pub(super) fn run(args: &ListArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let (all, mut complaints) = load::check(&args.paths);
    let text = match args.format {
        Machine::Text => table(&all),
        Machine::Json => json(&all),
    };
    terminal.print(&text)?;
    for checked in all.into_iter().filter(|checked| checked.scenarios.is_empty()) {
        complaints.push(Complaint::Text { source: checked.source, problems: checked.problems });
    }
    terminal.complain(&complaints);
    Ok(if complaints.is_empty() { Exit::Held } else { Exit::Wrong })
}

/// Aligned columns, the title last.
fn table(all: &[Checked]) -> String {
    let row = |checked: &Checked| {
        let scenario = checked.scenarios.first()?;
        Some((checked.found.name.clone(), scenario.rules.join(" "), scenario.title.clone()))
    };
    let mut rows = vec![("file".to_owned(), "rules".to_owned(), "title".to_owned())];
    rows.extend(all.iter().filter_map(row));
    let names = rows.iter().map(|(name, ..)| name.width()).max().unwrap_or(0);
    let rules = rows.iter().map(|(_, rules, _)| rules.width()).max().unwrap_or(0);
    let pad = |text: &str, width: usize| " ".repeat(width - text.width());
    let line = |(name, rule, title): &(String, String, String)| {
        format!("{name}{}  {rule}{}  {title}\n", pad(name, names), pad(rule, rules))
    };
    rows.iter().map(line).collect()
}

/// One object a line for each scenario.
fn json(all: &[Checked]) -> String {
    let one = |checked: &Checked| {
        let scenario = checked.scenarios.first()?;
        let eras: Vec<&str> = checked.scenarios.iter().map(|scenario| scenario.era.as_str()).collect();
        let object = json!({
            "file": checked.found.name, "title": scenario.title, "description": scenario.description, "rules": scenario.rules,
            "seed": scenario.seed, "eras": eras,
        });
        Some(format!("{object}\n"))
    };
    all.iter().filter_map(one).collect()
}
