//! `Extraction_Correspondance_MSSante`: one row per attachment of a published mailbox, in the 31 official columns.
//! Whoever answers for an organisation's or a machine's mailbox is not public: a person is named for `PER` only.

use super::{Column, Layout, sql};
use crate::visibility::VISIBLE_BOX;

pub static LAYOUT: Layout = Layout {
    nom: "correspondance",
    description: "Les messageries publiées et leurs rattachements, au format officiel de la correspondance MSSanté",
    genre: 'm',
    columns: COLUMNS,
    header: Some(include_str!("../../../import/layouts/correspondance_mssante.txt")),
    from: "mailboxes m join mailbox_attachments a on a.mailbox_id = m.id",
    visible: VISIBLE_BOX,
    public_id: "m.public_id",
    entity: "m.id",
    order: "m.id, a.rang",
    touched: None,
    filters: &[
        ("profession", "m.type_bal = 'PER' and a.profession = any({})"),
        ("savoir_faire", "m.type_bal = 'PER' and a.savoir_faire = any({})"),
        ("departement", "a.departement = any({})"),
        ("code_postal", "a.code_postal = any({})"),
        (
            "structure",
            "a.identifiant_structure <> '' and (a.identifiant_structure = any({}) \
             or a.type_structure || a.identifiant_structure = any({}) or 'F' || a.identifiant_structure = any({}))",
        ),
        ("type_bal", "m.type_bal = any({})"),
        ("domaine", "m.domaine = any({})"),
    ],
};

macro_rules! person {
    ($name:literal) => {
        sql(
            $name,
            concat!("case when m.type_bal = 'PER' then a.", $name, " else '' end"),
        )
    };
}

macro_rules! attachment {
    ($name:literal) => {
        sql($name, concat!("a.", $name))
    };
}

const COLUMNS: &[Column] = &[
    sql("type_bal", "m.type_bal"),
    sql("adresse", "m.adresse_publiee"),
    person!("type_identifiant_pp"),
    person!("identifiant_pp"),
    person!("identification_nationale"),
    attachment!("type_structure"),
    attachment!("identifiant_structure"),
    attachment!("service"),
    person!("civilite_exercice"),
    person!("nom"),
    person!("prenom"),
    person!("categorie"),
    person!("libelle_categorie"),
    person!("profession"),
    person!("libelle_profession"),
    person!("savoir_faire"),
    person!("libelle_savoir_faire"),
    attachment!("dematerialisation"),
    attachment!("raison_sociale"),
    attachment!("enseigne"),
    attachment!("l2_complement"),
    attachment!("l3_complement"),
    attachment!("l4_numero"),
    attachment!("l4_complement_numero"),
    attachment!("l4_type_voie"),
    attachment!("l4_voie"),
    attachment!("l5_mention"),
    attachment!("l6_acheminement"),
    attachment!("code_postal"),
    attachment!("departement"),
    attachment!("pays"),
];
