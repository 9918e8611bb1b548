//! The names that a scenario gives to resources, and the ids behind them. Knows nothing of what a resource is like.

use std::collections::BTreeMap;

use crate::control_plane::{ResourceId, Scope};
use crate::notation::{Problem, Problems, Span, decode};

/// A resource that has a name in the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The VPC it belongs to, by its name; empty outside VPCs.
    pub vpc: String,
    /// Its account and region.
    pub scope: Scope,
    /// Its id.
    pub id: ResourceId,
    /// Where it was named.
    pub span: Span,
}

/// All names of a scenario. Equal names may stand in different VPCs, regions and accounts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    all: Vec<Named>,
    by_name: BTreeMap<String, Vec<usize>>,
    by_id: BTreeMap<ResourceId, usize>,
    /// How many machines each fleet has.
    fleets: BTreeMap<String, u64>,
    /// Whether a name that several have means none of them, however near one is.
    strict: bool,
    /// The account and region that are said where names are read so: what is there is meant first.
    said: Option<Scope>,
}

/// Where a reference stands: what is nearer is meant first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account and region.
    pub scope: Scope,
    /// The VPC, by its name; empty outside VPCs.
    pub vpc: String,
}

/// Why a reference leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing of this kind has the name; the nearest names of the kind.
    Unknown(Vec<String>),
    /// Several have it, by their full names.
    Ambiguous(Vec<String>),
}

impl Names {
    /// Adds a name. A name that the same kind of resource has in the same place already is a problem.
    pub fn add(&mut self, named: Named, problems: &mut Problems) {
        let twin = self
            .called(&named.name)
            .find(|other| other.vpc == named.vpc && other.scope == named.scope && other.id.kind() == named.id.kind());
        if let Some(twin) = twin {
            let text = format!("another {} is called `{}`", kind_words(named.id.kind()), named.name);
            problems.push(Problem::error(named.span, text).related(twin.span, "here"));
            return;
        }
        if let Some(other) = self.by_id.get(&named.id).map(|index| &self.all[*index]) {
            let text = format!("the id {} is taken", named.id);
            problems.push(Problem::error(named.span, text).related(other.span, "by this one"));
            return;
        }
        self.by_name.entry(named.name.clone()).or_default().push(self.all.len());
        self.by_id.insert(named.id.clone(), self.all.len());
        self.all.push(named);
    }

    /// Says how many machines a fleet has, whether or not each of them is named.
    pub(super) fn add_fleet(&mut self, name: &str, count: u64) {
        let known = self.fleets.entry(name.to_owned()).or_default();
        *known = count.max(*known);
    }

    /// The first machine of the fleet whose machine has this name: it stands for those that a file with errors does not
    /// get.
    pub(super) fn first_of_fleet(&self, name: &str) -> Option<String> {
        let (fleet, index) = name.rsplit_once('-')?;
        let count = *self.fleets.get(fleet)?;
        let number: u64 = index.parse().ok()?;
        ((1..=count).contains(&number) && number.to_string() == index).then(|| format!("{fleet}-1"))
    }

    /// Adds a name of something that exists, whoever else is called so.
    pub(super) fn learn(&mut self, named: Named) {
        self.by_name.entry(named.name.clone()).or_default().push(self.all.len());
        self.by_id.entry(named.id.clone()).or_insert(self.all.len());
        self.all.push(named);
    }

    /// The same names, of which none is nearer than another: who names a thing of an account stands in no place of it.
    pub(super) fn without_places(&self) -> Self {
        Self { strict: true, ..self.clone() }
    }

    /// The same names, read where an account and region are said.
    pub(super) fn said_in(&self, scope: &Scope) -> Self {
        Self { said: Some(scope.clone()), ..self.clone() }
    }

    /// The name behind an id.
    pub fn of_id(&self, id: &ResourceId) -> Option<&Named> {
        self.by_id.get(id).map(|index| &self.all[*index])
    }

