//! The names in a certificate (RFC 5280) that rustls has verified: the common names of its subject, then its DNS
//! names. Reads only that far; what is not as expected has no names.

use crate::view::ber;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const OBJECT_IDENTIFIER: u8 = 0x06;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// Context-specific 2 of GeneralName.
const DNS_NAME: u8 = 0x82;
/// UTF8String, PrintableString, IA5String: the forms that are read as they stand.
const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];

/// Elements one after another.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, content, rest) = ber::element(self.0)?;
        self.0 = rest;
        Some((tag, content))
    }
}

/// The names of a certificate in DER, each once.
pub fn names(certificate: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for name in read(certificate).unwrap_or_default() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn read(certificate: &[u8]) -> Option<Vec<String>> {
    let (_, certificate) = Elements(certificate).next()?;
    let (_, signed) = Elements(certificate).next()?;
    // Version, which may be left out; serial number, algorithm, issuer, validity; then the subject.
    let mut fields = Elements(signed).skip_while(|(tag, _)| *tag == VERSION).skip(4);
    let (_, subject) = fields.next()?;
    let mut names = common_names(subject);
    let extensions = fields.find(|(tag, _)| *tag == EXTENSIONS);
    if let Some((_, list)) = extensions.and_then(|(_, wrapped)| Elements(wrapped).next()) {
        names.extend(
            Elements(list)
                .filter_map(|(_, extension)| dns_names(extension))
                .flatten(),
        );
    }
    Some(names)
}

fn common_names(subject: &[u8]) -> Vec<String> {
    let pairs = Elements(subject).flat_map(|(_, set)| Elements(set));
    let values = pairs.filter_map(|(_, pair)| {
        let mut pair = Elements(pair);
        let (OBJECT_IDENTIFIER, COMMON_NAME) = pair.next()? else {
            return None;
        };
        let (tag, value) = pair.next()?;
        STRINGS.contains(&tag).then_some(value)
    });
    values.filter_map(text).collect()
}

fn dns_names(extension: &[u8]) -> Option<Vec<String>> {
    let mut parts = Elements(extension);
    let (OBJECT_IDENTIFIER, SUBJECT_ALT_NAME) = parts.next()? else {
        return None;
    };
    let (_, value) = parts.find(|(tag, _)| *tag == ber::OCTET_STRING)?;
    let (_, names) = Elements(value).next()?;
    let names = Elements(names).filter(|(tag, _)| *tag == DNS_NAME);
    Some(names.filter_map(|(_, name)| text(name)).collect())
}

fn text(octets: &[u8]) -> Option<String> {
    std::str::from_utf8(octets).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(common_name: Option<&str>, dns: &[&str]) -> Vec<u8> {
        let dns: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "cabinet-9");
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn common_and_dns_names_are_read_and_no_others() {
        let names_of = |common_name, dns: &[&str]| names(&certificate(common_name, dns));
        assert_eq!(names_of(Some("cabinet"), &[]), ["cabinet"]);
        assert_eq!(names_of(None, &["logiciel.exemple"]), ["logiciel.exemple"]);
        assert_eq!(
            names_of(Some("cabinet"), &["a.exemple", "192.0.2.1", "cabinet"]),
            ["cabinet", "a.exemple"]
        );
        assert!(names_of(None, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..400, octet in any::<u8>()) {
            let _ = names(&bytes);
            let mut touched = certificate(Some("cabinet"), &["a.exemple"]);
            if let Some(place) = touched.get_mut(place) {
                *place = octet;
            }
            let _ = names(&touched);
        }
    }
}
