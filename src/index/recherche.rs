//! Full-text search: words in any order, each met exactly, as a beginning, or with a typing error.
//!
//! Scores come from the kind of match alone, never from counts over the corpus, so that nothing hidden weighs.

mod asked;
mod best;
mod facets;
mod filters;
mod places;
mod score;
mod together;
mod words;

use tantivy::{DocAddress, SegmentReader};

use self::asked::Asked;
use self::best::{Best, Cursor, Place};
use self::facets::Counts;
use self::filters::Filters;
use self::places::Places;
use self::score::Scorer;
use self::together::Together;
use self::words::Met;
use super::bits::Bits;
use super::rank::KINDS;
use super::snapshot::{Segment, Snapshot};
use crate::directory::around::Around;
use crate::query::{Kind, Kinds};

pub use self::asked::synonyms;
pub use self::facets::{Facet, FacetSets};

/// Order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tri {
    #[default]
    Pertinence,
    Nom,
    Distance,
}

/// What is asked. Values of one filter are alternatives; different filters all hold, those of an activity of the
/// same one.
#[derive(Debug, Clone, Default)]
pub struct Recherche {
    pub q: Option<String>,
    pub types: Kinds,
    pub profession: Vec<String>,
    pub savoir_faire: Vec<String>,
    pub mode_exercice: Vec<String>,
    pub departement: Vec<String>,
    pub code_postal: Vec<String>,
    /// Names or INSEE codes.
    pub commune: Vec<String>,
    /// Public ids of structures.
    pub structure: Vec<String>,
    pub avec_messagerie: Option<bool>,
    pub autour: Option<Around>,
    /// Kilometres around the communes and postcodes, which are then centres and filter nothing.
    pub rayon_km: Option<f64>,
    pub tri: Tri,
    /// From 1.
    pub page: u32,
    pub curseur: Option<String>,
    pub par_page: u32,
}

/// One result.
#[derive(Debug)]
pub struct Hit {
    pub kind: Kind,
    pub json: String,
    pub signed_in: Option<Vec<u8>>,
    pub distance_km: Option<f64>,
}

/// A page of results.
#[derive(Debug, Default)]
pub struct Page {
    pub total: u64,
    pub curseur_suivant: Option<String>,
    pub hits: Vec<Hit>,
    pub facets: Vec<Facet>,
}

/// With fewer results than this, guesses come behind them: typing errors forgiven, words that sound alike.
const FEW: u64 = 5;

/// What is asked, made ready.
struct Question<'a> {
    recherche: &'a Recherche,
    words: Vec<Asked>,
    filters: Filters,
    autour: Option<&'a Around>,
    with_facets: bool,
    /// How many results are to be found, in order.
    wanted: usize,
    after: Option<Place<'a>>,
}

impl<'a> Question<'a> {
    /// The first page of what is asked, without facets.
    fn of(recherche: &'a Recherche) -> Self {
        Self {
            recherche,
            words: asked::split(recherche.q.as_deref().unwrap_or("")),
            filters: Filters::of(recherche),
            autour: recherche.autour.as_ref(),
            with_facets: false,
            wanted: recherche.par_page.max(1) as usize,
            after: None,
        }
    }

    /// Its words, as a name has them.
    fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }

    /// Whether the results of one kind come in the order of their documents.
    fn is_in_order(&self) -> bool {
        match self.recherche.tri {
            Tri::Pertinence => self.words.is_empty(),
            Tri::Nom => true,
            Tri::Distance => false,
        }
    }
}

/// What was found.
struct Found<'s> {
    total: u64,
    best: Vec<best::Match<'s>>,
    counts: Counts,
}

impl Snapshot {
    /// Searches. Facets are counted when `with_facets`.
    pub fn recherche(&self, recherche: &Recherche, with_facets: bool) -> tantivy::Result<Page> {
        let par_page = recherche.par_page.max(1) as usize;
        let cursor = recherche.curseur.as_deref().and_then(Cursor::decode);
        let skip = match cursor {
            // What stays comes neither twice nor never: the page begins after a place, not at a number.
            Some(_) => 0,
            None => (recherche.page.max(1) as usize - 1).saturating_mul(par_page),
        };
        let end = skip.saturating_add(par_page);
        let found = self.found(&Question {
            with_facets,
            // One more than are told: whether there is a next page.
            wanted: end.saturating_add(1),
            after: cursor.as_ref().map(Cursor::place),
            ..Question::of(recherche)
        })?;
        let is_more = found.best.len() > end;
        let told = found.best.get(skip..found.best.len().min(end)).unwrap_or(&[]);
        let next = told.last().filter(|_| is_more);
        Ok(Page {
            total: found.total,
            curseur_suivant: next.map(|found| Cursor::encode(&found.place)),
            hits: told
                .iter()
                .map(|found| self.hit(found, recherche.autour.as_ref()))
                .collect::<Result<_, _>>()?,
            facets: if with_facets {
                found.counts.facets()
            } else {
                Vec::new()
            },
        })
    }

