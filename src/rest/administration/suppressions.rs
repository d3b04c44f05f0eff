//! `/api/v1/administration/suppressions…`: an entry, or a field of one, taken out on a lawful request.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::ActingAdministrator;
use crate::directory::public_id::Genre;
use crate::rest::operateur::{Noeuds, refused};
use crate::rest::parameters::{NoParameter, Parameters, invalid, words};
use crate::rest::problem::{NOT_FOUND, Problem, Probleme};
use crate::rest::state::RestState;
use crate::store::suppressions::{self, Suppression};

/// Les paramètres d'une suppression.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the specification's form of what `Parameters` reads")]
pub struct ParametresDeSuppression {
    /// Un champ seulement : `civilite`, `savoir_faire`, `diplomes`, `activites` d'un professionnel ; `telephone`,
    /// `telecopie`, `adresse` d'une structure ; `telephone`, `description`, `service`, `responsable` d'une messagerie.
    #[param(inline, value_type = Option<Champ>, example = "telephone")]
    champ: Option<String>,
}

/// What JSON Schema cannot say of several parameters at once.
const TOGETHER: &[&str] = &[
    "IF champ AND genre=='professionnels' THEN champ=='civilite' OR champ=='savoir_faire' OR champ=='diplomes' OR champ=='activites';",
    "IF champ AND genre=='structures' THEN champ=='telephone' OR champ=='telecopie' OR champ=='adresse';",
    "IF champ AND genre=='messageries' THEN champ=='telephone' OR champ=='description' OR champ=='service' OR champ=='responsable';",
];
const GENRES: &[(&str, Genre)] = &[
    ("professionnels", Genre::Professional),
    ("structures", Genre::Structure),
    ("messageries", Genre::Mailbox),
];
const CHAMPS: &[(&str, ())] = &[
    ("civilite", ()),
    ("savoir_faire", ()),
    ("diplomes", ()),
    ("activites", ()),
    ("telephone", ()),
    ("telecopie", ()),
    ("adresse", ()),
    ("description", ()),
    ("service", ()),
    ("responsable", ()),
];
words!(GenreSupprime, GENRES);
words!(Champ, CHAMPS);

/// Ce qui est supprimé, et qui le montre déjà.
#[derive(Serialize, ToSchema)]
pub struct Supprimee {
    /// Vrai quand aucun nœud en service ne le montre plus.
    #[schema(example = true)]
    pub effectif: bool,
    pub noeuds: Noeuds,
}

/// Ce qui est supprimé sur demande.
#[derive(Serialize, ToSchema)]
pub struct Suppressions {
    pub suppressions: Vec<Suppression>,
}

/// The kind of entry and the identifier of a path.
pub struct Entry(Genre, String);

impl FromRequestParts<RestState> for Entry {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &RestState) -> Result<Self, Problem> {
        let named = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((genre, identifier))) = named else {
            return Err(Problem::of(&NOT_FOUND));
        };
        // Postgres holds no NUL: no entry has one.
        if identifier.contains('\0') {
            return Err(Problem::of(&NOT_FOUND));
        }
        let genre = GENRES.iter().find(|(name, _)| *name == genre);
        let (_, genre) = genre.ok_or_else(|| Problem::of(&NOT_FOUND))?;
        Ok(Self(*genre, identifier))
    }
}

/// The field to be suppressed; empty for the whole entry.
fn champ(genre: Genre, parameters: &Parameters<ParametresDeSuppression>) -> Result<String, Problem> {
    let Some(asked) = parameters.text("champ")? else {
        return Ok(String::new());
    };
    let known: Vec<&str> = suppressions::fields(genre.letter()).collect();
    if known.contains(&asked) {
        Ok(asked.to_owned())
    } else {
        let expected = format!("valeurs possibles : {}", known.join(", "));
        Err(invalid("champ", &expected))
    }
}

