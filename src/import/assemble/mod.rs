//! Drafts → the records of a world, in the order in which they need one another. Reads no answer.

mod machines;
mod network;
mod routing;
mod services;

use rustc_hash::{FxHashMap, FxHashSet};

use super::assumption::Assumptions;
use super::draft::{Draft, Drafted, Gone, Unmodeled};
use super::gaps::Gaps;
use super::ledger::{Ledger, Place};
use super::source::{FileId, Library};
use super::vpc::VpcDraft;
use crate::base::*;
use crate::control_plane::*;

/// The account of files in which none is named, unless the user says otherwise.
const NOBODY: &str = "000000000000";

/// What came of the drafts.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) world: World,
    pub(crate) unmodeled: Vec<Unmodeled>,
    pub(crate) gaps: Gaps,
    pub(crate) gone: Vec<Gone>,
}

impl Assembly {
    /// Makes all records. Drafts that do not fit are problems at their places.
    pub(crate) fn build(library: &Library, draft: Draft, assumptions: &mut Assumptions, ledger: &mut Ledger) -> Self {
        let mut world = World::new(Era::Current);
        world.quotas = Quotas::Lifted;
        let mut builder = Builder {
            world,
            library,
            assumptions,
            ledger,
            vpc_scopes: FxHashMap::default(),
            unmodeled: draft.unmodeled.clone(),
            gaps: Gaps::default(),
            opaque: FxHashSet::default(),
            nobody: AccountId::parse(NOBODY).expect("twelve digits"),
        };
        builder.open(&draft);
        builder.services(&draft);
        builder.prefix_lists(&draft);
        builder.vpcs(&draft);
        builder.peerings(&draft);
        builder.opaque_targets(&draft);
        builder.gateways(&draft);
        // Before tables: what a gateway is known to have learned from them is not learned from elsewhere.
        builder.vpn(&draft);
        builder.tables(&draft);
        builder.filters(&draft);
        builder.subnets(&draft);
        builder.interfaces(&draft);
        builder.addresses(&draft);
        builder.instances(&draft);
        builder.nat_gateways(&draft);
        builder.endpoints(&draft);
        let Builder { world, mut unmodeled, gaps, .. } = builder;
        unmodeled.sort();
        unmodeled.dedup();
        Self { world, unmodeled, gaps, gone: draft.gone }
    }
}

struct Builder<'a> {
    world: World,
    library: &'a Library,
    assumptions: &'a mut Assumptions,
    ledger: &'a mut Ledger,
    /// Whatever lies in a VPC is recorded where the VPC is, also what another account has in a shared subnet.
    vpc_scopes: FxHashMap<VpcId, Scope>,
    unmodeled: Vec<Unmodeled>,
    gaps: Gaps,
    /// Targets of routes behind which nothing can be told.
    opaque: FxHashSet<String>,
    /// The account of files in which none is named.
    nobody: AccountId,
}

impl Builder<'_> {
    fn open(&mut self, draft: &Draft) {
        let is_nobodys =
            |vpc: &Drafted<VpcDraft>| vpc.owner.is_none() && self.library.homes[vpc.at.file.0].account.is_none();
        if draft.vpcs.iter().any(is_nobodys) {
            let otherwise = (self.nobody.clone(), NOBODY.to_owned());
            let why = "no file names the account: `aws sts get-caller-identity`";
            let form = "an account: twelve digits";
            self.nobody = self.assumptions.choose("account".to_owned(), otherwise, AccountId::parse, form, why);
        }
        for vpc in &draft.vpcs {
            let scope = self.scope_of(vpc.at.file, vpc.owner.as_ref());
            self.world.open(&scope);
            self.vpc_scopes.insert(vpc.value.id.clone(), scope);
        }
        for file in 0..self.library.homes.len() {
            let home = &self.library.homes[file];
            if home.account.is_some() && home.region.is_some() && !self.library.lists_of(FileId(file)).is_empty() {
                let scope = self.scope_of(FileId(file), None);
                self.world.open(&scope);
            }
        }
    }

    /// The account and region of a file; of an item, if it names its owner.
    fn scope_of(&self, file: FileId, owner: Option<&AccountId>) -> Scope {
        let home = &self.library.homes[file.0];
        let account = owner.cloned().or_else(|| home.account.clone()).unwrap_or_else(|| self.nobody.clone());
        // Files without a region are an error and were not read; the name only stands in until that is reported.
        let region = home.region.clone().unwrap_or_else(|| RegionName::parse("us-east-1").expect("a region"));
        Scope::new(account, region)
    }

    /// Where the records of a VPC are; where its file is, if the VPC is missing.
    fn scope_in(&self, vpc: &VpcId, at: Place) -> Scope {
        self.vpc_scopes.get(vpc).cloned().unwrap_or_else(|| self.scope_of(at.file, None))
    }

    fn insert(&mut self, scope: &Scope, at: Place, record: impl Into<Record>) {
        if self.world.region(scope).is_none() {
            self.world.open(scope);
        }
        if let Err(error) = self.world.insert(scope, record) {
            // What is missing was said by the check of references; anything else is said here.
            if !matches!(error, InsertError::Dangling { .. }) || !self.ledger.has_errors() {
                self.ledger.error(at, error.to_string());
            }
        }
    }

    fn unknown(&mut self, id: impl Into<String>, what: impl Into<String>, effect: String) {
        self.unmodeled.push(Unmodeled { id: id.into(), what: what.into(), effect });
    }
}

fn tags(list: &[(String, String)]) -> Tags {
    let mut tags = Tags::default();
    for (key, value) in list {
        tags.set(key, value);
    }
    tags
}