    /// All names in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Named> {
        self.all.iter()
    }

    /// Everything that is called so; of a fleet's machines in a file with errors, the first.
    pub fn candidates(&self, name: &str) -> impl Iterator<Item = &Named> {
        let first = self.first_of_fleet(name).filter(|_| !self.by_name.contains_key(name));
        let indices = first.and_then(|first| self.by_name.get(&first)).map_or(&[][..], Vec::as_slice);
        self.called(name).chain(indices.iter().map(|index| &self.all[*index]))
    }

    fn called(&self, name: &str) -> impl Iterator<Item = &Named> {
        // A name of an imported account may have a slash of its own.
        let parts = name.split_once('/').filter(|_| !self.by_name.contains_key(name));
        let (vpc, short) = parts.map_or((None, name), |(vpc, short)| (Some(vpc), short));
        let indices = self.by_name.get(short).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|index| &self.all[*index]).filter(move |named| vpc.is_none_or(|vpc| named.vpc == vpc))
    }

    /// The one resource that `text` means among those that `fits` takes: an id, a name, or `vpc/name`. What stands in
    /// the same VPC is meant first, then what stands in the same region.
    pub fn find(
        &self,
        text: &str,
        place: &Place,
        fits: impl Fn(&ResourceId) -> bool,
    ) -> Result<ResourceId, Unresolved> {
        let found: Vec<&Named> = self.candidates(text).filter(|named| fits(&named.id)).collect();
        if found.is_empty() {
            return match ResourceId::parse(text).filter(&fits) {
                Some(id) => Ok(id),
                None => Err(Unresolved::Unknown(self.known(&fits))),
            };
        }
        if self.strict {
            return self.only(&found, &place.vpc);
        }
        let nearness = |named: &&&Named| {
            let near = named.scope == place.scope;
            u8::from(near) + u8::from(near && named.vpc == place.vpc)
        };
        let best = found.iter().map(|named| nearness(&named)).max().unwrap_or(0);
        let nearest: Vec<&&Named> = found.iter().filter(|named| nearness(named) == best).collect();
        match nearest.as_slice() {
            [one] => Ok(one.id.clone()),
            several => {
                let paths: Vec<String> = several.iter().map(|named| named.path()).collect();
                let alike = paths.iter().enumerate().any(|(index, path)| paths[..index].contains(path));
                // Things of two kinds may have one name in one VPC: then only their ids tell them apart.
                let ids = || several.iter().map(|named| named.id.to_string()).collect();
                Err(Unresolved::Ambiguous(if alike { ids() } else { paths }))
            }
        }
    }

    /// The only one of several; of those where the text says it is, and of the VPC that is named beside them, if there
    /// are such.
    fn only(&self, found: &[&Named], vpc: &str) -> Result<ResourceId, Unresolved> {
        let here = |named: &Named| self.said.as_ref() == Some(&named.scope);
        let beside = |named: &Named| !vpc.is_empty() && named.vpc == vpc;
        let nearness = |named: &Named| u8::from(here(named)) + u8::from(beside(named));
        let most = found.iter().map(|named| nearness(named)).max().unwrap_or(0);
        let nearest = found.iter().filter(|named| nearness(named) == most);
        let mut ids: Vec<&ResourceId> = nearest.map(|named| &named.id).collect();
        ids.sort();
        // A group may have the same name twice, of its own and by its tag.
        ids.dedup();
        match ids.as_slice() {
            [one] => Ok((*one).clone()),
            several => Err(Unresolved::Ambiguous(several.iter().map(ToString::to_string).collect())),
        }
    }

    fn known(&self, fits: impl Fn(&ResourceId) -> bool) -> Vec<String> {
        self.all.iter().filter(|named| fits(&named.id)).map(|named| named.name.clone()).collect()
    }
}

impl Named {
    /// Its name with its VPC in front, where it has one.
    pub fn path(&self) -> String {
        if self.vpc.is_empty() { self.name.clone() } else { format!("{}/{}", self.vpc, self.name) }
    }
}

