//! One pcapng file as it is written: interfaces and names as they first appear, packets with comments. Knows no journeys.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, Ipv6Record, NameResolutionBlock, Record};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::{DataLink, Endianness, PcapError};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::packet::PacketId;
use crate::trace::NodeId;

/// What the files say wrote them. Without a version, so that a capture changes only when its packets do.
/// What captures say that wrote them.
pub const APPLICATION: &str = "vpclab";
/// Options of pcapng carry their length in 16 bits; a longer comment would make the file unreadable.
const OPTION_BYTES_MAX: usize = 65_000;
/// Block type of an enhanced packet (pcapng draft, section 4.3).
const ENHANCED_PACKET: u32 = 6;

/// A packet as it goes into a file.
pub(crate) struct CapturedPacket<'a> {
    /// Nanoseconds since 1970.
    pub(crate) unix_nanos: u64,
    /// Its name in the trace.
    pub(crate) id: PacketId,
    /// Whether it came in at the point, or went out there.
    pub(crate) inbound: bool,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// Empty for none.
    pub(crate) comment: &'a str,
}

/// A pcapng file on a sink: little endian, raw IP, nanoseconds.
pub(crate) struct PcapngFile<'a> {
    writer: PcapNgWriter<Box<dyn Write + 'a>>,
    interfaces: FxHashMap<NodeId, u32>,
    named: FxHashSet<IpAddr>,
    body: Vec<u8>,
}

impl<'a> PcapngFile<'a> {
    /// Begins a file.
    pub(crate) fn new(sink: Box<dyn Write + 'a>) -> io::Result<Self> {
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::UserApplication(Cow::Borrowed(APPLICATION))],
            ..SectionHeaderBlock::default()
        };
        let writer = PcapNgWriter::with_section_header(sink, section).map_err(io_error)?;
        Ok(Self { writer, interfaces: FxHashMap::default(), named: FxHashSet::default(), body: Vec::new() })
    }

    /// The interface of a capture point, described when it first appears.
    pub(crate) fn interface(&mut self, point: NodeId, describe: impl FnOnce() -> (String, String)) -> io::Result<u32> {
        if let Some(interface) = self.interfaces.get(&point) {
            return Ok(*interface);
        }
        let (name, description) = describe();
        let mut block = InterfaceDescriptionBlock::new(DataLink::RAW, 0);
        block.options = vec![
            InterfaceDescriptionOption::IfName(Cow::Owned(clamped(&name).to_owned())),
            InterfaceDescriptionOption::IfDescription(Cow::Owned(clamped(&description).to_owned())),
            // Stamps are always written in nanoseconds; without this option readers would take them for microseconds.
            InterfaceDescriptionOption::IfTsResol(9),
        ];
        self.writer.write_pcapng_block(block).map_err(io_error)?;
        let interface = u32::try_from(self.interfaces.len()).expect("fewer than four billion nodes");
        self.interfaces.insert(point, interface);
        Ok(interface)
    }

    /// Says what an address is called, the first time it is asked.
    pub(crate) fn name(&mut self, address: IpAddr, name: Option<&str>) -> io::Result<()> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(()) };
        if !self.named.insert(address) {
            return Ok(());
        }
        // A NUL would end the name early.
        let names = vec![Cow::Owned(clamped(name).replace('\0', ""))];
        let record = match address {
            IpAddr::V4(v4) => Record::Ipv4(Ipv4Record { ip_addr: Cow::Owned(v4.octets().to_vec()), names }),
            IpAddr::V6(v6) => Record::Ipv6(Ipv6Record { ip_addr: Cow::Owned(v6.octets().to_vec()), names }),
        };
        let block = NameResolutionBlock { records: vec![record], options: Vec::new() };
        self.writer.write_pcapng_block(block).map(drop).map_err(io_error)
    }

    /// Writes one packet.
    ///
    /// The library cannot write a packet's id, so the body of the block is encoded here and passed on under its type.
    pub(crate) fn packet(&mut self, interface: u32, record: &CapturedPacket<'_>) -> io::Result<()> {
        let body = &mut self.body;
        body.clear();
        let length = u32::try_from(record.bytes.len()).expect("an IP packet has less than 64 KiB and a header");
        let (high, low) = ((record.unix_nanos >> 32) as u32, record.unix_nanos as u32);
        for word in [interface, high, low, length, length] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.extend_from_slice(record.bytes);
        pad(body);
        if !record.comment.is_empty() {
            option(body, 1, clamped(record.comment).as_bytes());
        }
        let direction: u32 = if record.inbound { 1 } else { 2 };
        option(body, 2, &direction.to_le_bytes());
        option(body, 5, &record.id.0.to_le_bytes());
        option(body, 0, &[]);
        let block_len = u32::try_from(body.len() + 12).expect("a packet and its comment have less than 1 MiB");
        let block = UnknownBlock::new(ENHANCED_PACKET, block_len, body);
        self.writer.write_pcapng_block(block).map(drop).map_err(io_error)
    }

    /// Passes on to the sink's other side what it holds back.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.get_mut().flush()
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).expect("comments are clamped, other options have eight bytes at most");
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

/// Fills up to a multiple of 32 bits: a block's body begins at one.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// The longest beginning that an option can hold, cut between characters.
fn clamped(text: &str) -> &str {
    &text[..text.floor_char_boundary(OPTION_BYTES_MAX)]
}

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
