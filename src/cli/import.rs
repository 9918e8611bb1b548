//! `vpclab import DIR`: what of an account was understood, what was assumed, what is not modelled; and the account as a
//! scenario. Changes nothing that it did not write itself.

#![expect(clippy::disallowed_methods, reason = "the command line writes files")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::account;
use super::args::{ImportArgs, Machine};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::terminal::Terminal;
use crate::control_plane::{Region, World};
use crate::import::Imported;
use crate::notation::{Source, problems_to_json};
use crate::scenario::{Preface, Written, differences, load, write};

pub(super) fn run(args: &ImportArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    if args.format == Machine::Json && args.output.as_deref().is_some_and(is_output) {
        let complaint =
            Complaint::new("with `-o -`, the scenario has standard output for itself: `--format json` has no room");
        return Err(complaint.help("write the scenario to a file").into());
    }
    let imported = match (account::load(&args.account), args.format) {
        (Ok(imported), _) => imported,
        (Err(refusal), Machine::Text) => return Err(refusal),
        (Err(refusal), Machine::Json) => {
            terminal.print(&format!("{}\n", json!({"ok": false, "problems": problems(&refusal.0)})))?;
            return Ok(Exit::Wrong);
        }
    };
    let written = match &args.output {
        Some(path) => Some((path, written(path, &imported, args.force)?)),
        None => None,
    };
    let to_output = written.as_ref().is_some_and(|(path, _)| is_output(path));
    if args.format == Machine::Text {
        account::remark(&imported, terminal);
    }
    if let Some((path, (written, differing))) = &written {
        remark(path, written, differing, terminal);
    }
    let report = match args.format {
        Machine::Text => text(&imported),
        Machine::Json => {
            let notes = written.as_ref().map(|(path, (written, differing))| {
                json!({"file": path.display().to_string(), "not_written": written.notes, "differs": differing})
            });
            format!("{}\n", as_json(&imported, notes))
        }
    };
    match &written {
        // With `-`, the scenario has standard output for itself.
        Some((_, (written, _))) if to_output => {
            terminal.print(&written.text)?;
            terminal.say(&report);
        }
        Some((path, _)) if args.format == Machine::Text => {
            let path = path.display();
            terminal.print(&format!("{report}\nwrote {path}\nrun it with: vpclab run {path}\n"))?;
        }
        Some(_) | None => terminal.print(&report)?,
    }
    Ok(Exit::Held)
}

/// Whether a path means standard output.
fn is_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes the account as a scenario, once it has been read back; gives in what the world of the file differs.
fn written(path: &Path, imported: &Imported, force: bool) -> Result<(Written, Vec<String>), Refusal> {
    if !is_output(path) && !force && fs::symlink_metadata(path).is_ok() {
        let complaint = Complaint::new(format_args!("`{}` exists already", path.display()));
        return Err(complaint.help("what stands there may be yours: take another name, or say `--force`").into());
    }
    let written = write(&imported.world, &preface(imported));
    let source = Source::new(path.display().to_string(), written.text.as_str());
    let (scenarios, problems) = load(&source);
    let [scenario] = scenarios.as_slice() else {
        let complaint = Complaint::new("this account can be imported, but the scenario language cannot say it yet");
        return Err(Refusal(vec![Complaint::Text { source, problems }, complaint.help("nothing was written")]));
    };
    let differing = differences(&imported.world, &scenario.world);
    if !is_output(path) {
        put(path, &written.text).map_err(|error| Complaint::cannot_write(path, &error))?;
    }
    Ok((written, differing))
}

/// Writes a file whole or not at all; what is no file, such as a device or a pipe, takes what comes.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let found = fs::metadata(path).ok();
    if found.as_ref().is_some_and(|found| !found.is_file()) || (found.is_none() && path.is_symlink()) {
        return File::create(path)?.write_all(text.as_bytes());
    }
    // A link stays, and leads to what is written.
    let place = if found.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let (under_way, mut file) = partial(&place)?;
    let done = file.write_all(text.as_bytes());
    let done = done.and_then(|()| found.map_or(Ok(()), |found| file.set_permissions(found.permissions())));
    let done = done.and_then(|()| fs::rename(&under_way, &place));
    if done.is_err() {
        // Nothing can be done about a file that cannot be removed.
        let _ = fs::remove_file(&under_way);
    }
    done
}

/// A new file beside another, under a name that nobody has.
fn partial(place: &Path) -> io::Result<(PathBuf, File)> {
    let mut tried = 0;
    loop {
        let mut name = place.as_os_str().to_owned();
        name.push(if tried == 0 { ".partial".to_owned() } else { format!(".partial-{tried}") });
        match File::create_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < PARTIALS_MAX => tried += 1,
            made => return Ok((name.into(), made?)),
        }
    }
}

/// How many names are tried for a file under way.
const PARTIALS_MAX: usize = 100;

/// Says what a file does not hold.
fn remark(path: &Path, written: &Written, differing: &[String], terminal: &Terminal) {
    let path = path.display();
    let mut text = String::new();
    for note in &written.notes {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "note: not written to {path}: {note}");
    }
    for line in differing {
        let _ = writeln!(text, "note: not quite the same in {path}: {line}");
    }
    terminal.say(&text);
}

