//! From the text of a scenario to everything that a run needs, or to all that is wrong with it. Runs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::account::{ObjectSpec, administrator, bucket, user};
use super::action::blocks;
use super::context::{Cx, interface_service, service_name};
use super::declare::Declare;
use super::described::described;
use super::eras;
use super::expectation::{Expectation, Known, dollars, expectation};
use super::machine::{LinkSettings, Machine, Seat, Site, buffer, instance, link, outside, site, unknown};
use super::names::{Names, Place};
use super::neighbor::{peering_connection, virtual_interface, vpn_connection};
use super::network::vpc;
use super::plan::Plan;
use super::program::{Machines, Program, program};
use super::regions::open_regions;
use super::rehearsal::rehearse;
use super::timeline::{Step, StepLabels, declare, rules, settle, steps};
use super::vocabulary::*;
use crate::analysis::Tariff;
use crate::base::*;
use crate::control_plane::{Quotas, Scope, Service, World};
use crate::host::HostSettings;
use crate::notation::check::check;
use crate::notation::shape::Kind;
use crate::notation::{Node, Problem, Problems, Source, View, decode, parse_yaml};
use crate::provision::Settings;

/// A scenario, read, checked and resolved.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its text.
    pub source: Source,
    /// What it shows.
    pub title: String,
    /// The paragraph that teaches.
    pub description: String,
    /// The rules that it is about.
    pub rules: Vec<String>,
    /// Whose defaults hold.
    pub era: Era,
    /// Whether its file is run in another era too.
    pub shares_file: bool,
    /// When virtual time begins.
    pub calendar: Calendar,
    /// The number that all randomness comes from.
    pub seed: u64,
    /// When the run ends at the latest.
    pub until: Option<Duration>,
    /// The records at the start.
    pub world: World,
    /// What the graph is built of besides the records.
    pub settings: Settings,
    /// Everything that has a name.
    pub names: Names,
    /// The scenario's own account and region.
    pub home: Scope,
    /// Further accounts by the names that the scenario gives them.
    pub accounts: BTreeMap<String, AccountId>,
    /// The machines that run programs.
    pub machines: Vec<Machine>,
    /// S3's own settings.
    pub s3: S3Settings,
    /// What lies in buckets at the start.
    pub objects: Vec<ObjectSpec>,
    /// Links by the kind of their place, as far as they do things by chance.
    pub links: SharedLinks,
    /// What a GB and an hour cost.
    pub tariff: Tariff,
    /// What the machines do.
    pub programs: Vec<Program>,
    /// What changes meanwhile.
    pub timeline: Vec<Step>,
    /// What must come of it.
    pub expectations: Vec<Expectation>,
}

/// S3's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// When it closes an idle connection.
    pub idle_timeout: Option<Duration>,
    /// How long it thinks before it answers.
    pub first_byte_delay: Option<Duration>,
}

/// Settings of links that several machines share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedLinks {
    /// Between the internet and S3.
    pub s3: Option<LinkSettings>,
    /// Between endpoints and S3.
    pub endpoint: Option<LinkSettings>,
    /// Between the internet and its hosts.
    pub internet_hosts: Option<LinkSettings>,
    /// Between internet gateways and the internet.
    pub internet_gateways: Option<LinkSettings>,
    /// Between networks on premises and AWS, by name.
    pub premises: BTreeMap<String, LinkSettings>,
}

/// The most machines of a scenario.
pub const MACHINES_MAX: u64 = 1_000_000;

/// Reads a file: a scenario for each era that it runs in, and none at all where a problem is an error.
pub fn load(source: &Source) -> (Vec<Scenario>, Vec<Problem>) {
    let (root, found) = parse_yaml(source);
    let mut problems = Problems::default();
    problems.extend(found);
    let mut scenarios = root.map_or(Vec::new(), |root| read(source, &root, &mut problems));
    if scenarios.is_empty() && !problems.has_errors() {
        let problem = Problem::error(Default::default(), "the file is empty");
        problems.push(problem.help("`vpclab new FILE` writes a commented start"));
    }
    if problems.has_errors() {
        scenarios.clear();
    }
    (scenarios, problems.into_sorted())
}

