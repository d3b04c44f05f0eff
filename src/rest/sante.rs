//! `GET /sante`: alive, ready, of which dates; and the detailed form of the administration address.
//! The version of the detailed form counts only what the public can see.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::parameters::{NoParameter, Parameters};
use super::problem::Problem;
use super::state::RestState;
use crate::service;

/// L'état du service.
#[derive(Serialize, ToSchema)]
pub struct EtatPublic {
    #[schema(example = true)]
    pub vivant: bool,
    /// Faux tant que l'annuaire n'est pas chargé.
    #[schema(example = true)]
    pub pret: bool,
    pub sources: Vec<SourceChargee>,
}

/// Une source chargée.
#[derive(Serialize, ToSchema)]
pub struct SourceChargee {
    #[schema(example = "rpps_personne_activite")]
    pub genre: String,
    /// La date de la source, non celle du chargement.
    #[schema(example = "2026-01-15T08:00:00Z")]
    pub date: String,
}

/// The detailed state, for those who run the service.
#[derive(Serialize)]
pub struct EtatDetaille {
    vivant: bool,
    pret: bool,
    base_joignable: bool,
    version: u64,
    professionnels: u64,
    structures: u64,
    messageries: u64,
    sources: Vec<SourceChargee>,
    /// How many nodes are alive; none where the store does not answer. Which version each shows counts hidden changes
    /// too: `annuaire status` tells it.
    noeuds: usize,
}

/// The loaded sources, as every answer lists them.
pub fn sources(sante: &service::Sante) -> Vec<SourceChargee> {
    let shown = sante.sources.iter().map(|source| SourceChargee {
        genre: source.genre.to_string(),
        date: source.date.to_string(),
    });
    shown.collect()
}

/// Connaître l'état du service
///
/// 503, avec le même corps, tant que l'annuaire n'est pas prêt.
#[utoipa::path(get, path = "/sante", operation_id = "lireSante", tag = "Service",
    responses(
        (status = 200, description = "Prêt", body = EtatPublic),
        (status = 503, description = "Pas encore prêt", body = EtatPublic)))]
pub async fn get(
    State(state): State<RestState>,
    _: Parameters<NoParameter>,
) -> Result<(StatusCode, Json<EtatPublic>), Problem> {
    let sante = state.directory.sante();
    let etat = EtatPublic {
        vivant: true,
        pret: sante.pret,
        sources: sources(&sante),
    };
    Ok((status(&sante), Json(etat)))
}

/// `GET /sante` of the administration address.
pub async fn detailed(State(state): State<RestState>) -> (StatusCode, Json<EtatDetaille>) {
    let noeuds = state.directory.nodes().await;
    let sante = state.directory.sante();
    let etat = EtatDetaille {
        vivant: true,
        pret: sante.pret,
        base_joignable: sante.base_joignable,
        version: sante.version,
        professionnels: sante.professionnels,
        structures: sante.structures,
        messageries: sante.messageries,
        sources: sources(&sante),
        noeuds,
    };
    (status(&sante), Json(etat))
}

fn status(sante: &service::Sante) -> StatusCode {
    match sante.pret {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}
