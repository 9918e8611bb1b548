//! Handshakes, bytes, resets, refusals and time-outs.

use std::time::Duration;

use super::bed::{A, B, Bed, at, ip, line};
use crate::base::SimTime;
use crate::host::{ConnectOptions, HostSettings, ListenOptions, NetError, Unknown};
use crate::trace::{ConnectionNote, DropReason, PortId};

/// Sends everything back.
fn echo_server(bed: &mut Bed, port: u16) {
    bed.run_on(bed.b, move |net| async move {
        let listener = net.listen(port, 16).expect("a free port");
        while let Ok(stream) = listener.accept().await {
            net.spawn(async move {
                let mut buffer = vec![0; 4_096];
                while let Ok(count) = stream.read(&mut buffer).await {
                    if count == 0 || stream.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
}

#[test]
fn a_connection_opens_carries_bytes_and_closes() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    let answer = bed.ask(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await?;
        assert_eq!(net.now(), SimTime::from_millis(20), "one round trip");
        stream.write_all(b"hello").await?;
        let mut back = [0; 5];
        stream.read_exact(&mut back).await?;
        stream.close();
        assert_eq!(stream.read(&mut [0; 1]).await?, 0, "the peer closes too");
        Ok::<_, NetError>(back)
    });
    assert_eq!(answer, Ok(*b"hello"));
    let notes: Vec<_> = bed.notes_of(bed.a).into_iter().cloned().collect();
    use ConnectionNote::{Accepting, Closed, Established, Opening, PeerClosed};
    assert_eq!(notes, [Opening, Established, PeerClosed, Closed]);
    let notes: Vec<_> = bed.notes_of(bed.b).into_iter().cloned().collect();
    assert_eq!(notes, [Accepting, Established, PeerClosed, Closed]);
    assert!(bed.host(bed.a).connections().is_empty() && bed.host(bed.b).connections().is_empty());
}

#[test]
fn the_same_over_ipv6() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    let answer = bed.ask(bed.a, |net| async move {
        let stream = net.connect(at("fd00::2", 80)).await?;
        stream.write_all(b"six").await?;
        let mut back = [0; 3];
        stream.read_exact(&mut back).await?;
        Ok::<_, NetError>((back, stream.local().ip()))
    });
    assert_eq!(answer, Ok((*b"six", ip("fd00::1"))));
}

/// Sends a megabyte from a to b, and says what b got and when.
fn bulk(bed: &mut Bed, bytes: usize) -> (usize, bool, SimTime) {
    let got = std::rc::Rc::new(std::cell::RefCell::new((0, true, SimTime::ZERO)));
    let seen = got.clone();
    bed.run_on(bed.b, move |net| async move {
        let listener = net.listen(5_001, 1).expect("a free port");
        let stream = listener.accept().await.expect("a connection");
        let mut buffer = vec![0; 10_000];
        loop {
            let count = stream.read(&mut buffer).await.expect("no reset");
            if count == 0 {
                break;
            }
            let mut seen = seen.borrow_mut();
            for byte in &buffer[..count] {
                seen.1 &= *byte == (seen.0 % 251) as u8;
                seen.0 += 1;
            }
            seen.2 = net.now();
        }
    });
    bed.ask(bed.a, move |net| async move {
        let stream = net.connect(at(B, 5_001)).await.expect("a connection");
        let all: Vec<u8> = (0..bytes).map(|index| (index % 251) as u8).collect();
        stream.write_all(&all).await.expect("no reset");
        stream.close();
        stream.ended().await.expect("no reset");
    });
    *got.borrow()
}

#[test]
fn a_megabyte_arrives_whole() {
    let (count, right, _) = bulk(&mut Bed::new(), 1 << 20);
    assert_eq!((count, right), (1 << 20, true));
}

#[test]
fn a_megabyte_arrives_whole_over_a_line_that_loses() {
    let mut bed = Bed::new();
    bed.lose(3, 0.02);
    let (count, right, _) = bulk(&mut bed, 1 << 20);
    assert_eq!((count, right), (1 << 20, true));
    assert!(bed.record.drops.iter().any(|(_, _, reason)| *reason == DropReason::Lost), "something was lost");
}

#[test]
fn the_same_seed_gives_the_same_packets_and_another_seed_others() {
    let run = |seed| {
        let mut bed = Bed::with(seed, HostSettings::default(), HostSettings::default(), line());
        bed.lose(seed, 0.01);
        bulk(&mut bed, 200_000);
        (bed.record.bytes, bed.record.packets)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn a_closed_port_refuses_at_once() {
    let mut bed = Bed::new();
    let answer = bed.ask(bed.a, |net| async move {
        let error = net.connect(at(B, 81)).await.err();
        (error, net.now())
    });
    assert_eq!(answer, (Some(NetError::Refused), SimTime::from_millis(20)));
    let lines = bed.lines_of(bed.b);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].1.contains("[R.]") || lines[0].1.contains("[RA]") || lines[0].1.contains('R'), "{lines:?}");
    assert!(matches!(bed.notes_of(bed.a)[..], [ConnectionNote::Opening, ConnectionNote::Refused { .. }]));
}

#[test]
fn a_silent_port_times_out_after_127_seconds_like_linux() {
    let silent = HostSettings { closed_port: Unknown::Drop, ..HostSettings::default() };
    let mut bed = Bed::with(7, HostSettings::default(), silent, line());
    let answer = bed.ask(bed.a, |net| async move { (net.connect(at(B, 81)).await.err(), net.now()) });
    assert_eq!(answer, (Some(NetError::TimedOut), SimTime::from_secs(127)));
    let times: Vec<u64> = bed.lines_of(bed.a).iter().map(|(at, _)| at.as_nanos() / 1_000_000_000).collect();
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63], "and no reset at the end");
    assert!(bed.record.drops.iter().all(|(_, _, reason)| *reason == DropReason::PortFiltered));
}

#[test]
fn an_established_connection_gives_up_in_silence_after_fifteen_minutes() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    bed.run_on(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        net.sleep(Duration::from_secs(1)).await;
        stream.write_all(b"anyone?").await.expect("room");
        let error = stream.read(&mut [0; 8]).await;
        assert_eq!(error, Err(NetError::TimedOut));
        net.note(crate::trace::ProgramNote::Said(format!("{}", net.now().as_nanos() / 1_000_000_000)));
    });
    bed.until(SimTime::from_millis(500));
    bed.judge(|_, _, packet, out| {
        out.drop(packet, DropReason::Blackhole, crate::trace::CiteId::NONE);
        None
    });
    bed.until(SimTime::from_secs(2_000));
    assert_eq!(bed.record.programs[0].1, crate::trace::ProgramNote::Said("925".to_owned()));
    assert!(!bed.lines_of(bed.a).iter().any(|(_, line)| line.contains("[R")), "no reset is sent");
}

