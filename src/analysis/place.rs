//! Who is meant by what a person types: a machine's name, an id, an address, `s3`, a DNS name, each with a port where one
//! is given. Resolves no DNS name itself.

use std::fmt;
use std::net::IpAddr;

use super::addresses::AddressIndex;
use crate::base::{InstanceId, NetworkInterfaceId, RegionName};
use crate::control_plane::{Instance, NetworkInterface, Region, World};
use crate::provision::Outside;
use crate::service::s3::S3Name;

/// Where a question goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// To an address.
    Address(IpAddr),
    /// To what a name stands for, as whoever asks finds it.
    Name(String),
}

/// Why a text means nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// What is wrong, as a lower-case sentence without a full stop.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// All that can be meant in a world.
pub struct Places<'w> {
    world: &'w World,
    outside: &'w Outside,
}

/// The most names that a message lists.
const NAMES_SHOWN: usize = 8;

/// Which address of a machine is meant: the word behind its name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Which {
    Private,
    Public,
    Ipv6,
}

/// A text and its port: `s3:443`, `[2001:db8::1]:443`, `10.0.1.10`.
///
/// # Errors
/// What stands behind the colon is no port.
pub fn split_port(text: &str) -> Result<(&str, Option<u16>), Unplaced> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok((text, None));
    }
    let inner = |text: &'_ str| text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::len);
    let Some((name, port)) = text.rsplit_once(':') else {
        return Ok((text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text), None));
    };
    if inner(text).is_some() {
        return Ok((&text[1..text.len() - 1], None));
    }
    let name = if inner(name).is_some() { &name[1..name.len() - 1] } else { name };
    match port.parse::<u16>() {
        Ok(port) if port != 0 => Ok((name, Some(port))),
        Ok(_) | Err(_) => Err(Unplaced {
            message: format!("`{port}` is not a port"),
            help: format!("write `{name}:443`, with a port from 1 to 65535"),
        }),
    }
}

impl<'w> Places<'w> {
    /// Of a world and of what lies outside of it.
    pub const fn new(world: &'w World, outside: &'w Outside) -> Self {
        Self { world, outside }
    }

    /// The address of the machine that is to ask: an instance's by its name, id or address, or one outside of AWS.
    ///
    /// # Errors
    /// Why nobody, or nobody in particular, is meant.
    pub fn asker(&self, text: &str) -> Result<IpAddr, Unplaced> {
        if let Ok(address) = text.parse() {
            return Ok(address);
        }
        match self.machine(text)? {
            Some(address) => Ok(address),
            None => Err(self.unknown(text, "a machine that can ask", &[])),
        }
    }

    /// Where a question to `text` goes. `region` is where whoever asks is: there lies the service that a short name means.
    ///
    /// # Errors
    /// Why nobody, or nobody in particular, is meant.
    pub fn asked(&self, text: &str, region: Option<&RegionName>) -> Result<Place, Unplaced> {
        if let Ok(address) = text.parse() {
            return Ok(Place::Address(address));
        }
        if let Some(address) = self.machine(text)? {
            return Ok(Place::Address(address));
        }
        if let Some(place) = self.service(text, region) {
            return Ok(place);
        }
        if text.contains('.') && !text.contains(char::is_whitespace) {
            return Ok(Place::Name(text.to_owned()));
        }
        let services: Vec<String> = self.services().collect();
        Err(self.unknown(text, "a machine, a service, an address or a DNS name", &services))
    }

    /// The region that the machine of an address is in.
    pub fn region_of(&self, index: &AddressIndex, address: IpAddr) -> Option<RegionName> {
        let owner = index.owners(address).first().map(|owner| owner.scope.region.clone());
        owner.or_else(|| self.world.regions().next().map(|(scope, _)| scope.region))
    }

    /// The address of a machine; `None` if nobody is called so.
    fn machine(&self, text: &str) -> Result<Option<IpAddr>, Unplaced> {
        if let found @ Some(_) = self.named(text, Which::Private)? {
            return Ok(found);
        }
        let Some((name, which)) = text.rsplit_once('.') else { return Ok(None) };
        match which {
            "public" => self.named(name, Which::Public),
            "ipv6" => self.named(name, Which::Ipv6),
            "private" => self.named(name, Which::Private),
            _ => Ok(None),
        }
    }

    fn named(&self, name: &str, which: Which) -> Result<Option<IpAddr>, Unplaced> {
        let mut found: Vec<(String, Option<IpAddr>)> = Vec::new();
        for (_, region) in self.world.regions() {
            named_here(region, name, which, &mut found);
        }
        for host in self.outside_hosts().filter(|host| host.name == name) {
            let wanted = |address: &&IpAddr| address.is_ipv6() == (which == Which::Ipv6);
            found.push((host.name.clone(), host.addresses.iter().find(wanted).copied()));
        }
        match found.as_slice() {
            [] => Ok(None),
            [(_, Some(address))] => Ok(Some(*address)),
            [(_, None)] => {
                let kind = match which {
                    Which::Private => "private",
                    Which::Public => "public",
                    Which::Ipv6 => "IPv6",
                };
                Err(Unplaced { message: format!("`{name}` has no {kind} address"), help: String::new() })
            }
            several => {
                let ids: Vec<String> = several.iter().take(NAMES_SHOWN).map(|(id, _)| format!("`{id}`")).collect();
                Err(Unplaced {
                    message: format!("`{name}` is the name of {}", several.len()),
                    help: format!("give the id or the address of one: {}", ids.join(", ")),
                })
            }
        }
    }

