//! `GET /api/v1/recherche`: words, filters and a place in; a page of records and its facets out.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{json_text, with_list};
use super::client::Client;
use super::parameters::{Parameters, invalid, words};
use super::problem::Problem;
use super::signin::SignedIn;
use super::state::RestState;
use crate::directory::around::Around;
use crate::directory::coordinates::Position;
use crate::query::{Kind, Kinds};
use crate::service::{Page, Recherche, Tri};
use crate::view::json::{Messagerie, Professionnel, StructureComplete, with_member};

/// Entries beyond this one are reached by the cursor: a page far away costs all those before it.
const DEEPEST: u32 = 10_000;
/// Letters of a cursor, which are ours.
const LONGEST_CURSOR: usize = 4_000;
const LARGEST_PAGE: u32 = 200;
const USUAL_PAGE: u32 = 20;
const USUAL_RADIUS_KM: f64 = 10.0;
const LARGEST_RADIUS_KM: f64 = 500.0;

/// What JSON Schema cannot say of several parameters at once.
const TOGETHER: &[&str] = &[
    "AllOrNone(lat, lon);",
    "IF rayon_km THEN lat OR commune OR code_postal;",
    "IF tri=='distance' THEN lat OR rayon_km;",
    "ZeroOrOne(page, curseur);",
    "IF page THEN page * par_page <= 10000;",
];

const KINDS: &[(&str, Kind)] = &[
    ("professionnel", Kind::Professional),
    ("structure", Kind::Structure),
    ("messagerie", Kind::Mailbox),
];
const ORDERS: &[(&str, Tri)] = &[
    ("pertinence", Tri::Pertinence),
    ("nom", Tri::Nom),
    ("distance", Tri::Distance),
];

/// The names that the operation takes, for the specification and the check of names.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RechercheParams {
    /// Mots cherchés, dans n'importe quel ordre, fautes de frappe tolérées ; 200 caractères au plus.
    #[param(example = "sage-femme testeur")]
    pub q: Option<String>,
    /// `professionnel`, `structure`, `messagerie` ; répétable.
    #[param(inline, value_type = Option<Vec<TypeDeFiche>>, example = json!(["professionnel"]))]
    pub r#type: Option<Vec<String>>,
    /// Code de profession ; répétable.
    #[param(example = json!(["50"]))]
    pub profession: Option<Vec<String>>,
    /// Code de savoir-faire ; répétable.
    #[param(example = json!(["SM54"]))]
    pub savoir_faire: Option<Vec<String>>,
    /// Code de mode d'exercice ; répétable.
    #[param(example = json!(["L"]))]
    pub mode_exercice: Option<Vec<String>>,
    /// `44`, `2A`, `971` ; répétable.
    #[param(example = json!(["44", "2A"]))]
    pub departement: Option<Vec<String>>,
    /// Code postal ; répétable. Avec `rayon_km`, sans `lat` ni `lon` : le centre du cercle, non plus un filtre.
    #[param(format = "commune", example = json!(["44000"]))]
    pub code_postal: Option<Vec<String>>,
    /// Nom ou code INSEE de commune ; répétable. Avec `rayon_km`, sans `lat` ni `lon` : le centre du cercle, non plus
    /// un filtre ; un nom vaut pour toutes les communes qui le portent, un code INSEE pour une seule.
    #[param(format = "commune", example = json!(["Nantes"]))]
    pub commune: Option<Vec<String>>,
    /// Identifiant de structure : FINESS, SIRET, SIREN ou identifiant technique ; répétable.
    #[param(example = json!(["F990000000"]))]
    pub structure: Option<Vec<String>>,
    /// Avec, ou sans, messagerie publiée.
    #[param(example = true)]
    pub avec_messagerie: Option<bool>,
    /// Latitude en degrés (WGS84), avec `lon`.
    #[param(minimum = -90, maximum = 90, example = 47.218)]
    pub lat: Option<f64>,
    /// Longitude en degrés (WGS84), avec `lat`.
    #[param(minimum = -180, maximum = 180, example = -1.553)]
    pub lon: Option<f64>,
    /// Rayon autour de `lat`, `lon`, 10 km par défaut ; sans eux, autour du centre des `commune` et `code_postal`
    /// donnés (de plusieurs, l'un ou l'autre). 500 au plus.
    #[param(minimum = 0, maximum = 500, example = 15)]
    pub rayon_km: Option<f64>,
    /// `pertinence` (par défaut), `nom` ou `distance` ; ce dernier avec `lat` et `lon`, ou avec `rayon_km`.
    #[param(inline, value_type = Option<Ordre>, example = "nom")]
    pub tri: Option<String>,
    /// Page, la première étant 1 ; `page` × `par_page` va jusqu'à 10 000, au-delà suivre `curseur_suivant`.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    pub page: Option<u32>,
    /// Le `curseur_suivant` de la page précédente.
    #[param(
        max_length = 4000,
        format = "curseur",
        example = "000000008000010042bf8d81716f060b00000000000002a76d6172696520706965727265"
    )]
    pub curseur: Option<String>,
    /// Fiches par page, 20 par défaut.
    #[param(minimum = 1, maximum = 200, default = 20, example = 20)]
    pub par_page: Option<u32>,
}

