//! The router from outside, over a socket, with a directory that holds nothing.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::export::Exports;
use crate::service::Directory;

fn state() -> RestState {
    RestState::new(Directory::default(), Exports::default(), Settings::default(), 1)
}

/// Sends one request, head and body, and gives the whole answer.
async fn exchange_with(router: Router, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    served.abort();
    String::from_utf8(answer).unwrap()
}

async fn exchange(request: &str) -> String {
    exchange_with(router(state()), request).await
}

async fn get_path(path: &str) -> String {
    exchange(&format!("GET {path} HTTP/1.0\r\n\r\n")).await
}

#[tokio::test]
async fn an_unknown_route_and_a_wrong_method_are_problems() {
    let unknown = get_path("/api/v1/inconnu").await;
    assert!(unknown.starts_with("HTTP/1.0 404") && unknown.contains("/docs/erreurs#route-inconnue"));
    let method = exchange("DELETE /api/v1/recherche HTTP/1.0\r\n\r\n").await;
    assert!(method.starts_with("HTTP/1.0 405") && method.contains("/docs/erreurs#methode-refusee"));
    assert!(
        method.to_lowercase().contains("\r\nallow: get,head\r\n"),
        "{method}"
    );
}

#[tokio::test]
async fn faults_of_a_query_string_name_the_parameter() {
    let unknown = get_path("/api/v1/recherche?department=99").await;
    assert!(unknown.starts_with("HTTP/1.0 400"));
    assert!(unknown.contains("vouliez-vous « departement » ?"));
    assert!(
        get_path("/api/v1/recherche?page=0")
            .await
            .contains(r#""parametre":"page""#)
    );
    assert!(get_path("/api/v1/domaines?x=1").await.starts_with("HTTP/1.0 400"));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let post = |length: usize, body: &str| {
        format!(
            "POST /api/v1/messageries/verification HTTP/1.0\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    let large = "x".repeat(BODY_LIMIT + 1);
    let refused = exchange(&post(large.len(), &large)).await;
    assert!(
        refused.starts_with("HTTP/1.0 413") && refused.contains("corps-trop-grand"),
        "{refused}"
    );
    let taken = exchange(&post(23, r#"{"adresses":["a@b.fr"]}"#)).await;
    assert!(taken.contains(r#"{"resultats":[{"position":0,"#), "{taken}");
}

#[tokio::test]
async fn pages_and_specification_are_served() {
    assert!(get_path("/docs").await.contains("<code>/api/v1/recherche</code>"));
    assert!(
        get_path("/docs/erreurs")
            .await
            .contains("id=\"parametre-inconnu\"")
    );
    assert!(get_path("/openapi.json").await.contains("\"openapi\":\"3.1.0\""));
}
