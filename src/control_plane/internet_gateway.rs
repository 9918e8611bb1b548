//! An internet gateway: which VPC it is attached to. Translates nothing.

use super::*;
use crate::base::*;

/// An internet gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternetGateway {
    /// Its id.
    pub id: InternetGatewayId,
    /// Its tags.
    pub tags: Tags,
    /// The one VPC that it is attached to (facts I12).
    pub vpc_id: Option<VpcId>,
}

action_struct! {
    /// Creates an internet gateway.
    CreateInternetGateway() {
        /// The id, if it is not to be made.
        id: Option<InternetGatewayId>,
        /// Its tags.
        tags: Tags,
    }
}

action_struct! {
    /// Attaches an internet gateway to a VPC.
    AttachInternetGateway(
        /// The gateway.
        internet_gateway_id: InternetGatewayId,
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Detaches an internet gateway. Its routes turn into blackholes.
    DetachInternetGateway(
        /// The gateway.
        internet_gateway_id: InternetGatewayId,
        /// The VPC.
        vpc_id: VpcId,
    ) {}
}

action_struct! {
    /// Deletes a detached internet gateway.
    DeleteInternetGateway(
        /// The gateway.
        internet_gateway_id: InternetGatewayId,
    ) {}
}

impl Perform for CreateInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let have = cx.region().internet_gateways.len();
        let limit = cx.limits().internet_gateways_per_region;
        let text = "The maximum number of internet gateways has been reached.";
        cx.quota((have, 1, limit), ErrorCode::InternetGatewayLimitExceeded, text)?;
        let id: InternetGatewayId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;
        let gateway = InternetGateway { id: id.clone(), tags: self.tags.clone(), vpc_id: None };
        cx.region_mut().internet_gateways.insert(id.clone(), gateway);
        cx.created(id.clone());
        cx.touch(Touch::InternetGateway(id));
        Ok(())
    }
}

impl Perform for AttachInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let gateway = region.need_internet_gateway(&self.internet_gateway_id)?;
        region.need_vpc(&self.vpc_id)?;
        if let Some(vpc) = &gateway.vpc_id {
            let text = format!("resource {} is already attached to network {vpc}", gateway.id);
            return Err(ControlError::new(ErrorCode::ResourceAlreadyAssociated, text));
        }
        if region.contents.get(&self.vpc_id).is_some_and(|contents| contents.internet_gateway.is_some()) {
            let text = format!("Network {} already has an internet gateway attached", self.vpc_id);
            return Err(ControlError::new(ErrorCode::InvalidParameterValue, text));
        }
        let id = self.internet_gateway_id.clone();
        let region = cx.region_mut();
        region.internet_gateways.get_mut(&id).expect("looked up above").vpc_id = Some(self.vpc_id.clone());
        region.contents_mut(&self.vpc_id).internet_gateway = Some(id.clone());
        cx.touch(Touch::InternetGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::InternetGateway(id));
        Ok(())
    }
}

impl Perform for DetachInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let region = cx.region();
        let gateway = region.need_internet_gateway(&self.internet_gateway_id)?;
        if gateway.vpc_id.as_ref() != Some(&self.vpc_id) {
            let text = format!("resource {} is not attached to network {}", gateway.id, self.vpc_id);
            return Err(ControlError::new(ErrorCode::GatewayNotAttached, text));
        }
        if region.contents.get(&self.vpc_id).is_some_and(|contents| 0 < contents.public_count) {
            // Facts I12; the text is UNSOURCED.
            let text = format!(
                "Network {} has some mapped public address(es). Please unmap those public address(es) before detaching \
                 the gateway.",
                self.vpc_id
            );
            return Err(ControlError::new(ErrorCode::DependencyViolation, text));
        }
        let id = self.internet_gateway_id.clone();
        let region = cx.region_mut();
        region.internet_gateways.get_mut(&id).expect("looked up above").vpc_id = None;
        region.contents_mut(&self.vpc_id).internet_gateway = None;
        cx.touch(Touch::InternetGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::InternetGateway(id));
        Ok(())
    }
}

impl Perform for DeleteInternetGateway {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let gateway = cx.region().need_internet_gateway(&self.internet_gateway_id)?;
        if gateway.vpc_id.is_some() {
            return Err(ControlError::dependency("internetGateway", &gateway.id));
        }
        let id = self.internet_gateway_id.clone();
        cx.region_mut().internet_gateways.remove(&id);
        cx.touch(Touch::InternetGateway(id.clone()));
        cx.refresh_routes(&RouteTarget::InternetGateway(id));
        Ok(())
    }
}

impl Region {
    pub(super) fn put_internet_gateway(&mut self, gateway: InternetGateway) {
        if let Some(vpc) = &gateway.vpc_id {
            self.contents_mut(vpc).internet_gateway = Some(gateway.id.clone());
        }
        self.internet_gateways.insert(gateway.id.clone(), gateway);
    }
}
