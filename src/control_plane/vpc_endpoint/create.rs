//! `CreateVpcEndpoint`: by routes through a gateway, or by interfaces in subnets.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::table::{check_tables, list_of, only_for_gateways};
use crate::base::*;
use crate::control_plane::*;
use crate::policy::PolicyDocument;

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
        self.check_configurations()?;
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

    /// One subnet gets one interface, and one interface serves one subnet. The codes are UNSOURCED.
    fn check_configurations(&self) -> Result<(), ControlError> {
        let (mut subnets, mut interfaces) = (BTreeSet::new(), BTreeSet::new());
        for told in &self.subnet_configurations {
            if !subnets.insert(&told.subnet_id) {
                let text = format!("Found another configuration of the subnet {}", told.subnet_id);
                return Err(ControlError::new(ErrorCode::InvalidParameter, text));
            }
            if let Some(id) = told.network_interface_id.as_ref().filter(|id| !interfaces.insert(*id)) {
                let text = format!("Found another subnet with the network interface {id}");
                return Err(ControlError::new(ErrorCode::InvalidParameter, text));
            }
        }
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
