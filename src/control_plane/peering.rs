//! A VPC peering connection: two VPCs, perhaps of two accounts, and whether both have agreed. Carries nothing.

use std::time::Duration;

use super::*;
use crate::base::*;

/// A VPC peering connection. It belongs to both sides, so the world holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringConnection {
    /// Its id.
    pub id: VpcPeeringConnectionId,
    /// Its tags.
    pub tags: Tags,
    /// Who asked.
    pub requester: PeeringSide,
    /// Who was asked.
    pub accepter: PeeringSide,
    /// Whether it is agreed.
    pub state: PeeringState,
    /// When it was asked for.
    pub created_at: SimTime,
}

/// One side of a peering connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringSide {
    /// The account and region.
    pub scope: Scope,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Whether names of instances over there resolve to their private addresses here.
    pub allow_dns_resolution_from_remote_vpc: bool,
}

/// Whether a peering connection is agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeeringState {
    /// The accepter has not answered. After a week the request has expired (facts 1.5).
    PendingAcceptance,
    /// It carries.
    Active,
    /// It can never work: the VPCs' blocks overlap (facts P2).
    Failed {
        /// EC2's text.
        message: String,
    },
    /// One side ended it; its record stays visible for a while.
    Deleted {
        /// When.
        at: SimTime,
    },
}

impl PeeringState {
    /// EC2's word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PendingAcceptance => "pending-acceptance",
            Self::Active => "active",
            Self::Failed { .. } => "failed",
            Self::Deleted { .. } => "deleted",
        }
    }
}

impl PeeringConnection {
    /// How long a request waits for its answer: 168 hours (facts 1.5).
    pub const EXPIRY: Duration = Duration::from_secs(168 * 3_600);

    /// Whether it carries.
    pub const fn is_active(&self) -> bool {
        matches!(self.state, PeeringState::Active)
    }

    /// Whether a request went unanswered for too long.
    pub fn is_expired(&self, at: SimTime) -> bool {
        self.state == PeeringState::PendingAcceptance && self.created_at.after(Self::EXPIRY) <= at
    }

    /// The side that is this VPC, and the other one.
    pub fn sides(&self, vpc: &VpcId) -> Option<(&PeeringSide, &PeeringSide)> {
        if self.requester.vpc_id == *vpc {
            Some((&self.requester, &self.accepter))
        } else if self.accepter.vpc_id == *vpc {
            Some((&self.accepter, &self.requester))
        } else {
            None
        }
    }

    const fn is_live(&self) -> bool {
        matches!(self.state, PeeringState::Active | PeeringState::PendingAcceptance)
    }
}

action_struct! {
    /// Asks for a peering connection between two VPCs.
    CreateVpcPeeringConnection(
        /// The asking VPC.
        vpc_id: VpcId,
        /// The other VPC.
        peer_vpc_id: VpcId,
    ) {
        /// The id, if it is not to be made.
        id: Option<VpcPeeringConnectionId>,
        /// Its tags.
        tags: Tags,
        /// The other VPC's account; otherwise the same one.
        peer_owner_id: Option<AccountId>,
        /// The other VPC's region; otherwise the same one.
        peer_region: Option<RegionName>,
    }
}

action_struct! {
    /// Agrees to a peering connection; the accepter's call.
    AcceptVpcPeeringConnection(
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
    ) {}
}

action_struct! {
    /// Ends a peering connection; either side's call. Its routes turn into blackholes.
    DeleteVpcPeeringConnection(
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
    ) {}
}

impl Perform for CreateVpcPeeringConnection {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let vpc = cx.region().need_vpc(&self.vpc_id)?.clone();
        let other_scope = Scope {
            account: self.peer_owner_id.clone().unwrap_or_else(|| cx.scope.account.clone()),
            region: self.peer_region.clone().unwrap_or_else(|| cx.scope.region.clone()),
        };
        if cx.era() == Era::Y2017 && other_scope.region != cx.scope.region {
            // Peering between regions came after the document (facts section 0).
            let text = "The parameter PeerRegion is not recognized";
            return Err(ControlError::new(ErrorCode::UnknownParameter, text));
        }
        let peer = cx.world.region(&other_scope).and_then(|region| region.vpcs.get(&self.peer_vpc_id));
        let Some(peer) = peer.filter(|peer| peer.id != vpc.id) else {
            let code = ErrorCode::InvalidVpcIdNotFound;
            return Err(ControlError::not_found(code, "vpc", &self.peer_vpc_id));
        };
        let overlap = vpc.blocks().any(|own| peer.blocks().any(|other| own.overlaps(other)));
        let between = |p: &&PeeringConnection| p.sides(&vpc.id).is_some_and(|(_, o)| o.vpc_id == self.peer_vpc_id);
        let live: Vec<&PeeringConnection> = cx.world.peerings.values().filter(|p| p.is_live()).collect();
        if let Some(existing) = live.iter().find(|peering| between(peering)) {
            let text = format!("There is already a VPC peering connection {} between these VPCs", existing.id);
            return Err(ControlError::new(ErrorCode::VpcPeeringConnectionAlreadyExists, text));
        }
        let of_vpc = live.iter().filter(|p| p.is_active() && p.sides(&vpc.id).is_some()).count();
        let waiting = live.iter().filter(|p| !p.is_active() && p.requester.scope == *cx.scope).count();
        let text = "The maximum number of VPC peering connections has been reached.";
        let code = ErrorCode::VpcPeeringConnectionsPerVpcLimitExceeded;
        cx.quota((of_vpc, 1, cx.limits().peerings_per_vpc), code, text)?;
        let text = "The maximum number of outstanding VPC peering connection requests has been reached.";
        let code = ErrorCode::OutstandingVpcPeeringConnectionLimitExceeded;
        cx.quota((waiting, 1, cx.limits().outstanding_peerings), code, text)?;
        let id: VpcPeeringConnectionId = cx.new_id(self.id.as_ref(), self.tags.name.as_deref())?;

