//! JSON as a stream: a cursor that is driven by who reads, holds one short text at a time, and passes over what
//! nobody asked for. For files far larger than memory ought to be.
//!
//! Keys are handed over in lower case (the producers' own schema and files disagree on case); `null` stands for
//! an empty text, an empty list or an empty object, as it comes.

use std::io::BufRead;

use super::encoding;

/// Deepest nesting; real files stay below 8.
const MAX_DEPTH: usize = 32;
/// Longest text that is kept; one that is passed over may be of any length.
const MAX_TEXT: usize = 8 << 10;

/// Why reading stopped, and where.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON, or nests or holds more than any extract.
    #[error("line {line}: {reason}")]
    Wrong { line: u64, reason: &'static str },
    /// The file could not be read on.
    #[error("line {line}: {error}")]
    Stopped { line: u64, error: std::io::Error },
}

type Outcome<T = ()> = Result<T, JsonError>;

/// A cursor over one JSON document.
pub struct Json<'r> {
    input: &'r mut dyn BufRead,
    depth: usize,
    /// Number of the current line, from 1.
    pub line: u64,
    /// Bytes consumed.
    pub bytes: u64,
}

impl<'r> Json<'r> {
    /// Starts at the beginning of `input`.
    pub fn new(input: &'r mut dyn BufRead) -> Self {
        Self {
            input,
            depth: 0,
            line: 1,
            bytes: 0,
        }
    }

    /// An error at the current line.
    pub fn wrong<T>(&self, reason: &'static str) -> Outcome<T> {
        Err(JsonError::Wrong {
            line: self.line,
            reason,
        })
    }

