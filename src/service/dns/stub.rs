//! The stub resolver of a host's programs: datagrams to the servers it is told, again when nobody answers, TCP when the
//! answer is cut. Knows no names of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::message::{Family, Told, question, read_answer};
use super::server::{EDNS_BYTES, PORT};
use crate::base::{Rng, SimTime};
use crate::host::{Net, UdpMessage};
use crate::service::lookup::Lookup;

/// How long it waits for each answer (resolv.conf(5): `timeout`, by default 5 s).
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How often it asks each server (resolv.conf(5): `attempts`, by default 2).
pub const ATTEMPTS: u32 = 2;
/// Names that are remembered at once.
const REMEMBERED_MAX: usize = 1_024;

/// What a host remembers and draws from.
#[derive(Default)]
struct State {
    rng: Option<Rng>,
    remembered: BTreeMap<String, (SimTime, Vec<IpAddr>)>,
    /// How many names it may remember.
    room: usize,
}

/// How programs of a host look names up by asking these servers in turn. Answers are remembered for as long as they
/// say. The servers may change: they are asked for with each name.
pub fn stub(servers: impl Fn() -> Vec<IpAddr> + 'static) -> Lookup {
    with_room(REMEMBERED_MAX, servers)
}

/// How a program asks one server and no other, anew each time.
pub fn only(server: IpAddr) -> Lookup {
    with_room(0, move || vec![server])
}

fn with_room(room: usize, servers: impl Fn() -> Vec<IpAddr> + 'static) -> Lookup {
    let state = Rc::new(RefCell::new(State { room, ..State::default() }));
    let servers = Rc::new(servers);
    Rc::new(move |net: &Net, name: &str| {
        let (net, servers, state) = (net.clone(), Rc::clone(&servers), Rc::clone(&state));
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        Box::pin(async move { look_up(&net, &servers(), &state, &name).await })
    })
}

async fn look_up(net: &Net, servers: &[IpAddr], state: &RefCell<State>, name: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let now = net.now();
    {
        let mut state = state.borrow_mut();
        state.remembered.retain(|_, (until, _)| now < *until);
        if let Some((_, addresses)) = state.remembered.get(name) {
            return Ok(addresses.clone());
        }
    }
    let unknown = || format!("could not resolve host {name}: name or service not known");
    let (mut addresses, mut good_for) = (Vec::new(), Duration::MAX);
    // A host with IPv6 asks for it too, and tries it first (RFC 6724).
    for (family, usable) in [(Family::V6, net.address(false).is_some()), (Family::V4, true)] {
        if !usable {
            continue;
        }
        match ask(net, servers, state, name, family).await {
            Told::Addresses(found, _) if found.is_empty() => {}
            Told::Addresses(found, ttl) => {
                addresses.extend(found);
                good_for = good_for.min(ttl);
            }
            Told::NoName => return Err(unknown()),
            Told::Truncated | Told::Failure => {
                return Err(format!("could not resolve host {name}: temporary failure in name resolution"));
            }
        }
    }
    if addresses.is_empty() {
        return Err(unknown());
    }
    let mut state = state.borrow_mut();
    if state.remembered.len() < state.room {
        state.remembered.insert(name.to_owned(), (net.now().after(good_for), addresses.clone()));
    }
    Ok(addresses)
}

/// Asks each server in turn, and all of them again.
async fn ask(net: &Net, servers: &[IpAddr], state: &RefCell<State>, name: &str, family: Family) -> Told {
    for _ in 0..ATTEMPTS {
        for server in servers {
            let id = {
                let mut state = state.borrow_mut();
                state.rng.get_or_insert_with(|| net.rng("dns")).next_u64() as u16
            };
            let Some(query) = question(id, name, family, EDNS_BYTES) else { return Told::NoName };
            let told = by_udp(net, SocketAddr::new(*server, PORT), &query, id, name).await;
            let told = match told {
                Some(Told::Truncated) => by_tcp(net, SocketAddr::new(*server, PORT), &query, id, name).await,
                other => other,
            };
            match told {
                None | Some(Told::Failure | Told::Truncated) => {}
                Some(told) => return told,
            }
        }
    }
    Told::Failure
}

/// One datagram and its answer; `None` if none came in time or the server's port is closed.
async fn by_udp(net: &Net, server: SocketAddr, query: &[u8], id: u16, name: &str) -> Option<Told> {
    // A port of its own for each question: a guess at the answer has to guess it too (RFC 5452).
    let socket = net.udp(None).ok()?;
    socket.send_to(query, server).ok()?;
    let answer = async {
        loop {
            match socket.recv().await {
                UdpMessage::Datagram { from, bytes, .. } if from == server => {
                    if let Some(told) = read_answer(&bytes, id, name) {
                        return Some(told);
                    }
                }
                UdpMessage::Datagram { .. } => {}
                UdpMessage::Error { .. } => return None,
            }
        }
    };
    net.timeout(PATIENCE, answer).await.flatten()
}

