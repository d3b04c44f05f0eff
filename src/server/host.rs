//! The Host of a request over HTTP/1: RFC 9112 section 3.2 wants one request to name exactly one, and 400 for any other.
//! Who forwards or keeps answers by their host could be deceived by what is read in two ways.

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, Version};

/// Whether a request lacks its Host, has several, or one that is none. HTTP/1.0 needs none, HTTP/2 has `:authority`.
pub fn is_wrong<B>(request: &Request<B>) -> bool {
    let version = request.version();
    if version > Version::HTTP_11 {
        return false;
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version == Version::HTTP_11,
        (Some(host), None) => !is_host(host),
        (Some(_), Some(_)) => true,
    }
}

/// A host with or without port; nothing, where what is asked has no authority (RFC 9110 section 7.2).
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_and_a_good_one_is_wanted_of_http_1_1() {
        let wrong = |version: Version, hosts: &[&str]| {
            let mut request = Request::builder().version(version);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            is_wrong(&request.body(()).unwrap())
        };
        for good in ["annuaire.exemple", "127.0.0.1:8080", "[::1]:8080", "a_b:1", ""] {
            assert!(!wrong(Version::HTTP_11, &[good]), "{good}");
        }
        for bad in ["a b", "u@annuaire.exemple", "a/b", "a, b"] {
            assert!(
                wrong(Version::HTTP_11, &[bad]) && wrong(Version::HTTP_10, &[bad]),
                "{bad}"
            );
        }
        assert!(wrong(Version::HTTP_11, &[]) && wrong(Version::HTTP_11, &["a", "a"]));
        assert!(!wrong(Version::HTTP_10, &[]) && !wrong(Version::HTTP_2, &[]));
    }
}
