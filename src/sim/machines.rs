//! Machines that stop and start with their instances, and what that means for what runs on them.

use std::collections::BTreeSet;

use super::simulation::Simulation;
use crate::base::SimTime;
use crate::control_plane::Action;
use crate::host::ConnectionInfo;
use crate::service::spec::Does;
use crate::trace::{ConnectionNote, NodeId, Note, Observer, PortId, ProgramId, ProgramNote};

/// The machines as they were before a change.
pub(super) struct Machines {
    stopped: BTreeSet<NodeId>,
    connections: Vec<(NodeId, ConnectionInfo)>,
}

/// Says something of a program that cannot say it by itself.
pub(super) fn say(observer: &mut dyn Observer, at: SimTime, node: NodeId, program: ProgramId, what: ProgramNote) {
    observer.note(at, node, &Note::Program { program, what });
}

impl Simulation {
    /// The machines now, if the action stops or starts any.
    pub(super) fn machines_before(&self, action: &Action) -> Option<Machines> {
        let concerned = matches!(
            action,
            Action::RunInstances(_)
                | Action::StopInstances(_)
                | Action::StartInstances(_)
                | Action::TerminateInstances(_)
                | Action::ZoneFail(_)
                | Action::ZoneRecover(_)
        );
        concerned.then(|| Machines { stopped: self.network().stopped_hosts(), connections: self.connections() })
    }

    /// Says what ended with machines that were stopped, and lets those that were started listen again.
    pub(super) fn follow_machines(&mut self, before: Machines, observer: &mut dyn Observer) {
        let at = self.now();
        let stopped = self.network().stopped_hosts();
        for node in stopped.difference(&before.stopped) {
            for (_, info) in before.connections.iter().filter(|(on, _)| on == node) {
                let what = ConnectionNote::Vanished;
                let carrier = PortId(info.carrier.0);
                let (connection, flow, program) = (info.id, info.flow, info.program);
                observer.note(at, *node, &Note::Connection { connection, flow, carrier, program, what });
            }
            let programs = self.programs.get(node).cloned().unwrap_or_default();
            for id in programs {
                let Some(switch) = self.switches.remove(&id).filter(|switch| !switch.has_ended()) else { continue };
                switch.turn_off();
                let serves = self.servers.get(node).is_some_and(|servers| servers.contains_key(&id));
                let what = match serves {
                    true => ProgramNote::Said("ends with its machine".to_owned()),
                    false => ProgramNote::Failed { error: "its machine was stopped".to_owned(), cause: None },
                };
                say(observer, at, *node, id, what);
            }
        }
        for node in before.stopped.difference(&stopped) {
            for (id, spec) in self.servers.get(node).cloned().unwrap_or_default() {
                debug_assert!(matches!(spec.does, Does::Serve(_)));
                self.start_announced(id, &spec, observer);
            }
        }
    }
}