#[test]
fn a_full_backlog_drops_the_syn_and_a_later_one_gets_in() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen_with(80, ListenOptions::backlog(1)).expect("a free port");
        net.sleep(Duration::from_secs(2)).await;
        let first = listener.accept().await.expect("the first");
        let second = listener.accept().await.expect("the second");
        first.ended().await.expect("closed");
        second.ended().await.expect("closed");
    });
    bed.run_on(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("the first");
        net.sleep(Duration::from_secs(10)).await;
        drop(stream);
    });
    let answer = bed.ask(bed.a, |net| async move {
        net.sleep(Duration::from_millis(100)).await;
        let stream = net.connect(at(B, 80)).await.map(|stream| stream.local());
        (stream.is_ok(), net.now())
    });
    // SYNs at 0.1, 1.1 and 3.1 s; the first place is free from 2 s on.
    assert_eq!(answer, (true, SimTime::from_millis(3_120)));
    assert_eq!(bed.record.drops.iter().filter(|drop| drop.2 == DropReason::BacklogFull).count(), 2);
}

#[test]
fn a_stranger_s_segment_draws_one_bare_reset_and_a_reset_none() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    bed.run_on(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        net.sleep(Duration::from_secs(1)).await;
        stream.write_all(b"lost").await.expect("room");
        assert_eq!(stream.read(&mut [0; 8]).await, Err(NetError::Reset));
    });
    bed.until(SimTime::from_millis(500));
    // From here on b sees another source: a translation went away.
    let before = bed.lines_of(bed.b).len();
    bed.judge(|_, from, mut packet, _| {
        if from == PortId(0) {
            packet.set_source(at("10.0.0.9", packet.tuple().src_port));
        } else {
            packet.set_destination(at(A, packet.tuple().dst_port));
        }
        Some(packet)
    });
    bed.until(SimTime::from_secs(5));
    let lines = bed.lines_of(bed.b);
    assert_eq!(lines.len(), before + 1, "{lines:?}");
    assert!(lines[before].1.contains("[R]") && lines[before].1.contains("win 0"), "{lines:?}");
    assert!(matches!(bed.notes_of(bed.a).last(), Some(ConnectionNote::Reset { .. })));
    assert_eq!(bed.host(bed.b).connection_count(), 1, "b is never told");
    assert_eq!(bed.host(bed.b).connections()[0].state, "ESTABLISHED");
}

