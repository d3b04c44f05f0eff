//! Who presents wrong keys again and again waits for the answers, by pair of address and account: nobody else does,
//! and a right key is answered at once, so that the owner of an account is never locked out.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that are answered at once: people mistype.
const FREE: u32 = 3;
/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Failures are forgotten after this silence.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Most pairs that are remembered.
const MOST_PAIRS: usize = 50_000;

/// Failures by pair.
#[derive(Default)]
pub struct Failures {
    hasher: RandomState,
    pairs: Mutex<HashMap<u64, Failed>>,
}

struct Failed {
    times: u32,
    last: Instant,
}

impl Failures {
    /// Notes how a sign-in ended, and waits where failures are to be slow.
    pub async fn settle(&self, from: IpAddr, account: &str, succeeded: bool) {
        let wait = self.note(from, account, succeeded, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn note(&self, from: IpAddr, account: &str, succeeded: bool, now: Instant) -> Duration {
        // Whoever has one IPv6 address has the network of it.
        let from = match from.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 @ IpAddr::V4(_) => v4,
        };
        let pair = self.hasher.hash_one((from, account));
        // Nothing is half done under this lock.
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            pairs.remove(&pair);
            return Duration::ZERO;
        }
        if pairs.len() >= MOST_PAIRS && !pairs.contains_key(&pair) {
            pairs.retain(|_, failed| now.saturating_duration_since(failed.last) < MEMORY);
            if pairs.len() >= MOST_PAIRS {
                // An attack from everywhere: slow for all of it, without remembering more.
                return FIRST_WAIT;
            }
        }
        let failed = pairs.entry(pair).or_insert(Failed { times: 0, last: now });
        if now.saturating_duration_since(failed.last) >= MEMORY {
            failed.times = 0;
        }
        failed.times = failed.times.saturating_add(1);
        failed.last = now;
        match failed.times.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_WAIT
                .saturating_mul(1 << doublings.min(16))
                .min(LONGEST_WAIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn failures_of_a_pair_get_slower_and_nobody_elses() {
        let failures = Failures::default();
        let now = Instant::now();
        let waits: Vec<u128> = (0..12)
            .map(|_| failures.note(HERE, "a", false, now).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(failures.note(HERE, "b", false, now), Duration::ZERO);
        assert_eq!(
            failures.note("192.0.2.1".parse().unwrap(), "a", false, now),
            Duration::ZERO
        );
        // The right key is answered at once, and all is forgotten.
        assert_eq!(failures.note(HERE, "a", true, now), Duration::ZERO);
        assert_eq!(failures.note(HERE, "a", false, now), Duration::ZERO);
    }

    #[test]
    fn a_long_silence_is_forgiven_and_a_network_is_one_address() {
        let failures = Failures::default();
        let now = Instant::now();
        for place in 0..6_u16 {
            let from: IpAddr = format!("2001:db8::{place}").parse().unwrap();
            failures.note(from, "a", false, now);
        }
        let from: IpAddr = "2001:db8::ffff".parse().unwrap();
        assert!(failures.note(from, "a", false, now) > Duration::ZERO);
        assert_eq!(failures.note(from, "a", false, now + MEMORY), Duration::ZERO);
    }
}
