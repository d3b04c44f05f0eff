//! How much of the directory one address may read in a day without signing in: so many different entries. Asking
//! for the same ones again is free, so that a mail client in daily use never meets the bound.
//!
//! Bounded in memory: entries are remembered by 32 bits of a keyed hash, and when too many addresses have read
//! too much, those that have read least are forgotten first.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::networks::subscriber;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Addresses remembered at one time.
const MAX_ADDRESSES: usize = 1 << 16;
/// Entries remembered for all of them together: some 60 MB.
const MAX_ENTRIES: usize = 1 << 23;

/// The budget of all addresses.
#[derive(Debug)]
pub struct Budget {
    /// Different entries of one address and day; 0 for no bound.
    per_day: usize,
    hasher: RandomState,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// Days since 1970, in UTC.
    day: u64,
    entries: usize,
    by_address: HashMap<IpAddr, HashSet<u32>>,
}

impl Budget {
    pub fn new(per_day: usize) -> Self {
        Self {
            per_day,
            hasher: RandomState::new(),
            spent: Mutex::default(),
        }
    }

    /// Whether there is a bound at all.
    pub fn has_bound(&self) -> bool {
        self.per_day > 0
    }

    /// By what a thing is remembered.
    pub fn key(&self, thing: &impl std::hash::Hash) -> u32 {
        // The low half of the hash is as good as the whole for telling things apart.
        self.hasher.hash_one(thing) as u32
    }

    /// Takes things that an address is about to read, in order; how many of them it may. `now` tells the day.
    pub fn spend(&self, address: IpAddr, things: &[u32], now: SystemTime) -> usize {
        if !self.has_bound() {
            return things.len();
        }
        let day = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY.as_secs();
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.day != day {
            *spent = Spent {
                day,
                ..Spent::default()
            };
        }
        let address = subscriber(address);
        spent.make_room(address, MAX_ADDRESSES, MAX_ENTRIES);
        let read = spent.by_address.entry(address).or_default();
        let before = read.len();
        let mut allowed = 0;
        for thing in things {
            if read.len() >= self.per_day && !read.contains(thing) {
                break;
            }
            read.insert(*thing);
            allowed += 1;
        }
        let more = read.len() - before;
        spent.entries += more;
        allowed
    }
}

impl Spent {
    /// Before one more address, or more entries, than are kept: forgets the half of the addresses that have read
    /// least, never the one that asks.
    fn make_room(&mut self, asking: IpAddr, max_addresses: usize, max_entries: usize) {
        let is_full = self.by_address.len() >= max_addresses && !self.by_address.contains_key(&asking);
        if !is_full && self.entries < max_entries {
            return;
        }
        let mut sizes: Vec<usize> = self.by_address.values().map(HashSet::len).collect();
        let middle = sizes.len() / 2;
        if middle == 0 {
            return;
        }
        let (_, &mut median, _) = sizes.select_nth_unstable(middle);
        let mut left = middle + 1;
        self.by_address.retain(|address, read| {
            let goes = *address != asking && left > 0 && read.len() <= median;
            left -= usize::from(goes);
            !goes
        });
        self.entries = self.by_address.values().map(HashSet::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64) -> SystemTime {
        UNIX_EPOCH + DAY * u32::try_from(day).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_same_entries_again_are_free_and_others_have_an_end() {
        let budget = Budget::new(10);
        let a = ip("192.0.2.1");
        assert_eq!(budget.spend(a, &Vec::from_iter(0..8), at(1)), 8);
        assert_eq!(budget.spend(a, &Vec::from_iter(0..8), at(1)), 8);
        assert_eq!(
            budget.spend(a, &Vec::from_iter(4..20), at(1)),
            6,
            "up to the tenth"
        );
        assert_eq!(budget.spend(a, &Vec::from_iter(0..10), at(1)), 10);
        assert_eq!(budget.spend(a, &[50], at(1)), 0);
    }

    #[test]
    fn a_day_and_another_address_begin_anew_and_a_network_of_ipv6_is_one() {
        let budget = Budget::new(1);
        assert_eq!(budget.spend(ip("192.0.2.1"), &Vec::from_iter(0..9), at(1)), 1);
        assert_eq!(budget.spend(ip("192.0.2.2"), &Vec::from_iter(0..9), at(1)), 1);
        assert_eq!(
            budget.spend(ip("::ffff:192.0.2.1"), &Vec::from_iter(5..9), at(1)),
            0
        );
        assert_eq!(budget.spend(ip("192.0.2.1"), &Vec::from_iter(5..9), at(2)), 1);
        assert_eq!(
            budget.spend(ip("2001:db8:0:1::5"), &Vec::from_iter(0..9), at(2)),
            1
        );
        assert_eq!(
            budget.spend(ip("2001:db8:0:1:ffff::"), &Vec::from_iter(5..9), at(2)),
            0
        );
        assert_eq!(
            budget.spend(ip("2001:db8:0:2::5"), &Vec::from_iter(5..9), at(2)),
            1
        );
    }

    #[test]
    fn none_is_no_bound() {
        assert_eq!(
            Budget::new(0).spend(ip("192.0.2.1"), &Vec::from_iter(0..100_000), at(1)),
            100_000
        );
    }

    #[test]
    fn those_who_read_least_are_forgotten_first() {
        let mut spent = Spent::default();
        for n in 0..=9u8 {
            let read = (0..u32::from(n) * 10).collect();
            spent.by_address.insert(IpAddr::from([192, 0, 2, n]), read);
        }
        spent.make_room(ip("192.0.2.100"), 10, 1 << 20);
        assert!(spent.by_address.len() < 10 && !spent.by_address.is_empty());
        assert!(spent.by_address.contains_key(&ip("192.0.2.9")), "who read most");
        assert!(!spent.by_address.contains_key(&ip("192.0.2.1")));
        spent.make_room(ip("192.0.2.9"), 100, 0);
        assert!(spent.by_address.contains_key(&ip("192.0.2.9")), "who asks");
    }
}
