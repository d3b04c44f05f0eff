//! `/docs`: the specification as a page that people read, and `/docs/erreurs`: every sort of problem.
//! Made from the OpenAPI document, with nothing loaded from elsewhere and no script.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::problem::KINDS;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1b1b2f;background:#fff}\
h1,h2,h3{line-height:1.2}h3{margin-top:2.5rem}code,.m{font-family:ui-monospace,monospace;font-size:.92em}\
code{background:#f0f1f7;padding:.1em .3em;border-radius:.2em}.m{color:#fff;background:#1b4f9c;padding:.1em .5em;border-radius:.2em}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd}\
a{color:#1b4f9c}@media(prefers-color-scheme:dark){body{color:#e8e8f0;background:#16161f}code{background:#2a2a38}a{color:#8db7ff}td,th{border-color:#444}}";

/// The page of the operations and shapes.
pub fn operations(document: &Value) -> String {
    let mut body = String::new();
    let title = text(document, "/info/title");
    push(
        &mut body,
        format_args!(
            "<h1>{}</h1><p>{}</p>",
            escaped(title),
            rich(text(document, "/info/description"))
        ),
    );
    body.push_str(
        "<p><a href=\"/openapi.json\">Spécification OpenAPI</a> · <a href=\"/docs/erreurs\">Erreurs</a></p>\
         <h2>Authentification</h2><p>En-tête <code>ESANTE-API-KEY: clé</code> ou <code>Authorization: Bearer clé</code>.</p>\
         <h2>Appels</h2>",
    );
    for (path, methods) in members(document, "/paths") {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            write_operation(&mut body, document, path, method, operation);
        }
    }
    body.push_str("<h2>Documents</h2>");
    for (name, schema) in members(document, "/components/schemas") {
        write_schema(&mut body, name, schema);
    }
    page(title, &body)
}

/// The page of the problems: each has the anchor that its `type` ends with.
pub fn problems() -> String {
    let mut body = String::from(
        "<h1>Erreurs</h1><p>Toute erreur est un document <code>application/problem+json</code> (RFC 9457) ; \
         son <code>type</code> renvoie ici, <code>parametre</code> dit lequel est à corriger.</p>\
         <p><a href=\"/docs\">Documentation</a></p>",
    );
    for kind in KINDS {
        push(
            &mut body,
            format_args!(
                "<h3 id=\"{}\">{} · {}</h3><p>{}</p>",
                kind.anchor,
                kind.status.as_u16(),
                escaped(kind.title),
                rich(kind.explanation)
            ),
        );
    }
    page("Erreurs", &body)
}

fn write_operation(body: &mut String, document: &Value, path: &str, method: &str, operation: &Value) {
    let method = method.to_uppercase();
    let heading = format_args!(
        "<h3><span class=\"m\">{}</span> <code>{}</code></h3><p><strong>{}</strong></p>",
        escaped(&method),
        escaped(path),
        escaped(text(operation, "/summary"))
    );
    push(body, heading);
    push(
        body,
        format_args!("<p>{}</p>", rich(text(operation, "/description"))),
    );
    let parameters = operation.get("parameters").and_then(Value::as_array);
    if let Some(parameters) = parameters.filter(|p| !p.is_empty()) {
        body.push_str("<table><tr><th>Paramètre</th><th>Type</th><th>Sens</th></tr>");
        for parameter in parameters.iter().map(|parameter| resolved(document, parameter)) {
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            write_row(
                body,
                text(parameter, "/name"),
                schema,
                text(parameter, "/description"),
            );
        }
        body.push_str("</table>");
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        push(body, format_args!("<p>Corps : {}</p>", sort(schema)));
    }
    body.push_str("<table><tr><th>Réponse</th><th>Document</th><th>Sens</th></tr>");
    for (status, response) in members(operation, "/responses") {
        let response = resolved(document, response);
        let content = members(response, "/content").next();
        let schema = content
            .and_then(|(_, content)| content.get("schema"))
            .unwrap_or(&Value::Null);
        write_row(body, status, schema, text(response, "/description"));
    }
    body.push_str("</table>");
}

fn write_schema(body: &mut String, name: &str, schema: &Value) {
    let name = escaped(name);
    push(
        body,
        format_args!(
            "<h3 id=\"{name}\">{name}</h3><p>{}</p>",
            rich(text(schema, "/description"))
        ),
    );
    for choices in ["/oneOf", "/allOf"] {
        let choices = schema
            .pointer(choices)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let choices: Vec<String> = choices.map(sort).collect();
        push(body, format_args!("<p>{}</p>", choices.join(" · ")));
    }
    if schema.get("properties").is_some() {
        body.push_str("<table><tr><th>Champ</th><th>Type</th><th>Sens</th></tr>");
        for (field, of) in members(schema, "/properties") {
            write_row(body, field, of, text(of, "/description"));
        }
        body.push_str("</table>");
    }
}

fn write_row(body: &mut String, name: &str, schema: &Value, meaning: &str) {
    let (name, sort, meaning) = (escaped(name), sort(schema), rich(meaning));
    push(
        body,
        format_args!("<tr><td><code>{name}</code></td><td>{sort}</td><td>{meaning}</td></tr>"),
    );
}

/// What a part is that only refers to another.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let reference = part.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(part)
}

/// A schema in a few words, linked to its own section where it has one.
fn sort(schema: &Value) -> String {
    if let Some(name) = text(schema, "/$ref").rsplit('/').next().filter(|n| !n.is_empty()) {
        let name = escaped(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(Value::Array(types)) = schema.get("type") {
        let types: Vec<String> = types.iter().map(|one| sort(&json!({"type": one}))).collect();
        return types.join(" ou ");
    }
    match text(schema, "/type") {
        "array" => format!("liste de {}", schema.get("items").map(sort).unwrap_or_default()),
        "string" => "texte".to_owned(),
        "integer" => "entier".to_owned(),
        "number" => "nombre".to_owned(),
        "boolean" => "booléen".to_owned(),
        "object" => "objet".to_owned(),
        other => escaped(other),
    }
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let object: Option<&Map<String, Value>> = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Writing to a String cannot fail.
fn push(body: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = body.write_fmt(text);
}

/// Text with its `code` between backticks shown as such.
fn rich(text: &str) -> String {
    let mut shown = String::new();
    for (position, part) in text.split('`').enumerate() {
        match position % 2 {
            0 => shown.push_str(&escaped(part)),
            _ => push(&mut shown, format_args!("<code>{}</code>", escaped(part))),
        }
    }
    shown
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_never_obeyed() {
        assert_eq!(rich("a <b> `c<d`"), "a &lt;b&gt; <code>c&lt;d</code>");
    }

    #[test]
    fn every_problem_has_its_anchor() {
        let page = problems();
        for kind in KINDS {
            assert!(page.contains(&format!("id=\"{}\"", kind.anchor)));
        }
    }

    #[test]
    fn every_operation_and_shape_is_on_the_page() {
        let document = crate::rest::openapi();
        let page = operations(&document);
        for (path, _) in members(&document, "/paths") {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
        for anchor in page
            .split("href=\"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        }
    }
}
