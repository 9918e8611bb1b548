//! Whether probes were answered, and where they ended.

use super::bench::{Bench, Seen};
use crate::scenario::expectation::{DropCode, Window};
use crate::scenario::watch::{DropFact, Ending, ProgramFacts};
use crate::trace::ProgramId;

impl Bench<'_> {
    pub(super) fn reaches(&self, facts: &ProgramFacts, id: ProgramId, devices: &[String]) -> Seen {
        match &facts.ended {
            Some((_, Ok(what))) => self.carried(id, devices, &Window::default(), true).map(|_| what.clone()),
            _ => Err(self.why_not(facts, id)),
        }
    }

    pub(super) fn does_not_reach(
        &self,
        facts: &ProgramFacts,
        id: ProgramId,
        reason: Option<&DropCode>,
        dropped_by: Option<&str>,
        refused: bool,
    ) -> Seen {
        match &facts.ended {
            Some((_, Ok(what))) => return Err(format!("it was answered: {what}")),
            Some((_, Err(_))) => {}
            // An answer may have been under way.
            None => return Err("the run ended before an answer could come".to_owned()),
        }
        if refused {
            let fine = !self.endings(facts, |ending| *ending == Ending::Refused, &Window::default()).is_empty();
            return if fine { Ok("refused".to_owned()) } else { Err(self.why_not(facts, id)) };
        }
        let drops = self.drops_among(&self.watch.flows_of(id), &Window::default());
        let fits = |drop: &&&DropFact| {
            reason.is_none_or(|code| code.fits(drop.reason))
                && dropped_by.is_none_or(|name| self.cites(&drop.by, drop.node, name))
        };
        match drops.iter().find(fits) {
            Some(drop) => Ok(self.tell(drop)),
            None if reason.is_none() && dropped_by.is_none() => Ok(self.why_not(facts, id)),
            None => Err(self.why_not(facts, id)),
        }
    }

    /// Why a probe was not answered: the drop of its packets, or how it ended.
    fn why_not(&self, facts: &ProgramFacts, id: ProgramId) -> String {
        let drops = self.drops_among(&self.watch.flows_of(id), &Window::default());
        match drops.first() {
            Some(drop) => self.tell(drop),
            None => self.story(facts),
        }
    }
}
