//! `Range` and `If-Range` (RFC 9110, section 14): one range of bytes; several, or another unit, are the whole.

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};

/// What part of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Some {
        from: u64,
        length: u64,
    },
    /// One that begins beyond the end.
    None,
}

/// The part that a request asks of a file of so many bytes. A resumed reading of a file that has changed since
/// begins anew, by `If-Range`.
pub fn part(headers: &HeaderMap, etag: &str, bytes: u64) -> Part {
    let Some(asked) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Part::Whole;
    };
    let other = |value: &axum::http::HeaderValue| value.as_bytes() != etag.as_bytes();
    if headers.get(IF_RANGE).is_some_and(other) {
        return Part::Whole;
    }
    parse(asked, bytes).unwrap_or(Part::Whole)
}

fn parse(asked: &str, bytes: u64) -> Option<Part> {
    let (from, to) = asked.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = (from.trim(), to.trim());
    // The first byte, and the one after the last.
    let (first, end) = match (number(from), number(to)) {
        (None, Some(last_ones)) if from.is_empty() => (bytes.saturating_sub(last_ones), bytes),
        (Some(first), None) if to.is_empty() => (first, bytes),
        (Some(first), Some(last)) if first <= last => (first, bytes.min(last.saturating_add(1))),
        _ => return None,
    };
    Some(match first < end {
        true => Part::Some {
            from: first,
            length: end - first,
        },
        false => Part::None,
    })
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(from: u64, length: u64) -> Option<Part> {
        Some(Part::Some { from, length })
    }

    #[test]
    fn one_range_is_cut_to_the_file() {
        assert_eq!(parse("bytes=0-9", 100), some(0, 10));
        assert_eq!(parse("bytes=90-", 100), some(90, 10));
        assert_eq!(parse("bytes=-10", 100), some(90, 10));
        assert_eq!(parse("bytes=-1000", 100), some(0, 100));
        assert_eq!(parse("bytes=95-1000", 100), some(95, 5));
        assert_eq!(parse("bytes=100-", 100), Some(Part::None));
        assert_eq!(parse("bytes=-0", 100), Some(Part::None));
    }

    #[test]
    fn what_is_not_one_range_of_bytes_is_not_taken() {
        for asked in [
            "bytes=0-1,5-6",
            "lines=0-1",
            "bytes=5-1",
            "bytes=-",
            "bytes=+1-2",
            "x",
        ] {
            assert_eq!(parse(asked, 100), None, "{asked}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_within_the_file(asked in "bytes=[0-9]{0,20}-[0-9]{0,20}", bytes: u64) {
            if let Some(Part::Some { from, length }) = parse(&asked, bytes) {
                proptest::prop_assert!(length > 0 && from + length <= bytes);
            }
        }
    }
}
