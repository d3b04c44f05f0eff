//! Lines in batches: one thread reads a text, unpacks it and finds the lines that repeat an earlier one, while another
//! takes lines apart.

use std::hash::Hasher as _;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};

use hashbrown::HashSet;
use siphasher::sip::SipHasher13;

use super::lines::{self, Lines};

/// Octets that are read for a batch.
const BATCH: usize = 256 << 10;
/// Batches that wait to be taken apart.
const AHEAD: usize = 2;

/// Different lines of one text, seven times those of the largest national extract: each takes memory to the end.
const MOST: usize = if cfg!(test) { 1 << 10 } else { 16 << 20 };

/// A line that was read.
pub enum Line<'b> {
    Text(&'b [u8]),
    /// The same as an earlier one.
    Repeated,
    /// Longer than [`lines::MAX_LINE`].
    TooLong,
}

/// Lines that were read together.
#[derive(Default)]
pub struct Batch {
    text: Vec<u8>,
    cuts: Vec<Cut>,
    /// Octets read for it, line ends included.
    pub bytes: u64,
}

/// What became of a line.
enum Cut {
    /// Its text ends here, where the next one begins.
    End(usize),
    Repeated,
    TooLong,
}

impl Batch {
    /// Its lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        self.cuts.iter().map(move |cut| match cut {
            Cut::End(end) => {
                let text = self.text.get(start..*end).unwrap_or_default();
                start = *end;
                Line::Text(text)
            }
            Cut::Repeated => Line::Repeated,
            Cut::TooLong => Line::TooLong,
        })
    }
}

/// Reads the rest of a text on a thread of its own and gives all of it to `take`; an error of reading comes after what
/// was read before it.
pub fn each(lines: &mut Lines<'_>, mut take: impl FnMut(&Batch)) -> io::Result<()> {
    std::thread::scope(|scope| {
        let (batches, taken) = sync_channel(AHEAD);
        let reader = std::thread::Builder::new().spawn_scoped(scope, move || read(lines, &batches))?;
        taken.iter().for_each(|batch| take(&batch));
        let read = reader.join();
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn read(lines: &mut Lines<'_>, batches: &SyncSender<Batch>) -> io::Result<()> {
    let mut seen = HashSet::new();
    loop {
        let before = lines.bytes;
        let mut batch = Batch {
            text: Vec::with_capacity(BATCH + lines::MAX_LINE),
            ..Batch::default()
        };
        let read = fill(&mut batch, lines, &mut seen);
        batch.bytes = lines.bytes - before;
        if batch.bytes == 0 || batches.send(batch).is_err() {
            return read;
        }
        read?;
    }
}

fn fill(batch: &mut Batch, lines: &mut Lines<'_>, seen: &mut HashSet<u64>) -> io::Result<()> {
    // What is held is bounded by what is read: of a line that is not held its end is.
    let end = lines.bytes + BATCH as u64;
    while lines.bytes < end
        && let Some(line) = lines.next()?
    {
        if seen.len() == MOST {
            let told = format!("more than {MOST} different lines: no extract has so many");
            return Err(io::Error::other(told));
        }
        batch.cuts.push(match line {
            lines::Line::TooLong => Cut::TooLong,
            lines::Line::Text(text) if !text.is_empty() && !seen.insert(fingerprint(text)) => Cut::Repeated,
            lines::Line::Text(text) => {
                batch.text.extend_from_slice(text);
                Cut::End(batch.text.len())
            }
        });
    }
    Ok(())
}

fn fingerprint(line: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(line);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &[u8]) -> (Vec<String>, u64) {
        let (mut told, mut bytes) = (Vec::new(), 0);
        let mut input = text;
        each(&mut Lines::new(&mut input), |batch| {
            bytes += batch.bytes;
            told.extend(batch.lines().map(|line| match line {
                Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Line::Repeated => "repeated".to_owned(),
                Line::TooLong => "too long".to_owned(),
            }));
        })
        .unwrap();
        (told, bytes)
    }

    #[test]
    fn repeated_and_gigantic_lines_are_told_and_empty_ones_may_come_often() {
        let text = [
            b"a\n\nb\na\n\n".as_slice(),
            &vec![b'x'; lines::MAX_LINE + 1],
            b"\nc",
        ]
        .concat();
        let (lines, bytes) = told(&text);
        assert_eq!(lines, ["a", "", "b", "repeated", "", "too long", "c"]);
        assert_eq!(bytes, text.len() as u64);
    }

    #[test]
    fn lines_beyond_number_end_the_reading() {
        let text: String = (0..=MOST).map(|line| format!("{line}\n")).collect();
        let mut input = text.as_bytes();
        let mut lines = 0;
        let read = each(&mut Lines::new(&mut input), |batch| {
            lines += batch.lines().count()
        });
        assert_eq!(lines, MOST);
        assert!(
            read.unwrap_err()
                .to_string()
                .contains("more than 1024 different lines")
        );
    }

    #[test]
    fn what_was_read_before_an_error_is_given() {
        use std::io::Read as _;
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut input = io::BufReader::new(b"a\nb\n".chain(Broken));
        let mut lines = 0;
        let read = each(&mut Lines::new(&mut input), |batch| {
            lines += batch.lines().count()
        });
        assert_eq!(
            (lines, read.unwrap_err().to_string()),
            (2, "line 3: gone".to_owned())
        );
    }

    proptest! {
        #[test]
        fn all_lines_come_in_order_over_batches(lengths in proptest::collection::vec(0..40_000_usize, 0..30)) {
            let lines: Vec<String> = (0..).zip(lengths).map(|(n, length)| format!("{n}{}", "x".repeat(length))).collect();
            prop_assert_eq!(told(lines.join("\n").as_bytes()).0, lines);
        }
    }
}
