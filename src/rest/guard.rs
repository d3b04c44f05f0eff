//! Around every request: its identifier, its delay, its line in the access log, its place in the counters.
//! The log never holds a query string nor a value of the path: people's names are in them.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::problem::{INTERNAL, Problem, TIMEOUT};
use super::state::RestState;

/// The same as the usual delay, for a file of thousands of mailboxes.
const DELAY_OF_FILES: Duration = Duration::from_secs(120);

/// The middleware of the public router.
pub async fn guard(State(state): State<RestState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let id = state.next_request_id();
    let span = tracing::info_span!("request", id);

    let delay = match route {
        "/api/v1/operateur/lots" => state.settings.answer.max(DELAY_OF_FILES),
        _ => state.settings.answer,
    };
    let answered = tokio::time::timeout(delay, next.run(request).instrument(span)).await;
    let mut response = answered.unwrap_or_else(|_| Problem::of(&TIMEOUT).into_response());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    let (status, duration) = (response.status().as_u16(), started.elapsed());
    if !is_for_few(route) {
        state.metrics.count(method, route, status, duration);
    }
    let milliseconds = duration.as_secs_f64() * 1000.0;
    tracing::info!(target: "annuaire::access", method, route, status, milliseconds, id);
    response
}

/// Routes whose use tells that something hidden happened: the audit knows of it, the counters do not.
fn is_for_few(route: &str) -> bool {
    ["/api/v1/operateur/", "/api/v1/administration/"]
        .iter()
        .any(|few| route.starts_with(few))
}

/// Anybody can make up methods; counters and logs know these.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "-",
    }
}

/// What a panic answers. Its message is not logged here: it could hold what was asked.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("an operation panicked");
    Problem::of(&INTERNAL).into_response()
}
