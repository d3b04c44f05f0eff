//! Distinguished names, RFC 4514: from text to parts and back.
//!
//! Bounded in length and in parts; never splits on an escaped sign. Says nothing of what exists.

use std::borrow::Cow;

use thiserror::Error;

use crate::view::ber;

/// Octets of a name; longer ones name nothing here.
const MAX_LENGTH: usize = 2_048;
/// Relative names in a name.
const MAX_PARTS: usize = 16;

/// Why a text is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DnError {
    #[error("distinguished name longer than {MAX_LENGTH} octets or {MAX_PARTS} parts: shorten it")]
    TooLong,
    #[error("distinguished name: no attribute type and '=' at octet {0}")]
    NoType(usize),
    #[error("distinguished name: the value at octet {0} has a sign that must be escaped, or a broken escape")]
    Value(usize),
}

/// One attribute and its value, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ava {
    pub attribute: String,
    pub value: String,
}

/// A relative distinguished name: several attributes when joined by `+`.
pub type Rdn = Vec<Ava>;

/// A distinguished name, the entry's own part first; empty for the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dn(pub Vec<Rdn>);

impl Dn {
    /// Parses the string form. Spaces around `,`, `+` and `=` do not count.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        if text.len() > MAX_LENGTH {
            return Err(DnError::TooLong);
        }
        let mut parts: Vec<Rdn> = Vec::new();
        let mut rest = text.trim_start_matches(' ');
        if rest.is_empty() {
            return Ok(Self::default());
        }
        let at = |rest: &str| text.len() - rest.len();
        let mut joined = false;
        loop {
            let (attribute, value) = rest.split_once('=').ok_or(DnError::NoType(at(rest)))?;
            let attribute = attribute.trim_matches(' ');
            if !is_attribute_type(attribute) {
                return Err(DnError::NoType(at(rest)));
            }
            let start = at(value);
            let (value, after) = value_of(value).ok_or(DnError::Value(start))?;
            let ava = Ava {
                attribute: attribute.to_owned(),
                value,
            };
            match parts.last_mut() {
                Some(last) if joined => last.push(ava),
                _ => parts.push(vec![ava]),
            }
            if parts.len() > MAX_PARTS {
                return Err(DnError::TooLong);
            }
            match after.chars().next() {
                None => return Ok(Self(parts)),
                Some(separator) => joined = separator == '+',
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }
}

/// A short name or a dotted number (RFC 4512 section 1.4).
fn is_attribute_type(text: &str) -> bool {
    let first = text.bytes().next();
    match first {
        Some(b) if b.is_ascii_alphabetic() => text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        Some(b) if b.is_ascii_digit() => text.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
        _ => false,
    }
}

/// Takes a value up to the separator that follows it, which stays in the rest.
fn value_of(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches(' ');
    if let Some(hex) = text.strip_prefix('#') {
        let end = hex.find([',', '+']).unwrap_or(hex.len());
        let (digits, rest) = hex.split_at(end);
        return Some((encoded_value(digits.trim_end_matches(' '))?, rest));
    }
    let mut octets = Vec::new();
    // Octets up to the last one that is not an unescaped space.
    let mut kept = 0;
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((place, c)) = chars.next() {
        match c {
            ',' | '+' => {
                end = place;
                break;
            }
            '"' | ';' | '<' | '>' | '\0' => return None,
            '\\' => {
                octets.push(escaped(&mut chars)?);
                kept = octets.len();
            }
            c => {
                octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' {
                    kept = octets.len();
                }
            }
        }
    }
    octets.truncate(kept);
    Some((String::from_utf8(octets).ok()?, text.get(end..)?))
}

/// What follows a backslash: a sign for itself, or the two digits of an octet.
fn escaped(chars: &mut std::str::CharIndices<'_>) -> Option<u8> {
    let (_, first) = chars.next()?;
    if matches!(first, ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\') {
        return Some(first as u8);
    }
    let (_, second) = chars.next()?;
    u8::try_from(first.to_digit(16)? << 4 | second.to_digit(16)?).ok()
}

/// `#` and the BER encoding of a string in hexadecimal (section 2.4).
fn encoded_value(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2);
    let octets: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => {
                let digit = |octet: &u8| char::from(*octet).to_digit(16);
                u8::try_from(digit(high)? << 4 | digit(low)?).ok()
            }
            _ => None,
        })
        .collect();
    let octets = octets?;
    let (_, content, rest) = ber::element(&octets)?;
    (rest.is_empty()).then(|| String::from_utf8(content.to_vec()).ok())?
}

/// Octets that are escaped wherever they stand.
fn is_special(octet: u8) -> bool {
    matches!(octet, b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | 0)
}

