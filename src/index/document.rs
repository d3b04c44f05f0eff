//! From an entry of the store to a document of the index: its views, its terms and its columns.

use tantivy::TantivyDocument;

use super::schema::{self, ACTIVITY_COLUMNS, Fields, GRAM, hash};
use crate::directory::mailbox::Mailbox;
use crate::directory::professional::{Activity, Professional};
use crate::directory::structure::{Address, Structure};
use crate::directory::text::{fold, fold_exact, variants};
use crate::query::Kind;
use crate::query::evaluate::{equality_form, forms};
use crate::store::documents::Document;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::{json, ldap};

/// The id by which the change log names an entry.
pub fn id(kind: Kind, entity: i64) -> String {
    let letter = match kind {
        Kind::Professional => 'p',
        Kind::Structure => 's',
        Kind::Mailbox => 'm',
    };
    format!("{letter}{entity}")
}

/// Makes the document of an entry.
pub fn make(fields: &Fields, document: &Document) -> TantivyDocument {
    match document {
        Document::Professional(id, professional) => of_professional(fields, *id, professional),
        Document::Structure(id, structure) => of_structure(fields, *id, structure),
        Document::Mailbox(id, mailbox) => of_mailbox(fields, *id, mailbox),
    }
}

struct Maker<'f> {
    fields: &'f Fields,
    doc: TantivyDocument,
    /// May hold a term twice until the document is finished.
    terms: Vec<String>,
}

impl<'f> Maker<'f> {
    fn new(fields: &'f Fields, kind: Kind, entity: i64, name: &str, entry: &[u8], json: &str) -> Self {
        let mut doc = TantivyDocument::default();
        doc.add_text(fields.id, id(kind, entity));
        doc.add_u64(fields.entity, entity.unsigned_abs());
        doc.add_u64(fields.kind, kind as u64);
        doc.add_u64(fields.rank, rank(name));
        doc.add_bytes(fields.entry, entry);
        doc.add_text(fields.json, json);
        let mut maker = Self {
            fields,
            doc,
            terms: vec![schema::kind_term(kind)],
        };
        maker.add_entry(kind, EntryView::new(entry));
        maker
    }

    /// The terms by which LDAP filters find the entry.
    fn add_entry(&mut self, kind: Kind, entry: EntryView<'_>) {
        for (field, values) in entry.fields() {
            let matching = field.matching();
            self.terms.push(schema::presence_term(field));
            for value in values.values() {
                self.terms
                    .push(schema::equality_term(field, &equality_form(matching, value)));
            }
            if schema::has_grams(kind, field) {
                for form in forms(field, matching, entry) {
                    self.terms
                        .extend(schema::grams(&form).map(|gram| schema::gram_term(field, gram)));
                    for letters in 1..=GRAM {
                        self.terms
                            .push(schema::initial_term(field, schema::beginning(&form, letters)));
                    }
                }
            }
        }
    }

    fn key(&mut self, kind: Kind, key: &str) {
        if !key.is_empty() {
            self.terms.push(schema::key_term(kind, &fold_exact(key)));
        }
    }

    fn name_words(&mut self, text: &str) {
        for form in variants(text) {
            self.terms.extend(form.split(' ').map(schema::name_word));
        }
    }

