//! Structures, one a row: establishments of FINESS and practices of RPPS alike, which no official layout has together.

use super::{Column, Layout, label, sql};

pub static LAYOUT: Layout = Layout {
    nom: "structures",
    description: "Les structures : établissements FINESS et cabinets, une par ligne",
    genre: 's',
    columns: COLUMNS,
    header: None,
    from: "structures s",
    visible: "true",
    public_id: "s.public_id",
    entity: "s.id",
    order: "s.id",
    touched: None,
    filters: &[
        ("departement", "s.departement = any({})"),
        ("code_postal", "s.code_postal = any({})"),
        ("commune", super::OF_TOWN),
        (
            "structure",
            "(s.finess = any({}) or s.siret = any({}) or s.siren = any({}) or s.identifiant = any({}))",
        ),
        ("categorie", "s.categorie = any({})"),
        (
            "avec_messagerie",
            "exists (select 1 from mailbox_attachments b join mailboxes m on m.id = b.mailbox_id \
              where b.type_structure || b.identifiant_structure in ('1' || s.finess, '3' || s.siret, s.ancien_identifiant) \
                and b.identifiant_structure <> '' and not m.liste_rouge)::text = any({})",
        ),
    ],
};

const COLUMNS: &[Column] = &[
    sql("identifiant", "s.identifiant"),
    sql("genre", "s.genre"),
    sql("finess", "s.finess"),
    sql("finess_ej", "s.finess_ej"),
    sql("siret", "s.siret"),
    sql("siren", "s.siren"),
    sql("identifiant_technique", "s.identifiant_technique"),
    sql("nom", "s.nom"),
    sql("enseigne", "s.enseigne"),
    sql("categorie", "s.categorie"),
    label("libelle_categorie", "categorie", &["TRE_R66"]),
    sql("statut_juridique", "s.statut_juridique"),
    label("libelle_statut_juridique", "statut_juridique", &["TRE_R72"]),
    sql("adresse", "array_to_string(s.lignes, ', ')"),
    sql("code_postal", "s.code_postal"),
    sql("commune", "s.commune"),
    sql("code_insee", "s.code_insee"),
    sql("departement", "s.departement"),
    label("libelle_departement", "departement", &["TRE_G09"]),
    sql("pays", "s.pays"),
    sql("telephone", "s.telephone"),
    sql("telecopie", "s.telecopie"),
    sql("lat", "s.lat"),
    sql("lon", "s.lon"),
];
