//! The world's records: accounts, their regions, AWS's own services, public addresses. Holds no packets and no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use super::{
    Bucket, IamRole, IamUser, PeeringConnection, PrefixList, PublicAddresses, Quotas, Region, ResourceId, Scope,
    Service, default_services,
};
use crate::base::{
    AccountId, Calendar, Cidr, Era, PrefixListId, RegionName, ServiceName, VpcId, VpcPeeringConnectionId,
};

/// Everything that every account says, and AWS's own data. Two worlds can be compared whole.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Whose defaults hold.
    pub era: Era,
    /// Whether quotas hold.
    pub quotas: Quotas,
    /// How long an endpoint's old policy goes on judging after a change (rule R32, "a few minutes").
    pub policy_delay: Duration,
    /// Which date its virtual time began at, for dates in answers and for conditions on the date.
    pub calendar: Calendar,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) services: BTreeMap<RegionName, BTreeMap<ServiceName, Service>>,
    pub(super) peerings: BTreeMap<VpcPeeringConnectionId, PeeringConnection>,
    pub(super) public_addresses: PublicAddresses,
    /// How many ids and blocks were made: what makes nameless ids differ.
    pub(super) counter: u64,
}

/// An account: its regions, and what belongs to no region.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    pub(super) regions: BTreeMap<RegionName, Region>,
    pub(super) users: BTreeMap<String, IamUser>,
    pub(super) roles: BTreeMap<String, IamRole>,
    pub(super) buckets: BTreeMap<String, Bucket>,
}

impl World {
    /// A world without accounts.
    pub fn new(era: Era) -> Self {
        Self {
            era,
            quotas: Quotas::default(),
            policy_delay: Self::POLICY_DELAY,
            calendar: match era {
                Era::Y2017 => Calendar::ERA_2017,
                Era::Current => Calendar::ERA_CURRENT,
            },
            accounts: BTreeMap::new(),
            services: BTreeMap::new(),
            peerings: BTreeMap::new(),
            public_addresses: PublicAddresses::default(),
            counter: 0,
        }
    }

    /// The default of [`World::policy_delay`].
    pub const POLICY_DELAY: Duration = Duration::from_secs(180);

    /// Opens a region of an account. AWS's services of the region come with it, if this is its first account there.
    /// Does nothing if it is open.
    pub fn open(&mut self, scope: &Scope) {
        let era = self.era;
        self.services.entry(scope.region.clone()).or_insert_with(|| default_services(&scope.region, era));
        let account = self.account_mut(&scope.account);
        account.regions.entry(scope.region.clone()).or_insert_with(|| Region::new(scope.region.clone()));
    }

    /// Has AWS's services stand in a region of which no account here has anything. Does nothing if they do.
    pub fn open_services(&mut self, region: &RegionName) {
        let era = self.era;
        self.services.entry(region.clone()).or_insert_with(|| default_services(region, era));
    }

    /// Declares a service of a region, in place of the one of the same name.
    pub fn declare_service(&mut self, region: &RegionName, service: Service) {
        self.services.entry(region.clone()).or_default().insert(service.name.clone(), service);
    }

    /// Removes all services of a region: an imported account says itself which there are.
    pub fn clear_services(&mut self, region: &RegionName) {
        self.services.insert(region.clone(), BTreeMap::new());
    }

    /// Says which blocks public addresses are taken from, in this order.
    pub fn set_public_pools(&mut self, pools: Vec<Cidr>) {
        self.public_addresses.set_pools(pools);
    }

    /// Keeps a public address from being given to anybody: a host on the internet has it.
    pub fn reserve_public_address(&mut self, address: Ipv4Addr) {
        self.public_addresses.reserve(address);
    }

    /// Adds or replaces an IAM user.
    pub fn put_user(&mut self, account: &AccountId, user: IamUser) {
        self.account_mut(account).users.insert(user.name.clone(), user);
    }

    /// Adds or replaces a role.
    pub fn put_role(&mut self, account: &AccountId, role: IamRole) {
        self.account_mut(account).roles.insert(role.name.clone(), role);
    }

    /// Adds or replaces a bucket. Names are unique in the world: `Err` with the owner if another account has it.
    pub fn put_bucket(&mut self, account: &AccountId, bucket: Bucket) -> Result<(), AccountId> {
        let owner = self.bucket(&bucket.name).map(|(owner, _)| owner.clone());
        if let Some(owner) = owner
            && owner != *account
        {
            return Err(owner);
        }
        self.account_mut(account).buckets.insert(bucket.name.clone(), bucket);
        Ok(())
    }

