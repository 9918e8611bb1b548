//! AWS's services of a region as the network sees them: ranges, prefix list, which endpoints. Answers no request.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, ControlError, ErrorCode, Perform, Touch};
use crate::base::{AvailabilityZone, Cidr, Era, PrefixListId, RegionName, ServiceName};

/// A service in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, by which endpoints are created (rule R04).
    pub name: ServiceName,
    /// The prefix list that stands for its ranges, if AWS publishes one.
    pub prefix_list_id: Option<PrefixListId>,
    /// Its current public ranges, IPv4.
    pub ranges: BTreeSet<Cidr>,
    /// Its current public ranges, IPv6. Endpoints carry none of them (rule R03).
    pub ipv6_ranges: BTreeSet<Cidr>,
    /// Whether gateway endpoints can be created to it.
    pub gateway_endpoint: bool,
    /// Whether interface endpoints can be created to it.
    pub interface_endpoint: bool,
    /// The name that an interface endpoint answers inside its VPC, for example `ec2.us-west-2.amazonaws.com`.
    pub private_dns_name: Option<String>,
    /// How many entries the list counts where it is used in a group or table (facts E24).
    pub weight: usize,
}

impl Service {
    /// A service with public ranges and no endpoints.
    pub fn plain(name: ServiceName, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        Self {
            name,
            prefix_list_id: None,
            ranges: ranges.into_iter().collect(),
            ipv6_ranges: BTreeSet::new(),
            gateway_endpoint: false,
            interface_endpoint: false,
            private_dns_name: None,
            weight: 1,
        }
    }

    /// A service that gateway endpoints can be created to.
    pub fn gateway(name: ServiceName, list: PrefixListId, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        Self { prefix_list_id: Some(list), gateway_endpoint: true, ..Self::plain(name, ranges) }
    }

    /// A service that interface endpoints can be created to.
    pub fn interface(name: ServiceName, private_dns_name: Option<String>) -> Self {
        Self { interface_endpoint: true, private_dns_name, ..Self::plain(name, []) }
    }

    /// Whether AWS lists it among the services for endpoints.
    pub const fn has_endpoints(&self) -> bool {
        self.gateway_endpoint || self.interface_endpoint
    }
}

super::action_struct! {
    /// AWS changes the ranges of a service (rule R16). Nobody asks for it; it may happen at any time.
    ServiceRangesChange(
        /// The service, in the region of the call.
        service_name: ServiceName,
    ) {
        /// Ranges that appear.
        add: Vec<Cidr>,
        /// Ranges that go.
        remove: Vec<Cidr>,
    }
}

super::action_struct! {
    /// An Availability Zone fails (rule R02).
    ZoneFail(
        /// The zone.
        availability_zone: AvailabilityZone,
    ) {}
}

super::action_struct! {
    /// A failed Availability Zone comes back.
    ZoneRecover(
        /// The zone.
        availability_zone: AvailabilityZone,
    ) {}
}

impl Perform for ServiceRangesChange {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.scope.region.clone();
        let Some(service) = cx.world.service(&region, &self.service_name) else {
            return Err(unknown_service(&self.service_name));
        };
        for block in &self.remove {
            if !service.ranges.contains(block) && !service.ipv6_ranges.contains(block) {
                let text = format!("{block} is not a range of {}", self.service_name);
                return Err(ControlError::value(text));
            }
        }
        let list = service.prefix_list_id.clone();
        let services = cx.world.services.get_mut(&region).expect("looked up above");
        let service = services.get_mut(&self.service_name).expect("looked up above");
        for block in &self.remove {
            service.ranges.remove(block);
            service.ipv6_ranges.remove(block);
        }
        for block in &self.add {
            let ranges = if block.is_v4() { &mut service.ranges } else { &mut service.ipv6_ranges };
            ranges.insert(*block);
        }
        cx.touch(Touch::Service(self.service_name.clone()));
        if let Some(list) = list {
            // Every account of the region sees the same list.
            let scopes: Vec<_> = cx.world.regions().map(|(scope, _)| scope).filter(|s| s.region == region).collect();
            for scope in &scopes {
                cx.touch_list_users(scope, &list);
            }
        }
        Ok(())
    }
}

impl Perform for ZoneFail {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        set_zone(cx, &self.availability_zone, true)
    }
}

impl Perform for ZoneRecover {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        set_zone(cx, &self.availability_zone, false)
    }
}

fn set_zone(cx: &mut Context<'_>, zone: &AvailabilityZone, failed: bool) -> Result<(), ControlError> {
    cx.region().need_zone(zone)?;
    // A zone is the same for every account: its loss is everybody's.
    let region_name = cx.scope.region.clone();
    for account in cx.world.accounts.values_mut() {
        if let Some(state) = account.regions.get_mut(&region_name).and_then(|region| region.zones.get_mut(zone)) {
            state.failed = failed;
        }
    }
    cx.touch(Touch::Zone(zone.clone()));
    Ok(())
}

