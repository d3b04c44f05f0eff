//! The `|` extracts of the ANS: one header line, no quoting, no escaping. Columns are found by name.
//!
//! Source: ANS, "Nouvelles extractions en libre accès" V1.2; columns may be appended without notice.

use super::batches::{self, Line};
use super::lines::{self, Lines};
use super::sink::Sink;
use super::{Kind, SourceError, citizens, cut_short, not_utf8};
use crate::directory::address::{AddressFault, is_citizen, may_hold_address};
use crate::directory::text::fold;

/// Most columns of a line; beyond, the line is rejected.
const MAX_FIELDS: usize = 96;

/// Lines in another encoding than UTF-8 that are rejected one by one.
const FEW: u64 = 20;

/// The columns that a reader knows, as a header line of `import/layouts/`, and those it cannot do without.
pub struct Layout {
    /// The word for the kind of extract, for messages.
    what: &'static str,
    names: Vec<&'static str>,
    mandatory: &'static [&'static str],
}

/// Why a line is rejected.
pub struct Fault {
    pub column: Option<&'static str>,
    pub reason: String,
}

impl Fault {
    /// A fault of one column.
    pub fn new(column: &'static str, reason: impl Into<String>) -> Self {
        Self {
            column: Some(column),
            reason: reason.into(),
        }
    }
}

/// Where a file has the layout's columns.
struct Places {
    /// By the layout's order.
    places: Vec<Option<usize>>,
    /// Number of the file's own columns.
    width: usize,
    unknown: Vec<String>,
}

/// One line's fields by their place in the layout.
pub struct Fields<'f> {
    values: [&'f str; MAX_FIELDS],
    places: &'f [Option<usize>],
}

impl<'f> Fields<'f> {
    /// The trimmed value of the layout's nth column; empty where the file has no such column.
    pub fn get(&self, column: usize) -> &'f str {
        self.places
            .get(column)
            .copied()
            .flatten()
            .and_then(|place| self.values.get(place))
            .copied()
            .unwrap_or("")
    }

    /// Whether the file has the layout's nth column.
    pub fn has(&self, column: usize) -> bool {
        self.places.get(column).copied().flatten().is_some()
    }
}

/// What a file's header told and its lines held.
#[derive(Debug, Default)]
pub struct PipeSummary {
    /// Lines below the header.
    pub lines: u64,
    pub records: u64,
    pub rejected: u64,
    /// Exact repetitions of an earlier line.
    pub duplicates: u64,
    pub unknown_columns: Vec<String>,
}

