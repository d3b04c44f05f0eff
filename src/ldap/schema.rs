//! Which attributes and classes there are, by every name a client may use, and the definitions as published.
//!
//! The definitions are read from `schema/ldap/`; names compare without case; an unknown name is never an error.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::query::{Kind, Kinds};
use crate::view::ber;
use crate::view::field::Field;

static STANDARD: &str = include_str!("../../schema/ldap/standard.schema");
static OWN: &str = include_str!("../../schema/ldap/annuaire.schema");

/// An attribute that entries of this server may have: a [`Field`], or one made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute(u8);

/// Attributes besides the fields: name, object identifier, whether operational.
const EXTRA: [(&str, &str, bool); 20] = [
    ("objectClass", "2.5.4.0", false),
    ("c", "2.5.4.6", false),
    ("dc", "0.9.2342.19200300.100.1.25", false),
    ("structuralObjectClass", "2.5.21.9", true),
    ("entryDN", "1.3.6.1.1.20", true),
    ("subschemaSubentry", "2.5.18.10", true),
    ("hasSubordinates", "2.5.18.9", true),
    ("namingContexts", "1.3.6.1.4.1.1466.101.120.5", true),
    ("defaultNamingContext", "1.2.840.113556.1.4.484", true),
    ("supportedLDAPVersion", "1.3.6.1.4.1.1466.101.120.15", true),
    ("supportedExtension", "1.3.6.1.4.1.1466.101.120.7", true),
    ("supportedFeatures", "1.3.6.1.4.1.4203.1.3.5", true),
    ("vendorName", "1.3.6.1.1.4", true),
    ("vendorVersion", "1.3.6.1.1.5", true),
    ("objectClasses", "2.5.21.6", true),
    ("attributeTypes", "2.5.21.5", true),
    ("ldapSyntaxes", "1.3.6.1.4.1.1466.101.120.16", true),
    ("matchingRules", "2.5.21.4", true),
    ("supportedControl", "1.3.6.1.4.1.1466.101.120.13", true),
    ("supportedSASLMechanisms", "1.3.6.1.4.1.1466.101.120.14", true),
];

const fn extra(place: usize) -> Attribute {
    Attribute((Field::COUNT + place) as u8)
}

pub const OBJECT_CLASS: Attribute = extra(0);
pub const COUNTRY: Attribute = extra(1);
pub const DOMAIN_COMPONENT: Attribute = extra(2);
pub const STRUCTURAL_OBJECT_CLASS: Attribute = extra(3);
pub const ENTRY_DN: Attribute = extra(4);
pub const SUBSCHEMA_SUBENTRY: Attribute = extra(5);
pub const HAS_SUBORDINATES: Attribute = extra(6);
pub const NAMING_CONTEXTS: Attribute = extra(7);
pub const DEFAULT_NAMING_CONTEXT: Attribute = extra(8);
pub const SUPPORTED_LDAP_VERSION: Attribute = extra(9);
pub const SUPPORTED_EXTENSION: Attribute = extra(10);
pub const SUPPORTED_FEATURES: Attribute = extra(11);
pub const VENDOR_NAME: Attribute = extra(12);
pub const VENDOR_VERSION: Attribute = extra(13);
pub const OBJECT_CLASSES: Attribute = extra(14);
pub const ATTRIBUTE_TYPES: Attribute = extra(15);
pub const LDAP_SYNTAXES: Attribute = extra(16);
pub const MATCHING_RULES: Attribute = extra(17);
pub const SUPPORTED_CONTROL: Attribute = extra(18);
pub const SUPPORTED_SASL_MECHANISMS: Attribute = extra(19);

/// The fields whose attribute types descend from `name` (RFC 4519 section 2.18).
pub const NAME_FIELDS: [Field; 8] = [
    Field::Cn,
    Field::Sn,
    Field::GivenName,
    Field::Title,
    Field::O,
    Field::Ou,
    Field::L,
    Field::St,
];

impl From<Field> for Attribute {
    fn from(field: Field) -> Self {
        Self(field as u8)
    }
}

impl Attribute {
    /// How many there are.
    pub const COUNT: usize = Field::COUNT + EXTRA.len();

    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The field that holds its values, unless they are made here.
    pub fn field(self) -> Option<Field> {
        Field::from_u8(self.0)
    }

