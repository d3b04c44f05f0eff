//! `GET /api/v1/indicateurs`: how many have a published mailbox, in the whole and by department, profession or
//! structure. Hidden mailboxes count nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::client::Client;
use super::parameters::{Parameters, invalid, words};
use super::problem::{Problem, UNAVAILABLE};
use super::sante::{SourceChargee, sources};
use super::signin::SignedIn;
use super::state::RestState;
use crate::service::{Directory, Indicateur, National, Recherche, ServiceError, Share, Tri};
use crate::visibility::Viewer;

const LARGEST_PAGE: u32 = 200;
const USUAL_PAGE: u32 = 20;
const LONGEST_CURSOR: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Department,
    Profession,
    Structure,
}

/// What JSON Schema cannot say of several parameters at once.
const TOGETHER: &[&str] = &[
    "IF departement THEN par=='profession' OR par=='structure';",
    "IF profession THEN par=='departement';",
    "IF structure OR curseur OR par_page THEN par=='structure';",
];

const BYS: &[(&str, By)] = &[
    ("departement", By::Department),
    ("profession", By::Profession),
    ("structure", By::Structure),
];
words!(Axe, BYS);

/// The names that the operation takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IndicateursParams {
    /// `departement`, `profession` ou `structure` ; sans lui, les seuls chiffres nationaux.
    #[param(inline, value_type = Option<Axe>, example = "departement")]
    pub par: Option<String>,
    /// Avec `par=profession` ou `par=structure` : ceux de ce département.
    #[param(example = "44")]
    pub departement: Option<String>,
    /// Avec `par=departement` : ceux de cette profession, par son code.
    #[param(example = "10")]
    pub profession: Option<String>,
    /// Avec `par=structure` : cette structure, par l'un de ses identifiants ; répétable.
    #[param(example = json!(["F990000000"]))]
    pub structure: Option<Vec<String>>,
    /// Avec `par=structure` : le `curseur_suivant` de la page précédente.
    #[param(
        max_length = 1000,
        format = "curseur",
        example = "000000008000010042bf8d81716f060b00000000000002a76d6172696520706965727265"
    )]
    pub curseur: Option<String>,
    /// Avec `par=structure` : structures par page, 20 par défaut.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub par_page: Option<u32>,
}

/// Les taux d'équipement.
#[derive(Serialize, ToSchema)]
pub struct Indicateurs {
    pub national: ChiffresNationaux,
    /// Un par valeur de `par`, dans l'ordre des codes, ou des noms de structures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicateurs: Option<Vec<TauxEquipement>>,
    /// Nombre de structures, toutes pages comprises.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 41)]
    pub total: Option<u64>,
    /// À passer dans `curseur` pour la page suivante ; absent à la dernière.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        format = "curseur",
        example = "000000008000010042bf8d81716f060b00000000000002a76d6172696520706965727265"
    )]
    pub curseur_suivant: Option<String>,
    /// Les sources dont les chiffres sont tirés, et leurs dates.
    pub sources: Vec<SourceChargee>,
}

/// Les chiffres nationaux.
#[derive(Serialize, ToSchema)]
pub struct ChiffresNationaux {
    /// Les professionnels, et ceux qui ont une messagerie publiée.
    pub professionnels: Part,
    /// Les structures, et celles auxquelles une messagerie publiée est rattachée.
    pub structures: Part,
    /// Les messageries publiées.
    pub messageries: Messageries,
    /// Domaines de la liste blanche.
    #[schema(example = 53)]
    pub domaines: u64,
    /// Opérateurs de ces domaines.
    #[schema(example = 12)]
    pub operateurs: u64,
}

/// Les messageries publiées, par type.
#[derive(Serialize, ToSchema)]
#[schema(as = NombreParType)]
pub struct Messageries {
    #[schema(example = 175)]
    pub total: u64,
    /// Pour `PER`, `ORG`, `APP` et `CAB`.
    #[schema(example = json!({"PER": 120, "ORG": 40, "APP": 15}))]
    pub par_type: BTreeMap<String, u64>,
}

/// Combien, et combien d'équipés.
#[derive(Serialize, ToSchema)]
pub struct Part {
    #[schema(example = 1200)]
    pub total: u64,
    #[schema(example = 842)]
    pub equipes: u64,
    /// `equipes` sur `total`, de 0 à 1 ; absent quand il n'y a personne.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1, example = 0.7017)]
    pub taux: Option<f64>,
}

/// L'équipement des professionnels d'un département, d'une profession ou d'une structure.
#[derive(Serialize, ToSchema)]
pub struct TauxEquipement {
    /// Le code, ou l'identifiant de la structure.
    #[schema(example = "44")]
    pub code: String,
    #[schema(example = "Loire-Atlantique")]
    pub libelle: String,
    #[serde(flatten)]
    pub part: Part,
}

impl From<Share> for Part {
    fn from(share: Share) -> Self {
        let rate = share.equipped as f64 / share.all as f64;
        Self {
            total: share.all,
            equipes: share.equipped,
            taux: (share.all > 0).then(|| (rate * 10_000.0).round() / 10_000.0),
        }
    }
}

impl From<Indicateur> for TauxEquipement {
    fn from(indicateur: Indicateur) -> Self {
        Self {
            code: indicateur.code,
            libelle: indicateur.libelle,
            part: indicateur.part.into(),
        }
    }
}

