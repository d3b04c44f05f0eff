//! A national file, or the part of it that is asked for.

use std::io::SeekFrom;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::super::conditional::matches_etag;
use super::super::problem::{Problem, RANGE};
use super::super::state::RestState;
use super::range::{Part, part};
use super::{MARK, SOURCES, absent, attachment, stated_sources};
use crate::export::ExportError;

/// Bytes read from the disk at a time.
const PIECE: usize = 128 << 10;

pub async fn get(state: &RestState, name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let ready = state.exports.file(name).await?.ok_or_else(absent)?;
    let etag = format!("\"{}\"", ready.file.sha256);
    let mut stated: Vec<(HeaderName, String)> = vec![
        (ETAG, etag.clone()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (MARK, ready.mark.clone()),
        (
            SOURCES,
            stated_sources(ready.sources.iter().map(|source| (&source.genre, &source.date))),
        ),
    ];
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|asked| matches_etag(asked, &etag))
    {
        return Ok(answer(StatusCode::NOT_MODIFIED, stated, Body::empty()));
    }
    let (status, from, length) = match part(headers, &etag, ready.file.bytes) {
        Part::Whole => (StatusCode::OK, 0, ready.file.bytes),
        Part::Some { from, length } => (StatusCode::PARTIAL_CONTENT, from, length),
        Part::None => {
            let mut refused = Problem::of(&RANGE).into_response();
            let size = format!("bytes */{}", ready.file.bytes);
            refused
                .headers_mut()
                .extend(size.parse().ok().map(|size| (CONTENT_RANGE, size)));
            return Ok(refused);
        }
    };
    let unreadable = |error: std::io::Error| match error.kind() {
        // Made anew between the question and the opening.
        std::io::ErrorKind::NotFound => ExportError::Withdrawn { seconds: 0 },
        _ => ExportError::File {
            path: ready.path.clone(),
            error,
        },
    };
    let mut file = tokio::fs::File::open(&ready.path).await.map_err(unreadable)?;
    file.seek(SeekFrom::Start(from)).await.map_err(unreadable)?;
    if status == StatusCode::PARTIAL_CONTENT {
        let last = from + length - 1;
        stated.push((CONTENT_RANGE, format!("bytes {from}-{last}/{}", ready.file.bytes)));
    }
    stated.extend([
        (CONTENT_TYPE, ready.file.media_type.clone()),
        (CONTENT_DISPOSITION, attachment(name)),
        (CONTENT_LENGTH, length.to_string()),
    ]);
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), PIECE));
    Ok(answer(status, stated, body))
}

fn answer(status: StatusCode, headers: Vec<(HeaderName, String)>, body: Body) -> Response {
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
