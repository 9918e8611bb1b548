//! Questions to worlds: in every scenario, what tables say of a path is what packets do; and the pages of `explain`,
//! `whatif` and `probe` read as the goldens say. `UPDATE_GOLDEN=1 cargo test --test questions` writes the goldens anew.
#![expect(clippy::disallowed_methods, reason = "a test of a program and of files reads and writes them")]

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

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

const HEART: &str = "scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml";
const ACCOUNT: &str = "tests/data/live-aws/aws_vpc_endpoints";

/// What a command came to.
struct Answer {
    status: i32,
    out: String,
    err: String,
}

/// Runs the program in the repository's folder, as a user would.
fn vpclab(args: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpclab"));
    command.args(args).current_dir(root()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    Answer { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Runs a command and holds its page against a golden.
#[track_caller]
fn check_page(golden: &str, status: i32, args: &[&str]) {
    let answer = vpclab(args);
    assert_eq!(answer.status, status, "{args:?}: {}", answer.err);
    assert_eq!(answer.err, "", "{args:?}");
    let path = root().join("tests/golden/questions").join(format!("{golden}.txt"));
    let found = format!("$ vpclab {}\n{}", args.join(" "), answer.out);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, &found).expect("written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(expected == found, "{} differs:\n{found}", path.display());
}

#[test]
fn a_path_to_s3_is_explained_before_and_after_the_endpoint() {
    let ask = ["explain", HEART, "--from", "client", "--to", "s3:443"];
    check_page("explain-by-the-nat-gateway", 0, &ask);
    check_page("explain-by-the-endpoint", 0, &[&ask[..], &["--at", "4s"]].concat());
}

#[test]
fn paths_of_a_measured_account_are_explained() {
    let ask = |from, to| ["explain", ACCOUNT, "--from", from, "--to", to];
    check_page("explain-account-reaches", 0, &ask("bat-nat01", "s3:443"));
    check_page("explain-account-has-no-route", 0, &ask("bat-private01", "8.8.8.8:443"));
    check_page("explain-account-is-private", 0, &ask("8.8.8.8", "bat-private01:22"));
}

#[test]
fn all_that_is_in_the_way_is_told_at_once() {
    let tangle = "tests/data/questions/a-tangle-of-filters.yaml";
    check_page("explain-several-blockers", 0, &["explain", tangle, "--from", "client", "--to", "database:5432"]);
    let lab = "scenarios/bugs/four-tickets-of-a-networking-lab.yaml";
    check_page("explain-unresolved", 0, &["explain", lab, "--from", "application", "--to", "s3:443"]);
}

#[test]
fn what_an_endpoint_would_break_is_told() {
    let change = "tests/data/questions/an-endpoint-for-the-nat-gateways-clients.yaml";
    check_page("whatif-account", 1, &["whatif", ACCOUNT, "--change", change]);
    let change = "tests/data/questions/an-endpoint-for-the-private-table.yaml";
    check_page("whatif-in-the-middle-of-an-upload", 1, &["whatif", HEART, "--at", "1s", "--change", change]);
    // Later the table has the route, and AWS refuses the second one.
    check_page("whatif-refused", 2, &["whatif", HEART, "--at", "4s", "--change", change]);
}

#[test]
fn the_way_by_a_nat_instance_is_told_and_to_lose_it_is_a_loss() {
    let world = "scenarios/basics/the-loss-of-a-zone-takes-a-nat-instance-with-it.yaml";
    check_page("explain-by-a-nat-instance", 0, &["explain", world, "--from", "first", "--to", "s3:443"]);
    let change = "tests/data/questions/no-route-to-the-nat-instance.yaml";
    check_page("whatif-without-the-nat-instance", 1, &["whatif", world, "--change", change]);
}

#[test]
fn nothing_is_said_to_be_safe_that_was_not_looked_at() {
    let change = "tests/data/questions/a-narrow-policy.yaml";
    check_page("whatif-policy", 1, &["whatif", HEART, "--at", "4s", "--change", change]);
    // The twin narrows nothing that requests which stand for many meet, and says what it did not look at.
    let wide = "tests/data/questions/a-wide-policy.yaml";
    check_page("whatif-wide-policy", 0, &["whatif", HEART, "--at", "4s", "--change", wide]);
    let world = "scenarios/basics/the-loss-of-a-zone-takes-a-nat-instance-with-it.yaml";
    let (change, named) =
        ("tests/data/questions/an-unused-security-group.yaml", "tests/data/questions/to-a-closed-port.yaml");
    check_page("whatif-never-open", 1, &["whatif", world, "--change", change, "--connections", named]);
}

#[test]
fn requests_that_a_buckets_policy_stops_admitting_are_lost_and_the_same_policy_loses_none() {
    let world = "scenarios/era/a-bucket-policy-can-admit-private-addresses-today-and-cannot-in-2017.yaml";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("change.yaml");
    let same = "- put-bucket-policy: {bucket: by-vpc-source-ip, policy: {Statement: [{Effect: Allow, Principal: '*', \
                Action: 's3:GetObject', Resource: 'arn:aws:s3:::by-vpc-source-ip/*', Condition: {IpAddress: \
                {'aws:VpcSourceIp': 10.0.0.0/23}, StringEquals: {'aws:SourceVpce': vpce-1a2b3c4d}}}]}}";
    let asked = |change: &str| {
        fs::write(&path, change).expect("written");
        let ask = ["whatif", world, "--era", "current", "--change", &path.display().to_string(), "--format", "json"];
        let answer = vpclab(&ask);
        let page: serde_json::Value = serde_json::from_str(&answer.out).expect("one object");
        let denied = page["requests"]["denied"].as_array().expect("a list").clone();
        assert!(0 < page["requests"]["asked"].as_u64().expect("a count"));
        (answer.status, denied)
    };
    let (status, denied) = asked("- delete-bucket-policy: {bucket: by-vpc-source-ip}");
    let unsigned =
        |one: &serde_json::Value| one["who"] == "somebody who does not sign" && one["way"] == "vpce-1a2b3c4d";
    assert!(status == 1 && denied.iter().any(unsigned), "{denied:?}");
    assert_eq!(asked(same), (0, Vec::new()));
}

const UNKNOWN_ENDS: &str = "tests/data/questions/a-network-with-unknown-ends.yaml";

#[test]
fn what_lies_where_nobody_looks_may_be_lost() {
    let change = "tests/data/questions/no-route-to-the-transit-gateway.yaml";
    check_page("whatif-may-be-lost", 1, &["whatif", UNKNOWN_ENDS, "--change", change]);
    let json = vpclab(&["whatif", UNKNOWN_ENDS, "--change", change, "--format", "json"]);
    let page: serde_json::Value = serde_json::from_str(&json.out).expect("one object");
    let unclear = page["unclear"].as_array().expect("a list");
    assert!(json.status == 1 && !unclear.is_empty() && unclear.iter().all(|one| one["may_be_lost"] == true));
    assert_eq!((page["may_lose"].as_u64(), page["loses"].as_bool()), (Some(3), Some(false)));
    // The twin takes nothing from anybody.
    let change = "tests/data/questions/a-route-that-nobody-takes.yaml";
    check_page("whatif-nothing-is-lost", 0, &["whatif", UNKNOWN_ENDS, "--change", change]);
}

#[test]
fn named_connections_are_of_either_family_and_tell_why_they_did_not_stand() {
    let change = "tests/data/questions/a-route-that-nobody-takes.yaml";
    let ask = ["whatif", UNKNOWN_ENDS, "--change", change, "--connections"];
    let named = "tests/data/questions/to-both-families.yaml";
    check_page("whatif-both-families", 1, &[&ask[..], &[named]].concat());
    let none = "tests/data/questions/no-connections.yaml";
    check_refused(&[&ask[..], &[none]].concat(), &["no connection is named", "no-connections.yaml:1:1"]);
}

#[test]
fn who_has_no_machine_is_answered_by_tables() {
    let ask = |from, to| ["explain", UNKNOWN_ENDS, "--from", from, "--to", to];
    check_page("explain-from-a-function", 0, &ask("eni-0a000000000000203", "db:5432"));
    check_page("explain-from-beyond-a-gateway", 0, &ask("192.168.0.9", "web:22"));
    // Where no route leads there is nobody.
    check_refused(&ask("192.169.0.9", "web:22"), &["no machine of this world has the address 192.169.0.9"]);
}

#[test]
fn what_a_service_ends_by_itself_is_not_put_down_to_the_change() {
    let world = "tests/data/questions/a-service-without-patience.yaml";
    let change = "tests/data/questions/an-unused-endpoint.yaml";
    check_page("whatif-without-a-cause", 0, &["whatif", world, "--change", change]);
}

#[test]
fn a_single_probe_is_told_with_its_journey() {
    check_page("probe-single", 0, &["probe", ACCOUNT, "--from", "10.1.1.100", "--to", "8.8.8.8", "--tcp", "443"]);
}

#[test]
fn a_score_tells_what_is_wrong_and_why() {
    let wrong = "tests/data/questions/wrong-observations.csv";
    check_page("probe-score", 1, &["probe", ACCOUNT, "--observations", wrong]);
    let junit = vpclab(&["probe", ACCOUNT, "--observations", wrong, "--format", "junit"]);
    assert_eq!(junit.status, 1);
    assert!(junit.out.contains(r#"tests="3" skipped="0" failures="2""#), "{}", junit.out);
    let all = format!("{ACCOUNT}/observations.csv");
    let json = vpclab(&["probe", ACCOUNT, "--observations", &all, "--format", "json"]);
    let lines: Vec<serde_json::Value> =
        json.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let score = lines.last().expect("the score");
    assert_eq!((json.status, lines.len()), (0, 57));
    assert_eq!(
        (score["right"].as_u64(), score["wrong"].as_u64(), score["holds"].as_bool()),
        (Some(56), Some(0), Some(true))
    );
}

#[test]
fn machines_read_the_same_as_people() {
    let explained = vpclab(&["explain", ACCOUNT, "--from", "bat-private01", "--to", "8.8.8.8:443", "--format", "json"]);
    let page: serde_json::Value = serde_json::from_str(&explained.out).expect("one object");
    assert_eq!(page["outcome"]["code"], "NO_ROUTE_TO_DESTINATION");
    assert_eq!(page["blockers"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["packets"]["agree"], true);
    let change = "tests/data/questions/an-endpoint-for-the-nat-gateways-clients.yaml";
    let asked = vpclab(&["whatif", ACCOUNT, "--change", change, "--format", "json"]);
    let page: serde_json::Value = serde_json::from_str(&asked.out).expect("one object");
    let lost = page["connections"].as_array().expect("a list").iter().filter(|one| one["lost"] == true).count();
    assert_eq!((lost, page["loses"].as_bool(), page["refused"].as_bool()), (2, Some(true), Some(false)));
}

/// Runs a command that is wrong, and expects this reason, nothing on standard output, and status 2.
#[track_caller]
fn check_refused(args: &[&str], reasons: &[&str]) {
    let answer = vpclab(args);
    assert_eq!((answer.status, answer.out.as_str()), (2, ""), "{args:?}: {}", answer.err);
    for reason in reasons {
        assert!(answer.err.contains(reason), "{args:?} does not say `{reason}`:\n{}", answer.err);
    }
}

#[test]
fn wrong_questions_are_refused_with_what_to_do() {
    let explain = |world, from, to| ["explain", world, "--from", from, "--to", to];
    check_refused(&explain(HEART, "clint", "s3:443"), &["`clint` is not a machine", "did you mean `client`?"]);
    check_refused(&explain(HEART, "client", "s4:443"), &["`s4`", "did you mean `s3`?"]);
    check_refused(&explain(HEART, "client", "s3"), &["a port is missing", "`--to s3:PORT`", "`--ping`"]);
    check_refused(&explain(HEART, "client", "s3:https"), &["`https` is not a port"]);
    check_refused(&explain("scenarios/routing", "client", "s3:443"), &["scenarios lie at `scenarios/routing`"]);
    check_refused(&explain("nowhere.yaml", "client", "s3:443"), &["no such file or folder"]);
    check_refused(&explain(ACCOUNT, "10.9.9.9", "s3:443"), &["no machine of this world has the address 10.9.9.9"]);
    let ask = explain(HEART, "client", "s3:443");
    check_refused(&[&ask[..], &["--ping"]].concat(), &["a ping goes to no port"]);
    check_refused(&[&ask[..], &["--tcp", "80"]].concat(), &["two ports are given"]);
    check_refused(&[&ask[..], &["--listeners", "x.yaml"]].concat(), &["are for imported accounts"]);
    check_refused(&[&explain(ACCOUNT, "bat-nat01", "s3:443")[..], &["--at", "5s"]].concat(), &["`--at`"]);
    check_refused(&["probe", ACCOUNT], &["nothing is asked"]);
    check_refused(&["probe", HEART, "--from", "client", "--to", "s3:443"], &["no folder of describe answers"]);
}

#[test]
fn wrong_changes_are_refused_at_their_places_and_all_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let several = file(
        "several.yaml",
        "- create-vpc-endpoint: {vpc: bat, service: s3, route-tables: [bat-privat]}\n\
         - creat-route: {route-table: bat-igw, destination: 10.0.0.0/8, target: bat}\n\
         - delete-route: {route-table: bat-igw, destination: 10.0.0.0/99}\n",
    );
    check_refused(
        &["whatif", ACCOUNT, "--change", &several],
        &["`bat-privat` is not", "creat-route", "10.0.0.0/99", "3 problems"],
    );
    let dangling = file("dangling.yaml", "- delete-vpc-endpoints: {endpoints: [nothing]}\n");
    check_refused(&["whatif", ACCOUNT, "--change", &dangling], &["dangling.yaml:1:", "`nothing` is not the name of"]);
    check_refused(&["whatif", ACCOUNT, "--change", HEART], &["this is a scenario, and a change is wanted"]);
    let empty = file("empty.yaml", "# nothing yet\n");
    check_refused(&["whatif", ACCOUNT, "--change", &empty], &["the file is empty"]);
    let happening = file("happening.yaml", "- start-program: upload\n");
    check_refused(&["whatif", HEART, "--change", &happening], &["`start-program` is no change of an account"]);
    let fine = "tests/data/questions/an-endpoint-for-the-nat-gateways-clients.yaml";
    let connections =
        file("connections.yaml", "- {from: bat-nat1, to: s3}\n- {from: bat-nat01, to: s3, sends: maybe}\n");
    let ask = ["whatif", ACCOUNT, "--change", fine, "--connections", &connections];
    check_refused(&ask, &["connections.yaml:2:", "sends"]);
}
