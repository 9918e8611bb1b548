//! What names stand for: the public names of services and hosts, the names inside a VPC, and a plain list. Knows no
//! packets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::base::{Cidr, RegionName, SimTime};
use crate::service::s3::{S3Name, US_STANDARD};

/// How long an answer about a service is good. S3's names were seen with 5 s; no document says so (facts.md B11).
pub const SERVICE_TTL: Duration = Duration::from_secs(5);
/// How long an answer about a host is good. EC2's names were seen with 60 s. UNSOURCED.
pub const HOST_TTL: Duration = Duration::from_secs(60);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has these addresses, of both families; none of a family is no error.
    Here {
        /// The name that it is another name of, if it is.
        alias_of: Option<String>,
        /// Its addresses.
        addresses: Vec<IpAddr>,
        /// How long that is good.
        ttl: Duration,
    },
    /// There is no such name.
    Nothing,
}

impl Found {
    fn here(addresses: Vec<IpAddr>, ttl: Duration) -> Self {
        Self::Here { alias_of: None, addresses, ttl }
    }
}

/// Whoever knows names.
pub trait Zone {
    /// What `name`, in lower case and without a final dot, stands for at an instant.
    fn find(&self, name: &str, now: SimTime) -> Found;
}

/// A plain list, as a DNS server of one's own has it.
#[derive(Clone, Debug, Default)]
pub struct Records(BTreeMap<String, Vec<IpAddr>>);

impl Records {
    /// A list of names and addresses. A name that begins with `*.` stands for all names behind it.
    pub fn new<'a>(records: impl IntoIterator<Item = (&'a str, Vec<IpAddr>)>) -> Self {
        let mut list = Self::default();
        records.into_iter().for_each(|(name, addresses)| list.set(name, addresses));
        list
    }

    /// Gives a name other addresses.
    pub fn set(&mut self, name: &str, addresses: Vec<IpAddr>) {
        self.0.insert(plain(name), addresses);
    }

    /// Forgets a name.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(&plain(name));
    }

    fn get(&self, name: &str) -> Option<&Vec<IpAddr>> {
        let mut parents = name.match_indices('.').map(|(dot, _)| format!("*{}", &name[dot..]));
        self.0.get(name).or_else(|| parents.find_map(|parent| self.0.get(&parent)))
    }
}

impl Zone for Records {
    fn find(&self, name: &str, _now: SimTime) -> Found {
        self.get(name).map_or(Found::Nothing, |addresses| Found::here(addresses.clone(), HOST_TTL))
    }
}

/// The current address ranges of a service in a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRanges {
    /// Ranges of either family; the IPv6 ones answer dual-stack names only.
    pub ranges: Vec<Cidr>,
    /// How many addresses an answer has; S3 in 2017 gave one. UNSOURCED.
    pub addresses: usize,
}

/// In which region a bucket's global name leads, as far as DNS has learned it (facts.md B2).
type LearnedRegion = Box<dyn Fn(&str, SimTime) -> Option<RegionName>>;

/// The names that the whole internet knows: AWS's services and public hosts. Changed while it is asked.
pub struct PublicNames {
    hosts: RefCell<Records>,
    services: RefCell<BTreeMap<(String, RegionName), ServiceRanges>>,
    learned: LearnedRegion,
    /// Counts answers, so that each goes on with the next address.
    turn: Cell<u64>,
}

impl PublicNames {
    /// No names yet. `learned` says where DNS thinks that a bucket lies; `None` is US Standard.
    pub fn new(learned: impl Fn(&str, SimTime) -> Option<RegionName> + 'static) -> Self {
        let (hosts, services) = (RefCell::default(), RefCell::default());
        Self { hosts, services, learned: Box::new(learned), turn: Cell::new(0) }
    }

    /// Sets the current ranges of a service, such as `s3`.
    pub fn set_ranges(&self, service: &str, region: &RegionName, ranges: ServiceRanges) {
        self.services.borrow_mut().insert((service.to_owned(), region.clone()), ranges);
    }

    /// Gives a host's name other addresses.
    pub fn set_host(&self, name: &str, addresses: Vec<IpAddr>) {
        self.hosts.borrow_mut().set(name, addresses);
    }

    /// Forgets a host's name.
    pub fn remove_host(&self, name: &str) {
        self.hosts.borrow_mut().remove(name);
    }

