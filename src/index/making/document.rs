//! From an entry of the store to a document of the index: its views, its terms and its columns.

use super::columns::Columns;
use super::maker::{Maker, Shown, Tools};
use crate::directory::mailbox::Mailbox;
use crate::directory::professional::{Activity, Professional};
use crate::directory::structure::Structure;
use crate::index::terms::Term;
use crate::query::Kind;
use crate::store::documents::Document;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::{json, ldap};

/// What the index keeps of an entry besides its terms.
#[derive(Debug)]
pub struct Made {
    pub columns: Columns,
    /// For [`crate::index::views`].
    pub record: Vec<u8>,
}

/// The number by which a document is taken out of the index: the entry's in the store, with its kind.
pub fn entity_key(kind: Kind, entity: i64) -> u64 {
    entity.unsigned_abs() << 3 | kind as u64
}

/// Makes the document of an entry; its terms are left with the tools.
pub fn make(tools: &mut Tools, document: &Document) -> Made {
    match document {
        Document::Professional(id, professional) => of_professional(tools, *id, professional),
        Document::Structure(id, structure) => of_structure(tools, *id, structure),
        Document::Mailbox(id, mailbox) => of_mailbox(tools, *id, mailbox),
    }
}

fn of_professional(tools: &mut Tools, id: i64, p: &Professional) -> Made {
    let name = format!("{} {}", p.nom, p.prenom);
    let mut maker = Maker::new(tools, Kind::Professional, id);
    for key in [&p.identification_nationale, &p.identifiant, &p.id] {
        maker.key(key);
    }
    if let Some(civilite) = &p.civilite_exercice {
        maker.other_words(&civilite.code);
        maker.other_words(&civilite.libelle);
    }
    for (number, practice) in (1..).zip(&p.practices) {
        maker.other_words(&practice.profession.libelle);
        for q in &practice.qualifications {
            maker.other_words(&q.savoir_faire.libelle);
            maker.qualification(number, &q.savoir_faire.code);
        }
        let nowhere = Activity {
            mode_exercice: None,
            role: None,
            genre: None,
            secteur: None,
            section_pharmacien: None,
            structure: None,
        };
        let activities = if practice.activities.is_empty() {
            std::slice::from_ref(&nowhere)
        } else {
            &practice.activities
        };
        for a in activities {
            if let Some(structure) = &a.structure {
                maker.structure_words(structure);
            }
            let mode = a.mode_exercice.as_ref();
            if let Some(mode) = mode {
                maker.other_words(&mode.libelle);
            }
            maker.place(
                number,
                &practice.profession.code,
                mode.map_or("", |mode| &*mode.code),
                a.structure.as_deref(),
                None,
            );
        }
    }
    let profession = p
        .practices
        .first()
        .map_or("", |practice| &*practice.profession.libelle);
    let town = p.structures().next().map_or("", |s| s.adresse.commune.as_str());
    let address = p.mailboxes.first().map_or("", |m| m.adresse.as_str());
    let shown = Shown {
        entry: &ldap::professional(p),
        signed_in: &[],
        json: &json::professional(p),
        suggestion: [
            &name,
            &detail(profession, town),
            &p.identification_nationale,
            address,
        ],
        has_mailbox: !p.mailboxes.is_empty(),
    };
    maker.finish(&shown)
}

fn of_structure(tools: &mut Tools, id: i64, s: &Structure) -> Made {
    let mut maker = Maker::new(tools, Kind::Structure, id);
    for key in [&s.identifiant, &s.finess, &s.siret, &s.ancien_identifiant, &s.id] {
        maker.key(key);
    }
    maker.structure_words(s);
    if let Some(categorie) = &s.categorie {
        maker.other_words(&categorie.libelle);
    }
    maker.place(0, "", "", Some(s), None);
    let category = s.categorie.as_ref().map_or("", |c| &*c.libelle);
    let shown = Shown {
        entry: &ldap::structure(s),
        signed_in: &[],
        json: &json::structure(s),
        suggestion: [&s.nom, &detail(category, &s.adresse.commune), &s.identifiant, ""],
        has_mailbox: s.mailboxes > 0,
    };
    maker.finish(&shown)
}

fn of_mailbox(tools: &mut Tools, id: i64, m: &Mailbox) -> Made {
    let entry = ldap::mailbox(m);
    let view = EntryView::new(&entry);
    let name = view.first(Field::Cn).unwrap_or("").to_owned();
    let mut maker = Maker::new(tools, Kind::Mailbox, id);
    maker.key(&m.adresse);
    maker.key(&m.id);
    maker.other_words(&m.domaine);
    for field in [
        Field::Title,
        Field::O,
        Field::Ou,
        Field::L,
        Field::St,
        Field::PostalCode,
    ] {
        for value in view
            .get(field)
            .into_iter()
            .flat_map(|values| values.values().collect::<Vec<_>>())
        {
            maker.other_words(value);
        }
    }
    let profession = view.first(Field::Profession).unwrap_or("").to_owned();
    for code in view
        .get(Field::CodeSavoirFaire)
        .into_iter()
        .flat_map(|values| values.values().collect::<Vec<_>>())
    {
        maker.qualification(1, code);
    }
    for attachment in &m.attachments {
        if let Some(structure) = &attachment.structure {
            maker.push(Term::of_structure(&structure.id));
        }
        maker.place(
            1,
            &profession,
            "",
            attachment.structure.as_deref(),
            Some(&attachment.adresse),
        );
    }
    for (practice, activity) in m.professional.iter().flat_map(|p| {
        p.practices
            .iter()
            .flat_map(|x| x.activities.iter().map(move |a| (x, a)))
    }) {
        let mode = activity.mode_exercice.as_ref();
        if let Some(mode) = mode {
            maker.other_words(&mode.libelle);
        }
        maker.place(
            1,
            &practice.profession.code,
            mode.map_or("", |mode| &*mode.code),
            activity.structure.as_deref(),
            None,
        );
    }
    let precision = detail(
        view.first(Field::Title).unwrap_or(""),
        view.first(Field::L).unwrap_or(""),
    );
    let signed_in = match m.telephone.as_str() {
        "" => Vec::new(),
        _ => ldap::mailbox_signed_in(m),
    };
    let shown = Shown {
        entry: &entry,
        signed_in: &signed_in,
        json: &json::mailbox(m),
        suggestion: [&name, &precision, &m.adresse, &m.adresse],
        has_mailbox: true,
    };
    maker.finish(&shown)
}

fn detail(what: &str, town: &str) -> String {
    [what, town]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
