//! Extraction_Correspondance_MSSante gathered in memory: mailboxes by lower-case address, their rows as
//! attachments in the file's order.

use std::collections::HashMap;

use super::codes::{Codes, Span, Texts};
use super::fingerprint::Fingerprint;
use crate::directory::address::MailAddress;
use crate::source::record::MailboxRow;

/// Columns of an attachment, in the order of `mailbox_attachments` after `rang`.
pub const COLUMNS: usize = 29;

/// All of one file.
#[derive(Default)]
pub struct Boxes {
    texts: Texts,
    numbers: HashMap<Box<str>, u32>,
    boxes: Vec<BoxEntry>,
    pub professions: Codes,
    pub categories: Codes,
    pub savoir_faire: Codes,
}

struct BoxEntry {
    key: Span,
    published: Span,
    type_bal: Span,
    rows: Vec<[Span; COLUMNS]>,
}

/// One mailbox as the file tells it.
pub struct BoxView<'b> {
    /// Lower case.
    pub adresse: &'b str,
    pub adresse_publiee: &'b str,
    pub type_bal: &'b str,
    /// From the first row that says.
    pub dematerialisation: Option<bool>,
    pub rows: Vec<[&'b str; COLUMNS]>,
}

/// Position of `dematerialisation` among the columns.
const DEMATERIALISATION: usize = 12;
/// And of `identification_nationale`.
const IDENTIFICATION: usize = 2;

impl Boxes {
    /// Takes one line. A mailbox's first line gives its type and spelling.
    pub fn add(&mut self, row: &MailboxRow<'_>) {
        // The reader has let only good addresses through.
        let Ok(address) = MailAddress::parse(row.adresse) else {
            return;
        };
        self.professions.number(row.profession);
        self.categories.number(row.categorie);
        self.savoir_faire.number(row.savoir_faire);
        let number = match self.numbers.get(address.key.as_str()) {
            Some(number) => *number as usize,
            None => {
                self.numbers
                    .insert(address.key.as_str().into(), self.boxes.len() as u32);
                self.boxes.push(BoxEntry {
                    key: self.texts.keep(&address.key),
                    published: self.texts.keep(row.adresse),
                    type_bal: self.texts.keep(row.type_bal),
                    rows: Vec::with_capacity(1),
                });
                self.boxes.len() - 1
            }
        };
        let spans = columns(row).map(|column| self.texts.keep(column));
        if let Some(entry) = self.boxes.get_mut(number) {
            entry.rows.push(spans);
        }
    }

    /// Number of mailboxes.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// Every mailbox, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = BoxView<'_>> {
        self.boxes.iter().map(|entry| {
            let rows: Vec<_> = entry
                .rows
                .iter()
                .map(|spans| spans.map(|span| self.texts.get(span)))
                .collect();
            BoxView {
                adresse: self.texts.get(entry.key),
                adresse_publiee: self.texts.get(entry.published),
                type_bal: self.texts.get(entry.type_bal),
                dematerialisation: rows.iter().find_map(|row| match row[DEMATERIALISATION] {
                    "O" | "o" => Some(true),
                    "N" | "n" => Some(false),
                    _ => None,
                }),
                rows,
            }
        })
    }
}

impl BoxView<'_> {
    /// Fingerprint of all that the file says of the mailbox.
    pub fn fingerprint(&self) -> i64 {
        let mut fingerprint = Fingerprint::default();
        fingerprint.texts([self.adresse_publiee, self.type_bal]);
        self.rows.iter().for_each(|row| fingerprint.texts(*row));
        fingerprint.value()
    }

    /// The identifications nationales of its rows.
    pub fn holders(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row[IDENTIFICATION])
    }

    /// The part after the `@`.
    pub fn domaine(&self) -> &str {
        self.adresse.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn columns<'a>(row: &MailboxRow<'a>) -> [&'a str; COLUMNS] {
    [
        row.person.type_identifiant,
        row.person.identifiant,
        row.person.identification_nationale,
        row.type_structure,
        row.structure,
        row.service,
        row.civilite_exercice,
        row.nom,
        row.prenom,
        row.categorie.code,
        row.profession.code,
        row.savoir_faire.code,
        row.dematerialisation,
        row.raison_sociale,
        row.enseigne,
        row.l2_complement,
        row.l3_complement,
        row.l4_numero,
        row.l4_complement_numero,
        row.l4_type_voie,
        row.l4_voie,
        row.l5_mention,
        row.l6_acheminement,
        row.code_postal,
        row.departement,
        row.pays,
        row.categorie.label,
        row.profession.label,
        row.savoir_faire.label,
    ]
}
