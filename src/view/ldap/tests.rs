use super::*;
use crate::directory::coordinates::Position;
use crate::directory::mailbox::MailboxSummary;
use crate::directory::professional::{Activity, Practice, Qualification};
use crate::directory::structure::StructureKind;
use crate::view::entry::EntryView;

fn labelled(code: &str, libelle: &str) -> Labelled {
    Labelled {
        code: code.into(),
        libelle: libelle.into(),
    }
}

fn address() -> Address {
    Address {
        lignes: vec!["12 RUE DES ESSAIS".into()],
        code_postal: "99100".into(),
        commune: "VILLE-EXEMPLE".into(),
        departement: "99".into(),
        ..Address::default()
    }
}

fn clinic() -> Structure {
    Structure {
        id: "s_1".into(),
        kind: StructureKind::Etablissement,
        identifiant: "F990000001".into(),
        finess: "990000001".into(),
        finess_ej: String::new(),
        siret: String::new(),
        siren: String::new(),
        ancien_identifiant: String::new(),
        nom: "CLINIQUE EXEMPLE".into(),
        enseigne: String::new(),
        categorie: Some(labelled("365", "Etablissement de Soins Chirurgicaux")),
        statut_juridique: None,
        adresse: address(),
        telephone: "0499000001".into(),
        telecopie: String::new(),
        position: Some(Position {
            lat: 45.5,
            lon: -1.25,
        }),
        position_approchee: false,
        ouverte: true,
        mailboxes: 1,
        created_at: 0,
        modified_at: 86_399,
    }
}

fn claire() -> Professional {
    Professional {
        id: "p_1".into(),
        identification_nationale: "899000000011".into(),
        identifiant: "99000000011".into(),
        civilite: None,
        civilite_exercice: None,
        nom: "TESTEUR".into(),
        prenom: "Claire".into(),
        practices: vec![Practice {
            profession: labelled("10", "Médecin"),
            categorie: None,
            qualifications: vec![Qualification {
                type_savoir_faire: labelled("S", "Spécialité ordinale"),
                savoir_faire: labelled("SM54", "Médecine générale"),
            }],
            activities: vec![Activity {
                mode_exercice: Some(labelled("L", "Libéral")),
                role: None,
                genre: None,
                secteur: None,
                section_pharmacien: None,
                structure: Some(Arc::new(clinic())),
            }],
        }],
        diplomas: vec![],
        mailboxes: vec![MailboxSummary {
            adresse: "claire.testeur@a-exemple.mssante.fr".into(),
            type_bal: "PER".into(),
        }],
        created_at: 0,
        modified_at: 0,
    }
}

fn row() -> Attachment {
    Attachment {
        type_identifiant_pp: String::new(),
        identifiant_pp: String::new(),
        identification_nationale: String::new(),
        type_structure: "1".into(),
        identifiant_structure: "990000001".into(),
        service: "ADDICTOLOGIE".into(),
        nom: String::new(),
        prenom: String::new(),
        categorie: None,
        profession: None,
        savoir_faire: None,
        raison_sociale: String::new(),
        enseigne: String::new(),
        adresse: Address::default(),
        structure: Some(Arc::new(clinic())),
    }
}

fn a_box(type_bal: &str, row: Attachment, professional: Option<Professional>) -> Mailbox {
    Mailbox {
        id: "b_1".into(),
        adresse: "claire.testeur@a-exemple.mssante.fr".into(),
        adresse_publiee: "Claire.Testeur@a-exemple.mssante.fr".into(),
        type_bal: type_bal.into(),
        domaine: "a-exemple.mssante.fr".into(),
        domaine_de_confiance: None,
        rang: None,
        description: String::new(),
        dematerialisation: Some(true),
        telephone: "0699000001".into(),
        attachments: vec![row],
        professional: professional.map(Arc::new),
        created_at: 0,
        modified_at: 0,
    }
}

fn values(bytes: &[u8], field: Field) -> Vec<String> {
    EntryView(bytes)
        .get(field)
        .map_or_else(Vec::new, |set| set.values().map(str::to_owned).collect())
}

