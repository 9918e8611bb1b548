//! Takes in a stream of bytes and keeps of it only what cannot be made again. Knows nothing of who sends it.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use rustc_hash::FxHashMap;

use super::content::{Content, Pieces, pattern};

/// A place of the pattern is recognized by so many bytes.
const WINDOW: usize = 8;
/// Bytes that are not of the pattern are kept this many at a time before the next look; a pattern that begins inside
/// such a step is found by the next one.
const STEP: usize = 256;
/// A match shorter than this is kept as bytes: a run would cost as much.
const SHORTEST_RUN: usize = 64;

/// Every window of the pattern and where it stands. Only for look-ups.
static WINDOWS: LazyLock<FxHashMap<[u8; WINDOW], u32>> = LazyLock::new(|| {
    let windows = pattern().windows(WINDOW).enumerate();
    windows.map(|(at, window)| (window.try_into().expect("windows have their length"), at as u32)).collect()
});

/// More bytes came that had to be kept than may be.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} bytes would have to be kept")]
pub struct TooMuch {
    /// The limit, in bytes.
    pub limit: u64,
}

/// Takes in bytes as they come and ends as [`Content`].
pub struct Recorder {
    pieces: Pieces,
    /// The match that goes on: where in the pattern it began, and how long it is.
    run: Option<(usize, usize)>,
    /// Bytes of no match, not yet a piece.
    loose: BytesMut,
    /// How many of the loose bytes were looked at.
    looked: usize,
    len: u64,
    limit: u64,
}

impl Recorder {
    /// Nothing yet; at most `limit` bytes of memory may be kept.
    pub fn new(limit: u64) -> Self {
        Self { pieces: Pieces::default(), run: None, loose: BytesMut::new(), looked: 0, len: 0, limit }
    }

    /// The next bytes of the stream.
    pub fn push(&mut self, bytes: &Bytes) -> Result<(), TooMuch> {
        let mut rest: &[u8] = bytes;
        self.len += rest.len() as u64;
        while !rest.is_empty() {
            rest = match self.run {
                Some((at, len)) => self.go_on(at, len, rest),
                None => self.look(rest),
            };
        }
        if self.limit < self.pieces.memory_bytes() + self.loose.len() as u64 {
            return Err(TooMuch { limit: self.limit });
        }
        Ok(())
    }

    /// How many bytes came in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none came in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What came in.
    pub fn finish(mut self) -> Content {
        self.end_run();
        self.end_loose();
        Content::from_pieces(self.pieces)
    }

    fn go_on<'a>(&mut self, at: usize, len: usize, rest: &'a [u8]) -> &'a [u8] {
        let same = common_prefix(rest, &pattern()[at + len..]);
        self.run = Some((at, len + same));
        if same < rest.len() {
            self.end_run();
        }
        &rest[same..]
    }

    /// Looks for the place of the pattern where the unexplained bytes go on.
    fn look<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let pending = self.loose.len() - self.looked;
        if pending + rest.len() < WINDOW {
            self.loose.extend_from_slice(rest);
            return &[];
        }
        let mut window = [0; WINDOW];
        let from_rest = WINDOW - pending.min(WINDOW);
        window[..WINDOW - from_rest].copy_from_slice(&self.loose[self.looked..][..WINDOW - from_rest]);
        window[WINDOW - from_rest..].copy_from_slice(&rest[..from_rest]);
        if let Some(at) = WINDOWS.get(&window) {
            // What was pending belongs to the match.
            self.loose.truncate(self.looked);
            self.end_loose();
            self.run = Some((*at as usize, pending));
            return rest;
        }
        let step = rest.len().min(STEP);
        self.loose.extend_from_slice(&rest[..step]);
        self.looked = self.loose.len();
        &rest[step..]
    }

    fn end_run(&mut self) {
        let Some((at, len)) = self.run.take() else { return };
        if len < SHORTEST_RUN {
            self.loose.extend_from_slice(&pattern()[at..at + len]);
            self.looked = self.loose.len();
        } else {
            self.end_loose();
            self.pieces.push_pattern(at, len);
        }
    }

    fn end_loose(&mut self) {
        self.pieces.push_kept(self.loose.split().freeze());
        self.looked = 0;
    }
}

/// How many bytes two slices have in common from their start.
fn common_prefix(one: &[u8], two: &[u8]) -> usize {
    let len = one.len().min(two.len());
    let (one, two) = (&one[..len], &two[..len]);
    if one == two {
        return len;
    }
    one.iter().zip(two).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Rng;
    use crate::service::s3::content::CHUNK_BYTES;

    const PLENTY: u64 = 1 << 30;

    fn record(bytes: &Bytes, cuts: &mut dyn FnMut() -> usize) -> (Content, u64) {
        let mut recorder = Recorder::new(PLENTY);
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(cuts().clamp(1, rest.len()));
            recorder.push(&piece).expect("plenty of room");
        }
        recorder.end_run();
        recorder.end_loose();
        let memory = recorder.pieces.memory_bytes();
        (recorder.finish(), memory)
    }

    #[test]
    fn generated_content_is_recognized_and_not_kept() {
        let sent = Content::generated(11, 3 << 20).slice(12_345..3 << 20);
        for cut in [1_460, 8_192, 65_536, 100_000] {
            let (kept, memory) = record(&sent.to_bytes(), &mut || cut);
            assert_eq!(kept, sent);
            assert!(memory < 8_000, "{memory} bytes for 3 MiB in pieces of {cut}");
        }
    }

    #[test]
    fn other_bytes_are_kept_up_to_the_limit() {
        let mut noise = vec![0; 100_000];
        Rng::stream(3, "noise").fill(&mut noise);
        let noise = Bytes::from(noise);
        assert_eq!(record(&noise, &mut || 1_460).0.to_bytes(), noise);
        let mut recorder = Recorder::new(50_000);
        assert_eq!(recorder.push(&noise), Err(TooMuch { limit: 50_000 }));
    }

    proptest! {
        #[test]
        fn what_was_recorded_is_what_came(
            seed: u64,
            mix in prop::collection::vec((any::<bool>(), 0usize..3_000), 0..12),
            cuts in prop::collection::vec(1usize..2_000, 1..20),
        ) {
            let mut rng = Rng::stream(seed, "mix");
            let whole = Content::generated(seed, 16 * CHUNK_BYTES as u64);
            let mut all = BytesMut::new();
            for (pattern, len) in mix {
                if pattern {
                    let at = rng.below(whole.len() - 3_000);
                    all.extend_from_slice(&whole.slice(at..at + len as u64).to_bytes());
                } else {
                    let mut noise = vec![0; len];
                    rng.fill(&mut noise);
                    all.extend_from_slice(&noise);
                }
            }
            let all = all.freeze();
            let mut cuts = cuts.into_iter().cycle();
            let (content, _) = record(&all, &mut || cuts.next().expect("a cycle does not end"));
            prop_assert_eq!(content.to_bytes(), all);
        }
    }
}
