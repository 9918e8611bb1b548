//! `vpclab import DIR`: what of an account was understood, what was assumed, and what is not modelled. Writes nothing.

use std::fmt::Write as _;

use super::account;
use super::args::ImportArgs;
use super::complaint::Refusal;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::control_plane::Region;

pub(super) fn run(args: &ImportArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let imported = account::load(&args.folder, terminal)?;
    let mut text = String::new();
    for (scope, region) in imported.world.regions() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "account {} in {}", scope.account, scope.region);
        for (count, what) in counts(region).into_iter().filter(|(count, _)| 0 < *count) {
            let _ = writeln!(text, "  {count:>6}  {what}");
        }
    }
    let _ = writeln!(text, "\nassumed, because the files do not tell");
    for assumption in &imported.assumptions {
        let _ = writeln!(text, "  {} = {}: {}", assumption.key, assumption.value, assumption.why);
    }
    if !imported.unmodeled.is_empty() {
        let _ = writeln!(text, "\nnot modelled");
        for one in &imported.unmodeled {
            let _ = writeln!(text, "  {} ({}): {}", one.id, one.what, one.effect);
        }
    }
    terminal.print(&text)?;
    Ok(Exit::Held)
}

fn counts(region: &Region) -> [(usize, &'static str); 12] {
    [
        (region.vpcs().len(), "VPCs"),
        (region.subnets().len(), "subnets"),
        (region.route_tables().len(), "route tables"),
        (region.internet_gateways().len(), "internet gateways"),
        (region.nat_gateways().len(), "NAT gateways"),
        (region.vpc_endpoints().len(), "VPC endpoints"),
        (region.network_interfaces().len(), "network interfaces"),
        (region.instances().len(), "instances"),
        (region.elastic_ips().len(), "Elastic IPs"),
        (region.security_groups().len(), "security groups"),
        (region.network_acls().len(), "network ACLs"),
        (region.vpn_gateways().len(), "virtual private gateways"),
    ]
}
