//! Labels of codes, loaded whole: some ten thousand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;

use crate::directory::professional::Labelled;
use crate::import::qualification_table;

/// Labels by table and code.
#[derive(Default)]
pub struct Labels {
    tables: HashMap<String, HashMap<String, Labelled>>,
}

impl Labels {
    /// Reads them all.
    pub async fn load(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("select table_nos, code, libelle from nomenclatures")
                .fetch_all(connection)
                .await?;
        let mut labels = Self::default();
        for (table, code, libelle) in rows {
            let labelled = Labelled {
                code: code.as_str().into(),
                libelle: libelle.into(),
            };
            // Codes of TRE_A02 name the profession's table first: `G15_10/SM54`.
            if table == "TRE_A02"
                && let Some((_, inner)) = code.split_once('/')
            {
                let labelled = Labelled {
                    code: inner.into(),
                    libelle: labelled.libelle.clone(),
                };
                labels
                    .tables
                    .entry("TRE_A02".to_owned())
                    .or_default()
                    .insert(inner.to_owned(), labelled);
            }
            labels.tables.entry(table).or_default().insert(code, labelled);
        }
        Ok(labels)
    }

    /// A code with its label, or with itself where none is known; `None` for an empty code.
    pub fn get(&self, tables: &[&str], code: &str) -> Option<Labelled> {
        if code.is_empty() {
            return None;
        }
        Some(self.find(tables, code).unwrap_or_else(|| {
            let code: Arc<str> = code.into();
            Labelled {
                code: code.clone(),
                libelle: code,
            }
        }))
    }

    fn find(&self, tables: &[&str], code: &str) -> Option<Labelled> {
        tables
            .iter()
            .find_map(|table| self.tables.get(*table)?.get(code).cloned())
    }

    /// A profession: health professions first, then the social ones.
    pub fn profession(&self, code: &str) -> Option<Labelled> {
        self.get(&["TRE_G15", "TRE_R94", "TRE_R95", "TRE_R291"], code)
    }

    /// A qualification, whose table depends on its type; without a type, by code alone.
    pub fn qualification(&self, type_savoir_faire: &str, code: &str) -> Option<Labelled> {
        match type_savoir_faire {
            "" => self.get(&["TRE_R38", "TRE_A02"], code),
            other => self.get(&[qualification_table(other), "TRE_A02"], code),
        }
    }

    /// The label of a department, or nothing.
    pub fn department(&self, code: &str) -> String {
        self.find(&["TRE_G09"], code)
            .map(|l| l.libelle.to_string())
            .unwrap_or_default()
    }
}

/// The white list's domains; `None` when no list is loaded.
pub async fn domains(connection: &mut PgConnection) -> Result<Option<HashSet<String>>, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar("select nom from domains")
        .fetch_all(connection)
        .await?;
    Ok((!names.is_empty()).then(|| names.into_iter().collect()))
}
