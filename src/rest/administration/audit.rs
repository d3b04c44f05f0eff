//! `GET /api/v1/administration/audit`: who published, read or suppressed what only few may see. Reading is a row too.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::ActingAdministrator;
use crate::rest::operateur::refused;
use crate::rest::parameters::{Parameters, invalid};
use crate::rest::problem::{Problem, Probleme};
use crate::rest::state::RestState;
use crate::store::audit::{MOST, Trace, Wanted};

/// Les paramètres du journal d'audit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the specification's form of what `Parameters` reads")]
pub struct ParametresDAudit {
    /// À partir de cet instant (RFC 3339).
    #[param(format = DateTime, example = "2026-01-15T00:00:00Z")]
    depuis: Option<String>,
    /// Avant cet instant (RFC 3339).
    #[param(format = DateTime, example = "2026-01-16T00:00:00Z")]
    jusque: Option<String>,
    /// Un compte.
    #[param(example = "alpha")]
    compte: Option<String>,
    /// Une adresse ou un identifiant.
    #[param(max_length = 300, example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    fiche: Option<String>,
    /// Nombre de lignes au plus, 1000 par défaut.
    #[param(example = 100, minimum = 1, maximum = 10000, default = 1000)]
    limite: Option<u32>,
}

/// Les traces, la plus récente d'abord.
#[derive(Serialize, ToSchema)]
pub struct Traces {
    pub traces: Vec<Trace>,
}

/// Lire le journal d'audit
///
/// Qui a publié, modifié, retiré, lu ou supprimé ce que peu peuvent voir. Cette lecture est tracée.
#[utoipa::path(get, path = "/api/v1/administration/audit", operation_id = "lireAudit", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    params(ParametresDAudit),
    responses(
        (status = 200, description = "Les traces", body = Traces),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    parameters: Parameters<ParametresDAudit>,
) -> Result<Response, Problem> {
    let time = |name| -> Result<Option<Timestamp>, Problem> {
        let text = parameters.text(name)?;
        text.map(|text| {
            text.parse()
                .map_err(|_| invalid(name, "un instant RFC 3339 est attendu"))
        })
        .transpose()
    };
    let wanted = Wanted {
        since: time("depuis")?,
        until: time("jusque")?,
        account: parameters.text("compte")?.map(str::to_owned),
        entry: parameters.text_within("fiche", 300)?.map(str::to_owned),
        most: Some(parameters.number("limite", 1..=MOST)?.unwrap_or(1000)),
    };
    Ok(match state.directory.traces(&actor, &wanted).await {
        Ok(traces) => Json(Traces { traces }).into_response(),
        Err(error) => refused(error),
    })
}
