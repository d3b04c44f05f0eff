//! From an entry of the store to a document of the index: its views, its terms and its columns.

use tantivy::TantivyDocument;

use super::rank::rank;
use super::schema::{Fields, hash};
use super::terms::{self, Collected, FacetTerm, Family};
use super::views::Parts;
use crate::directory::mailbox::Mailbox;
use crate::directory::professional::{Activity, Professional};
use crate::directory::structure::{Address, Structure};
use crate::directory::text::{fold, fold_exact, variants};
use crate::query::Kind;
use crate::query::forms::{equality_form, forms};
use crate::store::documents::Document;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::{json, ldap};

/// What the index keeps of an entry.
#[derive(Debug)]
pub struct Made {
    /// Still lacks the place of its record.
    pub doc: TantivyDocument,
    /// For [`super::views`].
    pub record: Vec<u8>,
}

/// The number by which a document is taken out of the index: the entry's in the store, with its kind.
pub fn entity_key(kind: Kind, entity: i64) -> u64 {
    entity.unsigned_abs() << 3 | kind as u64
}

/// Makes the document of an entry.
pub fn make(fields: &Fields, document: &Document) -> Made {
    match document {
        Document::Professional(id, professional) => of_professional(fields, *id, professional),
        Document::Structure(id, structure) => of_structure(fields, *id, structure),
        Document::Mailbox(id, mailbox) => of_mailbox(fields, *id, mailbox),
    }
}

/// The fields whose forms searches read as they are kept.
fn kept_forms(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Mailbox => &[Field::Cn, Field::Mail, Field::DisplayName, Field::O],
        Kind::Professional | Kind::Structure => &[Field::Cn],
    }
}

struct Maker<'f> {
    fields: &'f Fields,
    entity: u64,
    doc: TantivyDocument,
    terms: Collected,
}

impl<'f> Maker<'f> {
    fn new(fields: &'f Fields, kind: Kind, entity: i64) -> Self {
        let mut doc = TantivyDocument::default();
        doc.add_u64(fields.key, entity_key(kind, entity));
        doc.add_u64(fields.entity, entity.unsigned_abs());
        Self {
            fields,
            entity: entity.unsigned_abs(),
            doc,
            terms: Collected::default(),
        }
    }

    /// The terms by which LDAP filters find the entry.
    fn add_entry(&mut self, kind: Kind, entry: EntryView<'_>, kept: &[(Field, &str)]) {
        for (field, values) in entry.fields() {
            if !terms::is_always_there(kind, field) {
                self.terms.push(terms::presence(field));
            }
            if terms::has_equality(kind, field) {
                for value in values.values() {
                    self.terms
                        .push(terms::equality(field, &equality_form(field.matching(), value)));
                }
            }
        }
        for family in [Family::Name, Family::DisplayName, Family::Organisation] {
            let of_family: Vec<(Field, &str)> = kept
                .iter()
                .filter(|(field, _)| Family::of(kind, *field) == Some(family))
                .copied()
                .collect();
            self.terms.push_forms(family, &of_family);
        }
    }

    fn key(&mut self, kind: Kind, key: &str) {
        if !key.is_empty() {
            self.terms.push(terms::key(kind, &fold_exact(key)));
        }
    }

    fn other_words(&mut self, text: &str) {
        for form in variants(text) {
            form.split(' ')
                .for_each(|word| self.terms.push(terms::other_word(word)));
        }
    }

    fn address_words(&mut self, address: &Address) {
        for text in [
            &address.commune,
            &address.code_postal,
            &address.libelle_departement,
            &address.departement,
        ] {
            self.other_words(text);
        }
    }

    fn structure_words(&mut self, structure: &Structure) {
        self.other_words(&structure.nom);
        self.other_words(&structure.enseigne);
        self.address_words(&structure.adresse);
    }

