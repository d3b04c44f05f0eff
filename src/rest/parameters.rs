//! Query parameters: names checked against the operation's own list, values read within bounds.
//! Never repeats a value in an error.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use utoipa::IntoParams;

use super::problem::{BAD_PARAMETER, NOT_FOUND, Problem};

/// The most values that one repeated filter takes.
pub const MOST_VALUES: usize = 50;
/// The most letters of one text.
pub const MOST_LETTERS: usize = 200;
/// The most parameters of one request, all names together.
const MOST_PARAMETERS: usize = 1_000;

/// The parameters of a request to an operation that documents them by `P`: the names that the specification
/// lists are the names that are taken, by construction.
#[derive(Debug)]
pub struct Parameters<P> {
    values: HashMap<String, Vec<String>>,
    operation: PhantomData<fn() -> P>,
}

/// For operations that take no parameter at all.
pub struct NoParameter;

impl IntoParams for NoParameter {
    fn into_params(
        _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Vec::new()
    }
}

impl<S: Sync, P: IntoParams> FromRequestParts<S> for Parameters<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::detailed(&BAD_PARAMETER, "les paramètres ne sont pas lisibles"))?;
        Self::read(pairs)
    }
}

#[cfg(test)]
impl<P: IntoParams> Parameters<P> {
    /// The parameters of a query string.
    pub(super) fn from_query(query: &str) -> Result<Self, Problem> {
        let uri = format!("/?{query}").parse().unwrap();
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
        Self::read(pairs)
    }
}

impl<P: IntoParams> Parameters<P> {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        if pairs.len() > MOST_PARAMETERS {
            let detail = format!("au plus {MOST_PARAMETERS} paramètres par appel");
            return Err(Problem::detailed(&BAD_PARAMETER, detail));
        }
        let known: Vec<String> = P::into_params(|| None).into_iter().map(|p| p.name).collect();
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            if !known.contains(&name) {
                return Err(Problem::unknown_parameter(&name, known));
            }
            // A form sends its empty fields too: they ask for nothing.
            let value = value.trim();
            if !value.is_empty() {
                values.entry(name).or_default().push(value.to_owned());
            }
        }
        Ok(Self {
            values,
            operation: PhantomData,
        })
    }

    /// A text of at most 200 letters, given at most once.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        self.text_within(name, MOST_LETTERS)
    }

    /// A text of at most `most` letters, given at most once.
    pub fn text_within(&self, name: &str, most: usize) -> Result<Option<&str>, Problem> {
        let Some(values) = self.values.get(name) else {
            return Ok(None);
        };
        let [value] = values.as_slice() else {
            return Err(invalid(name, "ce paramètre ne se répète pas"));
        };
        bounded(name, value, most).map(Some)
    }

    /// The values of a repeated filter, at most 50.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        let values = self.values.get(name).map_or(&[][..], Vec::as_slice);
        if values.len() > MOST_VALUES {
            return Err(invalid(name, &format!("au plus {MOST_VALUES} valeurs")));
        }
        values
            .iter()
            .map(|v| bounded(name, v, MOST_LETTERS).map(str::to_owned))
            .collect()
    }

    /// A number within bounds, both included.
    pub fn number<T>(&self, name: &str, bounds: RangeInclusive<T>) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let expected = || format!("un nombre de {} à {} est attendu", bounds.start(), bounds.end());
        number.map(Some).ok_or_else(|| invalid(name, &expected()))
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Problem> {
        self.text(name)?
            .map(|word| chosen(name, word, choices))
            .transpose()
    }

    /// Some of some words.
    pub fn choices<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Vec<T>, Problem> {
        let words = self.list(name)?;
        words.iter().map(|word| chosen(name, word, choices)).collect()
    }
}

fn chosen<T: Copy>(name: &str, word: &str, choices: &[(&str, T)]) -> Result<T, Problem> {
    let known = choices.iter().find(|(w, _)| *w == word);
    known.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(w, _)| format!("« {w} »")).collect();
        invalid(name, &format!("valeurs possibles : {}", words.join(", ")))
    })
}

fn bounded<'a>(name: &str, value: &'a str, most: usize) -> Result<&'a str, Problem> {
    if value.chars().nth(most).is_some() {
        return Err(invalid(name, &format!("au plus {most} caractères")));
    }
    Ok(value)
}

