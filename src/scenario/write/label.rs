//! The keys that records get in a scenario: their names where those can be keys, else their ids; and how one record is
//! named from the place of another. Writes no text.

use std::collections::{BTreeMap, BTreeSet};

use crate::control_plane::{Region, ResourceId, Scope, Tags, World};
use crate::notation::{Problems, Span};
use crate::scenario::names::{Named, Names, Place};

/// The keys of all records of a world.
pub(super) struct Labels {
    names: Names,
    /// The ids of all records, which no key of another may look like.
    ids: BTreeSet<String>,
}

/// Words that mean something else wherever a name may stand.
const RESERVED: [&str; 5] = ["local", "any", "any-ipv6", "none", "default"];
/// The keys of a route table, which destinations must not be called.
const TABLE_KEYS: [&str; 5] = ["main", "propagate", "edge", "id", "tags"];
/// The longest key that is made of a name.
const KEY_MAX: usize = 60;

/// A record that wants a key.
struct Wish<'a> {
    id: ResourceId,
    name: Option<&'a str>,
    /// The key that it has by what it is: `main`, `default`.
    fixed: Option<&'static str>,
}

fn wish<'a>(id: impl Into<ResourceId>, name: Option<&'a str>) -> Wish<'a> {
    Wish { id: id.into(), name, fixed: None }
}

fn by_tag<'a>(id: impl Into<ResourceId>, tags: &'a Tags) -> Wish<'a> {
    wish(id, tags.name.as_deref())
}

impl Labels {
    pub(super) fn of(world: &World) -> Self {
        let ids = Names::of_world(world).iter().map(|named| named.id.to_string()).collect();
        let mut labels = Self { names: Names::default(), ids };
        // Programs name machines without their place.
        let mut machines = BTreeSet::new();
        for (scope, region) in world.regions() {
            labels.region(&scope, region, &mut machines);
            let own = world.peerings().values().filter(|peering| peering.requester.scope == scope);
            let own = own.map(|peering| by_tag(peering.id.clone(), &peering.tags));
            labels.claim(&scope, "", own.collect(), &mut BTreeSet::new());
        }
        labels
    }

    /// The key of a record.
    pub(super) fn key(&self, id: &ResourceId) -> String {
        self.names.of_id(id).map_or_else(|| id.to_string(), |named| named.name.clone())
    }

    /// What means a record at a place: its key, the key with its VPC, or the id.
    pub(super) fn reference(&self, id: &ResourceId, place: &Place, fits: impl Fn(&ResourceId) -> bool) -> String {
        let Some(named) = self.names.of_id(id) else { return id.to_string() };
        let means = |text: &str| self.names.find(text, place, &fits).as_ref() == Ok(id);
        [named.name.clone(), named.path()].into_iter().find(|text| means(text)).unwrap_or_else(|| id.to_string())
    }

    /// Whether a text means no record of a kind, at any place.
    pub(super) fn is_free(&self, text: &str, fits: impl Fn(&ResourceId) -> bool) -> bool {
        !self.names.candidates(text).any(|named| fits(&named.id))
            && !ResourceId::parse(text).is_some_and(|id| fits(&id))
    }

    fn region(&mut self, scope: &Scope, region: &Region, machines: &mut BTreeSet<String>) {
        let vpcs = region.vpcs().values().map(|vpc| by_tag(vpc.id.clone(), &vpc.tags));
        self.claim(scope, "", vpcs.collect(), &mut BTreeSet::new());
        for vpc in region.vpcs().keys() {
            self.vpc(scope, region, &vpc.clone().into());
        }
        macro_rules! all {
            ($map:ident) => {
                let wishes = region.$map().iter().map(|(id, record)| by_tag(id.clone(), &record.tags));
                self.claim(scope, "", wishes.collect(), &mut BTreeSet::new());
            };
        }
        let lists = region.prefix_lists().values();
        let lists = lists.map(|list| wish(list.id.clone(), Some(list.prefix_list_name.as_str())));
        self.claim(scope, "", lists.collect(), &mut TABLE_KEYS.map(str::to_owned).into());
        all!(elastic_ips);
        all!(dhcp_options);
        all!(customer_gateways);
        all!(vpn_connections);
        let instances = region.instances().values().filter(|instance| instance.is_live());
        let instances = instances.map(|instance| by_tag(instance.id.clone(), &instance.tags));
        self.claim(scope, "", instances.collect(), machines);
        // An instance's further interfaces are called by names of the region; the primary one goes by its instance.
        let further = region.instances().values().flat_map(|instance| instance.interfaces.iter());
        let further =
            further.filter(|(index, _)| **index != 0).filter_map(|(_, id)| region.network_interfaces().get(id));
        self.claim(scope, "", further.map(|eni| by_tag(eni.id.clone(), &eni.tags)).collect(), &mut BTreeSet::new());
        let free = region.internet_gateways().values().filter(|gateway| gateway.vpc_id.is_none());
        self.claim(scope, "", free.map(|g| by_tag(g.id.clone(), &g.tags)).collect(), &mut BTreeSet::new());
        let free = region.vpn_gateways().values().filter(|gateway| gateway.vpc_id.is_none());
        self.claim(scope, "", free.map(|g| by_tag(g.id.clone(), &g.tags)).collect(), &mut BTreeSet::new());
    }

