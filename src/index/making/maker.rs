//! Puts one document together: its terms, its columns and its record.

use super::collected::Collected;
use super::columns::{Columns, Place, Qualification, Single};
use super::document::{Made, entity_key};
use super::lexicon::Lexicon;
use super::memo::Memo;
use crate::directory::cell::Cell;
use crate::directory::structure::{Address, Structure};
use crate::directory::text::{fold, fold_exact};
use crate::index::fields::{self, Family};
use crate::index::rank::rank;
use crate::index::record::{Packer, Parts};
use crate::index::schema::{ACTIVITY_COLUMNS, hash};
use crate::index::terms::{self, FacetTerm, Term};
use crate::query::Kind;
use crate::query::forms::{equality_form, forms_by};
use crate::view::entry::EntryView;
use crate::view::field::{Field, Matching};

/// What a maker of documents keeps from one to the next.
#[derive(Debug, Default)]
pub struct Tools {
    memo: Memo,
    packer: Packer,
    /// The terms of the document made last.
    pub terms: Collected,
}

impl Tools {
    /// What the numbers of terms mean. All else is given up.
    pub fn into_lexicon(self) -> Lexicon {
        self.terms.into_lexicon()
    }
}

/// Octets of the longest name by which entries are told apart and put in order.
const LONGEST_NAME: usize = 1000;

/// The fields whose forms searches read as they are kept.
fn kept_forms(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Mailbox => &[Field::Cn, Field::Mail, Field::DisplayName, Field::O],
        Kind::Professional => &[Field::Cn, Field::Mail],
        Kind::Structure => &[Field::Cn],
    }
}

/// Whether many entries have the same values of a field.
fn is_often_the_same(field: Field) -> bool {
    !matches!(field, Field::Cn | Field::Street) && field.matching() == Matching::Name
}

/// A document being made.
pub struct Maker<'t> {
    kind: Kind,
    entity: i64,
    columns: Columns,
    tools: &'t mut Tools,
}

impl<'t> Maker<'t> {
    /// Begins the document of an entry.
    pub fn new(tools: &'t mut Tools, kind: Kind, entity: i64) -> Self {
        tools.terms.clear();
        Self {
            kind,
            entity,
            columns: Columns::default(),
            tools,
        }
    }

    /// The terms by which LDAP filters find the entry.
    fn add_entry(&mut self, entry: EntryView<'_>, kept: &[(Field, &str)]) {
        let kind = self.kind;
        for (field, values) in entry.fields() {
            if fields::has_presence(kind, field) {
                self.push(Term::presence(field));
            }
            if fields::has_heads(kind, field) {
                for value in values.values() {
                    let folded = self.tools.memo.fold(value);
                    let heads = folded.variants.iter().map(|form| terms::head_of(form));
                    heads.for_each(|head| self.tools.terms.push(Term::value_head(field, head)));
                }
            }
            if fields::has_equality(kind, field) {
                for value in values.values() {
                    if is_often_the_same(field) {
                        let folded = self.tools.memo.fold(value);
                        self.push(Term::equality(field, &folded.equality));
                    } else {
                        self.push(Term::equality(field, &equality_form(field.matching(), value)));
                    }
                }
            }
        }
        for family in Family::ALL {
            let of_family: Vec<(Field, &str)> = kept
                .iter()
                .filter(|(field, _)| Family::of(kind, *field) == Some(family))
                .copied()
                .collect();
            let terms = &mut self.tools.terms;
            terms.push_forms(family, family.lengths(kind), &of_family);
        }
    }

    /// Adds one term.
    pub fn push(&mut self, term: Term<'_>) {
        self.tools.terms.push(term);
    }

    /// A name by which the entry is asked for as a whole.
    pub fn key(&mut self, key: &str) {
        if !key.is_empty() {
            self.push(Term::key(self.kind, &fold_exact(key)));
        }
    }

