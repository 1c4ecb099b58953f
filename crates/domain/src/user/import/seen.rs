//! What the rows before had and did. A name that two rows have, or a user whom two rows mean, is a problem of the
//! second, wherever they are; and a dry run, which writes nothing, knows what the rows before would have taken.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::item::{self, Item};
use super::plan::{Link, Plan, Step};
use super::value::Value;

/// New names that are kept apart until they are many.
const RECENT: usize = 1 << 16;

/// All of it as 64-bit hashes, 8 bytes each: a million rows with four names take 32 MB, and 8 MB more if they mean
/// users who were there.
#[derive(Debug, Default)]
pub struct Seen {
    hasher: RandomState,
    names: [Names; item::NAMES],
    /// Users who were there and whom a row means.
    users: Names,
    /// In a dry run: whose the values of unique custom fields would be, `None` for nobody's.
    values: HashMap<u64, Option<u64>>,
    /// In a dry run: accounts elsewhere that would be linked.
    links: Names,
}

impl Seen {
    /// Notes the names of an item; answers the first that an item before it had, and then notes none.
    pub(super) fn note(&mut self, item: &Item) -> Option<&'static str> {
        let hashes = item.names().map(|name| name.map(|n| self.hash(n)));
        let twice = hashes.iter().zip(&self.names).position(|(h, seen)| h.is_some_and(|h| seen.has(h)));
        if twice.is_none() {
            for (hash, seen) in hashes.into_iter().zip(&mut self.names) {
                hash.into_iter().for_each(|h| seen.add(h));
            }
        }
        twice.map(|i| item::FIELDS[i])
    }

    /// Notes what a chunk did or, in a dry run, would have done. A name that somebody has no more is still taken.
    pub(super) fn done(&mut self, plan: &Plan, items: &[Item], dry: bool) {
        for user in &plan.users {
            self.users.add(self.hasher.hash_one(user.as_str()));
        }
        for (k, name) in &plan.freed {
            self.names[*k].add(self.hasher.hash_one(name.as_str()));
        }
        if !dry {
            return;
        }
        for (value, owner) in &plan.values {
            self.values.insert(self.hasher.hash_one(value), *owner);
        }
        for (i, step) in &plan.steps {
            let links = match step {
                Step::Create { .. } => &items[*i].identities,
                Step::Update { identities, .. } => identities,
                Step::Unchanged | Step::Keep => continue,
            };
            for link in links {
                self.links.add(self.hasher.hash_one((&link.ext_idp_id, &link.kind, &link.user_id_in_idp)));
            }
        }
    }

    /// Whether a row before means this user.
    pub(super) fn has_user(&self, id: &str) -> bool {
        self.users.has(self.hash(id))
    }

    /// Whether a row before links this account, in a dry run.
    pub(super) fn has_link(&self, link: &Link) -> bool {
        self.links.has(self.hasher.hash_one(link))
    }

    /// In a dry run whose a value is since the rows before, if they did anything with it.
    pub(super) fn owner(&self, value: &Value) -> Option<Option<u64>> {
        self.values.get(&self.hasher.hash_one(value)).copied()
    }

    /// How names are kept here.
    pub(super) fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
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
