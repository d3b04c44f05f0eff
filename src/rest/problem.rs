//! Every error that REST answers, as problem+json (RFC 9457), in French, from one table.
//! A problem never repeats a value that was asked: it could be a person's name or a citizen's address.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::nearest::nearest;
use crate::service::ServiceError;

/// A sort of problem: a line of the page `/docs/erreurs`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// What follows `#` in the problem's `type`.
    pub anchor: &'static str,
    pub title: &'static str,
    pub status: StatusCode,
    /// What happened and what to do, for the page and for problems without a detail of their own.
    pub explanation: &'static str,
}

macro_rules! kinds {
    ($($name:ident, $status:ident, $anchor:literal, $title:literal, $explanation:literal;)*) => {
        $(pub static $name: Kind = Kind {
            anchor: $anchor,
            title: $title,
            status: StatusCode::$status,
            explanation: $explanation,
        };)*
        /// Every sort of problem, in the order of the page.
        pub static KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    UNKNOWN_PARAMETER, BAD_REQUEST, "parametre-inconnu", "Paramètre inconnu",
        "L'appel porte un paramètre que cette route ne connaît pas. Le détail propose le nom le plus proche.";
    BAD_PARAMETER, BAD_REQUEST, "parametre-invalide", "Paramètre invalide",
        "La valeur d'un paramètre n'est pas de la forme attendue ; « parametre » dit lequel.";
    BAD_JSON, BAD_REQUEST, "json-invalide", "JSON invalide",
        "Le corps de la requête n'est pas un document JSON bien formé.";
    HOST, BAD_REQUEST, "hote-invalide", "En-tête Host absent ou invalide",
        "Une requête HTTP/1.1 porte un en-tête « Host » et un seul, de la forme hôte ou hôte:port (RFC 9112, 3.2).";
    UNAUTHORIZED, UNAUTHORIZED, "cle-refusee", "Clé refusée",
        "La clé d'accès manque, ou n'est pas reconnue. Les routes publiques s'appellent sans clé.";
    FORBIDDEN, FORBIDDEN, "interdit", "Interdit",
        "Le compte ne permet pas cette opération, ou pas sur ce domaine.";
    NOT_FOUND, NOT_FOUND, "introuvable", "Introuvable",
        "Aucune fiche ne répond à cet identifiant.";
    UNKNOWN_ROUTE, NOT_FOUND, "route-inconnue", "Route inconnue",
        "Aucune ressource n'est servie à ce chemin ; voir /docs.";
    METHOD, METHOD_NOT_ALLOWED, "methode-refusee", "Méthode refusée",
        "Ce chemin existe, mais pas avec cette méthode ; l'en-tête Allow dit lesquelles.";
    FIXED_FIELD, CONFLICT, "champ-fixe", "Champ fixé à la création",
        "Le type et l'adresse d'une messagerie ne changent pas ; retirer celle-ci et en publier une autre.";
    CHANGED_MEANWHILE, PRECONDITION_FAILED, "version-differente", "Version différente",
        "La fiche a changé depuis la lecture, ou n'est pas dans l'état que dit If-Match ou If-None-Match ; la relire.";
    FAULTS, UNPROCESSABLE_ENTITY, "demande-a-corriger", "Demande à corriger",
        "Des champs sont à corriger ; le détail a une ligne par faute, « fautes » les liste.";
    TOO_LARGE, PAYLOAD_TOO_LARGE, "corps-trop-grand", "Corps trop grand",
        "Le corps de la requête dépasse 1 Mio.";
    MEDIA_TYPE, UNSUPPORTED_MEDIA_TYPE, "type-de-contenu", "Type de contenu refusé",
        "Le corps doit être annoncé par « Content-Type: application/json ».";
    BAD_SHAPE, UNPROCESSABLE_ENTITY, "forme-inattendue", "Forme inattendue",
        "Le document JSON est bien formé, mais n'est pas ce que cette route attend.";
    RANGE, RANGE_NOT_SATISFIABLE, "partie-absente", "Partie absente",
        "Le fichier est plus court que la partie demandée par « Range ».";
    QUOTA, TOO_MANY_REQUESTS, "quota-depasse", "Quota dépassé",
        "Trop de requêtes de cette adresse ou de ce compte ; réessayer après « Retry-After ». Pour lire l'annuaire entier, ou ce qui en a changé, les extractions sont faites pour cela : /api/v1/extractions.";
    QUOTA_OF_DAY, TOO_MANY_REQUESTS, "quota-du-jour", "Quota du jour dépassé",
        "Cette adresse a lu aujourd'hui autant de fiches que le public peut en lire en un jour. Pour lire l'annuaire entier, ou ce qui en a changé, les extractions sont faites pour cela : /api/v1/extractions.";
    REMAKING, SERVICE_UNAVAILABLE, "extraction-en-cours", "Extraction en cours d'écriture",
        "Ce fichier est en cours de réécriture ; réessayer après « Retry-After », ou lire l'extraction au fil de l'eau : /api/v1/extractions.";
    INTERNAL, INTERNAL_SERVER_ERROR, "erreur-interne", "Erreur interne",
        "Une erreur imprévue est survenue ; elle est journalisée sous l'identifiant de l'en-tête X-Request-Id.";
    UNAVAILABLE, SERVICE_UNAVAILABLE, "indisponible", "Service indisponible",
        "L'annuaire ne peut pas répondre pour l'instant ; réessayer dans quelques secondes.";
    STALE, SERVICE_UNAVAILABLE, "messageries-indisponibles", "Messageries indisponibles",
        "Ce nœud a perdu sa base depuis trop longtemps pour dire quelles messageries sont encore publiées ; il répond pour le reste. Réessayer, ou s'adresser à un autre nœud.";
    TIMEOUT, SERVICE_UNAVAILABLE, "delai-depasse", "Délai dépassé",
        "La réponse a demandé trop de temps ; préciser la demande ou réessayer.";
}

/// One problem to answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    kind: &'static Kind,
    detail: Option<String>,
    parameter: Option<String>,
    /// Names that could have been given instead.
    known: Vec<String>,
    /// Seconds after which to try again, where the kind does not say.
    retry_after: Option<u64>,
}

