//! What programs do, and what of it is waited for.

use std::collections::BTreeSet;

use super::fact::Reply;
use super::observe::Watch;
use crate::base::SimTime;
use crate::scenario::timeline::ProgramEvent;
use crate::trace::{ProgramId, ProgramNote};

/// Something of a program that is waited for.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    token: usize,
    program: ProgramId,
    event: ProgramEvent,
}

impl Watch {
    /// Waits for an event of a program: the run stops when it happens, and [`Watch::take_fired`] tells the token.
    pub(in crate::scenario) fn wait_for(&mut self, token: usize, program: ProgramId, event: ProgramEvent) {
        self.awaited.push(Awaited { token, program, event });
    }

    /// Waits for the end of these programs: the run stops when the last of them has ended.
    pub(in crate::scenario) fn wait_for_ends(&mut self, programs: impl IntoIterator<Item = ProgramId>) {
        self.unended = programs.into_iter().collect();
    }

    /// The tokens of events that have happened since the last call.
    pub(in crate::scenario) fn take_fired(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.fired)
    }

    /// Whether every program whose end is waited for has ended.
    pub(in crate::scenario) fn have_ended(&self) -> bool {
        self.unended.is_empty()
    }

    /// A program said something of itself.
    pub(super) fn program(&mut self, at: SimTime, id: ProgramId, what: &ProgramNote) {
        let facts = self.programs.entry(id).or_default();
        match what {
            ProgramNote::Started => {
                facts.started = Some(at);
                self.fire(id, |event| *event == ProgramEvent::Started);
            }
            ProgramNote::Resolved { name, addresses } => facts.resolved.push((at, name.clone(), addresses.clone())),
            ProgramNote::Sent { total } => {
                facts.sent = *total;
                let total = *total;
                self.fire(id, |event| matches!(event, ProgramEvent::Sent(bytes) if *bytes <= total));
            }
            ProgramNote::Received { total } => {
                facts.received = *total;
                let total = *total;
                self.fire(id, |event| matches!(event, ProgramEvent::Received(bytes) if *bytes <= total));
            }
            ProgramNote::Response { status, what } => facts.responses.push((at, *status, what.clone())),
            ProgramNote::Reply { from, sequence, ttl, after, error, .. } => facts.replies.push(Reply {
                from: *from,
                sequence: *sequence,
                ttl: *ttl,
                after: *after,
                error: error.is_some(),
            }),
            ProgramNote::Retrying { .. } => {
                facts.retries.push(at);
                self.fire(id, |event| *event == ProgramEvent::Retrying);
            }
            ProgramNote::Idle { .. } => {
                facts.idle.push(at);
                self.fire(id, |event| *event == ProgramEvent::Idle);
            }
            ProgramNote::Completed { what } => self.ended(at, id, Ok(what.clone())),
            ProgramNote::Failed { error, cause } => {
                if facts.ended.is_none() {
                    facts.cause = *cause;
                }
                self.ended(at, id, Err(error.clone()));
            }
            ProgramNote::Flow { .. } | ProgramNote::Request { .. } | ProgramNote::Said(_) => {}
        }
    }

    fn ended(&mut self, at: SimTime, id: ProgramId, how: Result<String, String>) {
        self.programs.entry(id).or_default().ended.get_or_insert((at, how));
        self.all_ended |= self.unended.remove(&id) && self.unended.is_empty();
        self.fire(id, |event| *event == ProgramEvent::Ended);
    }

    /// What waited for this has happened.
    pub(super) fn fire(&mut self, program: ProgramId, happens: impl Fn(&ProgramEvent) -> bool) {
        let fired = &mut self.fired;
        self.awaited.retain(|awaited| {
            let now = awaited.program == program && happens(&awaited.event);
            if now {
                fired.insert(awaited.token);
            }
            !now
        });
    }
}
