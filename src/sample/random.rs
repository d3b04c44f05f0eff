//! Deterministic choices: SplitMix64 (Steele, Lea, Flood 2014), one stream per entry, so that an entry is the same
//! whatever the size of the set.

/// A stream of choices.
pub struct Random(u64);

impl Random {
    /// The stream of one entry: `seed` of the set, `kind` of entry, its `index`.
    pub fn of(seed: u64, kind: u64, index: u64) -> Self {
        let mut random = Self(seed ^ kind.rotate_left(40) ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        random
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end` (0 when `end` is 0).
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// True so many times of a thousand.
    pub fn per_mille(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// One of a list.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let place = self.below(list.len() as u64) as usize;
        list.get(place)
    }

    /// One of a list, the earlier the likelier: a few are very common, many are rare.
    pub fn pick_common<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let share = (self.below(1 << 20) as f64 / f64::from(1 << 20)).powi(3);
        list.get((share * list.len() as f64) as usize)
    }
}

/// The digit that completes a number by Luhn's rule.
pub fn luhn(digits: &str) -> char {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, double) if double > 9 => double - 9,
            (0, double) => double,
            _ => digit,
        })
        .sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}