    /// Reads an object: `each` is called with every key and must consume its value.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, &str) -> Outcome) -> Outcome {
        if !self.opens(b'{')? {
            return Ok(());
        }
        let mut key = String::new();
        let mut first = true;
        while self.more(b'}', &mut first)? {
            if self.token()? != b'"' {
                return self.wrong("a key was expected");
            }
            self.string(Some(&mut key))?;
            key.make_ascii_lowercase();
            if self.token()? != b':' {
                return self.wrong("a colon was expected");
            }
            self.take(1);
            each(self, &key)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list: `each` is called at every item and must consume it.
    pub fn list(&mut self, mut each: impl FnMut(&mut Self) -> Outcome) -> Outcome {
        if !self.opens(b'[')? {
            return Ok(());
        }
        let mut first = true;
        while self.more(b']', &mut first)? {
            each(self)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a text, trimmed, into `text`: a string, a number as it is written, the `code` of an object, the
    /// first item of a list. `null` empties it.
    pub fn text(&mut self, text: &mut String) -> Outcome {
        text.clear();
        match self.token()? {
            b'"' => {
                self.string(Some(text))?;
                let trimmed = text.trim();
                if trimmed.len() < text.len() {
                    *text = trimmed.to_owned();
                }
                Ok(())
            }
            b'{' => self.object(|json, key| {
                if key == "code" {
                    json.text(text)
                } else {
                    json.skip()
                }
            }),
            b'[' => {
                let mut first = true;
                self.list(|json| {
                    if std::mem::take(&mut first) {
                        json.text(text)
                    } else {
                        json.skip()
                    }
                })
            }
            _ => {
                self.scalar(text)?;
                if text == "null" {
                    text.clear();
                }
                Ok(())
            }
        }
    }

    /// Passes over one value, holding nothing of it.
    pub fn skip(&mut self) -> Outcome {
        match self.token()? {
            b'"' => self.string(None),
            b'{' => self.object(|json, _| json.skip()),
            b'[' => self.list(Self::skip),
            _ => self.scalar(&mut String::new()),
        }
    }

    /// Makes sure that nothing follows the document.
    pub fn end(&mut self) -> Outcome {
        match self.peek_token()? {
            None => Ok(()),
            Some(_) => self.wrong("something follows the end of the document"),
        }
    }

    /// Enters an object or list; false for `null`.
    fn opens(&mut self, opening: u8) -> Outcome<bool> {
        let found = self.token()?;
        if found == opening {
            self.take(1);
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return self.wrong("nested deeper than 32 levels, which no extract is");
            }
            return Ok(true);
        }
        let mut text = String::new();
        if found == b'n' {
            self.scalar(&mut text)?;
        }
        if text == "null" {
            Ok(false)
        } else {
            self.wrong("an object or a list was expected")
        }
    }

    /// Whether another item follows; takes the comma before it, or the closing bracket.
    fn more(&mut self, closing: u8, first: &mut bool) -> Outcome<bool> {
        let found = self.token()?;
        if found == closing {
            self.take(1);
            return Ok(false);
        }
        if !std::mem::take(first) {
            if found != b',' {
                return self.wrong("a comma or the end of a list or object was expected");
            }
            self.take(1);
            if self.token()? == closing {
                return self.wrong("a comma before the end");
            }
        }
        Ok(true)
    }

    /// Reads a string, whose opening quote is next; without `text`, passes over it.
    fn string(&mut self, text: Option<&mut String>) -> Outcome {
        self.take(1);
        let mut bytes = Vec::new();
        let keep = text.is_some();
        loop {
            let piece = self.available()?;
            if piece.is_empty() {
                return self.wrong("the file ends inside a text: it is cut short");
            }
            let end = memchr::memchr2(b'"', b'\\', piece).unwrap_or(piece.len());
            let plain = piece.get(..end).unwrap_or_default();
            if plain.iter().any(|byte| *byte < 0x20) {
                return self.wrong("a control character inside a text");
            }
            if keep {
                bytes.extend_from_slice(plain);
            }
            let stop = piece.get(end).copied();
            self.take(end);
            if bytes.len() > MAX_TEXT {
                return self.wrong("a text longer than 8 KiB, which no extract holds");
            }
            match stop {
                None => {}
                Some(b'"') => {
                    self.take(1);
                    break;
                }
                Some(_) => self.escape(&mut bytes)?,
            }
        }
        if let Some(text) = text {
            match String::from_utf8(bytes) {
                Ok(decoded) => *text = decoded,
                Err(_) => return self.wrong(encoding::CONVERTED),
            }
        }
        Ok(())
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Outcome {
        self.take(1);
        let character = match self.byte()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let high = self.four_digits()?;
                let code = if (0xD800..0xDC00).contains(&high) {
                    if self.byte()? != b'\\' || self.byte()? != b'u' {
                        return self.wrong("half of a surrogate pair");
                    }
                    let low = self.four_digits()?;
                    0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF)
                } else {
                    high
                };
                match char::from_u32(code) {
                    Some(character) => character,
                    None => return self.wrong("an escape that is no character"),
                }
            }
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            _ => return self.wrong("an escape that JSON does not know"),
        };
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn four_digits(&mut self) -> Outcome<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()?).to_digit(16);
            code = code * 16
                + match digit {
                    Some(digit) => digit,
                    None => return self.wrong("an escape that is no character"),
                };
        }
        Ok(code)
    }

    /// Reads `true`, `false`, `null` or a number.
    fn scalar(&mut self, text: &mut String) -> Outcome {
        text.clear();
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.') {
                break;
            }
            self.take(1);
            text.push(char::from(byte));
            if text.len() > 64 {
                return self.wrong("a number of more than 64 characters");
            }
        }
        let number =
            text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.parse::<f64>().is_ok();
        if number || matches!(text.as_str(), "null" | "true" | "false") {
            Ok(())
        } else {
            self.wrong("a value was expected")
        }
    }

    /// The next byte that is not blank.
    fn token(&mut self) -> Outcome<u8> {
        match self.peek_token()? {
            Some(byte) => Ok(byte),
            None => self.wrong("the file ends before the document does: it is cut short"),
        }
    }

    fn peek_token(&mut self) -> Outcome<Option<u8>> {
        loop {
            let piece = self.available()?;
            let blanks = piece
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
            let (mut length, mut lines) = (0, 0);
            for byte in blanks {
                length += 1;
                lines += u64::from(*byte == b'\n');
            }
            let next = piece.get(length).copied();
            let ended = piece.is_empty();
            self.take(length);
            self.line += lines;
            if next.is_some() || ended {
                return Ok(next);
            }
        }
    }

    fn byte(&mut self) -> Outcome<u8> {
        match self.peek()? {
            Some(byte) => {
                self.take(1);
                Ok(byte)
            }
            None => self.wrong("the file ends inside a text: it is cut short"),
        }
    }

    fn peek(&mut self) -> Outcome<Option<u8>> {
        Ok(self.available()?.first().copied())
    }

    fn available(&mut self) -> Outcome<&[u8]> {
        let line = self.line;
        self.input
            .fill_buf()
            .map_err(|error| JsonError::Stopped { line, error })
    }

    fn take(&mut self, length: usize) {
        self.input.consume(length);
        self.bytes += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skip(text: &[u8]) -> Outcome {
        let mut input = text;
        let mut json = Json::new(&mut input);
        json.skip()?;
        json.end()
    }

    fn text(written: &str) -> String {
        let mut input = written.as_bytes();
        let mut text = String::new();
        Json::new(&mut input).text(&mut text).unwrap();
        text
    }

    #[test]
    fn texts_come_trimmed_out_of_whatever_holds_them() {
        assert_eq!(text("\"R   \""), "R");
        assert_eq!(text("[\"1\", \"2\"]"), "1");
        assert_eq!(text("{\"system\": \"x\", \"code\": \"03\"}"), "03");
        assert_eq!(text("null"), "");
        assert_eq!(text("-12.5"), "-12.5");
        assert_eq!(text(r#""é\u00e9\ud83c\udfe5\"\\""#), "éé🏥\"\\");
    }

    #[test]
    fn a_million_levels_end_at_the_thirty_third() {
        for opening in ["[", "{\"a\":"] {
            let error = skip(opening.repeat(1_000_000).as_bytes()).unwrap_err();
            assert!(error.to_string().contains("nested deeper"), "{error}");
        }
    }

    #[test]
    fn what_is_cut_short_is_told_with_its_line() {
        for whole in ["{\n\"a\": [1, \"b\"]\n}", "[\n\"a\\u0041\", null, true]"] {
            for end in 1..whole.len() {
                let error = skip(&whole.as_bytes()[..end]).unwrap_err();
                assert!(error.to_string().starts_with("line "), "{error}");
            }
            skip(whole.as_bytes()).unwrap();
        }
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_writes(texts in proptest::collection::vec(".{0,20}", 0..6), number in any::<f64>()) {
            let number = if number.is_finite() { number } else { 0.0 };
            let value = serde_json::json!({"a": texts, "b": {"c": [number, null, true]}});
            prop_assert!(skip(value.to_string().as_bytes()).is_ok());
            for one in &texts {
                prop_assert_eq!(text(&serde_json::json!(one).to_string()), one.trim());
            }
        }

        #[test]
        fn refuses_what_serde_json_refuses(written in r#"[\[\]{}:,"a1\\ un-]{0,12}"#) {
            if skip(written.as_bytes()).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok() || written.contains('1'),
                    "{}", written);
            }
        }
    }
}
