//! What mail clients ask of the mailboxes of one segment, copied together in the order of its documents.
//!
//! Records lie as the store told them; a search goes through names in order, and would find each of a hundred in
//! another page. A shelf holds a fifth of each record, and neighbours lie side by side. It depends on the documents of
//! its segment alone, is named after it, and written once; a segment that has none yet is read from the records.
//!
//! Layout: the lines ([`Record::shelve`]), empty for what had been taken out; for each document where its line ends,
//! and last how many documents there are, four bytes each, in big-endian order.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use tantivy::DocId;
use tantivy::directory::OwnedBytes;
use tantivy::index::SegmentId;

use super::record::Record;
use super::views::{self, At, Views};

/// How the names of these files begin; changes with their layout.
const PREFIX: &str = "shelf1-";
/// Octets of a number.
const NUMBER: usize = 4;

/// The mailboxes of a segment.
#[derive(Debug)]
pub struct Shelf {
    lines: OwnedBytes,
    ends: OwnedBytes,
}

impl Shelf {
    /// The shelf of a segment; `None` where none was written to its end.
    pub fn open(folder: &Path, segment: SegmentId) -> Option<Self> {
        let name = name(segment);
        let length = std::fs::metadata(folder.join(&name)).ok()?.len();
        let all = views::contents(folder, &name, length).ok()?;
        let numbers = all.len().checked_sub(NUMBER)?;
        let (all, documents) = all.split(numbers);
        let documents = u32::from_be_bytes(*documents.as_slice().first_chunk()?) as usize;
        let lines = all.len().checked_sub(documents.checked_mul(NUMBER)?)?;
        let (lines, ends) = all.split(lines);
        Some(Self { lines, ends })
    }

    /// Writes the shelf of a segment from what there is of each document; `false` where there are too many octets to
    /// count.
    pub fn write<'v>(
        folder: &Path,
        segment: SegmentId,
        records: impl Iterator<Item = Option<(At, Record<'v>)>>,
    ) -> io::Result<bool> {
        let path = folder.join(name(segment));
        let beside = path.with_extension("new");
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&beside)?);
        let (mut ends, mut end) = (Vec::new(), 0);
        let mut line = Vec::new();
        for record in records {
            line.clear();
            if let Some((at, record)) = record {
                record.shelve(at, &mut line);
            }
            end += line.len();
            ends.push(end);
            file.write_all(&line)?;
        }
        let documents = ends.len();
        for number in ends.into_iter().chain([documents]) {
            let Ok(number) = u32::try_from(number) else {
                std::fs::remove_file(&beside)?;
                return Ok(false);
            };
            file.write_all(&number.to_be_bytes())?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        // Whole, or not there.
        std::fs::rename(&beside, &path)?;
        Ok(true)
    }

    /// Removes those of other segments. Files still mapped live on until nobody reads them.
    pub fn remove_others(folder: &Path, segments: &[SegmentId]) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let own = entry.file_name();
            let own = own.to_string_lossy();
            if own.starts_with(PREFIX) && !segments.iter().any(|segment| name(*segment) == own) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// What it has of a document.
    pub fn record<'v>(&'v self, doc: DocId, views: &'v Views) -> Option<Record<'v>> {
        let start = doc.checked_sub(1).map_or(Some(0), |before| self.end(before))?;
        Record::shelved(self.lines.as_slice().get(start..self.end(doc)?)?, views)
    }

    /// Where the line of a document ends.
    fn end(&self, doc: DocId) -> Option<usize> {
        let octets = self.ends.as_slice().get(doc as usize * NUMBER..)?.first_chunk()?;
        Some(u32::from_be_bytes(*octets) as usize)
    }
}

fn name(segment: SegmentId) -> String {
    format!("{PREFIX}{}", segment.uuid_string())
}

#[cfg(test)]
mod tests {
    use super::super::record::{Packer, Parts};
    use super::super::views::ViewsWriter;
    use super::*;
    use crate::view::entry::{EntryBuilder, EntryView};
    use crate::view::field::Field;

    #[test]
    fn a_shelf_tells_of_each_document_what_its_record_tells() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ViewsWriter::create(folder.path(), 0).unwrap();
        let ats = ["testeur claire", "testeur jean"].map(|name| {
            let mut entry = EntryBuilder::default();
            entry.push(Field::Cn, name).push(Field::Title, "Infirmier");
            entry.push(Field::Mail, "a@b-exemple.mssante.fr");
            let mut record = Vec::new();
            Parts {
                rank: 7,
                name,
                forms: &[(Field::Cn, name), (Field::O, "clinique")],
                entry: &entry.finish(),
                is_hot: true,
                json: "{}",
                ..Parts::default()
            }
            .write(&mut Packer::default(), &mut record);
            writer.append(&record).unwrap()
        });
        writer.finish().unwrap();
        let views = Views::open(folder.path()).unwrap();
        let [one, other] = ats.map(|at| (at, views.get(at).unwrap()));
        let (segment, gone) = (SegmentId::generate_random(), SegmentId::generate_random());
        let records = [Some(one), None, Some(other)];
        assert!(Shelf::write(folder.path(), segment, records.into_iter()).unwrap());
        assert!(Shelf::write(folder.path(), gone, records.into_iter()).unwrap());
        Shelf::remove_others(folder.path(), &[segment]).unwrap();
        assert!(Shelf::open(folder.path(), gone).is_none());

        let shelf = Shelf::open(folder.path(), segment).unwrap();
        assert!(shelf.record(1, &views).is_none());
        assert!(shelf.record(3, &views).is_none());
        for (doc, (_, record)) in [(0, one), (2, other)] {
            let shelved = shelf.record(doc, &views).unwrap();
            assert_eq!(shelved.name(), record.name());
            assert_eq!(
                shelved.forms(Field::O),
                record.forms(Field::O),
                "which it has not itself"
            );
            assert_eq!(shelved.hot_entry(), record.hot_entry());
            let first = EntryView::new(shelved.first_fields().unwrap());
            assert_eq!(first.first(Field::Cn).map(str::as_bytes), Some(record.name()));
            assert_eq!(first.first(Field::Mail), Some("a@b-exemple.mssante.fr"));
            assert_eq!(first.first(Field::Title), None);
        }
    }
}
