//! Names of a running world: what the zones hold as the records say now, and the servers that answer by packets. No
//! program learns an address in another way.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Simulation;
use crate::base::{RegionName, SimTime, VpcId};
use crate::control_plane::{NameServer, Region, Scope, Touch, Touched, Vpc, World};
use crate::host::Host;
use crate::provision::INTERNET_RESOLVER;
use crate::service::Lookup;
use crate::service::dns::{
    PublicNames, Records, ServiceRanges, VpcNames, Zone, private_name, public_name, serve_dns, stub,
};
use crate::service::s3::ObjectStore;
use crate::trace::NodeId;

/// How long after its making a bucket's global name leads to US Standard wherever the bucket lies (facts B2): "until DNS
/// has learned"; Amazon S3's guide speaks of up to 24 hours.
const BUCKET_LEARNED_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// What a program reads of a name: its addresses, or why there are none.
type Answer = Result<Vec<IpAddr>, String>;

/// The longest that looking a name up takes: four servers, each asked twice for both families.
const LOOK_UP_MAX: Duration = Duration::from_secs(80);
/// How far the world is advanced before somebody looks whether the answer has come.
const LOOK: Duration = Duration::from_millis(10);

/// The zones of a world, and who asks whom.
pub(super) struct Names {
    public: Rc<PublicNames>,
    vpcs: BTreeMap<VpcId, Rc<VpcNames>>,
    /// The servers that each host asks, as its VPC's DHCP options say.
    servers: Rc<RefCell<BTreeMap<NodeId, Vec<IpAddr>>>>,
    /// One stub per host, which remembers answers.
    stubs: BTreeMap<NodeId, Lookup>,
}

impl Names {
    pub(super) fn new(objects: &Arc<ObjectStore>) -> Self {
        let objects = Arc::clone(objects);
        let learned = move |bucket: &str, now: SimTime| -> Option<RegionName> {
            let (region, since) = objects.since(bucket)?;
            // What was there when the world began had time enough.
            (since == SimTime::ZERO || since.after(BUCKET_LEARNED_AFTER) <= now).then_some(region)
        };
        let public = Rc::new(PublicNames::new(learned));
        Self { public, vpcs: BTreeMap::new(), servers: Rc::default(), stubs: BTreeMap::new() }
    }

    fn follow_service(&self, world: &World, region: &RegionName) {
        for service in world.services(region) {
            let ranges: Vec<_> = service.ranges.iter().chain(&service.ipv6_ranges).copied().collect();
            let ranges = ServiceRanges { ranges, addresses: 1 };
            self.public.set_ranges(service.name.service(), region, ranges);
        }
    }

    /// The names of a VPC's instances, and the public names of those that have one.
    fn follow_vpc(&self, world: &World, scope: &Scope, region: &Region, vpc: &Vpc) {
        let Some(zone) = self.vpcs.get(&vpc.id) else { return };
        let mut own = Records::default();
        for interface in region.network_interfaces().values().filter(|interface| interface.vpc_id == vpc.id) {
            for private in &interface.private_addresses {
                let address = IpAddr::V4(private.address);
                own.set(&private_name(address, &scope.region), vec![address]);
                let Some(public) = &private.association else { continue };
                let name = public_name(IpAddr::V4(public.public_ip), &scope.region);
                if vpc.enable_dns_hostnames {
                    // Inside the VPC the public name leads to the private address.
                    own.set(&name, vec![address]);
                    self.public.set_host(&name, vec![IpAddr::V4(public.public_ip)]);
                } else {
                    self.public.remove_host(&name);
                }
            }
        }
        follow_endpoints(world, region, vpc, &mut own);
        follow_peers(world, vpc, &mut own);
        zone.set_own(own);
    }
}

/// The private names of a VPC's interface endpoints: there they lead to the endpoints' interfaces (AWS PrivateLink Guide,
/// "Private DNS"), also where the public name leads elsewhere.
fn follow_endpoints(world: &World, region: &Region, vpc: &Vpc, own: &mut Records) {
    let endpoints = region.vpc_endpoints().values().filter(|endpoint| endpoint.vpc_id == vpc.id);
    for endpoint in endpoints.filter(|endpoint| endpoint.private_dns_enabled && vpc.enable_dns_hostnames) {
        let service = world.service(&region.name, &endpoint.service_name);
        let Some(name) = service.and_then(|service| service.private_dns_name.as_deref()) else { continue };
        let interfaces = endpoint.network_interface_ids.iter().filter_map(|id| region.network_interfaces().get(id));
        let addresses: Vec<IpAddr> =
            interfaces.filter_map(|interface| interface.primary_address()).map(IpAddr::V4).collect();
        if addresses.is_empty() {
            continue;
        }
        own.set(name, addresses.clone());
        // A bucket's name is one of S3's.
        if endpoint.service_name.service() == "s3" && !name.starts_with('*') {
            own.set(&format!("*.{name}"), addresses);
        }
    }
}

