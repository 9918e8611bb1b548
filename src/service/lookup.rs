//! From a target to an address. Asks no server itself: whoever starts a program says how names are looked up.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use super::failure::Failure;
use super::spec::Target;
use crate::host::Net;
use crate::trace::ProgramNote;

/// How the programs of a host look names up: by packets, and with an error in the words of a resolver.
pub type Lookup = Rc<dyn Fn(&Net, &str) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, String>>>>>;

/// A host that cannot look anything up.
pub fn no_names() -> Lookup {
    Rc::new(|_, name| {
        let error = format!("could not resolve host {name}: temporary failure in name resolution");
        Box::pin(std::future::ready(Err(error)))
    })
}

/// The address of a target; says so where it was a name.
pub(super) async fn find(net: &Net, target: &Target, lookup: &Lookup) -> Result<IpAddr, Failure> {
    let name = match target {
        Target::Address(address) => return Ok(*address),
        Target::Name(name) => name,
    };
    let addresses = lookup(&net.of_host(), name).await.map_err(Failure::name)?;
    net.note(ProgramNote::Resolved { name: name.clone(), addresses: addresses.clone() });
    // A host without an address of a family cannot use that family.
    let usable = addresses.iter().find(|address| net.address(address.is_ipv4()).is_some());
    let unknown = || Failure::name(format!("could not resolve host {name}: name or service not known"));
    usable.copied().ok_or_else(unknown)
}