#[test]
fn a_nominative_box_has_its_holder_s_name_in_both_orders() {
    let entry = mailbox(&a_box("PER", row(), Some(claire())));
    assert_eq!(values(&entry, Field::Cn), ["TESTEUR Claire", "Claire TESTEUR"]);
    assert_eq!(
        values(&entry, Field::DisplayName),
        ["TESTEUR Claire (Médecin, VILLE-EXEMPLE)"]
    );
    assert_eq!(values(&entry, Field::Title), ["Médecin, Médecine générale"]);
    assert_eq!(values(&entry, Field::IdentifiantPp), ["99000000011"]);
    assert_eq!(values(&entry, Field::TypeIdentifiantPp), ["8"]);
    assert_eq!(values(&entry, Field::EmployeeNumber), ["899000000011"]);
    assert_eq!(values(&entry, Field::TypeIdentifiantPm), ["FINESS"]);
    assert_eq!(
        values(&entry, Field::PostalAddress),
        ["12 RUE DES ESSAIS$99100 VILLE-EXEMPLE"]
    );
}

#[test]
fn a_holder_unknown_to_the_directory_keeps_the_row_s_words() {
    let unknown = Attachment {
        nom: "SANSNOM".into(),
        prenom: "Ève".into(),
        identification_nationale: "0991234567".into(),
        profession: Some(labelled("50", "Sage-femme")),
        ..row()
    };
    let entry = mailbox(&a_box("PER", unknown, None));
    assert_eq!(values(&entry, Field::Sn), ["SANSNOM"]);
    assert_eq!(values(&entry, Field::Profession), ["50"]);
    assert_eq!(values(&entry, Field::TypeIdentifiantPp), ["0"]);
}

#[test]
fn an_organisation_s_box_names_its_service_and_nobody() {
    for type_bal in ["ORG", "APP", "CAB"] {
        let responsible = Attachment {
            nom: "TESTEUR".into(),
            identification_nationale: "899000000011".into(),
            ..row()
        };
        let entry = mailbox(&a_box(type_bal, responsible, Some(claire())));
        assert_eq!(values(&entry, Field::Cn), ["CLINIQUE EXEMPLE - ADDICTOLOGIE"]);
        assert_eq!(values(&entry, Field::Sn), ["CLINIQUE EXEMPLE"]);
        for field in [Field::GivenName, Field::IdentifiantPp, Field::EmployeeNumber] {
            assert!(values(&entry, field).is_empty(), "{type_bal} {field:?}");
        }
    }
}

#[test]
fn the_box_s_own_telephone_is_in_no_public_entry() {
    let mine = a_box("PER", row(), Some(claire()));
    assert!(values(&mailbox(&mine), Field::Mobile).is_empty());
    assert_eq!(values(&mailbox_signed_in(&mine), Field::Mobile), ["0699000001"]);
    assert_eq!(values(&mailbox(&mine), Field::TelephoneNumber), ["0499000001"]);
}

#[test]
fn every_box_has_cn_sn_and_mail() {
    for type_bal in ["PER", "ORG", "APP", "CAB"] {
        let bare = Attachment {
            structure: None,
            service: String::new(),
            ..row()
        };
        let entry = mailbox(&a_box(type_bal, bare, None));
        for field in [Field::Cn, Field::Sn, Field::Mail] {
            assert!(!values(&entry, field).is_empty(), "{type_bal} {field:?}");
        }
    }
}

#[test]
fn a_professional_is_named_by_the_identification_nationale() {
    let entry = professional(&claire());
    assert_eq!(values(&entry, Field::Uid), ["899000000011"]);
    assert_eq!(
        values(&entry, Field::Mail),
        ["claire.testeur@a-exemple.mssante.fr"]
    );
    assert_eq!(values(&entry, Field::ModeExercice), ["L"]);
    assert_eq!(values(&entry, Field::CreateTimestamp), ["19700101000000Z"]);
}

#[test]
fn a_structure_has_its_numbers_and_its_place() {
    let entry = structure(&clinic());
    assert_eq!(values(&entry, Field::Uid), ["F990000001"]);
    assert_eq!(values(&entry, Field::Finess), ["990000001"]);
    assert_eq!(values(&entry, Field::Latitude), ["45.500000"]);
    assert_eq!(values(&entry, Field::ModifyTimestamp), ["19700101235959Z"]);
}

#[test]
fn signs_of_the_postal_syntax_are_escaped() {
    let address = Address {
        lignes: vec!["A$B\\C".into()],
        commune: "V".into(),
        ..Address::default()
    };
    assert_eq!(postal_address(&address), "A\\24B\\5CC$V");
}

#[test]
fn an_entry_uuid_is_stable_and_of_version_8() {
    let uuid = entry_uuid("b_1");
    assert_eq!(uuid, entry_uuid("b_1"));
    assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'8'));
}
