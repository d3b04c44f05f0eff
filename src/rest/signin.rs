//! Who asks: an account by its key, or the public. Never logs nor repeats a key.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

use super::client::Client;
use super::problem::{Problem, UNAUTHORIZED};
use super::quota::Told;
use super::state::RestState;
use crate::visibility::Viewer;

/// The header of the national APIs; `Authorization: Bearer` is the other way.
pub const KEY_HEADER: &str = "esante-api-key";
/// Longer keys are nobody's: they are refused without asking the store.
const LONGEST_KEY: usize = 256;

/// The viewer of a request, which counts in a quota. No key: the public. A wrong key, two keys or another scheme: 401.
pub struct SignedIn(pub Viewer);

impl FromRequestParts<RestState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, Problem> {
        let Ok(client) = Client::from_request_parts(parts, state).await;
        let told = parts.extensions.get::<Told>();
        let viewer = match key(&parts.headers) {
            Ok(None) => Some(Viewer::Public),
            Ok(Some(key)) => state.directory.authenticate_key(key, client.0).await?,
            Err(_) => None,
        };
        let Some(viewer) = viewer else {
            state.quotas.refused(client, told)?;
            return Err(Problem::of(&UNAUTHORIZED));
        };
        state.quotas.ask(&viewer, client, told)?;
        Ok(Self(viewer))
    }
}

/// The one key of a request, if it brings one.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let refused = || Problem::of(&UNAUTHORIZED);
    let own = headers.get_all(KEY_HEADER).iter().map(plain);
    let bearer = headers.get_all(AUTHORIZATION).iter().map(bearer);
    let mut keys = own.chain(bearer);
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let key = key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY);
    match keys.next() {
        None => key.map(Some).ok_or_else(refused),
        Some(_) => Err(refused()),
    }
}

fn plain(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = plain(value)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(headers: &[(&'static str, &'static str)]) -> Result<Option<String>, Problem> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        key(&map).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn both_ways_to_sign_in_bring_the_key() {
        assert_eq!(key_of(&[]).unwrap(), None);
        assert_eq!(key_of(&[(KEY_HEADER, "k1")]).unwrap().unwrap(), "k1");
        assert_eq!(key_of(&[("authorization", "bearer k1")]).unwrap().unwrap(), "k1");
    }

    #[test]
    fn what_is_not_one_key_is_refused() {
        for headers in [
            &[(KEY_HEADER, "")][..],
            &[("authorization", "Basic azE=")],
            &[("authorization", "Bearer")],
            &[(KEY_HEADER, "k1"), ("authorization", "Bearer k1")],
        ] {
            assert!(key_of(headers).is_err(), "{headers:?}");
        }
    }
}
