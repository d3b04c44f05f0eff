//! `GET /api/v1/administration/messageries…`: boxes with what is hidden of them. Each that is shown leaves its trace.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ActingAdministrator;
use crate::publication::{Held, MessagerieOperateur};
use crate::rest::operateur::liste::{Page, ParametresDeListe, cursor};
use crate::rest::operateur::refused;
use crate::rest::parameters::{Name, NoParameter, Parameters};
use crate::rest::problem::{Problem, Probleme};
use crate::rest::state::RestState;

/// Une messagerie telle que l'administration la lit.
#[derive(Serialize, ToSchema)]
pub struct MessagerieCachee {
    #[serde(flatten)]
    pub messagerie: MessagerieOperateur,
    /// L'opérateur qui l'a publiée ; absent pour une messagerie de l'extraction nationale.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub operateur: String,
}

/// Les messageries en liste rouge, par ordre alphabétique.
#[derive(Serialize, ToSchema)]
pub struct MessageriesCachees {
    pub messageries: Vec<MessagerieCachee>,
    /// Absent à la dernière page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "curseur", example = "636c61697265")]
    pub curseur_suivant: Option<String>,
}

impl From<&Held> for MessagerieCachee {
    fn from(held: &Held) -> Self {
        Self {
            messagerie: held.shown(),
            operateur: held.operateur.clone(),
        }
    }
}

/// Lister les messageries en liste rouge
///
/// De tous les opérateurs. Chaque messagerie montrée laisse une trace d'audit.
#[utoipa::path(get, path = "/api/v1/administration/messageries", operation_id = "listerMessageriesCachees", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    params(ParametresDeListe),
    responses(
        (status = 200, description = "Une page", body = MessageriesCachees),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn list(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    parameters: Parameters<ParametresDeListe>,
) -> Result<Response, Problem> {
    let asked = Page::read(&parameters)?;
    Ok(
        match state
            .directory
            .hidden_boxes(&actor, &asked.after, asked.limit)
            .await
        {
            Ok(page) => Json(MessageriesCachees {
                messageries: page.boxes.iter().map(MessagerieCachee::from).collect(),
                curseur_suivant: page.next.as_deref().map(cursor),
            })
            .into_response(),
            Err(error) => refused(error),
        },
    )
}

/// Lire une messagerie avec ce qui en est caché
///
/// La lecture laisse une trace d'audit, que la messagerie existe ou non.
#[utoipa::path(get, path = "/api/v1/administration/messageries/{adresse}", operation_id = "lireMessagerieCachee", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    params(("adresse" = String, Path, description = "L'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr")),
    responses(
        (status = 200, description = "La messagerie", body = MessagerieCachee),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 404, description = "Aucune messagerie", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    _: Parameters<NoParameter>,
    Name(address): Name,
) -> Response {
    match state.directory.whole_box(&actor, &address).await {
        Ok(held) => Json(MessagerieCachee::from(&held)).into_response(),
        Err(error) => refused(error),
    }
}
