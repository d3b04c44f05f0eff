//! Who sees what: the only place that says so.
//!
//! Red-listed mailboxes, responsible persons and unpublished telephones are not here at all: they never reach
//! the index, and only operators' and administrators' own routes read them from the store.

/// The text of [`VISIBLE_BOX`], for statements that are put together when the program is compiled.
macro_rules! visible_box {
    () => {
        "not m.liste_rouge"
    };
}
pub(crate) use visible_box;

/// The condition, in SQL, under which a mailbox `m` leaves the store by another door than the operators' and the
/// administrators' own.
pub const VISIBLE_BOX: &str = visible_box!();

/// The same where the mailboxes of a structure are counted.
#[cfg(not(feature = "planted-leak"))]
pub const COUNTED_BOX: &str = VISIBLE_BOX;
/// A leak, for the test that must find it (`tests/non_interference.rs`): hidden mailboxes are counted.
#[cfg(feature = "planted-leak")]
pub const COUNTED_BOX: &str = "true";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Viewer {
    /// Nobody has signed in.
    #[default]
    Public,
    /// A health professional or practice software.
    Professional {
        account: String,
    },
    /// The operator of certain domains (lower case).
    Operator {
        account: String,
        domains: Vec<String>,
    },
    Administrator {
        account: String,
    },
}

impl Viewer {
    /// Whether the viewer sees the telephone of a mailbox whose holder agreed to publish it.
    pub fn sees_published_phone(&self, domain: &str) -> bool {
        match self {
            Self::Public => false,
            Self::Professional { .. } | Self::Administrator { .. } => true,
            Self::Operator { domains, .. } => domains.iter().any(|own| own == domain),
        }
    }

    /// The account, when somebody has signed in.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Public => None,
            Self::Professional { account }
            | Self::Operator { account, .. }
            | Self::Administrator { account } => Some(account),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Files under a folder whose text has one of some words.
    fn files_with(words: &[&str], folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_with(words, &path, found);
            } else if words
                .iter()
                .any(|word| std::fs::read_to_string(&path).unwrap().contains(word))
            {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn no_other_room_says_which_boxes_are_seen() {
        let mut found = Vec::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let rule = [
            "not m.liste_rouge",
            "not liste_rouge",
            "and m.liste_rouge",
            "where liste_rouge",
        ];
        files_with(&rule, &source, &mut found);
        assert_eq!(found, ["visibility.rs"]);
    }

    #[test]
    fn a_published_telephone_is_for_signed_in_viewers_and_operators_of_the_domain() {
        let operator = Viewer::Operator {
            account: "o".into(),
            domains: vec!["a-exemple.mssante.fr".into()],
        };
        assert!(!Viewer::Public.sees_published_phone("a-exemple.mssante.fr"));
        assert!(operator.sees_published_phone("a-exemple.mssante.fr"));
        assert!(!operator.sees_published_phone("b-exemple.mssante.fr"));
        assert!(Viewer::Professional { account: "p".into() }.sees_published_phone("b-exemple.mssante.fr"));
    }
}