/// Lister ce qui est supprimé
#[utoipa::path(get, path = "/api/v1/administration/suppressions", operation_id = "listerSuppressions", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    responses(
        (status = 200, description = "Les suppressions, la plus récente d'abord", body = Suppressions),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn list(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    _: Parameters<NoParameter>,
) -> Response {
    match state.directory.suppressed(&actor).await {
        Ok(suppressions) => Json(Suppressions { suppressions }).into_response(),
        Err(error) => refused(error),
    }
}

/// Supprimer une fiche ou un champ
///
/// Sur demande légitime : les imports suivants ne le rapportent pas. Avec un professionnel partent ses messageries
/// nominatives. 202 quand un nœud ne l'a pas confirmé dans la seconde.
#[utoipa::path(put, path = "/api/v1/administration/suppressions/{genre}/{identifiant}", operation_id = "supprimer", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    params(
        ("genre" = inline(GenreSupprime), Path, description = "`professionnels`, `structures` ou `messageries`", example = "messageries"),
        ("identifiant" = String, Path, description = "L'identification nationale, un identifiant de la structure, ou l'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr"),
        ParametresDeSuppression),
    extensions(("x-dependencies" = json!(TOGETHER))),
    responses(
        (status = 200, description = "Supprimée", body = Supprimee),
        (status = 202, description = "Supprimée, un nœud la montre encore", body = Supprimee),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 404, description = "Aucune fiche", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn put(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    parameters: Parameters<ParametresDeSuppression>,
    Entry(genre, identifier): Entry,
) -> Result<Response, Problem> {
    let champ = champ(genre, &parameters)?;
    Ok(
        match state.directory.suppress(&actor, genre, &identifier, &champ).await {
            Ok(nodes) => {
                let status = if nodes.is_whole() {
                    StatusCode::OK
                } else {
                    StatusCode::ACCEPTED
                };
                let body = Supprimee {
                    effectif: nodes.is_whole(),
                    noeuds: nodes.into(),
                };
                (status, Json(body)).into_response()
            }
            Err(error) => refused(error),
        },
    )
}

/// Lever une suppression
///
/// La fiche ou le champ revient avec le prochain import qui le contient.
#[utoipa::path(delete, path = "/api/v1/administration/suppressions/{genre}/{identifiant}", operation_id = "leverSuppression", tag = "Administration",
    security(("cle" = []), ("porteur" = [])),
    params(
        ("genre" = inline(GenreSupprime), Path, description = "`professionnels`, `structures` ou `messageries`", example = "messageries"),
        ("identifiant" = String, Path, description = "L'identification nationale, un identifiant de la structure, ou l'adresse", example = "claire.testeur@sage-femme-exemple.mssante.fr"),
        ParametresDeSuppression),
    extensions(("x-dependencies" = json!(TOGETHER))),
    responses(
        (status = 204, description = "Levée"),
        (status = 403, description = "Le compte n'est pas celui d'un administrateur", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 404, description = "Aucune suppression", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn delete(
    State(state): State<RestState>,
    ActingAdministrator(actor): ActingAdministrator,
    parameters: Parameters<ParametresDeSuppression>,
    Entry(genre, identifier): Entry,
) -> Result<Response, Problem> {
    let champ = champ(genre, &parameters)?;
    Ok(
        match state.directory.restore(&actor, genre, &identifier, &champ).await {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => refused(error),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_knows_the_fields_of_each_kind() {
        for ((name, genre), rule) in GENRES.iter().zip(TOGETHER) {
            let fields: Vec<&str> = suppressions::fields(genre.letter()).collect();
            let named = |field: &&str| CHAMPS.iter().any(|(known, ())| known == field);
            assert!(fields.iter().all(named), "{name}");
            let fields: Vec<String> = fields.iter().map(|field| format!("champ=='{field}'")).collect();
            let fields = fields.join(" OR ");
            assert_eq!(*rule, format!("IF champ AND genre=='{name}' THEN {fields};"));
        }
    }
}