words!(TypeDeFiche, KINDS);
words!(Ordre, ORDERS);

/// Une page de résultats, les meilleurs d'abord.
// Only its schema is used: the body is put together from records that the index keeps as text.
#[derive(Serialize, ToSchema)]
pub struct Resultats {
    #[schema(example = 2)]
    pub total: u64,
    #[schema(example = 1)]
    pub page: u32,
    #[schema(example = 20)]
    pub par_page: u32,
    /// À passer dans `curseur` pour la page suivante ; absent à la dernière.
    #[schema(
        format = "curseur",
        example = "000000008000010042bf8d81716f060b00000000000002a76d6172696520706965727265"
    )]
    pub curseur_suivant: Option<String>,
    pub resultats: Vec<Resultat>,
    /// Par filtre, le nombre de fiches de chaque valeur.
    pub facettes: BTreeMap<String, Vec<ValeurDeFacette<'static>>>,
}

/// Une fiche trouvée.
#[derive(Serialize, ToSchema)]
pub struct Resultat {
    #[serde(flatten)]
    pub fiche: Fiche,
    /// Distance au point demandé, ou au centre le plus proche ; celle d'une commune quand la position est approchée.
    #[schema(example = 1.2)]
    pub distance_km: Option<f64>,
}

/// Une fiche : son `type` dit laquelle.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Fiche {
    Professionnel(Box<Professionnel<'static>>),
    Structure(Box<StructureComplete<'static>>),
    Messagerie(Box<Messagerie<'static>>),
}

/// Une valeur d'un filtre et le nombre de fiches qui la portent.
#[derive(Serialize, ToSchema)]
pub struct ValeurDeFacette<'a> {
    #[schema(example = "50")]
    pub code: &'a str,
    #[schema(example = "Sage-femme")]
    pub libelle: &'a str,
    #[schema(example = 2)]
    pub nombre: u64,
}

#[derive(Serialize)]
struct Head<'a> {
    total: u64,
    page: u32,
    par_page: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    curseur_suivant: Option<&'a str>,
    facettes: BTreeMap<&'a str, Vec<ValeurDeFacette<'a>>>,
}

/// Chercher des professionnels, des structures et des messageries
///
/// Les valeurs répétées d'un filtre sont des alternatives ; les filtres différents valent tous ensemble.
#[utoipa::path(get, path = "/api/v1/recherche", operation_id = "rechercher", tag = "Recherche", params(RechercheParams),
    extensions(("x-dependencies" = json!(TOGETHER))),
    responses((status = 200, description = "Une page de fiches", body = Resultats)))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    parameters: Parameters<RechercheParams>,
) -> Result<Response, Problem> {
    let question = read(&parameters)?;
    let asker = viewer.clone();
    let page = state
        .ask(move |directory| directory.recherche(&question, &asker))
        .await?;
    let shown = page.resultats.iter().map(|hit| &hit.json);
    state.quotas.read(&viewer, client, shown)?;
    Ok(json_text(body(page)))
}

