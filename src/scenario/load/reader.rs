//! What a scenario says, on its way to a world: the resources of each place become calls, and the calls are made. Reads
//! no programs and no expectations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::accounts::home;
use super::resolved::SharedLinks;
use crate::base::{AccountId, Era};
use crate::control_plane::{Quotas, Scope, World};
use crate::notation::{Problem, Problems, Source, View};
use crate::provision::Settings;
use crate::scenario::account::ObjectSpec;
use crate::scenario::context::Cx;
use crate::scenario::described::described;
use crate::scenario::elastic_ip::elastic_ips;
use crate::scenario::machine::{Machine, Seat, instance};
use crate::scenario::names::{Names, Place};
use crate::scenario::neighbor::{peering_connection, virtual_interface, vpn_connection};
use crate::scenario::network::vpc;
use crate::scenario::plan::Plan;
use crate::scenario::prefix_list::prefix_lists;
use crate::scenario::vocabulary::{INSTANCE, VPC};

/// A scenario that is being read.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) problems: &'a mut Problems,
    pub(super) home: Scope,
    pub(super) world: World,
    pub(super) names: Names,
    pub(super) settings: Settings,
    pub(super) machines: Vec<Machine>,
    pub(super) fleets: BTreeMap<String, Vec<String>>,
    pub(super) objects: Vec<ObjectSpec>,
    pub(super) links: SharedLinks,
    /// Accounts by the names that the scenario gives them.
    pub(super) accounts: BTreeMap<String, AccountId>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(era: Era, source: &'a Source, view: &View<'_>, problems: &'a mut Problems) -> Self {
        let home = home(view);
        let mut world = World::new(era);
        if view.text("quotas") == Some("none") {
            world.quotas = Quotas::Lifted;
        }
        if let Some(delay) = view.duration("policy-delay") {
            world.policy_delay = delay;
        }
        let settings = Settings::of(era, view.integer("seed").unwrap_or(1));
        let (names, machines, objects) = (Names::default(), Vec::new(), Vec::new());
        let (fleets, accounts) = (BTreeMap::new(), BTreeMap::new());
        let links = SharedLinks::default();
        Self { source, problems, home, world, names, settings, machines, fleets, objects, links, accounts }
    }

    /// Makes the world: users, buckets, networks outside, and every resource by its action.
    pub(super) fn plan(&mut self, view: &View<'_>) {
        self.shared_links(view);
        self.users_and_buckets(view);
        self.outside(view);
        let mut plan = Plan::default();
        let mut sites = self.sites(view);
        for (scope, place) in self.places_again(view) {
            let mut machines = Vec::new();
            let mut cx = Cx {
                source: self.source,
                names: &self.names,
                world: &self.world,
                place: Place { scope: scope.clone(), vpc: String::new() },
                problems: self.problems,
            };
            for entry in place.named("vpcs") {
                if let Some(view) = View::of(&entry.value, &VPC) {
                    cx.place.vpc.clone_from(&entry.key);
                    vpc(&mut cx, &mut plan, entry, &view);
                }
            }
            cx.place.vpc.clear();
            described(&mut cx, &mut plan, &place);
            prefix_lists(&mut cx, &mut plan, &place);
            elastic_ips(&mut cx, &mut plan, &place);
            for entry in place.named("instances") {
                instance(&mut cx, &mut plan, entry, &mut machines);
            }
            cx.place.vpc.clear();
            for entry in place.named("peering-connections") {
                peering_connection(&mut cx, &mut plan, entry);
            }
            for entry in place.named("vpn-connections") {
                vpn_connection(&mut cx, &mut plan, entry, &mut sites);
            }
            for entry in place.named("virtual-interfaces") {
                virtual_interface(&mut cx, &mut plan, entry, &mut sites);
            }
            for entry in place.named("instances") {
                if View::of(&entry.value, &INSTANCE).is_some_and(|view| view.has("count")) {
                    let of_fleet = machines.iter().filter(|machine| machine.span == entry.key_span);
                    self.fleets.insert(entry.key.clone(), of_fleet.map(|machine| machine.name.clone()).collect());
                }
            }
            self.machines.extend(machines);
        }
        self.settings.outside.premises = sites.into_iter().map(|site| site.premises).collect();
        self.check_machine_names();
        if !self.problems.has_errors() {
            plan.perform(&mut self.world, &self.names, self.problems);
        }
        self.settle_machines();
    }

    fn check_machine_names(&mut self) {
        let mut seen = BTreeMap::new();
        for machine in &self.machines {
            if let Some(first) = seen.insert(machine.name.as_str(), machine.span) {
                let problem = Problem::error(machine.span, format!("another machine is called `{}`", machine.name));
                self.problems.push(problem.related(first, "here"));
            }
        }
    }

    /// Stacks and links of instances, as the graph is told of them.
    fn settle_machines(&mut self) {
        for machine in &self.machines {
            // By its id: an account may have several instances of one name.
            let Seat::Instance(_, id) = &machine.seat else { continue };
            if machine.nat {
                self.settings.nat_instances.insert(id.clone());
            }
            if let Some(settings) = &machine.settings {
                self.settings.hosts.insert(id.clone(), Arc::new(settings.clone()));
            }
            if let Some(link) = &machine.link {
                let link = link.link(self.settings.links.instance);
                self.settings.instance_links.insert(id.to_string(), link);
            }
        }
    }
}
