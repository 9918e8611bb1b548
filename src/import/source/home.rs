//! Whose a file is: its account and its region, by its path, by what stands in it, or by the files beside it.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::library::{FileId, Library};
use super::region::{region_in, region_of_entry};
use crate::base::{AccountId, RegionName};
use crate::import::ledger::{Ledger, Place};
use crate::notation::{Map, Node, Problem, Span, Value};

/// Where a file belongs, as far as that could be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Home {
    pub(crate) account: Option<AccountId>,
    pub(crate) region: Option<RegionName>,
}

impl Library {
    /// Gives each file its account and region: by its path, by what stands in it, by ids that it shares with a file
    /// whose home is known, by its folder, by all the files together, and at last as the caller says.
    pub(super) fn find_homes(&mut self, given: &Home, ledger: &mut Ledger) {
        self.homes = self.files.iter().map(|(source, _)| home_of_path(&source.name)).collect();
        for index in 0..self.files.len() {
            self.look_inside(FileId(index), ledger);
        }
        self.join_by_ids();
        let folders: Vec<&str> = self.files.iter().map(|(source, _)| folder_of(&source.name)).collect();
        let regions = filled(self.homes.iter().map(|home| &home.region), &folders);
        let accounts = filled(self.homes.iter().map(|home| &home.account), &folders);
        for ((home, region), account) in self.homes.iter_mut().zip(regions).zip(accounts) {
            home.region = region.or_else(|| given.region.clone());
            home.account = account.or_else(|| given.account.clone());
        }
        let matters = |index: usize| self.lists_of(FileId(index)).iter().any(|list| !self.items(list).is_empty());
        let lost: Vec<usize> =
            (0..self.homes.len()).filter(|index| self.homes[*index].region.is_none() && matters(*index)).collect();
        // Where no file tells its region, that is one problem.
        let none = lost.len() == self.homes.iter().enumerate().filter(|(index, _)| matters(*index)).count();
        let shown = if none { 1 } else { lost.len() };
        for index in lost.into_iter().take(shown) {
            let span = self.files[index].1.as_ref().map_or(Span::default(), |root| root.span);
            let whose = if none { "these files are" } else { "this file is" };
            let problem = Problem::error(span, format!("cannot tell which region {whose} of"));
            let help = "put it into a folder with the region's name, or say `--region`";
            ledger.push(FileId(index), problem.help(help));
        }
    }

    /// What the items of a file say about their home.
    fn look_inside(&mut self, file: FileId, ledger: &mut Ledger) {
        let mut regions: BTreeMap<RegionName, Span> = BTreeMap::new();
        let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
        for list in self.lists_of(file) {
            for map in self.items(list).iter().filter_map(Node::as_map) {
                if list.kind.key != "VpcPeeringConnections" {
                    for (region, span) in
                        map.entries.iter().filter_map(|entry| region_of_entry(&entry.key, &entry.value))
                    {
                        regions.entry(region).or_insert(span);
                    }
                }
                accounts.extend(["OwnerId", "NetworkInterfaceOwnerId"].iter().filter_map(|key| account_of(map, key)));
            }
        }
        let home = &mut self.homes[file.0];
        let mut told = regions.iter();
        match (&home.region, told.next(), told.next()) {
            (Some(folder), Some((region, span)), _) if region != folder => {
                let message = format!("this says {region}, but the file's folder says {folder}");
                ledger.warning(Place { file, span: *span }, message);
            }
            (None, Some((first, _)), Some((second, span))) => {
                let message = format!("this file holds items of {first} and of {second}: one region a file");
                ledger.error(Place { file, span: *span }, message);
                home.region = Some(first.clone());
            }
            (None, Some((region, _)), None) => home.region = Some(region.clone()),
            (None, None, _) | (Some(_), _, _) => {}
        }
        if home.account.is_none() && accounts.len() == 1 {
            home.account = accounts.into_iter().next();
        }
    }

