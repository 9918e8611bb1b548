//! Who asks, and where: the account and region that a call is addressed to. Decides nothing.

use crate::base::{AccountId, RegionName};

/// One account in one region: what EC2 keeps records for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: RegionName,
}

impl Scope {
    /// An account in a region.
    pub const fn new(account: AccountId, region: RegionName) -> Self {
        Self { account, region }
    }
}

/// Who makes a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// An administrator of the account, who may do everything (decisions.md: a step without `as:`).
    #[default]
    Administrator,
    /// An IAM user of the account, by name, who may do what the user's policies grant.
    User(String),
}

/// A call's envelope: all of it but the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The account and region whose records it is about.
    pub scope: Scope,
    /// Who asks.
    pub caller: Caller,
    /// `DryRun`: only ask whether it would be allowed (facts Q2).
    pub dry_run: bool,
}

impl Call {
    /// A call by an administrator.
    pub const fn admin(scope: Scope) -> Self {
        Self { scope, caller: Caller::Administrator, dry_run: false }
    }

    /// A call by an IAM user.
    pub const fn user(scope: Scope, name: String) -> Self {
        Self { scope, caller: Caller::User(name), dry_run: false }
    }
}
