//! What an object holds: bytes that are given, or made again at any offset from a few numbers. Knows no names and no
//! owners.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use crate::base::Rng;

/// Content is made and read in chunks of this many bytes, aligned to the content's start.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// All generated content consists of slices of one pattern, twice as long as a chunk: a chunk is a slice without a
/// copy, and one cache serves every object of a run.
const PATTERN_BYTES: usize = 2 * CHUNK_BYTES;

/// A chunk begins at one of so many places of the pattern, [`START_STEP`] bytes apart.
const STARTS: usize = CHUNK_BYTES / START_STEP;
const START_STEP: usize = 16;

static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = vec![0; PATTERN_BYTES];
    Rng::stream(0, "service/s3/pattern").fill(&mut bytes);
    Bytes::from(bytes)
});

/// The MD5 of each whole chunk of generated content that was asked for: a function of its place, kept.
static CHUNK_DIGESTS: LazyLock<Mutex<Vec<Option<[u8; 16]>>>> = LazyLock::new(|| Mutex::new(vec![None; STARTS]));

/// The bytes that all generated content is sliced from.
pub(super) fn pattern() -> &'static Bytes {
    &PATTERN
}

/// Where in the pattern a chunk of generated content begins.
fn chunk_start(seed: u64, chunk: u64) -> usize {
    // The finalizer of SplitMix64: neighboring chunks and neighboring seeds get unrelated places.
    let mut mixed = seed ^ chunk.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as usize % STARTS * START_STEP
}

/// An object's bytes. Cheap to clone; never changes.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    shape: Shape,
    len: u64,
    digest: OnceLock<[u8; 16]>,
}

enum Shape {
    /// Slices of the pattern, chosen by the seed.
    Generated { seed: u64, skip: u64 },
    /// One after another: slices of the pattern and bytes that had to be kept.
    Pieces(Pieces),
}

/// Runs of bytes, 16 bytes of memory each beside what is kept.
#[derive(Default)]
pub(super) struct Pieces {
    runs: Vec<Run>,
    kept: Vec<Bytes>,
    len: u64,
}

#[derive(Copy, Clone)]
struct Run {
    /// Where in the content it begins.
    start: u64,
    /// Where in the pattern it begins, or which of the kept pieces it is.
    source: Source,
}

#[derive(Copy, Clone)]
enum Source {
    Pattern(u32),
    Kept(u32),
}

impl Pieces {
    pub(super) fn push_pattern(&mut self, at: usize, len: usize) {
        if 0 < len {
            self.runs.push(Run { start: self.len, source: Source::Pattern(at as u32) });
            self.len += len as u64;
        }
    }

    pub(super) fn push_kept(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.runs.push(Run { start: self.len, source: Source::Kept(self.kept.len() as u32) });
            self.len += bytes.len() as u64;
            self.kept.push(bytes);
        }
    }

    /// What a content of these pieces costs in memory, in bytes.
    pub(super) fn memory_bytes(&self) -> u64 {
        let kept: usize = self.kept.iter().map(Bytes::len).sum();
        (kept + self.runs.len() * size_of::<Run>() + self.kept.len() * size_of::<Bytes>()) as u64
    }

    fn run_at(&self, offset: u64) -> Bytes {
        let index = self.runs.partition_point(|run| run.start <= offset) - 1;
        let run = self.runs[index];
        let end = self.runs.get(index + 1).map_or(self.len, |next| next.start);
        let (skip, rest) = ((offset - run.start) as usize, (end - offset) as usize);
        match run.source {
            Source::Pattern(at) => PATTERN.slice(at as usize + skip..at as usize + skip + rest),
            Source::Kept(which) => self.kept[which as usize].slice(skip..skip + rest),
        }
    }
}

impl Content {
    /// Content of `size` bytes that follows from a seed. No byte of it is held.
    pub fn generated(seed: u64, size: u64) -> Self {
        Self::new(Shape::Generated { seed, skip: 0 }, size)
    }

