//! What importing an account costs: read from describe answers, written as a scenario, and read back from it. What a
//! packet costs in such a world is measured elsewhere.

#[path = "support/account.rs"]
mod account;
#[expect(dead_code, reason = "each benchmark uses a part of what they share")]
mod support;

use account::account;
use support::{Case, Claim, Limit, Options, Work, find, measure, print, ratio};
use vpclab::control_plane::World;
use vpclab::import::{FileProblems, ImportOptions, Imported, import};
use vpclab::notation::{Source, problems_to_text};
use vpclab::scenario::{Preface, differences, load, write};

/// Interfaces of the account at scale, ten a subnet.
const MANY: u64 = 10_000;

fn main() {
    let options = Options::read();
    let many = options.scaled(MANY, 200);
    let (few, of_many) = (many / 10, |what: &str| format!("{what}, {many} interfaces"));
    let cases = [
        Case::new(format!("import, {few} interfaces"), 1, move || importing(few)),
        Case::new(of_many("import"), 1, move || importing(many)),
        Case::new(of_many("write"), 1, move || writing(many)),
        Case::new(of_many("read what was written"), 1, move || reading(many)),
    ];
    let measured = measure(&options, &cases);
    let mut claims = Vec::new();
    let mut seconds = |what: &str, name: &str, must: f64, target: f64| {
        let Some(case) = find(&measured, name) else { return };
        let (found, must, target) = (case.median() / 1e9, Limit::Most(must), Limit::Most(target));
        claims.push(Claim { what: what.to_owned(), found, unit: " s", must, target });
    };
    seconds(&format!("{} subnets, {many} interfaces are imported", many / 10), &of_many("import"), 1.0, 0.5);
    seconds("and written as a scenario", &of_many("write"), 1.0, 0.5);
    seconds("which is read", &of_many("read what was written"), 2.0, 1.0);
    if let Some((found, _)) = ratio(&measured, &of_many("import"), &format!("import, {few} interfaces")) {
        let what = "an account ten times as large".to_owned();
        claims.push(Claim { what, found, unit: "x", must: Limit::Most(20.0), target: Limit::Most(13.0) });
    }
    print(&options, "Import", "account", &measured, &claims);
}

fn world_of(interfaces: u64) -> World {
    let files = account(interfaces as usize / 10, interfaces as usize);
    let Imported { world, warnings, unmodeled, .. } =
        import(files, &ImportOptions::default()).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert!(warnings.is_empty() && unmodeled.is_empty(), "{}{unmodeled:?}", shown(&warnings));
    world
}

fn shown(problems: &[FileProblems]) -> String {
    problems.iter().map(|file| problems_to_text(&file.source, &file.problems, false)).collect()
}

/// Imports the account. That its text is copied is measured too: it is consumed.
fn importing(interfaces: u64) -> Work {
    let files = account(interfaces as usize / 10, interfaces as usize);
    Box::new(move |units| {
        for _ in 0..units {
            let imported = import(files.clone(), &ImportOptions::default()).expect("an account without problems");
            assert_eq!(interfaces_of(&imported.world), interfaces);
        }
    })
}

fn writing(interfaces: u64) -> Work {
    let world = world_of(interfaces);
    Box::new(move |units| {
        for _ in 0..units {
            let written = write(&world, &Preface::default());
            assert_eq!(written.notes, Vec::<String>::new());
        }
    })
}

fn reading(interfaces: u64) -> Work {
    let world = world_of(interfaces);
    let source = Source::new("written.yaml", write(&world, &Preface::default()).text);
    let read = |source: &Source| load(source).0.pop().expect("a scenario without problems");
    assert_eq!(differences(&world, &read(&source).world), Vec::<String>::new());
    Box::new(move |units| {
        for _ in 0..units {
            assert_eq!(interfaces_of(&read(&source).world), interfaces);
        }
    })
}

fn interfaces_of(world: &World) -> u64 {
    world.regions().map(|(_, region)| region.network_interfaces().len() as u64).sum()
}
