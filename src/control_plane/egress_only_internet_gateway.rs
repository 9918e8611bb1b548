//! An egress-only internet gateway: IPv6 out, nothing in. Forwards nothing itself.

use super::*;
use crate::base::*;

/// An egress-only internet gateway; it belongs to one VPC for life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressOnlyInternetGateway {
    /// Its id.
    pub id: EgressOnlyInternetGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc_id: VpcId,
}

action_struct! {
    /// Creates an egress-only internet gateway in a VPC.
    CreateEgressOnlyInternetGateway(
        /// The VPC.
        vpc_id: VpcId,
    ) {
        /// The id, if it is not to be made.
        id: Option<EgressOnlyInternetGatewayId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Deletes an egress-only internet gateway. Its routes turn into blackholes.
    DeleteEgressOnlyInternetGateway(
        /// The gateway.
        egress_only_internet_gateway_id: EgressOnlyInternetGatewayId,
    ) {}
}

impl Perform for CreateEgressOnlyInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        region.need_vpc(&self.vpc_id)?;
        let have = region.egress_only_internet_gateways.len();
        let limit = cx.limits().internet_gateways_per_region;
        let text = "The maximum number of egress-only internet gateways has been reached.";
        cx.quota((have, 1, limit), ErrorCode::InternetGatewayLimitExceeded, text)?;
        let id: EgressOnlyInternetGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let vpc_id = self.vpc_id.clone();
        let gateway = EgressOnlyInternetGateway { id: id.clone(), tags: self.tags.clone(), vpc_id };
        cx.region_mut().put_egress_only_internet_gateway(gateway);
        cx.created(id.clone());
        cx.touch(Touch::EgressOnlyInternetGateway(id));
        Ok(())
    }
}

impl Perform for DeleteEgressOnlyInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id = self.egress_only_internet_gateway_id.clone();
        let vpc = cx.region().need_egress_only_internet_gateway(&id)?.vpc_id.clone();
        let region = cx.region_mut();
        region.egress_only_internet_gateways.remove(&id);
        region.contents_mut(&vpc).egress_only_internet_gateways.remove(&id);
        cx.touch(Touch::EgressOnlyInternetGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::EgressOnlyInternetGateway(id));
        Ok(())
    }
}

impl Region {
    pub(super) fn put_egress_only_internet_gateway(&mut self, gateway: EgressOnlyInternetGateway) {
        self.contents_mut(&gateway.vpc_id).egress_only_internet_gateways.insert(gateway.id.clone());
        self.egress_only_internet_gateways.insert(gateway.id.clone(), gateway);
    }
}
