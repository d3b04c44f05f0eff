//! `/api/v1/operateur/…`: operators publish their boxes. Refusals never repeat what was sent.

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::client::Client;
use super::problem::{
    CHANGED_MEANWHILE, FAULTS, FIXED_FIELD, FORBIDDEN, Kind, NOT_FOUND, Problem, UNAUTHORIZED, UNAVAILABLE,
};
use super::signin::SignedIn;
use super::state::RestState;
use crate::publication::{Fault, PublicationError};
use crate::store::audit::Actor;
use crate::store::nodes::Confirmation;
use crate::visibility::Viewer;

pub mod liste;
pub mod lots;
pub mod messageries;

/// The operator's account behind a request, and where it comes from.
pub struct ActingOperator(pub Actor);

impl FromRequestParts<RestState> for ActingOperator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, Problem> {
        let SignedIn(viewer) = SignedIn::from_request_parts(parts, state).await?;
        match viewer {
            Viewer::Operator { account, .. } => Ok(Self(actor(parts, state, account).await)),
            Viewer::Public => Err(Problem::of(&UNAUTHORIZED)),
            _ => Err(Problem::detailed(
                &FORBIDDEN,
                "ce chemin est celui des opérateurs de messageries",
            )),
        }
    }
}

/// Who acts, for the audit.
pub async fn actor(parts: &mut Parts, state: &RestState, account: String) -> Actor {
    let Ok(Client(address)) = Client::from_request_parts(parts, state).await;
    Actor {
        account,
        origin: address.to_string(),
    }
}

/// Les nœuds en service, et ceux qui montrent déjà ce qui a été publié.
#[derive(Serialize, ToSchema)]
pub struct Noeuds {
    #[schema(example = 2)]
    pub confirmes: usize,
    #[schema(example = 2)]
    pub total: usize,
}

impl From<Confirmation> for Noeuds {
    fn from(nodes: Confirmation) -> Self {
        Self {
            confirmes: nodes.confirmed,
            total: nodes.total,
        }
    }
}

/// Le corps d'une erreur qui a plusieurs fautes.
#[derive(Serialize, ToSchema)]
pub struct ProblemeDeFautes {
    #[schema(example = "/docs/erreurs#demande-a-corriger")]
    pub r#type: String,
    #[schema(example = "Demande à corriger")]
    pub title: &'static str,
    #[schema(example = 422)]
    pub status: u16,
    /// Une ligne par faute.
    #[schema(example = "2 champs à corriger")]
    pub detail: String,
    pub fautes: Vec<Fault>,
}

/// The answer to a request that was refused.
pub fn refused(error: PublicationError) -> Response {
    match error {
        PublicationError::Revoked => Problem::of(&UNAUTHORIZED).into_response(),
        PublicationError::Forbidden(reason) => Problem::detailed(&FORBIDDEN, reason).into_response(),
        PublicationError::NotFound => Problem::of(&NOT_FOUND).into_response(),
        PublicationError::Fixed(field) => {
            Problem::value(&FIXED_FIELD, field, "ce champ est fixé à la création").into_response()
        }
        PublicationError::Precondition => Problem::of(&CHANGED_MEANWHILE).into_response(),
        PublicationError::Faults(faults) => faulty(&FAULTS, faults),
        PublicationError::Busy => {
            let problem = Problem::detailed(&UNAVAILABLE, "un import est en cours d'écriture ; réessayer");
            let mut response = problem.into_response();
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("10"));
            response
        }
        PublicationError::Store(error) => {
            tracing::error!(%error, "a publication failed in the store");
            Problem::of(&UNAVAILABLE).into_response()
        }
    }
}

/// One line a fault, and the faults as a list.
pub fn faulty(kind: &'static Kind, faults: Vec<Fault>) -> Response {
    let line = |fault: &Fault| match fault.champ {
        "" => fault.motif.clone(),
        field => format!("{field} : {}", fault.motif),
    };
    let lines: Vec<String> = faults.iter().map(line).collect();
    let body = ProblemeDeFautes {
        r#type: format!("/docs/erreurs#{}", kind.anchor),
        title: kind.title,
        status: kind.status.as_u16(),
        detail: lines.join("\n"),
        fautes: faults,
    };
    let text = serde_json::to_string(&body).unwrap_or_default();
    (kind.status, [("content-type", "application/problem+json")], text).into_response()
}
