//! A question of the command line, `--from A --to B:port`, against the world it is asked of. Asks nothing but names.

use std::net::IpAddr;

use super::args::TrafficArgs;
use super::complaint::{Complaint, Refusal};
use crate::analysis::{Place, Places, Prober, Stage, Tables, Traffic, Unplaced, split_port};
use crate::control_plane::World;

/// A question whose ends are known.
pub(super) struct Asked {
    /// The address that asks.
    pub(super) from: IpAddr,
    /// The address that is asked; why the name does not resolve otherwise.
    pub(super) to: Result<IpAddr, String>,
    /// How.
    pub(super) traffic: Traffic,
    /// The DNS name that was looked up, with all its addresses.
    pub(super) resolved: Option<(String, Vec<IpAddr>)>,
}

impl From<Unplaced> for Refusal {
    fn from(unplaced: Unplaced) -> Self {
        Complaint::new(&unplaced.message).help(unplaced.help).into()
    }
}

/// The addresses that a question names as such: in an account, hosts of the internet.
pub(super) fn literals(from: &str, to: &str) -> Vec<IpAddr> {
    let to = split_port(to).map_or(to, |(name, _)| name);
    [from, to].into_iter().filter_map(|text| text.parse().ok()).collect()
}

/// Finds both ends. Without a port and a flag, `usual` is how it is asked.
pub(super) fn find(
    prober: &mut Prober,
    from: &str,
    to: &str,
    args: &TrafficArgs,
    usual: Option<Traffic>,
) -> Result<Asked, Refusal> {
    let (to_name, port) = split_port(to)?;
    let traffic = traffic(args, to_name, port, usual)?;
    let stage = prober.stage();
    let outside = stage.simulation().network().settings().outside.clone();
    let world = stage.simulation().world().clone();
    let places = Places::new(&world, &outside);
    let mut from_address = places.asker(from)?;
    // Who is stopped, or runs nothing here, asks nothing, and tables still say what is in the way.
    let is_known = Tables::new(&world, stage.table_options()).source(from_address).is_ok();
    if let Err(why) = stage.asker(from_address)
        && !is_known
    {
        return Err(Complaint::new(why).help("`--from` is a machine: an instance, or a host outside of AWS").into());
    }
    let resolver = resolver_of(stage, &world, from_address);
    let region = places.region_of(stage.index(), from_address);
    let place = places.asked(to_name, region.as_ref())?;
    let (to, resolved) = match place {
        Place::Address(address) => (Ok(address), None),
        Place::Name(name) => match prober.look_up(resolver, &name) {
            Ok(found) => {
                let usable = found.iter().find(|one| one.is_ipv4() == from_address.is_ipv4()).copied();
                let address = usable.ok_or_else(|| format!("{name} has no address of the family of {from_address}"));
                (address, Some((name, found)))
            }
            Err(why) => (Err(why), Some((name, Vec::new()))),
        },
    };
    if let Ok(address) = to
        && address.is_ipv6() != from_address.is_ipv6()
    {
        // The same machine by its other address, where it has one.
        let which = if address.is_ipv6() { "ipv6" } else { "private" };
        let other = places.asker(&format!("{from}.{which}"));
        from_address = other.map_err(|_| {
            let family = if address.is_ipv6() { "IPv6" } else { "IPv4" };
            Refusal::from(Complaint::new(format_args!("`{from}` has no {family} address to ask {address} from")))
        })?;
    }
    Ok(Asked { from: from_address, to, traffic, resolved })
}

/// Who looks names up for an address: its own machine, else one of the same VPC, which asks the same resolver.
fn resolver_of(stage: &Stage, world: &World, from: IpAddr) -> IpAddr {
    let vpc = stage.index().owners(from).first().map(|owner| &owner.vpc);
    let regions = world.regions();
    let interfaces = regions.flat_map(|(_, region)| region.network_interfaces().values());
    let beside = interfaces.filter(|one| Some(&one.vpc_id) == vpc && one.instance_id().is_some());
    let mut machines = beside.filter_map(|one| one.primary_address()).map(IpAddr::V4);
    match stage.asker(from) {
        Ok(_) => from,
        Err(_) => machines.find(|address| stage.asker(*address).is_ok()).unwrap_or(from),
    }
}

fn traffic(args: &TrafficArgs, to: &str, port: Option<u16>, usual: Option<Traffic>) -> Result<Traffic, Refusal> {
    let twice = |flag: &str| {
        let complaint = Complaint::new(format_args!("two ports are given: one in `--to`, one in `--{flag}`"));
        Refusal::from(complaint.help(format_args!("write `--to {to} --{flag} PORT`, or `--to {to}:PORT`")))
    };
    match (args.tcp, args.udp, args.ping, port) {
        (None, None, true, None) => Ok(Traffic::Ping),
        (_, _, true, _) => {
            let complaint = Complaint::new("a ping goes to no port");
            Err(complaint.help(format_args!("write `--to {to} --ping`")).into())
        }
        (Some(port), _, _, None) => Ok(Traffic::Tcp(port)),
        (Some(own), _, _, Some(other)) if own == other => Ok(Traffic::Tcp(own)),
        (Some(_), _, _, Some(_)) => Err(twice("tcp")),
        (None, Some(Some(port)), _, None) => Ok(Traffic::Udp(port)),
        (None, Some(Some(own)), _, Some(other)) if own == other => Ok(Traffic::Udp(own)),
        (None, Some(Some(_)), _, Some(_)) => Err(twice("udp")),
        (None, Some(None), _, Some(port)) => Ok(Traffic::Udp(port)),
        (None, None, false, Some(port)) => Ok(Traffic::Tcp(port)),
        (None, Some(None), _, None) => {
            let complaint = Complaint::new("a datagram goes to a port, and none is given");
            Err(complaint.help(format_args!("write `--to {to}:PORT --udp`")).into())
        }
        (None, None, false, None) => usual.ok_or_else(|| {
            let complaint = Complaint::new("a port is missing");
            complaint
                .help(format_args!(
                    "write `--to {to}:PORT` for TCP, add `--udp` for UDP, or `--ping` for an echo request"
                ))
                .into()
        }),
    }
}