        let side = |scope: Scope, vpc_id: &VpcId| PeeringSide {
            scope,
            vpc_id: vpc_id.clone(),
            allow_dns_resolution_from_remote_vpc: false,
        };
        let state = if overlap {
            let message = "VPC peering connection cannot be created due to overlapping CIDRs".to_owned();
            cx.applied.failures.push(format!("peering connection {id} is in state failed: {message}"));
            PeeringState::Failed { message }
        } else {
            PeeringState::PendingAcceptance
        };
        let peering = PeeringConnection {
            id: id.clone(),
            tags: self.tags.clone(),
            requester: side(cx.scope.clone(), &self.vpc_id),
            accepter: side(other_scope, &self.peer_vpc_id),
            state,
            created_at: cx.at,
        };
        cx.world.peerings.insert(id.clone(), peering);
        cx.created(id.clone());
        cx.touch(Touch::Peering(id));
        Ok(())
    }
}

impl Perform for AcceptVpcPeeringConnection {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let peering = cx.need_peering(&self.vpc_peering_connection_id)?;
        if peering.accepter.scope != *cx.scope {
            let text = format!("User {} cannot accept peering {}", cx.scope.account, peering.id);
            return Err(ControlError::new(ErrorCode::OperationNotPermitted, text));
        }
        let expired = peering.is_expired(cx.at);
        if peering.state != PeeringState::PendingAcceptance || expired {
            let state = if expired { "expired" } else { peering.state.as_str() };
            let text = format!("VPC peering connection {} is in state {state}, not pending-acceptance", peering.id);
            return Err(ControlError::new(ErrorCode::InvalidVpcPeeringStateTransition, text));
        }
        set_state(cx, &self.vpc_peering_connection_id, PeeringState::Active);
        Ok(())
    }
}

impl Perform for DeleteVpcPeeringConnection {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let peering = cx.need_peering(&self.vpc_peering_connection_id)?;
        if !peering.is_live() {
            let text = format!("VPC peering connection {} is in state {}", peering.id, peering.state.as_str());
            return Err(ControlError::new(ErrorCode::InvalidVpcPeeringStateTransition, text));
        }
        let at = cx.at;
        set_state(cx, &self.vpc_peering_connection_id, PeeringState::Deleted { at });
        Ok(())
    }
}

fn set_state(cx: &mut Context<'_>, id: &VpcPeeringConnectionId, state: PeeringState) {
    let peering = cx.world.peerings.get_mut(id).expect("looked up before");
    peering.state = state;
    let scopes = [peering.requester.scope.clone(), peering.accepter.scope.clone()];
    cx.touch(Touch::Peering(id.clone()));
    for scope in &scopes {
        cx.refresh_routes_of(scope, &RouteTarget::Peering(id.clone()));
    }
}

impl Context<'_> {
    fn need_peering(&self, id: &VpcPeeringConnectionId) -> Result<&PeeringConnection, ControlError> {
        let peering = self.world.peerings.get(id);
        let ours = |p: &&PeeringConnection| p.requester.scope == *self.scope || p.accepter.scope == *self.scope;
        peering.filter(ours).ok_or_else(|| {
            let code = ErrorCode::InvalidVpcPeeringConnectionIdNotFound;
            ControlError::not_found(code, "vpcPeeringConnection", id)
        })
    }

    /// A route may lead to a peering connection of its VPC, also before it is accepted: a blackhole until then (VPC
    /// Peering Guide, "Update your route tables").
    pub(super) fn check_peering_target(&self, id: &VpcPeeringConnectionId, vpc: &VpcId) -> Result<(), ControlError> {
        let peering = self.need_peering(id)?;
        if !peering.is_live() {
            let code = ErrorCode::InvalidVpcPeeringConnectionIdNotFound;
            return Err(ControlError::not_found(code, "vpcPeeringConnection", id));
        }
        if peering.sides(vpc).is_none() {
            let text = format!("{id} is not a peering connection of network {vpc}");
            return Err(ControlError::value(text));
        }
        Ok(())
    }
}

impl World {
    /// Whether two VPCs are joined by an active peering connection.
    pub fn are_peered(&self, one: &VpcId, other: &VpcId) -> bool {
        let mut active = self.peerings.values().filter(|peering| peering.is_active());
        active.any(|peering| peering.sides(one).is_some_and(|(_, far)| far.vpc_id == *other))
    }

    pub(super) fn has_live_peering(&self, vpc: &VpcId) -> bool {
        self.peerings.values().any(|peering| peering.is_live() && peering.sides(vpc).is_some())
    }

    /// Whether a block meets one of a VPC that is peered with `vpc`.
    pub(super) fn peer_overlaps(&self, vpc: &VpcId, block: &Cidr) -> bool {
        let live = self.peerings.values().filter(|peering| peering.is_live());
        let mut far_sides = live.filter_map(|peering| peering.sides(vpc).map(|(_, far)| far));
        far_sides.any(|far| {
            let peer = self.region(&far.scope).and_then(|region| region.vpcs.get(&far.vpc_id));
            peer.is_some_and(|peer| peer.blocks().any(|other| other.overlaps(block)))
        })
    }
}
