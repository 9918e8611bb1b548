//! What EC2 answers when an action is refused: its code and its text. Knows no action.
//!
//! Texts that facts.md quotes carry its id where they are raised. All other texts are worded after AWS's pattern and
//! are UNSOURCED; the codes are those of the EC2 API reference ("Error codes for the Amazon EC2 API").

use std::fmt;

/// Declares the codes with their spelling.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// An EC2 error code that the control plane raises.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* #[doc = concat!("`", $text, "`")] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as EC2 writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The code that is written so, in full.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

codes! {
    AccessDenied = "AccessDenied";
    AddressLimitExceeded = "AddressLimitExceeded";
    AttachmentLimitExceeded = "AttachmentLimitExceeded";
    CannotDelete = "CannotDelete";
    DependencyViolation = "DependencyViolation";
    DryRunOperation = "DryRunOperation";
    GatewayNotAttached = "Gateway.NotAttached";
    IncorrectInstanceState = "IncorrectInstanceState";
    IncorrectState = "IncorrectState";
    InsufficientFreeAddressesInSubnet = "InsufficientFreeAddressesInSubnet";
    InsufficientAddressCapacity = "InsufficientAddressCapacity";
    InternetGatewayLimitExceeded = "InternetGatewayLimitExceeded";
    InvalidAddressNotFound = "InvalidAddress.NotFound";
    InvalidAllocationIdNotFound = "InvalidAllocationID.NotFound";
    InvalidAssociationIdNotFound = "InvalidAssociationID.NotFound";
    InvalidAttachmentNotFound = "InvalidAttachment.NotFound";
    InvalidAttachmentIdNotFound = "InvalidAttachmentID.NotFound";
    InvalidClassicLink = "InvalidInstanceID.NotLinkable";
    InvalidCustomerGatewayIdNotFound = "InvalidCustomerGatewayID.NotFound";
    InvalidDhcpOptionIdNotFound = "InvalidDhcpOptionID.NotFound";
    InvalidEgressOnlyGatewayIdNotFound = "InvalidEgressOnlyInternetGatewayId.NotFound";
    InvalidGatewayIdNotFound = "InvalidGatewayID.NotFound";
    InvalidGroupDuplicate = "InvalidGroup.Duplicate";
    InvalidGroupNotFound = "InvalidGroup.NotFound";
    InvalidGroupReserved = "InvalidGroup.Reserved";
    InvalidId = "InvalidID";
    InvalidInstanceId = "InvalidInstanceID";
    InvalidInstanceIdNotFound = "InvalidInstanceID.NotFound";
    InvalidInternetGatewayIdNotFound = "InvalidInternetGatewayID.NotFound";
    InvalidIpAddressInUse = "InvalidIPAddress.InUse";
    InvalidNatGatewayIdNotFound = "InvalidNatGatewayID.NotFound";
    InvalidNetworkAclEntryNotFound = "InvalidNetworkAclEntry.NotFound";
    InvalidNetworkAclIdNotFound = "InvalidNetworkAclID.NotFound";
    InvalidNetworkInterfaceIdNotFound = "InvalidNetworkInterfaceID.NotFound";
    InvalidNetworkInterfaceInUse = "InvalidNetworkInterface.InUse";
    InvalidParameter = "InvalidParameter";
    InvalidParameterCombination = "InvalidParameterCombination";
    InvalidParameterValue = "InvalidParameterValue";
    InvalidPermissionDuplicate = "InvalidPermission.Duplicate";
    InvalidPermissionMalformed = "InvalidPermission.Malformed";
    InvalidPermissionNotFound = "InvalidPermission.NotFound";
    InvalidPolicyDocument = "InvalidPolicyDocument";
    InvalidPrefixListIdNotFound = "InvalidPrefixListID.NotFound";
    InvalidRouteNotFound = "InvalidRoute.NotFound";
    InvalidRouteTableIdNotFound = "InvalidRouteTableID.NotFound";
    InvalidServiceName = "InvalidServiceName";
    InvalidPrefixListIdMalformed = "InvalidPrefixListId.Malformed";
    InvalidRouteTableIdMalformed = "InvalidRouteTableId.Malformed";
    InvalidVpcEndpointIdMalformed = "InvalidVpcEndpointId.Malformed";
    InvalidStateTransition = "InvalidStateTransition";
    InvalidSubnetConflict = "InvalidSubnet.Conflict";
    InvalidSubnetIdNotFound = "InvalidSubnetID.NotFound";
    InvalidSubnetRange = "InvalidSubnet.Range";
    InvalidVirtualInterfaceIdNotFound = "InvalidVirtualInterfaceID.NotFound";
    InvalidVpcEndpointIdNotFound = "InvalidVpcEndpointId.NotFound";
    InvalidVpcEndpointNotFound = "InvalidVpcEndpoint.NotFound";
    InvalidVpcEndpointType = "InvalidVpcEndpointType";
    InvalidVpcIdNotFound = "InvalidVpcID.NotFound";
    InvalidVpcPeeringConnectionIdNotFound = "InvalidVpcPeeringConnectionID.NotFound";
    InvalidVpcPeeringStateTransition = "InvalidVpcPeeringConnectionState.Transition";
    InvalidVpcRange = "InvalidVpc.Range";
    InvalidVpcState = "InvalidVpcState";
    InvalidVpnConnectionIdNotFound = "InvalidVpnConnectionID.NotFound";
    InvalidVpnGatewayAttachmentNotFound = "InvalidVpnGatewayAttachment.NotFound";
    InvalidVpnGatewayIdNotFound = "InvalidVpnGatewayID.NotFound";
    InvalidZoneNotFound = "InvalidZone.NotFound";
    MalformedPolicy = "MalformedPolicy";
    MalformedPolicyDocument = "MalformedPolicyDocument";
    MissingParameter = "MissingParameter";
    NatGatewayLimitExceeded = "NatGatewayLimitExceeded";
    NatGatewayNotFound = "NatGatewayNotFound";
    NetworkAclEntryAlreadyExists = "NetworkAclEntryAlreadyExists";
    NetworkAclEntryLimitExceeded = "NetworkAclEntryLimitExceeded";
    NetworkAclLimitExceeded = "NetworkAclLimitExceeded";
    NetworkInterfaceLimitExceeded = "NetworkInterfaceLimitExceeded";
    NoSuchBucket = "NoSuchBucket";
    NoSuchEntity = "NoSuchEntity";
    NotAvailableInZone = "NotAvailableInZone";
    NotExportable = "NotExportable";
    OperationNotPermitted = "OperationNotPermitted";
    OutstandingVpcPeeringConnectionLimitExceeded = "OutstandingVpcPeeringConnectionLimitExceeded";
    PrivateIpAddressLimitExceeded = "PrivateIpAddressLimitExceeded";
    ResourceAlreadyAssociated = "Resource.AlreadyAssociated";
    ResourceAlreadyAssigned = "Resource.AlreadyAssigned";
    ResourceCountLimitExceeded = "ResourceCountLimitExceeded";
    RouteAlreadyExists = "RouteAlreadyExists";
    RouteLimitExceeded = "RouteLimitExceeded";
    RouteNotSupported = "RouteNotSupported";
    RouteTableLimitExceeded = "RouteTableLimitExceeded";
    RulesPerSecurityGroupLimitExceeded = "RulesPerSecurityGroupLimitExceeded";
    SecurityGroupLimitExceeded = "SecurityGroupLimitExceeded";
    SecurityGroupsPerInterfaceLimitExceeded = "SecurityGroupsPerInterfaceLimitExceeded";
    SubnetLimitExceeded = "SubnetLimitExceeded";
    TagLimitExceeded = "TagLimitExceeded";
    UnauthorizedOperation = "UnauthorizedOperation";
    UnknownParameter = "UnknownParameter";
    VpcCidrBlockLimitExceeded = "CidrBlockLimitExceeded";
    VpcEndpointLimitExceeded = "VpcEndpointLimitExceeded";
    VpcIdNotSpecified = "VPCIdNotSpecified";
    VpcLimitExceeded = "VpcLimitExceeded";
    VpcPeeringConnectionAlreadyExists = "VpcPeeringConnectionAlreadyExists";
    VpcPeeringConnectionsPerVpcLimitExceeded = "VpcPeeringConnectionsPerVpcLimitExceeded";
    VpnGatewayAttachmentLimitExceeded = "VpnGatewayAttachmentLimitExceeded";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A refusal. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ControlError {
    /// EC2's code.
    pub code: ErrorCode,
    /// EC2's text.
    pub message: String,
    /// Further problems of the same action, where it looked for all of them.
    pub more: Vec<Self>,
}

impl ControlError {
    /// A refusal for one reason.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), more: Vec::new() }
    }

    /// `InvalidParameterValue` with this text.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    /// Several refusals as one, the first in front; `Ok` if there are none.
    pub(super) fn all(problems: Vec<Self>) -> Result<(), Self> {
        let mut problems = problems.into_iter();
        match problems.next() {
            Some(first) => Err(Self { more: problems.collect(), ..first }),
            None => Ok(()),
        }
    }

    /// All that is wrong, a line each: `code: text`, EC2's own answer first.
    pub fn lines(&self) -> String {
        let mut lines = self.to_string();
        for more in &self.more {
            lines.push('\n');
            lines.push_str(&more.lines());
        }
        lines
    }

    /// The resource `id` of this kind has dependents (facts RT20, E11: `The routeTable 'rtb-…' has dependencies and
    /// cannot be deleted.`).
    pub(super) fn dependency(kind: &str, id: &impl fmt::Display) -> Self {
        let text = format!("The {kind} '{id}' has dependencies and cannot be deleted.");
        Self::new(ErrorCode::DependencyViolation, text)
    }

    /// The id of this kind names nothing.
    pub(super) fn not_found(code: ErrorCode, kind: &str, id: &impl fmt::Display) -> Self {
        Self::new(code, format!("The {kind} ID '{id}' does not exist"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_is_spelled_like_another() {
        let spelled: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(spelled.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn a_refusal_reads_code_then_text() {
        let error = ControlError::not_found(ErrorCode::InvalidRouteTableIdNotFound, "routeTable", &"rtb-1");
        assert_eq!(error.to_string(), "InvalidRouteTableID.NotFound: The routeTable ID 'rtb-1' does not exist");
    }

    #[test]
    fn several_problems_keep_their_order() {
        let problems = vec![ControlError::value("a"), ControlError::value("b")];
        let error = ControlError::all(problems).expect_err("two problems");
        assert_eq!((error.message.as_str(), error.more[0].message.as_str()), ("a", "b"));
        assert_eq!(error.lines(), "InvalidParameterValue: a\nInvalidParameterValue: b");
        assert_eq!(ControlError::all(Vec::new()), Ok(()));
    }
}