    /// Canonical spelling.
    pub fn name(self) -> &'static str {
        match self.field() {
            Some(field) => field.name(),
            None => EXTRA
                .get(self.index() - Field::COUNT)
                .map_or("", |(name, _, _)| name),
        }
    }

    pub fn is_operational(self) -> bool {
        match self.field() {
            Some(field) => field.definition().operational,
            None => EXTRA
                .get(self.index() - Field::COUNT)
                .is_some_and(|(_, _, operational)| *operational),
        }
    }

    /// The canonical name as a BER octet string.
    pub fn encoded_name(self) -> &'static [u8] {
        static NAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
            let encoded = |attribute: Attribute| {
                let mut out = Vec::new();
                ber::push_element(&mut out, ber::OCTET_STRING, attribute.name().as_bytes());
                out
            };
            Attribute::all().map(encoded).collect()
        });
        NAMES.get(self.index()).map_or(&[], Vec::as_slice)
    }

    /// The attribute of this name, alias or object identifier.
    pub fn find(name: &str) -> Option<Self> {
        static NAMES: LazyLock<HashMap<String, Attribute>> = LazyLock::new(|| {
            let mut names = HashMap::new();
            for definition in Field::definitions() {
                for name in definition
                    .aliases
                    .iter()
                    .chain([&definition.name, &definition.oid])
                {
                    names.insert(name.to_ascii_lowercase(), definition.field.into());
                }
            }
            for (place, (name, oid, _)) in EXTRA.iter().enumerate() {
                names.insert(name.to_ascii_lowercase(), extra(place));
                names.insert((*oid).to_owned(), extra(place));
            }
            names.insert("countryname".to_owned(), COUNTRY);
            names.insert("domaincomponent".to_owned(), DOMAIN_COMPONENT);
            names
        });
        NAMES.get(&name.to_ascii_lowercase()).copied()
    }
}

/// Whether a published definition has this name or object identifier, be there an entry with it or not.
pub fn is_defined(name: &str) -> bool {
    PUBLISHED.names.contains(&name.to_ascii_lowercase())
}

/// Parts an attribute description (RFC 4512 section 2.5) into its type and whether its values can be meant:
/// language tags are (all texts are French), other options such as `;binary` are not.
pub fn type_of(description: &str) -> (&str, bool) {
    let mut parts = description.split(';');
    let name = parts.next().unwrap_or_default();
    let meant = parts.all(|option| {
        option
            .get(..5)
            .is_some_and(|head| head.eq_ignore_ascii_case("lang-"))
    });
    (name, meant)
}

/// The object classes of a kind of entry, the structural one last of its chain.
pub fn classes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Mailbox => &[
            "top",
            "person",
            "organizationalPerson",
            "inetOrgPerson",
            "mozillaAbPersonAlpha",
            "mssanteBAL",
        ],
        Kind::Professional => &[
            "top",
            "person",
            "organizationalPerson",
            "inetOrgPerson",
            "mssanteProfessionnel",
        ],
        Kind::Structure => &["top", "organization", "mssanteStructure"],
    }
}

pub fn structural_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Mailbox | Kind::Professional => "inetOrgPerson",
        Kind::Structure => "organization",
    }
}

/// The kinds of entry that are of a class, by its name or object identifier; `None` for an unknown class.
pub fn kinds_of_class(class: &str) -> Option<Kinds> {
    let name = class_name(class)?;
    let of_class = Kind::ALL
        .into_iter()
        .filter(|kind| classes(*kind).contains(&name));
    Some(of_class.fold(Kinds::NONE, |kinds, kind| kinds.union(Kinds::only(kind))))
}

/// Canonical spelling of a published class, by its name or object identifier.
pub fn class_name(class: &str) -> Option<&'static str> {
    PUBLISHED.classes.get(&class.to_ascii_lowercase()).copied()
}

/// The definitions, one line each, as the subschema entry lists them.
#[derive(Debug, Default)]
pub struct Published {
    pub attribute_types: Vec<String>,
    pub object_classes: Vec<String>,
    pub matching_rules: Vec<String>,
    pub syntaxes: Vec<String>,
    names: HashSet<String>,
    classes: HashMap<String, &'static str>,
}

pub static PUBLISHED: LazyLock<Published> = LazyLock::new(|| {
    let mut published = Published::default();
    for text in [STANDARD, OWN] {
        published.read(text);
    }
    published
});

