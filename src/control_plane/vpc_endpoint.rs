//! A VPC endpoint: its service, tables, policy. Carries nothing.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::base::*;
use crate::policy::{DocumentKind, PolicyDocument};

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: VpcEndpointId,
    /// Its tags. In the document's time it has a name here but no tag (rule R24).
    pub tags: Tags,
    /// Its VPC, for life (rule R25).
    pub vpc_id: VpcId,
    /// Its service, for life (rule R25).
    pub service_name: ServiceName,
    /// Its type.
    pub endpoint_type: EndpointType,
    /// Gateway: the tables that have its route.
    pub route_table_ids: BTreeSet<RouteTableId>,
    /// Interface: the subnets that have an interface of it.
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Interface: its interfaces.
    pub network_interface_ids: BTreeSet<NetworkInterfaceId>,
    /// Interface: the groups of its interfaces.
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Interface: whether the service's public name leads to it inside the VPC.
    pub private_dns_enabled: bool,
    /// Its policy, and those that still judge.
    pub policy: PolicyHistory,
    /// When it was created.
    pub created_at: SimTime,
}

/// How an endpoint is reached.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointType {
    /// By routes.
    #[default]
    Gateway,
    /// By interfaces in subnets (today's AWS).
    Interface,
}

impl EndpointType {
    /// EC2's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Interface => "Interface",
        }
    }
}

/// An endpoint's policy, with the earlier ones that judge until a change has taken effect (rule R32).
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyHistory {
    /// Earlier policies, each with the instant until which it judges, in the order of time.
    earlier: Vec<(SimTime, PolicyDocument)>,
    current: PolicyDocument,
}

impl PolicyHistory {
    /// A policy that judges at once.
    pub const fn new(current: PolicyDocument) -> Self {
        Self { earlier: Vec::new(), current }
    }

    /// The policy as it was set last: what describing shows.
    pub const fn current(&self) -> &PolicyDocument {
        &self.current
    }

    /// The policy that judges a request at an instant.
    pub fn in_effect(&self, at: SimTime) -> &PolicyDocument {
        let earlier = self.earlier.iter().find(|(until, _)| at < *until);
        earlier.map_or(&self.current, |(_, policy)| policy)
    }

    /// When the policy that was set last takes effect; `None` if it did before `at`.
    pub fn takes_effect(&self, at: SimTime) -> Option<SimTime> {
        self.earlier.last().map(|(until, _)| *until).filter(|until| at < *until)
    }

    fn change(&mut self, to: PolicyDocument, at: SimTime, effective: SimTime) {
        self.earlier.retain(|(until, _)| at < *until);
        let before = std::mem::replace(&mut self.current, to);
        self.earlier.push((effective, before));
    }
}

action_struct! {
    /// Creates an endpoint to a service of the region.
    CreateVpcEndpoint(
        /// The VPC.
        vpc_id: VpcId,
        /// The service.
        service_name: ServiceName,
    ) {
        /// The id, if it is not to be made.
        id: Option<VpcEndpointId>,
        /// Its tags.
        tags: Tags,
        /// Its type.
        vpc_endpoint_type: EndpointType,
        /// Its policy as JSON; otherwise full access (rule R05).
        policy_document: Option<String>,
        /// Gateway: the tables that get its route. None at all is legal (facts E4).
        route_table_ids: Vec<RouteTableId>,
        /// Interface: the subnets that get an interface.
        subnet_ids: Vec<SubnetId>,
        /// Interface: what is special about the interface of a subnet.
        subnet_configurations: Vec<SubnetConfiguration>,
        /// Interface: the groups of the interfaces; otherwise the VPC's default group.
        security_group_ids: Vec<SecurityGroupId>,
        /// Interface: whether the service's public name leads to it; otherwise yes, if the service has one.
        private_dns_enabled: Option<bool>,
    }
}

/// What an endpoint's interface in one subnet shall be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetConfiguration {
    /// The subnet.
    pub subnet_id: SubnetId,
    /// The interface's id, if it is not to be made.
    pub network_interface_id: Option<NetworkInterfaceId>,
    /// Its private address, if it is not to be the next free one.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address, if it has one.
    pub ipv6: Option<Ipv6Addr>,
}

