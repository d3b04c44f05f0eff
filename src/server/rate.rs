//! How often somebody may ask: so many requests a minute, all at once or spread. One instant is kept for each asker:
//! when nothing will be left of what they asked (the generic cell rate algorithm).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// Askers remembered at one time.
const MOST_ASKERS: usize = 1 << 17;

/// The requests of all askers.
#[derive(Debug)]
pub struct Rate<A> {
    per_minute: u32,
    forgotten_at: Mutex<HashMap<A, Instant>>,
}

/// How an asker stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub limit: u32,
    /// Requests that may follow at once.
    pub left: u32,
    /// When all of them may again.
    pub whole_in: Duration,
    /// When the next may, where this one may not.
    pub refused_for: Option<Duration>,
}

impl<A: Eq + Hash> Rate<A> {
    /// So many requests a minute; 0 for no bound.
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            forgotten_at: Mutex::default(),
        }
    }

    /// Counts a request; `None` where there is no bound.
    pub fn ask(&self, asker: A, now: Instant) -> Option<Standing> {
        let one = MINUTE.checked_div(self.per_minute)?;
        let mut forgotten_at = self.forgotten_at.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut forgotten_at, now, MOST_ASKERS);
        let kept = forgotten_at.entry(asker).or_insert(now);
        let before = kept.saturating_duration_since(now);
        let after = before + one;
        let refused_for = after.checked_sub(MINUTE).filter(|over| !over.is_zero());
        let used = match refused_for {
            Some(_) => before,
            None => after,
        };
        *kept = now + used;
        let left = MINUTE.saturating_sub(used).as_nanos() / one.as_nanos().max(1);
        Some(Standing {
            limit: self.per_minute,
            left: u32::try_from(left).unwrap_or(u32::MAX),
            whole_in: used,
            refused_for,
        })
    }
}

/// Forgets who has asked nothing lately; if that is not enough, those who asked least.
fn make_room<A>(forgotten_at: &mut HashMap<A, Instant>, now: Instant, most: usize) {
    if forgotten_at.len() < most {
        return;
    }
    forgotten_at.retain(|_, at| *at > now);
    if forgotten_at.len() < most {
        return;
    }
    let mut instants: Vec<Instant> = forgotten_at.values().copied().collect();
    let middle = instants.len() / 2;
    let (_, &mut median, _) = instants.select_nth_unstable(middle);
    forgotten_at.retain(|_, at| *at > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_minute_s_worth_at_once_then_one_at_a_time() {
        let (rate, start) = (Rate::new(60), Instant::now());
        let first = rate.ask("a", start).unwrap();
        assert_eq!((first.limit, first.left, first.whole_in), (60, 59, SECOND));
        for _ in 1..60 {
            assert_eq!(rate.ask("a", start).unwrap().refused_for, None);
        }
        assert_eq!(rate.ask("a", start).unwrap().refused_for, Some(SECOND));
        assert_eq!(
            rate.ask("a", start).unwrap().refused_for,
            Some(SECOND),
            "a refusal costs nothing"
        );
        assert_eq!(rate.ask("a", start + SECOND).unwrap().refused_for, None);
        assert!(rate.ask("a", start + SECOND).unwrap().refused_for.is_some());
        assert_eq!(rate.ask("b", start).unwrap().left, 59, "another asker");
        assert_eq!(rate.ask("a", start + 2 * MINUTE).unwrap().left, 59);
    }

    #[test]
    fn none_is_no_bound() {
        assert_eq!(Rate::new(0).ask("a", Instant::now()), None);
    }

    #[test]
    fn those_who_asked_least_are_forgotten_first() {
        let now = Instant::now();
        let mut kept: HashMap<u32, Instant> = (0..10).map(|n| (n, now + n * SECOND)).collect();
        make_room(&mut kept, now, 11);
        assert_eq!(kept.len(), 10);
        make_room(&mut kept, now + 2 * SECOND, 10);
        assert_eq!(kept.len(), 7);
        make_room(&mut kept, now, 7);
        assert!(kept.len() < 7 && kept.contains_key(&9) && !kept.contains_key(&3));
    }

    proptest::proptest! {
        #[test]
        fn never_more_than_two_minutes_worth_in_a_minute(steps in proptest::collection::vec(0_u64..3000, 1..400), limit in 1_u32..50) {
            let (rate, mut now) = (Rate::new(limit), Instant::now());
            let start = now;
            let mut taken = 0;
            for step in steps {
                now += Duration::from_millis(step);
                if now > start + MINUTE { break; }
                taken += u32::from(rate.ask(1, now).unwrap().refused_for.is_none());
            }
            proptest::prop_assert!(taken <= 2 * limit + 1);
        }
    }
}
