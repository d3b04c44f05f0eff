//! `GET /api/v1/nomenclatures` and `/nomenclatures/{table}`: codes and their labels.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::parameters::{Name, NoParameter, Parameters};
use super::problem::{NOT_FOUND, Problem, Probleme};
use super::signin::SignedIn;
use super::state::RestState;

/// Les noms des tables.
#[derive(Serialize, ToSchema)]
pub struct Nomenclatures {
    #[schema(example = json!(["TRE_G15"]))]
    pub nomenclatures: Vec<String>,
}

/// Une table de codes.
#[derive(Serialize, ToSchema)]
pub struct Nomenclature {
    #[schema(example = "TRE_G15")]
    pub table: String,
    pub codes: Vec<Concept>,
}

/// Un code de la table.
#[derive(Serialize, ToSchema)]
pub struct Concept {
    #[schema(example = "50")]
    pub code: String,
    #[schema(example = "Sage-femme")]
    pub libelle: String,
    /// Quand le code a cessé d'être valide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2020-12-31")]
    pub date_fin: Option<String>,
}

/// Lister les nomenclatures
#[utoipa::path(get, path = "/api/v1/nomenclatures", operation_id = "listerNomenclatures", tag = "Référentiels",
    responses((status = 200, description = "Les noms des tables", body = Nomenclatures)))]
pub async fn list(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
) -> Result<Json<Nomenclatures>, Problem> {
    let nomenclatures = state.ask(|directory| Ok(directory.nomenclatures())).await?;
    Ok(Json(Nomenclatures { nomenclatures }))
}

/// Lire une nomenclature
#[utoipa::path(get, path = "/api/v1/nomenclatures/{table}", operation_id = "lireNomenclature", tag = "Référentiels",
    params(("table" = String, Path, description = "Le nom de la table", example = "TRE_G15")),
    responses(
        (status = 200, description = "Ses codes", body = Nomenclature),
        (status = 404, description = "Aucune table de ce nom", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
    Name(table): Name,
) -> Result<Json<Nomenclature>, Problem> {
    let asked = table.clone();
    let found = state
        .ask(move |directory| Ok(directory.nomenclature(&asked)))
        .await?;
    let concepts = found.ok_or_else(|| Problem::of(&NOT_FOUND))?;
    let codes = concepts.iter().map(|concept| Concept {
        code: concept.code.to_string(),
        libelle: concept.libelle.to_string(),
        date_fin: concept.date_fin.as_ref().map(ToString::to_string),
    });
    let codes = codes.collect();
    Ok(Json(Nomenclature { table, codes }))
}
