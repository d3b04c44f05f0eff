//! `PUT | PATCH | DELETE /api/v1/operateur/messageries/{adresse}`: one box published, changed, withdrawn.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request as HttpRequest, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{ActingOperator, Noeuds, ProblemeDeFautes, faulty, refused};
use crate::publication::{Asked, Conditions, MessagerieOperateur, Published, Request};
use crate::rest::parameters::{Name, NoParameter, Parameters};
use crate::rest::problem::{BAD_JSON, BAD_SHAPE, FAULTS, MEDIA_TYPE, Problem, Probleme, TOO_LARGE};
use crate::rest::state::RestState;
use crate::store::audit::Actor;

/// More of one box is no box.
const MOST_BYTES: usize = 64 << 10;

/// Une messagerie à publier. `null` vide un champ ; avec PUT, un champ absent est vide, avec PATCH il reste.
/// Sauf `liste_rouge`, qui reste tant que `false` n'est pas dit.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "the specification's form of what is read member by member"
)]
pub struct MessagerieDemandee {
    /// Celle du chemin, si elle est dite.
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    adresse: Option<String>,
    /// `PER`, `ORG`, `APP` ou `CAB` ; fixé à la création.
    #[schema(example = "PER", pattern = "^(PER|ORG|APP|CAB)$")]
    type_bal: Option<String>,
    /// Le titulaire (PER), ou le professionnel responsable (CAB).
    #[schema(example = "899000000002")]
    identification_nationale: Option<String>,
    /// Un identifiant de la structure, quel qu'il soit.
    #[schema(example = "F990000000")]
    structure: Option<String>,
    #[schema(example = false)]
    liste_rouge: Option<bool>,
    #[schema(example = 1, minimum = 1, maximum = 999)]
    rang: Option<i16>,
    #[schema(example = "CARDIOLOGIE", max_length = 160)]
    service: Option<String>,
    #[schema(example = "Messagerie du secrétariat", max_length = 512)]
    description: Option<String>,
    /// ORG, APP et CAB ; ne se montre qu'à l'opérateur et à l'administration.
    #[schema(example = "Claire TESTEUR", max_length = 160)]
    responsable: Option<String>,
    /// CAB.
    #[schema(example = json!(["899000000029"]), max_items = 50)]
    cotitulaires: Option<Vec<String>>,
    /// 4 à 15 chiffres, précédés ou non de `+`.
    #[schema(example = "0199000000", max_length = 24)]
    telephone: Option<String>,
    #[schema(example = false)]
    telephone_publie: Option<bool>,
    #[schema(example = true)]
    dematerialisation: Option<bool>,
}

/// Ce qui est publié, et qui le montre déjà.
#[derive(Serialize, ToSchema)]
pub struct Publiee {
    /// Absente après un retrait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messagerie: Option<MessagerieOperateur>,
    /// Vrai quand chaque nœud en service le montre.
    #[schema(example = true)]
    pub effectif: bool,
    pub noeuds: Noeuds,
}

/// Publier une messagerie
///
/// La crée, ou la remplace en entier. `If-Match` protège d'une modification concurrente, `If-None-Match: *` d'un
/// remplacement. 202 quand un nœud ne l'a pas confirmée dans la seconde.
#[utoipa::path(put, path = "/api/v1/operateur/messageries/{adresse}", operation_id = "publierMessagerie", tag = "Opérateurs",
    security(("cle" = []), ("porteur" = [])),
    params(("adresse" = String, Path, description = "L'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr"),
        ("If-Match" = Option<String>, Header, description = "L'étiquette de la fiche lue : 412 si elle a changé depuis", example = "\"0123456789abcdef\""),
        ("If-None-Match" = Option<String>, Header, description = "`*` : 412 si la messagerie existe déjà", example = "*")),
    request_body(content((MessagerieDemandee = "application/json"), (MessagerieDemandee = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "Remplacée, ou déjà ainsi", body = Publiee,
            headers(("etag" = String, description = "À redonner dans `If-Match`"))),
        (status = 201, description = "Créée", body = Publiee,
            headers(("etag" = String, description = "À redonner dans `If-Match`"))),
        (status = 202, description = "Publiée, tous les nœuds ne la montrent pas encore", body = Publiee,
            headers(("etag" = String, description = "À redonner dans `If-Match`"))),
        (status = 403, description = "Le domaine ou la messagerie d'un autre", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 409, description = "Un champ fixé à la création", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 412, description = "La fiche a changé", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 413, description = "Plus de 64 Kio", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 415, description = "Le corps n'est pas annoncé comme du JSON", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 422, description = "Une ligne par faute", body = ProblemeDeFautes, content_type = "application/problem+json")))]
pub async fn put(state: State<RestState>, acting: Acting, body: Body) -> Response {
    let request = body.0.map(Request::Put);
    answer(state, acting, request).await
}

/// Modifier une messagerie
///
/// Ne change que les champs donnés.
#[utoipa::path(patch, path = "/api/v1/operateur/messageries/{adresse}", operation_id = "modifierMessagerie", tag = "Opérateurs",
    security(("cle" = []), ("porteur" = [])),
    params(("adresse" = String, Path, description = "L'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr"),
        ("If-Match" = Option<String>, Header, description = "L'étiquette de la fiche lue : 412 si elle a changé depuis", example = "\"0123456789abcdef\"")),
    request_body(content((MessagerieDemandee = "application/json"), (MessagerieDemandee = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "Modifiée, ou déjà ainsi", body = Publiee,
            headers(("etag" = String, description = "À redonner dans `If-Match`"))),
        (status = 202, description = "Modifiée, tous les nœuds ne le montrent pas encore", body = Publiee,
            headers(("etag" = String, description = "À redonner dans `If-Match`"))),
        (status = 403, description = "Le domaine ou la messagerie d'un autre", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 404, description = "Aucune messagerie", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 409, description = "Un champ fixé à la création", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 412, description = "La fiche a changé", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 413, description = "Plus de 64 Kio", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 415, description = "Le corps n'est pas annoncé comme du JSON", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 422, description = "Une ligne par faute", body = ProblemeDeFautes, content_type = "application/problem+json")))]