/// Whether a value stands for itself in the string form. Looks at all of it without stopping, many octets at a time:
/// every entry of an answer is looked through, and hardly any needs more.
fn is_plain(value: &[u8]) -> bool {
    let has_special = value
        .iter()
        .fold(false, |found, octet| found | is_special(*octet));
    !has_special && !matches!(value.first(), Some(b'#' | b' ')) && value.last() != Some(&b' ')
}

/// Escapes a value for the string form (section 2.4).
pub fn escape(value: &str) -> Cow<'_, str> {
    match escape_octets(value.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(value),
        // What is put in is ASCII, and stands before ASCII.
        Cow::Owned(escaped) => Cow::Owned(String::from_utf8(escaped).unwrap_or_default()),
    }
}

/// The same of a value as it was written, UTF-8.
pub fn escape_octets(value: &[u8]) -> Cow<'_, [u8]> {
    if is_plain(value) {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len() + 2);
    for (place, octet) in value.iter().copied().enumerate() {
        let is_outer_space = octet == b' ' && (place == 0 || place + 1 == value.len());
        match octet {
            0 => out.extend_from_slice(b"\\00"),
            _ if is_special(octet) || is_outer_space || octet == b'#' && place == 0 => {
                out.extend([b'\\', octet]);
            }
            _ => out.push(octet),
        }
    }
    Cow::Owned(out)
}

impl std::fmt::Display for Dn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, rdn) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            for (place, ava) in rdn.iter().enumerate() {
                let plus = if place > 0 { "+" } else { "" };
                write!(f, "{plus}{}={}", ava.attribute, escape(&ava.value))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Vec<Vec<(String, String)>> {
        let dn = Dn::parse(text).unwrap();
        dn.0.into_iter()
            .map(|rdn| rdn.into_iter().map(|ava| (ava.attribute, ava.value)).collect())
            .collect()
    }

    fn one(attribute: &str, value: &str) -> Vec<(String, String)> {
        vec![(attribute.to_owned(), value.to_owned())]
    }

    #[test]
    fn the_empty_text_is_the_root() {
        assert_eq!(Dn::parse(""), Ok(Dn::default()));
        assert_eq!(Dn::parse("  "), Ok(Dn::default()));
    }

    #[test]
    fn spaces_around_signs_do_not_count() {
        assert_eq!(
            parts("ou = bal , o=mssante,c=fr "),
            [one("ou", "bal"), one("o", "mssante"), one("c", "fr")]
        );
    }

    #[test]
    fn escaped_signs_do_not_separate() {
        assert_eq!(
            parts("o=A\\, B\\+C\\3D,c=fr"),
            [one("o", "A, B+C="), one("c", "fr")]
        );
        assert_eq!(parts("cn=Lu\\C4\\8Di\\C4\\87"), [one("cn", "Lučić")]);
        assert_eq!(parts("cn=a\\ "), [one("cn", "a ")]);
    }

    #[test]
    fn several_attributes_make_one_part() {
        let two = vec![
            ("ou".to_owned(), "a".to_owned()),
            ("cn".to_owned(), "b".to_owned()),
        ];
        assert_eq!(parts("ou=a+cn=b,c=fr"), [two, one("c", "fr")]);
    }

    #[test]
    fn a_hexadecimal_value_is_a_ber_string() {
        assert_eq!(parts("1.3.6.1=#04024869"), [one("1.3.6.1", "Hi")]);
        assert!(Dn::parse("cn=#0402486").is_err());
        assert!(Dn::parse("cn=#").is_err());
    }

    #[test]
    fn what_is_no_name_is_refused_by_its_place() {
        assert_eq!(Dn::parse("bal"), Err(DnError::NoType(0)));
        assert_eq!(Dn::parse("ou=bal,"), Err(DnError::NoType(7)));
        assert_eq!(Dn::parse("ou=bal,=x"), Err(DnError::NoType(7)));
        assert_eq!(Dn::parse("ou=a<b"), Err(DnError::Value(3)));
        assert_eq!(Dn::parse("ou=a\\"), Err(DnError::Value(3)));
        assert_eq!(Dn::parse(&"ou=a,".repeat(17)), Err(DnError::TooLong));
        assert_eq!(Dn::parse(&"x".repeat(3_000)), Err(DnError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[a-c=,+#\\\\ 0-9é\"]{0,40}") {
            let _ = Dn::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(value in "\\PC{1,40}", other in "[a-z ,+#=\\\\]{1,9}") {
            let text = format!("mail={},ou={},c=fr", escape(&value), escape(&other));
            let dn = Dn::parse(&text).unwrap();
            prop_assert_eq!(&dn.0[0][0].value, &value);
            prop_assert_eq!(&dn.0[1][0].value, &other);
            prop_assert_eq!(Dn::parse(&dn.to_string()), Ok(dn));
        }
    }
}
