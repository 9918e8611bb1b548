//! What is still to come: steps and programs, at their instants or when what they wait for happens.

use std::rc::Rc;

use super::drive::Run;
use crate::base::SimTime;
use crate::scenario::expectation::Expected;
use crate::scenario::timeline::{Due, Event};
use crate::trace::{Observer, Observers};

/// Something that is due at an instant. The order decides what comes first at one instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scenario) enum Task {
    /// A step of the timeline.
    Step(usize),
    /// The start of a program.
    Start(usize),
    /// A look at a route table that an expectation asks for.
    Look(usize),
}

impl Run {
    /// Puts everything that the scenario has to come on the agenda.
    pub(super) fn plan(&mut self) {
        let scenario = Rc::clone(&self.scenario);
        // A step without time and event comes after the one before it.
        let mut before: Option<usize> = None;
        for (index, step) in scenario.timeline.iter().enumerate() {
            let due = match (step.due.at, &step.due.when, before) {
                (None, None, Some(before)) => Due { when: Some(Event::Step(before)), ..step.due.clone() },
                _ => step.due.clone(),
            };
            self.wait(Task::Step(index), &due);
            before = Some(index);
        }
        for (index, program) in scenario.programs.iter().enumerate() {
            self.wait(Task::Start(index), &program.start);
        }
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            if let Expected::RouteTable { at: Some(at), .. } = &expectation.what {
                self.pending.insert(Task::Look(index), Some(SimTime::ZERO.after(*at)));
            }
        }
    }

    /// Makes due what waited for something that programs have done by now.
    pub(super) fn take_events(&mut self) {
        let now = self.now();
        for token in self.watch.take_fired() {
            let (task, after) = self.awaited[token];
            // Of a fleet, the first to do it counts.
            if let Some(at @ None) = self.pending.get_mut(&task) {
                *at = Some(now.after(after));
            }
        }
    }

    /// What waited for a step is due now, or a while after it.
    pub(in crate::scenario) fn happened(&mut self, step: usize) {
        let now = self.now();
        self.steps[step] = Some(now);
        self.bytes_at[step] = self.watch.bytes.clone();
        let scenario = Rc::clone(&self.scenario);
        let waits = |due: &Due, previous: bool| match (&due.when, due.at) {
            (Some(Event::Step(other)), _) => *other == step,
            (None, None) => previous,
            _ => false,
        };
        for (task, at) in &mut self.pending {
            let due = match task {
                Task::Step(index) => {
                    let due = &scenario.timeline[*index].due;
                    waits(due, *index == step + 1).then_some(due.after)
                }
                Task::Start(index) => {
                    let due = &scenario.programs[*index].start;
                    waits(due, false).then_some(due.after)
                }
                Task::Look(_) => None,
            };
            if let Some(after) = due {
                *at = Some(now.after(after));
            }
        }
    }

    /// Does what is due.
    pub(super) fn perform(&mut self, task: Task, observer: &mut dyn Observer) {
        match task {
            Task::Start(index) => self.start(index, observer),
            Task::Step(index) => {
                self.look(Some(index), true);
                self.step(index, observer);
                self.happened(index);
                self.look(Some(index), false);
            }
            Task::Look(index) => self.look_at(index),
        }
        self.take_events();
    }

    /// Starts a program of the scenario.
    pub(in crate::scenario) fn start(&mut self, index: usize, observer: &mut dyn Observer) {
        let scenario = Rc::clone(&self.scenario);
        self.pending.remove(&Task::Start(index));
        let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
        self.simulation.start_announced(self.ids[index], &scenario.programs[index].spec, &mut both);
    }

    /// Ends a program of the scenario; one that has not begun never will.
    pub(in crate::scenario) fn stop(&mut self, index: usize, observer: &mut dyn Observer) {
        self.pending.remove(&Task::Start(index));
        let mut both = Observers::new([&mut *observer as &mut dyn Observer, &mut self.watch]);
        self.simulation.stop(self.ids[index], &mut both);
    }

    fn wait(&mut self, task: Task, due: &Due) {
        let at = match (&due.when, due.at) {
            (None, at) => Some(SimTime::ZERO.after(at.unwrap_or_default()).after(due.after)),
            (Some(Event::Step(_)), _) => None,
            (Some(Event::Program { program, did }), _) => {
                let token = self.awaited.len();
                for (id, _) in self.by_name.get(program).cloned().unwrap_or_default() {
                    self.watch.wait_for(token, id, did.clone());
                }
                self.awaited.push((task, due.after));
                None
            }
        };
        self.pending.insert(task, at);
    }
}
