//! Captures read back: points, stamps, comments, and each wire packet once at each point.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::name_resolution::Record;
use pcap_file::pcapng::blocks::{Block, section_header::SectionHeaderOption};

use super::*;
use crate::host::ConnectOptions;
use crate::packet::{PacketPool, Protocol, checksums_hold};
use crate::report::rig::{Rig, Shared, ip, service};
use crate::trace::{Cite, DropReason};

/// A packet as a reader of the file finds it.
struct Read {
    point: String,
    nanos: u128,
    bytes: Vec<u8>,
    comment: String,
    directions: u32,
}

#[derive(Default)]
struct File {
    application: String,
    points: Vec<String>,
    names: BTreeSet<String>,
    packets: Vec<Read>,
}

fn read(bytes: &[u8]) -> File {
    let mut file = File::default();
    let mut reader = PcapNgReader::new(bytes).expect("a section header");
    for option in &reader.section().options {
        if let SectionHeaderOption::UserApplication(name) = option {
            file.application = name.to_string();
        }
    }
    while let Some(block) = reader.next_block() {
        match block.expect("a whole block") {
            Block::InterfaceDescription(block) => {
                assert!(block.options.contains(&InterfaceDescriptionOption::IfTsResol(9)), "stamps say their unit");
                let name = block.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                });
                file.points.push(name.expect("each point has a name"));
            }
            Block::NameResolution(block) => {
                for record in block.records {
                    if let Record::Ipv4(record) = record {
                        file.names.insert(format!("{:?} {}", record.ip_addr, record.names[0]));
                    }
                }
            }
            Block::EnhancedPacket(block) => {
                let comment = block.options.iter().find_map(|option| match option {
                    EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                    _ => None,
                });
                let directions = block.options.iter().find_map(|option| match option {
                    EnhancedPacketOption::Flags(flags) => Some(*flags),
                    _ => None,
                });
                file.packets.push(Read {
                    point: file.points[block.interface_id as usize].clone(),
                    nanos: block.timestamp.as_nanos(),
                    bytes: block.data.to_vec(),
                    comment: comment.unwrap_or_default(),
                    directions: directions.expect("each packet came in or went out"),
                });
            }
            other => panic!("an unexpected block: {other:?}"),
        }
    }
    file
}

/// A handshake and ten bytes by the NAT gateway, then ten more by the endpoint.
fn switch(observer: &mut dyn Observer) {
    let mut rig = Rig::new();
    observer.learn(&rig.citations, &rig.directory);
    rig.serve(false, observer);
    rig.run_on(rig.client, ("upload", "tcp"), observer, |net| async move {
        let options = ConnectOptions { local_port: Some(49_152), ..ConnectOptions::default() };
        let stream = net.connect_with(service(), &options).await.expect("it answers");
        stream.write_all(b"ten bytes.").await.expect("it stands");
        net.sleep(std::time::Duration::from_secs(2)).await;
        stream.write_all(b"ten more..").await.expect("nobody has told it yet");
        net.sleep(std::time::Duration::from_secs(1)).await;
    });
    rig.until(SimTime::from_secs(1), observer);
    rig.create_endpoint(observer);
    rig.until(SimTime::from_secs(5), observer);
}

fn captured() -> File {
    let sink = Shared::default();
    let mut capture = Capture::new(Calendar::ERA_2017).combined(sink.clone());
    switch(&mut capture);
    capture.finish().expect("the sink takes all");
    read(&sink.bytes())
}

#[test]
fn points_names_and_stamps_are_read_back() {
    let file = captured();
    assert_eq!(file.application, "vpclab");
    assert_eq!(file.points, ["client", "main", "nat", "igw", "internet", "s3", "s3-endpoint"]);
    for name in ["[10, 0, 1, 10] client", "[52, 218, 160, 10] s3", "[203, 0, 113, 10] nat"] {
        assert!(file.names.contains(name), "{name} is not among {:?}", file.names);
    }
    assert_eq!(file.packets[0].nanos, 1_496_275_200_000_000_000, "the first SYN leaves at the start of the calendar");
    assert!(file.packets.is_sorted_by_key(|packet| packet.nanos));
}

#[test]
fn each_wire_packet_is_at_each_point_once_with_true_checksums() {
    let mut seen = BTreeSet::new();
    for packet in captured().packets {
        let parsed = Packet::parse(packet.bytes).expect("a packet");
        assert!(checksums_hold(&parsed));
        let tcp = parsed.tcp().expect("only TCP was sent");
        let new = seen.insert((packet.point.clone(), *parsed.tuple(), tcp.seq, tcp.ack, tcp.flags.0, tcp.payload_len));
        assert!(new, "{parsed:?} is twice at {}", packet.point);
    }
}

#[test]
fn comments_say_what_became_of_a_packet_and_by_whom() {
    let file = captured();
    let at = |point: &str, inbound: bool| -> Vec<&str> {
        let direction = if inbound { 1 } else { 2 };
        let here = file.packets.iter().filter(move |packet| packet.point == point && packet.directions == direction);
        here.map(|packet| packet.comment.as_str()).collect()
    };
    let translated = "translated: source 10.0.1.10:49152 → 10.0.0.5:1024, by nat";
    assert_eq!([at("nat", true)[0], at("nat", false)[0]], [translated; 2], "as it came and as it went");
    assert!(at("main", true).iter().all(|comment| comment.is_empty()), "a router changes nothing");
    assert_eq!(at("main", false).len(), 0, "so nothing is written twice there");
    let answered = at("s3", true).into_iter().find(|comment| !comment.is_empty()).expect("the stray segment");
    assert!(answered.starts_with("answered with RST #") && answered.contains("no such connection"), "{answered}");
    assert!(at("s3", false).last().expect("the RST").starts_with("RST in answer to #"));
    assert!(at("client", true).last().expect("the RST").starts_with("this RST ended the connection client:"));
}