/// Le corps de toute erreur (RFC 9457), de type `application/problem+json`.
#[derive(Serialize, ToSchema)]
pub struct Probleme<'a> {
    /// L'explication de cette sorte d'erreur.
    #[schema(example = "/docs/erreurs#parametre-inconnu")]
    r#type: String,
    #[schema(example = "Paramètre inconnu")]
    title: &'a str,
    #[schema(example = 400)]
    status: u16,
    #[schema(example = "department : paramètre inconnu ; vouliez-vous « departement » ?")]
    detail: &'a str,
    /// Le paramètre, ou le champ du corps, à corriger.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "department")]
    parametre: Option<&'a str>,
    /// Ceux que la route connaît, quand un autre a été donné.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schema(required = false, example = json!(["q", "departement"]))]
    parametres_connus: &'a [String],
}

impl Problem {
    /// A problem that its kind explains well enough.
    pub fn of(kind: &'static Kind) -> Self {
        Self {
            kind,
            detail: None,
            parameter: None,
            known: Vec::new(),
            retry_after: None,
        }
    }

    /// Says after how many seconds to try again.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// A problem with a detail of its own, which must not repeat what was asked.
    pub fn detailed(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::of(kind)
        }
    }

    /// A parameter (or field of a body) whose value cannot be taken, and what is expected instead.
    pub fn value(kind: &'static Kind, parameter: &str, expected: &str) -> Self {
        Self {
            parameter: Some(parameter.to_owned()),
            ..Self::detailed(kind, format!("{parameter} : {expected}"))
        }
    }

    /// A parameter name that the route does not know. The name is repeated only where it looks like one.
    pub fn unknown_parameter(name: &str, known: Vec<String>) -> Self {
        let hint = match (nearest(name, known.iter().map(String::as_str)), known.is_empty()) {
            (Some(nearest), _) => format!(" ; vouliez-vous « {nearest} » ?"),
            (None, true) => " ; cette route n'en prend aucun".to_owned(),
            (None, false) => String::new(),
        };
        let problem = match presentable(name) {
            true => Self::value(&UNKNOWN_PARAMETER, name, &format!("paramètre inconnu{hint}")),
            false => Self::detailed(&UNKNOWN_PARAMETER, format!("paramètre inconnu{hint}")),
        };
        Self { known, ..problem }
    }

    #[cfg(test)]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }
}

