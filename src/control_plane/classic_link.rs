//! EC2-Classic instances and their links to VPCs, as in the document's time. Today neither exists.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::base::*;

/// An instance in EC2-Classic: outside all VPCs, with an address of the network that all customers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicInstance {
    /// Its id.
    pub id: InstanceId,
    /// Its tags.
    pub tags: Tags,
    /// Its zone.
    pub availability_zone: AvailabilityZone,
    /// Whether it runs.
    pub state: InstanceState,
    /// Its address in the shared network, and over a link.
    pub private_address: Ipv4Addr,
    /// Its address on the internet.
    pub public_address: Ipv4Addr,
    /// The VPC that it is linked to.
    pub link: Option<ClassicLink>,
}

/// An EC2-Classic instance's link to a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicLink {
    /// The VPC.
    pub vpc_id: VpcId,
    /// The VPC's groups that filter what goes over the link.
    pub groups: BTreeSet<SecurityGroupId>,
}

action_struct! {
    /// Allows EC2-Classic instances to be linked to a VPC.
    EnableVpcClassicLink(
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Links an EC2-Classic instance to a VPC.
    AttachClassicLinkVpc(
        /// The instance.
        instance_id: InstanceId,
        /// The VPC.
        vpc_id: VpcId,
        /// The VPC's groups that filter what goes over the link.
        groups: Vec<SecurityGroupId>,
    ) {}
}

action_struct! {
    /// Ends a link.
    DetachClassicLinkVpc(
        /// The instance.
        instance_id: InstanceId,
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

impl Perform for EnableVpcClassicLink {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let vpc = cx.region().need_vpc(&self.vpc_id)?;
        only_2017(cx)?;
        // EC2-Classic uses 10.0.0.0/8; only VPCs in its first two /16 blocks, or outside it, may be linked (EC2 User
        // Guide, "ClassicLink limitations").
        let classic = classic_addresses();
        let open = Cidr::parse("10.0.0.0/15").expect("a block");
        if vpc.cidr_blocks.iter().any(|block| block.overlaps(&classic) && !open.covers(block)) {
            let text = format!("VPC {} has a CIDR block that conflicts with EC2-Classic", vpc.id);
            return Err(ControlError::value(text));
        }
        let tables: Vec<RouteTableId> = cx
            .region()
            .contents(&self.vpc_id)
            .into_iter()
            .flat_map(|contents| contents.route_tables.iter().cloned())
            .collect();
        let conflicts = |id: &RouteTableId| {
            let routes = cx.region().route_tables.get(id).into_iter().flat_map(RouteTable::routes);
            let mut blocks = routes.filter(|route| route.target != RouteTarget::Local).map(|route| &route.destination);
            blocks.any(|destination| matches!(destination, Destination::Cidr(block) if classic.covers(block)))
        };
        if let Some(table) = tables.iter().find(|id| conflicts(id)) {
            let text = format!("Route table {table} has a route that conflicts with EC2-Classic");
            return Err(ControlError::value(text));
        }
        let vpc = cx.region_mut().vpcs.get_mut(&self.vpc_id).expect("looked up above");
        vpc.classic_link_enabled = true;
        cx.touch(Touch::Vpc(self.vpc_id.clone()));
        // Every table gets a local route for EC2-Classic's block (EC2 User Guide, "Routing for ClassicLink").
        for id in tables {
            let table = cx.region_mut().route_tables.get_mut(&id).expect("listed by its VPC");
            table.add_local(classic);
            cx.touch(Touch::RouteTable(id));
        }
        Ok(())
    }
}

impl Perform for AttachClassicLinkVpc {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let instance = region.need_classic_instance(&self.instance_id)?;
        let vpc = region.need_vpc(&self.vpc_id)?;
        if !vpc.classic_link_enabled {
            let text = format!("VPC {} is not enabled for ClassicLink", vpc.id);
            return Err(ControlError::new(ErrorCode::InvalidVpcState, text));
        }
        if instance.link.is_some() || instance.state != InstanceState::Running {
            let text = format!("Instance {} is already linked, or does not run", instance.id);
            return Err(ControlError::new(ErrorCode::InvalidClassicLink, text));
        }
        let groups: BTreeSet<SecurityGroupId> = self.groups.iter().cloned().collect();
        if groups.is_empty() {
            let text = "The request must contain the parameter groups";
            return Err(ControlError::new(ErrorCode::MissingParameter, text));
        }
        cx.check_groups(&self.vpc_id, &groups)?;
        let link = ClassicLink { vpc_id: self.vpc_id.clone(), groups };
        set_link(cx, &self.instance_id, Some(link));
        Ok(())
    }
}

impl Perform for DetachClassicLinkVpc {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let instance = cx.region().need_classic_instance(&self.instance_id)?;
        if instance.link.as_ref().map(|link| &link.vpc_id) != Some(&self.vpc_id) {
            let text = format!("Instance {} is not linked to VPC {}", instance.id, self.vpc_id);
            return Err(ControlError::new(ErrorCode::InvalidClassicLink, text));
        }
        set_link(cx, &self.instance_id, None);
        Ok(())
    }
}

