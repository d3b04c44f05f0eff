//! Lines of a text, one at a time in one reused buffer; a line too long is passed over, never held.

use std::io::{self, BufRead};

/// Longest line held: real ones stay under 2 KiB.
pub const MAX_LINE: usize = 64 << 10;

/// A cursor over lines that end in LF or CRLF; the last one may have no end.
pub struct Lines<'r> {
    input: &'r mut (dyn BufRead + Send),
    buffer: Vec<u8>,
    /// Number of the current line, from 1.
    pub number: u64,
    /// Bytes consumed, line ends included.
    pub bytes: u64,
    /// Whether the current line, then the last one, has no end.
    pub unended: bool,
}

/// One line.
pub enum Line<'l> {
    Text(&'l [u8]),
    /// Longer than [`MAX_LINE`].
    TooLong,
}

impl<'r> Lines<'r> {
    /// Starts at the beginning of `input`.
    pub fn new(input: &'r mut (dyn BufRead + Send)) -> Self {
        Self {
            input,
            buffer: Vec::with_capacity(4096),
            number: 0,
            bytes: 0,
            unended: false,
        }
    }

    /// The next line without its end, or `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let mut length = 0_usize;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let told = format!("line {}: {error}", self.number + 1);
                    return Err(io::Error::new(error.kind(), told));
                }
            };
            if available.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', available);
            let taken = end.unwrap_or(available.len());
            if length + taken <= MAX_LINE
                && let Some(piece) = available.get(..taken)
            {
                self.buffer.extend_from_slice(piece);
            }
            length = length.saturating_add(taken);
            let consumed = taken + usize::from(end.is_some());
            self.input.consume(consumed);
            self.bytes += consumed as u64;
            if end.is_some() {
                self.number += 1;
                return Ok(Some(self.line(length)));
            }
        }
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.unended = true;
        Ok(Some(self.line(length)))
    }

    fn line(&self, length: usize) -> Line<'_> {
        if length > MAX_LINE {
            return Line::TooLong;
        }
        Line::Text(self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Option<String>> {
        let mut input = text;
        let mut lines = Lines::new(&mut input);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                Line::TooLong => None,
            });
        }
        all
    }

    #[test]
    fn line_ends_of_both_kinds_and_none_at_the_end() {
        assert_eq!(
            lines(b"a\r\n\nb\nc"),
            ["a", "", "b", "c"].map(|l| Some(l.to_owned()))
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_gigantic_line_is_passed_over() {
        let text = [b"a\n".as_slice(), &vec![b'x'; MAX_LINE + 1], b"\nb\n"].concat();
        assert_eq!(lines(&text), [Some("a".to_owned()), None, Some("b".to_owned())]);
    }
}
