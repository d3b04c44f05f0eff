//! `GET /api/v1/messageries/{adresse}`: one mailbox. A hidden one, an absent one and a citizen's one
//! are answered by the same bytes.

use axum::extract::State;
use axum::response::Response;

use super::answer::record;
use super::client::Client;
use super::parameters::{Name, NoParameter, Parameters};
use super::problem::{Problem, Probleme};
use super::signin::SignedIn;
use super::state::RestState;
use crate::view::json::Messagerie;

/// Lire une messagerie
///
/// Aux appels authentifiés s'ajoute `telephone`, quand son titulaire en a accepté la publication.
#[utoipa::path(get, path = "/api/v1/messageries/{adresse}", operation_id = "lireMessagerie", tag = "Fiches",
    params(("adresse" = String, Path, description = "L'adresse, majuscules ou minuscules", example = "claire.testeur@sage-femme-exemple.mssante.fr")),
    responses(
        (status = 200, description = "La fiche", body = Messagerie<'static>),
        (status = 404, description = "Aucune fiche", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    _: Parameters<NoParameter>,
    Name(address): Name,
) -> Result<Response, Problem> {
    let asker = viewer.clone();
    let found = state
        .ask(move |directory| directory.messagerie(&address, &asker))
        .await?;
    state.quotas.read(&viewer, client, &found)?;
    record(found)
}