impl Layout {
    /// `header` is a line of column names between `|`.
    pub fn new(kind: Kind, header: &'static str, mandatory: &'static [&'static str]) -> Self {
        Self {
            what: kind.as_str(),
            names: header.trim_end().trim_end_matches('|').split('|').collect(),
            mandatory,
        }
    }

    /// The names of all columns, in one form for all spellings.
    pub fn canonical_names(&self) -> Vec<String> {
        self.names.iter().map(|name| canonical(name)).collect()
    }

    /// The same, of the columns that a file must have.
    pub fn canonical_mandatory(&self) -> Vec<String> {
        self.mandatory.iter().map(|name| canonical(name)).collect()
    }

    /// Finds the layout's columns in a file's header.
    fn places(&self, header: &str, file: &str) -> Result<Places, SourceError> {
        let found: Vec<String> = names(header).iter().map(|name| canonical(name)).collect();
        let wanted = self.canonical_names();
        let places: Vec<Option<usize>> = wanted
            .iter()
            .map(|name| found.iter().position(|other| other == name))
            .collect();
        for (name, place) in self.names.iter().zip(&places) {
            if place.is_none() && self.mandatory.contains(name) {
                return Err(SourceError::MissingColumn {
                    file: file.to_owned(),
                    what: self.what,
                    column: (*name).to_owned(),
                });
            }
        }
        let unknown = names(header)
            .iter()
            .zip(&found)
            .filter(|(_, name)| !wanted.contains(name))
            // Names of columns are told: not where one holds a citizen's address.
            .map(|(name, _)| citizens([*name]).unwrap_or_else(|| (*name).to_owned()))
            .collect();
        Ok(Places {
            places,
            width: found.len(),
            unknown,
        })
    }

    /// Reads a whole file: `parse` turns each line's fields into a record for the sink.
    pub fn read(
        &self,
        lines: &mut Lines<'_>,
        file: &str,
        sink: &mut dyn Sink,
        mut parse: impl FnMut(&Fields<'_>, u64, &mut dyn Sink) -> Result<(), Fault>,
    ) -> Result<PipeSummary, SourceError> {
        let stopped = |error| SourceError::Stopped {
            file: file.to_owned(),
            error,
        };
        let header = match lines.next().map_err(stopped)? {
            Some(lines::Line::Text(text)) => match std::str::from_utf8(without_bom(text)) {
                Ok(text) => text.to_owned(),
                Err(_) => return Err(not_utf8(file, 1, text)),
            },
            _ => {
                return Err(SourceError::MissingColumn {
                    file: file.to_owned(),
                    what: self.what,
                    column: "any".to_owned(),
                });
            }
        };
        let Places {
            places,
            width,
            unknown,
        } = self.places(&header, file)?;
        let mut summary = PipeSummary {
            unknown_columns: unknown,
            ..PipeSummary::default()
        };
        let mut number = lines.number;
        let mut last_is_whole = true;
        let mut undecodable = 0;
        let mut first_undecodable = None;
        let read = batches::each(lines, |batch| {
            for line in batch.lines() {
                number += 1;
                let outcome = match line {
                    Line::Text([]) => continue,
                    Line::Repeated => {
                        summary.lines += 1;
                        summary.duplicates += 1;
                        continue;
                    }
                    Line::TooLong => Err(Fault {
                        column: None,
                        reason: "line longer than 64 KiB".to_owned(),
                    }),
                    Line::Text(text) => self
                        .split(text, width, &places)
                        .inspect_err(|_| {
                            if std::str::from_utf8(text).is_err() {
                                undecodable += 1;
                                first_undecodable.get_or_insert_with(|| not_utf8(file, number, text));
                            }
                        })
                        .and_then(|fields| parse(&fields, number, sink)),
                };
                summary.lines += 1;
                last_is_whole = !matches!(&outcome, Err(fault) if fault.column.is_none());
                match outcome {
                    Ok(()) => summary.records += 1,
                    Err(fault) => {
                        summary.rejected += 1;
                        sink.reject(number, fault.column, &fault.reason);
                    }
                }
            }
            sink.progress(batch.bytes);
        });
        read.map_err(stopped)?;
        // A line or two are the producer's accident; many are a file that was converted on its way.
        if undecodable > FEW
            && undecodable * 100 > summary.lines
            && let Some(error) = first_undecodable
        {
            return Err(error);
        }
        if lines.unended && !last_is_whole {
            return Err(cut_short(file, lines.number));
        }
        Ok(summary)
    }

    fn split<'f>(
        &self,
        line: &'f [u8],
        width: usize,
        places: &'f [Option<usize>],
    ) -> Result<Fields<'f>, Fault> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let before = line.get(..error.valid_up_to()).unwrap_or_default();
            let place = memchr::memchr_iter(b'|', before).count();
            let column = places
                .iter()
                .position(|p| *p == Some(place))
                .and_then(|n| self.names.get(n))
                .copied();
            Fault {
                column,
                reason: format!("bytes that are not UTF-8 in field {}", place + 1),
            }
        })?;
        if memchr::memchr(0, line).is_some() {
            return Err(Fault {
                column: None,
                reason: "NUL byte".to_owned(),
            });
        }
        let mut values = [""; MAX_FIELDS];
        let mut count = 0;
        let mut last_is_empty = false;
        let mut start = 0;
        for end in memchr::memchr_iter(b'|', line).chain([line.len()]) {
            let field = text.get(start..end).unwrap_or("");
            start = end + 1;
            if let Some(value) = values.get_mut(count) {
                *value = trim(field);
                last_is_empty = value.is_empty();
            }
            count += 1;
        }
        if count != width && !(count == width + 1 && last_is_empty) {
            return Err(Fault {
                column: None,
                reason: format!("{count} fields where the header has {width}"),
            });
        }
        if may_hold_address(line)
            && let Some(place) = values.iter().take(count).position(|value| holds_citizen(value))
        {
            let known = places.iter().position(|known| *known == Some(place));
            return Err(Fault {
                column: known.and_then(|column| self.names.get(column)).copied(),
                reason: AddressFault::Citizen.to_string(),
            });
        }
        Ok(Fields { values, places })
    }
}

fn holds_citizen(value: &str) -> bool {
    may_hold_address(value.as_bytes()) && is_citizen(value)
}

/// Trims blanks and no-break spaces; most fields have none.
fn trim(field: &str) -> &str {
    match (field.as_bytes().first(), field.as_bytes().last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => field,
        _ => field.trim(),
    }
}

/// Removes the byte order mark.
pub fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// A header's names, the empty one behind a trailing `|` left out.
fn names(header: &str) -> Vec<&str> {
    let header = header.trim_end();
    header
        .strip_suffix('|')
        .unwrap_or(header)
        .split('|')
        .map(str::trim)
        .collect()
}

/// One form for the spellings that producers use: `Code fonction` is `Code rôle`, `Code genre d'activité` is
/// `Code genre activité`; case, accents and apostrophes do not count.
pub fn canonical(name: &str) -> String {
    let words: Vec<String> = fold(name)
        .split(' ')
        .filter(|word| *word != "d")
        .map(|word| {
            if word == "fonction" {
                "role".to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect();
    words.join(" ")
}
