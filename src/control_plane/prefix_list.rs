//! Prefix lists: the customer's own here; AWS's are the services' (`service`). Compiles nothing.

use std::collections::BTreeSet;

use super::*;
use crate::base::*;

/// A customer-managed prefix list. It exists today, not in the document's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixList {
    /// Its id.
    pub id: PrefixListId,
    /// Its tags.
    pub tags: Tags,
    /// Its name.
    pub prefix_list_name: String,
    /// Its blocks, of one family.
    pub entries: BTreeSet<Cidr>,
    /// How many blocks it may have: what it counts where it is used.
    pub max_entries: usize,
    /// How often it was changed, from 1 on.
    pub version: u32,
}

impl PrefixList {
    /// Whether it is one of AWS's that is no service's, such as CloudFront's: a customer's name cannot begin so (API
    /// Reference, CreateManagedPrefixList).
    pub fn is_of_aws(&self) -> bool {
        self.prefix_list_name.starts_with("com.amazonaws.")
    }
}

action_struct! {
    /// Creates a prefix list.
    CreateManagedPrefixList(
        /// Its name.
        prefix_list_name: String,
        /// How many blocks it may have.
        max_entries: usize,
    ) {
        /// The id, if it is not to be made.
        id: Option<PrefixListId>,
        /// Its tags.
        tags: Tags,
        /// Its blocks.
        entries: Vec<Cidr>,
    }
}

action_struct! {
    /// Adds and removes blocks.
    ModifyManagedPrefixList(
        /// The list.
        prefix_list_id: PrefixListId,
    ) {
        /// Blocks to add.
        add_entries: Vec<Cidr>,
        /// Blocks to remove.
        remove_entries: Vec<Cidr>,
    }
}

action_struct! {
    /// Deletes a prefix list that nobody uses.
    DeleteManagedPrefixList(
        /// The list.
        prefix_list_id: PrefixListId,
    ) {}
}

impl Perform for CreateManagedPrefixList {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        if cx.era() == Era::Y2017 {
            // Customer-managed lists are of 2020. The code is UNSOURCED.
            let text = "Customer-managed prefix lists do not exist in this era";
            return Err(ControlError::new(ErrorCode::OperationNotPermitted, text));
        }
        let entries: BTreeSet<Cidr> = self.entries.iter().copied().collect();
        check_entries(&entries, self.max_entries)?;
        let name = self.tags.name.as_deref().unwrap_or(&self.prefix_list_name);
        let id: PrefixListId = cx.new_id(self.id.as_ref(), Some(name))?;
        let list = PrefixList {
            id: id.clone(),
            tags: self.tags.clone(),
            prefix_list_name: self.prefix_list_name.clone(),
            entries,
            max_entries: self.max_entries,
            version: 1,
        };
        cx.region_mut().prefix_lists.insert(id.clone(), list);
        cx.created(id.clone());
        cx.touch(Touch::PrefixList(id));
        Ok(())
    }
}

impl Perform for ModifyManagedPrefixList {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let list = own_list(cx, &self.prefix_list_id)?;
        let mut entries = list.entries.clone();
        for block in &self.remove_entries {
            if !entries.remove(block) {
                let text = format!("The entry {block} is not in the prefix list {}", list.id);
                return Err(ControlError::value(text));
            }
        }
        entries.extend(&self.add_entries);
        check_entries(&entries, list.max_entries)?;
        let list = cx.region_mut().prefix_lists.get_mut(&self.prefix_list_id).expect("looked up above");
        list.entries = entries;
        list.version += 1;
        let scope = cx.scope.clone();
        cx.touch_list_users(&scope, &self.prefix_list_id);
        Ok(())
    }
}

impl Perform for DeleteManagedPrefixList {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        let id = &own_list(cx, &self.prefix_list_id)?.id.clone();
        let destination = Destination::PrefixList(id.clone());
        // Also those of accounts that it is shared with.
        let is_used = cx.world.regions().any(|(scope, region)| {
            let in_group = || region.security_groups.values().any(|group| group.uses_list(id));
            let in_table = || region.route_tables.values().any(|table| table.route(&destination).is_some());
            scope.region == cx.scope.region && (in_group() || in_table())
        });
        if is_used {
            return Err(ControlError::dependency("prefix list", id));
        }
        cx.region_mut().prefix_lists.remove(id);
        cx.touch(Touch::PrefixList(id.clone()));
        Ok(())
    }
}

impl Context<'_> {
    /// A list that rules and routes may name: the customer's, or AWS's of the region.
    pub(super) fn need_list(&self, id: &PrefixListId) -> Result<(), ControlError> {
        if self.world.prefix_list_blocks(self.scope, id).is_some() {
            return Ok(());
        }
        let text = format!("The prefix list ID '{id}' does not exist");
        Err(ControlError::new(ErrorCode::InvalidPrefixListIdNotFound, text))
    }

    /// How many rules or routes a list counts (facts E24: AWS's have a weight of their own).
    pub(super) fn list_weight(&self, id: &PrefixListId) -> usize {
        let customers = self.world.customer_list(&self.scope.region, id).map(|list| list.max_entries);
        let service = || self.world.service_of_list(&self.scope.region, id).map(|service| service.weight);
        customers.or_else(service).unwrap_or(1)
    }

    /// Notes everything that compiles a list's blocks: the list, tables with a route to it, groups with a rule, those of
    /// other accounts of the region among them.
    pub(super) fn touch_list_users(&mut self, scope: &Scope, id: &PrefixListId) {
        self.touch(Touch::PrefixList(id.clone()));
        let destination = Destination::PrefixList(id.clone());
        let mut users = Vec::new();
        for (_, region) in self.world.regions().filter(|(other, _)| other.region == scope.region) {
            let tables = region.route_tables.values().filter(|table| table.route(&destination).is_some());
            users.extend(tables.map(|table| Touch::RouteTable(table.id.clone())));
            let groups = region.security_groups.values().filter(|group| group.uses_list(id));
            users.extend(groups.map(|group| Touch::SecurityGroup(group.id.clone())));
        }
        for touch in users {
            self.touch(touch);
        }
    }
}

fn own_list<'a>(cx: &'a Context<'_>, id: &PrefixListId) -> Result<&'a PrefixList, ControlError> {
    let list = cx.world.customer_list(&cx.scope.region, id);
    if cx.world.service_of_list(&cx.scope.region, id).is_some() || list.is_some_and(PrefixList::is_of_aws) {
        let text = format!("The prefix list {id} is managed by AWS.");
        return Err(ControlError::new(ErrorCode::OperationNotPermitted, text));
    }
    if list.is_some() && !cx.region().prefix_lists.contains_key(id) {
        // VPC User Guide, "Share a prefix list": a consumer cannot modify or delete it. The code is UNSOURCED.
        let text = format!("The prefix list {id} is owned by another account.");
        return Err(ControlError::new(ErrorCode::OperationNotPermitted, text));
    }
    cx.region().need_prefix_list(id)
}

fn check_entries(entries: &BTreeSet<Cidr>, max_entries: usize) -> Result<(), ControlError> {
    if max_entries < entries.len() {
        let text =
            format!("The prefix list would have {} entries, more than its maximum of {max_entries}", entries.len());
        return Err(ControlError::value(text));
    }
    let v4 = entries.iter().filter(|block| block.is_v4()).count();
    if 0 < v4 && v4 < entries.len() {
        return Err(ControlError::value("The entries of a prefix list must be of one address family"));
    }
    Ok(())
}