    fn vpc(&mut self, scope: &Scope, region: &Region, id: &ResourceId) {
        let ResourceId::Vpc(vpc) = id else { return };
        let (Some(record), Some(contents)) = (region.vpcs().get(vpc), region.contents(vpc)) else { return };
        let key = self.key(id);
        macro_rules! all {
            ($ids:expr, $map:ident) => {
                let records = $ids.iter().filter_map(|id| region.$map().get(id));
                let wishes = records.map(|record| by_tag(record.id.clone(), &record.tags));
                self.claim(scope, &key, wishes.collect(), &mut BTreeSet::new());
            };
        }
        all!(contents.internet_gateway, internet_gateways);
        all!(contents.egress_only_internet_gateways, egress_only_internet_gateways);
        all!(contents.vpn_gateway, vpn_gateways);
        all!(contents.subnets, subnets);
        all!(contents.nat_gateways, nat_gateways);
        all!(contents.vpc_endpoints, vpc_endpoints);
        let main = &record.main_association.route_table_id;
        let tables = contents.route_tables.iter().filter_map(|id| region.route_tables().get(id));
        let tables = tables.map(|table| {
            // A main table with a name goes by it.
            let fixed = (table.id == *main && table.tags.name.is_none()).then_some("main");
            Wish { fixed, ..by_tag(table.id.clone(), &table.tags) }
        });
        self.claim(scope, &key, tables.collect(), &mut ["main".to_owned()].into());
        let acls = contents.network_acls.iter().filter_map(|id| region.network_acls().get(id));
        let acls = acls.map(|acl| {
            let fixed = (acl.id == record.default_network_acl_id).then_some("default");
            Wish { fixed, ..by_tag(acl.id.clone(), &acl.tags) }
        });
        self.claim(scope, &key, acls.collect(), &mut BTreeSet::new());
        let groups = contents.security_groups.iter().filter_map(|id| region.security_groups().get(id));
        let groups = groups.map(|group| {
            let fixed = (group.id == record.default_security_group_id).then_some("default");
            Wish { fixed, ..wish(group.id.clone(), Some(group.group_name.as_str())) }
        });
        self.claim(scope, &key, groups.collect(), &mut BTreeSet::new());
        let lone = super::machine::lone_interfaces(region, vpc);
        self.claim(scope, &key, lone.map(|eni| by_tag(eni.id.clone(), &eni.tags)).collect(), &mut BTreeSet::new());
    }

    /// Gives each record a key that no other of its kind has at this place.
    fn claim(&mut self, scope: &Scope, vpc: &str, wishes: Vec<Wish<'_>>, taken: &mut BTreeSet<String>) {
        let bases: Vec<Option<String>> =
            wishes.iter().map(|wish| wish.name.and_then(as_key).filter(|key| !self.ids.contains(key))).collect();
        let wanted: BTreeSet<&str> = bases.iter().flatten().map(String::as_str).collect();
        let mut next: BTreeMap<&str, u32> = BTreeMap::new();
        for (wish, base) in wishes.iter().zip(&bases) {
            let name = match (wish.fixed, base) {
                (Some(fixed), _) => fixed.to_owned(),
                (None, None) => wish.id.to_string(),
                (None, Some(base)) if taken.insert(base.clone()) => base.clone(),
                (None, Some(base)) => {
                    let number = next.entry(base).or_insert(1);
                    loop {
                        *number += 1;
                        let numbered = format!("{base}-{number}");
                        if !wanted.contains(numbered.as_str()) && taken.insert(numbered.clone()) {
                            break numbered;
                        }
                    }
                }
            };
            let named =
                Named { name, vpc: vpc.to_owned(), scope: scope.clone(), id: wish.id.clone(), span: Span::default() };
            self.names.add(named, &mut Problems::default());
        }
    }
}

/// The key that a name becomes: letters, digits, `-`, `_` and `.`, beginning with a letter; `None` where nothing is left.
fn as_key(name: &str) -> Option<String> {
    let mut key = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
            key.push(c);
        } else if !key.ends_with('-') {
            key.push('-');
        }
    }
    let key = key.trim_matches(['-', '.', '_']);
    let key: String = key.chars().take(KEY_MAX).collect();
    if key.is_empty() || RESERVED.contains(&key.as_str()) {
        return None;
    }
    Some(if key.starts_with(|c: char| c.is_ascii_alphabetic()) { key } else { format!("n-{key}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_keys_and_what_cannot_be_one_does_not() {
        for (name, key) in [
            ("web", Some("web")),
            ("My Web Server (prod)", Some("My-Web-Server-prod")),
            ("aws-cloud9-2", Some("aws-cloud9-2")),
            ("2fa", Some("n-2fa")),
            ("Büro", Some("B-ro")),
            ("nat-a", Some("nat-a")),
            ("default", None),
            (" ", None),
            ("東京", None),
        ] {
            assert_eq!(as_key(name).as_deref(), key, "{name}");
        }
    }
}