pub async fn patch(state: State<RestState>, acting: Acting, body: Body) -> Response {
    let request = body.0.map(Request::Patch);
    answer(state, acting, request).await
}

/// Retirer une messagerie
///
/// Le retrait tient tant qu'une extraction nationale contient encore l'adresse, ou jusqu'à une nouvelle publication.
#[utoipa::path(delete, path = "/api/v1/operateur/messageries/{adresse}", operation_id = "retirerMessagerie", tag = "Opérateurs",
    security(("cle" = []), ("porteur" = [])),
    params(("adresse" = String, Path, description = "L'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr"),
        ("If-Match" = Option<String>, Header, description = "L'étiquette de la fiche lue : 412 si elle a changé depuis", example = "\"0123456789abcdef\"")),
    responses(
        (status = 200, description = "Retirée", body = Publiee),
        (status = 202, description = "Retirée, tous les nœuds ne le montrent pas encore", body = Publiee),
        (status = 403, description = "Le domaine ou la messagerie d'un autre", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 404, description = "Aucune messagerie", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 412, description = "La fiche a changé", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 422, description = "Ce n'est pas une adresse", body = ProblemeDeFautes, content_type = "application/problem+json")))]
pub async fn delete(state: State<RestState>, acting: Acting) -> Response {
    answer(state, acting, Ok(Request::Delete)).await
}

async fn answer(
    State(state): State<RestState>,
    acting: Acting,
    request: Result<Request, Box<Response>>,
) -> Response {
    let request = match request {
        Ok(request) => request,
        Err(response) => return *response,
    };
    let Acting {
        actor,
        address,
        conditions,
    } = acting;
    match state
        .directory
        .publish(&actor, &address, &conditions, request)
        .await
    {
        Ok(published) => told(published),
        Err(error) => refused(error),
    }
}

fn told(published: Published) -> Response {
    let status = match (published.nodes.is_whole(), published.created) {
        (false, _) => StatusCode::ACCEPTED,
        (true, true) => StatusCode::CREATED,
        (true, false) => StatusCode::OK,
    };
    let etag = published.held.as_ref().map(|held| [(ETAG, held.etag())]);
    let body = Publiee {
        messagerie: published.held.as_ref().map(crate::publication::Held::shown),
        effectif: published.nodes.is_whole(),
        noeuds: published.nodes.into(),
    };
    match etag {
        Some(etag) => (status, etag, Json(body)).into_response(),
        None => (status, Json(body)).into_response(),
    }
}

/// Who asks, of which box, on which conditions. The key is looked at before anything else.
pub struct Acting {
    actor: Actor,
    address: String,
    conditions: Conditions,
}

impl FromRequestParts<RestState> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &RestState,
    ) -> Result<Self, Problem> {
        let ActingOperator(actor) = ActingOperator::from_request_parts(parts, state).await?;
        Parameters::<NoParameter>::from_request_parts(parts, state).await?;
        let Name(address) = Name::from_request_parts(parts, state).await?;
        Ok(Self {
            actor,
            address,
            conditions: conditions(&parts.headers),
        })
    }
}

/// RFC 9110, section 13.1: tags are compared as they stand; ours are never weak.
fn conditions(headers: &HeaderMap) -> Conditions {
    let tags = |name| {
        let values: Vec<String> = headers
            .get_all(name)
            .iter()
            // A tag that is not ours in any spelling is a condition all the same: it does not hold.
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .flat_map(|value| {
                value
                    .split(',')
                    .map(|tag| tag.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        Some(values).filter(|values| !values.is_empty())
    };
    Conditions {
        if_match: tags(IF_MATCH),
        only_new: tags(IF_NONE_MATCH).is_some_and(|tags| tags.iter().any(|tag| tag == "*")),
    }
}

/// The members of an object, none of which stands twice: which of two is meant nobody knows (RFC 8259, section 4).
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Map::new()))
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Self;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Self, A::Error> {
        while let Some((name, value)) = object.next_entry()? {
            if self.0.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(self)
    }
}

/// The JSON of a request, read member by member; or the answer that says what is wrong with it.
pub struct Body(Result<Asked, Box<Response>>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: HttpRequest, state: &S) -> Result<Self, Problem> {
        let announced = request.headers().get(CONTENT_TYPE);
        let essence = announced.map_or(&b""[..], |value| value.as_bytes());
        let essence = essence
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let json = [&b"application/json"[..], b"application/merge-patch+json"];
        if !json.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Err(Problem::of(&MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::of(&TOO_LARGE))?;
        if bytes.len() > MOST_BYTES {
            return Err(Problem::of(&TOO_LARGE));
        }
        let read: Result<Members, _> = serde_json::from_slice(&bytes);
        let members = read.map_err(|error| {
            // The reader's own message repeats what it read.
            let place = format!("ligne {}, colonne {}", error.line(), error.column());
            match error.classify() {
                Category::Data => {
                    let expected = "un objet JSON est attendu, dont chaque champ n'est dit qu'une fois";
                    Problem::detailed(&BAD_SHAPE, format!("{place} : {expected}"))
                }
                _ => Problem::detailed(&BAD_JSON, format!("{place} : le JSON n'est pas bien formé")),
            }
        })?;
        Ok(Self(
            Asked::from_json(&members.0).map_err(|faults| Box::new(faulty(&FAULTS, faults))),
        ))
    }
}
