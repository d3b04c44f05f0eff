//! Full-text search: words in any order, each met exactly, as a beginning, or with a typing error.
//!
//! Scores come from the kind of match alone, never from counts over the corpus, so that nothing hidden weighs.

mod columns;
mod words;

use tantivy::DocAddress;

use self::columns::Columns;
use super::schema::hash;
use super::snapshot::Snapshot;
use crate::directory::coordinates::Position;
use crate::directory::text::fold;
use crate::query::{Kind, Kinds};

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
    /// Latitude and longitude of a centre, radius in kilometres.
    pub autour: Option<(f64, f64, f64)>,
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
    pub suggestion: String,
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

struct Match {
    key: OrderKey,
    address: DocAddress,
    distance_km: Option<f64>,
}

/// Filters of activities as hashes, by column of [`super::schema`].
struct Filters {
    profession: Vec<u64>,
    mode: Vec<u64>,
    departement: Vec<u64>,
    code_postal: Vec<u64>,
    commune: Vec<u64>,
    structure: Vec<u64>,
    savoir_faire: Vec<u64>,
}

impl Filters {
    fn of(recherche: &Recherche) -> Self {
        let codes = |values: &[String]| values.iter().map(|value| hash(value.trim())).collect();
        Self {
            profession: codes(&recherche.profession),
            mode: codes(&recherche.mode_exercice),
            departement: recherche
                .departement
                .iter()
                .map(|d| hash(&d.trim().to_uppercase()))
                .collect(),
            code_postal: codes(&recherche.code_postal),
            commune: recherche
                .commune
                .iter()
                .flat_map(|value| [hash(value.trim()), hash(&fold(value))])
                .collect(),
            structure: codes(&recherche.structure),
            savoir_faire: codes(&recherche.savoir_faire),
        }
    }

    fn any(&self) -> bool {
        [
            &self.profession,
            &self.mode,
            &self.departement,
            &self.code_postal,
            &self.commune,
            &self.structure,
            &self.savoir_faire,
        ]
        .iter()
        .any(|values| !values.is_empty())
    }
}

impl Snapshot {
    /// Searches. Facets are counted when `with_facets`.
    pub fn recherche(&self, recherche: &Recherche, with_facets: bool) -> tantivy::Result<Page> {
        let kinds = recherche.types;
        let autour = recherche
            .autour
            .map(|(lat, lon, radius)| (Position { lat, lon }, radius));
        let words = words::split(recherche.q.as_deref().unwrap_or(""));
        let plans = words::plan(&self.searcher, self.fields.term, &words)?;
        let filters = Filters::of(recherche);
        let mut matches = Vec::new();
        let mut counts = columns::Counts::default();
        for (ord, segment) in (0_u32..).zip(self.searcher.segment_readers()) {
            let columns = Columns::open(segment)?;
            let alive = segment.alive_bitset();
            for (doc, score) in words::scores(segment, self.fields.term, &plans)? {
                if alive.is_some_and(|alive| !alive.is_alive(doc)) || !columns.is_of(doc, kinds) {
                    continue;
                }
                if recherche
                    .avec_messagerie
                    .is_some_and(|wanted| columns.has_mailbox(doc) != wanted)
                {
                    continue;
                }
                if filters.any() && !columns.meets(doc, &filters) {
                    continue;
                }
                let distance_km = autour.and_then(|(centre, _)| columns.distance(doc, centre));
                if let Some((_, radius)) = autour
                    && distance_km.is_none_or(|distance| distance > radius)
                {
                    continue;
                }
                if with_facets {
                    columns.count(doc, &mut counts);
                }
                let (rank, entity) = columns.place(doc);
                let first = match recherche.tri {
                    Tri::Pertinence => u64::MAX - u64::from(score),
                    Tri::Nom => 0,
                    Tri::Distance => distance_km.map_or(u64::MAX, |km| (km * 1000.0) as u64),
                };
                matches.push(Match {
                    key: (first, rank, entity),
                    address: DocAddress::new(ord, doc),
                    distance_km,
                });
            }
        }
        self.page(recherche, matches, counts, with_facets)
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
                suggestion: record.suggestion().to_owned(),
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