action_struct! {
    /// Changes an endpoint's policy or tables.
    ModifyVpcEndpoint(
        /// The endpoint.
        vpc_endpoint_id: VpcEndpointId,
    ) {
        /// The new policy as JSON, all of it.
        policy_document: Option<String>,
        /// Goes back to full access (facts E33).
        reset_policy: bool,
        /// Tables that get its route.
        add_route_table_ids: Vec<RouteTableId>,
        /// Tables that lose its route.
        remove_route_table_ids: Vec<RouteTableId>,
        /// Another VPC, which EC2 refuses (rule R25).
        vpc_id: Option<VpcId>,
        /// Another service, which EC2 refuses (rule R25).
        service_name: Option<ServiceName>,
    }
}

action_struct! {
    /// Deletes endpoints; those that do not exist are listed as unsuccessful (facts Q8).
    DeleteVpcEndpoints(
        /// The endpoints.
        vpc_endpoint_ids: Vec<VpcEndpointId>,
    ) {}
}

impl Perform for CreateVpcEndpoint {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        cx.region().need_vpc(&self.vpc_id)?;
        if cx.era() == Era::Y2017 && !self.tags.others.is_empty() {
            let text = "The parameter TagSpecification is not recognized";
            return Err(ControlError::new(ErrorCode::UnknownParameter, text));
        }
        let service = self.service(cx)?.clone();
        let policy = match &self.policy_document {
            Some(text) => cx.endpoint_policy(text, service.name.service())?,
            None => PolicyDocument::full_access(),
        };
        self.check_quota(cx)?;
        match self.vpc_endpoint_type {
            EndpointType::Gateway => self.create_gateway(cx, &service, policy),
            EndpointType::Interface => self.create_interface(cx, &service, policy),
        }
    }
}

impl CreateVpcEndpoint {
    fn service<'a>(&self, cx: &'a Context<'_>) -> Result<&'a Service, ControlError> {
        // Rule R23: another region's service is none of this region's.
        let service = cx.world.service(&cx.scope.region, &self.service_name);
        let service = service.filter(|service| service.has_endpoints());
        let service = service.ok_or_else(|| service::unknown_service(&self.service_name))?;
        let offered = match self.vpc_endpoint_type {
            EndpointType::Gateway => service.gateway_endpoint,
            EndpointType::Interface => service.interface_endpoint && cx.era() != Era::Y2017,
        };
        if !offered {
            let text = format!(
                "The VPC endpoint type {} is not supported by the service {}",
                self.vpc_endpoint_type.as_str(),
                self.service_name
            );
            return Err(ControlError::new(ErrorCode::InvalidVpcEndpointType, text));
        }
        Ok(service)
    }

    fn check_quota(&self, cx: &Context<'_>) -> Result<(), ControlError> {
        let of_type = |e: &&VpcEndpoint| e.endpoint_type == self.vpc_endpoint_type;
        let endpoints = cx.region().vpc_endpoints.values();
        let (have, limit) = match self.vpc_endpoint_type {
            EndpointType::Gateway => (endpoints.filter(of_type).count(), cx.limits().gateway_endpoints_per_region),
            EndpointType::Interface => {
                let in_vpc = endpoints.filter(of_type).filter(|e| e.vpc_id == self.vpc_id);
                (in_vpc.count(), cx.limits().interface_endpoints_per_vpc)
            }
        };
        let code = ErrorCode::VpcEndpointLimitExceeded;
        let text = "The maximum number of VPC endpoints has been reached.";
        cx.quota((have, 1, limit), code, text)?;
        let in_vpc = cx.region().contents.get(&self.vpc_id).map_or(0, |contents| contents.vpc_endpoints.len());
        cx.quota((in_vpc, 1, cx.limits().endpoints_per_vpc), code, text)
    }

