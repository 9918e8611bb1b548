//! The end of a run: each step and each expectation judged, and what it cost.

use super::drive::Run;
use crate::analysis::Tariff;
use crate::base::SimTime;
use crate::control_plane::NatGatewayState;
use crate::engine::Counters;
use crate::host::ConnectionInfo;
use crate::notation::Span;
use crate::packet::FiveTuple;
use crate::scenario::judge::{Bench, Judgment};
use crate::trace::NodeId;

/// What came of a step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// Which step.
    pub step: usize,
    /// When.
    pub at: SimTime,
    /// Whether it was as the scenario says.
    pub held: bool,
    /// What it was expected to do.
    pub text: String,
    /// What came of it.
    pub saw: String,
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Each expectation, and each step that says what must come of it, in the order of the file.
    pub judged: Vec<Judged>,
    /// When it ended.
    pub ended_at: SimTime,
    /// Why it ended before its time; empty otherwise.
    pub cut_short: String,
    /// How many packets began and ended.
    pub counters: Counters,
    /// Connections that are open at the end.
    pub open: Vec<(NodeId, ConnectionInfo)>,
    /// What bytes and hours cost.
    pub tariff: Tariff,
}

/// One expectation, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was expected.
    pub text: String,
    /// The rules that it shows.
    pub rules: Vec<String>,
    /// Whether it shows their opposite.
    pub twin: bool,
    /// Whether it held.
    pub held: bool,
    /// What was seen.
    pub saw: String,
    /// Its line in the file.
    pub line: u32,
    /// Its column in the file.
    pub column: u32,
}

impl Run {
    /// Judges the run. Calling it before the end judges what has happened so far.
    pub fn finish(&self) -> Outcome {
        let open = self.connections();
        let tuples: Vec<(NodeId, FiveTuple)> = open.iter().map(|(node, info)| (*node, info.flow)).collect();
        let names = self.names();
        let tables = self.tables_by_the_end();
        let tariff = self.tariff();
        let bill = tariff.bill(self.directory(), |node| self.watch.bytes.get(&node).copied().unwrap_or(0));
        let bench = Bench {
            watch: &self.watch,
            directory: self.directory(),
            programs: &self.by_name,
            steps: &self.steps,
            bytes_at: &self.bytes_at,
            tables: &tables,
            open: &tuples,
            ids: &names,
            bill: &bill,
        };
        let place = |span: Span| self.scenario.source.line_column(span.start);
        let mut judged: Vec<Judged> = Vec::new();
        for (index, step) in self.scenario.timeline.iter().enumerate() {
            let outcome = self.outcomes.iter().find(|outcome| outcome.step == index);
            let asked = step.refused.is_some() || step.answers.is_some() || !step.rules.is_empty();
            if outcome.is_some_and(|outcome| outcome.held) && !asked {
                continue;
            }
            let (line, column) = place(step.span);
            let (held, text, saw) = match outcome {
                Some(outcome) => (outcome.held, outcome.text.clone(), outcome.saw.clone()),
                None => (false, format!("{} happens", step.label), "its time did not come".to_owned()),
            };
            judged.push(Judged { text, rules: step.rules.clone(), twin: step.twin, held, saw, line, column });
        }
        for (index, expectation) in self.scenario.expectations.iter().enumerate() {
            let Judgment { held, saw } = bench.judge(index, expectation);
            let (line, column) = place(expectation.span);
            let (text, rules) = (expectation.text.clone(), expectation.rules.clone());
            judged.push(Judged { text, rules, twin: expectation.twin, held, saw, line, column });
        }
        Outcome {
            judged,
            ended_at: self.now(),
            cut_short: self.cut_short.clone(),
            counters: self.simulation.counters(),
            open,
            tariff,
        }
    }

    /// What a GB and an hour cost, with the hours that each NAT gateway has existed.
    fn tariff(&self) -> Tariff {
        let now = self.now();
        let gateways = self.simulation.world().regions().flat_map(|(_, region)| region.nat_gateways().values());
        let hours = gateways.filter_map(|gateway| {
            let until = match gateway.state {
                NatGatewayState::Available => now,
                NatGatewayState::Deleted { at } => at,
                NatGatewayState::Failed { .. } => return None,
            };
            // A part of an hour counts as a whole one.
            let hours = until.since(gateway.created_at).as_secs() / 3_600 + 1;
            Some((gateway.id.to_string(), hours))
        });
        Tariff { nat_hours: hours.collect(), ..self.scenario.tariff.clone() }
    }
}
