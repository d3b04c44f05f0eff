//! One route serves the files of the manifest and the kinds of extractions; a reader of the specification sees each
//! kind as an operation of its own, with the filters that it has.

use serde_json::{Map, Value};

use crate::export::Kind;
use crate::export::layout::Layout;

const ROUTE: &str = "/api/v1/extractions/{nom}";
/// Queries that every kind takes besides its filters.
const USUAL: [&str; 2] = ["format", "depuis"];
/// Answers about parts of a file: what is written while it is read has none.
const OF_PARTS: [&str; 2] = ["206", "416"];

/// Splits the one operation that the code describes.
pub fn split(paths: &mut Map<String, Value>) {
    let Some(described) = paths.get(ROUTE).cloned() else {
        return;
    };
    for kind in Kind::ALL {
        let layout = kind.layout();
        let mut path = described.clone();
        of_kind(&mut path["get"], layout);
        paths.insert(ROUTE.replace("{nom}", layout.nom), path);
    }
    keep_parameters(&mut paths[ROUTE]["get"], |parameter| parameter["in"] != "query");
}

fn of_kind(operation: &mut Value, layout: &Layout) {
    operation["operationId"] = format!("extraire_{}", layout.nom).into();
    operation["summary"] = format!("Extraire : {}", layout.nom).into();
    operation["description"] = format!(
        "{}. Écrit à mesure qu'il est lu, avec les filtres donnés ; l'ordre des lignes n'a pas de sens. \
         Les messageries en liste rouge n'y sont jamais.",
        layout.description
    )
    .into();
    keep_parameters(operation, |parameter| {
        let name = parameter["name"].as_str().unwrap_or_default();
        USUAL.contains(&name) || layout.filters.iter().any(|(filter, _)| *filter == name)
    });
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.retain(|status, _| !OF_PARTS.contains(&status.as_str()) && status != "404");
    }
    if let Some(headers) = operation.pointer_mut("/responses/200/headers") {
        headers
            .as_object_mut()
            .map(|headers| headers.remove("accept-ranges"));
    }
}

fn keep_parameters(operation: &mut Value, kept: impl Fn(&Value) -> bool) {
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.retain(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(document: &Value, nom: &str) -> Vec<String> {
        let parameters = &document["paths"][ROUTE.replace("{nom}", nom)]["get"]["parameters"];
        let names = parameters.as_array().unwrap().iter();
        names
            .filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect()
    }

    #[test]
    fn each_kind_has_its_own_filters_and_a_file_has_none() {
        let document = crate::rest::openapi();
        for layout in Kind::ALL.map(Kind::layout) {
            let names = names(&document, layout.nom);
            assert!(USUAL.iter().all(|usual| names.iter().any(|name| name == usual)));
            assert_eq!(names.len(), USUAL.len() + layout.filters.len(), "{names:?}");
        }
        assert_eq!(names(&document, "{nom}"), ["nom", "Range", "If-Range"]);
    }
}
