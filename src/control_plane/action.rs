//! Every change to the records: one action under its EC2 name, performed wholly or not at all. Knows no running world.

use super::*;

use crate::base::{AvailabilityZone, SimTime};

/// Declares the enum of all actions from their structs.
macro_rules! actions {
    ($($name:ident,)*) => {
        /// One control-plane action, named as in EC2.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Action {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name(Box<$name>),)*
        }

        impl Action {
            /// The names of all actions, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Its EC2 name.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
                match self {
                    $(Self::$name(action) => action.perform(cx),)*
                }
            }
        }

        $(impl From<$name> for Action {
            fn from(action: $name) -> Self {
                Self::$name(Box::new(action))
            }
        })*
    };
}

actions! {
    CreateVpc, DeleteVpc, ModifyVpcAttribute, AssociateVpcCidrBlock,
    CreateDhcpOptions, AssociateDhcpOptions,
    CreateSubnet, DeleteSubnet, ModifySubnetAttribute, AssociateSubnetCidrBlock,
    CreateRouteTable, DeleteRouteTable, AssociateRouteTable, ReplaceRouteTableAssociation, DisassociateRouteTable,
    CreateRoute, ReplaceRoute, DeleteRoute,
    CreateInternetGateway, AttachInternetGateway, DetachInternetGateway, DeleteInternetGateway,
    CreateEgressOnlyInternetGateway, DeleteEgressOnlyInternetGateway,
    CreateNatGateway, DeleteNatGateway,
    AllocateAddress, AssociateAddress, DisassociateAddress, ReleaseAddress,
    RunInstances, StartInstances, StopInstances, TerminateInstances, ModifyInstanceAttribute,
    CreateNetworkInterface, AttachNetworkInterface, DetachNetworkInterface, DeleteNetworkInterface,
    ModifyNetworkInterfaceAttribute, AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses,
    CreateSecurityGroup, DeleteSecurityGroup,
    AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress,
    RevokeSecurityGroupIngress, RevokeSecurityGroupEgress,
    CreateNetworkAcl, DeleteNetworkAcl, CreateNetworkAclEntry, ReplaceNetworkAclEntry, DeleteNetworkAclEntry,
    ReplaceNetworkAclAssociation,
    CreateManagedPrefixList, ModifyManagedPrefixList, DeleteManagedPrefixList,
    CreateVpcEndpoint, ModifyVpcEndpoint, DeleteVpcEndpoints,
    CreateVpcPeeringConnection, AcceptVpcPeeringConnection, DeleteVpcPeeringConnection,
    CreateVpnGateway, AttachVpnGateway, DetachVpnGateway, DeleteVpnGateway,
    EnableVgwRoutePropagation, DisableVgwRoutePropagation,
    CreateCustomerGateway, CreateVpnConnection, DeleteVpnConnection,
    CreateVpnConnectionRoute, DeleteVpnConnectionRoute,
    CreatePrivateVirtualInterface, CreatePublicVirtualInterface, DeleteVirtualInterface,
    EnableVpcClassicLink, AttachClassicLinkVpc, DetachClassicLinkVpc,
    CreateVpcWithEndpoint,
    CreateTags, DeleteTags,
    PutUserPolicy, DeleteUserPolicy, PutRolePolicy, PutBucketPolicy, DeleteBucketPolicy,
    ServiceRangesChange, ZoneFail, ZoneRecover, AdvertiseRoutes,
}

/// What an action did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// The ids it made, the one it is named after first.
    pub created: Vec<ResourceId>,
    /// The records that a running world has to look at again.
    pub touched: Touched,
    /// What else a person should hear: when a policy takes effect, for example.
    pub notes: Vec<String>,
    /// What was created and failed, as a NAT gateway does in a subnet without a way to the internet.
    pub failures: Vec<String>,
    /// For calls that answer per item, the items that failed (facts Q8).
    pub unsuccessful: Vec<(String, ControlError)>,
}

impl Applied {
    /// What a person should hear of it, failures first.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let unsuccessful = self.unsuccessful.iter().map(|(id, error)| format!("{id} is unsuccessful: {error}"));
        unsuccessful.chain(self.failures.iter().chain(&self.notes).cloned())
    }

    /// The first id of this kind that it made.
    pub fn created<I: TryFrom<ResourceId>>(&self) -> Option<I> {
        self.created.iter().find_map(|id| I::try_from(id.clone()).ok())
    }
}

