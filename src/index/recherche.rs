//! Full-text search: words in any order, each met exactly, as a beginning, or with a typing error.
//!
//! Scores come from the kind of match alone, never from counts over the corpus, so that nothing hidden weighs.

mod bits;
mod columns;
mod filters;
mod score;
mod words;

use tantivy::DocAddress;

use self::bits::Bits;
use self::columns::Columns;
use self::filters::Filters;
use self::score::Scorer;
use super::rank::KINDS;
use super::snapshot::{Segment, Snapshot};
use crate::directory::around::Around;
use crate::query::{Kind, Kinds};

pub use self::words::synonyms;

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

/// How many results have a value, by the hash of its code.
#[derive(Debug, Default)]
pub struct Facet {
    pub name: &'static str,
    pub counts: Vec<(u64, u64)>,
}

/// A page of results.
#[derive(Debug, Default)]
pub struct Page {
    pub total: u64,
    pub curseur_suivant: Option<String>,
    pub hits: Vec<Hit>,
    pub facets: Vec<Facet>,
}

/// What orders results: score or distance first, then alphabetical place. All ascending.
type OrderKey = (u64, u64, u64);

/// With fewer results than this, guesses come behind them: typing errors forgiven, words that sound alike.
const FEW: usize = 5;

struct Match {
    key: OrderKey,
    address: DocAddress,
    distance_km: Option<f64>,
}

/// What is asked, made ready.
struct Question<'a> {
    recherche: &'a Recherche,
    words: Vec<String>,
    filters: Filters,
    autour: Option<&'a Around>,
    with_facets: bool,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    matches: Vec<Match>,
    counts: columns::Counts,
}

impl Snapshot {
    /// Searches. Facets are counted when `with_facets`.
    pub fn recherche(&self, recherche: &Recherche, with_facets: bool) -> tantivy::Result<Page> {
        let found = self.found(recherche, with_facets)?;
        self.page(recherche, found.matches, found.counts, with_facets)
    }

    /// The best results alone, as many as a page has.
    pub fn best(&self, recherche: &Recherche) -> tantivy::Result<Vec<DocAddress>> {
        let mut matches = self.found(recherche, false)?.matches;
        matches.sort_unstable_by_key(|m| m.key);
        matches.truncate(recherche.par_page as usize);
        Ok(matches.into_iter().map(|found| found.address).collect())
    }

    fn found(&self, recherche: &Recherche, with_facets: bool) -> tantivy::Result<Found> {
        let question = Question {
            recherche,
            words: words::split(recherche.q.as_deref().unwrap_or("")),
            filters: Filters::of(recherche),
            autour: recherche.autour.as_ref(),
            with_facets,
        };
        let found = self.find(&question, false)?;
        if found.matches.len() < FEW && !question.words.is_empty() {
            return self.find(&question, true);
        }
        Ok(found)
    }

    fn find(&self, question: &Question<'_>, guessing: bool) -> tantivy::Result<Found> {
        let mut found = Found::default();
        let readers = self.searcher.segment_readers();
        for (ord, (segment, reader)) in (0_u32..).zip(self.segments.iter().zip(readers)) {
            let columns = Columns::open(reader)?;
            self.find_in(question, guessing, (ord, segment), &columns, &mut found)?;
        }
        Ok(found)
    }

    fn find_in(
        &self,
        question: &Question<'_>,
        guessing: bool,
        (ord, segment): (u32, &Segment),
        columns: &Columns,
        found: &mut Found,
    ) -> tantivy::Result<()> {
        let recherche = question.recherche;
        let kinds = KINDS.into_iter().filter(|kind| recherche.types.contains(*kind));
        let mut docs = Bits::of(segment.max_doc, kinds.map(|kind| segment.range(kind)));
        question.filters.narrow(segment, &mut docs)?;
        let mut met = Vec::with_capacity(question.words.len());
        for word in &question.words {
            let word = words::Met::read(segment, self.fields.term, word, guessing)?;
            docs.keep(&word.any(segment));
            met.push(word);
        }
        let scorer = Scorer::new(segment, question, met)?;
        let need_activities = question.filters.need_activities();
        let mut activities = Vec::new();
        for doc in docs.iter() {
            let fails = !segment.is_alive(doc)
                || recherche
                    .avec_messagerie
                    .is_some_and(|wanted| columns.has_mailbox(doc) != wanted)
                || (need_activities && !columns.activities.meet(doc, &question.filters, &mut activities));
            if fails {
                continue;
            }
            let distance_km = question.autour.and_then(|around| columns.distance(doc, around));
            if question.autour.is_some() && distance_km.is_none() {
                continue;
            }
            if question.with_facets {
                columns.count(doc, &mut found.counts);
            }
            let rank = segment.ranks.get_val(doc);
            let first = match recherche.tri {
                Tri::Pertinence => scorer.score(self, doc, rank),
                Tri::Nom => 0,
                Tri::Distance => distance_km.map_or(u64::MAX, |km| (km * 1000.0) as u64),
            };
            found.matches.push(Match {
                key: (first, rank, columns.entity(doc)),
                address: DocAddress::new(ord, doc),
                distance_km,
            });
        }
        Ok(())
    }

    fn page(
        &self,
        recherche: &Recherche,
        mut matches: Vec<Match>,
        counts: columns::Counts,
        with_facets: bool,
    ) -> tantivy::Result<Page> {
        let total = matches.len() as u64;
        let par_page = recherche.par_page.max(1) as usize;
        let skip = match &recherche.curseur {
            Some(cursor) => {
                // What stays comes neither twice nor never: the page begins after a place, not at a number.
                let after = decode(cursor).unwrap_or_default();
                matches.retain(|m| m.key > after);
                0
            }
            None => (recherche.page.max(1) as usize - 1).saturating_mul(par_page),
        };
        let end = skip.saturating_add(par_page);
        if matches.len() > end {
            matches.select_nth_unstable_by_key(end, |m| m.key);
        }
        let more = matches.len() > end;
        matches.truncate(end);
        matches.sort_unstable_by_key(|m| m.key);
        let curseur_suivant = matches.last().filter(|_| more).map(|m| encode(m.key));
        let mut hits = Vec::with_capacity(par_page.min(matches.len()));
        for found in matches.iter().skip(skip) {
            let Some(record) = self.record(found.address) else {
                continue;
            };
            hits.push(Hit {
                kind: self.kind(found.address),
                json: record.json(),
                signed_in: record.signed_in().map(<[u8]>::to_vec),
                distance_km: found.distance_km,
            });
        }
        Ok(Page {
            total,
            curseur_suivant,
            hits,
            facets: if with_facets { counts.facets() } else { Vec::new() },
        })
    }
}

/// Whether a cursor is one of ours.
pub fn is_cursor(text: &str) -> bool {
    decode(text).is_some()
}

fn encode(key: OrderKey) -> String {
    format!("{:016x}{:016x}{:016x}", key.0, key.1, key.2)
}

fn decode(text: &str) -> Option<OrderKey> {
    let part = |range| text.get(range).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    (text.len() == 48).then_some((part(0..16)?, part(16..32)?, part(32..48)?))
}