    fn create_gateway(
        &self,
        cx: &mut Context<'_>,
        service: &Service,
        policy: PolicyDocument,
    ) -> Result<(), ControlError> {
        if !self.subnet_ids.is_empty() || !self.security_group_ids.is_empty() || self.private_dns_enabled == Some(true)
        {
            let text = "Subnets, security groups and private DNS are only supported for Interface type VPC Endpoint.";
            return Err(ControlError::new(ErrorCode::InvalidParameter, text));
        }
        let list = list_of(service)?;
        let tables: BTreeSet<RouteTableId> = self.route_table_ids.iter().cloned().collect();
        check_tables(cx, &self.vpc_id, &tables, &list)?;
        let id: VpcEndpointId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let endpoint = VpcEndpoint { route_table_ids: tables.clone(), ..self.record(cx, id.clone(), policy) };
        cx.region_mut().put_vpc_endpoint(endpoint);
        for table in tables {
            let destination = Destination::PrefixList(list.clone());
            cx.write_route(&table, destination, RouteTarget::VpcEndpoint(id.clone()));
        }
        cx.created(id.clone());
        cx.touch(Touch::VpcEndpoint(id));
        Ok(())
    }

    fn create_interface(
        &self,
        cx: &mut Context<'_>,
        service: &Service,
        policy: PolicyDocument,
    ) -> Result<(), ControlError> {
        if !self.route_table_ids.is_empty() {
            return Err(only_for_gateways());
        }
        let mut new = Vec::new();
        let mut zones = BTreeSet::new();
        for subnet in self.subnet_ids.iter().collect::<BTreeSet<_>>() {
            let told = self.subnet_configurations.iter().find(|told| told.subnet_id == *subnet);
            let mut interface = NewInterface {
                address: told.and_then(|told| told.ipv4),
                ipv6: told.and_then(|told| told.ipv6).into_iter().collect(),
                groups: self.security_group_ids.iter().cloned().collect(),
                interface_type: InterfaceType::VpcEndpoint,
                attachment: Some(OF_AWS),
                ..NewInterface::plain(subnet.clone())
            };
            let record = cx.region().need_subnet(subnet)?;
            if record.vpc_id != self.vpc_id {
                let text = format!("subnet {subnet} and network {} belong to different networks", self.vpc_id);
                return Err(ControlError::value(text));
            }
            if !zones.insert(record.availability_zone.clone()) {
                let text = format!("Found another subnet in the same availability zone as {subnet}");
                return Err(ControlError::new(ErrorCode::InvalidParameter, text));
            }
            cx.check_interfaces(&mut interface, self.subnet_ids.len())?;
            let eni: Option<NetworkInterfaceId> = match told.and_then(|told| told.network_interface_id.as_ref()) {
                Some(given) => Some(cx.new_id(Some(given), None)?),
                None => None,
            };
            new.push((eni, interface));
        }
        let private_dns_enabled = self.private_dns_enabled.unwrap_or(service.private_dns_name.is_some());
        if private_dns_enabled {
            self.check_private_dns(cx, service)?;
        }
        let id: VpcEndpointId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        cx.created(id.clone());
        let mut endpoint = VpcEndpoint { private_dns_enabled, ..self.record(cx, id.clone(), policy) };
        for (eni, interface) in new {
            let eni: NetworkInterfaceId = eni.unwrap_or_else(|| cx.fresh_id(id.as_str()));
            endpoint.subnet_ids.insert(interface.subnet_id.clone());
            endpoint.security_group_ids.extend(interface.groups.iter().cloned());
            endpoint.network_interface_ids.insert(eni.clone());
            let description = format!("VPC Endpoint Interface {id}");
            cx.write_interface(eni, NewInterface { description, ..interface });
        }
        cx.region_mut().put_vpc_endpoint(endpoint);
        cx.touch(Touch::VpcEndpoint(id));
        Ok(())
    }

    /// One endpoint per VPC can answer to a service's public name, and only where the VPC resolves names.
    fn check_private_dns(&self, cx: &Context<'_>, service: &Service) -> Result<(), ControlError> {
        let code = ErrorCode::InvalidParameter;
        if service.private_dns_name.is_none() {
            let text = format!(
                "Private DNS can't be enabled because the service {} does not provide a private DNS name.",
                service.name
            );
            return Err(ControlError::new(code, text));
        }
        let vpc = cx.region().need_vpc(&self.vpc_id)?;
        if !vpc.enable_dns_support || !vpc.enable_dns_hostnames {
            let text =
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true";
            return Err(ControlError::new(code, text));
        }
        let mut others = cx.region().vpc_endpoints.values();
        let taken =
            |e: &VpcEndpoint| e.vpc_id == self.vpc_id && e.service_name == self.service_name && e.private_dns_enabled;
        if others.any(taken) {
            let text = format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
                service.private_dns_name.as_deref().unwrap_or_default(),
                self.vpc_id
            );
            return Err(ControlError::new(code, text));
        }
        Ok(())
    }

    fn record(&self, cx: &Context<'_>, id: VpcEndpointId, policy: PolicyDocument) -> VpcEndpoint {
        VpcEndpoint {
            id,
            tags: self.tags.clone(),
            vpc_id: self.vpc_id.clone(),
            service_name: self.service_name.clone(),
            endpoint_type: self.vpc_endpoint_type,
            route_table_ids: BTreeSet::new(),
            subnet_ids: BTreeSet::new(),
            network_interface_ids: BTreeSet::new(),
            security_group_ids: BTreeSet::new(),
            private_dns_enabled: false,
            policy: PolicyHistory::new(policy),
            created_at: cx.at,
        }
    }
}

