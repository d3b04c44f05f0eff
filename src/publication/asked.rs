//! What an operator asks of a box, read field by field so that every fault is told at once. Nothing sent is repeated.

use serde_json::{Map, Value};

/// A field: not said, said to be empty, or given.
pub type Said<T> = Option<Option<T>>;

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// Le champ à corriger.
    #[schema(example = "telephone")]
    pub champ: &'static str,
    #[schema(example = "numéro de téléphone mal formé")]
    pub motif: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(champ: &'static str, motif: impl Into<String>) -> Self {
        Self {
            champ,
            motif: motif.into(),
        }
    }
}

/// Where a box belongs, as asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct AskedRow {
    pub identification_nationale: Said<String>,
    pub structure: Said<String>,
    pub service: Said<String>,
}

/// A box, or a change to it, as asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Asked {
    pub adresse: Said<String>,
    pub type_bal: Said<String>,
    pub liste_rouge: Said<bool>,
    pub rang: Said<i64>,
    pub description: Said<String>,
    pub responsable: Said<String>,
    pub cotitulaires: Said<Vec<String>>,
    pub telephone: Said<String>,
    pub telephone_publie: Said<bool>,
    pub dematerialisation: Said<bool>,
    /// A file may attach a box several times; a JSON request says one row.
    pub rows: Vec<AskedRow>,
}

/// The members of the JSON form.
const MEMBERS: [&str; 13] = [
    "adresse",
    "type_bal",
    "identification_nationale",
    "structure",
    "liste_rouge",
    "rang",
    "service",
    "description",
    "responsable",
    "cotitulaires",
    "telephone",
    "telephone_publie",
    "dematerialisation",
];

impl Asked {
    /// Reads a JSON object; `null` says that the field is to be empty.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader {
            object,
            faults: Vec::new(),
        };
        if object.keys().any(|key| !MEMBERS.contains(&key.as_str())) {
            let known = MEMBERS.join(", ");
            reader.faults.push(Fault::new(
                "",
                format!("champ inconnu ; les champs sont : {known}"),
            ));
        }
        let asked = Self {
            adresse: reader.text("adresse"),
            type_bal: reader.text("type_bal"),
            liste_rouge: reader.flag("liste_rouge"),
            rang: reader.said("rang", "un nombre entier est attendu", Value::as_i64),
            description: reader.text("description"),
            responsable: reader.text("responsable"),
            cotitulaires: reader.said("cotitulaires", "une liste de textes est attendue", |value| {
                value
                    .as_array()?
                    .iter()
                    .map(|item| item.as_str().map(|text| text.trim().to_owned()))
                    .collect()
            }),
            telephone: reader.text("telephone"),
            telephone_publie: reader.flag("telephone_publie"),
            dematerialisation: reader.flag("dematerialisation"),
            rows: vec![AskedRow {
                identification_nationale: reader.text("identification_nationale"),
                structure: reader.text("structure"),
                service: reader.text("service"),
            }],
        };
        if reader.faults.is_empty() {
            Ok(asked)
        } else {
            Err(reader.faults)
        }
    }
}

struct Reader<'j> {
    object: &'j Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn said<T>(&mut self, name: &'static str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Said<T> {
        match self.object.get(name)? {
            Value::Null => Some(None),
            value => {
                let read = read(value);
                if read.is_none() {
                    self.faults.push(Fault::new(name, expected));
                }
                Some(read)
            }
        }
    }

    /// A text; one of blanks only is an empty field.
    fn text(&mut self, name: &'static str) -> Said<String> {
        let said = self.said(name, "un texte est attendu", |value| {
            value.as_str().map(|text| text.trim().to_owned())
        });
        said.map(|text| text.filter(|text| !text.is_empty()))
    }

    fn flag(&mut self, name: &'static str) -> Said<bool> {
        self.said(name, "true ou false est attendu", Value::as_bool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Asked, Vec<Fault>> {
        Asked::from_json(value.as_object().unwrap())
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        let asked = read(&json!({"description": null, "rang": 2, "service": " A "})).unwrap();
        assert_eq!(
            (asked.type_bal, asked.description, asked.rang),
            (None, Some(None), Some(Some(2)))
        );
        assert_eq!(asked.rows[0].service, Some(Some("A".to_owned())));
    }

    #[test]
    fn every_fault_is_told_and_nothing_sent_is_repeated() {
        let faults = read(&json!({
            "rang": "secret", "liste_rouge": "oui", "secret": 1, "cotitulaires": [1], "service": 7
        }))
        .unwrap_err();
        assert_eq!(faults.len(), 5);
        assert!(!format!("{faults:?}").contains("secret"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(value: String, name: String) {
            let mut object = Map::new();
            object.insert(name, Value::String(value.clone()));
            object.insert("description".to_owned(), Value::String(value));
            let _ = Asked::from_json(&object);
        }
    }
}
