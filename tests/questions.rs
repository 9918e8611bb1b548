//! Questions to worlds: in every scenario, what tables say of a path is what packets do.
#![expect(clippy::disallowed_methods, reason = "a test of files reads them")]

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use vpclab::analysis::{Outcome, Prober, Stage, Traffic, explain};
use vpclab::base::{Rng, SimTime};
use vpclab::notation::Source;
use vpclab::scenario::{Run, Scenario, load};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All scenario files below a folder that are neither wrong on purpose nor large.
fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "errors" && name != "scale" {
            found.extend(scenarios(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A scenario in each of its eras; that each of them can be read is another test's affair.
fn scenario(path: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(path).expect("a scenario");
    load(&Source::new(path.display().to_string(), text)).0
}

fn stage(scenario: &Scenario, at: SimTime) -> Stage {
    let mut run = Run::new(scenario.clone(), None, &mut ());
    run.advance(at, &mut ());
    Stage::running(run.into_simulation())
}

/// The addresses of everybody, and a few of nobody.
fn addresses(stage: &mut Stage) -> Vec<IpAddr> {
    let world = stage.simulation().world();
    let mut all: Vec<IpAddr> = Vec::new();
    for (_, region) in world.regions() {
        for interface in region.network_interfaces().values() {
            all.extend(interface.addresses());
            let public = interface.private_addresses.iter().filter_map(|own| own.association.as_ref());
            all.extend(public.map(|association| IpAddr::V4(association.public_ip)));
        }
    }
    for region in world.service_regions() {
        for service in world.services(region) {
            let blocks = service.ranges.iter().chain(&service.ipv6_ranges).take(2);
            all.extend(blocks.filter_map(|block| block.nth(9)));
        }
    }
    let outside = &stage.simulation().network().settings().outside;
    let hosts = outside.hosts.iter().chain(outside.premises.iter().flat_map(|premises| &premises.hosts));
    all.extend(hosts.flat_map(|host| host.addresses.clone()));
    all.extend(["10.0.0.77", "192.0.2.1"].map(|text| text.parse::<IpAddr>().expect("an address")));
    all.sort_unstable();
    all.dedup();
    all
}

/// Questions of one scenario at one instant.
const QUESTIONS: usize = 60;

#[test]
fn every_scenario_is_explained_as_its_packets_go() {
    let traffic = [Traffic::Tcp(443), Traffic::Tcp(80), Traffic::Tcp(22), Traffic::Udp(53), Traffic::Ping];
    let (mut asked, mut reached) = (0, 0);
    let mut wrong = Vec::new();
    let all = scenarios(&root().join("scenarios"));
    for (path, scenario) in all.iter().flat_map(|path| scenario(path).into_iter().map(move |one| (path, one))) {
        for at in [SimTime::from_millis(1), SimTime::FAR] {
            let mut stage = stage(&scenario, at);
            let all = addresses(&mut stage);
            let mut prober = Prober::new(stage);
            let mut rng = Rng::stream(7, &format!("{} {at:?}", path.display()));
            let mut pick = |end: usize| rng.below(end as u64) as usize;
            for _ in 0..QUESTIONS {
                let (from, to, traffic) = (all[pick(all.len())], all[pick(all.len())], traffic[pick(traffic.len())]);
                if from.is_ipv4() != to.is_ipv4() {
                    continue;
                }
                let Ok(explained) = explain(&mut prober, from, to, traffic) else { continue };
                asked += 1;
                reached += usize::from(explained.explanation.outcome() == Outcome::Reaches);
                if let Some(disagreement) = explained.disagreement {
                    wrong.push(format!("{} at {at:?}: {from} → {to} {traffic}: {disagreement:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} of {asked}", wrong.join("\n"), wrong.len());
    assert!(1_000 < asked && 200 < reached, "{reached} of {asked}");
}
