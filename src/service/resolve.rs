//! A program that looks one name up and says what came of it. Asks as its host does, or the server that it is told.

use super::dns;
use super::failure::Failure;
use super::lookup::Lookup;
use super::spec::ResolveSpec;
use crate::host::Net;
use crate::trace::ProgramNote;

/// Looks a name up, as often as the spec says.
pub async fn resolve(net: Net, spec: ResolveSpec, lookup: Lookup) {
    net.note(ProgramNote::Started);
    let lookup = spec.server.map_or(lookup, dns::only);
    let mut last = Err(format!("could not resolve host {}", spec.name));
    for round in 0..spec.repeat.count {
        if 0 < round {
            net.sleep(spec.repeat.pause).await;
        }
        last = lookup(&net, &spec.name).await;
        let addresses = last.clone().unwrap_or_default();
        let addresses = addresses.into_iter().filter(|address| address.is_ipv6() == spec.ipv6).collect();
        net.note(ProgramNote::Resolved { name: spec.name.clone(), addresses });
    }
    net.note(match last {
        Ok(addresses) => {
            let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            ProgramNote::Completed { what: list.join(", ") }
        }
        Err(error) => Failure::name(error).note(),
    });
}
