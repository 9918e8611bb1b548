//! An instance: its state and its interfaces. The machine that runs is made elsewhere.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::base::*;

/// An instance in a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// The subnet of its primary interface.
    pub subnet_id: SubnetId,
    /// Its zone.
    pub availability_zone: AvailabilityZone,
    /// Its type, for example `t2.micro`. Decides nothing here.
    pub instance_type: String,
    /// Whether it runs.
    pub state: InstanceState,
    /// Its interfaces by device index; 0 is the primary one.
    pub interfaces: BTreeMap<u32, NetworkInterfaceId>,
    /// Whether its primary address gets a public one from the pool at each start.
    pub public_at_start: bool,
    /// The role that its programs act as.
    pub role: Option<String>,
    /// When it was launched.
    pub launched_at: SimTime,
}

/// Whether an instance runs. The states between take no time here.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// It runs.
    Running,
    /// It is stopped, and keeps its interfaces.
    Stopped,
    /// It is gone; its record stays visible for about an hour.
    Terminated {
        /// When it went.
        at: SimTime,
    },
}

impl InstanceState {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Terminated { .. } => "terminated",
        }
    }

    /// EC2's number for the state.
    pub const fn code(self) -> u16 {
        match self {
            Self::Running => 16,
            Self::Terminated { .. } => 48,
            Self::Stopped => 80,
        }
    }
}

impl Instance {
    /// Whether it was not terminated.
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, InstanceState::Terminated { .. })
    }

    /// Its primary interface; a terminated instance has none.
    pub fn primary_interface(&self) -> Option<&NetworkInterfaceId> {
        self.interfaces.get(&0)
    }
}

action_struct! {
    /// Launches instances.
    RunInstances() {
        /// The subnet. In the document's time an instance without one is launched in EC2-Classic.
        subnet_id: Option<SubnetId>,
        /// The id, if it is not to be made. Only for a single instance.
        id: Option<InstanceId>,
        /// Its tags. Several instances get their number behind the name.
        tags: Tags,
        /// How many; one if left out.
        count: Option<u32>,
        /// The type.
        instance_type: Option<String>,
        /// The id of the primary interface, if it is not to be made. Only for a single instance.
        primary_interface_id: Option<NetworkInterfaceId>,
        /// Interfaces that exist already, by device index from 0, instead of a new one.
        network_interface_ids: Vec<NetworkInterfaceId>,
        /// The primary private address, if it is not to be the next free one. Only for a single instance.
        private_ip_address: Option<Ipv4Addr>,
        /// Secondary private addresses. Only for a single instance.
        secondary_private_ip_addresses: Vec<Ipv4Addr>,
        /// IPv6 addresses. Only for a single instance.
        ipv6_addresses: Vec<Ipv6Addr>,
        /// How many IPv6 addresses each gets; otherwise as the subnet says.
        ipv6_address_count: Option<u32>,
        /// The security groups; otherwise the VPC's default group.
        security_group_ids: Vec<SecurityGroupId>,
        /// Whether each gets a public address from the pool; otherwise as the subnet says.
        associate_public_ip_address: Option<bool>,
        /// The public address that it gets, if it is not to be the next of the pool. Only for a single instance.
        public_ip_address: Option<Ipv4Addr>,
        /// The role that its programs act as (EC2 names it by an instance profile).
        iam_instance_profile: Option<String>,
    }
}

action_struct! {
    /// Starts stopped instances.
    StartInstances(
        /// The instances.
        instance_ids: Vec<InstanceId>,
    ) {}
}

action_struct! {
    /// Stops running instances. Public addresses from the pool are lost.
    StopInstances(
        /// The instances.
        instance_ids: Vec<InstanceId>,
    ) {}
}

action_struct! {
    /// Terminates instances. Interfaces that were made with them go too.
    TerminateInstances(
        /// The instances.
        instance_ids: Vec<InstanceId>,
    ) {}
}