fn set_link(cx: &mut Context<'_>, id: &InstanceId, link: Option<ClassicLink>) {
    let instance = cx.region_mut().classic_instances.get_mut(id).expect("looked up before");
    let groups = link.iter().flat_map(|link| &link.groups).cloned().collect::<Vec<_>>();
    let old = std::mem::replace(&mut instance.link, link);
    for group in old.into_iter().flat_map(|link| link.groups).chain(groups) {
        cx.touch(Touch::GroupMembers(group));
    }
    cx.touch(Touch::ClassicInstance(id.clone()));
}

impl Context<'_> {
    /// A launch without a subnet: EC2-Classic in the document's time, a mistake today.
    pub(super) fn run_classic(&mut self, run: &RunInstances) -> Result<(), ControlError> {
        if self.era() != Era::Y2017 {
            let text = "No default VPC for this user";
            return Err(ControlError::new(ErrorCode::VpcIdNotSpecified, text));
        }
        if run.count.unwrap_or(1) != 1 || !run.security_group_ids.is_empty() || run.primary_interface_id.is_some() {
            let text = "Instances in EC2-Classic are launched one by one, without groups or interfaces of a VPC";
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        if !self.world.public_addresses.vacancies(1) {
            return Err(no_public_address());
        }
        let in_use = |address: Ipv4Addr| {
            let mut all = self.world.regions().flat_map(|(_, region)| region.classic_instances.values());
            all.any(|instance| instance.private_address == address)
        };
        let private_address = match run.private_ip_address {
            Some(address) if !classic_block().contains(IpAddr::V4(address)) || in_use(address) => {
                let text = format!("Address {address} is not free in EC2-Classic.");
                return Err(ControlError::new(ErrorCode::InvalidIpAddressInUse, text));
            }
            Some(address) => address,
            None => {
                let mut places = (FIRST..classic_block().size()).filter_map(|place| classic_block().nth(place));
                let free = places.find_map(|address| match address {
                    IpAddr::V4(address) if !in_use(address) => Some(address),
                    IpAddr::V4(_) | IpAddr::V6(_) => None,
                });
                free.ok_or_else(no_public_address)?
            }
        };
        let availability_zone = self.zone(None)?;
        let id: InstanceId = self.new_id(run.id.as_ref(), run.tags.name.as_deref())?;
        let public_address = self.world.public_addresses.next().expect("a vacancy was seen above");
        let holder = PublicHolder::Classic(self.scope.clone(), id.clone());
        self.world.public_addresses.take(public_address, holder);
        let instance = ClassicInstance {
            id: id.clone(),
            tags: run.tags.clone(),
            availability_zone,
            state: InstanceState::Running,
            private_address,
            public_address,
            link: None,
        };
        self.region_mut().classic_instances.insert(id.clone(), instance);
        self.created(id.clone());
        self.touch(Touch::ClassicInstance(id));
        Ok(())
    }

    /// Whether an EC2-Classic instance is linked to a VPC.
    pub(super) fn classic_links(&self, vpc: &VpcId) -> bool {
        let mut instances = self.region().classic_instances.values();
        instances.any(|instance| instance.link.as_ref().is_some_and(|link| link.vpc_id == *vpc))
    }
}

/// Addresses below are left to routers.
const FIRST: u128 = 10;

/// The block that EC2-Classic's instances have their private addresses in.
pub(super) fn classic_addresses() -> Cidr {
    Cidr::parse("10.0.0.0/8").expect("a block")
}

/// Where EC2-Classic's addresses are taken from here: a part of 10.0.0.0/8 that no linkable VPC can have.
fn classic_block() -> Cidr {
    Cidr::new(Ipv4Addr::new(10, 176, 0, 0).into(), 12).expect("12 is a length of IPv4")
}

fn only_2017(cx: &Context<'_>) -> Result<(), ControlError> {
    if cx.era() == Era::Y2017 {
        return Ok(());
    }
    // EC2-Classic was retired in 2022. The code is UNSOURCED.
    let text = "EC2-Classic and ClassicLink do not exist in this era";
    Err(ControlError::new(ErrorCode::OperationNotPermitted, text))
}