    fn other_words(&mut self, text: &str) {
        for form in variants(text) {
            self.terms.extend(form.split(' ').map(schema::other_word));
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
        for text in [
            &structure.nom,
            &structure.enseigne,
            &structure.finess,
            &structure.siret,
        ] {
            self.other_words(text);
        }
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
        let values: [u64; ACTIVITY_COLUMNS] = [
            practice,
            hash(profession),
            hash(mode),
            hash(text(|a| &a.departement)),
            hash(text(|a| &a.code_postal)),
            hash(&fold(text(|a| &a.commune))),
            hash(text(|a| &a.code_insee)),
            hash(place.map_or("", |s| &s.id)),
        ];
        for (column, value) in self.fields.activity.iter().zip(values) {
            self.doc.add_u64(*column, value);
        }
        let position = place.and_then(|s| s.position);
        self.doc
            .add_f64(self.fields.lat, position.map_or(f64::NAN, |p| p.lat));
        self.doc
            .add_f64(self.fields.lon, position.map_or(f64::NAN, |p| p.lon));
    }

    fn qualification(&mut self, practice: u64, code: &str) {
        self.doc.add_u64(self.fields.qualification, hash(code));
        self.doc.add_u64(self.fields.qualification_practice, practice);
    }

    fn finish(mut self, suggestion: [&str; 4], has_mailbox: bool) -> TantivyDocument {
        self.doc.add_u64(self.fields.has_mailbox, u64::from(has_mailbox));
        self.doc.add_text(
            self.fields.suggestion,
            suggestion.map(|part| part.replace('\t', " ")).join("\t"),
        );
        self.terms.sort_unstable();
        self.terms.dedup();
        for term in self.terms {
            self.doc.add_text(self.fields.term, term);
        }
        self.doc
    }
}

fn of_professional(fields: &Fields, id: i64, p: &Professional) -> TantivyDocument {
    let name = format!("{} {}", p.nom, p.prenom);
    let mut maker = Maker::new(
        fields,
        Kind::Professional,
        id,
        &name,
        &ldap::professional(p),
        &json::professional(p),
    );
    for key in [&p.identification_nationale, &p.identifiant, &p.id] {
        maker.key(Kind::Professional, key);
    }
    maker.name_words(&p.nom);
    maker.name_words(&p.prenom);
    maker.other_words(&p.identification_nationale);
    maker.other_words(&p.identifiant);
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
    maker.finish(
        [
            &name,
            &detail(profession, town),
            &p.identification_nationale,
            address,
        ],
        !p.mailboxes.is_empty(),
    )
}

fn of_structure(fields: &Fields, id: i64, s: &Structure) -> TantivyDocument {
    let mut maker = Maker::new(
        fields,
        Kind::Structure,
        id,
        &s.nom,
        &ldap::structure(s),
        &json::structure(s),
    );
    for key in [&s.identifiant, &s.finess, &s.siret, &s.ancien_identifiant, &s.id] {
        maker.key(Kind::Structure, key);
    }
    maker.name_words(&s.nom);
    maker.name_words(&s.enseigne);
    maker.structure_words(s);
    if let Some(categorie) = &s.categorie {
        maker.other_words(&categorie.libelle);
    }
    maker.place(0, "", "", Some(s), None);
    let category = s.categorie.as_ref().map_or("", |c| &*c.libelle);
    maker.finish(
        [&s.nom, &detail(category, &s.adresse.commune), &s.identifiant, ""],
        s.mailboxes > 0,
    )
}

fn of_mailbox(fields: &Fields, id: i64, m: &Mailbox) -> TantivyDocument {
    let entry = ldap::mailbox(m);
    let view = EntryView::new(&entry);
    let name = view.first(Field::Cn).unwrap_or("").to_owned();
    let mut maker = Maker::new(fields, Kind::Mailbox, id, &name, &entry, &json::mailbox(m));
    if !m.telephone.is_empty() {
        maker.doc.add_bytes(fields.signed_in, &ldap::mailbox_signed_in(m));
    }
    maker.key(Kind::Mailbox, &m.adresse);
    maker.key(Kind::Mailbox, &m.id);
    maker.name_words(&name);
    maker.other_words(&m.adresse);
    maker.terms.push(schema::other_word(&m.adresse));
    for field in [
        Field::Title,
        Field::O,
        Field::Ou,
        Field::L,
        Field::St,
        Field::PostalCode,
        Field::EmployeeNumber,
        Field::IdentifiantPp,
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
            maker.terms.push(schema::structure_term(&structure.id));
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
    maker.finish([&name, &precision, &m.adresse, &m.adresse], true)
}

fn detail(what: &str, town: &str) -> String {
    [what, town]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Alphabetical order as a number: the first eight bytes of the folded name.
fn rank(name: &str) -> u64 {
    let folded = fold(name);
    let mut bytes = [0; 8];
    for (byte, letter) in bytes.iter_mut().zip(folded.bytes()) {
        *byte = letter;
    }
    u64::from_be_bytes(bytes)
}
