//! Whatever comes in: no host panics, and every packet ends.

use std::time::Duration;

use proptest::prelude::*;

use super::bed::{B, Bed, at, ip};
use crate::base::{Rng, SimTime};
use crate::packet::{Protocol, fold, sum_words};
use crate::trace::PortId;

/// Bytes with the checksums that their headers want, so that they get past the door.
fn mend(bytes: &mut [u8]) {
    if bytes.len() < 40 {
        return;
    }
    let length = bytes.len() as u16;
    bytes[0] = 0x45;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes[10..12].fill(0);
    let sum = !fold(sum_words(&bytes[..20]));
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    let at = match Protocol(bytes[9]) {
        Protocol::TCP => 36,
        Protocol::UDP => {
            bytes[24..26].copy_from_slice(&(length - 20).to_be_bytes());
            26
        }
        Protocol::ICMP => 22,
        _ => return,
    };
    bytes[at..at + 2].fill(0);
    let pseudo = sum_words(&bytes[12..20]) + u32::from(bytes[9]) + u32::from(length - 20);
    let sum = sum_words(&bytes[20..]) + if bytes[9] == 1 { 0 } else { pseudo };
    bytes[at..at + 2].copy_from_slice(&(!fold(sum)).to_be_bytes());
}

/// Runs some traffic of every kind, then throws `garbage` at both hosts among it.
fn survive(garbage: &[(u64, bool, Vec<u8>)]) {
    let mut bed = Bed::new();
    bed.run_on(bed.b, |net| async move {
        let listener = net.listen(80, 2).expect("a free port");
        let udp = net.udp(Some(53)).expect("a free port");
        let until = SimTime::from_secs(5);
        net.spawn({
            let net = net.clone();
            async move {
                net.timeout(Duration::from_secs(5), async {
                    loop {
                        udp.recv().await;
                    }
                })
                .await;
            }
        });
        while net.now() < until {
            let Some(Ok(stream)) = net.timeout(Duration::from_secs(1), listener.accept()).await else { continue };
            net.spawn(async move { while let Ok(1..) = stream.skip(usize::MAX).await {} });
        }
    });
    bed.run_on(bed.a, |net| async move {
        for round in 0..3u8 {
            let options = crate::host::ConnectOptions {
                local_port: Some(40_000 + u16::from(round)),
                timeout: Some(Duration::from_secs(3)),
                ..Default::default()
            };
            let Ok(stream) = net.connect_with(at(B, 80), &options).await else { continue };
            let _ = net.timeout(Duration::from_secs(2), stream.write_all(&[round; 300_000])).await;
        }
        let _ = net.ping(ip(B), crate::host::PingOptions::default()).await;
    });
    for (micros, to_a, bytes) in garbage {
        bed.until(bed.engine.now().max(SimTime::from_micros(*micros)));
        let to = if *to_a { bed.a } else { bed.b };
        let _ = bed.engine.inject((to, PortId(0)), bytes, &mut bed.record);
    }
    bed.settle();
}

/// Packets that look like the traffic of the bed, with random numbers in their headers.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let fields = (any::<bool>(), 0..6u8, any::<[u8; 20]>(), 0..80usize, any::<u64>(), any::<u8>());
    fields.prop_map(|(to_a, kind, head, payload, seed, flags)| {
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0];
        let addresses: [[u8; 4]; 2] = [[10, 0, 0, 1], [10, 0, 0, 2]];
        bytes.extend_from_slice(&addresses[usize::from(to_a)]);
        bytes.extend_from_slice(&addresses[usize::from(!to_a)]);
        bytes.extend_from_slice(&head);
        let mut rest = vec![0; payload];
        Rng::stream(seed, "payload").fill(&mut rest);
        bytes.extend_from_slice(&rest);
        bytes[9] = [6, 6, 6, 17, 1, 6][usize::from(kind)];
        if bytes[9] == 6 {
            // Its ports are those of the first connections, or the listener's.
            let (a, b) = (40_000 + u16::from(head[1] % 4), 80);
            let (src, dst) = if to_a { (b, a) } else { (a, b) };
            bytes[20..22].copy_from_slice(&u16::to_be_bytes(src));
            bytes[22..24].copy_from_slice(&u16::to_be_bytes(dst));
            bytes[32] = ((5 + (flags as usize % 3).min(payload / 4)) << 4) as u8;
            bytes[33] = flags & 0x3f;
        } else if bytes[9] == 1 {
            bytes[20] %= 14;
        } else {
            bytes[22..24].copy_from_slice(&u16::to_be_bytes(53));
        }
        if kind == 5 {
            bytes[6] = head[0];
            bytes[7] = head[1] & 3;
        }
        mend(&mut bytes);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_harm_nobody(
        garbage in prop::collection::vec(
            (0..4_000_000u64, any::<bool>(), prop::collection::vec(any::<u8>(), 0..120)), 0..20)
    ) {
        survive(&garbage);
    }

    #[test]
    fn likely_packets_harm_nobody(
        mut garbage in prop::collection::vec((0..300_000u64, any::<bool>(), likely()), 1..60)
    ) {
        garbage.sort_by_key(|entry| entry.0);
        survive(&garbage);
    }
}

/// Takes real packets of a run, changes a few bytes of each, and sends them again.
#[test]
fn bent_copies_of_real_packets_harm_nobody() {
    for seed in 0..24 {
        let mut rng = Rng::stream(seed, "bend");
        let mut bed = Bed::new();
        bed.run_on(bed.b, |net| async move {
            let listener = net.listen(80, 2).expect("a free port");
            while let Some(Ok(stream)) = net.timeout(Duration::from_secs(2_000), listener.accept()).await {
                net.spawn(async move { while let Ok(1..) = stream.skip(usize::MAX).await {} });
            }
        });
        bed.run_on(bed.a, |net| async move {
            let Ok(stream) = net.connect(at(B, 80)).await else { return };
            let _ = stream.write_all(&[9; 400_000]).await;
        });
        for step in 1..60 {
            bed.until(SimTime::from_millis(4 * step));
            for _ in 0..4 {
                let count = bed.record.bytes.len() as u64;
                let mut bytes = bed.record.bytes[rng.below(count) as usize].clone();
                for _ in 0..rng.below(4) {
                    let index = 20 + rng.below(bytes.len() as u64 - 20) as usize;
                    bytes[index] = rng.next_u64() as u8;
                }
                mend(&mut bytes);
                let to_a = bytes[16..20] == [10, 0, 0, 1];
                let to = if to_a { bed.a } else { bed.b };
                let _ = bed.engine.inject((to, PortId(0)), &bytes, &mut bed.record);
            }
        }
        bed.settle();
    }
}
