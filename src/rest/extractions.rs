//! `GET /api/v1/extractions` and `/extractions/{nom}`: whole files in the official layouts, streamed.
//! Never holds a file in memory; a reading that fails breaks the connection rather than end a half file well.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio_stream::StreamExt;
use utoipa::ToSchema;

use super::parameters::{Name, NoParameter, Parameters};
use super::problem::{NOT_FOUND, Problem, Probleme, UNAVAILABLE};
use super::signin::SignedIn;
use super::state::RestState;

/// The one extraction for now, by its official name.
const NAME: &str = "Extraction_Correspondance_MSSante";
/// Its 31 columns: the line that the import recognises is the line that the extraction begins with.
const HEADER: &str = include_str!("../../import/layouts/correspondance_mssante.txt");

/// Le manifeste des extractions.
#[derive(Serialize, ToSchema)]
pub struct Extractions {
    pub extractions: Vec<Extraction>,
}

/// Une extraction prête à être lue.
#[derive(Serialize, ToSchema)]
pub struct Extraction {
    #[schema(example = "Extraction_Correspondance_MSSante")]
    pub nom: &'static str,
    pub description: &'static str,
    /// Où la lire.
    #[schema(example = "/api/v1/extractions/Extraction_Correspondance_MSSante")]
    pub lien: String,
    /// Type de contenu.
    pub format: &'static str,
    pub colonnes: Vec<&'static str>,
    /// Les sources chargées et leurs dates.
    pub sources: Vec<super::sante::SourceChargee>,
}

/// Lister les extractions
#[utoipa::path(get, path = "/api/v1/extractions", tag = "Extractions",
    responses((status = 200, description = "Le manifeste", body = Extractions)))]
pub async fn list(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
) -> Result<Json<Extractions>, Problem> {
    let sante = state.ask(|directory| Ok(directory.sante())).await?;
    let extraction = Extraction {
        nom: NAME,
        description: "Les messageries publiées et leurs rattachements, au format officiel",
        lien: format!("/api/v1/extractions/{NAME}"),
        format: "text/plain; charset=utf-8",
        colonnes: HEADER.trim_end().split('|').collect(),
        sources: super::sante::sources(&sante),
    };
    let extractions = vec![extraction];
    Ok(Json(Extractions { extractions }))
}

/// Lire une extraction
///
/// Champs séparés par `|`, UTF-8, fins de ligne LF ; les messageries en liste rouge n'y sont pas.
#[utoipa::path(get, path = "/api/v1/extractions/{nom}", tag = "Extractions",
    params(("nom" = String, Path, description = "Le nom, tel que dans le manifeste", example = "Extraction_Correspondance_MSSante")),
    responses(
        (status = 200, description = "Le fichier", body = String, content_type = "text/plain"),
        (status = 404, description = "Aucune extraction de ce nom", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
    Name(name): Name,
) -> Result<Response, Problem> {
    if name != NAME {
        return Err(Problem::of(&NOT_FOUND));
    }
    let turn = Arc::clone(&state.extractions).try_acquire_owned();
    let turn =
        turn.map_err(|_| Problem::detailed(&UNAVAILABLE, "trop d'extractions en cours ; réessayer"))?;
    let header = Bytes::from(format!("{}\n", HEADER.trim_end()));
    let lines = tokio_stream::once(Ok(header)).chain((state.open_extraction)());
    let lines = lines.map(move |line| {
        // The turn ends with the stream, when the last byte is sent or the caller has gone.
        let _ = &turn;
        line.inspect_err(|error| tracing::error!(%error, "an extraction broke off"))
    });
    let disposition = format!("attachment; filename=\"{NAME}.txt\"");
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}
