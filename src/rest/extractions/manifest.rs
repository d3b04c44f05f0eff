//! The manifest: which files are ready, of which state, and what may be asked for besides.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::parameters::{NoParameter, Parameters};
use super::super::problem::Problem;
use super::super::sante::SourceChargee;
use super::super::signin::SignedIn;
use super::super::state::RestState;
use crate::export::manifest::{File, Made};
use crate::export::{Kind, LICENCE, SOURCE};

/// Le manifeste des extractions.
#[derive(Serialize, ToSchema)]
pub struct Extractions {
    #[schema(example = "Licence Ouverte / Open Licence 2.0 (Etalab)")]
    pub licence: &'static str,
    /// De qui sont les données.
    #[schema(example = "Agence du Numérique en Santé (Annuaire Santé, MSSanté) ; DREES (FINESS)")]
    pub source: &'static str,
    /// Les fichiers prêts ; aucun tant que les premiers s'écrivent.
    pub extractions: Vec<Extraction>,
    /// Ce qui se lit filtré, ou depuis une marque.
    pub genres: Vec<Genre>,
}

/// Un fichier prêt à être lu.
#[derive(Serialize, ToSchema)]
pub struct Extraction {
    #[schema(example = "correspondance.csv.gz")]
    pub nom: String,
    /// Où le lire.
    #[schema(example = "/api/v1/extractions/correspondance.csv.gz")]
    pub lien: String,
    #[schema(example = "correspondance")]
    pub genre: String,
    #[schema(example = "csv")]
    pub format: String,
    /// `gzip` ou `zstd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "gzip")]
    pub compression: Option<String>,
    #[schema(example = 312)]
    pub lignes: u64,
    #[schema(example = 48213)]
    pub octets: u64,
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// À redonner comme `depuis` pour n'avoir que ce qui a changé après ce fichier.
    #[schema(example = "00112233445566778899aabbccddeeff")]
    pub marque: String,
    #[schema(example = "Licence Ouverte / Open Licence 2.0 (Etalab)")]
    pub licence: &'static str,
    #[schema(example = "Agence du Numérique en Santé (Annuaire Santé, MSSanté) ; DREES (FINESS)")]
    pub source: &'static str,
    /// Les sources dont il est tiré, et leurs dates.
    pub sources: Vec<SourceChargee>,
}

/// Un genre d'extraction.
#[derive(Serialize, ToSchema)]
pub struct Genre {
    #[schema(example = "correspondance")]
    pub nom: &'static str,
    #[schema(example = "Les structures, une par ligne")]
    pub description: &'static str,
    #[schema(example = "/api/v1/extractions/correspondance")]
    pub lien: String,
    /// Les colonnes, dans l'ordre, en NDJSON et Parquet ; `id` les précède.
    #[schema(example = json!(["type_bal", "adresse"]))]
    pub colonnes: Vec<&'static str>,
    /// Les filtres qu'il prend.
    #[schema(example = json!(["departement", "domaine"]))]
    pub filtres: Vec<&'static str>,
}

/// Lister les extractions
#[utoipa::path(get, path = "/api/v1/extractions", operation_id = "listerExtractions", tag = "Extractions",
    responses((status = 200, description = "Le manifeste", body = Extractions)))]
pub async fn list(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
) -> Result<Json<Extractions>, Problem> {
    let manifest = state.exports.manifest();
    let kinds = manifest.iter().flat_map(|manifest| &manifest.kinds);
    let files = kinds.flat_map(|made| made.files.iter().map(|file| extraction(made, file)));
    Ok(Json(Extractions {
        licence: LICENCE,
        source: SOURCE,
        extractions: files.collect(),
        genres: Kind::ALL.into_iter().map(genre).collect(),
    }))
}

fn extraction(made: &Made, file: &File) -> Extraction {
    let sources = made.sources.iter().map(|source| SourceChargee {
        genre: source.genre.clone(),
        date: source.date.clone(),
    });
    Extraction {
        nom: file.name.clone(),
        lien: format!("/api/v1/extractions/{}", file.name),
        genre: made.kind.clone(),
        format: file.format.clone(),
        compression: file.compression.clone(),
        lignes: file.rows,
        octets: file.bytes,
        sha256: file.sha256.clone(),
        marque: made.mark.clone(),
        licence: LICENCE,
        source: SOURCE,
        sources: sources.collect(),
    }
}

fn genre(kind: Kind) -> Genre {
    let layout = kind.layout();
    Genre {
        nom: layout.nom,
        description: layout.description,
        lien: format!("/api/v1/extractions/{}", layout.nom),
        colonnes: layout.names().collect(),
        filtres: layout.filters.iter().map(|(name, _)| *name).collect(),
    }
}
