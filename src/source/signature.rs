//! The signature of the white list: enveloped, exclusive canonicalisation, RSA with SHA-256, made by a
//! certificate that the list carries. Two questions, told apart: is the list as it was signed, and does a
//! configured authority vouch for the signer.
//!
//! Only this one shape is taken; everything else that XML signatures allow is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};
use webpki::{EndEntityCert, KeyUsage};

use super::c14n::{DSIG, Part, canonical};

/// What each element of a signature must say.
const ALGORITHMS: [(&str, &str); 4] = [
    (
        "CanonicalizationMethod",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    ),
    (
        "SignatureMethod",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ),
    ("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
    ("Reference", ""),
];
const TRANSFORMS: [&str; 2] = [
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
];
/// The one extended key usage of the national signer's certificates: protection of e-mail, 1.3.6.1.5.5.7.3.4.
const EMAIL_PROTECTION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
/// The attribute commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// Whom to believe.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Certificates of the authorities; none when none is configured.
    authorities: Vec<CertificateDer<'static>>,
    /// Common name that the signer's certificate must bear once an authority is configured: the authority
    /// certifies many organisations, one of which signs the list.
    signer: String,
    /// Takes a list whose signature is missing or wrong.
    pub allow_unsigned: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            signer: "alb.mssante.fr".to_owned(),
            allow_unsigned: false,
        }
    }
}

impl Trust {
    /// Takes any list.
    pub fn anybody() -> Self {
        Self {
            allow_unsigned: true,
            ..Self::default()
        }
    }

    /// Trusts the authorities of a PEM text, and the signer of that name.
    pub fn new(authorities: Option<&[u8]>, signer: &str) -> Result<Self, String> {
        let certificates = match authorities {
            None => Vec::new(),
            Some(pem) => CertificateDer::pem_slice_iter(pem)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| error.to_string())?,
        };
        if authorities.is_some() && certificates.is_empty() {
            return Err("no certificate in PEM form".to_owned());
        }
        Ok(Self {
            authorities: certificates,
            signer: signer.to_owned(),
            allow_unsigned: false,
        })
    }
}

/// What a good signature is worth.
#[derive(Debug, PartialEq, Eq)]
pub enum Worth {
    /// A configured authority vouches for the signer.
    Vouched,
    /// The list is as it was signed, by whom nobody vouches: no authority is configured.
    Intact,
}

/// Why a signature is none.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed")]
    Missing,
    /// The document or the signature is of another shape than the one that is taken.
    #[error("its signature is of a form that is not taken: {0}")]
    Form(String),
    /// The list changed after it was signed.
    #[error("it was altered after it was signed")]
    Altered,
    /// The signature's value was not made by the certificate's key.
    #[error("its signature was not made by the certificate in it: {0}")]
    NotBySigner(String),
    /// The authority does not vouch for the certificate, or not for this date.
    #[error("the configured authority does not vouch for its signer: {0}")]
    NotVouched(String),
    /// Somebody else of the same authority signed.
    #[error("it was signed by another than {0}")]
    WrongSigner(String),
}

/// What a signature says, read before anything is believed.
#[derive(Default)]
struct Said {
    digest: String,
    value: String,
    certificate: String,
    generated: String,
}

/// Checks the signature of a list.
pub fn verify(document: &[u8], trust: &Trust) -> Result<Worth, SignatureError> {
    let said = read(document)?;
    let form = |what: &str| SignatureError::Form(what.to_owned());
    let decode = |text: &str, what: &str| {
        let dense: String = text.split_whitespace().collect();
        STANDARD.decode(dense).map_err(|_| form(what))
    };
    let digest = decode(&said.digest, "DigestValue")?;
    let signed = canonical(document, Part::Unsigned).map_err(SignatureError::Form)?;
    if Sha256::digest(&signed).as_slice() != digest {
        return Err(SignatureError::Altered);
    }
    let der = CertificateDer::from(decode(&said.certificate, "X509Certificate")?);
    let certificate =
        EndEntityCert::try_from(&der).map_err(|error| SignatureError::Form(error.to_string()))?;
    let value = decode(&said.value, "SignatureValue")?;
    let info = canonical(document, Part::SignedInfo).map_err(SignatureError::Form)?;
    certificate
        .verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, &info, &value)
        .map_err(|error| SignatureError::NotBySigner(error.to_string()))?;
    if trust.authorities.is_empty() {
        return Ok(Worth::Intact);
    }
    vouched(&certificate, &said.generated, trust)?;
    Ok(Worth::Vouched)
}

