//! Domains, code tables and sources: read whole, kept in memory, and saved beside the index so that a node that
//! starts without Postgres still has them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::Facette;
use super::vocabulary::Vocabulary;
use crate::index::{self, Facet};

/// A domain of the white list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Domaine {
    pub nom: String,
    pub description: String,
    pub operateurs: Vec<String>,
}

/// A code of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concept {
    pub code: String,
    pub libelle: String,
    pub date_fin: Option<String>,
}

/// An extract that is loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub genre: String,
    pub date: String,
}

/// When imports ended, by the clock of the store, in microseconds since the Unix epoch; 0 where there was none.
#[derive(Debug, Clone, Copy)]
pub struct Imports {
    pub last: i64,
    /// The last that changed an entry.
    pub last_to_change: i64,
}

impl Imports {
    /// Of the store.
    pub async fn of(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let (last, last_to_change) = sqlx::query_as(
            "select coalesce((extract(epoch from max(finished_at)) * 1000000)::bigint, 0),
                    coalesce((extract(epoch from max(finished_at) filter (where version is not null)) * 1000000)::bigint, 0)
             from import_runs",
        )
        .fetch_one(pool)
        .await?;
        Ok(Self { last, last_to_change })
    }
}

/// All of it.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Reference {
    /// The end of the last import before it was read: nothing but imports changes it.
    #[serde(default)]
    pub import: i64,
    pub domains: Arc<Vec<Domaine>>,
    pub tables: BTreeMap<String, Arc<Vec<Concept>>>,
    pub sources: Vec<Source>,
    #[serde(default)]
    pub vocabulary: Arc<Vocabulary>,
    #[serde(skip)]
    names: HashSet<String>,
    /// Code and label by facet and by the hash under which the index counts a code: `10` is a profession and a
    /// department.
    #[serde(skip)]
    by_hash: HashMap<(&'static str, u64), (String, String)>,
}

impl Reference {
    /// Reads it from the store, all but the vocabulary, which is given. `import` is the end of the last import: what one
    /// that ends meanwhile changes is read once more.
    pub async fn load(pool: &PgPool, import: i64, vocabulary: Arc<Vocabulary>) -> Result<Self, sqlx::Error> {
        let domains: Vec<(String, String, Vec<String>)> = sqlx::query_as(
            "select d.nom, d.description,
                    coalesce(array_agg(distinct o.operateur) filter (where o.operateur is not null), '{}')
             from domains d left join domain_operators o on o.domaine = d.nom
             group by d.nom, d.description order by d.nom",
        )
        .fetch_all(pool)
        .await?;
        let concepts: Vec<(String, String, String, Option<String>)> =
            sqlx::query_as("select table_nos, code, libelle, date_fin from nomenclatures order by 1, 2")
                .fetch_all(pool)
                .await?;
        let sources: Vec<(String, String)> = sqlx::query_as(
            "select genre, to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from sources order by genre",
        )
        .fetch_all(pool)
        .await?;
        let mut tables: BTreeMap<String, Vec<Concept>> = BTreeMap::new();
        for (table, code, libelle, date_fin) in concepts {
            tables.entry(table).or_default().push(Concept {
                code,
                libelle,
                date_fin,
            });
        }
        let reference = Self {
            import,
            domains: Arc::new(
                domains
                    .into_iter()
                    .map(|(nom, description, operateurs)| Domaine {
                        nom,
                        description,
                        operateurs,
                    })
                    .collect(),
            ),
            tables: tables
                .into_iter()
                .map(|(table, concepts)| (table, Arc::new(concepts)))
                .collect(),
            sources: sources
                .into_iter()
                .map(|(genre, date)| Source { genre, date })
                .collect(),
            vocabulary,
            ..Self::default()
        };
        Ok(reference.prepared())
    }

    /// The same with the vocabulary of the store, which is of the last import that changed an entry.
    pub async fn with_vocabulary(&self, pool: &PgPool, import: i64) -> Result<Self, sqlx::Error> {
        let concept = |filtre: &str, code: &str| self.concept(filtre, code);
        let vocabulary = Vocabulary::load(pool, import, concept).await?;
        Ok(Self {
            vocabulary: Arc::new(vocabulary),
            ..self.clone()
        })
    }

    fn concept(&self, facet: &str, code: &str) -> Option<&Concept> {
        let (_, tables) = FACET_TABLES.iter().find(|(name, _)| *name == facet)?;
        tables
            .iter()
            .filter_map(|table| self.tables.get(*table))
            .flat_map(|concepts| concepts.iter())
            .find(|concept| short(concept) == code)
    }

