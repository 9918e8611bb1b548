//! What lies around the VPCs: hosts of the internet, networks on premises, and the settings of what all share.

use std::net::IpAddr;
use std::sync::Arc;

use super::reader::Reader;
use crate::host::HostSettings;
use crate::notation::View;
use crate::scenario::context::Cx;
use crate::scenario::machine::{Seat, Site, buffer, link, outside, site, unknown};
use crate::scenario::names::Place;
use crate::scenario::vocabulary::{INTERNET, NAT, ON_PREMISES, S3};

impl Reader<'_> {
    /// Links, host settings and limits that no single machine has.
    pub(super) fn shared_links(&mut self, view: &View<'_>) {
        if let Some(s3) = view.sub("s3", &S3) {
            self.links.s3 = link(&s3, "link");
            self.links.endpoint = link(&s3, "endpoint-link");
            let usual = HostSettings::clone(&self.settings.service);
            self.settings.service = Arc::new(HostSettings {
                unknown_flow: if s3.has("unknown-flow") { unknown(&s3, "unknown-flow") } else { usual.unknown_flow },
                receive_buffer: buffer(&s3, "receive-buffer").unwrap_or(usual.receive_buffer),
                send_buffer: buffer(&s3, "send-buffer").unwrap_or(usual.send_buffer),
                ..usual
            });
        }
        if let Some(internet) = view.sub("internet", &INTERNET) {
            self.links.internet_hosts = link(&internet, "link");
            self.links.internet_gateways = link(&internet, "gateway-link");
        }
        if let Some(nat) = view.sub("nat", &NAT) {
            let limits = &mut self.settings.nat;
            limits.idle_timeout = nat.duration("idle-timeout").unwrap_or(limits.idle_timeout);
            if let Some(connections) = nat.integer("connections") {
                limits.per_destination = connections as _;
            }
        }
        let links = &mut self.settings.links;
        for (given, link) in [
            (&self.links.s3, &mut links.service),
            (&self.links.endpoint, &mut links.endpoint),
            (&self.links.internet_hosts, &mut links.internet_host),
            (&self.links.internet_gateways, &mut links.internet),
        ] {
            if let Some(given) = given {
                *link = given.link(*link);
            }
        }
    }

    /// Hosts of the internet.
    pub(super) fn outside(&mut self, view: &View<'_>) {
        let Some(internet) = view.sub("internet", &INTERNET) else { return };
        for entry in internet.named("hosts") {
            if let Some((machine, host)) = outside(entry, Seat::Internet, self.settings.links.internet_host) {
                for address in &machine.addresses {
                    if let IpAddr::V4(address) = address {
                        self.world.reserve_public_address(*address);
                    }
                }
                self.machines.push(machine);
                self.settings.outside.hosts.push(host);
            }
        }
    }

    /// Networks on premises, with their hosts.
    pub(super) fn sites(&mut self, view: &View<'_>) -> Vec<Site> {
        let mut sites = Vec::new();
        let base = self.settings.links.premises;
        for entry in view.named("on-premises") {
            let place = Place { scope: self.home.clone(), vpc: String::new() };
            let mut machines = Vec::new();
            let (source, names, world) = (self.source, &self.names, &self.world);
            let mut cx = Cx { source, names, world, place, problems: self.problems };
            if let Some(site) = site(&mut cx, entry, base, &mut machines) {
                if let Some(link) = View::of(&entry.value, &ON_PREMISES).and_then(|view| link(&view, "link")) {
                    self.settings.links.vpn = link.link(self.settings.links.vpn);
                    self.links.premises.insert(entry.key.clone(), link);
                }
                sites.push(site);
            }
            self.machines.extend(machines);
        }
        sites
    }
}