/// The certificate must hold at the moment when the list was made: lists outlive certificates of three years.
fn vouched(certificate: &EndEntityCert<'_>, generated: &str, trust: &Trust) -> Result<(), SignatureError> {
    let refuse = |why: String| SignatureError::NotVouched(why);
    let anchors = trust
        .authorities
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse(error.to_string()))?;
    let seconds = generated
        .parse::<jiff::Timestamp>()
        .ok()
        .and_then(|time| u64::try_from(time.as_second()).ok())
        .ok_or_else(|| SignatureError::Form("DateDeGeneration is no date".to_owned()))?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    certificate
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &[],
            time,
            KeyUsage::required_if_present(EMAIL_PROTECTION),
            None,
            None,
        )
        .map_err(|error| refuse(error.to_string()))?;
    if common_name(certificate.subject()) == Some(trust.signer.as_bytes()) {
        Ok(())
    } else {
        Err(SignatureError::WrongSigner(trust.signer.clone()))
    }
}

/// The common name within a DER name: sets of sequences of an attribute and its value.
fn common_name(mut name: &[u8]) -> Option<&[u8]> {
    // The name itself may come with or without the sequence around it.
    if let (Some((0x30, inner)), []) = (tagged(name).0, tagged(name).1) {
        name = inner;
    }
    while !name.is_empty() {
        let (set, rest) = tagged(name);
        let (sequence, _) = tagged(set?.1);
        let (attribute, value) = tagged(sequence?.1);
        if attribute?.1 == COMMON_NAME {
            return tagged(value).0.map(|(_, text)| text);
        }
        name = rest;
    }
    None
}

/// Cuts one DER value off: its tag and content, and what follows.
fn tagged(der: &[u8]) -> (Option<(u8, &[u8])>, &[u8]) {
    let cut = || {
        let (tag, rest) = der.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ 0..=0x7F => (usize::from(short), rest),
            0x81 => rest.split_first().map(|(n, rest)| (usize::from(*n), rest))?,
            0x82 => rest
                .split_first_chunk::<2>()
                .map(|(n, rest)| (usize::from(u16::from_be_bytes(*n)), rest))?,
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some(((*tag, content), rest))
    };
    match cut() {
        Some((value, rest)) => (Some(value), rest),
        None => (None, &[]),
    }
}

/// Reads the signature directly below the root, and insists on its shape: each element once, in its place, with
/// the one algorithm that is taken.
fn read(document: &[u8]) -> Result<Said, SignatureError> {
    let form = |what: &str| SignatureError::Form(what.to_owned());
    let mut reader = NsReader::from_reader(document);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut said = Said::default();
    let mut met: Vec<String> = Vec::new();
    let mut transforms = 0;
    let mut text = String::new();
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|error| SignatureError::Form(error.to_string()))?;
        match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(form("a document type")),
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                path.push(name.clone());
                text.clear();
                if path.len() > 32 {
                    return Err(form("elements nested too deep"));
                }
                if path.get(1).is_none_or(|below| below != "Signature") {
                    continue;
                }
                // What only looks like a part of the signature is not what was signed.
                if namespace != ResolveResult::Bound(Namespace(DSIG)) {
                    return Err(form(&format!("{name} of another namespace")));
                }
                if met.contains(&name) && name != "Transform" {
                    return Err(form(&format!("{name} twice")));
                }
                let attribute = attribute(&start, if name == "Reference" { "URI" } else { "Algorithm" });
                let attribute = attribute.map_err(SignatureError::Form)?;
                if name == "Transform" {
                    if TRANSFORMS.get(transforms).copied() != attribute.as_deref() {
                        return Err(form("another transform"));
                    }
                    transforms += 1;
                } else if let Some((_, wanted)) = ALGORITHMS.iter().find(|(element, _)| *element == name)
                    && attribute.as_deref() != Some(wanted)
                {
                    return Err(form(&format!("{name} is not {wanted:?}")));
                } else if !SHAPE.contains(&name.as_str()) {
                    return Err(form(&name));
                }
                met.push(name);
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            // Base64 lines end in a written-out carriage return.
            Event::GeneralRef(_) => text.push(' '),
            Event::End(_) => {
                let slot = match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                    [_, "DateDeGeneration"] => Some(&mut said.generated),
                    [_, "Signature", "SignedInfo", "Reference", "DigestValue"] => Some(&mut said.digest),
                    [_, "Signature", "SignatureValue"] => Some(&mut said.value),
                    [_, "Signature", "KeyInfo", "X509Data", "X509Certificate"] => Some(&mut said.certificate),
                    _ => None,
                };
                if let Some(slot) = slot {
                    *slot = text.trim().to_owned();
                }
                path.pop();
                text.clear();
            }
            _ => {}
        }
    }
    if !met.iter().any(|name| name == "Signature") {
        return Err(SignatureError::Missing);
    }
    if transforms != TRANSFORMS.len() || ALGORITHMS.iter().any(|(name, _)| !met.iter().any(|m| m == name)) {
        return Err(form("a part is missing"));
    }
    Ok(said)
}

