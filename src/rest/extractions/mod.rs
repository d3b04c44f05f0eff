//! `GET /api/v1/extractions`: the files that are ready; `/extractions/{nom}`: one of them ([`file`]), or an extraction
//! made while it is read, by filters or since a mark ([`filtered`]).

mod file;
mod filtered;
mod manifest;
mod range;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use utoipa::IntoParams;

use super::client::Client;
use super::parameters::{Name, Parameters, invalid, words};
use super::problem::{INTERNAL, NOT_FOUND, Problem, Probleme, REMAKING, UNAVAILABLE};
use super::signin::SignedIn;
use super::state::RestState;
use crate::export::{ExportError, Format, Kind};

pub use manifest::{__path_list, list};

/// The official name of the correspondence, which stays that of its whole extraction in CSV.
const OFFICIAL: &str = "Extraction_Correspondance_MSSante";
const LICENCE_LINK: &str =
    "<https://www.etalab.gouv.fr/licence-ouverte-open-licence/>; rel=\"license\", </docs>; rel=\"help\"";
/// What is to be given back as `depuis`.
const MARK: HeaderName = HeaderName::from_static("annuaire-marque");
const SOURCES: HeaderName = HeaderName::from_static("annuaire-sources");

const FORMATS: &[(&str, Format)] = Format::NAMED;
const BOX_TYPES: &[(&str, ())] = &[("PER", ()), ("ORG", ()), ("APP", ()), ("CAB", ())];

/// What a filtered extraction takes; the specification tells which kind takes which.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExtractionParams {
    /// `csv` (par défaut, la disposition officielle), `ndjson` ou `parquet`.
    #[param(inline, value_type = Option<FormatNomme>, example = "ndjson")]
    pub format: Option<String>,
    /// Une marque (en-tête `Annuaire-Marque`, ou `marque` du manifeste) ou un instant RFC 3339 : seules les fiches
    /// créées, modifiées ou retirées depuis. Appliquer dans l'ordre : `retrait` ôte toutes les lignes de cet `id`,
    /// `publication` les remplace. Les lignes d'un CSV entier
    /// n'ont pas d'`id` : une copie se tient à jour en NDJSON ou en Parquet.
    #[param(format = "marque", example = "2026-01-15T08:00:00Z")]
    pub depuis: Option<String>,
    /// Code de profession ; répétable.
    #[param(example = json!(["10"]))]
    pub profession: Option<Vec<String>>,
    /// Code de savoir-faire ; répétable.
    #[param(example = json!(["SM54"]))]
    pub savoir_faire: Option<Vec<String>>,
    /// Code de mode d'exercice ; répétable.
    #[param(example = json!(["L"]))]
    pub mode_exercice: Option<Vec<String>>,
    /// `44`, `2A`, `971` ; répétable.
    #[param(example = json!(["44"]))]
    pub departement: Option<Vec<String>>,
    /// Code postal ; répétable.
    #[param(example = json!(["44000"]))]
    pub code_postal: Option<Vec<String>>,
    /// Nom ou code INSEE de commune ; répétable.
    #[param(example = json!(["Nantes"]))]
    pub commune: Option<Vec<String>>,
    /// FINESS, SIRET, SIREN ou identifiant de structure ; répétable.
    #[param(example = json!(["F990000000"]))]
    pub structure: Option<Vec<String>>,
    /// `PER`, `ORG`, `APP`, `CAB` ; répétable.
    #[param(inline, value_type = Option<Vec<TypeDeBal>>, example = json!(["ORG", "APP"]))]
    pub type_bal: Option<Vec<String>>,
    /// Domaine de messagerie ; répétable.
    #[param(example = json!(["sage-femme-exemple.mssante.fr"]))]
    pub domaine: Option<Vec<String>>,
    /// Code de catégorie d'établissement ; répétable.
    #[param(example = json!(["355"]))]
    pub categorie: Option<Vec<String>>,
    /// Avec, ou sans, messagerie publiée.
    #[param(example = true)]
    pub avec_messagerie: Option<bool>,
}

words!(FormatNomme, FORMATS);
words!(TypeDeBal, BOX_TYPES);

