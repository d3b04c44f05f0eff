//! How answers are written: JSON made here, or JSON that the index keeps as text.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::problem::{NOT_FOUND, Problem};

/// A JSON document that is already text.
pub fn json_text(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// A record, or the one answer for what is absent and for what is hidden.
pub fn record(found: Option<String>) -> Result<Response, Problem> {
    found.map(json_text).ok_or_else(|| Problem::of(&NOT_FOUND))
}

/// Adds a last member, a list of documents that are already text, to the text of a JSON object.
pub fn with_list(object: &str, name: &str, items: impl IntoIterator<Item = String>) -> String {
    let mut text = object.strip_suffix('}').unwrap_or(object).to_owned();
    text.push_str(if text.ends_with('{') { "\"" } else { ",\"" });
    text.push_str(name);
    text.push_str("\":[");
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_texts_is_added_to_an_object() {
        let items = || ["{\"a\":1}".to_owned(), "{}".to_owned()];
        assert_eq!(
            with_list("{\"total\":2}", "r", items()),
            r#"{"total":2,"r":[{"a":1},{}]}"#
        );
        assert_eq!(with_list("{}", "r", []), r#"{"r":[]}"#);
    }
}
