//! `POST /api/v1/messageries/verification`: may one write to these addresses?
//! Answers by position; never repeats a citizen's address, nor anything of a body that it cannot read.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::{NoParameter, Parameters};
use super::problem::{BAD_JSON, BAD_SHAPE, INTERNAL, MEDIA_TYPE, Problem, Probleme, TOO_LARGE};
use super::signin::SignedIn;
use super::state::RestState;
use crate::service;

const MOST_ADDRESSES: usize = 500;

/// Les adresses à vérifier, 500 au plus.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AVerifier {
    #[schema(max_items = 500, example = json!(["claire.testeur@sage-femme-exemple.mssante.fr"]))]
    adresses: Vec<String>,
}

/// Une réponse par adresse, dans l'ordre demandé.
#[derive(Serialize, ToSchema)]
pub struct Verifiees {
    pub resultats: Vec<Verifiee>,
}

/// Ce que l'annuaire sait d'une adresse.
#[derive(Serialize, ToSchema)]
pub struct Verifiee {
    /// Position dans la demande, la première étant 0.
    #[schema(example = 0)]
    pub position: usize,
    /// Absente pour l'adresse d'un usager : c'est une donnée de santé.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    pub adresse: Option<String>,
    #[schema(example = true)]
    pub publiee: bool,
    /// Absent quand aucune liste blanche n'est chargée.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub domaine_de_confiance: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "PER")]
    pub type_bal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avertissement: Option<Avertissement>,
}

/// Pourquoi ne pas écrire à cette adresse.
#[derive(Serialize, ToSchema)]
pub struct Avertissement {
    /// `HORS_ESPACE`, `APICRYPT_V1`, `CITOYEN` ou `FORME`.
    #[schema(example = "APICRYPT_V1")]
    pub code: String,
    #[schema(example = "Apicrypt version 1 n'est pas interopérable avec l'espace de confiance MSSanté.")]
    pub message: String,
}

impl Verifiee {
    fn new((position, verdict): (usize, service::Verdict)) -> Self {
        Self {
            position,
            adresse: verdict.adresse,
            publiee: verdict.publiee,
            domaine_de_confiance: verdict.domaine_de_confiance,
            type_bal: verdict.type_bal,
            avertissement: verdict.avertissement.map(|a| Avertissement {
                code: a.code.to_string(),
                message: a.message.to_string(),
            }),
        }
    }
}

/// Vérifier des destinataires
///
/// Dit, de chaque adresse, si elle est publiée et si son domaine est de l'espace de confiance.
#[utoipa::path(post, path = "/api/v1/messageries/verification", operation_id = "verifierMessageries", tag = "Fiches", request_body = AVerifier,
    responses(
        (status = 200, description = "Une réponse par adresse", body = Verifiees),
        (status = 413, description = "Plus de 1 Mio", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 415, description = "Le corps n'est pas annoncé comme du JSON", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 422, description = "Forme inattendue, plus de 500 adresses", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn post(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    _: Parameters<NoParameter>,
    asked: AVerifier,
) -> Result<Json<Verifiees>, Problem> {
    let verdicts = state
        .ask(move |directory| directory.verification(&asked.adresses))
        .await?;
    let resultats = verdicts.into_iter().enumerate().map(Verifiee::new).collect();
    Ok(Json(Verifiees { resultats }))
}

impl<S: Send + Sync> FromRequest<S> for AVerifier {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE);
        if !content_type.is_some_and(|value| is_json(value.as_bytes())) {
            return Err(Problem::of(&MEDIA_TYPE));
        }
        let body = Bytes::from_request(request, state).await.map_err(unread)?;
        read(&body)
    }
}

/// `application/json`, whatever its parameters.
fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|b| *b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

fn unread(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::of(&TOO_LARGE),
        status if status.is_client_error() => Problem::detailed(&BAD_JSON, "le corps n'a pas été reçu"),
        _ => Problem::of(&INTERNAL),
    }
}

fn read(body: &[u8]) -> Result<AVerifier, Problem> {
    let asked: AVerifier = serde_json::from_slice(body).map_err(|error| {
        // The reader's own message repeats what it read.
        let place = format!("ligne {}, colonne {}", error.line(), error.column());
        match error.is_data() {
            true => Problem::detailed(
                &BAD_SHAPE,
                format!("{place} : {{\"adresses\":[\"…\"]}} est attendu"),
            ),
            false => Problem::detailed(&BAD_JSON, format!("{place} : le JSON n'est pas bien formé")),
        }
    })?;
    if asked.adresses.len() > MOST_ADDRESSES {
        let expected = format!("au plus {MOST_ADDRESSES} adresses");
        return Err(Problem::value(&BAD_SHAPE, "adresses", &expected));
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_is_400_and_misshapen_is_422() {
        assert_eq!(read(b"{").unwrap_err().kind(), &BAD_JSON);
        assert_eq!(read(b"\xff").unwrap_err().kind(), &BAD_JSON);
        for body in [
            &b"[]"[..],
            b"{}",
            b"{\"adresses\":[1]}",
            b"{\"adresses\":[],\"x\":1}",
        ] {
            assert_eq!(read(body).unwrap_err().kind(), &BAD_SHAPE);
        }
        assert!(read(b"{\"adresses\":[\"a@b\"]}").is_ok());
    }

    #[test]
    fn five_hundred_addresses_are_the_most() {
        let body = |n: usize| format!("{{\"adresses\":[{}]}}", vec!["\"a@b\""; n].join(","));
        assert!(read(body(500).as_bytes()).is_ok());
        assert!(read(body(501).as_bytes()).is_err());
    }

    #[test]
    fn a_body_is_not_repeated() {
        let refused = read(br#"{"199990000000001@patient.mssante.fr":1}"#).unwrap_err();
        assert!(!format!("{refused:?}").contains("19999"));
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes()).is_err());
    }

    #[test]
    fn json_is_announced() {
        assert!(is_json(b"application/json; charset=utf-8") && is_json(b"Application/JSON"));
        assert!(!is_json(b"text/plain") && !is_json(b""));
    }
}