fn read(source: &Source, root: &Node, problems: &mut Problems) -> Vec<Scenario> {
    if check_version(root, problems).is_none() {
        return Vec::new();
    }
    check(root, &Kind::Shape(&FILE), problems);
    if let Some(view) = View::of(root, &FILE) {
        check_counts(&view, problems);
    }
    let eras = eras::of(root);
    eras::check(root, &eras, problems);
    let mut scenarios = Vec::with_capacity(eras.len());
    for era in &eras {
        let scenario = read_in(*era, source, &eras::in_era(root, *era), problems);
        scenarios.extend(scenario.map(|scenario| Scenario { shares_file: 1 < eras.len(), ..scenario }));
    }
    scenarios
}

fn read_in(era: Era, source: &Source, root: &Node, problems: &mut Problems) -> Option<Scenario> {
    let view = View::of(root, &FILE)?;
    let mut reader = Reader::new(era, source, &view, problems);
    let nodes = view.items("timeline");
    reader.declare(&view, &nodes);
    open_regions(root, &mut reader.world, reader.problems);
    // What follows looks names up; where the form is wrong, it would only repeat what is known.
    reader.plan(&view);
    if reader.problems.has_errors() {
        reader.read_rest_for_problems(&view, &nodes);
        return None;
    }
    Some(reader.finish(&view, &nodes))
}

/// A file of another version means something else: nothing else is said about it.
fn check_version(root: &Node, problems: &mut Problems) -> Option<()> {
    let version = root.as_map().and_then(|map| map.get("vpclab"));
    match version.map(|node| (node, decode::integer(node, 0, u64::MAX))) {
        Some((node, Ok(other))) if other != VERSION => {
            let problem = Problem::error(node.span, format!("version {other} of the language is not known"));
            problems.push(problem.help(format!("this program reads version {VERSION}")));
            None
        }
        // What is missing or no number is said with the rest.
        Some(_) | None => Some(()),
    }
}

/// Fleets together stay below a limit, so that a file cannot ask for more than a machine holds.
fn check_counts(view: &View<'_>, problems: &mut Problems) {
    let mut sum = 0u64;
    for entry in view.named("instances") {
        let Some(instance) = View::of(&entry.value, &INSTANCE) else { continue };
        sum = sum.saturating_add(instance.integer("count").unwrap_or(1));
        if MACHINES_MAX < sum {
            problems.push(Problem::error(instance.span_of("count"), format!("more than {MACHINES_MAX} instances")));
            return;
        }
    }
}

struct Reader<'a> {
    source: &'a Source,
    problems: &'a mut Problems,
    home: Scope,
    world: World,
    names: Names,
    settings: Settings,
    machines: Vec<Machine>,
    fleets: BTreeMap<String, Vec<String>>,
    objects: Vec<ObjectSpec>,
    links: SharedLinks,
    /// Accounts by the names that the scenario gives them.
    accounts: BTreeMap<String, AccountId>,
}

/// The account of a scenario that names none.
const HOME_ACCOUNT: &str = "123456789012";
/// The region of a scenario that names none.
const HOME_REGION: &str = "us-west-2";

