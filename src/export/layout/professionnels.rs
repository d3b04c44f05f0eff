//! `PS_LibreAcces_Personne_activite`: one row per professional, practice, qualification and activity.
//! The store keeps the postal lines of a structure, not their parts: they stand together in the street's column.

use super::{Column, Family, Layout, empty, family, label, sql};
use crate::visibility::visible_box;

pub static LAYOUT: Layout = Layout {
    nom: "professionnels",
    description: "Les professionnels, leurs exercices et leurs activités, au format officiel Personne_activite",
    genre: 'p',
    columns: COLUMNS,
    header: Some(include_str!("../../../import/layouts/personne_activite.txt")),
    from: "professionals p \
        join practices e on e.professional_id = p.id \
        left join (select distinct professional_id, profession, categorie, type_savoir_faire, savoir_faire \
                   from qualifications) q \
          on q.professional_id = p.id and q.profession = e.profession and q.categorie = e.categorie \
        left join activities x \
          on x.professional_id = p.id and x.profession = e.profession and x.categorie = e.categorie \
        left join structures s on s.id = x.structure_id",
    visible: "true",
    public_id: "p.public_id",
    entity: "p.id",
    order: "p.id, e.profession, e.categorie, q.type_savoir_faire, q.savoir_faire, x.rang",
    touched: Some(
        "select x.professional_id from journal j join activities x on x.structure_id = j.entity_id where j.genre = 's' and not j.neighbour",
    ),
    filters: &[
        ("profession", "e.profession = any({})"),
        ("savoir_faire", "q.savoir_faire = any({})"),
        ("mode_exercice", "x.mode_exercice = any({})"),
        ("departement", "s.departement = any({})"),
        ("code_postal", "s.code_postal = any({})"),
        ("commune", super::OF_TOWN),
        (
            "structure",
            "(s.finess = any({}) or s.siret = any({}) or s.siren = any({}) or s.identifiant = any({}))",
        ),
        (
            "avec_messagerie",
            concat!(
                "exists (select 1 from mailbox_attachments b join mailboxes m on m.id = b.mailbox_id \
                  where b.identification_nationale = p.identification_nationale and m.type_bal = 'PER' and ",
                visible_box!(),
                ")::text = any({})"
            ),
        ),
    ],
};

const COLUMNS: &[Column] = &[
    sql("type_identifiant_pp", "left(p.identification_nationale, 1)"),
    sql("identifiant_pp", "p.identifiant"),
    sql("identification_nationale", "p.identification_nationale"),
    sql("civilite_exercice", "p.civilite_exercice"),
    label("libelle_civilite_exercice", "civilite_exercice", &["TRE_R11"]),
    sql("civilite", "p.civilite"),
    label("libelle_civilite", "civilite", &["TRE_R81"]),
    sql("nom", "p.nom"),
    sql("prenom", "p.prenom"),
    sql("profession", "e.profession"),
    family("libelle_profession", "profession", Family::Profession),
    sql("categorie", "e.categorie"),
    label("libelle_categorie", "categorie", &["TRE_R09"]),
    sql("type_savoir_faire", "q.type_savoir_faire"),
    label("libelle_type_savoir_faire", "type_savoir_faire", &["TRE_R04"]),
    sql("savoir_faire", "q.savoir_faire"),
    family(
        "libelle_savoir_faire",
        "savoir_faire",
        Family::Qualification("type_savoir_faire"),
    ),
    sql("mode_exercice", "x.mode_exercice"),
    label("libelle_mode_exercice", "mode_exercice", &["TRE_R23"]),
    sql("siret", "s.siret"),
    sql("siren", "s.siren"),
    sql("finess", "s.finess"),
    sql("finess_ej", "s.finess_ej"),
    sql("identifiant_technique", "x.identifiant_technique"),
    sql("raison_sociale", "s.nom"),
    sql("enseigne", "s.enseigne"),
    empty("complement_destinataire"),
    empty("complement_point_geographique"),
    empty("numero_voie"),
    empty("indice_repetition"),
    empty("type_voie"),
    empty("libelle_type_voie"),
    sql("voie", "array_to_string(s.lignes, ', ')"),
    empty("mention_distribution"),
    empty("bureau_cedex"),
    sql("code_postal", "s.code_postal"),
    sql("code_commune", "s.code_insee"),
    sql("commune", "s.commune"),
    sql("code_pays", "s.pays"),
    label("pays", "code_pays", &["TRE_R20"]),
    sql("telephone", "s.telephone"),
    empty("telephone_2"),
    sql("telecopie", "s.telecopie"),
    empty("email"),
    sql("departement", "s.departement"),
    label("libelle_departement", "departement", &["TRE_G09"]),
    sql("ancien_identifiant", "s.ancien_identifiant"),
    sql("autorite", "x.autorite"),
    sql("secteur", "x.secteur"),
    label("libelle_secteur", "secteur", &["TRE_R02"]),
    sql("section_pharmacien", "x.section_pharmacien"),
    label("libelle_section_pharmacien", "section_pharmacien", &["TRE_R06"]),
    sql("role", "x.role"),
    label("libelle_role", "role", &["TRE_R21", "TRE_R85"]),
    sql("genre_activite", "x.genre"),
    label("libelle_genre_activite", "genre_activite", &["TRE_R22"]),
];