#[test]
fn a_reset_below_the_window_is_ignored() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    bed.run_on(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        stream.write_all(b"0123456789").await.expect("room");
        let mut back = [0; 10];
        stream.read_exact(&mut back).await.expect("the echo");
        net.sleep(Duration::from_secs(1)).await;
        stream.write_all(b"still").await.expect("alive");
        stream.read_exact(&mut back[..5]).await.expect("the echo");
        net.note(crate::trace::ProgramNote::Said("alive".to_owned()));
    });
    bed.until(SimTime::from_millis(500));
    // An RST with the sequence number of the first data byte from b.
    let data = bed.record.bytes.iter().rfind(|bytes| bytes[15] == 2 && 50 <= bytes.len()).expect("the echo").clone();
    let mut reset = data[..40].to_vec();
    reset[2..4].copy_from_slice(&40u16.to_be_bytes());
    reset[32] = 5 << 4;
    reset[33] = 4;
    reset[10..12].fill(0);
    let sum = !crate::packet::fold(crate::packet::sum_words(&reset[..20]));
    reset[10..12].copy_from_slice(&sum.to_be_bytes());
    reset[36..38].fill(0);
    let pseudo = crate::packet::sum_words(&reset[12..20]) + 6 + 20;
    let sum = !crate::packet::fold(pseudo + crate::packet::sum_words(&reset[20..]));
    reset[36..38].copy_from_slice(&sum.to_be_bytes());
    let sent = bed.lines_of(bed.a).len();
    bed.engine.inject((bed.a, PortId(0)), &reset, &mut bed.record).expect("well-formed");
    assert_eq!(bed.record.drops.last().map(|drop| drop.2), Some(DropReason::ResetIgnored));
    assert_eq!(bed.lines_of(bed.a).len(), sent, "and not answered");
    bed.until(SimTime::from_secs(20));
    assert_eq!(bed.record.programs.len(), 1);
}

#[test]
fn bytes_that_came_before_a_reset_are_read_before_its_error() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 1).expect("a free port");
        let stream = listener.accept().await.expect("a connection");
        stream.write_all(b"last words").await.expect("room");
        stream.flushed().await.expect("acknowledged");
        stream.abort();
        net.sleep(Duration::from_secs(1)).await;
    });
    let answer = bed.ask(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        net.sleep(Duration::from_secs(1)).await;
        let mut words = [0; 10];
        let first = stream.read_exact(&mut words).await;
        (first, words, stream.read(&mut [0; 1]).await)
    });
    assert_eq!(answer, (Ok(()), *b"last words", Err(NetError::Reset)));
}

#[test]
fn everything_leaves_with_the_host_s_time_to_live() {
    let hosts = HostSettings { ttl: 200, ..HostSettings::default() };
    let mut bed = Bed::with(7, hosts.clone(), hosts, line());
    bed.lose(1, 0.05);
    bulk(&mut bed, 100_000);
    bed.ask(bed.a, |net| async move { net.connect(at(B, 9)).await.err() });
    assert!(bed.record.bytes.iter().all(|bytes| bytes[8] == 200));
    assert!(bed.record.bytes.iter().all(|bytes| bytes[6] & 0x40 != 0), "TCP is not to be fragmented");
}