#[test]
fn each_point_has_a_file_of_its_own() {
    let files = Rc::new(std::cell::RefCell::new(BTreeMap::new()));
    let opened = Rc::clone(&files);
    let mut capture = Capture::new(Calendar::ERA_2017).points(move |name: &str| {
        let sink = Shared::default();
        opened.borrow_mut().insert(name.to_owned(), sink.clone());
        Ok(Box::new(sink) as Box<dyn Write>)
    });
    switch(&mut capture);
    capture.finish().expect("the sinks take all");
    let files = files.borrow();
    assert_eq!(files.len(), 7);
    let all: usize = files.values().map(|sink| read(&sink.bytes()).packets.len()).sum();
    assert_eq!(all, captured().packets.len());
    assert_eq!(read(&files["nat"].bytes()).points, ["nat"]);
}

/// A sink that counts its flushes, or refuses after some writes.
struct Counting {
    flushes: Rc<Cell<usize>>,
    writes_left: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes_left = self.writes_left.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes.set(self.flushes.get() + 1);
        Ok(())
    }
}

#[test]
fn a_live_capture_is_flushed_with_each_packet_and_another_is_not() {
    let flushes = Rc::new(Cell::new(0));
    let sink = || Counting { flushes: Rc::clone(&flushes), writes_left: usize::MAX };
    let mut capture = Capture::new(Calendar::ERA_2017).live(sink());
    switch(&mut capture);
    capture.finish().expect("the sink takes all");
    assert!(captured().packets.len() <= flushes.get());
    flushes.set(0);
    let mut capture = Capture::new(Calendar::ERA_2017).combined(sink());
    switch(&mut capture);
    capture.finish().expect("the sink takes all");
    assert_eq!(flushes.get(), 1);
}

#[test]
fn a_reader_that_goes_away_ends_the_capture_and_not_the_run() {
    let sink = Counting { flushes: Rc::default(), writes_left: 100 };
    let mut capture = Capture::new(Calendar::ERA_2017).combined(sink);
    switch(&mut capture);
    assert!(capture.has_failed());
    assert_eq!(capture.finish().expect_err("it broke").kind(), io::ErrorKind::BrokenPipe);
}

/// One UDP packet.
fn datagram(id: u64) -> Packet {
    let mut packet = PacketPool::new()
        .packet(|buffer| {
            buffer.extend_from_slice(&[0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, Protocol::UDP.0, 0, 0]);
            buffer.extend_from_slice(&[10, 0, 1, 10, 8, 8, 8, 8]);
            buffer.extend_from_slice(&[0x30, 0x39, 0, 53, 0, 8, 0, 0]);
        })
        .expect("a packet");
    packet.set_id(PacketId(id));
    packet
}

#[test]
fn a_comment_that_is_too_long_is_cut_between_characters() {
    let sink = Shared::default();
    let mut capture = Capture::new(Calendar::ERA_2017).combined(sink.clone());
    let mut citations = Citations::new();
    let by = citations.intern(Cite::new(Component::Route, "rtb-1", "ü".repeat(40_000)));
    capture.learn(&citations, &Directory::default());
    let packet = datagram(1);
    capture.entered(SimTime::ZERO, NodeId(0), PortId(0), &packet);
    capture.step(SimTime::ZERO, NodeId(0), packet.id(), &Step::Dropped { reason: DropReason::Blackhole, by });
    capture.finish().expect("the sink takes all");
    let file = read(&sink.bytes());
    assert_eq!(file.points, ["node 0"], "a node that nobody named has a number");
    assert!(60_000 < file.packets[0].comment.len() && file.packets[0].comment.ends_with('ü'));
}

#[test]
fn a_node_that_keeps_a_packet_does_not_hold_up_the_others() {
    let sink = Shared::default();
    let mut capture = Capture::new(Calendar::ERA_2017).combined(sink.clone());
    let (kept, other) = (datagram(1), datagram(2));
    capture.entered(SimTime::ZERO, NodeId(0), PortId(0), &kept);
    capture.entered(SimTime::from_millis(1), NodeId(1), PortId(0), &other);
    capture.entered(SimTime::from_millis(2), NodeId(2), PortId(0), &datagram(3));
    assert_eq!(read(&sink.bytes()).packets.len(), 2, "what time has passed is written");
    capture.left(SimTime::from_millis(3), NodeId(0), PortId(0), &kept);
    capture.finish().expect("the sink takes all");
    assert_eq!(read(&sink.bytes()).packets.len(), 3, "it left as it came, so it is not written twice");
}

#[test]
fn names_become_names_of_files_that_differ() {
    let mut taken = BTreeSet::new();
    let names = ["web", "Web", "a/b", "..", "s3 us-east-1", "web-2"].map(|name| point_name(name, &mut taken));
    assert_eq!(names, ["web", "Web-2", "a-b", "node", "s3-us-east-1", "web-2-2"]);
}

#[test]
fn the_rig_has_the_addresses_that_the_tests_name() {
    let rig = Rig::new();
    assert_eq!(rig.directory.name(ip("203.0.113.10")), Some("nat"));
}