/// What a scenario calls a kind of resource.
pub(super) fn kind_words(kind: &str) -> &'static str {
    match kind {
        "Vpc" => "VPC",
        "Subnet" => "subnet",
        "RouteTable" => "route table",
        "InternetGateway" => "internet gateway",
        "EgressOnlyInternetGateway" => "egress-only internet gateway",
        "NatGateway" => "NAT gateway",
        "VpcEndpoint" => "VPC endpoint",
        "PrefixList" => "prefix list",
        "NetworkInterface" => "network interface",
        "Instance" => "instance",
        "Address" => "Elastic IP",
        "SecurityGroup" => "security group",
        "NetworkAcl" => "network ACL",
        "VpcPeeringConnection" => "peering connection",
        "VpnGateway" => "virtual private gateway",
        "CustomerGateway" => "customer gateway",
        "VpnConnection" => "VPN connection",
        "VirtualInterface" => "virtual interface",
        "DhcpOptions" => "set of DHCP options",
        _ => "resource",
    }
}

/// The problem of a reference that leads nowhere. `what` is the kind with its article: `a subnet`.
pub(super) fn unresolved(span: Span, text: &str, what: &str, why: &Unresolved) -> Problem {
    let text = decode::brief(text);
    match why {
        Unresolved::Unknown(known) => {
            let problem = Problem::error(span, format!("`{text}` is not the name of {what}"));
            let problem = problem.did_you_mean(&text, known.iter().map(String::as_str));
            let list: Vec<String> = known.iter().take(8).map(|name| format!("`{name}`")).collect();
            match (problem.help.is_empty(), list.is_empty()) {
                (true, false) => problem.help(format!("there are {}", list.join(", "))),
                (true, true) => problem.help("there is none in this scenario"),
                (false, _) => problem,
            }
        }
        Unresolved::Ambiguous(paths) => {
            let list: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
            Problem::error(span, format!("`{text}` is the name of several"))
                .help(format!("write one of {}", list.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::*;

    fn scope(region: &str) -> Scope {
        Scope::new(AccountId::parse("123456789012").expect("digits"), RegionName::parse(region).expect("a region"))
    }

    fn names(list: &[(&str, &str, &str)]) -> (Names, Problems) {
        let (mut names, mut problems) = (Names::default(), Problems::default());
        for (vpc, name, id) in list {
            let id = ResourceId::parse(id).expect("an id");
            let span = Span::default();
            let named = Named { name: (*name).into(), vpc: (*vpc).into(), scope: scope("us-west-2"), id, span };
            names.add(named, &mut problems);
        }
        (names, problems)
    }

    fn subnet(id: &ResourceId) -> bool {
        SubnetId::try_from(id.clone()).is_ok()
    }

    #[test]
    fn the_nearest_of_equal_names_is_meant() {
        let (names, problems) =
            names(&[("a", "private", "subnet-1"), ("b", "private", "subnet-2"), ("a", "private", "rtb-1")]);
        assert!(problems.is_empty());
        let place = |vpc: &str| Place { scope: scope("us-west-2"), vpc: vpc.into() };
        let find = |text: &str, vpc: &str| names.find(text, &place(vpc), subnet).map(|id| id.to_string());
        assert_eq!(find("private", "a"), Ok("subnet-1".into()));
        assert_eq!(find("private", "b"), Ok("subnet-2".into()));
        assert_eq!(find("b/private", "a"), Ok("subnet-2".into()));
        assert_eq!(find("private", ""), Err(Unresolved::Ambiguous(vec!["a/private".into(), "b/private".into()])));
        assert_eq!(find("subnet-77", ""), Ok("subnet-77".into()));
        assert_eq!(find("rtb-1", ""), Err(Unresolved::Unknown(vec!["private".into(), "private".into()])));
    }

    #[test]
    fn a_name_or_id_that_is_taken_is_a_problem() {
        assert!(!names(&[("a", "x", "subnet-1"), ("a", "x", "subnet-2")]).1.is_empty());
        assert!(!names(&[("a", "x", "subnet-1"), ("b", "y", "subnet-1")]).1.is_empty());
        assert!(names(&[("a", "x", "subnet-1"), ("b", "x", "subnet-2")]).1.is_empty());
    }
}
