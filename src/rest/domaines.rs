//! `GET /api/v1/domaines`: the white list. Never names its contacts.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::parameters::{NoParameter, Parameters};
use super::problem::Problem;
use super::signin::SignedIn;
use super::state::RestState;

/// La liste blanche.
#[derive(Serialize, ToSchema)]
pub struct Domaines {
    pub domaines: Vec<Domaine>,
}

/// Un domaine de l'espace de confiance.
#[derive(Serialize, ToSchema)]
pub struct Domaine {
    #[schema(example = "sage-femme-exemple.mssante.fr")]
    pub nom: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "Domaine d'essai")]
    pub description: String,
    #[schema(example = json!(["Opérateur Exemple"]))]
    pub operateurs: Vec<String>,
}

/// Lire la liste blanche
#[utoipa::path(get, path = "/api/v1/domaines", operation_id = "listerDomaines", tag = "Référentiels",
    responses((status = 200, description = "Les domaines de l'espace de confiance", body = Domaines)))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
) -> Result<Json<Domaines>, Problem> {
    let known = state.ask(|directory| Ok(directory.domaines())).await?;
    let domaines = known.iter().map(|domain| Domaine {
        nom: domain.nom.clone(),
        description: domain.description.clone(),
        operateurs: domain.operateurs.clone(),
    });
    let domaines = domaines.collect();
    Ok(Json(Domaines { domaines }))
}
