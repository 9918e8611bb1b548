//! A route that switches under an open connection, as `route-switch.md` measured it: here between two hosts, with the
//! translation in the middle taken away at an instant. No host is told.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::bed::{A, B, Bed, at};
use crate::base::SimTime;
use crate::host::HostSettings;
use crate::host::{Net, NetError, TcpStream, Unknown};
use crate::packet::TcpFlags;
use crate::trace::{DropReason, PortId};

const PUBLIC: &str = "203.0.113.10";
const SWITCH: SimTime = SimTime::from_secs(2);

/// A bed in which b sees a's packets come from the public address until the switch, and from then on from the private
/// one; what b sends to the public address reaches a throughout.
fn bed(b: HostSettings) -> Bed {
    let mut bed = Bed::with(7, HostSettings::default(), b, super::bed::line());
    bed.judge(|now, from, mut packet, _| {
        let tuple = *packet.tuple();
        if from == PortId(0) && now < SWITCH {
            packet.set_source(at(PUBLIC, tuple.src_port));
        }
        if from == PortId(1) && tuple.dst == super::bed::ip(PUBLIC) {
            packet.set_destination(SocketAddr::new(super::bed::ip(A), tuple.dst_port));
            // The way back leads through the translation too: seen from a, its peer is b all along.
        }
        Some(packet)
    });
    bed
}

/// Runs a client and a server program over one connection, each told when to begin by the clock.
fn run<C, S>(
    bed: &mut Bed,
    client: impl FnOnce(Net, TcpStream) -> C + 'static,
    server: impl FnOnce(Net, TcpStream) -> S + 'static,
) -> Rc<RefCell<Option<String>>>
where
    C: Future<Output = String> + 'static,
    S: Future<Output = ()> + 'static,
{
    let said = Rc::new(RefCell::new(None));
    let slot = said.clone();
    bed.run_on(bed.b, move |net| async move {
        let listener = net.listen(80, 4).expect("a free port");
        let stream = listener.accept().await.expect("a connection");
        server(net, stream).await;
    });
    bed.run_on(bed.a, move |net| async move {
        let stream = net.connect(at(B, 80)).await.expect("a connection");
        let words = client(net, stream).await;
        *slot.borrow_mut() = Some(words);
    });
    said
}

fn flags(bytes: &[u8]) -> TcpFlags {
    TcpFlags(bytes[33])
}

#[test]
fn a1_the_send_succeeds_and_the_next_call_fails_while_the_server_is_never_told() {
    let mut bed = bed(HostSettings::default());
    let client = |net: Net, stream: TcpStream| async move {
        net.sleep(Duration::from_secs(3)).await;
        let sent = stream.write_all(b"0123456789").await;
        let read = stream.read(&mut [0; 10]).await;
        format!("{sent:?} {read:?} at {}", net.now())
    };
    let server = |net: Net, stream: TcpStream| async move {
        net.sleep(Duration::from_secs(30)).await;
        stream.close();
        let _ = net.timeout(Duration::from_secs(20), stream.ended()).await;
    };
    let said = run(&mut bed, client, server);
    bed.until(SimTime::from_secs(20));
    let expected = format!("{:?} {:?} at 3.040000", Ok::<(), NetError>(()), Err::<usize, _>(NetError::Reset));
    assert_eq!(said.borrow().as_deref(), Some(expected.as_str()), "one round trip after the send");
    assert_eq!(bed.host(bed.b).connections()[0].state, "ESTABLISHED");
    bed.until(SimTime::from_secs(40));
    // The server's FIN meets no connection any more; it ignores the answer and sends the FIN again.
    let stray = bed.record.drops.iter().filter(|drop| drop.0 == bed.b && drop.2 == DropReason::StrayReset).count();
    assert!(2 <= stray, "{stray} resets ignored");
    assert_eq!(bed.host(bed.b).connections()[0].state, "FIN-WAIT-1");
}

#[test]
fn a2_the_bytes_are_read_before_the_reset() {
    let mut bed = bed(HostSettings::default());
    let client = |_: Net, stream: TcpStream| async move {
        let mut buffer = [0; 10];
        let first = stream.read(&mut buffer).await;
        format!("{first:?} {:?}", stream.read(&mut buffer).await)
    };
    let server = |net: Net, stream: TcpStream| async move {
        net.sleep(Duration::from_secs(3)).await;
        let _ = stream.write_all(b"from b").await;
        net.sleep(Duration::from_secs(10)).await;
    };
    let said = run(&mut bed, client, server);
    bed.until(SimTime::from_secs(10));
    assert_eq!(said.borrow().as_deref(), Some("Ok(6) Err(Reset)"));
    assert_eq!(bed.host(bed.b).connections()[0].state, "ESTABLISHED");
}

