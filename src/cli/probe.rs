//! `vpclab probe DIR`: an account probed by real packets, against a file of observations or by a single question. Judges
//! by `analysis`.

#![expect(clippy::disallowed_methods, reason = "the command line reads files")]

use std::fmt::Write as _;
use std::fs;

use super::account;
use super::args::ProbeArgs;
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::terminal::Terminal;
use crate::analysis::{Agreement, Evidence, Prober, Question, Reply, Scorecard, Stage, StageOptions, score};
use crate::import::{Probe, read_observations};
use crate::notation::Source;
use crate::trace::{Names, Step};

pub(super) fn run(args: &ProbeArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let imported = account::load(&args.account)?;
    account::remark(&imported, terminal);
    if let Some(path) = &args.observations {
        let text = fs::read_to_string(path)
            .map_err(|error| Complaint::new(format_args!("cannot read {}: {error}", path.display())))?;
        let source = Source::new(path.display().to_string(), text);
        let (observations, problems) = read_observations(&source);
        if !problems.is_empty() {
            return Err(Complaint::Text { source, problems }.into());
        }
        let card = score(imported.world, StageOptions::default(), &observations);
        terminal.print(&told(&card))?;
        return Ok(if card.holds() { Exit::Held } else { Exit::Failed });
    }
    let (Some(from), Some(to)) = (args.from, args.to) else {
        let complaint = Complaint::new("nothing is asked");
        return Err(complaint
            .help("give `--observations FILE`, or `--from A --to B` with `--tcp PORT` or `--ping`")
            .into());
    };
    let probe = match args.tcp {
        Some(port) => Probe::TcpSyn { port },
        None => Probe::Ping,
    };
    let stage = Stage::new(imported.world, StageOptions::default(), Evidence::default(), &[from, to]);
    let mut prober = Prober::new(stage);
    let question = Question { from, to, probe };
    let reply = prober.ask(&question);
    let names = prober.names();
    let saw = match &reply.saw {
        Ok(saw) => saw.to_string(),
        Err(why) => format!("unknown: {why}"),
    };
    let ttl = reply.ttl.map(|ttl| format!(", ttl {ttl}")).unwrap_or_default();
    terminal.print(&format!("{question}: {saw}{ttl}\n{}", journeys(&reply, &names)))?;
    Ok(Exit::Held)
}

/// The score, and each observation that is not right with its whole journey.
fn told(card: &Scorecard) -> String {
    let mut text = String::new();
    for one in &card.scored {
        let verdict = match &one.agreement {
            Agreement::Right if one.ttl_agrees == Some(false) => "the TTL differs".to_owned(),
            Agreement::Right => continue,
            Agreement::Wrong => "wrong".to_owned(),
            Agreement::Unknown(why) => format!("unknown: {why}"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:?}: {verdict}\n{}", one.observation, journeys(&one.reply, &card.names));
    }
    let (agree, compared) = card.ttl();
    let _ = writeln!(
        text,
        "{} right, {} wrong, {} unknown of {}; TTLs inside AWS: {agree} of {compared} agree",
        card.right(),
        card.wrong(),
        card.unknown(),
        card.scored.len()
    );
    text
}

/// Each packet of a probe: where it went, and what was decided there.
fn journeys(reply: &Reply, names: &Names) -> String {
    let mut text = String::new();
    for trail in &reply.trails {
        if let Some(tuple) = &trail.tuple {
            let _ = writeln!(text, "  {tuple}");
        }
        for (node, step) in trail.journey.steps() {
            let (what, by) = match step {
                Step::Sent => ("sent".to_owned(), None),
                Step::Allowed { filter, by, .. } => (format!("{filter:?} allows"), Some(*by)),
                Step::Routed { by } => ("routed".to_owned(), Some(*by)),
                Step::Translated { after, by, .. } => (format!("translated to {after}"), Some(*by)),
                Step::Answered { why, by, .. } => (format!("answered: {why:?}"), Some(*by)),
                Step::Dropped { reason, by } => {
                    (format!("dropped: {}, {}", reason.code(), reason.sentence()), Some(*by))
                }
                Step::Forwarded => continue,
                other => (format!("{other:?}").to_lowercase(), None),
            };
            let by = by.map(|by| names.citations.get(by).to_string()).filter(|by| !by.is_empty());
            let by = by.map(|by| format!(" ({by})")).unwrap_or_default();
            let _ = writeln!(text, "    {:<24} {what}{by}", names.directory.node(node));
        }
    }
    text
}
