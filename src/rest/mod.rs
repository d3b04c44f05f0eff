//! REST under `/api/v1`, in French: parses calls, asks the directory, renders its answers.
//! Knows nothing of Postgres or tantivy, and decides nothing of who sees what.
//!
//! One file per operation. [`problem`] holds every error, [`parameters`] every bound of a query string,
//! [`guard`] what is logged and counted, [`specification`] and [`docs`] what is said of it all.

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod administration;
mod answer;
mod client;
mod conditional;
mod docs;
mod domaines;
pub mod extractions;
mod guard;
pub mod indicateurs;
mod messageries;
mod metrics;
pub(crate) mod nearest;
mod nomenclatures;
mod operateur;
mod origins;
mod parameters;
pub(crate) mod problem;
mod professionnels;
mod quota;
pub mod recherche;
mod sante;
mod signin;
mod specification;
mod state;
pub mod structures;
pub mod suggestions;
mod verification;

pub use client::Peer;
pub use origins::Origins;
pub use state::{RestState, Settings};

/// The longest body of a request, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// The pages have a style of their own and load nothing.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The operations, with what the specification says of each.
fn operations() -> OpenApiRouter<RestState> {
    OpenApiRouter::with_openapi(specification::Specification::openapi())
        .routes(routes!(recherche::get))
        .routes(routes!(suggestions::get))
        .routes(routes!(professionnels::get))
        .routes(routes!(structures::get))
        .routes(routes!(structures::messageries))
        .routes(routes!(messageries::get))
        .routes(routes!(verification::post))
        .routes(routes!(domaines::get))
        .routes(routes!(nomenclatures::list))
        .routes(routes!(nomenclatures::get))
        .routes(routes!(indicateurs::get))
        .routes(routes!(extractions::list))
        .routes(routes!(extractions::get))
        .routes(routes!(
            operateur::messageries::put,
            operateur::messageries::patch,
            operateur::messageries::delete
        ))
        .routes(routes!(operateur::liste::get))
        .routes(routes!(operateur::lots::post))
        .routes(routes!(administration::messageries::list))
        .routes(routes!(administration::messageries::get))
        .routes(routes!(administration::suppressions::list))
        .routes(routes!(
            administration::suppressions::put,
            administration::suppressions::delete
        ))
        .routes(routes!(administration::audit::get))
        .routes(routes!(sante::get))
}

/// The specification of what [`router`] serves.
pub fn openapi() -> serde_json::Value {
    specification::finished(&operations().into_openapi())
}

/// What the public address serves.
pub fn router(state: RestState) -> Router {
    let (api, document) = operations().split_for_parts();
    let document = specification::finished(&document);
    let page = docs::operations(&document);
    api.route("/openapi.json", get(async move || Json(document)))
        .route("/api/v1/sante", get(sante::get))
        .route("/docs", get(async move || html(page)))
        .route("/docs/erreurs", get(async || html(docs::problems())))
        .fallback(async || problem::Problem::of(&problem::UNKNOWN_ROUTE))
        .method_not_allowed_fallback(async || problem::Problem::of(&problem::METHOD))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(conditional::tag))
        .layer(map_response(uncached))
        .layer(CompressionLayer::new().compress_when(compressible()))
        .layer(from_fn(quota::tell))
        .layer(state.settings.origins.layer())
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}

/// What the administration address serves: to be kept from the public.
pub fn admin_router(state: RestState) -> Router {
    Router::new()
        .route("/metrics", get(metrics::get))
        .route("/sante", get(sante::detailed))
        .fallback(async || problem::Problem::of(&problem::UNKNOWN_ROUTE))
        .method_not_allowed_fallback(async || problem::Problem::of(&problem::METHOD))
        .with_state(state)
}

fn html(page: String) -> Response {
    ([(CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(page)).into_response()
}

/// An address that is withdrawn is gone within a second: nothing between may keep an answer, least of all one made
/// for another viewer, and who asked asks again before each use.
async fn uncached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, HeaderValue::from_static("authorization, esante-api-key"));
    response
}

/// Files that are compressed already are sent as they are: their hash and their length are in the manifest.
fn compressible() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("application/gzip"))
        .and(NotForContentType::const_new("application/zstd"))
        .and(NotForContentType::const_new("application/vnd.apache.parquet"))
}

#[cfg(test)]
mod tests;
