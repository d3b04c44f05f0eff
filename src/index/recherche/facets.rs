//! How many results have each value of each facet: the documents of a value are kept as a set, and what they have in
//! common with the results is counted.

use std::collections::HashMap;

use tantivy::postings::SegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, TERMINATED};

use crate::index::bits::Bits;
use crate::index::schema::hash;
use crate::index::snapshot::Segment;
use crate::index::terms::{self, FacetTerm};

/// Facets by name, in the order in which they are told.
const FACETS: [(&str, Option<FacetTerm>); 5] = [
    ("profession", Some(FacetTerm::Profession)),
    ("departement", Some(FacetTerm::Departement)),
    ("savoir_faire", Some(FacetTerm::SavoirFaire)),
    ("mode_exercice", Some(FacetTerm::Mode)),
    (WITH_MAILBOX, None),
];
/// Whether the entry has, or is, a visible mailbox: 1 or 0 instead of a hash.
const WITH_MAILBOX: &str = "avec_messagerie";

/// How many results have a value, by the hash of its code.
#[derive(Debug, Default)]
pub struct Facet {
    pub name: &'static str,
    pub counts: Vec<(u64, u64)>,
}

/// Documents of a segment that have a value.
#[derive(Debug)]
enum Set {
    Many(Bits),
    Few(Vec<DocId>),
}

/// The documents of each value of each facet, in one segment.
#[derive(Debug)]
pub struct FacetSets {
    values: [Vec<(u64, Set)>; FACETS.len() - 1],
    pub with_mailbox: Bits,
}

impl FacetSets {
    /// Reads them: about a tenth of a second and some tens of megabytes at national size.
    pub fn read(segment: &Segment) -> tantivy::Result<Self> {
        let mut values = [const { Vec::new() }; FACETS.len() - 1];
        for (values, facet) in values
            .iter_mut()
            .zip(FACETS.iter().filter_map(|(_, facet)| *facet))
        {
            let class = terms::facet(facet, "");
            let mut stream = segment.inverted.terms().range().ge(&class).into_stream()?;
            while stream.advance() {
                let Some(value) = stream.key().strip_prefix(class.as_bytes()) else {
                    break;
                };
                let postings = segment
                    .inverted
                    .read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                let value = hash(&String::from_utf8_lossy(value));
                values.push((value, Set::read(postings, segment.max_doc)));
            }
        }
        let mut with_mailbox = Bits::none(segment.max_doc);
        (0..segment.max_doc)
            .filter(|doc| segment.has_mailbox.get_val(*doc) == 1)
            .for_each(|doc| with_mailbox.insert(doc));
        Ok(Self { values, with_mailbox })
    }
}

impl Set {
    fn read(mut postings: SegmentPostings, max_doc: DocId) -> Self {
        // A list of them is the shorter one up to one document in 32.
        if postings.doc_freq() < max_doc / 32 {
            let next = || {
                let doc = postings.doc();
                postings.advance();
                (doc != TERMINATED).then_some(doc)
            };
            return Self::Few(std::iter::from_fn(next).collect());
        }
        let mut bits = Bits::none(max_doc);
        while postings.doc() != TERMINATED {
            bits.insert(postings.doc());
            postings.advance();
        }
        Self::Many(bits)
    }
}

/// Results of one segment.
struct Results<'r> {
    docs: &'r Bits,
    /// The same, where they are fewer than words in the set.
    few: Option<Vec<DocId>>,
}

impl Results<'_> {
    fn count_in(&self, bits: &Bits) -> u64 {
        match &self.few {
            Some(few) => few.iter().filter(|doc| bits.contains(**doc)).count() as u64,
            None => self.docs.count_common(bits),
        }
    }

    fn count(&self, set: &Set) -> u64 {
        match set {
            Set::Many(bits) => self.count_in(bits),
            Set::Few(docs) => docs.iter().filter(|doc| self.docs.contains(**doc)).count() as u64,
        }
    }
}

/// Facets being counted, segment by segment.
#[derive(Debug, Default)]
pub struct Counts([HashMap<u64, u64>; FACETS.len()]);

impl Counts {
    /// Counts the results of one segment.
    pub fn add(&mut self, sets: &FacetSets, docs: &Bits, total: u64) {
        let results = Results {
            docs,
            few: (total < docs.words() as u64).then(|| docs.iter().collect()),
        };
        let mut add = |facet: usize, value: u64, count: u64| {
            if let Some(counts) = self.0.get_mut(facet).filter(|_| count > 0) {
                *counts.entry(value).or_default() += count;
            }
        };
        for (facet, values) in sets.values.iter().enumerate() {
            for (value, set) in values {
                add(facet, *value, results.count(set));
            }
        }
        let with_mailbox = results.count_in(&sets.with_mailbox);
        add(FACETS.len() - 1, 1, with_mailbox);
        add(FACETS.len() - 1, 0, total - with_mailbox);
    }

    /// Facets with the most frequent values first.
    pub fn facets(self) -> Vec<Facet> {
        let facets = FACETS.into_iter().zip(self.0);
        let sorted = |counts: HashMap<u64, u64>| {
            let mut counts: Vec<(u64, u64)> = counts.into_iter().collect();
            counts.sort_unstable_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
            counts
        };
        facets
            .map(|((name, _), counts)| Facet {
                name,
                counts: sorted(counts),
            })
            .collect()
    }
}
