//! Readers against bytes of every sort: the entry points of `fuzz/`, driven here without nightly. No panic, no
//! endless reading; what is read or rejected is never more than what there was.

use annuaire::source::{Kind, read_bytes};
use proptest::prelude::*;

/// Kind, NOS table, a good text of the kind.
const SEEDS: [(Kind, Option<&str>, &[u8]); 11] = [
    (
        Kind::PersonneActivite,
        None,
        include_bytes!("../import/sample/PS_LibreAcces_Personne_activite_202601150800.txt"),
    ),
    (
        Kind::SavoirFaire,
        None,
        include_bytes!("../import/sample/PS_LibreAcces_SavoirFaire_202601150800.txt"),
    ),
    (
        Kind::Diplomes,
        None,
        include_bytes!("../import/sample/PS_LibreAcces_Dipl_AutExerc_202601150800.txt"),
    ),
    (
        Kind::CorrespondanceMssante,
        None,
        include_bytes!("../import/sample/Extraction_Correspondance_MSSante_202601150800.txt"),
    ),
    (
        Kind::FinessEtablissements,
        None,
        include_bytes!("../import/sample/etalab-cs1100507-stock-20260115-0339.csv"),
    ),
    (
        Kind::FinessEntitesJuridiques,
        None,
        include_bytes!("../import/sample/etalab-cs1100501-stock-20260115-0339.csv"),
    ),
    (
        Kind::FinessFluxEtablissements,
        None,
        include_bytes!("../fuzz/seeds/finess_flux/etablissement.xml"),
    ),
    (
        Kind::FinessPlus,
        None,
        include_bytes!("../fuzz/seeds/finess_plus/structures.json"),
    ),
    (
        Kind::ListeBlanche,
        None,
        include_bytes!("../import/sample/listeblanchemssante.xml"),
    ),
    (
        Kind::Nomenclature,
        Some("TRE_R38"),
        include_bytes!("../import/sample/TRE_R38-SpecialiteOrdinale.tabs"),
    ),
    (
        Kind::Nomenclature,
        None,
        include_bytes!("../import/sample/TRE_G15-ProfessionSante.json"),
    ),
];

/// What befalls a text: bytes put in place of others, at a place given in thousandths of its length.
type Blow = (u16, usize, Vec<u8>);

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        "[|;<>\\[\\]{}\",&#\n\r\t ]{0,8}".prop_map(String::into_bytes),
        Just(b"<!DOCTYPE a [<!ENTITY b 'c'>]>".to_vec()),
        Just(vec![b'['; 5000]),
        Just(vec![0xFF; 300]),
    ];
    proptest::collection::vec((0_u16..1000, 0_usize..40, bytes), 0..6)
}

fn struck(good: &[u8], blows: &[Blow], end: u16) -> Vec<u8> {
    // The head of the sample is enough, and quicker.
    let mut text = good[..good.len().min(8000)].to_vec();
    for (place, length, bytes) in blows {
        let start = text.len() * usize::from(*place) / 1000;
        let stop = (start + length).min(text.len());
        text.splice(start..stop, bytes.iter().copied());
    }
    text.truncate(text.len() * usize::from(end) / 1000);
    text
}

proptest! {
    #[test]
    fn struck_texts_are_read_rejected_or_refused(which in 0..SEEDS.len(), blows in blows(), end in 0_u16..=1000) {
        let (kind, table, good) = SEEDS[which];
        let text = struck(good, &blows, end);
        if let Ok(summary) = read_bytes(kind, table, &text) {
            let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let told = summary.records + summary.rejected + summary.duplicates;
            // JSON and XML may hold several entries in a line.
            prop_assert!(told <= lines + text.len() as u64 / 8, "{told} of {lines} lines");
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(which in 0..SEEDS.len(), bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (kind, table, _) = SEEDS[which];
        let _ = read_bytes(kind, table, &bytes);
    }
}

#[test]
fn good_texts_are_read_whole() {
    for (kind, table, good) in SEEDS {
        let summary = read_bytes(kind, table, good).unwrap();
        assert!(
            summary.records > 0 && summary.rejected == 0,
            "{kind:?} {summary:?}"
        );
    }
}
