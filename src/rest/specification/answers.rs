//! What holds for every operation: the problems that any may answer, the headers that answers carry, the bounds of
//! all parameters. Said once, in the document's components, and referred to.

use serde_json::{Map, Value, json};

use super::super::parameters::{MOST_LETTERS, MOST_VALUES};
use super::super::problem::{self, Kind, Problem};

/// Problems that any operation may answer: the status, the name among the components, what it is.
const COMMON: &[(&str, &str, &Kind, &str)] = &[
    (
        "400",
        "ParametreRefuse",
        &problem::UNKNOWN_PARAMETER,
        "Un paramètre est inconnu, ou sa valeur n'est pas prise ; `parametre` dit lequel",
    ),
    (
        "401",
        "CleRefusee",
        &problem::UNAUTHORIZED,
        "La clé n'est pas reconnue",
    ),
    (
        "429",
        "QuotaDepasse",
        &problem::QUOTA,
        "Trop d'appels de cette adresse ou de ce compte",
    ),
    ("500", "ErreurInterne", &problem::INTERNAL, "Une erreur imprévue"),
    (
        "503",
        "Indisponible",
        &problem::UNAVAILABLE,
        "L'annuaire ne peut pas répondre pour l'instant",
    ),
];
/// Headers by name among the components: the header, its example, what it is.
const HEADERS: &[(&str, &str, &str, &str)] = &[
    (
        "Requete",
        "x-request-id",
        "9e3779b97f4a7c15",
        "L'identifiant de l'appel, à citer à qui exploite le service",
    ),
    (
        "Politique",
        "ratelimit-policy",
        "\"public\";q=120;w=60",
        "Le quota : `q` appels par `w` secondes ; absent quand il n'y en a pas",
    ),
    (
        "Reste",
        "ratelimit",
        "\"public\";r=119;t=1",
        "Ce qu'il en reste : `r` appels ; le quota est entier dans `t` secondes",
    ),
    (
        "Etiquette",
        "etag",
        "W/\"6f1ed002ab5595859014ebf0951522d9\"",
        "À redonner dans `If-None-Match` pour ne relire la réponse que si elle a changé",
    ),
    (
        "Cache",
        "cache-control",
        "private, no-cache",
        "La réponse se garde chez qui l'a demandée, et se revalide à chaque usage",
    ),
    (
        "Attente",
        "retry-after",
        "5",
        "Nombre de secondes après lequel réessayer",
    ),
];
/// Examples of the headers that single operations describe.
const EXAMPLES: &[(&str, &str)] = &[
    ("accept-ranges", "bytes"),
    ("annuaire-marque", "00112233445566778899aabbccddeeff"),
    ("annuaire-sources", "personne_activite=2026-01-15T08:00:00Z"),
    (
        "content-disposition",
        "attachment; filename=\"correspondance.csv.gz\"",
    ),
    ("content-range", "bytes 1000-8392/8393"),
    ("etag", "\"9f86d081884c7d65\""),
    (
        "link",
        "<https://www.etalab.gouv.fr/licence-ouverte-open-licence/>; rel=\"license\"",
    ),
];
const REQUEST: &str = "Requete";
const POLICY: &str = "Politique";
const LEFT: &str = "Reste";
const TAG: &str = "Etiquette";
const CACHE: &str = "Cache";
const RETRY: &str = "Attente";

/// Adds to a document what holds for all of its operations.
pub fn complete(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(operation, method, path.starts_with("/api/"));
            }
        }
    }
    let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) else {
        return;
    };
    components.insert("responses".to_owned(), responses());
    components.insert("headers".to_owned(), headers());
    let tag = json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "L'étiquette d'une réponse déjà lue : 304 tant qu'elle n'a pas changé",
        "schema": {"type": "string"},
        "example": "W/\"6f1ed002ab5595859014ebf0951522d9\""
    });
    components.insert("parameters".to_owned(), json!({"SiAutre": tag}));
}

fn complete_operation(operation: &mut Map<String, Value>, method: &str, is_api: bool) {
    let reads = method == "get" && is_api;
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.iter_mut().for_each(bound);
        if reads {
            parameters.push(json!({"$ref": "#/components/parameters/SiAutre"}));
        }
    }
    let Some(Value::Object(responses)) = operation.get_mut("responses") else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        let added: &[&str] = match (status.as_str(), reads) {
            ("200", true) => &[REQUEST, POLICY, LEFT, TAG, CACHE],
            ("503", _) => &[REQUEST, RETRY],
            _ if is_api => &[REQUEST, POLICY, LEFT],
            _ => &[REQUEST],
        };
        exemplify_headers(response);
        add_headers(response, added);
        add_example(status, response);
    }
    for (status, name, ..) in COMMON {
        if is_api || *status == "400" || *status == "500" {
            let response = responses.entry(*status);
            response.or_insert_with(|| json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
    if reads && !responses.contains_key("304") {
        let mut unchanged = json!({"description": "La réponse est celle de `If-None-Match`"});
        add_headers(&mut unchanged, &[REQUEST, POLICY, LEFT, TAG, CACHE]);
        responses.insert("304".to_owned(), unchanged);
    }
}

/// What [`super::super::parameters::Parameters`] holds every parameter of a query to.
fn bound(parameter: &mut Value) {
    if parameter.get("in").and_then(Value::as_str) != Some("query") {
        return;
    }
    let Some(schema) = parameter.get("schema") else {
        return;
    };
    let is_text = |schema: &Value| schema["type"] == "string" && schema.get("enum").is_none();
    if !is_text(schema) && !is_text(&schema["items"]) {
        // A form sends its empty fields too.
        parameter["allowEmptyValue"] = true.into();
    }
    let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) else {
        return;
    };
    bound_text(schema);
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        bound_text(items);
        schema.insert("maxItems".to_owned(), MOST_VALUES.into());
    }
}

