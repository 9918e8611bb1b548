//! The event queue: a radix heap with a sorted front. Pops in order, keeps first-in first-out among equals, refuses the
//! past.

use std::collections::VecDeque;

/// A queue of values by a key that never falls below the last one popped.
///
/// Bucket `i` holds the keys whose highest bit that differs from `base` is bit `i`. When a bucket's turn comes, a short
/// one is sorted into the front; a long one is spread over the lower buckets, in order, so that equals stay in the order
/// of their pushes.
pub struct EventQueue<T> {
    /// The first values, in order. Every key in a bucket lies behind all of these.
    front: VecDeque<(u64, T)>,
    buckets: Vec<Vec<(u64, T)>>,
    /// The smallest key of each bucket.
    smallest: [u64; BUCKETS],
    /// A bit for each bucket that holds something.
    occupied: u64,
    /// No key in a bucket lies before it.
    base: u64,
    /// The last key popped.
    last: u64,
    len: usize,
}

const BUCKETS: usize = 64;
/// The longest bucket that is sorted, not spread.
const SHORT: usize = 16;
/// The longest front into which pushes are sorted; what is behind its half then goes to the buckets.
const FRONT_MAX: usize = 64;

impl<T> EventQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            front: VecDeque::new(),
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            smallest: [u64::MAX; BUCKETS],
            occupied: 0,
            base: 0,
            last: 0,
            len: 0,
        }
    }

    /// Adds a value. The key may not lie before the last one popped: time does not run backwards.
    pub fn push(&mut self, key: u64, value: T) {
        assert!(self.last <= key, "an event is scheduled in the past");
        self.len += 1;
        match self.front.back() {
            Some((back, _)) if key < *back => self.insert(key, value),
            Some((back, _)) if key == *back => self.front.push_back((key, value)),
            _ => self.place(key, value),
        }
    }

    /// The smallest key.
    pub fn next_key(&self) -> Option<u64> {
        match self.front.front() {
            Some((key, _)) => Some(*key),
            None => self.lowest().map(|index| self.smallest[index]),
        }
    }

    /// Takes the first value whose key lies below `limit`.
    pub fn pop_below(&mut self, limit: u64) -> Option<(u64, T)> {
        if self.next_key()? >= limit {
            return None;
        }
        if self.front.is_empty() {
            self.refill();
        }
        let (key, value) = self.front.pop_front()?;
        self.last = key;
        self.len -= 1;
        Some((key, value))
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bucket whose turn is next.
    fn lowest(&self) -> Option<usize> {
        (self.occupied != 0).then(|| self.occupied.trailing_zeros() as usize)
    }

    /// Brings the lowest bucket to the front, whole or in part.
    fn refill(&mut self) {
        let Some(index) = self.lowest() else { return };
        self.base = self.smallest[index];
        self.smallest[index] = u64::MAX;
        self.occupied &= !(1 << index);
        let mut bucket = std::mem::take(&mut self.buckets[index]);
        if bucket.len() <= SHORT {
            for (key, value) in bucket.drain(..) {
                let behind = self.front.iter().rev().take_while(|(other, _)| key < *other).count();
                self.front.insert(self.front.len() - behind, (key, value));
            }
        } else {
            for (key, value) in bucket.drain(..) {
                self.place(key, value);
            }
        }
        // The spread values all went below `index`, so the room is free for its own vector again.
        self.buckets[index] = bucket;
    }

    /// Adds a value before the end of the front.
    fn insert(&mut self, key: u64, value: T) {
        if FRONT_MAX <= self.front.len() {
            let half = self.front[FRONT_MAX / 2].0;
            let kept = self.front.partition_point(|(other, _)| *other <= half);
            while let Some((key, value)) = self.front.remove(kept) {
                self.place(key, value);
            }
        }
        let at = self.front.partition_point(|(other, _)| *other <= key);
        if at == self.front.len() && self.front.back().is_some_and(|(back, _)| *back < key) {
            return self.place(key, value);
        }
        self.front.insert(at, (key, value));
    }

    fn place(&mut self, key: u64, value: T) {
        let differing = key ^ self.base;
        if differing == 0 {
            return self.front.push_back((key, value));
        }
        let index = 63 - differing.leading_zeros() as usize;
        self.smallest[index] = self.smallest[index].min(key);
        self.occupied |= 1 << index;
        self.buckets[index].push((key, value));
    }
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equals_come_in_the_order_of_their_pushes() {
        let mut queue = EventQueue::new();
        for (key, name) in [(5, "a"), (3, "b"), (5, "c"), (3, "d")] {
            queue.push(key, name);
        }
        assert_eq!(queue.pop_below(u64::MAX), Some((3, "b")));
        queue.push(5, "e");
        queue.push(3, "f");
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop_below(u64::MAX)).map(|(_, name)| name).collect();
        assert_eq!(rest, ["d", "f", "a", "c", "e"]);
    }

    #[test]
    fn a_crowd_before_a_lonely_timer_stays_in_order() {
        let mut queue = EventQueue::new();
        queue.push(0, 0);
        queue.push(1_000_000, 1);
        queue.push(1_000_001, 2);
        assert_eq!(queue.pop_below(u64::MAX), Some((0, 0)));
        let keys: Vec<u64> = (0..1_000).map(|index| index * 7_919 % 1_013 / 3 + 1).collect();
        for (index, key) in keys.iter().enumerate() {
            queue.push(*key, index);
        }
        let mut expected: Vec<_> = keys.iter().copied().enumerate().map(|(index, key)| (key, index)).collect();
        expected.sort();
        expected.extend([(1_000_000, 1), (1_000_001, 2)]);
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop_below(u64::MAX)).collect();
        assert_eq!(popped, expected);
    }

    #[test]
    fn nothing_at_or_behind_the_limit_is_taken() {
        let mut queue = EventQueue::new();
        queue.push(10, ());
        assert_eq!(queue.pop_below(10), None);
        assert_eq!(queue.next_key(), Some(10));
        assert_eq!(queue.pop_below(11), Some((10, ())));
        assert!(queue.is_empty());
    }

    #[test]
    #[should_panic(expected = "in the past")]
    fn the_past_is_refused() {
        let mut queue = EventQueue::new();
        queue.push(10, ());
        queue.pop_below(u64::MAX);
        queue.push(9, ());
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_stable_sort(steps in prop::collection::vec((0u64..2_000, prop::bool::weighted(0.4)), 0..600)) {
            let mut queue = EventQueue::new();
            let mut model: Vec<(u64, usize)> = Vec::new();
            let mut now = 0;
            for (index, (delay, pop)) in steps.into_iter().enumerate() {
                queue.push(now + delay, index);
                model.push((now + delay, index));
                model.sort();
                if pop {
                    let expected = model.remove(0);
                    now = expected.0;
                    prop_assert_eq!(queue.pop_below(u64::MAX), Some(expected));
                }
                prop_assert_eq!(queue.next_key(), model.first().map(|first| first.0));
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
