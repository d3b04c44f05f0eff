//! An extraction made while it is read. One that breaks off breaks the connection, rather than end half a file well.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio_stream::StreamExt as _;

use super::super::client::Client;
use super::super::parameters::{Parameters, invalid};
use super::super::problem::{Problem, QUOTA, UNAVAILABLE};
use super::super::state::RestState;
use super::{BOX_TYPES, ExtractionParams, FORMATS, MARK, attachment};
use crate::export::mark::Since;
use crate::export::{Filters, Format, Kind, Request, filters};

type Given = Parameters<ExtractionParams>;

pub async fn get(
    state: &RestState,
    kind: Kind,
    parameters: &Given,
    client: Client,
) -> Result<Response, Problem> {
    let request = request(kind, parameters)?;
    let seat = state.extractions.take();
    let seat =
        seat.ok_or_else(|| Problem::detailed(&UNAVAILABLE, "trop d'extractions en cours ; réessayer"))?;
    let seat = seat.of(client.0).ok_or_else(|| {
        Problem::detailed(
            &QUOTA,
            "trop d'extractions en cours pour cette adresse ; réessayer",
        )
        .retry_after(5)
    })?;
    let stream = state.exports.stream(&request).await?;
    let pieces = stream.pieces.map(move |piece| {
        // The seat is given back with the stream, when the last byte is sent or the caller has gone.
        let _ = &seat;
        piece.inspect_err(|error| tracing::warn!(%error, "an extraction broke off"))
    });
    let name = format!("{}.{}", kind.layout().nom, request.format.extension());
    let headers = [
        (CONTENT_TYPE, request.format.media_type().to_owned()),
        (CONTENT_DISPOSITION, attachment(&name)),
        (MARK, stream.mark),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn request(kind: Kind, parameters: &Given) -> Result<Request, Problem> {
    let mut wanted = Filters::default();
    for name in filters::NAMES {
        wanted.add(name, parameters.list(name)?);
    }
    // Checked here, so that only known words are taken.
    parameters.flag("avec_messagerie")?;
    parameters.choices("type_bal", BOX_TYPES)?;
    Ok(Request {
        kind,
        format: parameters.choice("format", FORMATS)?.unwrap_or(Format::Csv),
        filters: wanted,
        since: parameters.text("depuis")?.map(Since::parse),
    })
}

/// A file is what it is: a filter on it would be silently without effect.
pub fn refuse_parameters(parameters: &Given) -> Result<(), Problem> {
    for name in ["format", "depuis"].iter().chain(filters::NAMES) {
        if !parameters.list(name)?.is_empty() {
            let expected = "un fichier se lit sans filtre ; les genres filtrables sont « correspondance », \
                            « professionnels » et « structures »";
            return Err(invalid(name, expected));
        }
    }
    Ok(())
}
