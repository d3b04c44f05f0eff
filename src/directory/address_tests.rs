//! What holds of mailbox addresses.

use proptest::prelude::*;

use super::*;

fn fault(text: &str) -> Option<AddressFault> {
    MailAddress::parse(text).err()
}

#[test]
fn case_is_kept_for_display_and_lost_in_the_key() {
    let address = MailAddress::parse(" Claire.Test@A-Exemple.MSSante.fr ").unwrap();
    assert_eq!(address.key, "claire.test@a-exemple.mssante.fr");
    assert_eq!(address.published, "Claire.Test@A-Exemple.MSSante.fr");
    assert_eq!(address.domain(), "a-exemple.mssante.fr");
}

#[test]
fn a_citizen_is_known_in_every_dress() {
    for text in [
        "990000000000001@patient.mssante.fr",
        "X@PATIENT.MSSANTE.FR",
        "x@patient.mssante.fr.",
        "x@a.patient.mssante.fr",
        "x%40patient%2Emssante%2efr",
        "x%2540%2570atient.mssante.fr",
        "mail=x%252540patient.mssante.fr,ou=bal",
        "x@ｐatient．mssante。fr",
        "x@pat\u{200B}ient.mss\u{AD}ante.fr",
        "x@pat\u{2062}ient.m\u{FE0F}ssante\u{34F}.fr\u{E0020}",
        "écrire à x@patient.mssante.fr, merci",
        "(mail=*@patient.mssante.fr)",
        "patient.mssante.fr",
        "a@b@patient.mssante.fr",
    ] {
        assert!(is_citizen(text), "{text}");
        assert_eq!(fault(text), Some(AddressFault::Citizen), "{text}");
    }
}

#[test]
fn a_domain_that_only_resembles_is_no_citizens() {
    for text in [
        "a@impatient.mssante.fr",
        "a@mon-patient.mssante.fr",
        "a@patient.mssante.fr-exemple.invalid",
        "a@patient-exemple.mssante.fr",
        "100% patient",
        "",
    ] {
        assert!(!is_citizen(text), "{text}");
    }
}

#[test]
fn apicrypt_version_1_is_outside_and_the_interoperable_one_inside() {
    for text in [
        "a@apicrypt.org",
        "a@Medical.Apicrypt.ORG",
        "a@apicrypt.fr",
        "a@x.apicrypt.fr",
        "a@x.mssante.apicrypt.org",
    ] {
        assert_eq!(fault(text), Some(AddressFault::ApicryptV1), "{text}");
    }
    for text in [
        "a@interop-mssante.apicrypt.org",
        "a@MSSante.apicrypt.org",
        "a@autreapicrypt.org",
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn bad_forms_are_refused() {
    for text in [
        "a\u{2062}@b.fr",
        "a@b\u{202E}.fr",
        "",
        "a",
        "@b.fr",
        "a@",
        "a@b",
        "a@b@c.fr",
        "a b@c.fr",
        "a@c..fr",
        "a@.fr",
        "a@b.fr.",
        "a\u{7}@b.fr",
        "a@b\u{A0}c.fr",
    ] {
        assert_eq!(fault(text), Some(AddressFault::Form), "{text:?}");
    }
}

#[test]
fn lengths_are_counted_in_characters() {
    let local = |n: usize| format!("{}@b.fr", "é".repeat(n));
    assert_eq!(fault(&local(64)), None);
    assert_eq!(fault(&local(65)), Some(AddressFault::Form));
    let whole = |n: usize| format!("a@{}.fr", "b".repeat(n - 5));
    assert_eq!(fault(&whole(256)), None);
    assert_eq!(fault(&whole(257)), Some(AddressFault::Form));
}

#[test]
fn no_fault_repeats_the_address() {
    for text in [
        "990000000000001@patient.mssante.fr",
        "secret.nom@apicrypt.fr",
        "secret.nom@",
    ] {
        let message = fault(text).unwrap().to_string();
        assert!(
            !message.contains("99000") && !message.contains("secret"),
            "{message}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = MailAddress::parse(&text);
        let _ = MailAddress::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_key_is_its_own_key(text in "[A-Za-z0-9.%_-]{1,20}@[A-Za-z0-9-]{1,10}\\.[a-z]{2,5}") {
        if let Ok(address) = MailAddress::parse(&text) {
            prop_assert_eq!(MailAddress::parse(&address.key).unwrap().key, address.key);
        }
    }

    #[test]
    fn any_percent_encoding_of_a_citizen_is_found(mask in proptest::collection::vec(any::<bool>(), 20)) {
        let dressed: String = "x@patient.mssante.fr".chars().zip(mask)
            .map(|(c, encoded)| if encoded { format!("%{:02X}", u32::from(c)) } else { c.to_string() })
            .collect();
        prop_assert!(is_citizen(&dressed));
    }
}
