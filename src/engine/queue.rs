//! The event queue: a radix heap. Pops in order, keeps first-in first-out among equals, refuses the past.

use std::collections::VecDeque;

/// A queue of values by a key that never falls below the last one popped.
///
/// Bucket `i` holds the keys whose highest bit that differs from the last popped one is bit `i - 1`; a bucket is spread
/// over the lower ones when its turn comes, in order, so that equals stay in the order of their pushes.
pub struct EventQueue<T> {
    /// Keys equal to `last`.
    due: VecDeque<(u64, T)>,
    buckets: Vec<Vec<(u64, T)>>,
    /// The smallest key of each bucket.
    smallest: [u64; BUCKETS],
    /// A bit for each bucket that holds something.
    occupied: u64,
    last: u64,
    len: usize,
}

const BUCKETS: usize = 64;

impl<T> EventQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            due: VecDeque::new(),
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            smallest: [u64::MAX; BUCKETS],
            occupied: 0,
            last: 0,
            len: 0,
        }
    }

    /// Adds a value. The key may not lie before the last one popped: time does not run backwards.
    pub fn push(&mut self, key: u64, value: T) {
        assert!(self.last <= key, "an event is scheduled in the past");
        self.len += 1;
        self.place(key, value);
    }

    /// The smallest key.
    pub fn next_key(&self) -> Option<u64> {
        if !self.due.is_empty() {
            return Some(self.last);
        }
        self.lowest().map(|index| self.smallest[index])
    }

    /// Takes the first value whose key lies below `limit`.
    pub fn pop_below(&mut self, limit: u64) -> Option<(u64, T)> {
        if self.due.is_empty() {
            let index = self.lowest()?;
            let smallest = self.smallest[index];
            if limit <= smallest {
                return None;
            }
            self.last = smallest;
            self.smallest[index] = u64::MAX;
            self.occupied &= !(1 << index);
            if let [_] = self.buckets[index][..] {
                self.len -= 1;
                return self.buckets[index].pop();
            }
            let mut bucket = std::mem::take(&mut self.buckets[index]);
            for (key, value) in bucket.drain(..) {
                self.place(key, value);
            }
            // The spread values all went below `index`, so the room is free for its own vector again.
            self.buckets[index] = bucket;
        } else if limit <= self.last {
            return None;
        }
        self.len -= 1;
        self.due.pop_front()
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

    fn place(&mut self, key: u64, value: T) {
        let differing = key ^ self.last;
        if differing == 0 {
            self.due.push_back((key, value));
        } else {
            let index = 63 - differing.leading_zeros() as usize;
            self.smallest[index] = self.smallest[index].min(key);
            self.occupied |= 1 << index;
            self.buckets[index].push((key, value));
        }
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
        fn it_agrees_with_a_stable_sort(steps in prop::collection::vec((0u64..2_000, any::<bool>()), 0..300)) {
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