action_struct! {
    /// Changes the primary interface of an instance: its check or groups.
    ModifyInstanceAttribute(
        /// The instance.
        instance_id: InstanceId,
    ) {
        /// Whether it refuses what is not for or from its own addresses.
        source_dest_check: Option<bool>,
        /// Its security groups, all of them.
        groups: Option<Vec<SecurityGroupId>>,
    }
}

impl Perform for RunInstances {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let count = self.count.unwrap_or(1) as usize;
        let single = self.id.is_none()
            && self.primary_interface_id.is_none()
            && self.private_ip_address.is_none()
            && self.secondary_private_ip_addresses.is_empty()
            && self.ipv6_addresses.is_empty()
            && self.public_ip_address.is_none()
            && self.network_interface_ids.is_empty();
        if count == 0 || (1 < count && !single) {
            let text = "Network interfaces and addresses may be specified only when launching a single instance";
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        if let Some(role) = &self.iam_instance_profile
            && cx.world.accounts.get(&cx.scope.account).is_none_or(|account| !account.roles.contains_key(role))
        {
            let text = format!("Value ({role}) for parameter iamInstanceProfile.name is invalid.");
            return Err(ControlError::value(text));
        }
        if !self.network_interface_ids.is_empty() {
            return self.on_existing_interfaces(cx);
        }
        let Some(subnet_id) = &self.subnet_id else { return cx.run_classic(self) };
        let mut new = NewInterface {
            address: self.private_ip_address,
            secondary: self.secondary_private_ip_addresses.clone(),
            ipv6: self.ipv6_addresses.clone(),
            ipv6_count: self.ipv6_address_count,
            groups: self.security_group_ids.iter().cloned().collect(),
            ..NewInterface::plain(subnet_id.clone())
        };
        cx.check_interfaces(&mut new, count)?;
        let by_subnet = cx.region().need_subnet(subnet_id)?.map_public_ip_on_launch;
        let public = self.associate_public_ip_address.unwrap_or(by_subnet || self.public_ip_address.is_some());
        match self.public_ip_address.filter(|_| public) {
            Some(address) if !cx.world.public_addresses.is_free(address) => {
                let text = format!("Address {address} is in use.");
                return Err(ControlError::new(ErrorCode::InvalidIpAddressInUse, text));
            }
            None if public && !cx.world.public_addresses.vacancies(count) => return Err(no_public_address()),
            Some(_) | None => {}
        }
        // Ids that were given must be free before anything is written.
        let first: InstanceId = cx.new_id(self.id.as_ref(), self.name(0).as_deref())?;
        let eni_name = self.eni_name(&first);
        let first_eni: NetworkInterfaceId = cx.new_id(self.primary_interface_id.as_ref(), Some(&eni_name))?;
        self.write(cx, 0, (first, first_eni), new.clone(), public);
        for index in 1..count {
            let name = self.name(index);
            let id: InstanceId = cx.new_id(None, name.as_deref()).expect("no id was given");
            let eni = cx.new_id(None, Some(&self.eni_name(&id))).expect("no id was given");
            self.write(cx, index, (id, eni), new.clone(), public);
        }
        Ok(())
    }
}

impl RunInstances {
    fn name(&self, index: usize) -> Option<String> {
        let name = self.tags.name.as_ref()?;
        if self.count.unwrap_or(1) == 1 { Some(name.clone()) } else { Some(format!("{name}-{}", index + 1)) }
    }

    fn eni_name(&self, instance: &InstanceId) -> String {
        format!("{instance}/eth0")
    }