    /// These bytes.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let mut pieces = Pieces::default();
        pieces.push_kept(bytes.into());
        Self::from_pieces(pieces)
    }

    pub(super) fn from_pieces(pieces: Pieces) -> Self {
        let len = pieces.len;
        Self::new(Shape::Pieces(pieces), len)
    }

    /// All of these, one after another.
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut pieces = Pieces::default();
        for part in parts {
            let mut at = 0;
            while at < part.len() {
                let chunk = part.chunk_at(at, part.len());
                at += chunk.len() as u64;
                match offset_in_pattern(&chunk) {
                    Some(place) => pieces.push_pattern(place, chunk.len()),
                    None => pieces.push_kept(chunk),
                }
            }
        }
        Self::from_pieces(pieces)
    }

    fn new(shape: Shape, len: u64) -> Self {
        Self(Arc::new(Inner { shape, len, digest: OnceLock::new() }))
    }

    /// The bytes of a range of it, without the rest. The range is cut at its end.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        if start == 0 && end == self.len() {
            return self.clone();
        }
        if let Shape::Generated { seed, skip } = self.0.shape {
            return Self::new(Shape::Generated { seed, skip: skip + start }, end - start);
        }
        let mut pieces = Pieces::default();
        let mut at = start;
        while at < end {
            let chunk = self.chunk_at(at, end);
            at += chunk.len() as u64;
            match offset_in_pattern(&chunk) {
                Some(place) => pieces.push_pattern(place, chunk.len()),
                None => pieces.push_kept(chunk),
            }
        }
        Self::from_pieces(pieces)
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Some bytes from `offset` on, at most up to `end` and at most a chunk; none at the end. Copies nothing.
    pub fn chunk_at(&self, offset: u64, end: u64) -> Bytes {
        let end = end.min(self.len());
        if end <= offset {
            return Bytes::new();
        }
        let most = usize::try_from(end - offset).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        match &self.0.shape {
            Shape::Generated { seed, skip } => {
                let place = offset + skip;
                let within = (place % CHUNK_BYTES as u64) as usize;
                let start = chunk_start(*seed, place / CHUNK_BYTES as u64) + within;
                PATTERN.slice(start..start + most.min(CHUNK_BYTES - within))
            }
            Shape::Pieces(pieces) => {
                let run = pieces.run_at(offset);
                run.slice(..run.len().min(most))
            }
        }
    }

    /// All of a range, in chunks.
    pub fn chunks(&self, range: Range<u64>) -> Chunks {
        let end = range.end.min(self.len());
        Chunks { content: self.clone(), at: range.start.min(end), end }
    }

    /// Whether `bytes` stand at `offset`.
    pub fn matches_at(&self, offset: u64, bytes: &[u8]) -> bool {
        let end = offset.saturating_add(bytes.len() as u64);
        if self.len() < end {
            return false;
        }
        let mut rest = bytes;
        self.chunks(offset..end).all(|chunk| {
            let (here, later) = rest.split_at(chunk.len());
            rest = later;
            here == chunk
        })
    }

    /// All bytes in one piece; only for small content.
    pub fn to_bytes(&self) -> Bytes {
        let mut all = BytesMut::new();
        self.chunks(0..self.len()).for_each(|chunk| all.extend_from_slice(&chunk));
        all.freeze()
    }

    /// The MD5 of content of at most one chunk, and the MD5 of the MD5s of its chunks beyond. Real S3's entity tag is
    /// the MD5 of an object put in one piece without KMS; for larger ones ours costs a cache look-up a chunk, so that
    /// a run with terabytes is possible. Equal bytes have equal digests, however they came.
    pub fn digest(&self) -> [u8; 16] {
        *self.0.digest.get_or_init(|| {
            if self.len() <= CHUNK_BYTES as u64 {
                return self.chunk_digest(0);
            }
            let mut all = Md5::new();
            for chunk in 0..self.len().div_ceil(CHUNK_BYTES as u64) {
                all.update(self.chunk_digest(chunk));
            }
            all.finalize().into()
        })
    }

    /// The entity tag of an object put in one piece: its digest in hexadecimal, without quotes.
    pub fn etag(&self) -> String {
        hex::encode(self.digest())
    }

    fn chunk_digest(&self, chunk: u64) -> [u8; 16] {
        let start = chunk * CHUNK_BYTES as u64;
        let end = (start + CHUNK_BYTES as u64).min(self.len());
        let first = self.chunk_at(start, end);
        if first.len() == CHUNK_BYTES
            && let Some(place) = offset_in_pattern(&first)
            && place % START_STEP == 0
            && place / START_STEP < STARTS
        {
            let mut known = CHUNK_DIGESTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            return *known[place / START_STEP].get_or_insert_with(|| Md5::digest(&first).into());
        }
        let mut all = Md5::new();
        self.chunks(start..end).for_each(|piece| all.update(&piece));
        all.finalize().into()
    }
}

