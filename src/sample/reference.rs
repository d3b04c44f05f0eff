//! The white list and two code tables.

use std::collections::BTreeSet;

use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::source::signature;

/// The made-up signer of made-up lists. Its key is public: no authority that anybody configures vouches for it.
const CERTIFICATE: &[u8] = include_bytes!("../../import/sample-data/signer/certificate.pem");
const KEY: &str = include_str!("../../import/sample-data/signer/key.pem");

/// A white list of these domains, and of the two that the rules speak of, signed.
pub fn white_list(domains: &BTreeSet<String>, date: jiff::civil::Date) -> String {
    let mut list = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListeBlancheMSSante xmlns=\"https://listeblanche.mssante.fr/schema\">\n    <DateDeGeneration>{date}T06:00:00Z</DateDeGeneration>\n    <ListeDomaines>\n"
    );
    let extra = ["interop-mssante.apicrypt.org", "patient.mssante.fr"];
    for (number, domain) in domains.iter().map(String::as_str).chain(extra).enumerate() {
        // Some domains have two operators.
        for operator in 0..=u32::from(number % 17 == 3) {
            list.push_str(&format!(
                "        <Domaine>\n            <Nom>{domain}</Nom>\n            <Description>Domaine de messagerie fictif &amp; {number}</Description>\n            <DNCertificatOperateur>CN=mss{operator}.exemple.invalid,OU=399{number:06}0001{operator},O=\"OPERATEUR {}\",ST=Ville-Fictive (99),C=FR</DNCertificatOperateur>\n            <ResponsableContact>01 99 00 00 00, contact@exemple.invalid</ResponsableContact>\n            <SupportContact>support@exemple.invalid</SupportContact>\n            <DateMAJ>2025-06-07T10:24:42Z</DateMAJ>\n        </Domaine>\n",
                if operator == 0 { "ALPHA" } else { "BETA" },
            ));
        }
    }
    list.push_str("    </ListeDomaines>\n</ListeBlancheMSSante>");
    signed(&list).unwrap_or(list)
}

/// RSA by PKCS #1 v1.5, which signs the same bytes the same way every time.
fn signed(list: &str) -> Option<String> {
    let key = KeyPair::from_pem_and_sign_algo(KEY, &PKCS_RSA_SHA256).ok()?;
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).ok()?;
    signature::sign(list, &certificate, |bytes| key.sign(bytes))
}

/// A table of specialties as NOS publishes them: tab-separated, Latin-1.
pub fn specialties() -> Vec<u8> {
    let mut text =
        String::from("OID\tCode\tLibelle court\tLibelle long\tDate debut validite\tDate fin validite\n");
    for (code, label, end) in [
        ("SM02", "Anesthésie-réanimation", ""),
        ("SM04", "Cardiologie et maladies vasculaires", ""),
        ("SM15", "Dermatologie et vénéréologie", ""),
        ("SM26", "Qualifié en médecine générale", ""),
        ("SM40", "Pédiatrie", ""),
        ("SM42", "Psychiatrie", ""),
        ("SM53", "Spécialiste en médecine générale", ""),
        ("SM54", "Médecine générale", ""),
        ("SP01", "Pharmacie (terminée)", "20150101000000"),
    ] {
        text.push_str(&format!(
            "1.2.250.1.213.2.28\t{code}\t{label}\t{label}\t20000101000000\t{end}\n"
        ));
    }
    // All of these letters are in Latin-1.
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// The health professions as a FHIR CodeSystem.
pub fn professions() -> String {
    let concepts: Vec<_> = [
        ("10", "Médecin"),
        ("21", "Pharmacien"),
        ("28", "Opticien-Lunetier"),
        ("40", "Chirurgien-Dentiste"),
        ("50", "Sage-Femme"),
        ("60", "Infirmier"),
        ("70", "Masseur-Kinésithérapeute"),
        ("80", "Pédicure-Podologue"),
        ("91", "Orthophoniste"),
        ("94", "Ergothérapeute"),
        ("98", "Manipulateur ERM"),
    ]
    .map(|(code, display)| serde_json::json!({"code": code, "display": display}))
    .into();
    let system = serde_json::json!({
        "resourceType": "CodeSystem", "id": "TRE-G15-ProfessionSante", "status": "active", "content": "complete",
        "concept": serde_json::Value::Array(concepts),
    });
    format!("{system:#}\n")
}
