//! Impairments of a line: loss, jitter, reordering, duplication, each from a named random stream.

use std::time::Duration;

use crate::base::Rng;

/// What a line does to packets by chance. Probabilities lie in 0 to 1.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct ImpairmentSpec {
    /// The share of packets lost.
    pub loss: f64,
    /// The share of packets that arrive twice.
    pub duplication: f64,
    /// The share of packets held back so that later ones overtake them.
    pub reordering: f64,
    /// How long a packet is held back to be overtaken.
    pub reordering_delay: Duration,
    /// The most by which a packet is late; even from zero up.
    pub jitter: Duration,
}

/// An impairment with its random stream.
#[derive(Clone, Debug)]
pub struct Impairment {
    spec: ImpairmentSpec,
    rng: Rng,
}

/// What happens to one packet that is not lost.
pub(crate) struct Effect {
    pub(crate) extra: Duration,
    pub(crate) overtaken: bool,
    pub(crate) duplicated: bool,
}

impl Impairment {
    /// An impairment that draws from `rng`, which belongs to this line alone.
    pub fn new(spec: ImpairmentSpec, rng: Rng) -> Self {
        Self { spec, rng }
    }

    /// The fate of the next packet; `None` if it is lost. Draws the same count of numbers for each packet, so that one
    /// probability does not shift the others.
    pub(crate) fn next(&mut self) -> Option<Effect> {
        let [loss, duplication, reordering, jitter] = [(); 4].map(|()| self.rng.unit());
        if loss < self.spec.loss {
            return None;
        }
        let overtaken = reordering < self.spec.reordering;
        let mut extra = self.spec.jitter.mul_f64(jitter);
        if overtaken {
            extra += self.spec.reordering_delay;
        }
        Some(Effect { extra, overtaken, duplicated: duplication < self.spec.duplication })
    }
}