/// Where a slice of the pattern begins; `None` for bytes that lie elsewhere in memory.
fn offset_in_pattern(slice: &Bytes) -> Option<usize> {
    let offset = (slice.as_ptr() as usize).checked_sub(PATTERN.as_ptr() as usize)?;
    (offset + slice.len() <= PATTERN_BYTES && !slice.is_empty()).then_some(offset)
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.digest() == other.digest()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.shape {
            Shape::Generated { seed, skip: 0 } => write!(f, "{} generated from {seed}", show_bytes(self.len())),
            Shape::Generated { seed, skip } => {
                write!(f, "{} generated from {seed} from byte {skip}", show_bytes(self.len()))
            }
            Shape::Pieces(_) => f.write_str(&show_bytes(self.len())),
        }
    }
}

/// The bytes of a range, chunk by chunk.
#[derive(Clone, Debug)]
pub struct Chunks {
    content: Content,
    at: u64,
    end: u64,
}

impl Chunks {
    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.end - self.at
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let chunk = self.content.chunk_at(self.at, self.end);
        self.at += chunk.len() as u64;
        (!chunk.is_empty()).then_some(chunk)
    }
}

/// A size for people: `8 MiB`, `64 KiB`, `1234 bytes`.
pub fn show_bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| *size <= bytes && bytes.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{} {unit}", bytes / size),
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn generated_content_depends_on_its_seed_and_on_the_place() {
        let chunk = CHUNK_BYTES as u64;
        let (one, two) = (Content::generated(1, 8 * chunk), Content::generated(2, 8 * chunk));
        assert_ne!(one.chunk_at(0, chunk), two.chunk_at(0, chunk));
        assert_ne!(one.chunk_at(0, chunk), one.chunk_at(chunk, 2 * chunk));
        assert_ne!(one, two);
        assert_eq!(one, Content::generated(1, 8 * chunk));
        assert_ne!(one, Content::generated(1, 8 * chunk - 1));
    }

    #[test]
    fn the_tag_of_a_small_object_is_its_md5() {
        assert_eq!(Content::from_bytes("hello").etag(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(Content::from_bytes("").etag(), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn huge_content_costs_nothing_until_it_is_read() {
        let huge = Content::generated(7, 1 << 50);
        assert_eq!(huge.chunk_at((1 << 50) - 3, u64::MAX).len(), 3);
        assert!(huge.chunk_at(1 << 50, u64::MAX).is_empty());
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in
            [(0, "0 bytes"), (1, "1 byte"), (65_536, "64 KiB"), (8 << 20, "8 MiB"), (1_000, "1000 bytes")]
        {
            assert_eq!(show_bytes(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn a_slice_holds_what_the_whole_holds_there(seed: u64, size in 0u64..400_000, from in 0u64..400_000, to in 0u64..400_000) {
            let whole = Content::generated(seed, size);
            let all = whole.to_bytes();
            let kept = Content::from_bytes(all.clone());
            prop_assert_eq!(&whole, &kept);
            let (start, end) = (from.min(to).min(size) as usize, from.max(to).min(size) as usize);
            for content in [&whole, &kept, &Content::concat([&whole.slice(0..from), &whole.slice(from..size)])] {
                prop_assert_eq!(content.slice(from.min(to)..from.max(to)).to_bytes(), &all[start..end]);
                prop_assert!(content.matches_at(start as u64, &all[start..end]));
            }
        }
    }
}
