//! Writes what entries refer to: the white list's domains and the labels of codes.

use std::collections::BTreeMap;

use super::codes::Codes;
use super::copy::Rows;
use super::ledger::Counts;
use super::publication::Publication;
use crate::source::record::{ConceptRow, DomainRow};

/// Where a label comes from: the lower number wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelOrigin {
    /// A loaded NOS table.
    Nos = 0,
    /// Our own short tables.
    BuiltIn = 1,
    /// The extract's own words.
    Extract = 2,
}

/// A white list gathered in memory: domains by lower-case name, operators hanging on them.
#[derive(Default)]
pub struct Domains {
    entries: BTreeMap<String, (String, String, Vec<[String; 5]>)>,
}

impl Domains {
    /// Takes one entry: one domain × one operator certificate.
    pub fn add(&mut self, row: &DomainRow<'_>) {
        let entry = self.entries.entry(row.nom.to_owned()).or_default();
        if entry.0.is_empty() {
            entry.0 = row.description.to_owned();
        }
        if row.date_maj > entry.1.as_str() {
            entry.1 = row.date_maj.to_owned();
        }
        let operator = [
            row.operateur,
            row.identifiant_operateur,
            row.dn_certificat,
            row.responsable_contact,
            row.support_contact,
        ]
        .map(str::to_owned);
        if !entry.2.contains(&operator) {
            entry.2.push(operator);
        }
    }

    /// Number of distinct domains.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Replaces the white list. Every mailbox shows whether its domain is on it, so a change rebuilds the index.
pub async fn write_domains(
    publication: &mut Publication<'_>,
    domains: &Domains,
) -> Result<Counts, sqlx::Error> {
    let known: Vec<(String, String, String)> =
        sqlx::query_as("select nom, description, date_maj from domains")
            .fetch_all(&mut *publication.connection)
            .await?;
    let mut counts = Counts::default();
    for (nom, description, date_maj) in &known {
        match domains.entries.get(nom) {
            None => counts.removed += 1,
            Some(entry) if entry.0 != *description || entry.1 != *date_maj => counts.changed += 1,
            Some(_) => {}
        }
    }
    counts.created = (domains.len() as u64).saturating_sub(known.len() as u64 - counts.removed);
    sqlx::query("delete from domains")
        .execute(&mut *publication.connection)
        .await?;
    sqlx::query("delete from domain_operators")
        .execute(&mut *publication.connection)
        .await?;
    let mut rows = Rows::new("copy domains (nom, description, date_maj) from stdin");
    let mut operators = Rows::new(
        "copy domain_operators (domaine, rang, operateur, identifiant_operateur, dn_certificat,
         responsable_contact, support_contact) from stdin",
    );
    for (nom, (description, date_maj, list)) in &domains.entries {
        rows.texts([nom, description, date_maj].map(String::as_str)).end();
        for (rang, operator) in (1_i32..).zip(list) {
            operators
                .text(nom)
                .plain(rang)
                .texts(operator.iter().map(String::as_str))
                .end();
        }
    }
    rows.send(&mut *publication.connection).await?;
    operators.send(&mut *publication.connection).await?;
    publication.ledger.rebuild |= counts != Counts::default();
    Ok(counts)
}

/// Codes and labels on their way to the nomenclatures.
#[derive(Default)]
pub struct Labels {
    entries: BTreeMap<(String, String), (String, Option<String>)>,
}

impl Labels {
    /// Takes one code of a NOS table. Codes of TRE_A02 name their profession first (`G15_10/SM54`).
    pub fn add_concept(&mut self, row: &ConceptRow<'_>) {
        let date_fin = (!row.date_fin.is_empty()).then(|| row.date_fin.to_owned());
        self.entries.insert(
            (row.table.to_owned(), row.code.to_owned()),
            (row.label.to_owned(), date_fin),
        );
    }

    /// The table of its first code.
    pub fn table(&self) -> Option<&str> {
        self.entries.keys().next().map(|(table, _)| table.as_str())
    }

    /// Takes the labels that an extract gave for the codes of one table.
    pub fn add_codes(&mut self, table: &str, codes: &Codes) {
        for (code, label) in codes.labelled() {
            self.add(table, code, label);
        }
    }

    /// Takes the labels of qualifications, whose table depends on their type: codes are `S/SM54`.
    pub fn add_qualifications(&mut self, codes: &Codes) {
        for (code, label) in codes.labelled() {
            if let Some((type_savoir_faire, code)) = code.split_once('/') {
                self.add(qualification_table(type_savoir_faire), code, label);
            }
        }
    }

    /// Takes one label.
    pub fn add(&mut self, table: &str, code: &str, label: &str) {
        let entry = (label.to_owned(), None);
        self.entries
            .entry((table.to_owned(), code.to_owned()))
            .or_insert(entry);
    }

    /// Number of codes.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The NOS table of a type of qualification (TRE_R04); by its type where the table is not known.
pub fn qualification_table(type_savoir_faire: &str) -> &str {
    match type_savoir_faire {
        "S" => "TRE_R38",
        "C" => "TRE_R39",
        "CEX" => "TRE_R40",
        "OP" => "TRE_G13",
        "DNQ" => "TRE_R42",
        "CAPA" => "TRE_R43",
        "PAC" => "TRE_R44",
        "FQ" => "TRE_R45",
        "SH" => "TRE_R46",
        other => other,
    }
}

/// Adds or changes labels of one origin; codes that are there already and not named stay.
pub async fn write_labels(
    publication: &mut Publication<'_>,
    labels: &Labels,
    origin: LabelOrigin,
) -> Result<Counts, sqlx::Error> {
    if labels.is_empty() {
        return Ok(Counts::default());
    }
    let (mut tables, mut codes, mut words, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((table, code), (label, date_fin)) in &labels.entries {
        tables.push(table.as_str());
        codes.push(code.as_str());
        words.push(label.as_str());
        ends.push(date_fin.as_deref());
    }
    let rows: Vec<(bool,)> = sqlx::query_as(
        "insert into nomenclature_codes as old (table_nos, code, origine, libelle, date_fin)
         select t, c, $5, l, d from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as new (t, c, l, d)
         on conflict (table_nos, code, origine) do update
             set libelle = excluded.libelle, date_fin = excluded.date_fin
             where (old.libelle, coalesce(old.date_fin, '')) <> (excluded.libelle, coalesce(excluded.date_fin, ''))
         returning xmax = 0",
    )
    .bind(tables)
    .bind(codes)
    .bind(words)
    .bind(ends)
    .bind(origin as i16)
    .fetch_all(&mut *publication.connection)
    .await?;
    let created = rows.iter().filter(|(created,)| *created).count() as u64;
    let counts = Counts {
        created,
        changed: rows.len() as u64 - created,
        removed: 0,
    };
    publication.ledger.rebuild |= counts != Counts::default();
    Ok(counts)
}