/// A type that the specification knows as one of some words, which are those that [`Parameters::choice`] is given.
macro_rules! words {
    ($name:ident, $choices:ident) => {
        struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let words = $choices.iter().map(|(word, _)| *word);
                let word = utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .enum_values(Some(words));
                word.into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(super) use words;

/// A value of a parameter that cannot be taken.
pub fn invalid(name: &str, expected: &str) -> Problem {
    Problem::value(&BAD_PARAMETER, name, expected)
}

/// The one value in a path. A path that cannot be decoded names nothing: it is absent like any other.
pub struct Name(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(Problem::of(&NOT_FOUND)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::problem::UNKNOWN_PARAMETER;

    #[derive(Debug, IntoParams)]
    #[allow(dead_code)]
    struct Sample {
        q: Option<String>,
        departement: Option<Vec<String>>,
        page: Option<u32>,
        lat: Option<f64>,
    }

    fn read(query: &str) -> Result<Parameters<Sample>, Problem> {
        Parameters::from_query(query)
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_unknown_name_is_refused_with_its_neighbour() {
        let problem = read("department=99").unwrap_err();
        assert_eq!(
            problem,
            Problem::unknown_parameter("department", names(&["q", "departement", "page", "lat"]))
        );
        assert_eq!(problem.kind(), &UNKNOWN_PARAMETER);
    }

    #[test]
    fn empty_values_ask_for_nothing() {
        let parameters = read("q=+&departement=&page=").unwrap();
        assert_eq!(parameters.text("q").unwrap(), None);
        assert!(parameters.list("departement").unwrap().is_empty());
        assert_eq!(parameters.number("page", 1..=10).unwrap(), None);
    }

    #[test]
    fn a_filter_repeats_up_to_fifty_times() {
        assert_eq!(
            read("departement=2A&departement=99")
                .unwrap()
                .list("departement")
                .unwrap(),
            ["2A", "99"]
        );
        assert!(
            read(&"departement=1&".repeat(51))
                .unwrap()
                .list("departement")
                .is_err()
        );
    }

    #[test]
    fn a_text_is_given_once_and_is_not_long() {
        assert!(read("q=a&q=b").unwrap().text("q").is_err());
        assert!(
            read(&format!("q={}", "%C3%A9".repeat(200)))
                .unwrap()
                .text("q")
                .is_ok()
        );
        assert!(
            read(&format!("q={}", "a".repeat(201)))
                .unwrap()
                .text("q")
                .is_err()
        );
    }

    #[test]
    fn numbers_keep_to_their_bounds() {
        assert_eq!(read("page=3").unwrap().number("page", 1..=10).unwrap(), Some(3));
        for bad in ["0", "11", "-1", "1.5", "x", "99999999999999999999"] {
            let refused = read(&format!("page={bad}")).unwrap().number("page", 1_u32..=10);
            assert_eq!(
                refused.unwrap_err(),
                invalid("page", "un nombre de 1 à 10 est attendu")
            );
        }
        for bad in ["NaN", "inf", "91"] {
            assert!(
                read(&format!("lat={bad}"))
                    .unwrap()
                    .number("lat", -90.0..=90.0)
                    .is_err()
            );
        }
    }

    #[test]
    fn errors_do_not_repeat_values() {
        let refused = read("page=199990000000001%40patient.mssante.fr")
            .unwrap()
            .number("page", 1..=9);
        assert!(!format!("{:?}", refused.unwrap_err()).contains("patient"));
    }

    proptest::proptest! {
        #[test]
        fn any_pairs_are_read_or_refused(pairs: Vec<(String, String)>) {
            let _ = Parameters::<Sample>::read(pairs);
        }

        #[test]
        fn any_value_of_a_number_is_read_or_refused_without_an_echo(value in "[^0-9]{6,300}") {
            let pairs = vec![("page".to_owned(), value.clone())];
            let read = Parameters::<Sample>::read(pairs).unwrap();
            if let Err(problem) = read.number("page", 1_u32..=9) {
                let shown = format!("{:?}", problem);
                proptest::prop_assert!(!shown.contains(value.trim()), "the value is repeated");
            }
        }
    }
}