fn read(parameters: &Parameters<RechercheParams>) -> Result<Recherche, Problem> {
    let kinds = parameters.choices("type", KINDS)?;
    let types = match kinds.is_empty() {
        true => Kinds::ALL,
        false => kinds
            .into_iter()
            .fold(Kinds::NONE, |all, kind| all.union(Kinds::only(kind))),
    };
    let (code_postal, commune) = (parameters.list("code_postal")?, parameters.list("commune")?);
    let towns = !code_postal.is_empty() || !commune.is_empty();
    let (autour, rayon_km) = around(parameters, towns)?;
    let tri = parameters.choice("tri", ORDERS)?.unwrap_or(Tri::Pertinence);
    if tri == Tri::Distance && autour.is_none() && rayon_km.is_none() {
        let expected = "« distance » demande aussi « lat » et « lon », ou « rayon_km » avec « commune » ou « code_postal »";
        return Err(invalid("tri", expected));
    }
    let par_page = parameters
        .number("par_page", 1..=LARGEST_PAGE)?
        .unwrap_or(USUAL_PAGE);
    let page = parameters.number("page", 1..=DEEPEST)?;
    let curseur = parameters
        .text_within("curseur", LONGEST_CURSOR)?
        .map(str::to_owned);
    if page.is_some() && curseur.is_some() {
        return Err(invalid("curseur", "« page » et « curseur » s'excluent"));
    }
    let page = page.unwrap_or(1);
    if page.saturating_mul(par_page) > DEEPEST {
        return Err(invalid(
            "page",
            "au-delà de 10 000 fiches, suivre « curseur_suivant »",
        ));
    }
    Ok(Recherche {
        q: parameters.text("q")?.map(str::to_owned),
        types,
        profession: parameters.list("profession")?,
        savoir_faire: parameters.list("savoir_faire")?,
        mode_exercice: parameters.list("mode_exercice")?,
        departement: parameters.list("departement")?,
        code_postal,
        commune,
        structure: parameters.list("structure")?,
        avec_messagerie: parameters.flag("avec_messagerie")?,
        autour,
        rayon_km,
        tri,
        page,
        curseur,
        par_page,
    })
}

/// A circle around a point, or a radius around the towns that are asked.
fn around(
    parameters: &Parameters<RechercheParams>,
    towns: bool,
) -> Result<(Option<Around>, Option<f64>), Problem> {
    let lat = parameters.number("lat", -90.0..=90.0)?;
    let lon = parameters.number("lon", -180.0..=180.0)?;
    let radius = parameters.number("rayon_km", 0.0..=LARGEST_RADIUS_KM)?;
    match (lat, lon, radius) {
        (Some(lat), Some(lon), radius) => {
            let around = Around::new(&[Position { lat, lon }], radius.unwrap_or(USUAL_RADIUS_KM));
            Ok((Some(around), None))
        }
        (None, None, None) => Ok((None, None)),
        (None, None, radius) if towns => Ok((None, radius)),
        (None, None, _) => Err(invalid(
            "rayon_km",
            "demande aussi « lat » et « lon », ou « commune », ou « code_postal »",
        )),
        (None, _, _) => Err(invalid("lat", "« lat » et « lon » vont ensemble")),
        (_, None, _) => Err(invalid("lon", "« lat » et « lon » vont ensemble")),
    }
}