/// Facts 4.6: unknown service, and equally another region's.
pub(super) fn unknown_service(name: &ServiceName) -> ControlError {
    let text = format!("The Vpc Endpoint Service '{name}' does not exist");
    ControlError::new(ErrorCode::InvalidServiceName, text)
}

/// The services that a region has unless a scenario or an account says otherwise. Ranges are those seen in public
/// outputs where facts.md E26 has them; for all other regions they are UNSOURCED, disjoint, and stand for the real ones.
pub fn default_services(region: &RegionName, era: Era) -> BTreeMap<ServiceName, Service> {
    let s3 = s3_ranges(region, era).map(|(list, ranges)| Service {
        ipv6_ranges: s3_ipv6_range(region).into_iter().collect(),
        ..Service::gateway(ServiceName::of(region, "s3"), list, ranges)
    });
    let dynamodb = dynamodb_ranges(region).map(|(list, ranges)| {
        let service = Service::gateway(ServiceName::of(region, "dynamodb"), list, ranges);
        // In the document's time only S3 has endpoints (rule R04).
        match era {
            Era::Y2017 => Service { prefix_list_id: None, gateway_endpoint: false, ..service },
            Era::Current => service,
        }
    });
    s3.into_iter().chain(dynamodb).map(|service| (service.name.clone(), service)).collect()
}

/// The regions with built-in ranges, in the order that gives the others their numbers.
pub const KNOWN_REGIONS: [&str; 16] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-north-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
];

fn place(region: &RegionName) -> Option<usize> {
    KNOWN_REGIONS.iter().position(|name| *name == region.as_str())
}

fn s3_ranges(region: &RegionName, era: Era) -> Option<(PrefixListId, Vec<Cidr>)> {
    let place = place(region)?;
    let (list, ranges): (&str, Vec<&str>) = match (region.as_str(), era) {
        // Facts E26: us-west-2 as of 2017 and as of later.
        ("us-west-2", Era::Y2017) => ("pl-68a54001", vec!["54.231.160.0/19", "52.218.128.0/17", "52.92.32.0/22"]),
        ("us-west-2", Era::Current) => {
            ("pl-68a54001", vec!["3.5.76.0/22", "3.5.80.0/21", "18.34.48.0/20", "52.92.128.0/17", "52.218.128.0/17"])
        }
        ("us-east-1", _) => ("pl-63a5400a", vec!["54.231.0.0/17", "52.216.0.0/15", "3.5.16.0/21", "3.5.0.0/20"]),
        ("ap-southeast-1", _) => ("pl-6fa54006", vec!["52.219.32.0/21"]),
        _ => {
            let block = format!("52.219.{}.0/22", 64 + 4 * place);
            let list = PrefixListId::of_name(&format!("{region}.s3"), 8);
            return Some((list, vec![Cidr::parse(&block).expect("a block")]));
        }
    };
    let ranges = ranges.into_iter().map(|block| Cidr::parse(block).expect("a block")).collect();
    Some((PrefixListId::parse(list).expect("an id"), ranges))
}

fn s3_ipv6_range(region: &RegionName) -> Option<Cidr> {
    Cidr::parse(&format!("2600:1fa0:{:x}00::/40", 4 + place(region)?)).ok()
}

fn dynamodb_ranges(region: &RegionName) -> Option<(PrefixListId, Vec<Cidr>)> {
    let place = place(region)?;
    let (list, block) = match region.as_str() {
        // Facts E26.
        "us-west-2" => (PrefixListId::parse("pl-00a54069").expect("an id"), "52.94.28.0/23".to_owned()),
        _ => (PrefixListId::of_name(&format!("{region}.dynamodb"), 8), format!("52.94.{}.0/23", 64 + 2 * place)),
    };
    Some((list, vec![Cidr::parse(&block).expect("a block")]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::parse(name).expect(name)
    }

    #[test]
    fn only_s3_has_endpoints_in_the_time_of_the_document() {
        let with_endpoints = |era| {
            let services = default_services(&region("us-west-2"), era);
            services.values().filter(|s| s.has_endpoints()).map(|s| s.name.service().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(with_endpoints(Era::Y2017), ["s3"]);
        assert_eq!(with_endpoints(Era::Current), ["dynamodb", "s3"]);
    }

    #[test]
    fn no_two_services_share_an_address() {
        for era in Era::ALL {
            let services: Vec<_> = KNOWN_REGIONS.iter().flat_map(|name| default_services(&region(name), era)).collect();
            for (i, (name, service)) in services.iter().enumerate() {
                for (other_name, other) in &services[i + 1..] {
                    let blocks = service.ranges.iter().chain(&service.ipv6_ranges);
                    for block in blocks {
                        let mut others = other.ranges.iter().chain(&other.ipv6_ranges);
                        assert!(others.all(|o| !o.overlaps(block)), "{name} {other_name} {block}");
                    }
                }
            }
        }
    }
}
