//! (stub, replaced)
use crate::query::Kinds;
use crate::visibility::Viewer;
use std::sync::Arc;
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the cursor is not one of ours")]
    Cursor,
    #[error("unavailable: {0}")]
    Unavailable(String),
}
#[derive(Clone, Default)]
pub struct Directory;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    Pertinence,
    Nom,
    Distance,
}
#[derive(Debug, Clone)]
pub struct Recherche {
    pub q: Option<String>,
    pub types: Kinds,
    pub profession: Vec<String>,
    pub savoir_faire: Vec<String>,
    pub mode_exercice: Vec<String>,
    pub departement: Vec<String>,
    pub code_postal: Vec<String>,
    pub commune: Vec<String>,
    pub structure: Vec<String>,
    pub avec_messagerie: Option<bool>,
    pub autour: Option<(f64, f64, f64)>,
    pub tri: Tri,
    pub page: u32,
    pub curseur: Option<String>,
    pub par_page: u32,
}
pub struct Page {
    pub total: u64,
    pub page: u32,
    pub par_page: u32,
    pub curseur_suivant: Option<String>,
    pub resultats: Vec<Hit>,
    pub facettes: Vec<(String, Vec<Facette>)>,
}
pub struct Hit {
    pub json: String,
    pub distance_km: Option<f64>,
}
pub struct Facette {
    pub code: String,
    pub libelle: String,
    pub nombre: u64,
}
pub struct Suggestion {
    pub type_: String,
    pub libelle: String,
    pub precision: String,
    pub identifiant: String,
    pub adresse: Option<String>,
}
pub struct Verdict {
    pub adresse: Option<String>,
    pub publiee: bool,
    pub domaine_de_confiance: Option<bool>,
    pub type_bal: Option<String>,
    pub avertissement: Option<Avertissement>,
}
pub struct Avertissement {
    pub code: String,
    pub message: String,
}
pub struct Domaine {
    pub nom: String,
    pub description: String,
    pub operateurs: Vec<String>,
}
pub struct Concept {
    pub code: String,
    pub libelle: String,
    pub date_fin: Option<String>,
}
pub struct Sante {
    pub pret: bool,
    pub base_joignable: bool,
    pub version: u64,
    pub sources: Vec<Source>,
    pub professionnels: u64,
    pub structures: u64,
    pub messageries: u64,
}
pub struct Source {
    pub genre: String,
    pub date: String,
}
type R<T> = Result<T, ServiceError>;
impl Directory {
    pub fn recherche(&self, _r: &Recherche, _v: &Viewer) -> R<Page> {
        Err(ServiceError::Cursor)
    }
    pub fn suggestions(&self, _q: &str, _limite: usize, _v: &Viewer) -> R<Vec<Suggestion>> {
        Ok(vec![])
    }
    pub fn professionnel(&self, _id: &str, _v: &Viewer) -> R<Option<String>> {
        Ok(None)
    }
    pub fn structure(&self, _alias: &str, _v: &Viewer) -> R<Option<String>> {
        Ok(None)
    }
    pub fn messagerie(&self, _adresse: &str, _v: &Viewer) -> R<Option<String>> {
        Ok(None)
    }
    pub fn messageries_de_structure(
        &self,
        _a: &str,
        _q: Option<&str>,
        _v: &Viewer,
    ) -> R<Option<Vec<String>>> {
        Ok(None)
    }
    pub fn verification(&self, adresses: &[String]) -> Vec<Verdict> {
        adresses
            .iter()
            .map(|a| Verdict {
                adresse: Some(a.clone()),
                publiee: false,
                domaine_de_confiance: None,
                type_bal: None,
                avertissement: None,
            })
            .collect()
    }
    pub fn domaines(&self) -> Arc<Vec<Domaine>> {
        Arc::default()
    }
    pub fn nomenclature(&self, _table: &str) -> Option<Arc<Vec<Concept>>> {
        None
    }
    pub fn nomenclatures(&self) -> Vec<String> {
        vec![]
    }
    pub fn sante(&self) -> Sante {
        Sante {
            pret: false,
            base_joignable: false,
            version: 0,
            sources: vec![],
            professionnels: 0,
            structures: 0,
            messageries: 0,
        }
    }
    pub async fn authenticate_key(&self, _key: &str) -> R<Option<Viewer>> {
        Ok(None)
    }
}
