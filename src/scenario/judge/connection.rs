//! What became of connections: reset, refused, alive after a step, open at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::bench::{Bench, Seen};
use crate::base::SimTime;
use crate::scenario::expectation::{ResetBy, Timing, Window};
use crate::scenario::watch::{Ending, FlowFacts, ProgramFacts};
use crate::trace::{Answer, NodeId, ProgramId};

impl Bench<'_> {
    pub(super) fn is_reset(
        &self,
        facts: &ProgramFacts,
        timing: &Timing,
        by: Option<ResetBy>,
        times: Option<u32>,
        having_received: Option<u64>,
    ) -> Seen {
        let resets: Vec<&FlowFacts> =
            self.flows(facts).filter(|flow| matches!(flow.ended, Some((_, Ending::Reset(_))))).collect();
        // Counted from a step, the first reset behind it is meant; where there is none, the first of all is told.
        let base = timing.of.and_then(|step| self.steps.get(step).copied().flatten()).unwrap_or(SimTime::ZERO);
        let earliest = base.after(timing.not_before.unwrap_or_default());
        let behind = resets.iter().find(|flow| flow.ended.as_ref().is_some_and(|(at, _)| earliest <= *at));
        let chosen = behind.or(resets.first());
        let Some((first, (at, ending))) = chosen.and_then(|flow| Some((flow, flow.ended.clone()?))) else {
            return Err(self.story(facts));
        };
        if times.is_some_and(|times| times as usize != resets.len()) {
            return Err(format!("{} resets", resets.len()));
        }
        let who = match ending {
            Ending::Reset(Some((_, Answer::NatNoMapping))) => ResetBy::NatGateway,
            Ending::Reset(Some(_)) => ResetBy::Service,
            _ => ResetBy::Peer,
        };
        if by.is_some_and(|by| by != who) {
            return Err(format!("reset at {at} s by {who:?}"));
        }
        if having_received.is_some_and(|bytes| bytes != first.received_by_end) {
            return Err(format!("reset at {at} s, having received {} bytes", first.received_by_end));
        }
        self.in_time(at, timing, "reset")
    }

    pub(super) fn is_not_reset(&self, facts: &ProgramFacts, window: &Window) -> Seen {
        match self.endings(facts, |ending| matches!(ending, Ending::Reset(_)), window).first() {
            None => Ok("no reset".to_owned()),
            Some(at) => Err(format!("a reset at {at} s")),
        }
    }

    pub(super) fn is_refused(&self, facts: &ProgramFacts, window: &Window) -> Seen {
        match self.endings(facts, |ending| *ending == Ending::Refused, window).first() {
            Some(at) => Ok(format!("refused at {at} s")),
            None => Err(self.story(facts)),
        }
    }

    pub(super) fn survives(&self, facts: &ProgramFacts, step: usize, by: Option<Duration>) -> Seen {
        let Some(at) = self.steps.get(step).copied().flatten() else {
            return Err("the step did not happen".to_owned());
        };
        let until = by.map_or(SimTime::FAR, |by| at.after(by));
        let stood = self.flows(facts).find(|flow| {
            flow.established.is_some_and(|since| since <= at) && flow.ended.as_ref().is_none_or(|(end, _)| at <= *end)
        });
        let Some(flow) = stood else { return Err(format!("no connection stood at {at} s")) };
        match &flow.ended {
            Some((end, Ending::Reset(_) | Ending::TimedOut)) if *end <= until => {
                Err(format!("the connection ended at {end} s: {}", ending_text(flow)))
            }
            Some((end, _)) if by.is_some() && *end <= until => Err(format!("the connection ended at {end} s")),
            Some((end, _)) => Ok(format!("the connection lived on until {end} s")),
            None => Ok("the connection lives".to_owned()),
        }
    }

    pub(super) fn stays_open(&self, id: ProgramId, node: NodeId, at: Option<&str>) -> Seen {
        let own = self.watch.flows_of(id);
        let places: BTreeSet<NodeId> = at.map_or_else(|| BTreeSet::from([node]), |name| self.nodes(name));
        let candidates = self.watch.both_ends(&own);
        let open = candidates.iter().map(|index| &self.watch.flows[*index]).find(|flow| {
            places.contains(&flow.node)
                && self.open.iter().any(|(node, tuple)| *node == flow.node && *tuple == flow.tuple)
        });
        match open {
            Some(flow) => Ok(format!("open: {}", flow.tuple)),
            None => Err("no such connection is open at the end".to_owned()),
        }
    }

    /// When connections of a program ended so.
    pub(super) fn endings(
        &self,
        facts: &ProgramFacts,
        fits: impl Fn(&Ending) -> bool,
        window: &Window,
    ) -> Vec<SimTime> {
        let (from, to) = self.span(window);
        let endings = self.flows(facts).filter_map(|flow| flow.ended.as_ref());
        endings.filter(|(at, ending)| from <= *at && *at <= to && fits(ending)).map(|(at, _)| *at).collect()
    }

    fn flows<'a>(&'a self, facts: &'a ProgramFacts) -> impl Iterator<Item = &'a FlowFacts> {
        facts.connections.iter().map(|index| &self.watch.flows[*index])
    }
}

fn ending_text(flow: &FlowFacts) -> &'static str {
    match flow.ended.as_ref().map(|(_, ending)| ending) {
        Some(Ending::Reset(_)) => "reset",
        Some(Ending::Refused) => "refused",
        Some(Ending::TimedOut) => "timed out",
        Some(Ending::Unreachable) => "unreachable",
        Some(Ending::Closed) => "closed",
        Some(Ending::Aborted) => "aborted by its program",
        None => "open",
    }
}
