//! `GET /api/v1/suggestions`: what a word being typed may become. Made for one call a keystroke.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::client::Client;
use super::parameters::Parameters;
use super::problem::Problem;
use super::signin::SignedIn;
use super::state::RestState;
use crate::service::{self, Directory};

const USUAL: usize = 10;
const MOST: usize = 50;

/// The names that the operation takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestionsParams {
    /// Ce qui est déjà saisi ; 200 caractères au plus.
    #[param(example = "delafont")]
    pub q: Option<String>,
    /// Nombre de suggestions, 10 par défaut.
    #[param(minimum = 1, maximum = 50, example = 10)]
    pub limite: Option<u32>,
}

/// Les suggestions, la meilleure d'abord.
#[derive(Serialize, ToSchema)]
pub struct Suggestions {
    pub suggestions: Vec<Suggestion>,
}

/// Une fiche, une spécialité ou un lieu que la saisie peut désigner.
#[derive(Serialize, ToSchema)]
pub struct Suggestion {
    /// `professionnel`, `structure`, ou, sans fiche, `profession`, `savoir_faire`, `commune`.
    #[schema(example = "professionnel")]
    pub r#type: String,
    #[schema(example = "TESTEUR Claire")]
    pub libelle: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "Sage-femme, VILLE-EXEMPLE")]
    pub precision: String,
    #[schema(example = "899000000002")]
    pub identifiant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "claire.testeur@sage-femme-exemple.mssante.fr")]
    pub adresse: Option<String>,
    /// Pour une profession, un savoir-faire ou une commune : les paramètres de `/recherche` qui les trouvent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "savoir_faire=SM04&commune=44109")]
    pub recherche: Option<String>,
}

impl From<service::Suggestion> for Suggestion {
    fn from(suggestion: service::Suggestion) -> Self {
        Self {
            r#type: suggestion.type_.to_string(),
            libelle: suggestion.libelle,
            precision: suggestion.precision,
            identifiant: suggestion.identifiant,
            adresse: suggestion.adresse,
            recherche: suggestion.recherche,
        }
    }
}

/// Compléter une saisie
///
/// Une saisie vide n'a pas de suggestion.
#[utoipa::path(get, path = "/api/v1/suggestions", operation_id = "suggerer", tag = "Recherche", params(SuggestionsParams),
    responses((status = 200, description = "Les suggestions", body = Suggestions)))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    parameters: Parameters<SuggestionsParams>,
) -> Result<Json<Suggestions>, Problem> {
    let limit = parameters.number("limite", 1..=MOST)?.unwrap_or(USUAL);
    let Some(q) = parameters.text("q")?.map(str::to_owned) else {
        let suggestions = Vec::new();
        return Ok(Json(Suggestions { suggestions }));
    };
    let found = match state.directory.suggestions_at_once(&q, limit, &viewer)? {
        Some(found) => found,
        None => {
            let asker = viewer.clone();
            let question = move |directory: &Directory| directory.suggestions(&q, limit, &asker);
            state.ask(question).await?
        }
    };
    let shown = found.iter().map(|suggestion| &suggestion.identifiant);
    state.quotas.read(&viewer, client, shown)?;
    let suggestions = found.into_iter().map(Suggestion::from).collect();
    Ok(Json(Suggestions { suggestions }))
}