fn body(page: Page) -> String {
    let facettes = page.facettes.iter().map(|(name, values)| {
        let values = values.iter().map(|value| ValeurDeFacette {
            code: &value.code,
            libelle: &value.libelle,
            nombre: value.nombre,
        });
        (name.as_str(), values.collect())
    });
    let head = Head {
        total: page.total,
        page: page.page,
        par_page: page.par_page,
        curseur_suivant: page.curseur_suivant.as_deref(),
        facettes: facettes.collect(),
    };
    let head = serde_json::to_string(&head).unwrap_or_default();
    let results = page.resultats.into_iter().map(|hit| match hit.distance_km {
        // To the metre: farther digits say nothing.
        Some(km) => with_member(&hit.json, "distance_km", &((km * 1000.0).round() / 1000.0)),
        None => hit.json,
    });
    with_list(&head, "resultats", results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Facette, Hit};

    fn asked(query: &str) -> Result<Recherche, Problem> {
        read(&Parameters::from_query(query)?)
    }

    #[test]
    fn nothing_asked_is_everything_twenty_a_page() {
        let recherche = asked("").unwrap();
        assert_eq!((recherche.page, recherche.par_page), (1, 20));
        assert_eq!(recherche.types, Kinds::ALL);
        assert_eq!(recherche.tri, Tri::Pertinence);
        assert!(recherche.q.is_none() && recherche.autour.is_none());
    }

    #[test]
    fn types_add_up() {
        let types = asked("type=structure&type=messagerie").unwrap().types;
        assert!(types.contains(Kind::Structure) && types.contains(Kind::Mailbox));
        assert!(!types.contains(Kind::Professional));
    }

    #[test]
    fn a_place_is_a_point_and_a_radius() {
        let around = asked("lat=47.2&lon=-1.5").unwrap().autour.unwrap();
        // Ten kilometres are nine hundredths of a degree.
        let at = |lat| around.distance_km(Position { lat, lon: -1.5 });
        assert!(at(47.2) == Some(0.0) && at(47.289).is_some() && at(47.291).is_none());
        assert_eq!(
            asked("lat=47.2").unwrap_err(),
            invalid("lon", "« lat » et « lon » vont ensemble")
        );
        let alone = "demande aussi « lat » et « lon », ou « commune », ou « code_postal »";
        assert_eq!(asked("rayon_km=5").unwrap_err(), invalid("rayon_km", alone));
        assert!(asked("tri=distance").is_err());
        assert!(asked("tri=distance&lat=47&lon=-1&rayon_km=501").is_err());
    }

    #[test]
    fn a_radius_without_a_point_is_around_the_towns() {
        let recherche = asked("commune=Nantes&code_postal=44400&rayon_km=5&tri=distance").unwrap();
        assert!(recherche.autour.is_none());
        assert_eq!(recherche.rayon_km, Some(5.0));
        assert!(asked("commune=Nantes&tri=distance").is_err());
        let around_a_point = asked("commune=Nantes&lat=47.2&lon=-1.5&rayon_km=5").unwrap();
        assert!(around_a_point.autour.is_some() && around_a_point.rayon_km.is_none());
    }

    #[test]
    fn pages_end_at_ten_thousand_entries() {
        assert!(asked("page=50&par_page=200").is_ok());
        assert!(asked("page=51&par_page=200").is_err());
        assert!(asked("par_page=201").is_err());
        assert!(asked("page=2&curseur=x").is_err());
    }

    #[test]
    fn a_page_has_the_agreed_shape() {
        let page = Page {
            total: 2,
            page: 1,
            par_page: 20,
            curseur_suivant: Some("c".into()),
            resultats: vec![Hit {
                json: r#"{"type":"structure"}"#.into(),
                distance_km: Some(1.2),
            }],
            facettes: vec![(
                "profession".into(),
                vec![Facette {
                    code: "50".into(),
                    libelle: "Sage-femme".into(),
                    nombre: 2,
                }],
            )],
        };
        assert_eq!(
            body(page),
            r#"{"total":2,"page":1,"par_page":20,"curseur_suivant":"c","#.to_owned()
                + r#""facettes":{"profession":[{"code":"50","libelle":"Sage-femme","nombre":2}]},"#
                + r#""resultats":[{"type":"structure","distance_km":1.2}]}"#
        );
    }
}
