//! What happens in a world once it is made: programs, timeline, expectations. Makes no resource.

use super::accounts::step_scope;
use super::reader::Reader;
use super::resolved::{S3Settings, Scenario};
use crate::analysis::Tariff;
use crate::base::{Calendar, Era, InstanceId};
use crate::notation::{Node, Problems, View};
use crate::scenario::context::Cx;
use crate::scenario::expectation::{Expectation, Known, dollars, expectation};
use crate::scenario::machine::{Machine, Seat};
use crate::scenario::names::{Names, Place};
use crate::scenario::program::{Machines, Program, program};
use crate::scenario::rehearsal::rehearse;
use crate::scenario::timeline::{Step, StepLabels, rules, settle, steps};
use crate::scenario::vocabulary::{PRICES, PROGRAM, S3, STEP};

impl Reader<'_> {
    /// Looks for further problems in a scenario that cannot be run anyway.
    pub(super) fn read_rest_for_problems(&mut self, view: &View<'_>, nodes: &[&Node]) {
        self.script(view, nodes);
    }

    pub(super) fn finish(mut self, view: &View<'_>, nodes: &[&Node]) -> Scenario {
        let (programs, timeline, expectations) = self.script(view, nodes);
        let calendar = match self.world.era {
            Era::Y2017 => Calendar::ERA_2017,
            Era::Current => Calendar::ERA_CURRENT,
        };
        let s3 = view.sub("s3", &S3);
        let mut tariff = Tariff::usual();
        let given = view.sub("prices", &PRICES);
        for key in PRICES.keys {
            let price = dollars(self.problems, given.as_ref().and_then(|prices| prices.node(key.name)));
            if let Some((known, price)) = tariff.price_mut(key.name).zip(price) {
                *known = price;
            }
        }
        Scenario {
            source: self.source.clone(),
            title: view.string("title").unwrap_or_default(),
            description: view.string("description").unwrap_or_default(),
            rules: rules(view),
            era: self.world.era,
            shares_file: false,
            calendar: view.date("start").unwrap_or(calendar),
            seed: self.settings.seed,
            until: view.duration("until"),
            world: self.world,
            settings: self.settings,
            names: self.names,
            home: self.home,
            accounts: self.accounts,
            machines: self.machines,
            s3: S3Settings {
                idle_timeout: s3.and_then(|s3| s3.duration("idle-timeout")),
                first_byte_delay: s3.and_then(|s3| s3.duration("first-byte-delay")),
            },
            objects: self.objects,
            links: self.links,
            tariff,
            programs,
            timeline,
            expectations,
        }
    }

    /// Programs, timeline and expectations.
    fn script(&mut self, view: &View<'_>, nodes: &[&Node]) -> (Vec<Program>, Vec<Step>, Vec<Expectation>) {
        let is_made = !self.problems.has_errors();
        let labels = StepLabels::of(nodes);
        let program_names: Vec<String> = view.named("programs").iter().map(|entry| entry.key.clone()).collect();
        self.machines.extend(launched(nodes, &self.names));
        let machines = Machines::of(&self.machines, &self.fleets, &self.names);
        let home = Place { scope: self.home.clone(), vpc: String::new() };
        let (source, names, world) = (self.source, &self.names, &self.world);
        let mut cx = Cx { source, names, world, place: home.clone(), problems: self.problems };
        let mut programs = Vec::new();
        for entry in view.named("programs") {
            cx.place = home.clone();
            let from = programs.len();
            program(&mut cx, &machines, entry, &mut programs);
            if let Some(view) = View::of(&entry.value, &PROGRAM) {
                for program in &mut programs[from..] {
                    settle(&mut program.start, &view, (&labels, &program_names), cx.problems);
                }
            }
        }
        cx.place = home;
        let accounts = &self.accounts;
        let scope_of =
            |view: &View<'_>, problems: &mut Problems| step_scope(view, &self.home, accounts, world, problems);
        let timeline = steps(&mut cx, nodes, &labels, &program_names, &scope_of);
        rehearse(source, names, (world, is_made), &timeline, cx.problems);
        let mut program_names = program_names;
        program_names.extend(programs.iter().map(|program| program.spec.name.clone()));
        program_names.dedup();
        let known = Known { machines: &machines, labels: &labels, programs: &program_names };
        let expectations = view.items("expect");
        let expectations =
            expectations.into_iter().filter_map(|node| expectation(&mut cx, &known, node, &mut programs)).collect();
        (programs, timeline, expectations)
    }
}

/// The instances that steps launch under a name: programs may run on them from then on.
fn launched(nodes: &[&Node], names: &Names) -> Vec<Machine> {
    let launches = nodes.iter().filter_map(|node| {
        let view = View::of(node, &STEP)?;
        let (_, entry) = view.verb().filter(|(key, _)| key.name == "run-instances")?;
        let name_node = &entry.value.as_map()?.entry("name")?.value;
        let (name, span) = (name_node.as_text()?, name_node.span);
        let skipped = view.has("refused") || view.has("dry-run");
        let named = names
            .candidates(name)
            .find(|named| InstanceId::try_from(named.id.clone()).is_ok() && named.span == span)?;
        let seat = Seat::Instance(named.scope.clone(), InstanceId::try_from(named.id.clone()).ok()?);
        (!skipped).then(|| Machine::plain(name, seat, named.span))
    });
    launches.collect()
}
