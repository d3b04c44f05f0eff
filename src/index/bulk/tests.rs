//! What is written at once is what tantivy would have written.

use std::fmt::Debug;
use std::sync::Arc;

use proptest::prelude::*;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet as _, IndexWriter, SegmentReader, TERMINATED};

use super::*;
use crate::directory::coordinates::Position;
use crate::directory::mailbox::{
    Attachment, Mailbox,
    example::{reception, row},
};
use crate::directory::structure::{Address, Structure, example::clinic};
use crate::index::generation::Generation;

fn structure((nom, commune, lat): &(String, String, Option<f64>)) -> Structure {
    let mut structure = clinic();
    structure.nom.clone_from(nom);
    structure.adresse.commune.clone_from(commune);
    structure.position = lat.map(|lat| Position { lat, lon: -lat });
    structure
}

fn mailbox((nom, local, town): &(String, String, String)) -> Mailbox {
    let places = town.split('-').map(|commune| Attachment {
        nom: nom.clone(),
        prenom: "Claire".into(),
        adresse: Address {
            commune: commune.into(),
            ..Address::default()
        },
        ..row()
    });
    Mailbox {
        adresse: format!("{local}@a-exemple.mssante.fr"),
        type_bal: "PER".into(),
        ..reception(places.collect())
    }
}

/// Every list and every column of the only segment of an index.
fn contents(index: &Index) -> Vec<String> {
    let searcher = index.reader().unwrap().searcher();
    let [segment] = searcher.segment_readers() else {
        panic!("one segment");
    };
    let mut contents = Vec::new();
    let fields = crate::index::schema::schema().1;
    for field in [fields.key, fields.term] {
        let inverted = segment.inverted_index(field).unwrap();
        let mut terms = inverted.terms().stream().unwrap();
        while terms.advance() {
            let info = terms.value();
            let mut list = inverted
                .read_postings_from_terminfo(info, IndexRecordOption::Basic)
                .unwrap();
            let mut docs = Vec::new();
            while list.doc() != TERMINATED {
                docs.push(list.doc());
                list.advance();
            }
            assert_eq!(list.doc_freq() as usize, docs.len());
            contents.push(format!("{:?} {docs:?}", terms.key()));
        }
    }
    for (_, entry) in segment.schema().fields().filter(|(_, entry)| entry.is_fast()) {
        let name = entry.name();
        contents.push(match name {
            "a_lat" | "a_lon" => column(segment, name, segment.fast_fields().f64(name)),
            _ => column(segment, name, segment.fast_fields().u64(name)),
        });
    }
    let norms = segment.get_fieldnorms_reader(fields.key).unwrap();
    contents.extend((0..segment.max_doc()).map(|doc| norms.fieldnorm(doc).to_string()));
    contents
}

fn column<T: PartialOrd + Copy + Debug + Send + Sync + 'static>(
    segment: &SegmentReader,
    name: &str,
    column: tantivy::Result<tantivy::columnar::Column<T>>,
) -> String {
    let column = column.unwrap();
    let values: Vec<Vec<T>> = (0..segment.max_doc())
        .map(|doc| column.values_for_doc(doc).collect())
        .collect();
    format!("{name} {:?} {values:?}", column.get_cardinality())
}

fn at_once(documents: &[Document]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let generation = Generation::create(folder.path().join("a")).unwrap();
    let mut bulk = Bulk::default();
    for (place, document) in (0..).zip(documents) {
        bulk.add(document, At::new(0, place));
    }
    let segment = bulk.write(&generation.index, &generation.fields).unwrap();
    let mut writer: IndexWriter = generation.index.writer_with_num_threads(1, 15 << 20).unwrap();
    writer.add_segment(segment).unwrap();
    writer.commit().unwrap();
    contents(&generation.index)
}

fn one_by_one(documents: &[Document]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let generation = Generation::create(folder.path().join("a")).unwrap();
    let mut writer: IndexWriter = generation.index.writer_with_num_threads(1, 15 << 20).unwrap();
    for (place, document) in (0..).zip(documents) {
        let mut tools = Tools::default();
        let made = document::make(&mut tools, document);
        let mut doc = made.columns.document(&generation.fields, At::new(0, place));
        doc.add_text(generation.fields.term, tools.terms.text());
        writer.add_document(doc).unwrap();
    }
    writer.commit().unwrap();
    contents(&generation.index)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_segment_written_at_once_is_tantivys(
        structures in proptest::collection::vec(
            ("[a-zé' -]{0,12}", "[A-Z-]{0,8}", proptest::option::of(-90_f64..90.0)), 0..60),
        mailboxes in proptest::collection::vec(("[A-Zé -]{0,9}", "[a-z.*_]{1,9}", "[a-z-]{0,6}"), 1..60),
    ) {
        let structures = (1..).zip(structures.iter().map(structure));
        let structures = structures.map(|(id, one)| Document::Structure(id, Arc::new(one)));
        let mailboxes = (1..).zip(mailboxes.iter().map(mailbox));
        let mailboxes = mailboxes.map(|(id, one)| Document::Mailbox(id, Box::new(one)));
        let documents: Vec<Document> = structures.chain(mailboxes).collect();
        prop_assert_eq!(at_once(&documents), one_by_one(&documents));
    }
}