/// What stands at the top of the scenario: where it comes from, what was assumed, what nobody can tell.
fn preface(imported: &Imported) -> Preface {
    let scopes: Vec<String> =
        imported.world.regions().map(|(scope, _)| format!("{} in {}", scope.account, scope.region)).collect();
    let shown = match scopes.as_slice() {
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        [] => "none".to_owned(),
    };
    let mut comments = vec![
        "What `describe-*` calls told of an account, as a scenario. The keys are names where there are any; `id` is the"
            .to_owned(),
        "account's own id. `vpclab check` holds changes against AWS's rules, `vpclab schema` helps an editor.".to_owned(),
    ];
    if !imported.assumptions.is_empty() {
        comments.extend([String::new(), "Assumed, because the files do not tell:".to_owned()]);
        comments.extend(imported.assumptions.iter().map(|one| format!("  {} = {}", one.key, one.value)));
    }
    if !imported.unmodeled.is_empty() {
        comments.extend([String::new(), "Not modelled:".to_owned()]);
        comments.extend(imported.unmodeled.iter().map(|one| format!("  {} ({}): {}", one.id, one.what, one.effect)));
    }
    Preface { title: format!("Account {shown}, as described"), comments }
}

fn text(imported: &Imported) -> String {
    let mut text = String::new();
    for (scope, region) in imported.world.regions() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "account {} in {}", scope.account, scope.region);
        for (count, one, many) in counts(&imported.world, &scope, region) {
            let _ = writeln!(text, "  {count:>6}  {}", if count == 1 { one } else { many });
        }
    }
    if !imported.assumptions.is_empty() {
        let _ = writeln!(text, "\nassumed, because the files do not tell (`--assume KEY=VALUE` for something else)");
        for one in &imported.assumptions {
            let why = if one.overridden { "as you say" } else { one.why.as_str() };
            let _ = writeln!(text, "  {} = {}: {why}", one.key, one.value);
        }
    }
    if !imported.unmodeled.is_empty() {
        let _ = writeln!(text, "\nnot modelled");
        for one in &imported.unmodeled {
            let _ = writeln!(text, "  {} ({}): {}", one.id, one.what, one.effect);
        }
    }
    if !imported.gone.is_empty() {
        let _ = writeln!(text, "\ndescribed, and no longer there");
        for one in &imported.gone {
            let _ = writeln!(text, "  {}: {}", one.id, one.state);
        }
    }
    text
}

/// The same for machines.
fn as_json(imported: &Imported, written: Option<Json>) -> Json {
    let regions: Vec<Json> = imported
        .world
        .regions()
        .map(|(scope, region)| {
            let counts = counts(&imported.world, &scope, region);
            let counts: serde_json::Map<String, Json> = counts
                .into_iter()
                .map(|(count, _, many)| (many.to_lowercase().replace([' ', '-'], "_"), json!(count)))
                .collect();
            json!({"account": scope.account.as_str(), "region": scope.region.as_str(), "records": counts})
        })
        .collect();
    let assumptions = imported
        .assumptions
        .iter()
        .map(|one| json!({"key": one.key, "value": one.value, "why": one.why, "overridden": one.overridden}));
    let unmodeled = imported.unmodeled.iter().map(|one| json!({"id": one.id, "what": one.what, "effect": one.effect}));
    let warnings = imported.warnings.iter().map(|file| {
        json!({
            "file": &*file.source.name,
            "problems": problems_to_json(&file.source, &file.problems),
        })
    });
    json!({
        "ok": true,
        "regions": regions,
        "assumptions": assumptions.collect::<Vec<_>>(),
        "not_modelled": unmodeled.collect::<Vec<_>>(),
        "gone": imported.gone.iter().map(|one| json!({"id": one.id, "state": one.state})).collect::<Vec<_>>(),
        "left_aside": imported.skipped.iter().map(|one| json!({"file": one.path, "why": one.why})).collect::<Vec<_>>(),
        "warnings": warnings.collect::<Vec<_>>(),
        "scenario": written,
    })
}

/// What is wrong, for machines: of each file with its places, of everything else in words.
fn problems(complaints: &[Complaint]) -> Vec<Json> {
    let one = |complaint: &Complaint| match complaint {
        Complaint::Plain { message, help } => json!({"message": message, "help": help}),
        Complaint::Text { source, problems } => {
            json!({"file": &*source.name, "problems": problems_to_json(source, problems)})
        }
    };
    complaints.iter().map(one).collect()
}

/// How many records there are of each kind that there are any of, with the words for one and for several.
fn counts(
    world: &World,
    scope: &crate::control_plane::Scope,
    region: &Region,
) -> Vec<(usize, &'static str, &'static str)> {
    let peerings = world.peerings().values().filter(|peering| peering.requester.scope == *scope).count();
    let all = [
        (region.vpcs().len(), "VPC", "VPCs"),
        (region.subnets().len(), "subnet", "subnets"),
        (region.route_tables().len(), "route table", "route tables"),
        (region.internet_gateways().len(), "internet gateway", "internet gateways"),
        (region.egress_only_internet_gateways().len(), "egress-only internet gateway", "egress-only internet gateways"),
        (region.nat_gateways().len(), "NAT gateway", "NAT gateways"),
        (region.vpc_endpoints().len(), "VPC endpoint", "VPC endpoints"),
        (region.network_interfaces().len(), "network interface", "network interfaces"),
        (region.instances().len(), "instance", "instances"),
        (region.elastic_ips().len(), "Elastic IP", "Elastic IPs"),
        (region.security_groups().len(), "security group", "security groups"),
        (region.network_acls().len(), "network ACL", "network ACLs"),
        (region.prefix_lists().len(), "customer-managed prefix list", "customer-managed prefix lists"),
        (peerings, "peering connection", "peering connections"),
        (region.vpn_gateways().len(), "virtual private gateway", "virtual private gateways"),
        (region.customer_gateways().len(), "customer gateway", "customer gateways"),
        (region.vpn_connections().len(), "VPN connection", "VPN connections"),
    ];
    all.into_iter().filter(|(count, ..)| 0 < *count).collect()
}
