//! Structures, one a row: establishments of FINESS and practices of RPPS alike, which no official layout has together.

use super::{Column, Layout, label, sql};
use crate::visibility::visible_box;

/// Structures, and as `b` those of them that have mailboxes, by the rule of searches: a visible box's row names the
/// structure by one of its aliases, and of several that share one the first known answers for it
/// (`store/documents/structures.rs`). All boxes at once, by joins: asked for each structure, it would take as long as
/// the rest. Postgres leaves the join out where no filter asks for it.
const STRUCTURES: &str = concat!(
    "structures s \
     left join (select distinct min(n.id) as id \
                from (select o.id, unnest(array['1' || nullif(o.finess, ''), '2' || nullif(o.siren, ''), \
                          '3' || nullif(o.siret, ''), nullif(o.ancien_identifiant, ''), \
                          nullif(o.identifiant, '')]) as alias \
                      from structures o) n \
                where n.alias in (select a.type_structure || a.identifiant_structure \
                    from mailbox_attachments a join mailboxes m on m.id = a.mailbox_id \
                    where a.identifiant_structure <> '' and ",
    visible_box!(),
    ") group by n.alias) b on b.id = s.id"
);

pub static LAYOUT: Layout = Layout {
    nom: "structures",
    description: "Les structures : établissements FINESS et cabinets, une par ligne",
    genre: 's',
    columns: COLUMNS,
    header: None,
    from: STRUCTURES,
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
        ("avec_messagerie", "(b.id is not null)::text = any({})"),
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