impl Perform for ModifyVpcEndpoint {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let endpoint = cx.region().need_vpc_endpoint(&self.vpc_endpoint_id)?.clone();
        if self.vpc_id.is_some() || self.service_name.is_some() {
            // Rule R25: EC2 has no such parameters. The code is UNSOURCED.
            let name = if self.vpc_id.is_some() { "VpcId" } else { "ServiceName" };
            let text = format!("The parameter {name} is not recognized");
            return Err(ControlError::new(ErrorCode::UnknownParameter, text));
        }
        let policy = match (&self.policy_document, self.reset_policy) {
            (Some(_), true) => {
                let text = "PolicyDocument and ResetPolicy cannot be given together";
                return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
            }
            (Some(text), false) => Some(cx.endpoint_policy(text, endpoint.service_name.service())?),
            (None, true) => Some(PolicyDocument::full_access()),
            (None, false) => None,
        };
        let add: BTreeSet<RouteTableId> = self.add_route_table_ids.iter().cloned().collect();
        let remove: BTreeSet<RouteTableId> = self.remove_route_table_ids.iter().cloned().collect();
        let list = self.check_tables(cx, &endpoint, &add, &remove)?;
        let (at, delay) = (cx.at, cx.world.policy_delay);
        let id = &self.vpc_endpoint_id;
        for table in &remove {
            if let Some(list) = &list {
                cx.region_mut().take_route(table, &Destination::PrefixList(list.clone()));
                cx.touch(Touch::RouteTable(table.clone()));
            }
        }
        for table in &add {
            if let Some(list) = &list {
                let destination = Destination::PrefixList(list.clone());
                cx.write_route(table, destination, RouteTarget::VpcEndpoint(id.clone()));
            }
        }
        let record = cx.region_mut().vpc_endpoints.get_mut(id).expect("looked up above");
        record.route_table_ids.retain(|table| !remove.contains(table));
        record.route_table_ids.extend(add.iter().cloned());
        let changed_policy = policy.is_some();
        if let Some(policy) = policy {
            record.policy.change(policy, at, at.after(delay));
        }
        if changed_policy {
            if !delay.is_zero() {
                let text = format!("its new policy takes effect in {delay:?}; the old one judges until then [R32]");
                cx.applied.notes.push(text);
            }
            cx.touch(Touch::EndpointPolicy(id.clone()));
        }
        if !add.is_empty() || !remove.is_empty() {
            cx.touch(Touch::VpcEndpoint(id.clone()));
        }
        Ok(())
    }
}

impl ModifyVpcEndpoint {
    /// The prefix list of the endpoint's routes, if tables are to change and may.
    fn check_tables(
        &self,
        cx: &Context<'_>,
        endpoint: &VpcEndpoint,
        add: &BTreeSet<RouteTableId>,
        remove: &BTreeSet<RouteTableId>,
    ) -> Result<Option<PrefixListId>, ControlError> {
        if add.is_empty() && remove.is_empty() {
            return Ok(None);
        }
        if endpoint.endpoint_type != EndpointType::Gateway {
            return Err(only_for_gateways());
        }
        for table in remove {
            cx.region().need_route_table(table)?;
            if !endpoint.route_table_ids.contains(table) {
                // No text found (facts G3); UNSOURCED.
                let text = format!("Route table {table} is not associated with VPC endpoint {}", endpoint.id);
                return Err(ControlError::new(ErrorCode::InvalidParameter, text));
            }
        }
        if let Some(table) = add.intersection(remove).next() {
            let text = format!("Route table {table} cannot be both added and removed");
            return Err(ControlError::new(ErrorCode::InvalidParameterCombination, text));
        }
        let service = cx.world.service(&cx.scope.region, &endpoint.service_name);
        let list = list_of(service.ok_or_else(|| service::unknown_service(&endpoint.service_name))?)?;
        check_tables(cx, &endpoint.vpc_id, add, &list)?;
        Ok(Some(list))
    }
}

