//! The accounts and regions of a scenario: which there are, who is in them, and whom a step is addressed to.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::base::{AccountId, Era, RegionName, Rng};
use crate::control_plane::{Scope, World};
use crate::notation::{Node, Problem, Problems, View, decode};
use crate::scenario::account::{administrator, bucket, user};
use crate::scenario::declare::Declare;
use crate::scenario::timeline::declare;
use crate::scenario::vocabulary::{ACCOUNT, REGION, S3};

/// The account of a scenario that names none.
const HOME_ACCOUNT: &str = "123456789012";
/// The region of a scenario that names none.
const HOME_REGION: &str = "us-west-2";

/// The scenario's own account and region.
pub(super) fn home(view: &View<'_>) -> Scope {
    let account = view.text("account").and_then(AccountId::parse);
    let region = view.text("region").and_then(RegionName::parse);
    Scope::new(
        account.unwrap_or_else(|| AccountId::parse(HOME_ACCOUNT).expect("twelve digits")),
        region.unwrap_or_else(|| RegionName::parse(HOME_REGION).expect("a region")),
    )
}

impl Reader<'_> {
    /// Opens every region, and gives every name its id.
    pub(super) fn declare(&mut self, view: &View<'_>, nodes: &[&Node]) {
        let digits = if self.world.era == Era::Y2017 { 8 } else { 17 };
        for (scope, place) in self.places(view) {
            self.world.open(&scope);
            self.services(&scope, &place);
            Declare { names: &mut self.names, problems: self.problems, digits, home: &self.home, scope }.region(&place);
        }
        for account in std::iter::once(&self.home.account).chain(self.accounts.values()) {
            administrator(&mut self.world, account);
        }
        declare(nodes, &mut self.names, &self.home, digits, self.problems);
    }

    /// Users and buckets of every account.
    pub(super) fn users_and_buckets(&mut self, view: &View<'_>) {
        let home = self.home.account.clone();
        let region = self.home.region.clone();
        for entry in view.named("users") {
            user(self.source, &mut self.world, &home, entry, self.problems);
        }
        if let Some(s3) = view.sub("s3", &S3) {
            for entry in s3.named("buckets") {
                let out = (&mut self.objects, &mut *self.problems);
                bucket(self.source, &mut self.world, (&home, &region), entry, out);
            }
        }
        for entry in view.named("accounts") {
            let (Some(account), Some(id)) = (View::of(&entry.value, &ACCOUNT), self.accounts.get(&entry.key)) else {
                continue;
            };
            for entry in account.named("users") {
                user(self.source, &mut self.world, id, entry, self.problems);
            }
            let region = account.text("region").and_then(RegionName::parse).unwrap_or_else(|| region.clone());
            for entry in account.named("buckets") {
                let out = (&mut self.objects, &mut *self.problems);
                bucket(self.source, &mut self.world, (id, &region), entry, out);
            }
        }
    }

    /// The places once more, without saying again what is wrong with them.
    pub(super) fn places_again<'v>(&mut self, view: &View<'v>) -> Vec<(Scope, View<'v>)> {
        let mut quiet = Problems::default();
        std::mem::swap(&mut quiet, self.problems);
        self.accounts.clear();
        let places = self.places(view);
        std::mem::swap(&mut quiet, self.problems);
        places
    }

    /// Each place of the world with the map that says what is there.
    fn places<'v>(&mut self, view: &View<'v>) -> Vec<(Scope, View<'v>)> {
        let mut places = Vec::new();
        let regions = |account: &AccountId, view: &View<'v>, places: &mut Vec<(Scope, View<'v>)>| {
            for entry in view.named("regions") {
                if let (Some(region), Some(view)) = (RegionName::parse(&entry.key), View::of(&entry.value, &REGION)) {
                    places.push((Scope::new(account.clone(), region), view));
                }
            }
        };
        places.push((self.home.clone(), *view));
        regions(&self.home.account, view, &mut places);
        for entry in view.named("accounts") {
            let Some(account) = View::of(&entry.value, &ACCOUNT) else { continue };
            let id = account.text("number").and_then(AccountId::parse).unwrap_or_else(|| made_account(&entry.key));
            if id == self.home.account || self.accounts.values().any(|other| *other == id) {
                let text = format!("another account has the number {id}");
                self.problems.push(Problem::error(account.span_of("number"), text));
                continue;
            }
            self.accounts.insert(entry.key.clone(), id.clone());
            let region = account.text("region").and_then(RegionName::parse);
            let region = region.unwrap_or_else(|| self.home.region.clone());
            places.push((Scope::new(id.clone(), region), account));
            regions(&id, &account, &mut places);
        }
        places
    }
}

/// The account and region that a step is addressed to.
pub(in crate::scenario) fn step_scope(
    view: &View<'_>,
    home: &Scope,
    accounts: &BTreeMap<String, AccountId>,
    world: &World,
    problems: &mut Problems,
) -> Option<Scope> {
    let mut scope = home.clone();
    if let Some((text, node)) = view.node("account").and_then(|node| Some((decode::text(node).ok()?, node))) {
        let number = AccountId::parse(text).filter(|id| world.accounts().contains_key(id));
        match accounts.get(text).cloned().or(number) {
            Some(account) => scope.account = account,
            None => {
                let problem = Problem::error(node.span, format!("`{}` is not an account here", decode::brief(text)));
                problems.push(problem.did_you_mean(text, accounts.keys().map(String::as_str)));
                return None;
            }
        }
    }
    if let Some(region) = view.text("region").and_then(RegionName::parse) {
        scope.region = region;
    }
    Some(scope)
}

/// The number of an account that has only a name: the same name gives the same number, always.
fn made_account(name: &str) -> AccountId {
    let number = Rng::stream(0, &format!("account/{name}")).below(900_000_000_000) + 100_000_000_000;
    AccountId::parse(&number.to_string()).expect("twelve digits")
}
