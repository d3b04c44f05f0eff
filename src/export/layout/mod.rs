//! What rows an extraction has: its columns, where they are read, and what of it may be filtered by.

mod correspondance;
mod professionnels;
mod structures;

use std::sync::Arc;

use super::row::Row;
use crate::store::labels::Labels;

/// A kind of extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Published mailboxes and their attachments.
    Correspondance,
    /// Professionals and their activities.
    Professionnels,
    /// Structures.
    Structures,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Correspondance, Self::Professionnels, Self::Structures];

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.layout().nom == name)
    }

    /// Its rows.
    pub fn layout(self) -> &'static Layout {
        match self {
            Self::Correspondance => &correspondance::LAYOUT,
            Self::Professionnels => &professionnels::LAYOUT,
            Self::Structures => &structures::LAYOUT,
        }
    }
}

/// The rows of a kind. Every text of SQL is a literal of this program.
#[derive(Debug)]
pub struct Layout {
    /// The name in the address and in the files' names.
    pub nom: &'static str,
    /// What it is, in French.
    pub description: &'static str,
    /// The letter of its entries in the change log.
    pub genre: char,
    /// The columns, in order.
    pub columns: &'static [Column],
    /// The official header line, where there is an official layout.
    pub header: Option<&'static str>,
    /// Tables and joins.
    pub from: &'static str,
    /// Which rows the public may see.
    pub visible: &'static str,
    /// The entry's opaque id, and its number in the store.
    pub public_id: &'static str,
    pub entity: &'static str,
    /// An order of rows that is the same each time.
    pub order: &'static str,
    /// Further entries that show what a change of another kind changes: numbers, given the log `journal`.
    pub touched: Option<&'static str>,
    /// Filters by name, `{}` standing for the array of values.
    pub filters: &'static [(&'static str, &'static str)],
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Its name in NDJSON and Parquet, unique in the layout.
    pub nom: &'static str,
    /// Where its value is from.
    pub value: Value,
}

/// Where a value is from.
#[derive(Debug)]
pub enum Value {
    /// An expression that Postgres evaluates.
    Sql(&'static str),
    /// The official layout has the column, the store has nothing for it.
    Empty,
    /// The label of the code in the column of this name: cheaper here than by a join per code.
    Label(Family, &'static str),
}

/// Which tables name a code.
#[derive(Debug)]
pub enum Family {
    /// These, the first that knows it.
    Tables(&'static [&'static str]),
    Profession,
    /// The table depends on the type, in the column of this name.
    Qualification(&'static str),
}

/// The town of a structure, by INSEE code or by its name as [`crate::directory::text::fold`] has it.
const OF_TOWN: &str = "(lower(s.code_insee) = any({}) \
    or translate(replace(lower(s.commune), 'œ', 'oe'), 'àâäéèêëîïôöùûüÿç-''’.', 'aaaeeeeiioouuuyc    ') = any({}))";

const fn sql(nom: &'static str, expression: &'static str) -> Column {
    Column {
        nom,
        value: Value::Sql(expression),
    }
}

const fn empty(nom: &'static str) -> Column {
    Column {
        nom,
        value: Value::Empty,
    }
}

const fn label(nom: &'static str, of: &'static str, tables: &'static [&'static str]) -> Column {
    Column {
        nom,
        value: Value::Label(Family::Tables(tables), of),
    }
}

const fn family(nom: &'static str, of: &'static str, family: Family) -> Column {
    Column {
        nom,
        value: Value::Label(family, of),
    }
}

impl Layout {
    /// The header line of CSV: the official one, or the columns' names.
    pub fn header(&self) -> String {
        match self.header {
            Some(header) => header.trim_end().to_owned(),
            None => self.names().collect::<Vec<_>>().join("|"),
        }
    }

    /// The columns' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.nom)
    }

    /// What Postgres is asked for, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().filter_map(|column| match column.value {
            Value::Sql(expression) => Some(expression),
            Value::Empty | Value::Label(..) => None,
        })
    }

    /// For each column, where in Postgres's row it is, `before` fields standing in front.
    pub fn sources(&self, before: usize) -> Vec<Source> {
        let place = |name: &str| {
            let asked = self.columns.iter().filter(|c| matches!(c.value, Value::Sql(_)));
            before + asked.take_while(|c| c.nom != name).count()
        };
        self.columns
            .iter()
            .map(|column| match &column.value {
                Value::Sql(_) => Source::Field(place(column.nom)),
                Value::Empty => Source::Empty,
                Value::Label(Family::Tables(tables), of) => Source::Label(tables, place(of)),
                Value::Label(Family::Profession, of) => Source::Profession(place(of)),
                Value::Label(Family::Qualification(by), of) => Source::Qualification(place(by), place(of)),
            })
            .collect()
    }
}

/// Where a column's value is, by field numbers.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Empty,
    Field(usize),
    Label(&'static [&'static str], usize),
    Profession(usize),
    Qualification(usize, usize),
}

impl Source {
    /// What the value is a function of: the field, and before it the one by which the code's table is found.
    pub fn fields(self, row: &Row) -> [&[u8]; 2] {
        match self {
            Self::Empty => [&[], &[]],
            Self::Field(number) | Self::Label(_, number) | Self::Profession(number) => {
                [&[], row.field(number)]
            }
            Self::Qualification(by, number) => [row.field(by), row.field(number)],
        }
    }

    /// The label of a code.
    pub fn label(self, labels: &Labels, fields: [&[u8]; 2]) -> Option<Arc<str>> {
        let [by, code] = fields.map(|field| std::str::from_utf8(field).unwrap_or_default());
        let found = match self {
            Self::Empty | Self::Field(_) => None,
            Self::Label(tables, _) => labels.get(tables, code),
            Self::Profession(_) => labels.profession(code),
            Self::Qualification(..) => labels.qualification(by, code),
        };
        found.map(|found| found.libelle)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn official_layouts_have_a_column_for_each_of_the_header() {
        for layout in Kind::ALL.map(Kind::layout) {
            assert_eq!(
                layout.header().trim_end_matches('|').split('|').count(),
                layout.columns.len(),
                "{}",
                layout.nom
            );
        }
    }

    #[test]
    fn names_are_unique_and_labels_name_columns_that_are_there() {
        for layout in Kind::ALL.map(Kind::layout) {
            let names: BTreeSet<_> = layout.names().collect();
            assert_eq!(names.len(), layout.columns.len());
            for column in layout.columns {
                if let Value::Label(_, of) = column.value {
                    let source = layout.columns.iter().find(|c| c.nom == of).unwrap();
                    assert!(matches!(source.value, Value::Sql(_)), "{of}");
                }
            }
        }
    }
}
