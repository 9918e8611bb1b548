//! What a run's bytes and hours would cost (R55): a NAT gateway charges by the GB and the hour, the internet by the GB that
//! leaves AWS, a gateway endpoint nothing. Counts no packet itself.

use std::fmt;

use crate::trace::{Component, Directory, NodeId, NodeInfo};

/// US dollars in billionths, so that a few bytes are not lost.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(pub u64);

/// Prices of one run, and the hours that were used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// A GB that a NAT gateway processes, in whichever direction.
    pub nat_gateway: Dollars,
    /// An hour of a NAT gateway; a part of one counts as a whole one.
    pub nat_gateway_hour: Dollars,
    /// A GB that leaves AWS for a host of the internet.
    pub internet: Dollars,
    /// A GB through a gateway endpoint.
    pub endpoint: Dollars,
    /// The hours of each NAT gateway, by its id.
    pub nat_hours: Vec<(String, u64)>,
}

/// What is charged for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Bytes that a NAT gateway processed.
    NatGateway,
    /// Hours of a NAT gateway.
    NatGatewayHours,
    /// Bytes that left AWS for the internet.
    Internet,
    /// Bytes through a gateway endpoint.
    Endpoint,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// For what.
    pub item: Item,
    /// The device, or the host of the internet, by name.
    pub name: String,
    /// Bytes or hours.
    pub quantity: u64,
    /// What a GB or an hour costs.
    pub price: Dollars,
    /// What that comes to.
    pub cost: Dollars,
}

/// What a run costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Its lines: endpoints, NAT gateways with their hours, the internet.
    pub charges: Vec<Charge>,
}

/// A GB of Amazon's bills is 2^30 bytes.
const GB: u128 = 1 << 30;

impl Tariff {
    /// What `us-east-1` and most regions charge: 0.045 dollars a GB and an hour of a NAT gateway, 0.09 a GB to the
    /// internet (the pricing pages of Amazon VPC and EC2, first steps; UNSOURCED in the fact sheet). An endpoint is free
    /// (facts E10).
    pub const fn usual() -> Self {
        Self {
            nat_gateway: Dollars(45_000_000),
            nat_gateway_hour: Dollars(45_000_000),
            internet: Dollars(90_000_000),
            endpoint: Dollars(0),
            nat_hours: Vec::new(),
        }
    }

    /// The price of a name of the price table, to change.
    pub fn price_mut(&mut self, name: &str) -> Option<&mut Dollars> {
        match name {
            "nat-gateway" => Some(&mut self.nat_gateway),
            "nat-gateway-hour" => Some(&mut self.nat_gateway_hour),
            "internet" => Some(&mut self.internet),
            "endpoint" => Some(&mut self.endpoint),
            _ => None,
        }
    }

    /// The bill for the bytes that entered each node.
    pub fn bill(&self, directory: &Directory, bytes: impl Fn(NodeId) -> u64) -> Bill {
        let mut charges = Vec::new();
        for (index, info) in directory.nodes.iter().enumerate() {
            let bytes = || bytes(NodeId(index as u32));
            let mut add = |item: Item, quantity: u64, price: Dollars| {
                let unit = if item == Item::NatGatewayHours { 1 } else { GB };
                let cost = u128::from(quantity) * u128::from(price.0) / unit;
                let cost = Dollars(u64::try_from(cost).unwrap_or(u64::MAX));
                charges.push(Charge { item, name: info.name.clone(), quantity, price, cost });
            };
            match info.component {
                Component::NatGateway => {
                    add(Item::NatGateway, bytes(), self.nat_gateway);
                    if let Some((_, hours)) = self.nat_hours.iter().find(|(id, _)| *id == info.id) {
                        add(Item::NatGatewayHours, *hours, self.nat_gateway_hour);
                    }
                }
                Component::VpcEndpoint => add(Item::Endpoint, bytes(), self.endpoint),
                Component::Internet if is_host(info) && 0 < bytes() => add(Item::Internet, bytes(), self.internet),
                _ => {}
            }
        }
        charges.sort_by(|a, b| (a.item.rank(), &a.name, a.item).cmp(&(b.item.rank(), &b.name, b.item)));
        Bill { charges }
    }
}

/// A host of the internet; the internet itself has no address, and is not where bytes end.
fn is_host(info: &NodeInfo) -> bool {
    !info.addresses.is_empty()
}

impl Bill {
    /// What one kind of thing comes to, by its name in expectations; `all` for everything. `None` for a name of
    /// nothing.
    pub fn of(&self, path: &str) -> Option<Dollars> {
        if path != "all" && !Item::ALL.iter().any(|item| item.word() == path) {
            return None;
        }
        let charges = self.charges.iter().filter(|charge| path == "all" || charge.item.word() == path);
        Some(Dollars(charges.map(|charge| charge.cost.0).sum()))
    }
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NatGateway, Self::NatGatewayHours, Self::Internet, Self::Endpoint];

    /// Its name in expectations.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NatGateway => "nat-gateway",
            Self::NatGatewayHours => "nat-gateway-hours",
            Self::Internet => "internet",
            Self::Endpoint => "endpoint",
        }
    }

    /// What it is, in a bill.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NatGateway => "data processed",
            Self::NatGatewayHours => "hours",
            Self::Internet => "data to the internet",
            Self::Endpoint => "data through the endpoint",
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Endpoint => 0,
            Self::NatGateway | Self::NatGatewayHours => 1,
            Self::Internet => 2,
        }
    }
}

impl Dollars {
    /// Reads `0.045` or `$0.045`; less than a billion.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim_start_matches('$').parse::<f64>().ok().filter(|number| (0.0..1e9).contains(number))?;
        Some(Self((number * 1e9).round() as u64))
    }
}

/// `$0.045`, with as many digits as it has, nine at the most.
impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if rest == 0 {
            return f.pad(&format!("${whole}"));
        }
        let digits = format!("{rest:09}");
        f.pad(&format!("${whole}.{}", digits.trim_end_matches('0')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for (name, component, address) in [
            ("internet", Component::Internet, None),
            ("nat", Component::NatGateway, None),
            ("s3-endpoint", Component::VpcEndpoint, None),
            ("far", Component::Internet, Some("198.51.100.7")),
        ] {
            let addresses = address.into_iter().map(|text: &str| text.parse().expect("an address")).collect();
            directory.nodes.push(NodeInfo { component, id: name.into(), name: name.into(), addresses });
        }
        directory
    }

    #[test]
    fn a_nat_gateway_charges_bytes_and_hours_the_internet_what_leaves_and_an_endpoint_nothing() {
        let tariff = Tariff { nat_hours: vec![("nat".into(), 2)], ..Tariff::usual() };
        let bill = tariff.bill(&directory(), |_| 1 << 30);
        let of = |path: &str| bill.of(path).map(|dollars| dollars.to_string());
        assert_eq!(of("nat-gateway").as_deref(), Some("$0.045"));
        assert_eq!(of("nat-gateway-hours").as_deref(), Some("$0.09"));
        assert_eq!(of("internet").as_deref(), Some("$0.09"));
        assert_eq!(of("endpoint").as_deref(), Some("$0"));
        assert_eq!(of("all").as_deref(), Some("$0.225"));
        assert_eq!(of("nat"), None, "a path that nobody knows costs nothing that could be compared");
    }

    #[test]
    fn a_few_bytes_are_not_rounded_away() {
        let bill = Tariff::usual().bill(&directory(), |_| 1_000);
        assert_eq!(bill.of("nat-gateway"), Some(Dollars(41)));
    }
}
