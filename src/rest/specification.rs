//! The specification: made from the operations themselves, then made truer than the derive can.
//! Never written by hand; `openapi/openapi.json` is its copy, kept equal by a test.

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::Probleme;

mod answers;
mod extractions;
mod links;

/// The one shape that says `null`: to empty a field, where absent leaves it.
const EMPTIES: &str = "/components/schemas/MessagerieDemandee";

/// What the document says of the whole, before the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Annuaire Santé",
        description = "L'annuaire national des professionnels de santé, de leurs structures et de leurs messageries sécurisées. Les valeurs absentes sont omises, jamais `null`. Toute erreur est un document `application/problem+json`, expliqué à /docs/erreurs. Sans clé, l'appel est public.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Probleme<'static>)),
    security((), ("cle" = []), ("porteur" = [])),
    modifiers(&SignIn)
)]
pub struct Specification;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let header = ApiKey::Header(ApiKeyValue::new("ESANTE-API-KEY"));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("cle", SecurityScheme::ApiKey(header));
        components.add_security_scheme("porteur", SecurityScheme::Http(bearer));
    }
}

/// The document as it is served: with what holds for every operation and every shape.
pub fn finished(document: &Document) -> Value {
    // A document that the derive made is always a value.
    let mut value = serde_json::to_value(document).unwrap_or_default();
    let empties = value.pointer(EMPTIES).cloned();
    drop_null(&mut value);
    if let (Some(shape), Some(empties)) = (value.pointer_mut(EMPTIES), empties) {
        *shape = empties;
    }
    if let Some(paths) = value.get_mut("paths").and_then(Value::as_object_mut) {
        extractions::split(paths);
    }
    answers::complete(&mut value);
    links::complete(&mut value);
    value
}

/// The derive takes an optional member for a member that may be `null`; here absent means absent.
fn drop_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(drop_null);
            narrow_type(object);
            narrow_one_of(object);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        _ => {}
    }
}

fn narrow_type(object: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = object.get_mut("type") else {
        return;
    };
    types.retain(|sort| sort != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        object.insert("type".to_owned(), only);
    }
}

fn narrow_one_of(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get_mut("oneOf") else {
        return;
    };
    choices.retain(|choice| choice.get("type").is_none_or(|sort| sort != "null"));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        object.remove("oneOf");
        object.extend(only);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_optional_member_is_never_null() {
        let mut value = json!({
            "a": {"type": ["string", "null"]},
            "b": {"oneOf": [{"type": "null"}, {"$ref": "#/x"}], "description": "d"},
            "c": {"oneOf": [{"$ref": "#/x"}, {"$ref": "#/y"}]},
        });
        drop_null(&mut value);
        assert_eq!(
            value,
            json!({
                "a": {"type": "string"},
                "b": {"$ref": "#/x", "description": "d"},
                "c": {"oneOf": [{"$ref": "#/x"}, {"$ref": "#/y"}]},
            })
        );
    }
}