    /// Words by which the entry is found besides its name.
    pub fn other_words(&mut self, text: &str) {
        let Tools { memo, terms, .. } = &mut *self.tools;
        let folded = memo.fold(text);
        let numbers = folded.words.get_or_init(|| {
            let words = folded.variants.iter().flat_map(|form| form.split(' '));
            words
                .filter_map(|word| terms.number(Term::other_word(word)))
                .collect()
        });
        numbers.iter().for_each(|number| terms.add(*number));
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

    /// Name and place of a structure.
    pub fn structure_words(&mut self, structure: &Structure) {
        self.other_words(&structure.nom);
        self.other_words(&structure.enseigne);
        self.address_words(&structure.adresse);
    }

    /// One value in each column of activities.
    pub fn place(
        &mut self,
        practice: u64,
        profession: &str,
        mode: &str,
        place: Option<&Structure>,
        address: Option<&Address>,
    ) {
        let address = place.map(|s| &s.adresse).or(address);
        let text = |pick: fn(&Address) -> &str| address.map_or("", pick);
        let commune = self.tools.memo.fold(text(|a| &a.commune));
        let commune = commune.variants.first().map_or("", String::as_str);
        let facets = [
            (FacetTerm::Profession, profession),
            (FacetTerm::Mode, mode),
            (FacetTerm::Departement, text(|a| &a.departement)),
            (FacetTerm::CodePostal, text(|a| &a.code_postal)),
            (FacetTerm::Commune, commune),
            (FacetTerm::Commune, text(|a| &a.code_insee)),
            (FacetTerm::Structure, place.map_or("", |s| &s.id)),
        ];
        let mut activity = [practice; ACTIVITY_COLUMNS];
        for ((facet, value), column) in facets.into_iter().zip(&mut activity[1..]) {
            *column = hash(value);
            if !value.is_empty() {
                self.push(Term::facet(facet, value));
            }
        }
        let position = place.and_then(|s| s.position);
        if let Some(position) = position {
            self.push(Term::facet(FacetTerm::Cell, &Cell::of(position).to_string()));
        }
        self.columns.places.push(Place {
            activity,
            lat: position.map_or(f64::NAN, |p| p.lat),
            lon: position.map_or(f64::NAN, |p| p.lon),
        });
    }

    /// A qualification, in the columns of its own.
    pub fn qualification(&mut self, practice: u64, code: &str) {
        self.push(Term::facet(FacetTerm::SavoirFaire, code));
        self.columns.qualifications.push(Qualification {
            code: hash(code),
            practice,
        });
    }

    /// The finished document. `entry` is what LDAP answers, its first `cn` gives the order.
    pub fn finish(mut self, shown: &Shown<'_>) -> Made {
        let kind = self.kind;
        let entry = EntryView::new(shown.entry);
        let kept: Vec<(Field, String)> = kept_forms(kind)
            .iter()
            .map(|field| (*field, forms_by(*field, entry, |text| self.tools.memo.fold(text))))
            .collect();
        let kept: Vec<(Field, &str)> = kept.iter().map(|(field, text)| (*field, text.as_str())).collect();
        self.add_entry(entry, &kept);
        let mut name = fold(entry.first(Field::Cn).unwrap_or(""));
        // Marks and cookies have it in them. No name is so long that is one.
        name.truncate(name.floor_char_boundary(LONGEST_NAME));
        let rank = rank(kind, &name);
        self.columns.single = Single {
            key: entity_key(kind, self.entity),
            rank,
            entity: self.entity.unsigned_abs(),
            words: name.split(' ').count() as u64,
            has_mailbox: shown.has_mailbox,
        };
        let mut record = Vec::with_capacity(shown.entry.len() + shown.json.len());
        Parts {
            rank,
            entity: self.entity.unsigned_abs(),
            name: &name,
            forms: &kept,
            entry: shown.entry,
            is_hot: kind == Kind::Mailbox,
            signed_in: shown.signed_in,
            suggestion: &shown.suggestion.map(|part| part.replace('\t', " ")).join("\t"),
            json: shown.json,
        }
        .write(&mut self.tools.packer, &mut record);
        Made {
            columns: self.columns,
            record,
        }
    }
}

/// The views of an entry.
pub struct Shown<'a> {
    pub entry: &'a [u8],
    pub signed_in: &'a [u8],
    pub json: &'a str,
    /// Label, detail, identifier, address.
    pub suggestion: [&'a str; 4],
    pub has_mailbox: bool,
}