fn bound_text(schema: &mut Map<String, Value>) {
    if schema.get("type").and_then(Value::as_str) == Some("string") && !schema.contains_key("enum") {
        schema.entry("maxLength").or_insert_with(|| MOST_LETTERS.into());
    }
}

fn add_headers(response: &mut Value, names: &[&str]) {
    let Some(response) = response.as_object_mut() else {
        return;
    };
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    for (name, header, ..) in HEADERS.iter().filter(|(name, ..)| names.contains(name)) {
        headers[*header] = json!({"$ref": format!("#/components/headers/{name}")});
    }
}

fn exemplify_headers(response: &mut Value) {
    let headers = response.get_mut("headers").and_then(Value::as_object_mut);
    for (name, header) in headers.into_iter().flatten() {
        if let Some((_, example)) = EXAMPLES.iter().find(|(known, _)| known == name) {
            header["example"] = (*example).into();
        }
    }
}

/// The problem that is most usual with a status stands as its example.
fn add_example(status: &str, response: &mut Value) {
    let Some(content) = response.pointer_mut("/content/application~1problem+json") else {
        return;
    };
    let kind = problem::KINDS.iter().find(|kind| kind.status.as_str() == status);
    if let Some(kind) = kind.filter(|_| content.get("example").is_none()) {
        content["example"] = example(kind);
    }
}

fn example(kind: &'static Kind) -> Value {
    let problem = match *kind == problem::UNKNOWN_PARAMETER {
        true => {
            let known = ["q", "departement"].map(str::to_owned);
            Problem::unknown_parameter("department", known.to_vec())
        }
        false => Problem::of(kind),
    };
    serde_json::from_str(&problem.json()).unwrap_or_default()
}

fn responses() -> Value {
    let mut responses = json!({});
    for (status, name, kind, description) in COMMON {
        let mut response = json!({
            "description": description,
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Probleme"},
                "example": example(kind)
            }}
        });
        let added: &[&str] = match *status {
            "429" => &[REQUEST, POLICY, LEFT, RETRY],
            "503" => &[REQUEST, RETRY],
            _ => &[REQUEST],
        };
        add_headers(&mut response, added);
        responses[*name] = response;
    }
    responses
}

fn headers() -> Value {
    let mut headers = json!({});
    for (name, _, example, description) in HEADERS {
        headers[*name] = json!({
            "description": description, "schema": {"type": "string"}, "example": example
        });
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &Value, member: &str) -> bool {
        value.get(member).is_some()
    }

    #[test]
    fn every_parameter_answer_header_and_field_is_explained() {
        let document = crate::rest::openapi();
        let operations = document["paths"].as_object().unwrap();
        for (path, methods) in operations {
            for operation in methods.as_object().unwrap().values() {
                assert!(has(operation, "summary"), "{path}");
                for parameter in operation["parameters"].as_array().unwrap() {
                    let told = has(parameter, "description") && has(parameter, "example");
                    assert!(told || has(parameter, "$ref"), "{path} {parameter}");
                }
                for (status, response) in operation["responses"].as_object().unwrap() {
                    assert!(has(response, "description") || has(response, "$ref"));
                    assert!(status != "default");
                    for (name, header) in response["headers"].as_object().into_iter().flatten() {
                        let told = has(header, "description") && has(header, "example");
                        assert!(told || has(header, "$ref"), "{path} {status} {name}");
                    }
                }
            }
        }
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for (field, of) in schema["properties"].as_object().into_iter().flatten() {
                let refers = |value: &Value| has(value, "$ref");
                let told = has(of, "example") || refers(of);
                let of_parts = of.get("items").is_some_and(refers);
                assert!(
                    told || of_parts || has(of, "additionalProperties"),
                    "{name}.{field}: {of}"
                );
            }
        }
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let document = crate::rest::openapi();
        let text = document.to_string();
        let references = text.split("\"$ref\":\"#").skip(1);
        for pointer in references.filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