impl From<National> for ChiffresNationaux {
    fn from(national: National) -> Self {
        Self {
            professionnels: national.professionnels.into(),
            structures: national.structures.into(),
            messageries: Messageries {
                total: national.messageries.values().sum(),
                par_type: national.messageries,
            },
            domaines: national.domaines,
            operateurs: national.operateurs,
        }
    }
}

/// Connaître l'équipement en messageries
///
/// Combien de professionnels ont une messagerie publiée, sur combien. Une personne compte une fois par département, par
/// profession et par structure où elle exerce. Les chiffres sont comptés une fois par état de l'annuaire.
#[utoipa::path(get, path = "/api/v1/indicateurs", operation_id = "lireIndicateurs", tag = "Indicateurs", params(IndicateursParams),
    extensions(("x-dependencies" = json!(TOGETHER))),
    responses((status = 200, description = "Les taux", body = Indicateurs)))]
pub async fn get(
    State(state): State<RestState>,
    SignedIn(viewer): SignedIn,
    client: Client,
    parameters: Parameters<IndicateursParams>,
) -> Result<Json<Indicateurs>, Problem> {
    let question = Question::read(&parameters)?;
    let (asker, is_by_structure) = (viewer.clone(), question.by == Some(By::Structure));
    let turn = Arc::clone(&state.counts).acquire_owned().await;
    let turn = turn.map_err(|_| Problem::of(&UNAVAILABLE))?;
    let question = move |directory: &Directory| {
        // Held by the thread that may wait, not by a caller that may hang up.
        let _turn = turn;
        question.answer(directory, &asker)
    };
    let mut answer = state.ask(question).await?;
    if is_by_structure {
        let shown = answer
            .indicateurs
            .iter()
            .flatten()
            .map(|indicateur| &indicateur.code);
        state.quotas.read(&viewer, client, shown)?;
    }
    answer.sources = sources(&state.directory.sante());
    Ok(Json(answer))
}

struct Question {
    by: Option<By>,
    departement: Option<String>,
    profession: Option<String>,
    search: Recherche,
}

impl Question {
    fn read(parameters: &Parameters<IndicateursParams>) -> Result<Self, Problem> {
        let by = parameters.choice("par", BYS)?;
        let departement = parameters.text("departement")?.map(str::to_uppercase);
        let structure = parameters.list("structure")?;
        let curseur = parameters.text_within("curseur", LONGEST_CURSOR)?;
        let par_page = parameters.number("par_page", 1..=LARGEST_PAGE)?;
        let profession = parameters.text("profession")?.map(str::to_owned);
        // A filter without effect would be a wrong figure.
        for (name, is_given, fits) in [
            (
                "departement",
                departement.is_some(),
                &[By::Profession, By::Structure][..],
            ),
            ("profession", profession.is_some(), &[By::Department]),
            ("structure", !structure.is_empty(), &[By::Structure]),
            ("curseur", curseur.is_some(), &[By::Structure]),
            ("par_page", par_page.is_some(), &[By::Structure]),
        ] {
            if is_given && !by.is_some_and(|by| fits.contains(&by)) {
                let fitting = BYS.iter().filter(|(_, by)| fits.contains(by));
                let fitting: Vec<String> = fitting.map(|(word, _)| format!("« par={word} »")).collect();
                return Err(invalid(name, &format!("va avec {}", fitting.join(" ou "))));
            }
        }
        Ok(Self {
            by,
            profession,
            search: Recherche {
                structure,
                departement: departement.iter().cloned().collect(),
                curseur: curseur.map(str::to_owned),
                tri: Tri::Nom,
                page: 1,
                par_page: par_page.unwrap_or(USUAL_PAGE),
                ..Recherche::default()
            },
            departement,
        })
    }

    fn answer(&self, directory: &Directory, viewer: &Viewer) -> Result<Indicateurs, ServiceError> {
        let (mut total, mut curseur_suivant) = (None, None);
        let indicateurs = match self.by {
            None => None,
            Some(By::Department) => Some(directory.indicators_by_department(self.profession.as_deref())?),
            Some(By::Profession) => Some(directory.indicators_by_profession(self.departement.as_deref())?),
            Some(By::Structure) => {
                let (found, all, next) = directory.indicators_by_structure(&self.search, viewer)?;
                (total, curseur_suivant) = (Some(all), next);
                Some(found)
            }
        };
        Ok(Indicateurs {
            national: directory.national()?.into(),
            indicateurs: indicateurs.map(|found| found.into_iter().map(TauxEquipement::from).collect()),
            total,
            curseur_suivant,
            sources: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Question, Problem> {
        Question::read(&Parameters::from_query(query)?)
    }

    #[test]
    fn a_filter_goes_with_what_it_filters() {
        assert!(read("").is_ok());
        assert!(read("par=departement&profession=10").is_ok());
        assert!(
            read("par=profession&departement=2a")
                .unwrap()
                .departement
                .as_deref()
                == Some("2A")
        );
        assert!(read("par=structure&structure=F1&departement=44&par_page=200").is_ok());
        for wrong in [
            "profession=10",
            "par=profession&profession=10",
            "par=departement&par_page=3",
            "par=x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let refused = read("departement=44").err().unwrap();
        assert_eq!(
            refused,
            invalid("departement", "va avec « par=profession » ou « par=structure »")
        );
    }

    #[test]
    fn a_rate_has_four_decimals_and_nobody_has_none() {
        let part = |all, equipped| Part::from(Share { all, equipped });
        assert_eq!(part(3, 2).taux, Some(0.6667));
        assert_eq!(part(0, 0).taux, None);
    }
}
