//! The whole file: what it is, whose defaults hold, the world place by place, and a start for programs as a comment.
//! Decides nothing about single resources.

use std::collections::BTreeSet;

use super::example::example;
use super::label::Labels;
use super::pen::Pen;
use super::region::section;
use super::text::{Map, Out};
use crate::base::{Era, RegionName};
use crate::control_plane::{Quotas, Region, Scope, World};
use crate::scenario::account::ADMINISTRATOR;
use crate::scenario::vocabulary::VERSION;

/// What stands at the top of a written scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preface {
    /// Its title.
    pub title: String,
    /// What a reader should know, a line each; they become comments.
    pub comments: Vec<String>,
}

/// A written scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text of the file.
    pub text: String,
    /// What the world has and the language has no word for; each also stands in the text, as a comment.
    pub notes: Vec<String>,
}

/// Writes a world as a scenario that makes the same world.
pub fn write(world: &World, preface: &Preface) -> Written {
    let labels = Labels::of(world);
    let home = home_of(world);
    let mut root = Map::tall();
    for comment in &preface.comments {
        root.comment(comment.as_str());
    }
    if !preface.comments.is_empty() {
        root.space();
    }
    root.put("vpclab", Out::word(VERSION));
    root.put("title", preface.title.as_str());
    root.put("era", Out::word(if world.era == Era::Y2017 { "2017" } else { "current" }));
    if world.quotas == Quotas::Lifted {
        root.put("quotas", Out::word("none"));
    }
    let mut notes = Vec::new();
    if let Some(home) = &home {
        root.put("account", Out::Word(format!("\"{}\"", home.account)));
        root.put("region", home.region.as_str());
        let mut pen = Pen::new(world, &labels, home.clone());
        places(&mut pen, home, &mut root);
        accountless(&mut pen, &mut root);
        notes = pen.notes;
    }
    root.space();
    root.comment(example(world, home.as_ref(), &labels));
    Written { text: root.to_text(), notes }
}

/// The place that stands at the top of the file: where most instances are.
fn home_of(world: &World) -> Option<Scope> {
    let size = |region: &Region| (region.instances().len(), region.vpcs().len());
    let mut best: Option<(Scope, (usize, usize))> = None;
    for (scope, region) in world.regions() {
        if best.as_ref().is_none_or(|(_, most)| *most < size(region)) {
            best = Some((scope, size(region)));
        }
    }
    best.map(|(scope, _)| scope)
}

/// Every place of the world: the home, its account's other regions, other accounts.
fn places(pen: &mut Pen<'_>, home: &Scope, root: &mut Map) {
    // AWS's services are a region's, whoever's; they stand where the region is first.
    let mut told: BTreeSet<RegionName> = BTreeSet::new();
    let mut at = |pen: &mut Pen<'_>, scope: &Scope| {
        let world = pen.world;
        pen.place.scope = scope.clone();
        world.region(scope).map(|region| pen.region(region, told.insert(scope.region.clone()))).unwrap_or_default()
    };
    root.append(at(pen, home));
    let world = pen.world;
    let mut regions = Map::tall();
    for (scope, _) in world.regions().filter(|(scope, _)| scope.account == home.account && scope != home) {
        regions.put(scope.region.as_str(), at(pen, &scope));
    }
    section(root, "regions", regions);
    let mut accounts = Map::tall();
    for account in world.accounts().values().filter(|account| account.id != home.account) {
        let mut regions: Vec<Scope> =
            account.regions().keys().map(|region| Scope::new(account.id.clone(), region.clone())).collect();
        // Without a region of its own, what an account has stands in the scenario's.
        let own = regions.iter().position(|scope| scope.region == home.region).unwrap_or(0);
        if regions.is_empty() {
            continue;
        }
        let first = regions.remove(own);
        let mut map = Map::tall();
        map.put("number", Out::Word(format!("\"{}\"", account.id)));
        if first.region != home.region {
            map.put("region", first.region.as_str());
        }
        map.append(at(pen, &first));
        let mut further = Map::tall();
        for scope in regions {
            further.put(scope.region.as_str(), at(pen, &scope));
        }
        section(&mut map, "regions", further);
        accounts.put(&format!("account-{}", account.id), map);
    }
    section(root, "accounts", accounts);
}

/// What belongs to accounts and to no region.
fn accountless(pen: &mut Pen<'_>, root: &mut Map) {
    let world = pen.world;
    for account in world.accounts().values() {
        // Every scenario has this one.
        let users = account.users().keys().filter(|name| *name != ADMINISTRATOR).count();
        for (count, what) in [(users, "users"), (account.roles().len(), "roles"), (account.buckets().len(), "buckets")]
        {
            if 0 < count {
                pen.note(root, format!("{count} {what} of account {}", account.id));
            }
        }
    }
}