    /// A file that names a VPC of a file whose home is known is at home there, too.
    fn join_by_ids(&mut self) {
        let open = |home: &Home| home.region.is_none() || home.account.is_none();
        if !self.homes.iter().any(open) {
            return;
        }
        let ids: Vec<FxHashSet<&str>> = (0..self.files.len()).map(|index| self.ids_in(FileId(index))).collect();
        let mut homes = self.homes.clone();
        // Each round settles at least one file or ends; a chain of files settles one a round.
        for _ in 0..self.files.len() {
            let mut regions: FxHashMap<&str, &RegionName> = FxHashMap::default();
            let mut accounts: FxHashMap<&str, &AccountId> = FxHashMap::default();
            for (home, ids) in homes.iter().zip(&ids) {
                regions.extend(home.region.iter().flat_map(|region| ids.iter().map(move |id| (*id, region))));
                accounts.extend(home.account.iter().flat_map(|account| ids.iter().map(move |id| (*id, account))));
            }
            let mut next = homes.clone();
            for (home, ids) in next.iter_mut().zip(&ids).filter(|(home, _)| open(home)) {
                let mut sorted: Vec<&&str> = ids.iter().collect();
                sorted.sort_unstable();
                let region = sorted.iter().find_map(|id| regions.get(**id));
                let account = sorted.iter().find_map(|id| accounts.get(**id));
                home.region = home.region.take().or_else(|| region.map(|region| (*region).clone()));
                home.account = home.account.take().or_else(|| account.map(|account| (*account).clone()));
            }
            let settled = next == homes;
            homes = next;
            if settled {
                break;
            }
        }
        self.homes = homes;
    }

    /// All ids of resources that stand in a file, but not in its peerings, whose other side may be anywhere.
    fn ids_in(&self, file: FileId) -> FxHashSet<&str> {
        let mut ids = FxHashSet::default();
        let lists = self.lists_of(file).iter().filter(|list| list.kind.key != "VpcPeeringConnections");
        let mut open: Vec<&Node> = lists.flat_map(|list| self.items(list)).collect();
        while let Some(node) = open.pop() {
            match &node.value {
                Value::List(items) => open.extend(items),
                Value::Map(map) => open.extend(map.entries.iter().map(|entry| &entry.value)),
                Value::Scalar(scalar)
                    if ["vpc-", "subnet-", "eni-", "i-"].iter().any(|p| scalar.text.starts_with(p)) =>
                {
                    ids.insert(scalar.text.as_str());
                }
                Value::Scalar(_) | Value::Null => {}
            }
        }
        ids
    }
}

/// The folder of a path.
pub(super) fn folder_of(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |end| &path[..end])
}

/// Fills the gaps of `known`: by the one value of the same folder, else by the one value of all.
fn filled<'a, T: Clone + Ord + 'a>(known: impl Iterator<Item = &'a Option<T>>, folders: &[&str]) -> Vec<Option<T>> {
    let known: Vec<&Option<T>> = known.collect();
    let mut by_folder: BTreeMap<&str, BTreeSet<&T>> = BTreeMap::new();
    for (value, folder) in known.iter().zip(folders) {
        if let Some(value) = value {
            by_folder.entry(folder).or_default().insert(value);
        }
    }
    let all: BTreeSet<&T> = known.iter().copied().flatten().collect();
    let only = |values: &BTreeSet<&T>| if values.len() == 1 { values.first().map(|one| (*one).clone()) } else { None };
    let fill = |(value, folder): (&&Option<T>, &&str)| {
        (*value).clone().or_else(|| by_folder.get(*folder).and_then(only)).or_else(|| only(&all))
    };
    known.iter().zip(folders).map(fill).collect()
}

/// What the folders and the name of a file say.
fn home_of_path(path: &str) -> Home {
    let mut home = Home::default();
    for part in path.split(['/', '\\']) {
        for word in part.split(['.', '_', ' ']) {
            home.account = AccountId::parse(word).or(home.account);
            home.region = region_in(word).or(home.region);
        }
    }
    home
}

fn account_of(map: &Map, key: &str) -> Option<AccountId> {
    AccountId::parse(map.get(key)?.as_text()?)
}