/// Short, and of letters that no address can be made of.
fn presentable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Cursor => Self::value(
                &BAD_PARAMETER,
                "curseur",
                "ce curseur n'est pas reconnu ; reprendre à la première page",
            ),
            ServiceError::Stale => Self::of(&STALE),
            ServiceError::UnknownPlace(parameter) => Self::value(
                &BAD_PARAMETER,
                parameter,
                match parameter {
                    "commune" => {
                        "commune inconnue, ou sans position ; donner son nom entier ou son code INSEE"
                    }
                    _ => "code postal inconnu, ou sans position",
                },
            ),
            ServiceError::TooManyPlaces => Self::value(
                &BAD_PARAMETER,
                "commune",
                "trop de communes portent ces noms ; donner leurs codes INSEE",
            ),
            error => {
                tracing::error!(%error, "the directory could not answer");
                Self::of(&UNAVAILABLE)
            }
        }
    }
}

impl Problem {
    /// The body.
    pub fn json(&self) -> String {
        let body = Probleme {
            r#type: format!("/docs/erreurs#{}", self.kind.anchor),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: self.detail.as_deref().unwrap_or(self.kind.explanation),
            parametre: self.parameter.as_deref(),
            parametres_connus: &self.known,
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.json();
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (self.kind.status, [content_type], body).into_response();
        if let Some((name, value)) = companion_header(self.kind.status) {
            response.headers_mut().insert(name, value);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The header without which a status says too little.
fn companion_header(status: StatusCode) -> Option<(HeaderName, HeaderValue)> {
    match status {
        StatusCode::UNAUTHORIZED => Some((
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(r#"Bearer realm="annuaire""#),
        )),
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, HeaderValue::from_static("5"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(problem: Problem) -> String {
        let body = axum::body::to_bytes(problem.into_response().into_body(), 10_000).await;
        String::from_utf8(body.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_unknown_parameter_has_the_agreed_shape() {
        assert_eq!(
            body(Problem::unknown_parameter(
                "department",
                vec!["departement".to_owned()]
            ))
            .await,
            r#"{"type":"/docs/erreurs#parametre-inconnu","title":"Paramètre inconnu","status":400,"#
                .to_owned()
                + r#""detail":"department : paramètre inconnu ; vouliez-vous « departement » ?","parametre":"department","parametres_connus":["departement"]}"#
        );
    }

    #[tokio::test]
    async fn a_name_that_could_be_an_address_is_not_repeated() {
        for name in [
            "199990000000001@Patient.MSSante.fr",
            "199990000000001%40patient.mssante.fr",
            "a.b",
        ] {
            let body = body(Problem::unknown_parameter(name, Vec::new())).await;
            assert!(
                !body.contains("199990000000001") && !body.contains("a.b"),
                "{body}"
            );
        }
    }

    #[test]
    fn a_refused_key_says_how_to_sign_in() {
        let response = Problem::of(&UNAUTHORIZED).into_response();
        assert_eq!(response.status(), 401);
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn every_anchor_is_of_one_kind() {
        let anchors: std::collections::BTreeSet<_> = KINDS.iter().map(|k| k.anchor).collect();
        assert_eq!(anchors.len(), KINDS.len());
    }
}
