//! Cross-origin requests (CORS): which sites' pages may read the answers. Keys are brought by the page itself, never
//! by the browser, so that reading lends nobody's rights.

use std::str::FromStr;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK,
    RANGE, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method};
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::signin::KEY_HEADER;

/// Sites by origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origins {
    /// Every site.
    #[default]
    Any,
    /// These; perhaps none.
    Some(Vec<HeaderValue>),
}

/// What is no origin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no origin: write it like https://site.fr or https://site.fr:8443, or * for any")]
pub struct OriginError(String);

impl FromStr for Origins {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        parts.map(origin).collect::<Result<_, _>>().map(Self::Some)
    }
}

/// A scheme and a host, as browsers write it: no path, not even `/`.
fn origin(text: &str) -> Result<HeaderValue, OriginError> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |host: &&str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(known)
    };
    host.filter(plain)
        .and_then(|_| HeaderValue::from_str(text).ok())
        .ok_or_else(|| OriginError(text.to_owned()))
}

impl<'de> serde::Deserialize<'de> for Origins {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Origins {
    /// The answers to browsers that ask first, and the headers of the others.
    pub fn layer(&self) -> CorsLayer {
        let origins = match self {
            Self::Any => AllowOrigin::any(),
            Self::Some(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        let own = HeaderName::from_static;
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                ACCEPT,
                AUTHORIZATION,
                CONTENT_TYPE,
                IF_MATCH,
                IF_NONE_MATCH,
                RANGE,
                own(KEY_HEADER),
            ])
            .expose_headers([
                CONTENT_LENGTH,
                CONTENT_RANGE,
                ETAG,
                LINK,
                RETRY_AFTER,
                own("ratelimit"),
                own("ratelimit-policy"),
                own("x-request-id"),
                own("annuaire-marque"),
                own("annuaire-sources"),
            ])
            .max_age(std::time::Duration::from_secs(3600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_any_some_or_none() {
        assert_eq!("*".parse(), Ok(Origins::Any));
        assert_eq!("".parse(), Ok(Origins::Some(vec![])));
        let two = "https://a.fr, http://localhost:3000".parse();
        let expected = ["https://a.fr", "http://localhost:3000"].map(HeaderValue::from_static);
        assert_eq!(two, Ok(Origins::Some(expected.to_vec())));
        for wrong in ["a.fr", "https://a.fr/", "https://A.fr", "https://", "null"] {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }
}
