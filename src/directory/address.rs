//! Mailbox addresses: their form, their key, and the two families that never enter.
//!
//! Source: ANS, DSFT V300 table 22 (64 + `@` + 255, 256 characters in all). No message here repeats an address:
//! the local part of a citizen's one is a health identifier.

/// An address of good form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    /// Lower case: addresses compare without case.
    pub key: String,
    /// As published.
    pub published: String,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    #[error("not an address (one @, at most 64 characters before it and 256 in all, no blank)")]
    Form,
    #[error("a citizen's mailbox, which is refused everywhere")]
    Citizen,
    #[error("Apicrypt version 1, which is not part of the trust space")]
    ApicryptV1,
}

const CITIZENS: &str = "patient.mssante.fr";
const APICRYPT_INSIDE: [&str; 2] = ["interop-mssante.apicrypt.org", "mssante.apicrypt.org"];
const APICRYPT_V1: [&str; 2] = ["apicrypt.org", "apicrypt.fr"];

impl MailAddress {
    /// Parses an address; blanks around it do not count.
    pub fn parse(text: &str) -> Result<Self, AddressFault> {
        let text = text.trim();
        if is_citizen(text) {
            return Err(AddressFault::Citizen);
        }
        let (local, domain) = text.split_once('@').ok_or(AddressFault::Form)?;
        let length = |part: &str| part.chars().count();
        let good = !local.is_empty()
            && length(local) <= 64
            && length(domain) <= 255
            && length(text) <= 256
            && !domain.contains('@')
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
            && !text
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '|' | '<' | '>' | '"'));
        if !good {
            return Err(AddressFault::Form);
        }
        let key = text.to_lowercase();
        let domain = key.rsplit('@').next().unwrap_or_default();
        if APICRYPT_V1.iter().any(|v1| is_or_below(domain, v1)) && !APICRYPT_INSIDE.contains(&domain) {
            return Err(AddressFault::ApicryptV1);
        }
        Ok(Self {
            key,
            published: text.to_owned(),
        })
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.key.rsplit('@').next().unwrap_or_default()
    }
}

/// Whether a text is or holds a citizen's address or domain, however it is written: in any case, with a
/// trailing dot, below a sub-domain, percent-encoded.
pub fn is_citizen(text: &str) -> bool {
    let mut plain = text.to_lowercase();
    // Twice encoded is still found.
    for _ in 0..2 {
        if !plain.contains('%') {
            break;
        }
        plain = percent_decoded(&plain);
    }
    plain.match_indices(CITIZENS).any(|(start, found)| {
        let before = plain.get(..start).and_then(|head| head.chars().next_back());
        let after = plain
            .get(start + found.len()..)
            .unwrap_or_default()
            .trim_start_matches('.');
        let ends = after
            .chars()
            .next()
            .is_none_or(|c| !c.is_alphanumeric() && c != '-');
        before.is_none_or(|c| !c.is_alphanumeric() && c != '-') && ends
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte.to_ascii_lowercase());
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_or_below(domain: &str, parent: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    domain == parent || domain.strip_suffix(parent).is_some_and(|sub| sub.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citizens_address_is_known_in_every_dress() {
        for text in [
            "123456789012345@patient.mssante.fr",
            "X@PATIENT.MSSANTE.FR",
            "x@patient.mssante.fr.",
            "x@a.patient.mssante.fr",
            "x%40patient%2Emssante.fr",
            "x%2540patient.mssante.fr",
            "patient.mssante.fr",
        ] {
            assert!(is_citizen(text), "{text}");
            assert_eq!(MailAddress::parse(text), Err(AddressFault::Citizen));
        }
        assert!(!is_citizen("a@impatient.mssante.fr"));
        assert!(!is_citizen("a@patient.mssante.fr-exemple.invalid"));
    }

    #[test]
    fn apicrypt_version_1_is_outside_and_the_interoperable_one_inside() {
        assert_eq!(
            MailAddress::parse("a@medical.apicrypt.org"),
            Err(AddressFault::ApicryptV1)
        );
        assert_eq!(MailAddress::parse("a@apicrypt.fr"), Err(AddressFault::ApicryptV1));
        assert!(MailAddress::parse("a@interop-mssante.apicrypt.org").is_ok());
    }

    #[test]
    fn case_is_kept_for_display_and_lost_in_the_key() {
        let address = MailAddress::parse(" Claire.Test@A-Exemple.mssante.fr ").unwrap();
        assert_eq!(address.key, "claire.test@a-exemple.mssante.fr");
        assert_eq!(address.published, "Claire.Test@A-Exemple.mssante.fr");
    }

    #[test]
    fn bad_forms_are_refused() {
        for text in ["", "a", "@b.fr", "a@", "a@b", "a@b@c.fr", "a b@c.fr", "a@c..fr"] {
            assert_eq!(MailAddress::parse(text), Err(AddressFault::Form), "{text}");
        }
        assert_eq!(
            MailAddress::parse(&format!("{}@b.fr", "a".repeat(65))),
            Err(AddressFault::Form)
        );
    }
}