/// The public names of instances of a peered VPC, which lead to their private addresses where the peer's side of the
/// connection allows it (VPC Peering Guide, "DNS resolution for a VPC peering connection"). Both VPCs have DNS names on.
fn follow_peers(world: &World, vpc: &Vpc, own: &mut Records) {
    for peering in world.peerings().values().filter(|peering| peering.is_active() && vpc.enable_dns_hostnames) {
        let Some((_, far)) = peering.sides(&vpc.id) else { continue };
        let Some(region) = world.region(&far.scope).filter(|_| far.allow_dns_resolution_from_remote_vpc) else {
            continue;
        };
        if !region.vpcs().get(&far.vpc_id).is_some_and(|vpc| vpc.enable_dns_hostnames) {
            continue;
        }
        let interfaces = region.network_interfaces().values().filter(|interface| interface.vpc_id == far.vpc_id);
        for private in interfaces.flat_map(|interface| &interface.private_addresses) {
            if let Some(public) = &private.association {
                let name = public_name(IpAddr::V4(public.public_ip), &far.scope.region);
                own.set(&name, vec![IpAddr::V4(private.address)]);
            }
        }
    }
}

impl Simulation {
    /// Fills the zones and starts the servers.
    pub(super) fn start_names(&mut self) {
        let regions: Vec<RegionName> = self.world().service_regions().cloned().collect();
        for region in &regions {
            self.names.follow_service(self.world(), region);
        }
        let public: Rc<dyn Zone> = Rc::clone(&self.names.public) as Rc<dyn Zone>;
        for node in self.network().outside_resolvers() {
            self.serve_names(node, Rc::clone(&public));
        }
        self.start_resolvers();
    }

    /// The resolvers of VPCs that have none yet, and what every zone holds.
    fn start_resolvers(&mut self) {
        let vpcs: Vec<VpcId> =
            self.world().regions().flat_map(|(_, region)| region.vpcs().keys().cloned().collect::<Vec<_>>()).collect();
        for vpc in vpcs {
            if self.names.vpcs.contains_key(&vpc) {
                continue;
            }
            let Some(node) = self.network().resolver_of(&vpc) else { continue };
            let zone = Rc::new(VpcNames::new(Rc::clone(&self.names.public)));
            self.names.vpcs.insert(vpc, Rc::clone(&zone));
            self.serve_names(node, zone);
        }
        for (scope, region) in self.world().regions() {
            for vpc in region.vpcs().values() {
                self.names.follow_vpc(self.world(), &scope, region, vpc);
            }
        }
        self.follow_servers();
    }

    fn serve_names(&mut self, node: NodeId, zone: Rc<dyn Zone>) {
        self.network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
            host.run(None, out, |net| async move {
                // A new machine's ports are free; a stopped one ends its tasks.
                let _ = serve_dns(net, zone).await;
            });
        });
    }

    /// Which servers each host asks.
    fn follow_servers(&mut self) {
        let mut servers = BTreeMap::new();
        for (_, region) in self.world().regions() {
            for instance in region.instances().values() {
                let (Some(node), Some(vpc)) = (self.host_of(&instance.id), region.vpcs().get(&instance.vpc_id)) else {
                    continue;
                };
                let options = vpc.dhcp_options_id.as_ref().and_then(|id| region.dhcp_options().get(id));
                let list = match options {
                    Some(options) => options
                        .domain_name_servers
                        .iter()
                        .filter_map(|server| match server {
                            NameServer::AmazonProvidedDns => vpc.resolver_address(),
                            NameServer::Address(address) => Some(*address),
                        })
                        .collect(),
                    None => vpc.resolver_address().into_iter().collect(),
                };
                servers.insert(node, list);
            }
        }
        *self.names.servers.borrow_mut() = servers;
    }

    /// Gives a host of the internet a name that every resolver knows.
    pub fn name_host(&self, name: &str, addresses: Vec<IpAddr>) {
        self.names.public.set_host(name, addresses);
    }

    /// Looks a name up as a program of the host would, by packets, and lets the time pass that it takes.
    ///
    /// # Errors
    /// What the program would read: there is no such name, or nobody answers.
    pub fn look_up(&mut self, node: NodeId, name: &str) -> Result<Vec<IpAddr>, String> {
        let lookup = self.lookup(node);
        let answer: Rc<RefCell<Option<Answer>>> = Rc::default();
        let (told, asked) = (Rc::clone(&answer), name.to_owned());
        self.network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
            host.run(None, out, |net| async move {
                let found = lookup(&net, &asked).await;
                *told.borrow_mut() = Some(found);
            });
        });
        let deadline = self.now().after(LOOK_UP_MAX);
        while answer.borrow().is_none() && self.now() < deadline {
            self.run_until(self.now().after(LOOK).min(deadline), &mut ());
        }
        let answer = answer.borrow_mut().take();
        answer.unwrap_or_else(|| Err(format!("could not resolve host {name}: nobody answers")))
    }

    /// How the programs of a host look names up.
    pub(super) fn lookup(&mut self, node: NodeId) -> Lookup {
        let servers = Rc::clone(&self.names.servers);
        let stub = self.names.stubs.entry(node).or_insert_with(|| {
            stub(move || servers.borrow().get(&node).cloned().unwrap_or_else(|| vec![INTERNET_RESOLVER.into()]))
        });
        Rc::clone(stub)
    }

    /// Tells the zones what changed.
    pub(super) fn follow_names(&mut self, scope: &Scope, touched: &Touched) {
        let mut vpcs = false;
        for touch in touched {
            match touch {
                Touch::Service(_) => self.names.follow_service(self.world(), &scope.region),
                Touch::Vpc(_)
                | Touch::NetworkInterface(_)
                | Touch::Instance(_)
                | Touch::DhcpOptions(_)
                | Touch::VpcEndpoint(_)
                | Touch::Peering(_) => vpcs = true,
                _ => {}
            }
        }
        if vpcs {
            self.start_resolvers();
        }
    }
}
