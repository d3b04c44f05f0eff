//! `GET /api/v1/operateur/messageries`: an operator's own boxes, hidden ones too. Each reading is audited.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{ActingOperator, refused};
use crate::publication::{Held, MessagerieOperateur};
use crate::rest::parameters::{Parameters, invalid};
use crate::rest::problem::{Problem, Probleme};
use crate::rest::state::RestState;

/// The longest page.
const MOST: u32 = 500;

/// Les paramètres de la liste.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the specification's form of what `Parameters` reads")]
pub struct ParametresDeListe {
    /// Le curseur de la page précédente.
    #[param(max_length = 600, format = "curseur", example = "636c61697265")]
    curseur: Option<String>,
    /// Messageries par page, 100 par défaut.
    #[param(example = 50, minimum = 1, maximum = 500, default = 100)]
    par_page: Option<u32>,
}

/// The page that is asked for.
pub struct Page {
    /// The address behind which it begins.
    pub after: String,
    pub limit: u32,
}

impl Page {
    /// Reads the parameters.
    pub fn read(parameters: &Parameters<ParametresDeListe>) -> Result<Self, Problem> {
        let after = match parameters.text_within("curseur", 600)? {
            Some(cursor) => {
                from_cursor(cursor).ok_or_else(|| invalid("curseur", "ce curseur n'est pas reconnu"))?
            }
            None => String::new(),
        };
        Ok(Self {
            after,
            limit: parameters.number("par_page", 1..=MOST)?.unwrap_or(100),
        })
    }
}

/// Les messageries de l'opérateur, par ordre alphabétique.
#[derive(Serialize, ToSchema)]
pub struct MessageriesOperateur {
    pub messageries: Vec<MessagerieListee>,
    /// Absent à la dernière page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "curseur", example = "636c61697265")]
    pub curseur_suivant: Option<String>,
}

/// Une messagerie, et l'étiquette à donner à `If-Match`.
#[derive(Serialize, ToSchema)]
pub struct MessagerieListee {
    #[serde(flatten)]
    pub messagerie: MessagerieOperateur,
    #[schema(example = "\"0123456789abcdef\"")]
    pub etag: String,
}

impl From<&Held> for MessagerieListee {
    fn from(held: &Held) -> Self {
        Self {
            messagerie: held.shown(),
            etag: held.etag(),
        }
    }
}

/// Lister ses messageries
///
/// Celles que l'opérateur a publiées dans ses domaines, liste rouge comprise. Chaque lecture est tracée.
#[utoipa::path(get, path = "/api/v1/operateur/messageries", operation_id = "listerMessageriesDOperateur", tag = "Opérateurs",
    security(("cle" = []), ("porteur" = [])),
    params(ParametresDeListe),
    responses(
        (status = 200, description = "Une page", body = MessageriesOperateur),
        (status = 403, description = "Le compte n'est pas celui d'un opérateur", body = Probleme<'static>, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<RestState>,
    ActingOperator(actor): ActingOperator,
    parameters: Parameters<ParametresDeListe>,
) -> Result<Response, Problem> {
    let Page { after, limit } = Page::read(&parameters)?;
    Ok(match state.directory.own_boxes(&actor, &after, limit).await {
        Ok(page) => Json(MessageriesOperateur {
            messageries: page.boxes.iter().map(MessagerieListee::from).collect(),
            curseur_suivant: page.next.as_deref().map(cursor),
        })
        .into_response(),
        Err(error) => refused(error),
    })
}

/// An address as an opaque word: cursors go through logs that are not ours.
pub fn cursor(address: &str) -> String {
    address.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The address of a cursor.
pub fn from_cursor(cursor: &str) -> Option<String> {
    let digits = cursor.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let bytes = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let address = String::from_utf8(bytes.collect::<Option<_>>()?).ok()?;
    // Postgres holds no NUL, and no address has a control character.
    (!address.contains(char::is_control)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        assert_eq!(from_cursor(&cursor("é@a.fr")).unwrap(), "é@a.fr");
        for bad in ["0", "zz", "ff", "+1"] {
            assert!(from_cursor(bad).is_none_or(|text| text != "é@a.fr"), "{bad}");
        }
    }
}
