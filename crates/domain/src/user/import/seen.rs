//! Which names the rows before had: a name that two rows have is a problem of the second, wherever they are.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::item::{self, Item};

/// New names that are kept apart until they are many.
const RECENT: usize = 1 << 16;

/// The names of all rows before as 64-bit hashes, 8 bytes each: a million rows with four names take 32 MB.
#[derive(Debug, Default)]
pub struct Seen {
    hasher: RandomState,
    names: [Names; item::NAMES],
}

impl Seen {
    /// Notes the names of an item; answers the first that an item before it had, and then notes none.
    pub(super) fn note(&mut self, item: &Item) -> Option<&'static str> {
        let hashes = item.names().map(|name| name.map(|n| self.hasher.hash_one(n)));
        let twice = hashes.iter().zip(&self.names).position(|(h, seen)| h.is_some_and(|h| seen.has(h)));
        if twice.is_none() {
            for (hash, seen) in hashes.into_iter().zip(&mut self.names) {
                hash.into_iter().for_each(|h| seen.add(h));
            }
        }
        twice.map(|i| item::FIELDS[i])
    }
}

#[derive(Debug, Default)]
struct Names {
    sorted: Vec<u64>,
    recent: HashSet<u64>,
}

impl Names {
    fn has(&self, hash: u64) -> bool {
        self.recent.contains(&hash) || self.sorted.binary_search(&hash).is_ok()
    }

    fn add(&mut self, hash: u64) {
        self.recent.insert(hash);
        if self.recent.len() >= RECENT {
            self.sorted.reserve_exact(self.recent.len());
            self.sorted.extend(self.recent.drain());
            // Stable sorting finds the part that is in order already and merges.
            self.sorted.sort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_many_came_after_it() {
        let mut names = Names::default();
        let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for n in 0..200_000 {
            assert!(!names.has(hash(n)));
            names.add(hash(n));
        }
        assert!((0..200_000).all(|n| names.has(hash(n))) && !names.has(hash(200_000)));
    }
}