    /// Makes one checked instance, the `index`th of its launch.
    fn write(
        &self,
        cx: &mut Context<'_>,
        index: usize,
        (id, eni): (InstanceId, NetworkInterfaceId),
        new: NewInterface,
        public: bool,
    ) {
        let subnet = cx.region().subnets.get(&new.subnet_id).expect("checked before");
        let instance = Instance {
            id: id.clone(),
            tags: Tags { name: self.name(index), others: self.tags.others.clone() },
            vpc_id: subnet.vpc_id.clone(),
            subnet_id: subnet.id.clone(),
            availability_zone: subnet.availability_zone.clone(),
            instance_type: self.instance_type.clone().unwrap_or_else(|| INSTANCE_TYPE.to_owned()),
            state: InstanceState::Running,
            interfaces: BTreeMap::from([(0, eni.clone())]),
            public_at_start: public,
            role: self.iam_instance_profile.clone(),
            launched_at: cx.at,
        };
        let attachment = Attachment { instance_id: Some(id.clone()), device_index: 0, delete_on_termination: true };
        cx.region_mut().instances.insert(id.clone(), instance);
        cx.created(id.clone());
        cx.write_interface(eni.clone(), NewInterface { attachment: Some(attachment), ..new });
        if public {
            cx.map_launch_public(&eni, self.public_ip_address);
        }
        cx.touch(Touch::Instance(id));
    }

    /// A launch onto interfaces that exist already; they outlive the instance.
    fn on_existing_interfaces(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let mut records = Vec::new();
        for id in &self.network_interface_ids {
            let eni = region.need_network_interface(id)?;
            if eni.attachment.is_some() || records.iter().any(|other: &&NetworkInterface| other.id == *id) {
                let text = format!("Interface: [{id}] in use");
                return Err(ControlError::new(ErrorCode::InvalidNetworkInterfaceInUse, text));
            }
            records.push(eni);
        }
        let first = *records.first().expect("the caller saw one");
        let elsewhere =
            |eni: &&NetworkInterface| eni.availability_zone != first.availability_zone || eni.vpc_id != first.vpc_id;
        if records.iter().any(elsewhere) {
            let text = "Network interfaces of one instance must be in the same availability zone and VPC";
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        let instance = Instance {
            id: InstanceId::of_name("placeholder", 8),
            tags: self.tags.clone(),
            vpc_id: first.vpc_id.clone(),
            subnet_id: first.subnet_id.clone(),
            availability_zone: first.availability_zone.clone(),
            instance_type: self.instance_type.clone().unwrap_or_else(|| INSTANCE_TYPE.to_owned()),
            state: InstanceState::Running,
            interfaces: BTreeMap::new(),
            public_at_start: false,
            role: self.iam_instance_profile.clone(),
            launched_at: cx.at,
        };
        let id: InstanceId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let interfaces: BTreeMap<u32, _> = (0..).zip(self.network_interface_ids.iter().cloned()).collect();
        cx.created(id.clone());
        let record = Instance { id: id.clone(), interfaces: interfaces.clone(), ..instance };
        cx.region_mut().instances.insert(id.clone(), record);
        for (device_index, eni) in interfaces {
            let attachment = Attachment { instance_id: Some(id.clone()), device_index, delete_on_termination: false };
            let record = cx.region_mut().network_interfaces.get_mut(&eni).expect("looked up above");
            record.attachment = Some(attachment);
            cx.touch(Touch::NetworkInterface(eni.clone()));
            cx.refresh_routes(&RouteTarget::NetworkInterface(eni));
        }
        cx.touch(Touch::Instance(id));
        Ok(())
    }
}

/// What an instance is when nobody says.
const INSTANCE_TYPE: &str = "t2.micro";

impl Perform for StartInstances {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        live(cx.region(), &self.instance_ids)?;
        let pooled = |id: &&InstanceId| cx.region().instances.get(*id).is_some_and(|i| i.public_at_start);
        let wanted = self.instance_ids.iter().filter(pooled).count();
        if !cx.world.public_addresses.vacancies(wanted) {
            return Err(no_public_address());
        }
        for id in &self.instance_ids {
            let instance = cx.region_mut().instances.get_mut(id).expect("looked up above");
            if instance.state == InstanceState::Running {
                continue;
            }
            instance.state = InstanceState::Running;
            let (public, eni) = (instance.public_at_start, instance.interfaces.get(&0).cloned());
            if let Some(eni) = eni {
                let has_one = cx.region().network_interfaces.get(&eni).is_some_and(|e| e.public_address().is_some());
                if public && !has_one {
                    cx.map_launch_public(&eni, None);
                }
            }
            cx.state_changed(id);
        }
        Ok(())
    }
}

