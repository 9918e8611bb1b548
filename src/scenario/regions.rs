//! The regions that a scenario speaks of beside those that it fills: a bucket's, a client's, US Standard behind the global
//! name. AWS's services stand in each of them. Reads no resource.

use std::collections::BTreeMap;

use crate::base::RegionName;
use crate::control_plane::{KNOWN_REGIONS, World};
use crate::notation::{Node, Problem, Problems, Span};
use crate::service::s3::US_STANDARD;

/// Opens the services of every region that is spoken of. A region that AWS does not have, and whose services the
/// scenario does not declare, is a mistake.
pub(super) fn open_regions(root: &Node, world: &mut World, problems: &mut Problems) {
    let mut mentioned = BTreeMap::new();
    collect(root, &mut mentioned);
    for (region, span) in mentioned {
        world.open_services(&region);
        if world.services(&region).next().is_none() {
            let problem = Problem::error(span, format!("nothing is known of the region {region}"));
            let problem = problem.did_you_mean(region.as_str(), KNOWN_REGIONS.iter().copied());
            problems.push(problem.help("its services can be declared, with their ranges, under `services`"));
        }
    }
}

/// Every region that stands as the value of `region` or as a key of `regions`; and the one of the global name.
fn collect(node: &Node, mentioned: &mut BTreeMap<RegionName, Span>) {
    let mut add = |text: &str, span: Span| {
        if let Some(region) = RegionName::parse(text) {
            mentioned.entry(region).or_insert(span);
        }
    };
    if let Some(text) = node.as_text() {
        // The global name leads to US Standard first, whatever region it is meant for (facts B2).
        if text == "s3.amazonaws.com" || text.ends_with(".s3.amazonaws.com") {
            add(US_STANDARD, node.span);
        }
    }
    for entry in node.as_map().into_iter().flat_map(|map| &map.entries) {
        match (entry.key.as_str(), entry.value.as_text()) {
            ("region", Some(text)) => add(text, entry.value.span),
            ("names", Some("global" | "global-path")) => add(US_STANDARD, entry.value.span),
            _ => {}
        }
        if entry.key == "regions" {
            let keys = entry.value.as_map().into_iter().flat_map(|map| &map.entries);
            keys.for_each(|key| add(&key.key, key.key_span));
        }
    }
    for entry in node.as_map().into_iter().flat_map(|map| &map.entries) {
        collect(&entry.value, mentioned);
    }
    for item in node.as_list().into_iter().flatten() {
        collect(item, mentioned);
    }
}