async fn by_tcp(net: &Net, server: SocketAddr, query: &[u8], id: u16, name: &str) -> Option<Told> {
    let exchange = async {
        let stream = net.connect(server).await.ok()?;
        let length = u16::try_from(query.len()).ok()?;
        stream.write_all(&length.to_be_bytes()).await.ok()?;
        stream.write_all(query).await.ok()?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).await.ok()?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).await.ok()?;
        read_answer(&answer, id, name)
    };
    net.timeout(PATIENCE, exchange).await.flatten()
}

#[cfg(test)]
mod tests {
    use super::super::server::serve_dns;
    use super::super::zone::Records;
    use super::*;
    use crate::host::tests::bed::{A, B, Bed, ip};
    use crate::trace::{CiteId, DropReason};

    fn records() -> Records {
        let many = (0..250u8).map(|last| IpAddr::from([10, 9, (last % 2), last])).collect::<Vec<_>>();
        let all = many.iter().copied().chain((0..50).map(|last| IpAddr::from([10, 8, 0, last]))).collect();
        Records::new([("host.example", vec![ip("10.0.0.9"), ip("fd00::9")]), ("many.example", all)])
    }

    fn serving() -> Bed {
        let mut bed = Bed::new();
        let server = bed.b;
        bed.run_on(server, |net| async move {
            serve_dns(net, Rc::new(records())).await.expect("a free port");
        });
        bed
    }

    fn look(
        bed: &mut Bed,
        servers: &'static [&'static str],
        name: &'static str,
    ) -> (Result<Vec<IpAddr>, String>, SimTime) {
        let asker = bed.a;
        bed.ask(asker, move |net| async move {
            let lookup = stub(|| servers.iter().map(|server| ip(server)).collect());
            let found = lookup(&net, name).await;
            (found, net.now())
        })
    }

    #[test]
    fn a_name_is_found_by_packets() {
        let mut bed = serving();
        let (found, _) = look(&mut bed, &[B], "Host.Example.");
        assert_eq!(found, Ok(vec![ip("fd00::9"), ip("10.0.0.9")]));
        let on_the_wire = bed.record.packets.iter().filter(|(.., text)| text.contains("53")).count();
        assert!(on_the_wire >= 4, "{:?}", bed.record.packets);
    }

    #[test]
    fn a_long_answer_comes_by_tcp() {
        let mut bed = serving();
        let (found, _) = look(&mut bed, &[B], "many.example");
        assert_eq!(found.map(|found| found.len()), Ok(300));
        assert!(bed.record.packets.iter().any(|(.., text)| text.contains("TCP") || text.contains("SYN")));
    }

    #[test]
    fn an_unknown_name_and_a_silent_server_are_told_apart() {
        let mut bed = serving();
        let (found, _) = look(&mut bed, &[B], "none.example");
        assert_eq!(found, Err("could not resolve host none.example: name or service not known".into()));
        bed.judge(|_, _, packet, out| {
            out.drop(packet, DropReason::Lost, CiteId::NONE);
            None
        });
        let (found, _) = look(&mut bed, &[B], "host.example");
        assert_eq!(found, Err("could not resolve host host.example: temporary failure in name resolution".into()));
    }

    #[test]
    fn a_server_that_does_not_answer_is_asked_twice_and_then_the_next() {
        let mut bed = serving();
        let (found, at) = look(&mut bed, &["10.0.0.77", B], "host.example");
        assert!(found.is_ok());
        assert!(SimTime::from_secs(10) <= at && at < SimTime::from_secs(11), "two families, 5 s each: {at}");
    }

    #[test]
    fn what_was_asked_once_is_remembered_as_long_as_it_is_good() {
        let mut bed = serving();
        let (asker, name) = (bed.a, "host.example");
        bed.ask(asker, move |net| async move {
            let lookup = stub(|| vec![ip(B)]);
            for pause in [59, 2, 0] {
                lookup(&net, name).await.expect("found");
                net.sleep(Duration::from_secs(pause)).await;
            }
        });
        let questions = bed.record.packets.iter().filter(|(_, node, text)| *node == asker && text.contains("53"));
        assert_eq!(questions.count(), 4, "two families, twice: {:?} from {A}", bed.record.packets);
    }
}
