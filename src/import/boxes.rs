//! Extraction_Correspondance_MSSante gathered in memory: mailboxes by lower-case address, their rows as
//! attachments in the file's order.

use super::codes::Codes;
use super::fingerprint::Fingerprint;
use super::texts::{Joined, Numbered, Span, Texts};
use crate::directory::address::MailAddress;
use crate::source::record::MailboxRow;

/// Columns of an attachment, in the order of `mailbox_attachments` after `rang`.
pub const COLUMNS: usize = 29;

/// All of one file.
#[derive(Default)]
pub struct Boxes {
    /// In lower case.
    addresses: Numbered,
    texts: Texts,
    /// By number of address.
    boxes: Vec<BoxEntry>,
    rows: Joined,
    pub professions: Codes,
    pub categories: Codes,
    pub savoir_faire: Codes,
}

struct BoxEntry {
    published: Span,
    type_bal: Span,
    /// Numbers among the rows.
    rows: Vec<u32>,
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
        let (number, is_new) = self.addresses.number(&address.key);
        if is_new {
            self.boxes.push(BoxEntry {
                published: self.texts.keep(row.adresse),
                type_bal: self.texts.keep(row.type_bal),
                rows: Vec::with_capacity(1),
            });
        }
        let row = self.rows.keep(columns(row));
        if let Some(entry) = self.boxes.get_mut(number as usize) {
            entry.rows.push(row);
        }
    }

    /// Number of mailboxes.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// Every mailbox, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = BoxView<'_>> {
        (0..).zip(&self.boxes).map(|(number, entry)| {
            let rows: Vec<[&str; COLUMNS]> = entry.rows.iter().map(|row| self.rows.columns(*row)).collect();
            BoxView {
                adresse: self.addresses.text(number),
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
