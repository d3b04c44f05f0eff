//! Conditional requests: an answer that the caller has already is not sent again. The tag is a hash of what this
//! caller was about to be sent, so it tells nothing that the answer does not.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::problem::{INTERNAL, Problem};

/// Longer answers are sent without a tag.
const LONGEST: usize = 8 << 20;

/// The middleware of records, code tables and lists: answers that are whole in memory get a tag.
pub async fn tag(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = request.headers().get(IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let size = response.body().size_hint().exact();
    let taken = reads
        && response.status() == StatusCode::OK
        && !response.headers().contains_key(ETAG)
        && size.is_some_and(|size| size > 0 && size <= LONGEST as u64);
    if !taken {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST).await else {
        return Problem::of(&INTERNAL).into_response();
    };
    let hash: String = Sha256::digest(&body)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Weak, because compression comes after.
    let etag = format!("W/\"{hash}\"");
    if let Ok(value) = HeaderValue::from_str(&etag) {
        head.headers.insert(ETAG, value);
    }
    if asked.is_some_and(|asked| matches_etag(&asked, &etag)) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(axum::http::header::CONTENT_LENGTH);
        head.headers.remove(axum::http::header::CONTENT_TYPE);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

/// Whether a list of tags names this one, weakly compared (RFC 9110, section 8.8.3.2).
pub fn matches_etag(asked: &HeaderValue, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let ours = opaque(etag);
    asked
        .to_str()
        .is_ok_and(|asked| asked.trim() == "*" || asked.split(',').any(|tag| opaque(tag) == ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_is_compared_weakly() {
        let matches = |asked: &'static str| matches_etag(&HeaderValue::from_static(asked), "W/\"a\"");
        assert!(matches("\"a\"") && matches("\"b\", W/\"a\"") && matches("*"));
        assert!(!matches("\"b\"") && !matches("a\"") && !matches(""));
    }
}