/// The elements of a signature, besides its transforms.
const SHAPE: [&str; 12] = [
    "Signature",
    "DigestMethod",
    "SignedInfo",
    "Reference",
    "Transforms",
    "DigestValue",
    "SignatureValue",
    "KeyInfo",
    "X509Data",
    "X509Certificate",
    "CanonicalizationMethod",
    "SignatureMethod",
];

fn attribute(start: &quick_xml::events::BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_ref() == name {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            return value
                .map(|v| Some(v.into_owned()))
                .map_err(|error| error.to_string());
        }
    }
    Ok(None)
}

/// Signs a list that has no signature yet, before its last tag. For made-up lists: their key is no secret.
/// `sign` makes the signature value of the bytes it is given.
pub fn sign<E>(
    document: &str,
    certificate: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Option<String> {
    let (body, last_tag) = document.rsplit_once("</")?;
    let digest = STANDARD.encode(Sha256::digest(
        canonical(document.as_bytes(), Part::Unsigned).ok()?,
    ));
    let [(_, c14n), (_, rsa), (_, sha), _] = ALGORITHMS;
    let [enveloped, exclusive] = TRANSFORMS;
    let info = format!(
        "<SignedInfo><CanonicalizationMethod Algorithm=\"{c14n}\"/><SignatureMethod Algorithm=\"{rsa}\"/><Reference URI=\"\"><Transforms><Transform Algorithm=\"{enveloped}\"/><Transform Algorithm=\"{exclusive}\"/></Transforms><DigestMethod Algorithm=\"{sha}\"/><DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    );
    let with = |value: &str| {
        format!(
            "{body}<Signature xmlns=\"{DSIG}\">{info}<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></Signature></{last_tag}",
            STANDARD.encode(certificate)
        )
    };
    let bytes = canonical(with("").as_bytes(), Part::SignedInfo).ok()?;
    Some(with(&STANDARD.encode(sign(&bytes).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &[u8] = include_bytes!("../../import/sample-data/signer/authority.pem");
    const SIGNER: &str = "alb-exemple.mssante.fr";

    fn list() -> String {
        let domains = ["a-exemple.mssante.fr".to_owned()].into();
        crate::sample::white_list(&domains, jiff::civil::date(2026, 1, 15))
    }

    fn refusal(document: &str, trust: &Trust) -> String {
        verify(document.as_bytes(), trust).unwrap_err().to_string()
    }

    #[test]
    fn a_signed_list_is_intact_and_vouched_for_once_an_authority_is_known() {
        let list = list();
        assert_eq!(verify(list.as_bytes(), &Trust::default()).unwrap(), Worth::Intact);
        let trust = Trust::new(Some(AUTHORITY), SIGNER).unwrap();
        assert_eq!(verify(list.as_bytes(), &trust).unwrap(), Worth::Vouched);
        assert!(Trust::new(Some(b"no certificate"), SIGNER).is_err());
    }

    #[test]
    fn another_signer_of_the_authority_and_another_authority_are_refused() {
        let trust = Trust::new(Some(AUTHORITY), "alb.mssante.fr").unwrap();
        assert!(refusal(&list(), &trust).contains("another than alb.mssante.fr"));
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec![]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let other = parameters.self_signed(&key).unwrap().pem();
        let trust = Trust::new(Some(other.as_bytes()), SIGNER).unwrap();
        assert!(refusal(&list(), &trust).contains("does not vouch"));
    }

    #[test]
    fn any_change_of_content_or_signature_is_seen() {
        let list = list();
        let trust = Trust::default();
        let altered = list.replace("a-exemple", "b-exemple");
        assert!(refusal(&altered, &trust).contains("altered"));
        let added = list.replace("</ListeDomaines>", "<Domaine/></ListeDomaines>");
        assert!(refusal(&added, &trust).contains("altered"));
        // A new digest needs a new signature.
        let unsigned = &list[..list.find("<Signature").unwrap()];
        let forged = sign(&format!("{unsigned}<x/></ListeBlancheMSSante>"), b"", |_| {
            Ok::<_, ()>(vec![1])
        })
        .unwrap();
        let digest = |text: &str| text.split("DigestValue>").nth(1).unwrap().to_owned();
        let swapped = altered_digest(&list, unsigned, &digest(&forged));
        assert!(
            refusal(&swapped, &trust).contains("not made by"),
            "{}",
            refusal(&swapped, &trust)
        );
        assert!(refusal(&format!("{unsigned}</ListeBlancheMSSante>"), &trust).contains("not signed"));
    }

    #[test]
    fn what_another_list_was_signed_with_vouches_for_nothing() {
        let list = list();
        let (before, rest) = list.split_once("<SignedInfo>").unwrap();
        let (info, after) = rest.split_once("</SignedInfo>").unwrap();
        let altered = before.replace("a-exemple", "b-exemple");
        for namespace in [DSIG, "urn:y"] {
            // The genuine one stands beside the signature; in it, one that tells the digest of what is altered.
            let kept = format!("<Autre xmlns=\"{DSIG}\"><SignedInfo>{info}</SignedInfo></Autre><Signature");
            let start = altered.replace("<Signature", &kept);
            let with = |info: &str| {
                format!("{start}<y:SignedInfo xmlns:y=\"{namespace}\">{info}</y:SignedInfo>{after}")
            };
            let digest = Sha256::digest(canonical(with("").as_bytes(), Part::Unsigned).unwrap());
            let (start, rest) = info.split_once("<DigestValue>").unwrap();
            let (_, end) = rest.split_once("</DigestValue>").unwrap();
            let digest = STANDARD.encode(digest);
            let forged = with(&format!("{start}<DigestValue>{digest}</DigestValue>{end}"));
            let trust = Trust::new(Some(AUTHORITY), SIGNER).unwrap();
            refusal(&forged, &trust);
            refusal(&forged, &Trust::default());
        }
    }

    /// The list with one element more and the digest that fits it.
    fn altered_digest(list: &str, unsigned: &str, digest: &str) -> String {
        let signature = &list[unsigned.len()..];
        let (start, rest) = signature.split_once("<DigestValue>").unwrap();
        let (_, end) = rest.split_once("</DigestValue>").unwrap();
        let digest = digest.trim_end_matches("</");
        format!("{unsigned}<x/>{start}<DigestValue>{digest}</DigestValue>{end}")
    }

    #[test]
    fn other_algorithms_and_second_signatures_are_refused() {
        let list = list();
        let trust = Trust::default();
        for (from, to) in [
            ("rsa-sha256", "rsa-sha1"),
            ("#enveloped-signature", "#other"),
            ("URI=\"\"", "URI=\"#a\""),
            ("</KeyInfo>", "</KeyInfo><Object/>"),
            ("<SignedInfo>", "<SignedInfo/><SignedInfo>"),
        ] {
            let refused = refusal(&list.replace(from, to), &trust);
            assert!(refused.contains("form"), "{from}: {refused}");
        }
        let twice = list.replace("</ListeBlanche", "<Signature/></ListeBlanche");
        assert!(verify(twice.as_bytes(), &trust).is_err());
    }
}
