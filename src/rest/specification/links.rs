//! Which answer leads to which call: what a program may do next with what it has just read.

use serde_json::{Value, json};

/// The path of the answer read, the link's name, the operation it leads to, and where its parameters are from
/// (runtime expressions of OpenAPI 3.1, section 4.8.20).
type Link = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const NEXT: &str = "$response.body#/curseur_suivant";
const LINKS: &[Link] = &[
    (
        "/api/v1/recherche",
        "PageSuivante",
        "rechercher",
        &[("curseur", NEXT)],
    ),
    (
        "/api/v1/suggestions",
        "Recherche",
        "rechercher",
        &[("q", "$response.body#/suggestions/0/libelle")],
    ),
    (
        "/api/v1/professionnels/{identification_nationale}",
        "Messagerie",
        "lireMessagerie",
        &[("adresse", "$response.body#/messageries/0/adresse")],
    ),
    (
        "/api/v1/structures/{identifiant}",
        "Messageries",
        "listerMessageriesDeStructure",
        &[("identifiant", "$response.body#/identifiant")],
    ),
    (
        "/api/v1/structures/{identifiant}/messageries",
        "Messagerie",
        "lireMessagerie",
        &[("adresse", "$response.body#/resultats/0/adresse")],
    ),
    (
        "/api/v1/messageries/{adresse}",
        "Titulaire",
        "lireProfessionnel",
        &[(
            "identification_nationale",
            "$response.body#/professionnel/identification_nationale",
        )],
    ),
    (
        "/api/v1/nomenclatures",
        "Table",
        "lireNomenclature",
        &[("table", "$response.body#/nomenclatures/0")],
    ),
    (
        "/api/v1/extractions",
        "Fichier",
        "lireExtraction",
        &[("nom", "$response.body#/extractions/0/nom")],
    ),
    (
        "/api/v1/extractions",
        "Changements",
        "extraire_correspondance",
        &[("depuis", "$response.body#/extractions/0/marque")],
    ),
    (
        "/api/v1/indicateurs",
        "PageSuivante",
        "lireIndicateurs",
        &[("par", "structure"), ("curseur", NEXT)],
    ),
    (
        "/api/v1/operateur/messageries",
        "PageSuivante",
        "listerMessageriesDOperateur",
        &[("curseur", NEXT)],
    ),
    (
        "/api/v1/operateur/messageries",
        "Retrait",
        "retirerMessagerie",
        &[
            ("adresse", "$response.body#/messageries/0/adresse"),
            ("If-Match", "$response.body#/messageries/0/etag"),
        ],
    ),
    (
        "/api/v1/administration/messageries",
        "PageSuivante",
        "listerMessageriesCachees",
        &[("curseur", NEXT)],
    ),
    (
        "/api/v1/administration/messageries",
        "Messagerie",
        "lireMessagerieCachee",
        &[("adresse", "$response.body#/messageries/0/adresse")],
    ),
];

/// Writes the links into the answers of a document.
pub fn complete(document: &mut Value) {
    for (path, name, operation, parameters) in LINKS {
        let parameters: serde_json::Map<String, Value> = parameters
            .iter()
            .map(|(parameter, from)| ((*parameter).to_owned(), (*from).into()))
            .collect();
        document["paths"][path]["get"]["responses"]["200"]["links"][name] =
            json!({"operationId": operation, "parameters": parameters});
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Whether a shape has what a pointer, taken apart, leads to.
    fn has(document: &Value, shape: &Value, pointer: &[&str]) -> bool {
        if let Some(name) = shape["$ref"].as_str() {
            return has(document, document.pointer(&name[1..]).unwrap(), pointer);
        }
        let Some((first, rest)) = pointer.split_first() else {
            return true;
        };
        let parts = shape["allOf"].as_array().into_iter().flatten();
        let next = match *first {
            "0" => &shape["items"],
            name => &shape["properties"][name],
        };
        (!next.is_null() && has(document, next, rest))
            || parts.clone().any(|part| has(document, part, pointer))
    }

    #[test]
    fn a_link_leads_to_an_operation_that_takes_its_parameters() {
        let document = crate::rest::openapi();
        let mut operations = BTreeMap::new();
        for methods in document["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(operations.insert(id, operation).is_none(), "{id} is not unique");
            }
        }
        for (path, name, operation, parameters) in LINKS {
            assert!(document["paths"][path]["get"]["summary"].is_string(), "{path}");
            let taken = operations[operation]["parameters"].as_array().unwrap();
            let answer = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
            for (parameter, from) in *parameters {
                assert!(
                    taken.iter().any(|one| one["name"] == *parameter),
                    "{name} {parameter}"
                );
                let Some(pointer) = from.strip_prefix("$response.body#/") else {
                    continue;
                };
                let pointer: Vec<&str> = pointer.split('/').collect();
                assert!(
                    has(&document, &answer["schema"], &pointer),
                    "{path} does not answer {from}"
                );
            }
        }
    }
}
