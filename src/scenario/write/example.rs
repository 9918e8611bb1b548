//! A start for whoever goes on from a written world: a program and what must come of it, chosen so that it holds. Puts
//! neither into the world.

use std::net::{IpAddr, Ipv4Addr};

use super::label::Labels;
use super::text::scalar;
use crate::analysis::{Outcome, Source, TableOptions, Tables, Traffic};
use crate::control_plane::{Instance, InstanceState, NetworkInterface, Scope, World};

/// A host of the internet, by a documentation address (RFC 5737).
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// Among how many instances a pair is looked for.
const INSTANCES_TRIED: usize = 6;

/// What may be said of one machine and another, or the outside.
struct Pair {
    from: String,
    to: String,
    outside: bool,
    reaches: bool,
}

/// The text of the example.
pub(super) fn example(world: &World, home: Option<&Scope>, labels: &Labels) -> String {
    let intro = "What machines do, what changes meanwhile and what must come of it, to be uncommented as a start:";
    let Some(Pair { from, to, outside, reaches }) = home.and_then(|home| pair(world, home, labels)) else {
        return format!("{intro}\n\nprograms: {{}}\ntimeline: []\nexpect: []");
    };
    let host = if outside { format!("internet: {{hosts: {{{to}: {{address: {OUTSIDE}}}}}}}\n") } else { String::new() };
    let rest = if reaches {
        format!(
            "programs:\n  hello: {{on: {from}, ping: {{to: {to}, count: 3}}}}\nexpect:\n  - hears: {{program: hello, replies: 3}}"
        )
    } else {
        format!("expect:\n  - does-not-reach: {{from: {from}, to: {to}}}")
    };
    format!("{intro}\n\n{host}{rest}")
}

/// Two machines of which the one reaches the other by ping; else two that do not reach each other.
fn pair(world: &World, home: &Scope, labels: &Labels) -> Option<Pair> {
    let region = world.region(home)?;
    let running = region.instances().values().filter(|instance| instance.state == InstanceState::Running);
    let address = |instance: &Instance| {
        let eni = region.network_interfaces().get(instance.primary_interface()?)?;
        NetworkInterface::primary_address(eni).map(IpAddr::V4)
    };
    let running: Vec<(&Instance, IpAddr)> =
        running.filter_map(|instance| Some((instance, address(instance)?))).take(INSTANCES_TRIED).collect();
    let tables = Tables::new(world, TableOptions::default());
    let key = |instance: &Instance| scalar(&labels.key(&instance.id.clone().into()));
    let reaches = |from: &(&Instance, IpAddr), to: IpAddr| {
        let source = Source::Instance(from.0.id.clone(), from.1);
        tables.explain(&source, to, Traffic::Ping).is_some_and(|path| path.outcome() == Outcome::Reaches)
    };
    let pairs = || running.iter().flat_map(|one| running.iter().map(move |other| (one, other)));
    let mut pairs_of_two = pairs().filter(|(one, other)| one.0.id != other.0.id);
    let (from, to, reaches, outside) = match pairs_of_two.clone().find(|(one, other)| reaches(one, other.1)) {
        Some((one, other)) => (one, key(other.0), true, false),
        None => match (running.iter().find(|one| reaches(one, OUTSIDE.into())), pairs_of_two.next()) {
            (Some(one), _) => (one, "outside".to_owned(), true, true),
            (None, Some((one, other))) => (one, key(other.0), false, false),
            (None, None) => (running.first()?, "outside".to_owned(), false, true),
        },
    };
    Some(Pair { from: key(from.0), to, outside, reaches })
}
