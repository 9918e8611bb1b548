//! What reading a scenario gives: all that a run needs, with names resolved. Knows no text but the one it came from.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::analysis::Tariff;
use crate::base::{AccountId, Calendar, Era};
use crate::control_plane::{Scope, World};
use crate::notation::Source;
use crate::provision::Settings;
use crate::scenario::account::ObjectSpec;
use crate::scenario::expectation::Expectation;
use crate::scenario::machine::{LinkSettings, Machine};
use crate::scenario::names::Names;
use crate::scenario::program::Program;
use crate::scenario::timeline::Step;

/// A scenario, read, checked and resolved.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its text.
    pub source: Source,
    /// What it shows.
    pub title: String,
    /// The paragraph that teaches.
    pub description: String,
    /// The rules that it is about.
    pub rules: Vec<String>,
    /// Whose defaults hold.
    pub era: Era,
    /// Whether its file is run in another era too.
    pub shares_file: bool,
    /// When virtual time begins.
    pub calendar: Calendar,
    /// The number that all randomness comes from.
    pub seed: u64,
    /// When the run ends at the latest.
    pub until: Option<Duration>,
    /// The records at the start.
    pub world: World,
    /// What the graph is built of besides the records.
    pub settings: Settings,
    /// Everything that has a name.
    pub names: Names,
    /// The scenario's own account and region.
    pub home: Scope,
    /// Further accounts by the names that the scenario gives them.
    pub accounts: BTreeMap<String, AccountId>,
    /// The machines that run programs.
    pub machines: Vec<Machine>,
    /// S3's own settings.
    pub s3: S3Settings,
    /// What lies in buckets at the start.
    pub objects: Vec<ObjectSpec>,
    /// Links by the kind of their place, as far as they do things by chance.
    pub links: SharedLinks,
    /// What a GB and an hour cost.
    pub tariff: Tariff,
    /// What the machines do.
    pub programs: Vec<Program>,
    /// What changes meanwhile.
    pub timeline: Vec<Step>,
    /// What must come of it.
    pub expectations: Vec<Expectation>,
}

/// S3's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// When it closes an idle connection.
    pub idle_timeout: Option<Duration>,
    /// How long it thinks before it answers.
    pub first_byte_delay: Option<Duration>,
}

/// Settings of links that several machines share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedLinks {
    /// Between the internet and S3.
    pub s3: Option<LinkSettings>,
    /// Between endpoints and S3.
    pub endpoint: Option<LinkSettings>,
    /// Between the internet and its hosts.
    pub internet_hosts: Option<LinkSettings>,
    /// Between internet gateways and the internet.
    pub internet_gateways: Option<LinkSettings>,
    /// Between networks on premises and AWS, by name.
    pub premises: BTreeMap<String, LinkSettings>,
}