    fn prepared(mut self) -> Self {
        self.names = self.domains.iter().map(|domain| domain.nom.clone()).collect();
        for (facet, tables) in FACET_TABLES {
            let concepts = tables
                .iter()
                .filter_map(|table| self.tables.get(*table))
                .flat_map(|concepts| concepts.iter());
            for concept in concepts {
                let code = short(concept);
                self.by_hash
                    .entry((facet, index::hash(code)))
                    .or_insert_with(|| (code.to_owned(), concept.libelle.clone()));
            }
        }
        self
    }

    /// Whether a domain is on the white list; `None` without a list.
    pub fn trusts(&self, domain: &str) -> Option<bool> {
        (!self.names.is_empty()).then(|| self.names.contains(domain))
    }

    /// Code and label of a hash that the index counts in a facet.
    pub fn name(&self, facet: &'static str, hash: u64) -> Option<(String, String)> {
        self.by_hash.get(&(facet, hash)).cloned()
    }

    /// Codes and labels for a facet's hashes. A code that no table names is left out.
    pub fn name_facet(&self, facet: &Facet) -> Vec<Facette> {
        let named = |value: &u64| match (facet.name, value) {
            ("avec_messagerie", 1) => Some(("true".to_owned(), "Avec messagerie".to_owned())),
            ("avec_messagerie", _) => Some(("false".to_owned(), "Sans messagerie".to_owned())),
            _ => self.name(facet.name, *value),
        };
        facet
            .counts
            .iter()
            .filter_map(|(value, nombre)| {
                named(value).map(|(code, libelle)| Facette {
                    code,
                    libelle,
                    nombre: *nombre,
                })
            })
            .collect()
    }

    /// What was saved beside the index, or nothing.
    pub fn saved(data_dir: &Path) -> Self {
        let text = std::fs::read(file(data_dir)).unwrap_or_default();
        let mut saved: Self = serde_json::from_slice(&text).unwrap_or_default();
        let vocabulary = std::mem::take(&mut saved.vocabulary);
        saved.vocabulary = Arc::new(Arc::unwrap_or_clone(vocabulary).prepared());
        saved.prepared()
    }

    /// Saves it beside the index. A failure only costs a later start without Postgres.
    pub fn save(&self, data_dir: &Path) {
        let beside = file(data_dir).with_extension("new");
        let saved = serde_json::to_vec(self)
            .map_err(std::io::Error::other)
            .and_then(|text| std::fs::write(&beside, text))
            .and_then(|()| std::fs::rename(&beside, file(data_dir)));
        if let Err(error) = saved {
            tracing::warn!(%error, "code tables could not be saved beside the index");
        }
    }
}

/// The tables that name the codes of each facet, first come first served.
const FACET_TABLES: &[(&str, &[&str])] = &[
    ("profession", &["TRE_G15", "TRE_R94", "TRE_R95", "TRE_R291"]),
    ("departement", &["TRE_G09"]),
    ("mode_exercice", &["TRE_R23"]),
    (
        "savoir_faire",
        &[
            "TRE_R38", "TRE_R39", "TRE_R40", "TRE_G13", "TRE_R42", "TRE_R43", "TRE_R44", "TRE_R45",
            "TRE_R46", "TRE_A02",
        ],
    ),
];

/// The code without the profession that codes of TRE_A02 name first (`G15_10/SM54`).
fn short(concept: &Concept) -> &str {
    concept.code.rsplit('/').next().unwrap_or_default()
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("references.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_by_the_tables_of_its_facet() {
        let concept = |code: &str, libelle: &str| Concept {
            code: code.to_owned(),
            libelle: libelle.to_owned(),
            date_fin: None,
        };
        let table = |name: &str, code, libelle| (name.to_owned(), Arc::new(vec![concept(code, libelle)]));
        let reference = Reference {
            tables: [table("TRE_G15", "10", "Médecin"), table("TRE_G09", "10", "Aube")].into(),
            ..Reference::default()
        };
        let reference = reference.prepared();
        let name = |facet| reference.name(facet, index::hash("10")).map(|(_, label)| label);
        assert_eq!(name("profession").as_deref(), Some("Médecin"));
        assert_eq!(name("departement").as_deref(), Some("Aube"));
        assert_eq!(name("mode_exercice"), None);
    }
}
