//! A DNS server: datagrams and connections on port 53, answered from a zone. Caches nothing and asks nobody.

use std::rc::Rc;

use simple_dns::rdata::{CNAME, OPT, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};

use super::message::{Family, address_record};
use super::zone::{Found, Zone};
use crate::base::SimTime;
use crate::host::{Net, NetError, SendOptions, TcpStream, UdpMessage};

/// The port of DNS.
pub(super) const PORT: u16 = 53;
/// The longest answer over UDP to who does not say more (RFC 1035 section 4.2.1).
const PLAIN_BYTES: usize = 512;
/// The longest datagram that the server sends and tells (RFC 6891 section 6.2.5 suggests 4,096).
pub const EDNS_BYTES: u16 = 4_096;
/// Connections that may wait to be accepted.
const BACKLOG: usize = 128;

/// Answers for ever on UDP and TCP.
pub async fn serve_dns(net: Net, zone: Rc<dyn Zone>) -> Result<(), NetError> {
    let listener = net.listen(PORT, BACKLOG)?;
    let socket = net.udp(Some(PORT))?;
    let (over_tcp, known) = (net.clone(), zone.clone());
    net.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            let (net, zone) = (over_tcp.clone(), known.clone());
            over_tcp.spawn(async move {
                // A connection that fails is its asker's trouble.
                let _ = attend(&net, &stream, &*zone).await;
            });
        }
    });
    loop {
        let UdpMessage::Datagram { from, to, carrier, bytes, .. } = socket.recv().await else { continue };
        if let Some(answer) = reply(&*zone, &bytes, false, net.now()) {
            let options = SendOptions { from: Some(to.ip()), carrier: Some(carrier), ..SendOptions::default() };
            // Nobody to send it to: the asker asks again.
            let _ = socket.send_with(&answer, from, options);
        }
    }
}

/// Answers the questions of a connection, each behind its length (RFC 1035 section 4.2.2).
async fn attend(net: &Net, stream: &TcpStream, zone: &dyn Zone) -> Result<(), NetError> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query).await?;
        let Some(answer) = reply(zone, &query, true, net.now()) else { return Ok(()) };
        let Ok(length) = u16::try_from(answer.len()) else { return Ok(()) };
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&answer).await?;
    }
}

/// The answer to a message; `None` for what deserves none. Over UDP it is cut to what the asker can take.
pub fn reply(zone: &dyn Zone, query: &[u8], over_tcp: bool, now: SimTime) -> Option<Vec<u8>> {
    let Ok(asked) = Packet::parse(query) else { return malformed(query) };
    if asked.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let mut answer = Packet::new_reply(asked.id());
    *answer.opcode_mut() = asked.opcode();
    answer.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if asked.has_flags(PacketFlag::RECURSION_DESIRED) {
        answer.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    let room = match asked.opt() {
        _ if over_tcp => usize::from(u16::MAX),
        Some(opt) => usize::from(opt.udp_packet_size.clamp(PLAIN_BYTES as u16, EDNS_BYTES)),
        None => PLAIN_BYTES,
    };
    if asked.opt().is_some() {
        *answer.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: EDNS_BYTES, version: 0 });
    }
    answer.questions.clone_from(&asked.questions);
    *answer.rcode_mut() = match (asked.opcode(), asked.questions.as_slice()) {
        (OPCODE::StandardQuery, [question]) if question.qclass == QCLASS::CLASS(CLASS::IN) => {
            let name = question.qname.to_string().to_ascii_lowercase();
            fill(&mut answer, &question.qname, question.qtype, zone.find(&name, now))
        }
        (OPCODE::StandardQuery, [_]) => RCODE::Refused,
        (OPCODE::StandardQuery, _) => RCODE::FormatError,
        _ => RCODE::NotImplemented,
    };
    let bytes = answer.build_bytes_vec_compressed().ok()?;
    if bytes.len() <= room {
        return Some(bytes);
    }
    answer.set_flags(PacketFlag::TRUNCATION);
    answer.answers.clear();
    answer.build_bytes_vec_compressed().ok().filter(|bytes| bytes.len() <= room)
}