    /// An answer about a service: the next addresses of its ranges, block after block, so that each of the blocks has
    /// its turn.
    fn service(&self, service: &str, region: &RegionName, dual_stack: bool, alias_of: Option<String>) -> Found {
        let services = self.services.borrow();
        let Some(ranges) = services.get(&(service.to_owned(), region.clone())) else { return Found::Nothing };
        let mut addresses = Vec::new();
        for v4 in [true, false] {
            let blocks: Vec<&Cidr> =
                ranges.ranges.iter().filter(|block| block.is_v4() == v4 && (v4 || dual_stack)).collect();
            for _ in 0..if blocks.is_empty() { 0 } else { ranges.addresses.max(1) } {
                let turn = self.turn.get();
                self.turn.set(turn + 1);
                let block = blocks[(turn % blocks.len() as u64) as usize];
                addresses.extend(nth_host(block, turn / blocks.len() as u64));
            }
        }
        addresses.dedup();
        Found::Here { alias_of, addresses, ttl: SERVICE_TTL }
    }

    fn s3(&self, name: &S3Name, now: SimTime) -> Found {
        let us_standard = || RegionName::parse(US_STANDARD).expect("us-east-1 is a region");
        let region = match (&name.region, &name.bucket) {
            (Some(region), _) => RegionName::parse(region).unwrap_or_else(us_standard),
            (None, Some(bucket)) => (self.learned)(bucket, now).unwrap_or_else(us_standard),
            (None, None) => us_standard(),
        };
        // A bucket's name is an alias of its region's front ends.
        let alias_of = name.bucket.as_ref().map(|_| match name.dual_stack {
            true => format!("s3.dualstack.{region}.amazonaws.com"),
            false => S3Name::of_region(region.as_str()).host(),
        });
        self.service("s3", &region, name.dual_stack, alias_of)
    }
}

impl Zone for PublicNames {
    fn find(&self, name: &str, now: SimTime) -> Found {
        if let Some(name) = S3Name::parse(name) {
            return self.s3(&name, now);
        }
        if let Some((service, region)) = name.strip_suffix(".amazonaws.com").and_then(|rest| rest.split_once('.'))
            && let Some(region) = RegionName::parse(region)
            && let found @ Found::Here { .. } = self.service(service, &region, false, None)
        {
            return found;
        }
        self.hosts.borrow().find(name, now)
    }
}

/// The `nth` usable address of a block, around and around: not its first, which nobody has, nor its last.
fn nth_host(block: &Cidr, nth: u64) -> Option<IpAddr> {
    match block.size() {
        0 => None,
        size @ 1..=2 => block.nth(u128::from(nth) % size),
        size => block.nth(1 + u128::from(nth) % (size - 2)),
    }
}

/// The names that the resolver of a VPC knows: those of its instances, then the public ones.
pub struct VpcNames {
    own: RefCell<Records>,
    public: Rc<PublicNames>,
}

impl VpcNames {
    /// Only the public names.
    pub fn new(public: Rc<PublicNames>) -> Self {
        Self { own: RefCell::default(), public }
    }

    /// Replaces the names of the VPC's own instances.
    pub fn set_own(&self, own: Records) {
        *self.own.borrow_mut() = own;
    }
}

impl Zone for VpcNames {
    fn find(&self, name: &str, now: SimTime) -> Found {
        match self.own.borrow().find(name, now) {
            Found::Nothing => self.public.find(name, now),
            found => found,
        }
    }
}

/// The private name of an instance: `ip-10-0-1-5.us-west-2.compute.internal`, in US Standard `ip-10-0-1-5.ec2.internal`
/// (VPC User Guide, DNS with your VPC).
pub fn private_name(address: IpAddr, region: &RegionName) -> String {
    let dashed = dashed(address);
    match region.as_str() {
        US_STANDARD => format!("ip-{dashed}.ec2.internal"),
        region => format!("ip-{dashed}.{region}.compute.internal"),
    }
}

/// The public name of an instance: `ec2-54-1-2-3.us-west-2.compute.amazonaws.com`, in US Standard
/// `ec2-54-1-2-3.compute-1.amazonaws.com` (same page). Inside the VPC it leads to the private address.
pub fn public_name(address: IpAddr, region: &RegionName) -> String {
    let dashed = dashed(address);
    match region.as_str() {
        US_STANDARD => format!("ec2-{dashed}.compute-1.amazonaws.com"),
        region => format!("ec2-{dashed}.{region}.compute.amazonaws.com"),
    }
}

