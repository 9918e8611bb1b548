//! Which program a spec asks for, and AWS's own services, started on their machines. Runs nothing itself.

use crate::base::Calendar;
use crate::control_plane::{Scope, Touched, World};
use crate::engine::Effects;
use crate::host::Host;
use crate::service::spec::{Does, ProgramSpec};
use crate::trace::ProgramId;

use super::Simulation;

/// What programs and services share.
pub(super) struct Services {}

impl Services {
    pub(super) fn new(_world: &World, _calendar: Calendar) -> Self {
        Self {}
    }

    pub(super) fn launch(&self, _host: &mut Host, _id: ProgramId, _spec: &ProgramSpec, _out: &mut Effects<'_>) {}
}

impl Simulation {
    pub(super) fn start_services(&mut self) {}
    pub(super) fn follow_services(&mut self, _scope: &Scope, _touched: &Touched) {}
}

pub(super) fn describe(_does: &Does) -> String {
    String::new()
}
