//! Fingerprints of what an extract says of an entry: equal when nothing changed, stable from run to run and
//! from version to version (SipHash-1-3 with a fixed key), so that they can be kept in the database.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A fingerprint being made.
#[derive(Clone, Copy, Default)]
pub struct Fingerprint(SipHasher13);

impl Fingerprint {
    /// Adds texts; their borders count.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        for text in texts {
            self.0.write(text.as_bytes());
            self.0.write_u8(0xFF);
        }
    }

    /// Adds a number.
    pub fn number(&mut self, number: i64) {
        self.0.write_i64(number);
    }

    /// The fingerprint as Postgres keeps it. Never 0, which stands for "nothing known yet".
    pub fn value(&self) -> i64 {
        match self.0.finish().cast_signed() {
            0 => 1,
            value => value,
        }
    }
}
