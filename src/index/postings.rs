//! Documents of one segment that a plan lets in, one after the other: only as far as somebody asks.

use std::ops::Range;

use memchr::memmem::Finder;
use tantivy::postings::SegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, TERMINATED};

use super::bits::Bits;
use super::plan::Plan;
use super::snapshot::Segment;

/// Terms of one kind whose documents are put together; where there are more, or where they let in more than one
/// of [`FEW`] documents, all documents are looked at.
const MANY: usize = 1024;
const FEW: u32 = 8;

/// A row of documents in ascending order, standing at one of them.
pub enum Docs {
    /// Every document from this one on.
    All(DocId),
    Nothing,
    Term(Box<SegmentPostings>),
    Set(Set),
    And(Vec<Docs>),
    Or(Vec<Docs>),
}

/// Documents put together before they are asked for.
pub struct Set {
    docs: Bits,
    count: u32,
    at: DocId,
}

impl Docs {
    /// The documents of a plan from `first` on.
    pub fn open(plan: &Plan, segment: &Segment, first: DocId) -> tantivy::Result<Self> {
        let mut docs = Self::read(plan, segment)?;
        docs.seek(first);
        Ok(docs)
    }

    fn read(plan: &Plan, segment: &Segment) -> tantivy::Result<Self> {
        let inverted = &segment.inverted;
        Ok(match plan {
            Plan::All => Self::All(0),
            Plan::Nothing => Self::Nothing,
            Plan::Term(term) => match inverted.terms().get(term)? {
                Some(info) => Self::Term(Box::new(
                    inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?,
                )),
                None => Self::Nothing,
            },
            Plan::Beginning(beginning) => Self::of_terms(beginning, segment, |_| true)?,
            Plan::Containing(class, piece) => {
                let finder = Finder::new(piece.as_bytes());
                let mut octets = [0; 4];
                Self::of_terms(class.encode_utf8(&mut octets), segment, |rest| {
                    finder.find(rest).is_some()
                })?
            }
            Plan::And(parts) => {
                let mut all = Vec::with_capacity(parts.len());
                for part in parts {
                    match Self::read(part, segment)? {
                        // One empty row makes the others needless.
                        Self::Nothing => return Ok(Self::Nothing),
                        docs => all.push(docs),
                    }
                }
                all.sort_by_key(Self::cost);
                Self::And(all)
            }
            Plan::Or(parts) if parts.contains(&Plan::All) => Self::All(0),
            Plan::Or(parts) => {
                let mut any = Vec::with_capacity(parts.len());
                for part in parts {
                    match Self::read(part, segment)? {
                        Self::Nothing => {}
                        docs => any.push(docs),
                    }
                }
                Self::Or(any)
            }
        })
    }

    /// The documents that have a term which begins so and whose rest is wanted, or all.
    fn of_terms(
        beginning: &str,
        segment: &Segment,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> tantivy::Result<Self> {
        let inverted = &segment.inverted;
        let mut terms = inverted.terms().range().ge(beginning).into_stream()?;
        let (mut found, mut count) = (Vec::new(), 0_u32);
        while terms.advance()
            && let Some(rest) = terms.key().strip_prefix(beginning.as_bytes())
        {
            if !is_wanted(rest) {
                continue;
            }
            count = count.saturating_add(terms.value().doc_freq);
            if found.len() == MANY || count > segment.max_doc / FEW {
                return Ok(Self::All(0));
            }
            found.push(terms.value().clone());
        }
        if found.is_empty() {
            return Ok(Self::Nothing);
        }
        let mut docs = Bits::none(segment.max_doc);
        for term in &found {
            docs.add_found(inverted, term)?;
        }
        let mut set = Set { docs, count, at: 0 };
        set.go_to(0);
        Ok(Self::Set(set))
    }

    /// About how many documents there are.
    fn cost(&self) -> u32 {
        match self {
            Self::All(_) => u32::MAX,
            Self::Nothing => 0,
            Self::Term(postings) => postings.doc_freq(),
            Self::Set(set) => set.count,
            Self::And(parts) => parts.iter().map(Self::cost).min().unwrap_or(u32::MAX),
            Self::Or(parts) => parts.iter().map(Self::cost).fold(0, u32::saturating_add),
        }
    }

    /// How many documents of a range there are, where they need not be gone through to know.
    pub fn count_of(&self, range: &Range<DocId>) -> Option<u64> {
        match self {
            Self::All(_) => Some(range.len() as u64),
            Self::Set(set) => Some(set.docs.count_of(range)),
            _ => None,
        }
    }

    /// Whether it has a document, where [`Self::count_of`] knows; passed over or not.
    pub fn holds(&self, doc: DocId) -> bool {
        match self {
            Self::All(_) => true,
            Self::Set(set) => set.docs.contains(doc),
            _ => false,
        }
    }

    /// The document it stands at; [`TERMINATED`] behind the last.
    pub fn doc(&self) -> DocId {
        match self {
            Self::All(doc) => *doc,
            Self::Nothing => TERMINATED,
            Self::Term(postings) => postings.doc(),
            Self::Set(set) => set.at,
            Self::And(parts) => parts.first().map_or(TERMINATED, Self::doc),
            Self::Or(parts) => parts.iter().map(Self::doc).min().unwrap_or(TERMINATED),
        }
    }

    /// Goes to the first document not before `target`, and stays where it stands already there or behind.
    pub fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::All(doc) => {
                *doc = target.max(*doc);
                *doc
            }
            Self::Nothing => TERMINATED,
            Self::Term(postings) => match postings.doc() {
                doc if doc >= target => doc,
                _ => postings.seek(target),
            },
            Self::Set(set) => {
                if set.at < target {
                    set.go_to(target);
                }
                set.at
            }
            Self::And(parts) => {
                let Some((first, others)) = parts.split_first_mut() else {
                    return TERMINATED;
                };
                let mut doc = first.seek(target);
                loop {
                    let beyond = others
                        .iter_mut()
                        .map(|part| part.seek(doc))
                        .find(|found| *found > doc);
                    match beyond {
                        Some(found) => doc = first.seek(found),
                        None => return doc,
                    }
                }
            }
            Self::Or(parts) => {
                for part in parts.iter_mut() {
                    part.seek(target);
                }
                self.doc()
            }
        }
    }

    /// Goes to the next document.
    pub fn advance(&mut self) -> DocId {
        match self.doc() {
            TERMINATED => TERMINATED,
            doc => self.seek(doc + 1),
        }
    }
}

impl Set {
    fn go_to(&mut self, target: DocId) {
        self.at = self.docs.iter_from(target).next().unwrap_or(TERMINATED);
    }
}
