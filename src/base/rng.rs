//! Randomness with a name: one seed, one stream per consumer. Never asks the operating system.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// A generator that belongs to one consumer. A new consumer takes a new name and shifts no other stream.
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The stream called `name` under `seed`. The same two always give the same numbers.
    pub fn stream(seed: u64, name: &str) -> Self {
        // FNV-1a over the name, folded into the seed; the generator's own seeding mixes the sum.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(Xoshiro256PlusPlus::seed_from_u64(seed.rotate_left(32) ^ hash))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.random()
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiply and shift: its values do not depend on the library's sampling, which may change.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `p`, where `p` lies in 0 to 1.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number from 0 up to, and without, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_seed_and_on_its_name() {
        let first = |seed, name| Rng::stream(seed, name).next_u64();
        assert_eq!(first(1, "link/a"), first(1, "link/a"));
        assert_ne!(first(1, "link/a"), first(1, "link/b"));
        assert_ne!(first(1, "link/a"), first(2, "link/a"));
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::stream(7, "test");
        assert!((0..1_000).all(|_| rng.below(10) < 10));
        assert_eq!(rng.below(0), 0);
    }
}
