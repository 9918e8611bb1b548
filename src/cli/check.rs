//! `vpclab check FILE…`: everything but running. The problems of all files at once.

use serde_json::json;

use super::args::{CheckArgs, Machine};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::load::{self, Checked};
use super::terminal::Terminal;
use crate::notation::problems_to_json;

pub(super) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let (all, complaints) = load::check(&args.paths);
    let wrong = all.iter().filter(|checked| checked.scenarios.is_empty()).count();
    match args.format {
        Machine::Text => text(&all, wrong, terminal)?,
        Machine::Json => terminal.print(&json(&all))?,
    }
    terminal.complain(&complaints);
    Ok(if wrong == 0 && complaints.is_empty() { Exit::Held } else { Exit::Wrong })
}

/// Problems are diagnostics; that all is well is a result.
fn text(all: &[Checked], wrong: usize, terminal: &Terminal) -> Result<(), Refusal> {
    for checked in all.iter().filter(|checked| !checked.problems.is_empty()) {
        let (source, problems) = (checked.source.clone(), checked.problems.clone());
        terminal.complain(&[Complaint::Text { source, problems }]);
    }
    let line = match (all, wrong) {
        ([], _) => return Ok(()),
        ([one], 0) => format!("{} is fine\n", one.found.name),
        (many, 0) => format!("all {} files are fine\n", many.len()),
        ([_], _) => return Ok(()),
        (many, wrong) => format!("{wrong} of {} files are wrong\n", many.len()),
    };
    terminal.print(&line)
}

/// One object a line for each file.
fn json(all: &[Checked]) -> String {
    let one = |checked: &Checked| {
        let object = json!({
            "file": checked.found.name,
            "ok": !checked.scenarios.is_empty(),
            "problems": problems_to_json(&checked.source, &checked.problems),
        });
        format!("{object}\n")
    };
    all.iter().map(one).collect()
}