impl World {
    /// Performs `action`, wholly or not at all: after an error the world equals what it was. `at` is the virtual
    /// instant of the call; it must not lie before that of an earlier call.
    pub fn apply(&mut self, call: &Call, action: &Action, at: SimTime) -> Result<Applied, ControlError> {
        if self.region(&call.scope).is_none() {
            let text = format!("region {} of account {} is not open", call.scope.region, call.scope.account);
            return Err(ControlError::value(text));
        }
        self.authorize(call, action, at)?;
        if call.dry_run {
            // Facts Q2.
            let text = "Request would have succeeded, but DryRun flag is set.";
            return Err(ControlError::new(ErrorCode::DryRunOperation, text));
        }
        let counter = self.counter;
        let mut cx = Context { world: self, scope: &call.scope, at, counter, applied: Applied::default() };
        action.perform(&mut cx)?;
        let Context { counter, applied, .. } = cx;
        self.counter = counter;
        Ok(applied)
    }
}

/// What each action implements: look at everything that could refuse it first, write afterwards.
pub(super) trait Perform {
    /// Performs the action. An error must come before the first write.
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError>;
}

/// An action on its way: the world, the place and instant of the call, and what it did so far.
pub(super) struct Context<'a> {
    pub(super) world: &'a mut World,
    pub(super) scope: &'a Scope,
    pub(super) at: SimTime,
    pub(super) counter: u64,
    pub(super) applied: Applied,
}

impl Context<'_> {
    /// Notes that a record changed.
    pub(super) fn touch(&mut self, touch: Touch) {
        self.applied.touched.add(touch);
    }

    /// Notes an id that was made.
    pub(super) fn created(&mut self, id: impl Into<ResourceId>) {
        self.applied.created.push(id.into());
    }

    /// The id for a new record: the given one if nobody has it, else one that belongs to its name, else a new one.
    pub(super) fn new_id<I: MadeId + Into<ResourceId>>(
        &mut self,
        given: Option<&I>,
        name: Option<&str>,
    ) -> Result<I, ControlError> {
        if let Some(id) = given {
            let resource = id.clone().into();
            if self.world.knows(&resource) {
                // AWS never lets a caller choose an id; the code is UNSOURCED.
                return Err(ControlError::value(format!("the {} '{resource}' already exists", resource.kind())));
            }
            return Ok(id.clone());
        }
        if let Some(name) = name {
            let id = I::made(name, self.id_digits());
            if !self.world.knows(&id.clone().into()) {
                return Ok(id);
            }
        }
        Ok(self.fresh_id(name.unwrap_or_default()))
    }

    /// An id that nobody has, from a hint and the world's counter.
    pub(super) fn fresh_id<I: MadeId + Into<ResourceId>>(&mut self, hint: &str) -> I {
        loop {
            self.counter += 1;
            let id = I::made(&format!("{hint}#{}", self.counter), self.id_digits());
            if !self.world.knows(&id.clone().into()) {
                return id;
            }
        }
    }

    /// Ids have 8 digits in the document's time and 17 today.
    fn id_digits(&self) -> usize {
        match self.era() {
            crate::base::Era::Y2017 => 8,
            crate::base::Era::Current => 17,
        }
    }

    /// The region of the call.
    pub(super) fn region(&self) -> &Region {
        self.world.region(self.scope).expect("apply refuses calls to a region that is not open")
    }

    /// The region of the call, to write.
    pub(super) fn region_mut(&mut self) -> &mut Region {
        let account = self.world.accounts.get_mut(&self.scope.account);
        let region = account.and_then(|account| account.regions.get_mut(&self.scope.region));
        region.expect("apply refuses calls to a region that is not open")
    }

    /// Whose rules hold.
    pub(super) fn era(&self) -> crate::base::Era {
        self.world.era
    }

    /// Whether quotas hold.
    pub(super) fn limited(&self) -> bool {
        self.world.quotas == Quotas::Aws
    }

    /// The quotas of the era.
    pub(super) fn limits(&self) -> Limits {
        Limits::of(self.era())
    }

    /// Refuses to make `more` beside `have` where only `limit` may be.
    pub(super) fn quota(
        &self,
        (have, more, limit): (usize, usize, usize),
        code: ErrorCode,
        text: &str,
    ) -> Result<(), ControlError> {
        if self.limited() && limit < have.saturating_add(more) {
            return Err(ControlError::new(code, text));
        }
        Ok(())
    }

    /// A zone of the region: the asked one, else the first.
    pub(super) fn zone(&self, asked: Option<&AvailabilityZone>) -> Result<AvailabilityZone, ControlError> {
        match asked {
            Some(zone) => self.region().need_zone(zone).map(|()| zone.clone()),
            None => Ok(self.region().zones.keys().next().expect("every region opens with zones").clone()),
        }
    }
}