/// Lire un fichier du manifeste
///
/// Servi tel quel ; une lecture rompue se reprend par `Range`.
#[utoipa::path(get, path = "/api/v1/extractions/{nom}", operation_id = "lireExtraction", tag = "Extractions",
    params(("nom" = String, Path, description = "Le nom d'un fichier du manifeste", example = "correspondance.csv.gz"),
        ExtractionParams,
        ("Range" = Option<String>, Header, description = "D'un fichier, une plage d'octets : `bytes=1000-` reprend une lecture rompue", example = "bytes=1000-"),
        ("If-Range" = Option<String>, Header, description = "L'étiquette du fichier commencé ; s'il a changé, il est envoyé entier", example = "\"9f86d081884c7d65\"")),
    responses(
        (status = 200, description = "Le fichier", content(
            (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/vnd.apache.parquet"),
            (String = "application/gzip"), (String = "application/zstd")),
         headers(
            ("annuaire-marque" = String, description = "À redonner comme `depuis`"),
            ("annuaire-sources" = String, description = "Les sources et leurs dates"),
            ("accept-ranges" = String, description = "`bytes` : le fichier se lit par plages ; absent d'une extraction filtrée"),
            ("content-disposition" = String, description = "Le nom sous lequel l'enregistrer"),
            ("link" = String, description = "La licence"))),
        (status = 206, description = "La partie demandée par `Range`", content(
            (String = "application/gzip"), (String = "application/zstd"), (String = "application/vnd.apache.parquet")),
         headers(
            ("content-range" = String, description = "La plage envoyée, et la taille du fichier"),
            ("etag" = String, description = "L'empreinte du fichier, à redonner dans `If-Range`"),
            ("annuaire-marque" = String, description = "À redonner comme `depuis`"))),
        (status = 304, description = "Le fichier est celui de `If-None-Match`"),
        (status = 404, description = "Aucune extraction de ce nom", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 416, description = "Le fichier est plus court que la partie demandée", body = Probleme<'static>, content_type = "application/problem+json"),
        (status = 503, description = "Le fichier est en cours de réécriture ; réessayer après `Retry-After`", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(_): SignedIn,
    client: Client,
    parameters: Parameters<ExtractionParams>,
    Name(name): Name,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut response = match Kind::named(&name).or_else(|| (name == OFFICIAL).then_some(Kind::Correspondance))
    {
        Some(kind) => filtered::get(&state, kind, &parameters, client).await?,
        None => {
            filtered::refuse_parameters(&parameters)?;
            file::get(&state, &name, &headers).await?
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::LINK, HeaderValue::from_static(LICENCE_LINK));
    let sante = state.directory.sante();
    let sources = stated_sources(sante.sources.iter().map(|source| (&source.genre, &source.date)));
    if let Ok(value) = HeaderValue::from_str(&sources) {
        headers.entry(SOURCES).or_insert(value);
    }
    Ok(response)
}

fn stated_sources<'s>(sources: impl Iterator<Item = (&'s String, &'s String)>) -> String {
    let stated = sources.map(|(genre, date)| format!("{genre}={date}"));
    stated.collect::<Vec<_>>().join(", ")
}

fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Filter(name) => invalid(name, "cette valeur n'est pas prise"),
            ExportError::NoSuchFilter(name) => invalid(name, "cette extraction n'a pas ce filtre"),
            ExportError::Mark => invalid(
                "depuis",
                "cette marque n'est pas reconnue ; reprendre d'une extraction entière",
            ),
            ExportError::Withdrawn { seconds } => Self::of(&REMAKING).retry_after(seconds.clamp(5, 600)),
            ExportError::NotReady => Self::of(&UNAVAILABLE),
            ExportError::Store(error) => {
                tracing::error!(%error, "an extraction could not begin");
                Self::of(&UNAVAILABLE)
            }
            error => {
                tracing::error!(%error, "an extraction could not begin");
                Self::of(&INTERNAL)
            }
        }
    }
}

/// The one answer for a name that is no extraction's.
fn absent() -> Problem {
    Problem::of(&NOT_FOUND)
}
