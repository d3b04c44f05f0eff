//! `GET /api/v1/professionnels/{identification_nationale}`: one professional, whole.

use axum::extract::State;
use axum::response::Response;

use super::answer::record;
use super::client::Client;
use super::parameters::{Name, NoParameter, Parameters};
use super::problem::{Problem, Probleme};
use super::signin::SignedIn;
use super::state::RestState;
use crate::view::json::Professionnel;

/// Lire un professionnel
#[utoipa::path(get, path = "/api/v1/professionnels/{identification_nationale}", operation_id = "lireProfessionnel", tag = "Fiches",
    params(("identification_nationale" = String, Path, description = "`8` + RPPS ou `0` + ADELI", example = "899000000002")),
    responses(
        (status = 200, description = "La fiche", body = Professionnel<'static>),
        (status = 404, description = "Aucune fiche", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    _: Parameters<NoParameter>,
    Name(id): Name,
) -> Result<Response, Problem> {
    let asker = viewer.clone();
    let found = state
        .ask(move |directory| directory.professionnel(&id, &asker))
        .await?;
    state.quotas.read(&viewer, client, &found)?;
    record(found)
}