#[test]
fn a3_a_client_that_closes_is_gone_and_the_server_never_sees_a_fin() {
    let mut bed = bed(HostSettings::default());
    let client = |net: Net, stream: TcpStream| async move {
        net.sleep(Duration::from_secs(3)).await;
        stream.close();
        format!("{:?}", stream.ended().await)
    };
    let said = run(&mut bed, client, |_, stream| async move {
        let _ = stream.ended().await;
    });
    bed.until(SimTime::from_secs(10));
    assert_eq!(said.borrow().as_deref(), Some("Err(Reset)"));
    assert_eq!(bed.host(bed.a).connection_count(), 0);
    assert_eq!(bed.host(bed.b).connections()[0].state, "ESTABLISHED");
}

#[test]
fn b_the_first_reset_ends_an_upload_and_every_other_segment_in_flight_draws_one_of_its_own() {
    let mut bed = bed(HostSettings::default());
    let client = |net: Net, stream: TcpStream| async move {
        net.sleep_until(SWITCH.after(Duration::from_millis(50))).await;
        stream.write_all(&[1; 10_000_000]).await.expect_err("it breaks").to_string()
    };
    // The upload begins before the switch: the clock of this bed is moved instead.
    let client = move |net: Net, stream: TcpStream| async move {
        let early = stream.write_all(&[1; 2_000_000]).await;
        match early {
            Err(error) => format!("{error} at {}", net.now()),
            Ok(()) => client(net, stream).await,
        }
    };
    let said = run(&mut bed, client, |net: Net, stream: TcpStream| async move {
        // Slow enough to last beyond the switch.
        while let Ok(1..) = stream.skip(15_000).await {
            net.sleep(Duration::from_millis(20)).await;
        }
    });
    bed.until(SimTime::from_secs(4));
    let words = said.borrow().clone().expect("it ended");
    assert!(words.starts_with("connection reset by peer at 2.0"), "{words}");
    let resets = bed
        .record
        .packets
        .iter()
        .zip(&bed.record.bytes)
        .filter(|((_, node, _), bytes)| *node == bed.b && flags(bytes) == TcpFlags(TcpFlags::RST));
    let resets = resets.count();
    assert!(1 < resets, "{resets} resets");
    let strays = bed.record.drops.iter().filter(|drop| drop.0 == bed.a && drop.2 == DropReason::StrayReset).count();
    assert_eq!(strays, resets - 1, "the first one ends it, the rest meet nobody");
}

#[test]
fn c_resets_below_the_window_do_not_end_a_download() {
    let mut bed = bed(HostSettings::default());
    let client = |net: Net, stream: TcpStream| async move {
        let mut total = 0;
        loop {
            match stream.skip(usize::MAX).await {
                Ok(count) => total += count,
                Err(error) => return format!("{error} after {total} at {}", net.now()),
            }
        }
    };
    let server = |net: Net, stream: TcpStream| async move {
        net.sleep_until(SimTime::from_millis(1_000)).await;
        let _ = stream.write_all(&[1; 10_000_000]).await;
    };
    let said = run(&mut bed, client, server);
    bed.until(SimTime::from_secs(60));
    let words = said.borrow().clone().expect("it ended");
    assert!(words.starts_with("connection reset by peer after"), "{words}");
    let ignored = bed.record.drops.iter().filter(|drop| drop.2 == DropReason::ResetIgnored).count();
    assert!(10 < ignored, "{ignored} resets below the window");
    assert!(!bed.host(bed.b).connections().is_empty(), "the server is never told");
}

#[test]
fn a_service_set_to_silence_leaves_the_client_to_its_time_out() {
    let silent = HostSettings { unknown_flow: Unknown::Drop, ..HostSettings::default() };
    let mut bed = bed(silent);
    let client = |net: Net, stream: TcpStream| async move {
        net.sleep(Duration::from_secs(3)).await;
        let _ = stream.write_all(b"0123456789").await;
        let read = stream.read(&mut [0; 10]).await;
        format!("{read:?} after {}", net.now().as_nanos() / 1_000_000_000)
    };
    let said = run(&mut bed, client, |_, stream| async move {
        let _ = stream.ended().await;
    });
    bed.until(SimTime::from_secs(2_000));
    assert_eq!(said.borrow().as_deref(), Some("Err(TimedOut) after 927"));
    assert!(bed.record.drops.iter().all(|drop| drop.2 == DropReason::UnknownConnection));
    assert!(!bed.record.bytes.iter().any(|bytes| flags(bytes).has(TcpFlags::RST)));
}
