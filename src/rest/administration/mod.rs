//! `/api/v1/administration/…`: administrators read what is hidden, suppress on a lawful request, and read the audit.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::operateur::actor;
use super::problem::{FORBIDDEN, Problem, UNAUTHORIZED};
use super::signin::SignedIn;
use super::state::RestState;
use crate::store::audit::Actor;
use crate::visibility::Viewer;

pub mod audit;
pub mod messageries;
pub mod suppressions;

/// The administrator's account behind a request, and where it comes from.
pub struct ActingAdministrator(pub Actor);

impl FromRequestParts<RestState> for ActingAdministrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, Problem> {
        let SignedIn(viewer) = SignedIn::from_request_parts(parts, state).await?;
        match viewer {
            Viewer::Administrator { account } => Ok(Self(actor(parts, state, account).await)),
            Viewer::Public => Err(Problem::of(&UNAUTHORIZED)),
            _ => Err(Problem::detailed(
                &FORBIDDEN,
                "ce chemin est celui de l'administration",
            )),
        }
    }
}
