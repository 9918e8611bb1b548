//! Observations against probes: right, wrong or unknown, and the TTLs apart. Sends nothing itself.

use super::path::Traffic;
use super::probe::{Prober, Question, Reply};
use super::stage::{Evidence, Stage, StageOptions};
use crate::control_plane::World;
use crate::import::{Observation, Observations, Probe};
use crate::trace::Names;

/// Whether a world shows what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// It does.
    Right,
    /// It shows something else.
    Wrong,
    /// Nobody can tell; why.
    Unknown(String),
}

/// One observation with what the world shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// What was observed.
    pub observation: Observation,
    /// What the world shows. Journeys are kept of what is not right.
    pub reply: Reply,
    /// Whether the two agree.
    pub agreement: Agreement,
    /// Whether the TTLs agree; `None` where they cannot be compared: one is missing, or the path leaves AWS.
    pub ttl_agrees: Option<bool>,
}

/// All observations of a file with what a world shows.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// In the order of the file.
    pub scored: Vec<Scored>,
    /// What journeys' handles stand for.
    pub names: Names,
    /// What the observations changed of the assumptions about listeners, in words.
    pub learned: Vec<String>,
}

impl Scorecard {
    /// How many are right.
    pub fn right(&self) -> usize {
        self.scored.iter().filter(|one| one.agreement == Agreement::Right).count()
    }

    /// How many are wrong.
    pub fn wrong(&self) -> usize {
        self.scored.iter().filter(|one| one.agreement == Agreement::Wrong).count()
    }

    /// Of how many nobody can tell.
    pub fn unknown(&self) -> usize {
        self.scored.len() - self.right() - self.wrong()
    }

    /// How many TTLs agree, of how many that can be compared.
    pub fn ttl(&self) -> (usize, usize) {
        let compared = self.scored.iter().filter_map(|one| one.ttl_agrees);
        let (agree, all) = compared.fold((0, 0), |(agree, all), one| (agree + usize::from(one), all + 1));
        (agree, all)
    }

    /// Whether every observation is right, and every TTL that can be compared.
    pub fn holds(&self) -> bool {
        let (agree, all) = self.ttl();
        self.right() == self.scored.len() && agree == all
    }
}

/// Probes a world as the observations say, by packets, one after the other.
pub fn score(world: World, options: StageOptions, observations: &Observations) -> Scorecard {
    let evidence = Evidence::of(observations);
    let stage = Stage::new(world, options, evidence, &observations.addresses());
    let mut prober = Prober::new(stage);
    let scored = observations.list.iter().map(|observation| score_one(&mut prober, observation)).collect();
    let names = prober.names();
    let learned = prober.stage().learned().map(str::to_owned).collect();
    Scorecard { scored, names, learned }
}

fn score_one(prober: &mut Prober, observation: &Observation) -> Scored {
    let Observation { from, to, probe, saw, ttl, .. } = *observation;
    let traffic = match probe {
        Probe::TcpSyn { port } => Traffic::Tcp(port),
        Probe::Ping => Traffic::Ping,
    };
    let mut reply = prober.ask(&Question { from, to, traffic });
    let agreement = match &reply.saw {
        Ok(shown) if *shown == saw => Agreement::Right,
        Ok(_) => Agreement::Wrong,
        Err(why) => Agreement::Unknown(why.clone()),
    };
    // Beyond AWS a TTL tells of the real internet, and a service's own network is not the account's.
    let index = prober.index();
    let inside = !index.owners(from).is_empty() && !index.owners(to).is_empty();
    let ttl_agrees = ttl.zip(reply.ttl).filter(|_| inside).map(|(seen, shown)| seen == shown);
    if agreement == Agreement::Right && ttl_agrees != Some(false) {
        reply.trails.clear();
    }
    Scored { observation: *observation, reply, agreement, ttl_agrees }
}
