//! `POST /api/v1/operateur/lots`: a file of boxes, with a report of each line. Read as it comes.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio_stream::StreamExt as _;
use tokio_util::io::{StreamReader, SyncIoBridge};
use utoipa::ToSchema;

use super::{ActingOperator, Noeuds, ProblemeDeFautes, faulty, refused};
use crate::publication::{Fault, LineReport, MOST_BYTES, Outcome, read_lot};
use crate::rest::parameters::{NoParameter, Parameters};
use crate::rest::problem::{FAULTS, INTERNAL, Problem, Probleme, TOO_LARGE};
use crate::rest::state::RestState;

/// Ce qu'il est advenu d'un fichier.
#[derive(Serialize, ToSchema)]
pub struct Lot {
    #[schema(example = 3)]
    pub creees: usize,
    #[schema(example = 2)]
    pub modifiees: usize,
    #[schema(example = 1)]
    pub inchangees: usize,
    #[schema(example = 0)]
    pub refusees: usize,
    /// Vrai quand chaque nœud en service montre ce qui est publié.
    #[schema(example = true)]
    pub effectif: bool,
    pub noeuds: Noeuds,
    /// Une par ligne du fichier, dans l'ordre.
    pub lignes: Vec<Ligne>,
}

/// Ce qu'il est advenu d'une ligne.
#[derive(Serialize, ToSchema)]
pub struct Ligne {
    /// Numéro dans le fichier, l'en-tête étant la ligne 1.
    #[schema(example = 2)]
    pub ligne: u64,
    /// `creee`, `modifiee`, `inchangee` ou `refusee`.
    #[schema(example = "creee")]
    pub issue: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub fautes: Vec<Fault>,
}

impl From<LineReport> for Ligne {
    fn from(report: LineReport) -> Self {
        Self {
            ligne: report.line,
            issue: match report.outcome {
                Outcome::Created => "creee",
                Outcome::Changed => "modifiee",
                Outcome::Unchanged => "inchangee",
                Outcome::Refused => "refusee",
            },
            fautes: report.faults,
        }
    }
}

/// Publier un fichier de messageries
///
/// Les 31 colonnes de l'extraction nationale, et `Liste rouge`, `Téléphone`, `Téléphone publié`, `Responsable`,
/// `Description` ; champs séparés par `|`, `;`, tabulation ou virgule ; UTF-8 ; 5 000 lignes et 8 Mio au plus.
/// Les lignes d'une même adresse sont ses rattachements ; si elles se contredisent, ou si l'une est refusée, aucune n'est
/// publiée. Une colonne inconnue refuse le fichier. Une messagerie ne quitte la liste rouge que par un `N`. Les lignes bonnes sont publiées, les autres rapportées ; le même
/// fichier envoyé de nouveau ne change rien.
#[utoipa::path(post, path = "/api/v1/operateur/lots", operation_id = "publierLot", tag = "Opérateurs",
    security(("cle" = []), ("porteur" = [])),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "Le rapport, une ligne par ligne", body = Lot),
        (status = 403, description = "Le compte n'est pas celui d'un opérateur", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 413, description = "Plus de 8 Mio", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 422, description = "Le fichier n'est pas lisible", body = ProblemeDeFautes, content_type = "application/problem+json")))]
pub async fn post(
    State(state): State<RestState>,
    ActingOperator(actor): ActingOperator,
    _: Parameters<NoParameter>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > MOST_BYTES) {
        return Err(Problem::detailed(&TOO_LARGE, "8 Mio au plus"));
    }
    let mut left = MOST_BYTES;
    let pieces = body.into_data_stream().map(move |piece| {
        let piece = piece.map_err(std::io::Error::other)?;
        left = left
            .checked_sub(piece.len())
            .ok_or_else(|| std::io::Error::other("too long"))?;
        Ok::<_, std::io::Error>(piece)
    });
    let bridge = SyncIoBridge::new(StreamReader::new(pieces));
    let read = tokio::task::spawn_blocking(move || read_lot(bridge)).await;
    let file = match read.map_err(|_| Problem::of(&INTERNAL))? {
        Ok(file) => file,
        Err(fault) => return Ok(faulty(&FAULTS, vec![fault])),
    };
    Ok(match state.directory.publish_lot(&actor, file).await {
        Ok((reports, nodes)) => {
            let count = |outcome| reports.iter().filter(|report| report.outcome == outcome).count();
            Json(Lot {
                creees: count(Outcome::Created),
                modifiees: count(Outcome::Changed),
                inchangees: count(Outcome::Unchanged),
                refusees: count(Outcome::Refused),
                effectif: nodes.is_whole(),
                noeuds: nodes.into(),
                lignes: reports.into_iter().map(Ligne::from).collect(),
            })
            .into_response()
        }
        Err(error) => refused(error),
    })
}
