//! How many connections there are at one time, in all and of one subscriber.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::networks::subscriber;

/// The seats of a listener.
#[derive(Debug)]
pub struct Seats {
    /// In all.
    max: usize,
    /// Of one subscriber.
    max_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_subscriber: HashMap<IpAddr, usize>,
}

/// A place among the connections, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    /// Whose it is, once that is known.
    subscriber: Option<IpAddr>,
}

impl Seats {
    pub fn new(max: usize, max_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_of_one,
            taken: Mutex::default(),
        })
    }

    /// A place for somebody; `None` where all are taken.
    pub fn take(self: &Arc<Self>) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.in_all >= self.max {
            return None;
        }
        taken.in_all += 1;
        Some(Seat {
            seats: Arc::clone(self),
            subscriber: None,
        })
    }
}

impl Seat {
    /// Says whose it is; `None`, and the seat is given back, where they have too many.
    pub fn of(mut self, address: IpAddr) -> Option<Self> {
        let subscriber = subscriber(address);
        {
            let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let own = taken.by_subscriber.entry(subscriber).or_default();
            if *own >= self.seats.max_of_one {
                return None;
            }
            *own += 1;
        }
        self.subscriber = Some(subscriber);
        Some(self)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all -= 1;
        let Some(subscriber) = self.subscriber else {
            return;
        };
        if let Some(own) = taken.by_subscriber.get_mut(&subscriber) {
            *own -= 1;
            if *own == 0 {
                taken.by_subscriber.remove(&subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn seats_have_a_number_in_all_and_of_one_and_come_back() {
        let seats = Seats::new(3, 2);
        let take = |address: &str| seats.take()?.of(ip(address));
        let one = take("2001:db8::1").unwrap();
        let _two = take("2001:db8::2").unwrap();
        assert!(take("2001:db8::3").is_none(), "one subscriber's network");
        let _other = take("192.0.2.1").unwrap();
        assert!(take("192.0.2.2").is_none(), "all are taken");
        drop(one);
        assert!(take("2001:db8::3").is_some());
        assert_eq!(seats.taken.lock().unwrap().in_all, 2);
    }
}