#[test]
fn a_late_fin_is_acknowledged_after_the_connection_is_over() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    // The acknowledgment of b's FIN is lost once.
    let mut lost = false;
    bed.judge(move |now, from, packet, out| {
        if from == PortId(0) && SimTime::from_millis(40) < now && packet.len() == 40 && !lost {
            lost = true;
            out.drop(packet, DropReason::Lost, crate::trace::CiteId::NONE);
            return None;
        }
        Some(packet)
    });
    bed.ask(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        stream.close();
        stream.ended().await.expect("no reset");
    });
    let stale = crate::trace::Step::Absorbed(crate::trace::Absorbed::Stale);
    assert_eq!(bed.record.steps.iter().filter(|step| step.2 == stale).count(), 1);
    assert_eq!(bed.notes_of(bed.b).last(), Some(&&ConnectionNote::Closed), "b came to know");
    assert_eq!(bed.record.drops.len(), 1);
}

#[test]
fn a_tuple_is_free_again_when_its_time_wait_is_over_and_not_before() {
    let mut bed = Bed::new();
    echo_server(&mut bed, 80);
    let answers = bed.ask(bed.a, |net| async move {
        let options = ConnectOptions { local_port: Some(45_000), ..ConnectOptions::default() };
        let mut answers = Vec::new();
        for wait in [0, 30, 31] {
            net.sleep(Duration::from_secs(wait)).await;
            match net.connect_with(at(B, 80), &options).await {
                Ok(stream) => {
                    stream.close();
                    answers.push(stream.ended().await);
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        answers
    });
    assert_eq!(answers, [Ok(()), Err(NetError::AddressInUse), Ok(())]);
}

#[test]
fn a_listener_that_goes_resets_whom_nobody_accepted() {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 4).expect("a free port");
        net.sleep(Duration::from_secs(1)).await;
        drop(listener);
    });
    let answer = bed.ask(bed.a, |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("the handshake needs no program");
        (stream.read(&mut [0; 1]).await, net.connect(at(B, 80)).await.err())
    });
    assert_eq!(answer, (Err(NetError::Reset), Some(NetError::Refused)));
    assert_eq!(bed.host(bed.b).connection_count(), 0);
}

#[test]
fn a_program_that_leaves_bytes_unread_resets_and_one_that_read_them_closes() {
    for (read, end) in [(false, Err(NetError::Reset)), (true, Ok(()))] {
        let mut bed = Bed::new();
        bed.run_on(bed.b, move |net| async move {
            let listener = net.listen(80, 4).expect("a free port");
            let stream = listener.accept().await.expect("a connection");
            net.sleep(Duration::from_secs(1)).await;
            if read {
                stream.skip(10).await.expect("bytes");
            }
        });
        let answer = bed.ask(bed.a, |net| async move {
            let stream = net.connect(at(B, 80)).await.expect("a connection");
            stream.write_all(b"0123456789").await.expect("room");
            stream.ended().await
        });
        assert_eq!(answer, end);
    }
}

#[test]
fn an_attempt_that_is_dropped_leaves_nothing_and_sends_nothing_more() {
    let mut bed = Bed::new();
    bed.judge(|_, _, packet, out| {
        out.drop(packet, DropReason::Blackhole, crate::trace::CiteId::NONE);
        None
    });
    let answer = bed
        .ask(bed.a, |net| async move { net.timeout(Duration::from_secs(5), net.connect(at(B, 80))).await.is_none() });
    assert!(answer);
    assert_eq!(bed.lines_of(bed.a).len(), 3, "SYNs at 0, 1 and 3 s");
    assert_eq!(bed.host(bed.a).connection_count(), 0);
    assert_eq!(bed.notes_of(bed.a).last(), Some(&&ConnectionNote::Aborted));
}
