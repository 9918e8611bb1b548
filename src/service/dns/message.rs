//! DNS messages as the two ends use them. Sends nothing.

use std::net::IpAddr;
use std::time::Duration;

use simple_dns::rdata::{A, AAAA, OPT, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};

/// The family that a question asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn holds(self, address: &IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }
}

/// A question in bytes; `None` for a name that cannot be one.
pub(super) fn question(id: u16, name: &str, family: Family, edns_bytes: u16) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let kind = if family == Family::V4 { TYPE::A } else { TYPE::AAAA };
    let name = Name::new(name).ok()?;
    if name.get_labels().is_empty() {
        return None;
    }
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    *packet.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: edns_bytes, version: 0 });
    packet.build_bytes_vec().ok()
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// These addresses; none means that the name has none of that family.
    Addresses(Vec<IpAddr>, Duration),
    /// There is no such name.
    NoName,
    /// The answer was too long: ask again by TCP.
    Truncated,
    /// The server cannot tell.
    Failure,
}

/// Reads the answer to a question; `None` if it is none to that one.
pub(super) fn read_answer(bytes: &[u8], id: u16, name: &str) -> Option<Told> {
    let packet = Packet::parse(bytes).ok()?;
    let asked = packet.questions.first().map(|question| question.qname.to_string().to_ascii_lowercase());
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || asked.as_deref() != Some(name) {
        return None;
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Some(Told::Truncated);
    }
    Some(match packet.rcode() {
        RCODE::NoError => {
            let mut ttl = u32::MAX;
            let mut addresses = Vec::new();
            for record in &packet.answers {
                ttl = ttl.min(record.ttl);
                match &record.rdata {
                    RData::A(a) => addresses.push(IpAddr::V4(a.address.into())),
                    RData::AAAA(aaaa) => addresses.push(IpAddr::V6(aaaa.address.into())),
                    _ => {}
                }
            }
            let ttl = if packet.answers.is_empty() { 0 } else { ttl };
            Told::Addresses(addresses, Duration::from_secs(u64::from(ttl)))
        }
        RCODE::NameError => Told::NoName,
        _ => Told::Failure,
    })
}

/// A record of an address.
pub(super) fn address_record<'a>(name: Name<'a>, address: IpAddr, ttl: u32) -> ResourceRecord<'a> {
    let data = match address {
        IpAddr::V4(address) => RData::A(A { address: address.into() }),
        IpAddr::V6(address) => RData::AAAA(AAAA { address: address.into() }),
    };
    ResourceRecord::new(name, CLASS::IN, ttl, data)
}
