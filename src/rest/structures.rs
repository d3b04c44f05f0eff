//! `GET /api/v1/structures/{identifiant}` and the list of its mailboxes.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{json_text, record, with_list};
use super::client::Client;
use super::parameters::{Name, NoParameter, Parameters};
use super::problem::{NOT_FOUND, Problem, Probleme};
use super::signin::SignedIn;
use super::state::RestState;
use crate::view::json::{Messagerie, StructureComplete};

/// Lire une structure
#[utoipa::path(get, path = "/api/v1/structures/{identifiant}", operation_id = "lireStructure", tag = "Fiches",
    params(("identifiant" = String, Path, description = "`F` + FINESS, FINESS, SIRET, SIREN, identifiant technique, ou chiffre de type + identifiant", example = "F990000000")),
    responses(
        (status = 200, description = "La fiche", body = StructureComplete<'static>),
        (status = 404, description = "Aucune fiche", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    _: Parameters<NoParameter>,
    Name(alias): Name,
) -> Result<Response, Problem> {
    let asker = viewer.clone();
    let found = state
        .ask(move |directory| directory.structure(&alias, &asker))
        .await?;
    state.quotas.read(&viewer, client, &found)?;
    record(found)
}

/// The names that the list of mailboxes takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessageriesParams {
    /// Mots cherchés dans le service, la description et l'adresse.
    #[param(example = "addictologie")]
    pub q: Option<String>,
}

/// Les messageries d'une structure.
// Only its schema is used: the body is put together from records that the index keeps as text.
#[derive(Serialize, ToSchema)]
pub struct MessageriesDeStructure {
    #[schema(example = 2)]
    pub total: usize,
    pub resultats: Vec<Messagerie<'static>>,
}

#[derive(Serialize)]
struct Head {
    total: usize,
}

/// Lister les messageries d'une structure
#[utoipa::path(get, path = "/api/v1/structures/{identifiant}/messageries", operation_id = "listerMessageriesDeStructure", tag = "Fiches",
    params(MessageriesParams, ("identifiant" = String, Path, description = "Comme pour la structure", example = "F990000000")),
    responses(
        (status = 200, description = "Ses messageries", body = MessageriesDeStructure),
        (status = 404, description = "Aucune structure", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn messageries(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    parameters: Parameters<MessageriesParams>,
    Name(alias): Name,
) -> Result<Response, Problem> {
    let q = parameters.text("q")?.map(str::to_owned);
    let asker = viewer.clone();
    let question = state
        .ask(move |directory| directory.messageries_de_structure(&alias, q.as_deref(), &asker))
        .await?;
    let found = question.ok_or_else(|| Problem::of(&NOT_FOUND))?;
    state.quotas.read(&viewer, client, &found)?;
    let head = serde_json::to_string(&Head { total: found.len() }).unwrap_or_default();
    Ok(json_text(with_list(&head, "resultats", found)))
}