    /// All accounts.
    pub fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// Every region of every account, in order.
    pub fn regions(&self) -> impl Iterator<Item = (Scope, &Region)> {
        self.accounts.values().flat_map(|account| {
            account.regions.values().map(|region| (Scope::new(account.id.clone(), region.name.clone()), region))
        })
    }

    /// The region of an account.
    pub fn region(&self, scope: &Scope) -> Option<&Region> {
        self.accounts.get(&scope.account)?.regions.get(&scope.region)
    }

    /// AWS's services of a region.
    pub fn services(&self, region: &RegionName) -> impl Iterator<Item = &Service> {
        self.services.get(region).into_iter().flat_map(BTreeMap::values)
    }

    /// The regions that have services.
    pub fn service_regions(&self) -> impl Iterator<Item = &RegionName> {
        self.services.keys()
    }

    /// A service of a region by its name.
    pub fn service(&self, region: &RegionName, name: &ServiceName) -> Option<&Service> {
        self.services.get(region)?.get(name)
    }

    /// All peering connections, also those between accounts.
    pub fn peerings(&self) -> &BTreeMap<VpcPeeringConnectionId, PeeringConnection> {
        &self.peerings
    }

    /// Who has which public address.
    pub fn public_addresses(&self) -> &PublicAddresses {
        &self.public_addresses
    }

    /// A bucket and the account that owns it.
    pub fn bucket(&self, name: &str) -> Option<(&AccountId, &Bucket)> {
        self.accounts.values().find_map(|account| account.buckets.get(name).map(|bucket| (&account.id, bucket)))
    }

    /// The user that an access key belongs to, with the account.
    pub fn user_of_key(&self, access_key_id: &str) -> Option<(&AccountId, &IamUser)> {
        self.accounts.values().find_map(|account| {
            let user = account.users.values().find(|user| user.access_keys.contains_key(access_key_id));
            user.map(|user| (&account.id, user))
        })
    }

    /// Where a VPC is.
    pub fn scope_of_vpc(&self, id: &VpcId) -> Option<Scope> {
        self.regions().find(|(_, region)| region.vpcs().contains_key(id)).map(|(scope, _)| scope)
    }

    /// The blocks of a prefix list as a scope sees it: a customer's of the region, or one of AWS's.
    pub fn prefix_list_blocks(&self, scope: &Scope, id: &PrefixListId) -> Option<&BTreeSet<Cidr>> {
        let customers = self.customer_list(&scope.region, id).map(|list| &list.entries);
        customers.or_else(|| self.service_of_list(&scope.region, id).map(|service| &service.ranges))
    }

    /// A customer's prefix list of a region, whoever owns it. Groups and tables of other accounts may name it where its
    /// owner shares it (VPC User Guide, "Share a prefix list"); who shares what is AWS RAM's to say, and no record here.
    pub fn customer_list(&self, region: &RegionName, id: &PrefixListId) -> Option<&PrefixList> {
        self.accounts.values().find_map(|account| account.regions.get(region)?.prefix_lists.get(id))
    }

    /// The service that a prefix list of AWS's stands for.
    pub fn service_of_list(&self, region: &RegionName, id: &PrefixListId) -> Option<&Service> {
        self.services(region).find(|service| service.prefix_list_id.as_ref() == Some(id))
    }

    /// Whether any account has a resource of this id.
    pub fn knows(&self, id: &ResourceId) -> bool {
        match id {
            ResourceId::VpcPeeringConnection(id) => self.peerings.contains_key(id),
            id => self.accounts.values().flat_map(|account| account.regions.values()).any(|region| region.knows(id)),
        }
    }

    fn account_mut(&mut self, id: &AccountId) -> &mut Account {
        self.accounts.entry(id.clone()).or_insert_with(|| Account {
            id: id.clone(),
            regions: BTreeMap::new(),
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            buckets: BTreeMap::new(),
        })
    }
}

impl Account {
    /// Its regions.
    pub fn regions(&self) -> &BTreeMap<RegionName, Region> {
        &self.regions
    }

    /// Its IAM users by name.
    pub fn users(&self) -> &BTreeMap<String, IamUser> {
        &self.users
    }

    /// Its roles by name.
    pub fn roles(&self) -> &BTreeMap<String, IamRole> {
        &self.roles
    }

    /// Its buckets by name.
    pub fn buckets(&self) -> &BTreeMap<String, Bucket> {
        &self.buckets
    }
}