fn dashed(address: IpAddr) -> String {
    address.to_string().replace(['.', ':'], "-")
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::parse(name).expect(name)
    }

    fn names() -> PublicNames {
        let names = PublicNames::new(|bucket, _| (bucket == "old").then(|| region("us-west-2")));
        let ranges = |blocks: &[&str]| ServiceRanges {
            ranges: blocks.iter().map(|block| Cidr::parse(block).expect(block)).collect(),
            addresses: 1,
        };
        names.set_ranges("s3", &region("us-west-2"), ranges(&["52.218.0.0/17", "54.231.160.0/19", "2600:1fa0::/32"]));
        names.set_ranges("s3", &region("us-east-1"), ranges(&["54.231.0.0/17"]));
        names.set_ranges("dynamodb", &region("us-west-2"), ranges(&["52.94.28.0/23"]));
        names
    }

    fn addresses(zone: &dyn Zone, name: &str) -> Vec<IpAddr> {
        match zone.find(name, SimTime::ZERO) {
            Found::Here { addresses, .. } => addresses,
            Found::Nothing => panic!("{name} has no addresses"),
        }
    }

    fn within(zone: &dyn Zone, name: &str, block: &str) -> bool {
        addresses(zone, name).iter().all(|address| Cidr::parse(block).expect(block).contains(*address))
    }

    #[test]
    fn every_block_of_a_service_has_its_turn() {
        let names = names();
        let told: Vec<IpAddr> = (0..4).flat_map(|_| addresses(&names, "s3-us-west-2.amazonaws.com")).collect();
        let expected = ["52.218.0.1", "54.231.160.1", "52.218.0.2", "54.231.160.2"];
        assert_eq!(told, expected.map(|address| address.parse::<IpAddr>().expect(address)));
    }

    #[test]
    fn a_global_name_leads_to_us_standard_until_dns_has_learned_better() {
        let names = names();
        assert!(within(&names, "s3.amazonaws.com", "54.231.0.0/17"));
        assert!(within(&names, "new.s3.amazonaws.com", "54.231.0.0/17"));
        assert!(!within(&names, "old.s3.amazonaws.com", "54.231.0.0/17"));
        assert!(!within(&names, "new.s3-us-west-2.amazonaws.com", "54.231.0.0/17"));
    }

    #[test]
    fn only_dual_stack_names_have_ipv6() {
        let names = names();
        let six = |name| addresses(&names, name).iter().filter(|address| address.is_ipv6()).count();
        assert_eq!(six("b.s3.dualstack.us-west-2.amazonaws.com"), 1);
        assert_eq!(six("b.s3.us-west-2.amazonaws.com"), 0);
    }

    #[test]
    fn ranges_that_change_are_answered_at_once() {
        let names = names();
        let ranges = vec![Cidr::parse("3.5.76.0/22").expect("a block")];
        names.set_ranges("s3", &region("us-west-2"), ServiceRanges { ranges, addresses: 1 });
        assert!(within(&names, "b.s3-us-west-2.amazonaws.com", "3.5.76.0/22"));
    }

    #[test]
    fn other_services_and_hosts_have_names_and_nobody_else_has() {
        let names = names();
        assert!(within(&names, "dynamodb.us-west-2.amazonaws.com", "52.94.28.0/23"));
        assert_eq!(names.find("dynamodb.eu-west-1.amazonaws.com", SimTime::ZERO), Found::Nothing);
        let host: IpAddr = "203.0.113.10".parse().expect("an address");
        names.set_host("www.example.com.", vec![host]);
        assert_eq!(addresses(&names, "www.example.com"), [host]);
        names.remove_host("www.example.com");
        assert_eq!(names.find("www.example.com", SimTime::ZERO), Found::Nothing);
    }

    #[test]
    fn inside_a_vpc_its_own_names_come_first() {
        let inside = VpcNames::new(Rc::new(names()));
        let private: IpAddr = "10.0.1.5".parse().expect("an address");
        let name = public_name("54.1.2.3".parse().expect("an address"), &region("us-west-2"));
        assert_eq!(name, "ec2-54-1-2-3.us-west-2.compute.amazonaws.com");
        inside.set_own(Records::new([(name.as_str(), vec![private]), ("*.internal.example", vec![private])]));
        assert_eq!(addresses(&inside, &name), [private]);
        assert_eq!(addresses(&inside, "a.b.internal.example"), [private]);
        assert!(within(&inside, "s3.amazonaws.com", "54.231.0.0/17"));
        assert_eq!(private_name(private, &region("us-east-1")), "ip-10-0-1-5.ec2.internal");
    }
}
