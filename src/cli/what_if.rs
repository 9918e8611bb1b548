//! `vpclab whatif WORLD --change FILE`: what a change would do, and which open connections it would break. Compares by
//! `analysis`, shows by `report`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::args::{Machine, WhatIfArgs};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::open_connections;
use super::progress::Progress;
use super::show::marked;
use super::terminal::Terminal;
use super::world::{self, World};
use crate::analysis::{ChangeStep, Prober, Stage, Traffic, WhatIfOptions, what_if};
use crate::notation::Severity;
use crate::report::WhatIfPage;
use crate::scenario::{Ground, Names, read_change};

pub(super) fn run(args: &WhatIfArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    // All that is wrong with any of the files is said at once.
    let world = World::load(&args.world, (args.at, args.era), (&args.account, &args.assumed), terminal)?;
    let mut stage = world.stage(&[]);
    let title = world.title(&mut stage);
    let mut complaints = Vec::new();
    let change = change(args, &world, &mut stage, &mut complaints, terminal)?;
    let connections = match &args.connections {
        None => Vec::new(),
        Some(path) => {
            let source = world::read(path)?;
            let literals = open_connections::literals(&source);
            let mut prober = Prober::new(world.stage(&literals));
            let (connections, problems) = open_connections::read(&source, &mut prober);
            if !problems.is_empty() {
                complaints.push(Complaint::Text { source, problems });
            }
            connections
        }
    };
    if !complaints.is_empty() {
        return Err(Refusal(complaints));
    }
    let mut traffic: Vec<Traffic> = args.tcp.iter().copied().map(Traffic::Tcp).collect();
    traffic.extend(args.udp.iter().copied().map(Traffic::Udp));
    traffic.extend(args.ping.then_some(Traffic::Ping));
    let options = WhatIfOptions { traffic, connections };
    let progress = Progress::of_work();
    let mut make = |outside: &[IpAddr]| world.stage(outside);
    let result = what_if(&mut make, &change, &options, &mut |done, total, what| progress.work(done, total, what));
    progress.finish();
    let page = WhatIfPage { world: &title, result: &result };
    match args.format {
        Machine::Text => terminal.print(&marked(&page.text()))?,
        Machine::Json => terminal.print(&format!("{}\n", page.json()))?,
    }
    let untold = 0 < result.may_lose() + result.may_break() + result.never_open();
    Ok(match (result.is_refused(), result.loses() || untold || !result.defects.is_empty()) {
        (true, _) => Exit::Wrong,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Held,
    })
}

/// The steps of the change. What is wrong with the file is added to the complaints; warnings are told and refuse nothing.
fn change(
    args: &WhatIfArgs,
    world: &World,
    stage: &mut Stage,
    complaints: &mut Vec<Complaint>,
    terminal: &Terminal,
) -> Result<Vec<ChangeStep>, Refusal> {
    let source = world::read(&args.change)?;
    let at = stage.simulation().now();
    let records = stage.simulation().world();
    let (names, none) = (Names::of_world(records), BTreeMap::new());
    let ground = match world {
        World::Scenario(scenario, ..) => {
            Ground { world: records, names: &scenario.names, home: &scenario.home, accounts: &scenario.accounts }
        }
        World::Account(..) => {
            let home = records.regions().next().map(|(scope, _)| scope);
            let home = home.ok_or_else(|| Complaint::new("the account has no region"))?;
            return Ok(read(
                &source,
                Ground { world: records, names: &names, home: &home, accounts: &none },
                at,
                complaints,
                terminal,
            ));
        }
    };
    Ok(read(&source, ground, at, complaints, terminal))
}

fn read(
    source: &crate::notation::Source,
    ground: Ground<'_>,
    at: crate::base::SimTime,
    complaints: &mut Vec<Complaint>,
    terminal: &Terminal,
) -> Vec<ChangeStep> {
    let (steps, problems) = read_change(source, ground, at);
    let wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
    if !problems.is_empty() {
        let complaint = Complaint::Text { source: source.clone(), problems };
        match wrong {
            true => complaints.push(complaint),
            false => terminal.complain(&[complaint]),
        }
    }
    steps.unwrap_or_default()
}