impl Perform for StopInstances {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        live(cx.region(), &self.instance_ids)?;
        for id in &self.instance_ids {
            let instance = cx.region_mut().instances.get_mut(id).expect("looked up above");
            if instance.state == InstanceState::Stopped {
                continue;
            }
            instance.state = InstanceState::Stopped;
            for eni in cx.interfaces_of(id) {
                cx.lose_pooled_addresses(&eni);
            }
            cx.state_changed(id);
        }
        Ok(())
    }
}

impl Perform for TerminateInstances {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        for id in &self.instance_ids {
            cx.region().need_instance(id)?;
        }
        for id in &self.instance_ids {
            if !cx.region().instances.get(id).is_some_and(Instance::is_live) {
                continue;
            }
            let enis = cx.interfaces_of(id);
            let at = cx.at;
            let instance = cx.region_mut().instances.get_mut(id).expect("looked up above");
            instance.state = InstanceState::Terminated { at };
            instance.interfaces.clear();
            for eni in enis {
                let record = cx.region_mut().network_interfaces.get_mut(&eni).expect("an instance's interfaces exist");
                let attachment = record.attachment.take();
                if attachment.is_some_and(|attachment| attachment.delete_on_termination) {
                    cx.drop_interface(&eni);
                } else {
                    cx.lose_pooled_addresses(&eni);
                    cx.touch_interface(&eni);
                    cx.refresh_routes(&RouteTarget::NetworkInterface(eni));
                }
            }
            cx.touch(Touch::Instance(id.clone()));
            cx.refresh_routes(&RouteTarget::Instance(id.clone()));
        }
        Ok(())
    }
}

impl Perform for ModifyInstanceAttribute {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let instance = cx.region().need_instance(&self.instance_id)?;
        if !instance.is_live() {
            return Err(wrong_state(instance));
        }
        if self.source_dest_check.is_none() && self.groups.is_none() {
            return Err(ControlError::new(ErrorCode::MissingParameter, "No attribute was given to modify."));
        }
        if 1 < instance.interfaces.len() {
            let text = format!(
                "There are multiple interfaces attached to instance '{}'. Please specify an interface ID for the \
                 operation instead.",
                instance.id
            );
            return Err(ControlError::new(ErrorCode::InvalidInstanceId, text));
        }
        let eni = instance.interfaces.get(&0).expect("a live instance has a primary interface").clone();
        cx.change_interface(&eni, self.source_dest_check, self.groups.as_deref())
    }
}

impl Context<'_> {
    pub(super) fn interfaces_of(&self, id: &InstanceId) -> Vec<NetworkInterfaceId> {
        self.region().instances.get(id).map(|i| i.interfaces.values().cloned().collect()).unwrap_or_default()
    }

    /// The public addresses that came from the pool go back to it.
    fn lose_pooled_addresses(&mut self, eni: &NetworkInterfaceId) {
        let Some(record) = self.region().network_interfaces.get(eni) else { return };
        let pooled: Vec<Ipv4Addr> = record
            .private_addresses
            .iter()
            .filter(|own| own.association.as_ref().is_some_and(|association| association.elastic.is_none()))
            .map(|own| own.address)
            .collect();
        for address in pooled {
            self.unmap_public(eni, address);
        }
    }

    /// Notes that an instance started or stopped, and brings the routes to it up to date.
    fn state_changed(&mut self, id: &InstanceId) {
        self.touch(Touch::Instance(id.clone()));
        self.refresh_routes(&RouteTarget::Instance(id.clone()));
        for eni in self.interfaces_of(id) {
            self.touch(Touch::NetworkInterface(eni.clone()));
            self.refresh_routes(&RouteTarget::NetworkInterface(eni));
        }
    }
}

fn live(region: &Region, ids: &[InstanceId]) -> Result<(), ControlError> {
    for id in ids {
        let instance = region.need_instance(id)?;
        if !instance.is_live() {
            return Err(wrong_state(instance));
        }
    }
    Ok(())
}
