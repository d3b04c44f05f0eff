//! The words of a query and how well each entry meets them.

use std::sync::LazyLock;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use crate::directory::text::fold;
use crate::index::terms::{name_word, other_word};

/// Words of a query beyond this number are not looked at.
const MAX_WORDS: usize = 12;
/// Most terms that one beginning may stand for.
const MAX_TERMS: usize = 4096;
/// Points of a match: of the name before anything else, exact before a beginning before a typing error.
const EXACT_NAME: u32 = 100;
const BEGINS_NAME: u32 = 60;
const EXACT_OTHER: u32 = 50;
const BEGINS_OTHER: u32 = 30;
const ONE_ERROR: u32 = 10;
const TWO_ERRORS: u32 = 4;

/// What people write and what extracts say: `kiné` for masseur-kinésithérapeute.
static SYNONYMS: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(|| {
    include_str!("../../../import/synonymes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(word, others)| (fold(word), others.split(',').map(fold).collect()))
        .collect()
});

/// Terms that stand for one word of the query, with their points.
pub type WordPlan = Vec<(String, u32)>;

/// The words of a query.
pub fn split(q: &str) -> Vec<String> {
    if q.contains('@') {
        // An address is one word, as it was indexed.
        return vec![q.trim().to_lowercase()];
    }
    let folded = fold(q);
    folded
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

/// The terms of each word. A word that nothing begins with is looked for with typing errors.
pub fn plan(searcher: &Searcher, field: Field, words: &[String]) -> tantivy::Result<Vec<WordPlan>> {
    words
        .iter()
        .map(|word| plan_word(searcher, field, word))
        .collect()
}

fn plan_word(searcher: &Searcher, field: Field, word: &str) -> tantivy::Result<WordPlan> {
    let mut plan = vec![(name_word(word), EXACT_NAME), (other_word(word), EXACT_OTHER)];
    for (_, others) in SYNONYMS.iter().filter(|(short, _)| short == word) {
        plan.extend(others.iter().map(|other| (other_word(other), EXACT_OTHER)));
    }
    begins_with(searcher, field, &name_word(word), BEGINS_NAME, &mut plan)?;
    begins_with(searcher, field, &other_word(word), BEGINS_OTHER, &mut plan)?;
    let is_known = |term: &str| -> tantivy::Result<bool> {
        Ok(searcher.doc_freq(&Term::from_field_text(field, term))? > 0)
    };
    let known = plan.len() > 2 || is_known(&name_word(word))? || is_known(&other_word(word))?;
    let letters = word.chars().count();
    if !known && letters >= 4 {
        let errors = if letters >= 8 { 2 } else { 1 };
        for prefix in [name_word(""), other_word("")] {
            nearly(searcher, field, &prefix, word, errors, &mut plan)?;
        }
    }
    Ok(plan)
}

fn begins_with(
    searcher: &Searcher,
    field: Field,
    beginning: &str,
    points: u32,
    plan: &mut WordPlan,
) -> tantivy::Result<()> {
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().range().gt(beginning).into_stream()?;
        let mut taken = 0;
        while taken < MAX_TERMS && stream.advance() {
            if !stream.key().starts_with(beginning.as_bytes()) {
                break;
            }
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                plan.push((term.to_owned(), points));
            }
            taken += 1;
        }
    }
    plan.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    plan.dedup_by(|b, a| a.0 == b.0);
    Ok(())
}

/// Terms within some typing errors of a word: all begin with the class's letter.
fn nearly(
    searcher: &Searcher,
    field: Field,
    class: &str,
    word: &str,
    errors: usize,
    plan: &mut WordPlan,
) -> tantivy::Result<()> {
    let wanted: Vec<char> = word.chars().collect();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().range().ge(class).into_stream()?;
        while stream.advance() {
            if !stream.key().starts_with(class.as_bytes()) {
                break;
            }
            let Some(term) = std::str::from_utf8(stream.key()).ok() else {
                continue;
            };
            let found: Vec<char> = term.chars().skip(class.chars().count()).collect();
            if found.len().abs_diff(wanted.len()) > errors {
                continue;
            }
            match distance(&wanted, &found) {
                1 => plan.push((term.to_owned(), ONE_ERROR)),
                2 if errors > 1 => plan.push((term.to_owned(), TWO_ERRORS)),
                _ => {}
            }
        }
    }
    plan.sort_unstable();
    plan.dedup();
    Ok(())
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j + 1) + 1)
                .min(at(&row, j) + 1)
                .min(at(&last, j) + usize::from(ca != cb));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// Documents of a segment that meet every word, with their points; every document where there is no word.
pub fn scores(
    segment: &SegmentReader,
    field: Field,
    plans: &[WordPlan],
) -> tantivy::Result<Vec<(DocId, u32)>> {
    let Some((first, others)) = plans.split_first() else {
        return Ok((0..segment.max_doc()).map(|doc| (doc, 0)).collect());
    };
    let mut totals = word_scores(segment, field, first)?;
    for plan in others {
        let scores = word_scores(segment, field, plan)?;
        for (total, score) in totals.iter_mut().zip(scores) {
            *total = if *total == 0 || score == 0 {
                0
            } else {
                *total + score
            };
        }
    }
    Ok((0..).zip(totals).filter(|(_, score)| *score > 0).collect())
}

fn word_scores(segment: &SegmentReader, field: Field, plan: &WordPlan) -> tantivy::Result<Vec<u32>> {
    let mut scores = vec![0; segment.max_doc() as usize];
    let inverted = segment.inverted_index(field)?;
    for (term, points) in plan {
        let term = Term::from_field_text(field, term);
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
            continue;
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if let Some(score) = scores.get_mut(doc as usize) {
                *score = (*score).max(*points);
            }
            doc = postings.advance();
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_of_neighbours_is_one_error() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("matrin"), &letters("martin")), 1);
        assert_eq!(distance(&letters("martin"), &letters("marti")), 1);
        assert_eq!(distance(&letters("martin"), &letters("martins")), 1);
        assert_eq!(distance(&letters("martin"), &letters("mertan")), 2);
        assert_eq!(distance(&letters(""), &letters("ab")), 2);
    }
}
