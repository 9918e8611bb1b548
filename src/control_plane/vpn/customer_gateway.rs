//! Customer gateways: the devices at the far end.

use std::net::Ipv4Addr;

use crate::base::*;
use crate::control_plane::*;

/// A customer gateway: the device at the far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerGateway {
    /// Its id.
    pub id: CustomerGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// Its public address.
    pub ip_address: Ipv4Addr,
    /// Its autonomous system.
    pub bgp_asn: u32,
}

action_struct! {
    /// Says where a customer's device is.
    CreateCustomerGateway(
        /// Its public address.
        ip_address: Ipv4Addr,
    ) {
        /// The id, if it is not to be made.
        id: Option<CustomerGatewayId>,
        /// Its tags.
        tags: Tags,
        /// Its autonomous system; otherwise 65000.
        bgp_asn: Option<u32>,
    }
}

impl Perform for CreateCustomerGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id: CustomerGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let gateway = CustomerGateway {
            id: id.clone(),
            tags: self.tags.clone(),
            ip_address: self.ip_address,
            // EC2 API reference, CreateCustomerGateway.
            bgp_asn: self.bgp_asn.unwrap_or(65_000),
        };
        cx.world.public_addresses.reserve(self.ip_address);
        cx.region_mut().customer_gateways.insert(id.clone(), gateway);
        cx.created(id.clone());
        cx.touch(Touch::CustomerGateway(id));
        Ok(())
    }
}
