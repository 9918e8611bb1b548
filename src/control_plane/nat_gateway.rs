//! A NAT gateway: where it stands, with which addresses, and why it failed. Translates nothing.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::*;
use crate::base::*;

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatGateway {
    /// Its id.
    pub id: NatGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// Its subnet, whose zone it lives and dies with.
    pub subnet_id: SubnetId,
    /// Whether it has a public side.
    pub connectivity: Connectivity,
    /// Whether it works.
    pub state: NatGatewayState,
    /// Its addresses; one in the document's time (facts N16).
    pub addresses: Vec<NatGatewayAddress>,
    /// When it was created.
    pub created_at: SimTime,
}

/// Whether a NAT gateway has a public side.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Connectivity {
    /// It has an Elastic IP and needs an internet gateway.
    #[default]
    Public,
    /// It has neither (facts N22, later).
    Private,
}

impl Connectivity {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// A NAT gateway's state (facts N17). `pending` and `deleting` take no time here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatGatewayState {
    /// It translates.
    Available,
    /// It could not be set up; its record stays visible for about an hour.
    Failed {
        /// When.
        at: SimTime,
        /// EC2's code.
        code: ErrorCode,
        /// EC2's text.
        message: String,
    },
    /// It was deleted; its record stays visible for about an hour.
    Deleted {
        /// When.
        at: SimTime,
    },
}

impl NatGatewayState {
    /// EC2's word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Failed { .. } => "failed",
            Self::Deleted { .. } => "deleted",
        }
    }
}

/// One address of a NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatGatewayAddress {
    /// Its interface in the subnet.
    pub network_interface_id: NetworkInterfaceId,
    /// The private address there.
    pub private_ip: Ipv4Addr,
    /// The Elastic IP, if it is public.
    pub elastic: Option<(AllocationId, Ipv4Addr)>,
}

impl NatGateway {
    /// Whether it translates.
    pub const fn is_live(&self) -> bool {
        matches!(self.state, NatGatewayState::Available)
    }
}

action_struct! {
    /// Creates a NAT gateway. What is wrong with its place or address shows as state `failed` (facts N18).
    CreateNatGateway(
        /// The subnet that it stands in.
        subnet_id: SubnetId,
    ) {
        /// The id, if it is not to be made.
        id: Option<NatGatewayId>,
        /// Its tags.
        tags: Tags,
        /// The Elastic IP.
        allocation_id: Option<AllocationId>,
        /// Whether it has a public side.
        connectivity_type: Connectivity,
        /// Its private address, if it is not to be the next free one.
        private_ip_address: Option<Ipv4Addr>,
        /// The id of its interface, if it is not to be made.
        network_interface_id: Option<NetworkInterfaceId>,
        /// Further private addresses.
        secondary_private_ip_addresses: Vec<Ipv4Addr>,
        /// The Elastic IPs of those, in the same order, if it is public.
        secondary_allocation_ids: Vec<AllocationId>,
    }
}

action_struct! {
    /// Deletes a NAT gateway. Its Elastic IP stays allocated, its routes turn into blackholes (facts N16).
    DeleteNatGateway(
        /// The gateway.
        nat_gateway_id: NatGatewayId,
    ) {}
}

impl Perform for CreateNatGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let Some(subnet) = region.subnets.get(&self.subnet_id) else {
            // Facts N18; without its subnet there is no gateway that could fail.
            let text = format!("The specified subnet {} does not exist or could not be found.", self.subnet_id);
            return Err(ControlError::new(ErrorCode::InvalidSubnetIdNotFound, text));
        };
        let (vpc_id, zone) = (subnet.vpc_id.clone(), subnet.availability_zone.clone());
        self.check_parameters(cx)?;
        let in_zone = region.nat_gateways.values().filter(|gateway| gateway.is_live());
        let have =
            in_zone.filter(|g| region.subnets.get(&g.subnet_id).is_some_and(|s| s.availability_zone == zone)).count();
        let limit = cx.limits().nat_gateways_per_zone;
        // Facts N19.
        let text = format!("Performing this operation would exceed the limit of {limit} NAT gateways");
        cx.quota((have, 1, limit), ErrorCode::NatGatewayLimitExceeded, &text)?;
        for address in self.private_ip_address.iter().chain(&self.secondary_private_ip_addresses) {
            subnet.check_address((*address).into())?;
        }
        let mut new = NewInterface {
            address: self.private_ip_address,
            secondary: self.secondary_private_ip_addresses.clone(),
            interface_type: InterfaceType::NatGateway,
            attachment: Some(OF_AWS),
            ..NewInterface::plain(self.subnet_id.clone())
        };
        let failure = self.failure(cx, subnet, &vpc_id);
        if failure.is_none() {
            cx.check_interfaces(&mut new, 1)?;
        }
        let id: NatGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let eni: NetworkInterfaceId = cx.new_id(self.network_interface_id.as_ref(), Some(&format!("{id}/eni")))?;
        new.description = format!("Interface for NAT Gateway {id}");

        let mut gateway = NatGateway {
            id: id.clone(),
            tags: self.tags.clone(),
            vpc_id,
            subnet_id: self.subnet_id.clone(),
            connectivity: self.connectivity_type,
            state: NatGatewayState::Available,
            addresses: Vec::new(),
            created_at: cx.at,
        };
        cx.created(id.clone());
        if let Some((code, message)) = failure {
            cx.applied.failures.push(format!("NAT gateway {id} is in state failed: {code}: {message}"));
            gateway.state = NatGatewayState::Failed { at: cx.at, code, message };
        } else {
            cx.write_interface(eni.clone(), new);
            gateway.addresses = self.join(cx, &eni);
        }
        cx.region_mut().put_nat_gateway(gateway);
        cx.touch(Touch::NatGateway(id));
        Ok(())
    }
}

