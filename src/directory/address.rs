//! Mailbox addresses: their form, their key, and the two families that never enter the directory.
//!
//! Source: ANS, DSFT V300 table 22 (64 + `@` + 255, 256 characters in all). No error here ever repeats an
//! address: the local part of a citizen's one is a health identifier.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;

use super::text::is_unseen;

/// Longest local part, domain and whole address, in characters.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;
const MAX_ADDRESS: usize = 256;

/// The domain of citizens' mailboxes.
static CITIZENS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("patient.mssante.fr"));

/// Domains of Apicrypt version 1, each with its sub-domains; then the Apicrypt domains of the trust space.
const APICRYPT_V1: [&str; 2] = ["apicrypt.org", "apicrypt.fr"];
const APICRYPT_INSIDE: [&str; 2] = ["interop-mssante.apicrypt.org", "mssante.apicrypt.org"];

/// How many layers of percent encoding [`is_citizen`] takes off: one more than any chain of proxies we know.
const MAX_LAYERS: usize = 4;

/// An address of good form, of neither refused family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    /// Lower case: addresses compare without case.
    pub key: String,
    /// The spelling to show.
    pub published: String,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    #[error(
        "not an address: one @, at most 64 characters before it and 256 in all, a dotted domain, no blank"
    )]
    Form,
    #[error("a citizen's mailbox, refused everywhere: take it out")]
    Citizen,
    #[error("Apicrypt version 1, which is outside the trust space: ask its holder for an MSSanté address")]
    ApicryptV1,
}

impl MailAddress {
    /// Parses an address; blanks around it do not count.
    ///
    /// Whether its domain is in the white list is not looked at here.
    pub fn parse(text: &str) -> Result<Self, AddressFault> {
        let text = text.trim();
        // Before the form: a malformed citizen's address is still a citizen's.
        if is_citizen(text) {
            return Err(AddressFault::Citizen);
        }
        let (local, domain) = text.split_once('@').ok_or(AddressFault::Form)?;
        if !is_local(local) || !is_domain(domain) || !within(text, MAX_ADDRESS) {
            return Err(AddressFault::Form);
        }
        let address = Self {
            key: text.to_lowercase(),
            published: text.to_owned(),
        };
        if is_apicrypt_v1(address.domain()) {
            return Err(AddressFault::ApicryptV1);
        }
        Ok(address)
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.key.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Whether a text is or holds a citizen's address or domain, however it is dressed: any case, trailing dot,
/// sub-domain, percent encoding (of any character, several times over), compatibility or invisible characters.
///
/// Any text may be asked: an address, a URL, a search, a line of a file. The time is linear in its length.
pub fn is_citizen(text: &str) -> bool {
    let mut plain = undressed(text);
    for _ in 0..MAX_LAYERS {
        if holds_citizens_domain(&plain) {
            return true;
        }
        match percent_decoded(&plain) {
            Some(decoded) => plain = undressed(&decoded),
            None => return false,
        }
    }
    holds_citizens_domain(&plain)
}

/// Whether [`is_citizen`] need be asked of a line or a field: every way to dress an address has a `@`, a `%`, or a character of
/// the block of full-width forms. Most lines of most files have none.
pub fn may_hold_address(line: &[u8]) -> bool {
    memchr::memchr3(b'@', b'%', 0xEF, line).is_some()
}

/// The domain as whole labels: `impatient.mssante.fr` and `patient.mssante.fr-exemple.invalid` are others.
fn holds_citizens_domain(plain: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '-';
    CITIZENS.find_iter(plain.as_bytes()).any(|start| {
        let before = plain.get(..start).unwrap_or_default();
        let after = plain.get(start + CITIZENS.needle().len()..).unwrap_or_default();
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

/// Lower case; full-width letters and dots made plain; characters that show nothing left out.
fn undressed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc()
        .filter(|c| !is_unseen(*c))
        .map(|c| if c == '。' { '.' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// One layer of percent encoding taken off; `None` where there was none.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut found = false;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                found = true;
                bytes.push(nibble(*high) << 4 | nibble(*low));
                tail
            }
            [byte, tail @ ..] => {
                bytes.push(*byte);
                tail
            }
        };
    }
    found.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

fn within(text: &str, limit: usize) -> bool {
    text.chars().nth(limit).is_none()
}

fn is_local(local: &str) -> bool {
    !local.is_empty() && within(local, MAX_LOCAL) && !local.contains(is_blank)
}

fn is_domain(domain: &str) -> bool {
    within(domain, MAX_DOMAIN)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
        && !domain.contains(|c| c == '@' || is_blank(c))
}

fn is_blank(c: char) -> bool {
    // The last four would break an extract's columns or a header.
    c.is_control() || is_unseen(c) || c.is_whitespace() || matches!(c, '|' | '<' | '>' | '"')
}

fn is_apicrypt_v1(domain: &str) -> bool {
    let below = |parent: &str| {
        domain
            .strip_suffix(parent)
            .is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    };
    APICRYPT_V1.into_iter().any(below) && !APICRYPT_INSIDE.contains(&domain)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