impl Published {
    /// Takes the definitions of a schema file: a keyword, then the definition, over lines that begin with a
    /// space; `#` begins a comment line.
    fn read(&mut self, text: &'static str) {
        let mut rest = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .peekable();
        while let Some(first) = rest.next() {
            let Some((keyword, begin)) = first.split_once(' ') else {
                continue;
            };
            let mut words: Vec<&'static str> = begin.split_whitespace().collect();
            while let Some(more) = rest.next_if(|line| line.starts_with(' ')) {
                words.extend(more.split_whitespace());
            }
            let definition = words.join(" ");
            match keyword {
                "attributetype" => {
                    self.names.extend(names_of(&words).map(str::to_ascii_lowercase));
                    self.attribute_types.push(definition);
                }
                "objectclass" => {
                    let mut names = names_of(&words);
                    if let (Some(oid), Some(name)) = (names.next(), names.next()) {
                        self.classes.insert(oid.to_owned(), name);
                        self.classes.insert(name.to_ascii_lowercase(), name);
                    }
                    self.object_classes.push(definition);
                }
                "matchingrule" => self.matching_rules.push(definition),
                "ldapsyntax" => self.syntaxes.push(definition),
                _ => {}
            }
        }
    }
}

/// The object identifier of a definition, then its names: `( 1.2.3 NAME ( 'a' 'b' ) …`.
fn names_of<'w>(words: &'w [&'static str]) -> impl Iterator<Item = &'static str> + use<'w> {
    let oid = words.get(1).copied();
    let names = words
        .iter()
        .skip_while(|word| **word != "NAME")
        .skip(1)
        .skip_while(|word| **word == "(")
        .map_while(|word| word.strip_prefix('\'')?.strip_suffix('\''));
    oid.into_iter().chain(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_an_attribute_or_class_has_a_name() {
        for definition in PUBLISHED.attribute_types.iter().chain(&PUBLISHED.object_classes) {
            let words: Vec<&'static str> = definition.clone().leak().split(' ').collect();
            assert!(names_of(&words).count() >= 2, "{definition}");
            assert!(
                definition.starts_with("( ") && definition.ends_with(" )"),
                "{definition}"
            );
        }
    }

    #[test]
    fn every_attribute_is_published_under_all_its_names() {
        for definition in Field::definitions() {
            for name in definition
                .aliases
                .iter()
                .chain([&definition.name, &definition.oid])
            {
                assert!(is_defined(name), "{name}");
            }
        }
        for (name, oid, _) in EXTRA {
            assert!(is_defined(name) && is_defined(oid), "{name}");
        }
    }

    #[test]
    fn classes_allow_only_attributes_that_are_published() {
        for definition in &PUBLISHED.object_classes {
            let lists = definition
                .split_once(" MUST ")
                .or(definition.split_once(" MAY "))
                .map(|(_, l)| l);
            for word in lists
                .unwrap_or("")
                .split_whitespace()
                .filter(|w| !matches!(*w, "(" | ")" | "$" | "MAY"))
            {
                assert!(is_defined(word), "{word} in {definition}");
            }
        }
    }

    #[test]
    fn attributes_are_found_by_alias_and_identifier_without_case() {
        for name in ["SN", "surname", "2.5.4.4"] {
            assert_eq!(Attribute::find(name), Some(Field::Sn.into()));
        }
        assert_eq!(Attribute::find("ObjectClass"), Some(OBJECT_CLASS));
        assert_eq!(Attribute::find("IMHandle"), None);
    }

    #[test]
    fn a_class_tells_the_kinds_of_entry() {
        let people = Kinds::only(Kind::Mailbox).union(Kinds::only(Kind::Professional));
        assert_eq!(kinds_of_class("PERSON"), Some(people));
        assert_eq!(kinds_of_class("2.5.6.0"), Some(Kinds::ALL));
        assert_eq!(kinds_of_class("groupOfNames"), Some(Kinds::NONE));
        assert_eq!(kinds_of_class("MyBarnIsBiggerThanYourBarn"), None);
    }

    #[test]
    fn language_tags_are_meant_and_other_options_are_not() {
        assert_eq!(type_of("cn;lang-fr"), ("cn", true));
        assert_eq!(type_of("userCertificate;binary"), ("userCertificate", false));
        assert_eq!(type_of("cn"), ("cn", true));
    }
}