    /// One value in each column of activities.
    fn place(
        &mut self,
        practice: u64,
        profession: &str,
        mode: &str,
        place: Option<&Structure>,
        address: Option<&Address>,
    ) {
        let address = place.map(|s| &s.adresse).or(address);
        let text = |pick: fn(&Address) -> &str| address.map_or("", pick);
        let commune = fold(text(|a| &a.commune));
        let facets = [
            (FacetTerm::Profession, profession),
            (FacetTerm::Mode, mode),
            (FacetTerm::Departement, text(|a| &a.departement)),
            (FacetTerm::CodePostal, text(|a| &a.code_postal)),
            (FacetTerm::Commune, &commune),
            (FacetTerm::Commune, text(|a| &a.code_insee)),
            (FacetTerm::Structure, place.map_or("", |s| &s.id)),
        ];
        self.doc.add_u64(self.fields.activity[0], practice);
        for ((facet, value), column) in facets.into_iter().zip(&self.fields.activity[1..]) {
            self.doc.add_u64(*column, hash(value));
            if !value.is_empty() {
                self.terms.push(terms::facet(facet, value));
            }
        }
        let position = place.and_then(|s| s.position);
        self.doc
            .add_f64(self.fields.lat, position.map_or(f64::NAN, |p| p.lat));
        self.doc
            .add_f64(self.fields.lon, position.map_or(f64::NAN, |p| p.lon));
    }

    fn qualification(&mut self, practice: u64, code: &str) {
        self.doc.add_u64(self.fields.qualification, hash(code));
        self.terms.push(terms::facet(FacetTerm::SavoirFaire, code));
        self.doc.add_u64(self.fields.qualification_practice, practice);
    }

    /// The finished document. `entry` is what LDAP answers, its first `cn` gives the order.
    fn finish(mut self, kind: Kind, shown: &Shown<'_>) -> Made {
        let entry = EntryView::new(shown.entry);
        let kept: Vec<(Field, String)> = kept_forms(kind)
            .iter()
            .map(|field| (*field, forms(*field, entry)))
            .collect();
        let kept: Vec<(Field, &str)> = kept.iter().map(|(field, text)| (*field, text.as_str())).collect();
        self.add_entry(kind, entry, &kept);
        let name = fold(entry.first(Field::Cn).unwrap_or(""));
        let rank = rank(kind, &name);
        self.doc.add_u64(self.fields.rank, rank);
        self.doc
            .add_u64(self.fields.words, name.split(' ').count() as u64);
        self.doc
            .add_u64(self.fields.has_mailbox, u64::from(shown.has_mailbox));
        self.doc.add_text(self.fields.term, self.terms.finish());
        let mut record = Vec::with_capacity(shown.entry.len() + shown.json.len());
        Parts {
            rank,
            entity: self.entity,
            name: &name,
            forms: &kept,
            entry: shown.entry,
            is_hot: kind == Kind::Mailbox,
            signed_in: shown.signed_in,
            suggestion: &shown.suggestion.map(|part| part.replace('\t', " ")).join("\t"),
            json: shown.json,
        }
        .write(&mut record);
        Made {
            doc: self.doc,
            record,
        }
    }
}

/// The views of an entry.
struct Shown<'a> {
    entry: &'a [u8],
    signed_in: &'a [u8],
    json: &'a str,
    /// Label, detail, identifier, address.
    suggestion: [&'a str; 4],
    has_mailbox: bool,
}

fn of_professional(fields: &Fields, id: i64, p: &Professional) -> Made {
    let name = format!("{} {}", p.nom, p.prenom);
    let mut maker = Maker::new(fields, Kind::Professional, id);
    for key in [&p.identification_nationale, &p.identifiant, &p.id] {
        maker.key(Kind::Professional, key);
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
            let mode = a.mode_exercice.as_ref().map_or("", |mode| &*mode.code);
            maker.place(
                number,
                &practice.profession.code,
                mode,
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
    maker.finish(Kind::Professional, &shown)
}

fn of_structure(fields: &Fields, id: i64, s: &Structure) -> Made {
    let mut maker = Maker::new(fields, Kind::Structure, id);
    for key in [&s.identifiant, &s.finess, &s.siret, &s.ancien_identifiant, &s.id] {
        maker.key(Kind::Structure, key);
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
    maker.finish(Kind::Structure, &shown)
}

fn of_mailbox(fields: &Fields, id: i64, m: &Mailbox) -> Made {
    let entry = ldap::mailbox(m);
    let view = EntryView::new(&entry);
    let name = view.first(Field::Cn).unwrap_or("").to_owned();
    let mut maker = Maker::new(fields, Kind::Mailbox, id);
    maker.key(Kind::Mailbox, &m.adresse);
    maker.key(Kind::Mailbox, &m.id);
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
            maker.terms.push(terms::of_structure(&structure.id));
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
        let mode = activity.mode_exercice.as_ref().map_or("", |mode| &*mode.code);
        maker.place(
            1,
            &practice.profession.code,
            mode,
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
    maker.finish(Kind::Mailbox, &shown)
}

fn detail(what: &str, town: &str) -> String {
    [what, town]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
