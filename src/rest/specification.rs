//! The specification: made from the operations themselves, then made truer than the derive can.
//! Never written by hand; `openapi/openapi.json` is its copy, kept equal by a test.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::Probleme;

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

/// What holds for every operation and every shape: each may answer a problem, and nothing is ever `null`.
pub fn finished(document: Document) -> Document {
    let Ok(mut value) = serde_json::to_value(&document) else {
        return document;
    };
    drop_null(&mut value);
    answer_problems(&mut value);
    serde_json::from_value(value).unwrap_or(document)
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

fn answer_problems(document: &mut Value) {
    let problem = json!({
        "description": "Une erreur, expliquée à /docs/erreurs",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Probleme"}}}
    });
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations
        .filter_map(Value::as_object_mut)
        .flat_map(|path| path.values_mut())
    {
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            responses.insert("default".to_owned(), problem.clone());
        }
    }
}

#[cfg(test)]
mod tests {
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