impl<'a> Reader<'a> {
    fn new(era: Era, source: &'a Source, view: &View<'_>, problems: &'a mut Problems) -> Self {
        let account = view.text("account").and_then(AccountId::parse);
        let region = view.text("region").and_then(RegionName::parse);
        let home = Scope::new(
            account.unwrap_or_else(|| AccountId::parse(HOME_ACCOUNT).expect("twelve digits")),
            region.unwrap_or_else(|| RegionName::parse(HOME_REGION).expect("a region")),
        );
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

    /// Each place of the world with the map that says what is there.
    fn places<'v>(&mut self, view: &View<'v>) -> Vec<(Scope, View<'v>)> {
        let mut places = Vec::new();
        let regions = |account: &AccountId, view: &View<'v>, places: &mut Vec<(Scope, View<'v>)>| {
            for entry in view.named("regions") {
                if let (Some(region), Some(view)) = (RegionName::parse(&entry.key), View::of(&entry.value, &REGION)) {
                    places.push((Scope::new(account.clone(), region), view));
                }
            }
        };
        places.push((self.home.clone(), *view));
        regions(&self.home.account, view, &mut places);
        for entry in view.named("accounts") {
            let Some(account) = View::of(&entry.value, &ACCOUNT) else { continue };
            let id = account.text("number").and_then(AccountId::parse).unwrap_or_else(|| made_account(&entry.key));
            if id == self.home.account || self.accounts.values().any(|other| *other == id) {
                let text = format!("another account has the number {id}");
                self.problems.push(Problem::error(account.span_of("number"), text));
                continue;
            }
            self.accounts.insert(entry.key.clone(), id.clone());
            let region = account.text("region").and_then(RegionName::parse);
            let region = region.unwrap_or_else(|| self.home.region.clone());
            places.push((Scope::new(id.clone(), region), account));
            regions(&id, &account, &mut places);
        }
        places
    }

    /// Opens every region, and gives every name its id.
    fn declare(&mut self, view: &View<'_>, nodes: &[&Node]) {
        let digits = if self.world.era == Era::Y2017 { 8 } else { 17 };
        for (scope, place) in self.places(view) {
            self.world.open(&scope);
            self.services(&scope, &place);
            Declare { names: &mut self.names, problems: self.problems, digits, home: &self.home, scope }.region(&place);
        }
        for account in std::iter::once(&self.home.account).chain(self.accounts.values()) {
            administrator(&mut self.world, account);
        }
        declare(nodes, &mut self.names, &self.home, digits, self.problems);
    }

    /// AWS's services of a region, where the scenario says more than the era.
    fn services(&mut self, scope: &Scope, place: &View<'_>) {
        for node in place.items("interface-services") {
            let text = decode::text(node).unwrap_or_default();
            let Some(service) = interface_service(&scope.region, text) else {
                self.problems.push(Problem::error(node.span, format!("`{}` is not a service", decode::brief(text))));
                continue;
            };
            if self.world.service(&scope.region, &service.name).is_none() {
                self.world.declare_service(&scope.region, service);
            }
        }
        for entry in place.named("services") {
            let Some(view) = View::of(&entry.value, &SERVICE) else { continue };
            let Some(name) = service_name(&scope.region, &entry.key) else { continue };
            let known = self.world.service(&scope.region, &name).cloned();
            let mut service = known.unwrap_or_else(|| Service::plain(name, []));
            if let Some(node) = view.node("prefix-list") {
                service.prefix_list_id = decode::text(node).ok().and_then(PrefixListId::parse);
                if service.prefix_list_id.is_none() {
                    self.problems
                        .push(Problem::error(node.span, "this is not the id of a prefix list, such as pl-68a54001"));
                }
            }
            if view.has("ranges") {
                let (v4, v6): (Vec<Cidr>, Vec<Cidr>) = blocks(&view, "ranges").into_iter().partition(Cidr::is_v4);
                service.ranges = v4.into_iter().collect();
                service.ipv6_ranges = v6.into_iter().collect();
            }
            if view.has("endpoints") {
                let has = |word| view.items("endpoints").into_iter().any(|node| decode::text(node) == Ok(word));
                (service.gateway_endpoint, service.interface_endpoint) = (has("gateway"), has("interface"));
            }
            service.private_dns_name = view.string("private-dns-name").or(service.private_dns_name);
            if service.gateway_endpoint && service.prefix_list_id.is_none() {
                service.prefix_list_id = Some(PrefixListId::of_name(&format!("{}.{}", scope.region, entry.key), 8));
            }
            self.world.declare_service(&scope.region, service);
        }
    }

    /// Makes the world: users, buckets, networks outside, and every resource by its action.
    fn plan(&mut self, view: &View<'_>) {
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
            prefix_lists_and_addresses(&mut cx, &mut plan, &place);
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

    /// The places once more, without saying again what is wrong with them.
    fn places_again<'v>(&mut self, view: &View<'v>) -> Vec<(Scope, View<'v>)> {
        let mut quiet = Problems::default();
        std::mem::swap(&mut quiet, self.problems);
        self.accounts.clear();
        let places = self.places(view);
        std::mem::swap(&mut quiet, self.problems);
        places
    }

    fn users_and_buckets(&mut self, view: &View<'_>) {
        let home = self.home.account.clone();
        let region = self.home.region.clone();
        for entry in view.named("users") {
            user(self.source, &mut self.world, &home, entry, self.problems);
        }
        if let Some(s3) = view.sub("s3", &S3) {
            for entry in s3.named("buckets") {
                let out = (&mut self.objects, &mut *self.problems);
                bucket(self.source, &mut self.world, (&home, &region), entry, out);
            }
        }
        for entry in view.named("accounts") {
            let (Some(account), Some(id)) = (View::of(&entry.value, &ACCOUNT), self.accounts.get(&entry.key)) else {
                continue;
            };
            for entry in account.named("users") {
                user(self.source, &mut self.world, id, entry, self.problems);
            }
            let region = account.text("region").and_then(RegionName::parse).unwrap_or_else(|| region.clone());
            for entry in account.named("buckets") {
                let out = (&mut self.objects, &mut *self.problems);
                bucket(self.source, &mut self.world, (id, &region), entry, out);
            }
        }
    }

    fn shared_links(&mut self, view: &View<'_>) {
        if let Some(s3) = view.sub("s3", &S3) {
            self.links.s3 = link(&s3, "link");
            self.links.endpoint = link(&s3, "endpoint-link");
            let usual = HostSettings::clone(&self.settings.service);
            self.settings.service = Arc::new(HostSettings {
                unknown_flow: if s3.has("unknown-flow") { unknown(&s3, "unknown-flow") } else { usual.unknown_flow },
                receive_buffer: buffer(&s3, "receive-buffer").unwrap_or(usual.receive_buffer),
                send_buffer: buffer(&s3, "send-buffer").unwrap_or(usual.send_buffer),
                ..usual
            });
        }
        if let Some(internet) = view.sub("internet", &INTERNET) {
            self.links.internet_hosts = link(&internet, "link");
            self.links.internet_gateways = link(&internet, "gateway-link");
        }
        if let Some(nat) = view.sub("nat", &NAT) {
            let limits = &mut self.settings.nat;
            limits.idle_timeout = nat.duration("idle-timeout").unwrap_or(limits.idle_timeout);
            if let Some(connections) = nat.integer("connections") {
                limits.per_destination = connections as _;
            }
        }
        let links = &mut self.settings.links;
        for (given, link) in [
            (&self.links.s3, &mut links.service),
            (&self.links.endpoint, &mut links.endpoint),
            (&self.links.internet_hosts, &mut links.internet_host),
            (&self.links.internet_gateways, &mut links.internet),
        ] {
            if let Some(given) = given {
                *link = given.link(*link);
            }
        }
    }

    fn outside(&mut self, view: &View<'_>) {
        let Some(internet) = view.sub("internet", &INTERNET) else { return };
        for entry in internet.named("hosts") {
            if let Some((machine, host)) = outside(entry, Seat::Internet, self.settings.links.internet_host) {
                for address in &machine.addresses {
                    if let std::net::IpAddr::V4(address) = address {
                        self.world.reserve_public_address(*address);
                    }
                }
                self.machines.push(machine);
                self.settings.outside.hosts.push(host);
            }
        }
    }

    fn sites(&mut self, view: &View<'_>) -> Vec<Site> {
        let mut sites = Vec::new();
        let base = self.settings.links.premises;
        for entry in view.named("on-premises") {
            let place = Place { scope: self.home.clone(), vpc: String::new() };
            let mut machines = Vec::new();
            let (source, names, world) = (self.source, &self.names, &self.world);
            let mut cx = Cx { source, names, world, place, problems: self.problems };
            if let Some(site) = site(&mut cx, entry, base, &mut machines) {
                if let Some(link) = View::of(&entry.value, &ON_PREMISES).and_then(|view| link(&view, "link")) {
                    self.settings.links.vpn = link.link(self.settings.links.vpn);
                    self.links.premises.insert(entry.key.clone(), link);
                }
                sites.push(site);
            }
            self.machines.extend(machines);
        }
        sites
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
                self.settings.nat_instances.insert(id.to_string());
            }
            if let Some(settings) = &machine.settings {
                self.settings.hosts.insert(id.to_string(), Arc::new(settings.clone()));
            }
            if let Some(link) = &machine.link {
                let link = link.link(self.settings.links.instance);
                self.settings.instance_links.insert(id.to_string(), link);
            }
        }
    }

    /// Programs, timeline and expectations.
    fn script(&mut self, view: &View<'_>, nodes: &[&Node]) -> (Vec<Program>, Vec<Step>, Vec<Expectation>) {
        let is_made = !self.problems.has_errors();
        let labels = StepLabels::of(nodes);
        let program_names: Vec<String> = view.named("programs").iter().map(|entry| entry.key.clone()).collect();
        let machines = Machines::of(&self.machines, &self.fleets);
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

    /// Looks for further problems in a scenario that cannot be run anyway.
    fn read_rest_for_problems(&mut self, view: &View<'_>, nodes: &[&Node]) {
        self.script(view, nodes);
    }

    fn finish(mut self, view: &View<'_>, nodes: &[&Node]) -> Scenario {
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
}

fn prefix_lists_and_addresses(cx: &mut Cx<'_>, plan: &mut Plan, place: &View<'_>) {
    use super::network::{named, tags};
    use super::plan::Phase;
    use crate::control_plane::{AllocateAddress, CreateManagedPrefixList, Described};
    let scope = cx.place.scope.clone();
    for entry in place.named("prefix-lists") {
        let Some(id) = named::<PrefixListId>(cx, &entry.key) else { continue };
        let view = View::of(&entry.value, &PREFIX_LIST);
        let entries: Vec<Cidr> = match &view {
            Some(view) => blocks(view, "entries"),
            None => entry.value.as_list().unwrap_or(&[]).iter().filter_map(|node| decode::cidr(node).ok()).collect(),
        };
        let most = view.and_then(|view| view.integer("max-entries")).map_or(entries.len().max(1), |most| most as usize);
        let tags = tags(&entry.key, id.as_str(), view.as_ref());
        let create = CreateManagedPrefixList {
            id: Some(id.clone()),
            tags,
            entries,
            ..CreateManagedPrefixList::new(
                view.and_then(|view| view.string("name")).unwrap_or_else(|| entry.key.clone()),
                most,
            )
        };
        plan.add(Phase::PrefixLists, &scope, entry.key_span, Some(id.clone().into()), create);
        let version = view.and_then(|view| view.integer("version")).and_then(|version| u32::try_from(version).ok());
        if let Some(version) = version {
            let told = Described::PrefixListVersion { prefix_list_id: id, version };
            plan.take_over(Phase::PrefixLists, &scope, entry.key_span, told);
        }
    }
    for entry in place.named("elastic-ips") {
        let Some(id) = named::<AllocationId>(cx, &entry.key) else { continue };
        let view = View::of(&entry.value, &ELASTIC_IP).filter(|_| entry.value.as_map().is_some());
        let node = match &view {
            Some(view) => view.node("address"),
            None => Some(&entry.value).filter(|node| node.as_text().is_some()),
        };
        let address = cx.v4(node);
        let create =
            AllocateAddress { id: Some(id.clone()), tags: tags(&entry.key, id.as_str(), view.as_ref()), address };
        plan.add(Phase::Addresses, &scope, entry.key_span, Some(id.into()), create);
    }
}

/// The account and region that a step is addressed to.
pub(super) fn step_scope(
    view: &View<'_>,
    home: &Scope,
    accounts: &BTreeMap<String, AccountId>,
    world: &World,
    problems: &mut Problems,
) -> Option<Scope> {
    let mut scope = home.clone();
    if let Some((text, node)) = view.node("account").and_then(|node| Some((decode::text(node).ok()?, node))) {
        let number = AccountId::parse(text).filter(|id| world.accounts().contains_key(id));
        match accounts.get(text).cloned().or(number) {
            Some(account) => scope.account = account,
            None => {
                let problem = Problem::error(node.span, format!("`{}` is not an account here", decode::brief(text)));
                problems.push(problem.did_you_mean(text, accounts.keys().map(String::as_str)));
                return None;
            }
        }
    }
    if let Some(region) = view.text("region").and_then(RegionName::parse) {
        scope.region = region;
    }
    Some(scope)
}

/// The number of an account that has only a name: the same name gives the same number, always.
fn made_account(name: &str) -> AccountId {
    let number = Rng::stream(0, &format!("account/{name}")).below(900_000_000_000) + 100_000_000_000;
    AccountId::parse(&number.to_string()).expect("twelve digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::problems_to_text;

    #[track_caller]
    fn good(text: &str) -> Scenario {
        let source = Source::new("t.yaml", text);
        let (mut scenarios, problems) = load(&source);
        assert!(problems.is_empty(), "{}", problems_to_text(&source, &problems, false));
        scenarios.pop().expect("no problem was found")
    }

    const ENDPOINT: &str =
        include_str!("../../scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml");

    #[test]
    fn a_whole_scenario_is_read() {
        let scenario = good(ENDPOINT);
        assert_eq!(scenario.programs.len(), 3);
        assert_eq!(scenario.timeline[0].label, "s3-endpoint");
        assert_eq!(scenario.expectations.len(), 8);
        let step = &scenario.timeline[0];
        let action = step.action(&scenario.source, &scenario.names, &scenario.world).expect("an action");
        assert_eq!(action.expect("a good one").name(), "CreateVpcEndpoint");
    }

    #[test]
    fn a_fleet_is_many_machines_under_one_name() {
        let scenario = good(
            "vpclab: 1\ntitle: t\nvpcs: {v: {cidr: 10.0.0.0/16, subnets: {s: {cidr: 10.0.0.0/20}}}}\nquotas: none\n\
             instances: {fleet: {count: 300, subnet: s}}\nprograms: {p: {on: fleet, ping: {to: fleet-1}}}\n",
        );
        assert_eq!(scenario.machines.len(), 300);
        assert_eq!(scenario.programs[299].spec.name, "p@fleet-300");
        assert!(scenario.programs.iter().all(|program| program.name == "p"));
    }

    /// A scenario with many of the language's keys.
    const RICH: &str = r#"
vpclab: 1
title: Many keys at once
era: current
start: 2026-03-01T00:00:00Z
seed: 7
until: 10 minutes
policy-delay: 1 minute
account: 123456789012
region: us-west-2
nat: {idle-timeout: 350s, connections: 1000}
vpcs:
  main:
    cidr: [10.0.0.0/16, 10.1.0.0/16]
    ipv6: 2001:db8:1::/56
    dns-hostnames: true
    name-servers: [AmazonProvidedDNS, 10.0.1.53]
    internet-gateway: {name: igw, id: igw-1a2b3c4d}
    egress-only-internet-gateway: eigw
    virtual-private-gateway: vgw
    subnets:
      public: {cidr: 10.0.0.0/24, zone: us-west-2a, public-ips: true, ipv6-cidr: 2001:db8:1:1::/64, network-acl: tight, tags: {tier: front}}
      private: {cidr: 10.0.1.0/24, zone: a, route-table: private, id: subnet-1a2b3c4d}
    route-tables:
      main: {0.0.0.0/0: igw, "::/0": igw}
      private: {0.0.0.0/0: nat, 10.9.0.0/16: peering, office: vgw, propagate: vgw}
    nat-gateways:
      nat: {subnet: public, elastic-ip: shared}
    security-groups:
      default: {ingress: [all from default, icmp 8 from any], egress: [all to any]}
      web: {ingress: [tcp 443 from any, tcp 22 from 198.51.100.7], egress: [tcp 443 to s3, udp 53 to office]}
    network-acls:
      tight: {ingress: {100: allow all from any}, egress: {100: allow all to any, 200: deny tcp 25 to any}}
    vpc-endpoints:
      s3-endpoint:
        service: s3
        route-tables: [private, main]
        policy: {Statement: [{Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "*"}]}
  other:
    cidr: 10.9.0.0/16
    subnets: {alone: {cidr: 10.9.0.0/24}}
prefix-lists:
  office: [192.168.0.0/16]
elastic-ips:
  shared: 203.0.113.77
peering-connections:
  peering: {between: [main, other]}
vpn-connections:
  vpn: {virtual-private-gateway: vgw, to: hq}
on-premises:
  hq: {cidr: 192.168.0.0/16, gateway-address: 198.51.100.20, hosts: {pc: {address: 192.168.1.10, listen: {tcp 80: http}}}}
instances:
  web: {subnet: public, security-groups: [web, default], ipv6: true, listen: {tcp 443: {source: 1 MiB, delay: 1s}}}
  nat-box: {subnet: public, source-dest-check: false, nat: true, elastic-ip: 203.0.113.78}
  dns: {subnet: private, private-ip: 10.0.1.53, listen: {udp 53: {dns: {example.com: 198.51.100.7}}}}
  two: {subnet: private, interfaces: [{subnet: public, name: second, private-ip: 10.0.0.99}], user: alice, ttl: 64}
  fleet: {subnet: private, count: 3, link: {rate: 10 Mbit/s, loss: 1%}}
users:
  alice: {policies: {read: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}}
accounts:
  partner: {users: {bob: }, buckets: {partner-data: {objects: {a: 1 KiB}}}}
s3: {unknown-flow: drop, idle-timeout: 1 minute, buckets: {data: {objects: {a: {text: hello}, b/c: 1 GiB}}}}
internet: {hosts: {peer: {address: [198.51.100.7, "2001:db8::7"], name: example.com, listen: {udp 7: echo}}}}
programs:
  get: {on: two, s3-get: {bucket: data, key: a, range: 0-3, names: dash, as: alice}, retry: {attempts: 2, resume: true}}
  presigned: {on: pc, s3-put: {bucket: data, key: up, text: hi, presigned: 5 minutes, as: bob}}
  talk: {on: [web, fleet], tcp: {to: peer, port: 80, script: [send: 1 kB, idle: 6 minutes, hold: ]}, repeat: {count: 1}}
  ask: {on: web, resolve: {name: s3.us-west-2.amazonaws.com}}
  hops: {on: web, traceroute: {to: nat.public, by: tcp}}
  beat: {on: pc, ping: {to: web.public, count: 3}, when: {step: change}, after: 1s}
timeline:
  - at: 1s
    step: change
    as: alice
    CreateVpcEndpoint: {VpcId: main, ServiceName: com.amazonaws.us-west-2.dynamodb, RouteTableIds: [private]}
    refused: UnauthorizedOperation
  - when: {program: get, has-ended: }
    replace-route: {route-table: private, destination: 0.0.0.0/0, target: nat-box}
  - after: 1s
    describe-vpc-endpoints: {vpc-id: main}
    answers: {VpcEndpoints: [{State: available}]}
  - change-link: {of: peer, loss: 50%, down: false}
expect:
  - s3-sees: {program: get, source: 10.0.0.0/16, endpoint: s3-endpoint, vpc: main}
  - does-not-reach: {from: [web, pc], to: web.ipv6, port: 22, reason: ENI_SG_RULES_MISMATCH, dropped-by: web}
  - exchanges: {program: talk, at: peer, packets: ["> S", "< SA", "> . len 0"]}
  - drops: {reason: NO_ROUTE_TO_DESTINATION, times: 1, after: change}
  - route-table: {table: private, has: {0.0.0.0/0: nat-box}, lacks: 8.8.8.0/24}
  - costs: {path: nat-gateway, at-most: 0.01}
"#;

    #[test]
    fn a_scenario_with_many_keys_is_read() {
        let scenario = good(RICH);
        assert_eq!(scenario.machines.len(), 9);
        assert_eq!(scenario.settings.outside.premises[0].customer_gateways.len(), 1);
        assert_eq!(scenario.world.accounts().len(), 2);
        assert_eq!(scenario.programs.iter().filter(|program| program.name.starts_with("probe")).count(), 2);
    }

    #[test]
    fn every_scenario_of_ours_has_no_problems_in_two_readings() {
        assert_eq!(good(RICH).names, good(RICH).names);
        assert_eq!(good(ENDPOINT).world, good(ENDPOINT).world);
    }

    proptest::proptest! {
        #[test]
        fn no_mutation_of_a_scenario_panics(
            cut in 0usize..RICH.len(),
            length in 0usize..60,
            insert in "(: |, |\\{|\\}|\\[|\\]|\n  |- |0|x|main|private|10\\.0\\.0\\.0/8|1s|null|\"|'|#|~){0,3}",
        ) {
            let text: String = RICH.chars().take(cut).chain(insert.chars()).chain(RICH.chars().skip(cut + length)).collect();
            let source = Source::new("t.yaml", text);
            let (scenarios, problems) = load(&source);
            problems_to_text(&source, &problems, true);
            proptest::prop_assert!(!scenarios.is_empty() || !problems.is_empty());
        }
    }
}