impl CreateNatGateway {
    /// Joins the addresses of its new interface with its Elastic IPs.
    fn join(&self, cx: &mut Context<'_>, eni: &NetworkInterfaceId) -> Vec<NatGatewayAddress> {
        let record = cx.region().network_interfaces.get(eni).expect("it was just made");
        let privates: Vec<Ipv4Addr> = record.private_addresses.iter().map(|own| own.address).collect();
        let mut allocations = self.allocation_id.iter().chain(&self.secondary_allocation_ids);
        let mut addresses = Vec::with_capacity(privates.len());
        for private_ip in privates {
            let allocation = allocations.next();
            if let Some(allocation) = allocation {
                cx.join_elastic(allocation, eni, private_ip);
            }
            let elastic = allocation.and_then(|allocation| {
                cx.region().elastic_ips.get(allocation).map(|ip| (allocation.clone(), ip.public_ip))
            });
            addresses.push(NatGatewayAddress { network_interface_id: eni.clone(), private_ip, elastic });
        }
        addresses
    }

    fn check_parameters(&self, cx: &Context<'_>) -> Result<(), ControlError> {
        match (self.connectivity_type, &self.allocation_id) {
            (Connectivity::Public, None) => {
                let text = "The request must contain the parameter AllocationId";
                Err(ControlError::new(ErrorCode::MissingParameter, text))
            }
            (Connectivity::Private, _) if cx.era() == Era::Y2017 => {
                let text = "The parameter ConnectivityType is not recognized";
                Err(ControlError::new(ErrorCode::UnknownParameter, text))
            }
            (Connectivity::Private, Some(_)) => {
                let text = "A private NAT gateway cannot have an AllocationId";
                Err(ControlError::new(ErrorCode::InvalidParameterCombination, text))
            }
            (Connectivity::Public, Some(_)) | (Connectivity::Private, None) => self.check_secondary(cx),
        }
    }

    /// Secondary addresses came after the document (facts N16); each of a public gateway has an Elastic IP of its own.
    fn check_secondary(&self, cx: &Context<'_>) -> Result<(), ControlError> {
        let (privates, elastic) = (self.secondary_private_ip_addresses.len(), self.secondary_allocation_ids.len());
        if cx.era() == Era::Y2017 && 0 < privates + elastic {
            let text = "The parameter SecondaryPrivateIpAddress is not recognized";
            return Err(ControlError::new(ErrorCode::UnknownParameter, text));
        }
        let wanted = if self.connectivity_type == Connectivity::Public { privates } else { 0 };
        if elastic != wanted {
            let text = "Each secondary private address of a public NAT gateway needs one secondary AllocationId";
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        Ok(())
    }

    /// Why the gateway would go to state `failed`, if it would (facts N18).
    fn failure(&self, cx: &Context<'_>, subnet: &Subnet, vpc: &VpcId) -> Option<(ErrorCode, String)> {
        let region = cx.region();
        if subnet.available_address_count() == 0 {
            let text = "Subnet has insufficient free addresses to create this NAT gateway";
            return Some((ErrorCode::InsufficientFreeAddressesInSubnet, text.to_owned()));
        }
        self.allocation_id.as_ref()?;
        if region.contents.get(vpc).is_none_or(|contents| contents.internet_gateway.is_none()) {
            let text = format!("Network {vpc} has no Internet gateway attached");
            return Some((ErrorCode::GatewayNotAttached, text));
        }
        let mut seen = BTreeSet::new();
        self.allocation_id.iter().chain(&self.secondary_allocation_ids).find_map(|allocation| {
            match region.elastic_ips.get(allocation) {
                None => {
                    let text = format!("Elastic IP address {allocation} could not be associated with this NAT gateway");
                    Some((ErrorCode::InvalidAllocationIdNotFound, text))
                }
                Some(ip) if ip.association.is_some() || !seen.insert(allocation) => {
                    let text = format!("Elastic IP address {allocation} is already associated");
                    Some((ErrorCode::ResourceAlreadyAssociated, text))
                }
                Some(_) => None,
            }
        })
    }
}

impl Perform for DeleteNatGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id = self.nat_gateway_id.clone();
        let gateway = cx.region().need_nat_gateway(&id)?;
        if matches!(gateway.state, NatGatewayState::Deleted { .. }) {
            return Err(ControlError::not_found(ErrorCode::NatGatewayNotFound, "natGateway", &id));
        }
        for address in gateway.addresses.clone() {
            cx.drop_interface(&address.network_interface_id);
        }
        let at = cx.at;
        let gateway = cx.region_mut().nat_gateways.get_mut(&id).expect("looked up above");
        gateway.state = NatGatewayState::Deleted { at };
        cx.touch(Touch::NatGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::NatGateway(id));
        Ok(())
    }
}

impl Region {
    pub(super) fn put_nat_gateway(&mut self, gateway: NatGateway) {
        self.contents_mut(&gateway.vpc_id).nat_gateways.insert(gateway.id.clone());
        self.nat_gateways.insert(gateway.id.clone(), gateway);
    }
}
