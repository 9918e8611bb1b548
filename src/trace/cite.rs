//! Citations: which rule, route or device decided, as it stood at that instant. Knows no packets.

use std::fmt;

use indexmap::IndexSet;

/// Stands for one [`Cite`] in steps and compiled tables.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CiteId(pub u32);

impl CiteId {
    /// Nothing to cite.
    pub const NONE: Self = Self(0);
}

/// The kind of thing that decided.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    /// Nothing in particular.
    None,
    /// A route of a route table.
    Route,
    /// A route table without a matching route.
    RouteTable,
    /// A rule of a security group, or the group.
    SecurityGroup,
    /// An entry of a network ACL.
    NetworkAcl,
    /// A network interface.
    NetworkInterface,
    /// An instance.
    Instance,
    /// An internet gateway.
    InternetGateway,
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway,
    /// A NAT gateway.
    NatGateway,
    /// A gateway endpoint.
    VpcEndpoint,
    /// A peering connection.
    VpcPeeringConnection,
    /// A virtual private gateway, VPN connection or Direct Connect interface.
    VpnGateway,
    /// A service such as S3.
    Service,
    /// The internet, or a host of it.
    Internet,
    /// A link.
    Link,
    /// EC2-Classic's network, with its links to VPCs.
    ClassicLink,
    /// The VPC itself.
    Vpc,
}

/// What decided, for people and for machines.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cite {
    /// Its kind.
    pub component: Component,
    /// The resource id, such as `rtb-11aa22bb`.
    pub id: String,
    /// The name the user gave it; empty if there is none.
    pub name: String,
    /// What of it decided: `pl-68a54001 (52.218.128.0/17) → vpce-…`, `rule 100: deny tcp 5432 from 10.0.0.0/8`.
    pub detail: String,
    /// Ids of the rule book that this shows, such as `R12`.
    pub rules: Vec<&'static str>,
}

impl Cite {
    /// A citation of a resource.
    pub fn new(component: Component, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { component, id: id.into(), name: name.into(), detail: String::new(), rules: Vec::new() }
    }

    /// With what of it decided.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With an id of the rule book.
    #[must_use]
    pub fn rule(mut self, rule: &'static str) -> Self {
        self.rules.push(rule);
        self
    }

    /// Its name if it has one, else its id.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// `private: 0.0.0.0/0 → nat`
impl fmt::Display for Cite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.is_empty() {
            true => f.write_str(self.label()),
            false => write!(f, "{}: {}", self.label(), self.detail),
        }
    }
}

/// All citations of a run. Only grows, and equal ones share a handle.
#[derive(Clone, Debug)]
pub struct Citations {
    all: IndexSet<Cite>,
}

impl Citations {
    /// With nothing in it but the empty citation, [`CiteId::NONE`].
    pub fn new() -> Self {
        Self { all: IndexSet::from([Cite::new(Component::None, "", "")]) }
    }

    /// The handle of a citation, made if need be.
    pub fn intern(&mut self, cite: Cite) -> CiteId {
        let (index, _) = self.all.insert_full(cite);
        CiteId(u32::try_from(index).expect("fewer than four billion rules"))
    }

    /// Takes over what `other`, of which this is an older copy, has had added.
    pub fn learn(&mut self, other: &Self) {
        for cite in other.all.iter().skip(self.all.len()) {
            self.all.insert(cite.clone());
        }
    }

    /// What a handle stands for.
    pub fn get(&self, id: CiteId) -> &Cite {
        self.all.get_index(id.0 as usize).unwrap_or_else(|| self.all.get_index(0).expect("the empty citation"))
    }
}

impl Default for Citations {
    fn default() -> Self {
        Self::new()
    }
}

/// Rules behind what shows them, as every output writes it: ` [R10 R12]`, or nothing.
pub fn rules_text(rules: &[&str]) -> String {
    if rules.is_empty() { String::new() } else { format!(" [{}]", rules.join(" ")) }
}
