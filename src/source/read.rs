//! From a kind to its reader. The one way into every reader, for files and for tests that make files up.

use std::io::BufRead;

use super::finess::{self, flux::Part};
use super::lines::Lines;
use super::record::Record;
use super::signature::Trust;
use super::sink::Sink;
use super::{Kind, ReadSummary, SourceError, mssante, nos, pipe, rpps, whitelist};

/// Reads a whole text of one kind. `table` is the NOS table of a tab-separated nomenclature.
pub(super) fn read(
    kind: Kind,
    table: Option<&str>,
    input: &mut (dyn BufRead + Send),
    file: &str,
    trust: &Trust,
    sink: &mut dyn Sink,
) -> Result<ReadSummary, SourceError> {
    match kind {
        Kind::PersonneActivite => piped(rpps::activity_layout(), input, file, sink, |f, n, sink| {
            rpps::activity(f).and_then(|row| hand_over(n, Record::Activity(row), sink))
        }),
        Kind::SavoirFaire => piped(rpps::qualification_layout(), input, file, sink, |f, n, sink| {
            rpps::qualification(f).and_then(|row| hand_over(n, Record::Qualification(row), sink))
        }),
        Kind::Diplomes => piped(rpps::diploma_layout(), input, file, sink, |f, n, sink| {
            rpps::diploma(f).and_then(|row| hand_over(n, Record::Diploma(row), sink))
        }),
        Kind::CorrespondanceMssante => piped(mssante::layout(), input, file, sink, |f, n, sink| {
            mssante::mailbox(f).and_then(|row| hand_over(n, Record::Mailbox(row), sink))
        }),
        Kind::FinessEtablissements | Kind::FinessEntitesJuridiques => finess::read(input, file, sink),
        Kind::FinessPlus => finess::plus::read(input, file, sink),
        Kind::FinessFluxEtablissements | Kind::FinessFluxEntitesJuridiques => {
            finess::flux::read(input, file, Part::Structures, sink)
        }
        Kind::FinessFluxPositions => finess::flux::read(input, file, Part::Positions, sink),
        Kind::ListeBlanche => whitelist::read_trusted(input, file, trust, sink),
        Kind::Nomenclature => {
            let summary = match table {
                Some(table) => nos::read_tabs(input, file, table, sink)?,
                None => nos::read_code_system(input, file, sink)?.1,
            };
            Ok(ReadSummary {
                lines: summary.lines,
                records: summary.records,
                rejected: summary.rejected,
                ..ReadSummary::default()
            })
        }
    }
}

/// Reads bytes as a text of one kind, whatever they are, and keeps nothing: what fuzzing and property tests drive.
pub fn read_bytes(kind: Kind, table: Option<&str>, bytes: &[u8]) -> Result<ReadSummary, SourceError> {
    struct Nowhere;
    impl Sink for Nowhere {
        fn record(&mut self, _line: u64, _record: Record<'_>) -> Result<(), String> {
            Ok(())
        }
        fn reject(&mut self, _line: u64, _column: Option<&str>, _reason: &str) {}
    }
    read(
        kind,
        table,
        &mut &*bytes,
        "bytes",
        &Trust::default(),
        &mut Nowhere,
    )
}

fn piped(
    layout: pipe::Layout,
    input: &mut (dyn BufRead + Send),
    file: &str,
    sink: &mut dyn Sink,
    parse: impl FnMut(&pipe::Fields<'_>, u64, &mut dyn Sink) -> Result<(), pipe::Fault>,
) -> Result<ReadSummary, SourceError> {
    let mut lines = Lines::new(input);
    let summary = layout.read(&mut lines, file, sink, parse)?;
    Ok(ReadSummary {
        lines: summary.lines,
        records: summary.records,
        rejected: summary.rejected,
        duplicates: summary.duplicates,
        bytes: lines.bytes,
        unknown_columns: summary.unknown_columns,
        notes: Vec::new(),
    })
}

fn hand_over(line: u64, record: Record<'_>, sink: &mut dyn Sink) -> Result<(), pipe::Fault> {
    sink.record(line, record)
        .map_err(|reason| pipe::Fault { column: None, reason })
}