    /// A service by its short or full name: `s3`, `com.amazonaws.us-west-2.s3`.
    fn service(&self, text: &str, region: Option<&RegionName>) -> Option<Place> {
        let home = region.cloned().or_else(|| self.world.regions().next().map(|(scope, _)| scope.region))?;
        let (region, service) = self.world.service_regions().find_map(|region| {
            let mut services = self.world.services(region);
            let fits = |name: &str, short: &str| name == text || (short == text && *region == home);
            let service = services.find(|service| fits(service.name.as_str(), service.name.service()))?;
            Some((region, service))
        })?;
        if service.ranges.is_empty() {
            return None;
        }
        Some(Place::Name(match service.name.service() {
            "s3" => S3Name::of_region(region.as_str()).host(),
            other => format!("{other}.{region}.amazonaws.com"),
        }))
    }

    fn services(&self) -> impl Iterator<Item = String> {
        let all = self.world.service_regions().flat_map(|region| self.world.services(region));
        all.filter(|service| !service.ranges.is_empty()).map(|service| service.name.service().to_owned())
    }

    fn outside_hosts(&self) -> impl Iterator<Item = &'w crate::provision::OutsideHost> {
        self.outside.hosts.iter().chain(self.outside.premises.iter().flat_map(|premises| &premises.hosts))
    }

    /// What to say of a text that nobody is called by.
    fn unknown(&self, text: &str, what: &str, more: &[String]) -> Unplaced {
        let mut names: Vec<String> = self.world.regions().flat_map(|(_, region)| names_of(region)).collect();
        // A host of the internet that a question named by its address has no other name.
        let hosts = self.outside_hosts().filter(|host| host.name.parse::<IpAddr>().is_err());
        names.extend(hosts.map(|host| host.name.clone()));
        names.extend_from_slice(more);
        names.sort();
        names.dedup();
        let message = format!("`{text}` is not {what} of this world");
        let nearest = names
            .iter()
            .map(|name| (strsim::damerau_levenshtein(text, name), name))
            .filter(|(distance, name)| *distance <= 1 + name.chars().count().max(text.chars().count()) / 4)
            .min();
        let help = match nearest {
            Some((_, name)) => format!("did you mean `{name}`?"),
            None if names.is_empty() => "give an address".to_owned(),
            None => {
                let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
                let more = names.len().saturating_sub(NAMES_SHOWN);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("there are {}{more}; an id or an address does too", shown.join(", "))
            }
        };
        Unplaced { message, help }
    }
}

/// Instances, interfaces and NAT gateways of a region that have a name or an id.
fn named_here(region: &Region, name: &str, which: Which, found: &mut Vec<(String, Option<IpAddr>)>) {
    let is = |id: &str, own: &Option<String>| id == name || own.as_deref() == Some(name);
    let interfaces = region.network_interfaces();
    for instance in region.instances().values().filter(|one| is(one.id.as_str(), &one.tags.name)) {
        found.push((instance.id.to_string(), primary(region, instance).and_then(|one| address_of(one, which))));
    }
    if let Some(instance) = region.classic_instances().values().find(|one| is(one.id.as_str(), &one.tags.name)) {
        let address = if which == Which::Public { instance.public_address } else { instance.private_address };
        found.push((instance.id.to_string(), (which != Which::Ipv6).then_some(address.into())));
    }
    for nat in region.nat_gateways().values().filter(|nat| is(nat.id.as_str(), &nat.tags.name)) {
        let own = nat.addresses.first().and_then(|address| interfaces.get(&address.network_interface_id));
        found.push((nat.id.to_string(), own.and_then(|one| address_of(one, which))));
    }
    if let Some(id) = NetworkInterfaceId::parse(name) {
        found.extend(interfaces.get(&id).map(|one| (one.id.to_string(), address_of(one, which))));
    } else if found.is_empty() {
        // An interface's own name counts where no machine has it: imported interfaces often repeat their instance's.
        let named = interfaces.values().filter(|one| one.tags.name.as_deref() == Some(name));
        found.extend(named.map(|one| (one.id.to_string(), address_of(one, which))));
    }
}

fn names_of(region: &Region) -> Vec<String> {
    let label = |id: &InstanceId, name: &Option<String>| name.clone().unwrap_or_else(|| id.to_string());
    let instances = region.instances().values().map(|one| label(&one.id, &one.tags.name));
    let classic = region.classic_instances().values().map(|one| label(&one.id, &one.tags.name));
    instances.chain(classic).collect()
}

fn primary<'r>(region: &'r Region, instance: &Instance) -> Option<&'r NetworkInterface> {
    region.network_interfaces().get(instance.primary_interface()?)
}

fn address_of(interface: &NetworkInterface, which: Which) -> Option<IpAddr> {
    match which {
        Which::Private => interface.primary_address().map(IpAddr::V4),
        Which::Public => interface.public_address().map(IpAddr::V4),
        Which::Ipv6 => interface.ipv6_addresses.first().copied().map(IpAddr::V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_stands_behind_the_last_colon() {
        let split = |text| split_port(text).map(|(name, port)| (name.to_owned(), port));
        for (text, name, port) in [
            ("s3:443", "s3", Some(443)),
            ("web.public", "web.public", None),
            ("10.0.1.10:80", "10.0.1.10", Some(80)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:443", "2001:db8::1", Some(443)),
            ("[2001:db8::1]", "2001:db8::1", None),
        ] {
            assert_eq!(split(text), Ok((name.to_owned(), port)), "{text}");
        }
        for text in ["s3:", "s3:https", "s3:0", "s3:70000"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