    /// The best results alone, as many as a page has.
    pub fn best(&self, recherche: &Recherche) -> tantivy::Result<Vec<DocAddress>> {
        let found = self.found(&Question::of(recherche))?;
        Ok(found.best.into_iter().map(|found| found.address).collect())
    }

    fn found(&self, question: &Question<'_>) -> tantivy::Result<Found<'_>> {
        let found = self.find(question, false)?;
        if found.total < FEW && !question.words.is_empty() {
            return self.find(question, true);
        }
        Ok(found)
    }

    fn find(&self, question: &Question<'_>, guessing: bool) -> tantivy::Result<Found<'_>> {
        let mut best = Best::new(self, question.wanted, question.after);
        let (mut total, mut counts) = (0, Counts::default());
        let readers = self.searcher.segment_readers();
        for (ord, (segment, reader)) in (0_u32..).zip(self.segments.iter().zip(readers)) {
            let places = Places::open(reader)?;
            let (docs, scorer) = self.find_in(question, guessing, (segment, reader), &places)?;
            let found = docs.count();
            if found == 0 {
                continue;
            }
            total += found;
            if question.with_facets {
                counts.add(segment.kept.facets(segment)?, &docs, found);
            }
            for kind in KINDS {
                let range = segment.range(kind);
                for doc in docs.iter_from(range.start).take_while(|doc| *doc < range.end) {
                    let rank = segment.ranks.get_val(doc);
                    let first = match question.recherche.tri {
                        Tri::Pertinence => scorer.score(doc, rank),
                        Tri::Nom => 0,
                        Tri::Distance => question
                            .autour
                            .and_then(|around| places.distance(doc, around))
                            .map_or(u64::MAX, |km| (km * 1000.0) as u64),
                    };
                    if !best.take((first, rank), DocAddress::new(ord, doc)) && question.is_in_order() {
                        break;
                    }
                }
            }
        }
        Ok(Found {
            total,
            best: best.finish(),
            counts,
        })
    }

    /// The documents of one segment that answer, and what scores them.
    fn find_in<'s>(
        &self,
        question: &Question<'_>,
        guessing: bool,
        (segment, reader): (&'s Segment, &SegmentReader),
        places: &Places,
    ) -> tantivy::Result<(Bits, Scorer<'s>)> {
        let recherche = question.recherche;
        let kinds = KINDS.into_iter().filter(|kind| recherche.types.contains(*kind));
        let mut docs = Bits::of(segment.max_doc, kinds.map(|kind| segment.range(kind)));
        question.filters.narrow(segment, &mut docs)?;
        let mut met = Vec::with_capacity(question.words.len());
        for word in &question.words {
            let found = Met::read(segment, self.fields.term, word, guessing)?;
            if word.is_needed {
                docs.keep(&found.any(segment));
            }
            met.push(found);
        }
        if segment.has_deletes() {
            docs.retain(|doc| segment.is_alive(doc));
        }
        if let Some(wanted) = recherche.avec_messagerie {
            docs.retain(|doc| (segment.has_mailbox.get_val(doc) == 1) == wanted);
        }
        if let Some(mut together) = Together::open(&question.filters, reader)? {
            docs.retain(|doc| together.meet(doc));
        }
        if let Some(around) = question.autour {
            docs.retain(|doc| places.distance(doc, around).is_some());
        }
        Ok((docs, Scorer::new(segment, question, met)?))
    }

    fn hit(&self, found: &best::Match<'_>, around: Option<&Around>) -> tantivy::Result<Hit> {
        let address = found.address;
        let distance_km = match around {
            Some(around) => Places::open(self.searcher.segment_reader(address.segment_ord))?
                .distance(address.doc_id, around),
            None => None,
        };
        Ok(Hit {
            kind: self.kind(address),
            json: found.record.json(),
            signed_in: found.record.signed_in().map(<[u8]>::to_vec),
            distance_km,
        })
    }
}

/// Whether a cursor is one of ours.
pub fn is_cursor(text: &str) -> bool {
    Cursor::decode(text).is_some()
}
