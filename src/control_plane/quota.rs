//! AWS's quotas per era. They are checked where things are created; `quotas: none` lifts them all.

use crate::base::Era;

/// Whether AWS's quotas hold.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Quotas {
    /// The default quotas of the era hold, with their error codes.
    #[default]
    Aws,
    /// No quota holds: worlds at scale, benches, imported accounts.
    Lifted,
}

/// The numbers of one era (facts.md 1.5); each field is named after its row there.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub vpcs_per_region: usize,
    pub subnets_per_vpc: usize,
    pub ipv4_blocks_per_vpc: usize,
    pub route_tables_per_vpc: usize,
    pub routes_per_table: usize,
    pub propagated_routes_per_table: usize,
    pub gateway_endpoints_per_region: usize,
    pub endpoints_per_vpc: usize,
    pub interface_endpoints_per_vpc: usize,
    pub endpoint_policy_chars: usize,
    pub nat_gateways_per_zone: usize,
    pub elastic_ips_per_region: usize,
    pub internet_gateways_per_region: usize,
    pub security_groups_per_vpc: usize,
    pub rules_per_group: usize,
    pub groups_per_interface: usize,
    pub network_acls_per_vpc: usize,
    pub entries_per_acl: usize,
    pub peerings_per_vpc: usize,
    pub outstanding_peerings: usize,
    pub interfaces_per_region: usize,
}

impl Limits {
    /// The default quotas of an era.
    pub const fn of(era: Era) -> Self {
        match era {
            Era::Y2017 => Self::Y2017,
            Era::Current => Self::CURRENT,
        }
    }

    const Y2017: Self = Self {
        vpcs_per_region: 5,
        subnets_per_vpc: 200,
        ipv4_blocks_per_vpc: 5,
        route_tables_per_vpc: 200,
        routes_per_table: 50,
        propagated_routes_per_table: 100,
        gateway_endpoints_per_region: 20,
        endpoints_per_vpc: 255,
        interface_endpoints_per_vpc: 20,
        endpoint_policy_chars: 20_480,
        nat_gateways_per_zone: 5,
        elastic_ips_per_region: 5,
        internet_gateways_per_region: 5,
        security_groups_per_vpc: 500,
        rules_per_group: 50,
        groups_per_interface: 5,
        network_acls_per_vpc: 200,
        entries_per_acl: 20,
        peerings_per_vpc: 50,
        outstanding_peerings: 25,
        interfaces_per_region: 350,
    };

    const CURRENT: Self = Self {
        routes_per_table: 500,
        interface_endpoints_per_vpc: 50,
        security_groups_per_vpc: 2_500,
        rules_per_group: 60,
        interfaces_per_region: 5_000,
        ..Self::Y2017
    };
}
