use std::sync::Arc;

use super::*;
use crate::directory::mailbox::{
    Attachment,
    example::{reception, row},
};
use crate::directory::professional::example::midwife;
use crate::directory::structure::example::clinic;

#[test]
fn a_structure_leaves_out_what_is_absent() {
    assert_eq!(
        structure(&clinic()),
        r#"{"type":"structure","id":"s_1","identifiant":"F990000001","finess":"990000001","#.to_owned()
            + r#""nom":"CLINIQUE EXEMPLE","genre":"etablissement","categorie":{"code":"355","libelle":"Centre hospitalier"},"#
            + r#""adresse":{"lignes":["12 RUE DES ESSAIS"],"code_postal":"99100","commune":"VILLE-EXEMPLE","departement":"99"},"#
            + r#""telephone":"0199000001","lat":47.2,"lon":-1.5,"position_approchee":true,"ouverte":true,"messageries":{"total":212}}"#
    );
}

#[test]
fn a_professional_has_the_agreed_shape() {
    assert_eq!(
        professional(&midwife()),
        r#"{"type":"professionnel","id":"p_1","identification_nationale":"899000000011","#.to_owned()
            + r#""identifiant":"99000000011","type_identifiant":"RPPS","civilite":"Madame","nom":"TESTEUR","prenom":"Claire","#
            + r#""exercices":[{"profession":{"code":"50","libelle":"Sage-femme"},"categorie":{"code":"C","libelle":"Civil"},"#
            + r#""savoir_faire":[{"type":"S","code":"SM54","libelle":"Médecine générale"}],"#
            + r#""activites":[{"mode_exercice":{"code":"L","libelle":"Libéral"},"#
            + r#""structure":{"id":"s_1","identifiant":"F990000001","finess":"990000001","nom":"CLINIQUE EXEMPLE","telephone":"0199000001","#
            + r#""adresse":{"lignes":["12 RUE DES ESSAIS"],"code_postal":"99100","commune":"VILLE-EXEMPLE","departement":"99"},"#
            + r#""lat":47.2,"lon":-1.5,"position_approchee":true}}]}],"#
            + r#""messageries":[{"adresse":"claire.testeur@a-exemple.mssante.fr","type":"PER"}]}"#
    );
}

#[test]
fn a_mailbox_never_shows_its_telephone_to_everybody() {
    let mailbox_ = reception(vec![row()]);
    assert_eq!(
        mailbox(&mailbox_),
        r#"{"type":"messagerie","id":"b_1","adresse":"accueil@a-exemple.mssante.fr","#.to_owned()
            + r#""type_bal":"ORG","domaine":"a-exemple.mssante.fr"}"#
    );
    assert_eq!(mailbox_signed_in(&mailbox_).as_deref(), Some("0699000001"));
}

#[test]
fn a_holder_unknown_to_the_directory_keeps_the_rows_own_names() {
    let named = Attachment {
        nom: "TESTEUR".into(),
        prenom: "Claire".into(),
        type_structure: "1".into(),
        identifiant_structure: "990000002".into(),
        raison_sociale: "HOPITAL EXEMPLE".into(),
        ..row()
    };
    let json = mailbox(&reception(vec![named]));
    assert!(json.contains(r#""professionnel":{"nom":"TESTEUR","prenom":"Claire"}"#));
    assert!(json.contains(r#""structure":{"finess":"990000002","nom":"HOPITAL EXEMPLE"}"#));
}

#[test]
fn several_rows_at_one_structure_name_it_once() {
    let at = |structure: Structure| Attachment {
        structure: Some(Arc::new(structure)),
        ..row()
    };
    let other = Structure {
        id: "s_2".into(),
        ..clinic()
    };
    let json = mailbox(&reception(vec![at(clinic()), at(clinic()), at(other)]));
    assert_eq!(json.matches(r#""id":"s_1""#).count(), 1);
    assert!(json.contains(r#""autres_structures":[{"id":"s_2""#));
}

#[test]
fn a_member_is_added_at_the_end_of_an_object_only() {
    assert_eq!(
        with_member(r#"{"a":1}"#, "distance_km", &1.5),
        r#"{"a":1,"distance_km":1.5}"#
    );
    assert_eq!(with_member("{}", "telephone", &"01"), r#"{"telephone":"01"}"#);
    assert_eq!(with_member("[]", "a", &1), "[]");
}