impl Perform for DeleteVpcEndpoints {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        for id in &self.vpc_endpoint_ids {
            let Some(endpoint) = cx.region().vpc_endpoints.get(id).cloned() else {
                // Facts 4.6: one that is unknown is an item of a normal answer.
                let text = format!("The Vpc Endpoint Id '{id}' does not exist");
                let error = ControlError::new(ErrorCode::InvalidVpcEndpointNotFound, text);
                cx.applied.unsuccessful.push((id.to_string(), error));
                continue;
            };
            let target = RouteTarget::VpcEndpoint(id.clone());
            for table in &endpoint.route_table_ids {
                let region = cx.region_mut();
                let routes = region.route_tables.get(table).into_iter().flat_map(RouteTable::routes);
                let own: Vec<Destination> =
                    routes.filter(|route| route.target == target).map(|route| route.destination.clone()).collect();
                for destination in own {
                    region.take_route(table, &destination);
                }
                cx.touch(Touch::RouteTable(table.clone()));
            }
            for eni in &endpoint.network_interface_ids {
                cx.drop_interface(eni);
            }
            let region = cx.region_mut();
            region.vpc_endpoints.remove(id);
            region.contents_mut(&endpoint.vpc_id).vpc_endpoints.remove(id);
            cx.touch(Touch::VpcEndpoint(id.clone()));
        }
        Ok(())
    }
}

impl Context<'_> {
    /// Rule R29: JSON with a Principal, or nothing changes.
    fn endpoint_policy(&mut self, text: &str, service: &str) -> Result<PolicyDocument, ControlError> {
        let policy = self.read_policy(text, DocumentKind::Endpoint, ErrorCode::InvalidPolicyDocument)?;
        self.applied.notes.extend(policy.without_effect(service).into_iter().map(|problem| problem.message));
        Ok(policy)
    }
}

impl Region {
    pub(super) fn put_vpc_endpoint(&mut self, endpoint: VpcEndpoint) {
        self.contents_mut(&endpoint.vpc_id).vpc_endpoints.insert(endpoint.id.clone());
        self.vpc_endpoints.insert(endpoint.id.clone(), endpoint);
    }
}

/// Tables that shall get an endpoint's route: there, of the VPC, and without a route to the same list (rule R17).
fn check_tables(
    cx: &Context<'_>,
    vpc: &VpcId,
    tables: &BTreeSet<RouteTableId>,
    list: &PrefixListId,
) -> Result<(), ControlError> {
    let mut problems = Vec::new();
    for id in tables {
        problems.extend(check_table(cx, vpc, id, list).err());
    }
    ControlError::all(problems)
}

fn check_table(cx: &Context<'_>, vpc: &VpcId, id: &RouteTableId, list: &PrefixListId) -> Result<(), ControlError> {
    let table = cx.region().need_route_table(id)?;
    // The answer to a table of another VPC is not known (facts G3); UNSOURCED, worded like I13.
    same_network(table, vpc, vpc)?;
    if let Some(route) = table.route(&Destination::PrefixList(list.clone())) {
        return Err(already_exists(table, route));
    }
    let limit = cx.limits().routes_per_table;
    let text = "The maximum number of routes has been reached.";
    cx.quota((table.route_count(false), 1, limit), ErrorCode::RouteLimitExceeded, text)
}

fn list_of(service: &Service) -> Result<PrefixListId, ControlError> {
    // A service with gateway endpoints has a list; a declaration without one is the scenario's mistake.
    service.prefix_list_id.clone().ok_or_else(|| service::unknown_service(&service.name))
}

/// Facts 4.6.
fn only_for_gateways() -> ControlError {
    let text = "Route table IDs are only supported for Gateway type VPC Endpoint.";
    ControlError::new(ErrorCode::InvalidParameter, text)
}
