//! DHCP options: which resolver and domain a VPC's instances are told. Sends no DHCP.

use std::net::IpAddr;

use super::*;
use crate::base::*;

/// A resolver that instances are told to ask.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameServer {
    /// The VPC's own resolver.
    AmazonProvidedDns,
    /// A server of the customer's, or any other.
    Address(IpAddr),
}

/// A set of DHCP options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpOptions {
    /// Its id.
    pub id: DhcpOptionsId,
    /// Its tags.
    pub tags: Tags,
    /// The resolvers, in the order in which they are tried. Without any, instances resolve no names.
    pub domain_name_servers: Vec<NameServer>,
    /// The domain that instances complete names with.
    pub domain_name: Option<String>,
}

action_struct! {
    /// Creates a set of DHCP options.
    CreateDhcpOptions() {
        /// The id, if it is not to be made.
        id: Option<DhcpOptionsId>,
        /// Its tags.
        tags: Tags,
        /// The resolvers, at most four.
        domain_name_servers: Vec<NameServer>,
        /// The domain.
        domain_name: Option<String>,
    }
}

action_struct! {
    /// Gives a VPC another set of DHCP options; `None` means none at all (EC2's word for it is `default`).
    AssociateDhcpOptions(
        /// The VPC.
        vpc_id: VpcId,
    ) {
        /// The options.
        dhcp_options_id: Option<DhcpOptionsId>,
    }
}

impl Perform for CreateDhcpOptions {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        // EC2 API reference, CreateDhcpOptions: up to four servers.
        if 4 < self.domain_name_servers.len() {
            return Err(ControlError::value("at most four domain-name-servers can be given"));
        }
        let id: DhcpOptionsId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let options = DhcpOptions {
            id: id.clone(),
            tags: self.tags.clone(),
            domain_name_servers: self.domain_name_servers.clone(),
            domain_name: self.domain_name.clone(),
        };
        cx.region_mut().dhcp_options.insert(id.clone(), options);
        cx.created(id.clone());
        cx.touch(Touch::DhcpOptions(id));
        Ok(())
    }
}

impl Perform for AssociateDhcpOptions {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        region.need_vpc(&self.vpc_id)?;
        if let Some(id) = &self.dhcp_options_id {
            region.need_dhcp_options(id)?;
        }
        let vpc = cx.region_mut().vpcs.get_mut(&self.vpc_id).expect("looked up above");
        vpc.dhcp_options_id = self.dhcp_options_id.clone();
        cx.touch(Touch::Vpc(self.vpc_id.clone()));
        Ok(())
    }
}

impl Context<'_> {
    /// The region's default options, which exist from the first VPC on. Writes; call it after everything was checked.
    pub(super) fn default_dhcp_options(&mut self) -> DhcpOptionsId {
        let Scope { account, region } = self.scope.clone();
        let id = DhcpOptionsId::of_name(&format!("{account}/{region}/default"), 8);
        let domain = private_domain(&region);
        self.region_mut().dhcp_options.entry(id.clone()).or_insert_with(|| DhcpOptions {
            id: id.clone(),
            tags: Tags::default(),
            domain_name_servers: vec![NameServer::AmazonProvidedDns],
            domain_name: Some(domain),
        });
        id
    }
}

/// The domain of private names: `ec2.internal` in us-east-1, `<region>.compute.internal` elsewhere (VPC User Guide,
/// "DHCP options sets").
pub fn private_domain(region: &RegionName) -> String {
    if region.as_str() == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}