/// Puts the records into an answer, and tells how it went.
fn fill<'a>(answer: &mut Packet<'a>, name: &Name<'a>, kind: QTYPE, found: Found) -> RCODE {
    let Found::Here { alias_of, addresses, ttl } = found else { return RCODE::NameError };
    let ttl = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
    let mut owner = name.clone();
    if let Some(target) = &alias_of
        && let Ok(target) = Name::new(target)
    {
        let target = target.into_owned();
        let data = RData::CNAME(CNAME(target.clone()));
        answer.answers.push(ResourceRecord::new(owner, CLASS::IN, ttl, data));
        owner = target;
    }
    let wanted = |address: &std::net::IpAddr| match kind {
        QTYPE::TYPE(TYPE::A) => Family::V4.holds(address),
        QTYPE::TYPE(TYPE::AAAA) => Family::V6.holds(address),
        QTYPE::ANY => true,
        _ => false,
    };
    let records = addresses.into_iter().filter(wanted).map(|address| address_record(owner.clone(), address, ttl));
    answer.answers.extend(records);
    RCODE::NoError
}

/// The answer to a message that cannot be read, if it is a question at all.
fn malformed(query: &[u8]) -> Option<Vec<u8>> {
    let [high, low, flags, ..] = *query else { return None };
    if query.len() < 12 || flags & 0x80 != 0 {
        return None;
    }
    let mut answer = Packet::new_reply(u16::from_be_bytes([high, low]));
    *answer.rcode_mut() = RCODE::FormatError;
    answer.build_bytes_vec().ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::message::{Told, question, read_answer};
    use super::super::zone::{HOST_TTL, Records};
    use super::*;

    fn zone() -> Records {
        let many: Vec<IpAddr> = (0..200u8).map(|last| IpAddr::from([10, 0, 0, last])).collect();
        let mixed = vec![IpAddr::from([10, 0, 0, 1]), "fd00::1".parse().expect("an address")];
        Records::new([("many.example", many), ("mixed.example", mixed)])
    }

    fn ask(name: &str, family: Family, edns: u16, over_tcp: bool) -> Option<Told> {
        let query = question(7, name, family, edns).expect("a question");
        let answer = reply(&zone(), &query, over_tcp, SimTime::ZERO).expect("an answer");
        read_answer(&answer, 7, &name.to_ascii_lowercase())
    }

    #[test]
    fn each_family_is_answered_by_itself() {
        let four = ask("Mixed.Example", Family::V4, 1_232, false);
        assert_eq!(four, Some(Told::Addresses(vec![IpAddr::from([10, 0, 0, 1])], HOST_TTL)));
        let six = ask("mixed.example", Family::V6, 1_232, false);
        assert_eq!(six, Some(Told::Addresses(vec!["fd00::1".parse().expect("an address")], HOST_TTL)));
        assert_eq!(ask("none.example", Family::V4, 1_232, false), Some(Told::NoName));
        assert_eq!(ask("many.example", Family::V6, 1_232, false), Some(Told::Addresses(vec![], Duration::ZERO)));
    }

    #[test]
    fn an_answer_too_long_for_udp_is_cut_and_whole_over_tcp() {
        assert_eq!(ask("many.example", Family::V4, 1_232, false), Some(Told::Truncated));
        let Some(Told::Addresses(addresses, _)) = ask("many.example", Family::V4, 1_232, true) else {
            panic!("an answer");
        };
        assert_eq!(addresses.len(), 200);
        let Some(Told::Addresses(addresses, _)) = ask("many.example", Family::V4, 4_096, false) else {
            panic!("an answer");
        };
        assert_eq!(addresses.len(), 200);
    }

    #[test]
    fn answers_to_other_questions_are_not_believed() {
        let query = question(7, "mixed.example", Family::V4, 512).expect("a question");
        let answer = reply(&zone(), &query, false, SimTime::ZERO).expect("an answer");
        assert_eq!(read_answer(&answer, 8, "mixed.example"), None);
        assert_eq!(read_answer(&answer, 7, "other.example"), None);
        assert_eq!(read_answer(&query, 7, "mixed.example"), None);
        assert_eq!(reply(&zone(), &answer, false, SimTime::ZERO), None, "an answer is not answered");
    }

    proptest! {
        #[test]
        fn no_message_panics(noise in prop::collection::vec(any::<u8>(), 0..120), at in 0usize..60, byte: u8) {
            let _ = reply(&zone(), &noise, false, SimTime::ZERO);
            let _ = read_answer(&noise, 7, "mixed.example");
            let mut bent = question(7, "mixed.example", Family::V4, 512).expect("a question");
            let at = at % bent.len();
            bent[at] = byte;
            if let Some(answer) = reply(&zone(), &bent, false, SimTime::ZERO) {
                prop_assert!(Packet::parse(&answer).is_ok());
                let _ = read_answer(&answer, 7, "mixed.example");
            }
        }
    }
}
