//! What holds of plans.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, proptest};

use super::*;
use crate::directory::mailbox::{
    Attachment, Mailbox, MailboxSummary,
    example::{reception, row},
};
use crate::directory::professional::Professional;
use crate::directory::professional::example::{labelled, midwife};
use crate::directory::structure::{Address, Structure, example::clinic};
use crate::index::generation::Generation;
use crate::index::search::{Ask, SearchEnd};
use crate::query::{Kinds, Order, Tri, evaluate};
use crate::store::changes::Changes;
use crate::store::documents::Document;
use crate::view::entry::EntryView;
use crate::view::ldap;

fn infix(field: Field, piece: &str) -> Filter {
    let any = vec![piece.to_owned()];
    Filter::Test(
        field,
        Test::Substrings {
            initial: None,
            any,
            final_: None,
        },
    )
}

#[test]
fn the_four_legs_of_a_mail_client_are_one_term() {
    let four = Filter::Or(
        [Field::Cn, Field::Mail, Field::GivenName, Field::Sn]
            .map(|f| infix(f, "XQ"))
            .into(),
    );
    let term = Plan::Term(terms::inside(Family::Name, "xq"));
    assert_eq!(plan(&four, Kind::Mailbox).0, term);
}

#[test]
fn longer_pieces_need_all_their_grams() {
    let grams = ["mar", "art"].map(|gram| Plan::Term(terms::inside(Family::Name, gram)));
    assert_eq!(
        plan(&infix(Field::Cn, "mart"), Kind::Mailbox),
        (Plan::And(grams.into()), false)
    );
}

#[test]
fn few_letters_are_the_beginning_of_a_term_where_only_the_longest_are_terms() {
    let short = Plan::Beginning(terms::inside(Family::Name, "xq"));
    assert_eq!(plan(&infix(Field::Cn, "xq"), Kind::Structure), (short, false));
    let long = Plan::Term(terms::inside(Family::Name, "xqu"));
    assert_eq!(plan(&infix(Field::Cn, "xqu"), Kind::Structure), (long, false));
}

#[test]
fn few_parts_of_words_are_sought_in_all_words() {
    let asked: Vec<Filter> = (0..9).map(|n| infix(Field::O, &format!("xq{n}"))).collect();
    let (Plan::Or(parts), false) = plan(&Filter::Or(asked), Kind::Professional) else {
        panic!("alternatives");
    };
    let sought = |part: &&Plan| matches!(part, Plan::Containing(..));
    assert_eq!(parts.iter().filter(sought).count(), SOUGHT);
    assert_eq!(parts.len(), 9);
}

#[test]
fn words_are_looked_for_by_their_grams_where_they_are_no_terms() {
    let word = Test::Words {
        pieces: vec!["xqu".to_owned()],
        whole: true,
    };
    let of = |field| plan(&Filter::Test(field, word.clone()), Kind::Mailbox);
    let whole = Plan::Term(terms::whole("xqu"));
    assert_eq!(of(Field::Cn), (whole, false));
    for (field, family) in [
        (Field::DisplayName, Family::DisplayName),
        (Field::O, Family::Organisation),
    ] {
        let gram = Plan::Term(terms::inside(family, "xqu"));
        assert_eq!(of(field), (gram, false));
    }
}

#[test]
fn what_a_telephone_asks_of_addresses_are_their_first_letters() {
    let beginning = |piece: &str| {
        let initial = Some(piece.to_owned());
        let test = Test::Substrings {
            initial,
            any: Vec::new(),
            final_: None,
        };
        plan(&Filter::Test(Field::PostalAddress, test), Kind::Mailbox).0
    };
    let head = |letters| terms::value_head(Field::PostalAddress, letters);
    assert_eq!(beginning("Té"), Plan::Beginning(head("te")));
    assert_eq!(beginning("Testeur"), Plan::Term(head("tes")));
    assert_eq!(beginning("-"), Plan::All);
}

#[test]
fn what_every_entry_has_costs_nothing() {
    let mail = Filter::Test(Field::Mail, Test::Present);
    assert_eq!(plan(&mail, Kind::Mailbox), (Plan::All, true));
    let both = Filter::And(vec![mail, infix(Field::Cn, "ab")]);
    assert!(matches!(plan(&both, Kind::Mailbox), (Plan::Term(_), false)));
}

#[test]
fn a_negation_looks_at_everything() {
    let not = Filter::Not(Box::new(infix(Field::Cn, "a")));
    assert_eq!(plan(&not, Kind::Structure), (Plan::All, false));
}

/// What names, towns and labels are made of: words that lie in one another, that are joined or spelled out.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "ST", "Saint", "Ste", "L'", "Du", "Dupont", "Pont", "ÉLÈVE", "Ab", "b", "Abbaye", "Hôpital", "9",
        "(x)",
    ]);
    let sign = prop::sample::select(vec![" ", "-", ", "]);
    proptest::collection::vec((word, sign), 1..4)
        .prop_map(|words| {
            words
                .into_iter()
                .flat_map(|(word, sign)| [word, sign])
                .collect::<String>()
        })
        .prop_map(|text| text.trim_end_matches([' ', '-', ',']).to_owned())
}

fn place() -> impl Strategy<Value = Structure> {
    (prop::option::of(text()), prop::option::of(text()), text(), text()).prop_map(
        |(nom, enseigne, commune, libelle)| {
            let clinic = clinic();
            Structure {
                nom: nom.unwrap_or_default(),
                enseigne: enseigne.unwrap_or_default(),
                categorie: Some(labelled("355", &libelle)),
                adresse: Address {
                    commune,
                    ..clinic.adresse
                },
                ..clinic
            }
        },
    )
}

fn person() -> impl Strategy<Value = Professional> {
    let local = proptest::collection::vec("[ab.-]{1,4}", 0..3);
    (text(), prop::option::of(text()), text(), place(), local).prop_map(
        |(nom, prenom, libelle, structure, local)| {
            let mut person = midwife();
            (person.nom, person.prenom) = (nom, prenom.unwrap_or_default());
            for practice in &mut person.practices {
                practice.profession = labelled("50", &libelle);
                for activity in &mut practice.activities {
                    activity.structure = Some(Arc::new(structure.clone()));
                }
            }
            person.mailboxes = local
                .into_iter()
                .map(|local| MailboxSummary {
                    adresse: format!("{local}@a-exemple.mssante.fr"),
                    type_bal: "PER".into(),
                })
                .collect();
            person
        },
    )
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    ("[ab.-]{1,4}", text(), text(), place(), prop::option::of(person())).prop_map(
        |(local, service, libelle, structure, professional)| Mailbox {
            adresse: format!("{local}@a-exemple.mssante.fr"),
            professional: professional.map(Arc::new),
            ..reception(vec![Attachment {
                service,
                profession: Some(labelled("60", &libelle)),
                adresse: structure.adresse.clone(),
                structure: Some(Arc::new(structure)),
                ..row()
            }])
        },
    )
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let structures = proptest::collection::vec(place(), 0..30);
    let professionals = proptest::collection::vec(person(), 0..30);
    let mailboxes = proptest::collection::vec(mailbox(), 0..30);
    (structures, professionals, mailboxes).prop_map(|(structures, professionals, mailboxes)| {
        let structures = (1..)
            .zip(structures)
            .map(|(id, one)| Document::Structure(id, Arc::new(one)));
        let professionals = (1..)
            .zip(professionals)
            .map(|(id, one)| Document::Professional(id, Arc::new(one)));
        let mailboxes = (1..)
            .zip(mailboxes)
            .map(|(id, one)| Document::Mailbox(id, Box::new(one)));
        structures.chain(professionals).chain(mailboxes).collect()
    })
}

fn entry(document: &Document) -> (Kind, i64, Vec<u8>) {
    match document {
        Document::Structure(id, one) => (Kind::Structure, *id, ldap::structure(one)),
        Document::Professional(id, one) => (Kind::Professional, *id, ldap::professional(one)),
        Document::Mailbox(id, one) => (Kind::Mailbox, *id, ldap::mailbox(one)),
    }
}

/// Tests for parts of what the entries have, and for what hardly one has.
fn tests(values: &[(Field, String)]) -> impl Strategy<Value = Filter> + use<> {
    let value = prop::sample::select(values.to_vec());
    (
        value,
        proptest::arbitrary::any::<[prop::sample::Index; 4]>(),
        0..7_u8,
    )
        .prop_map(|((field, value), places, shape)| {
            let mut ends = places.map(|place| place.index(value.chars().count() + 1));
            ends.sort_unstable();
            let cut = |from: usize, to: usize| -> String { value.chars().take(to).skip(from).collect() };
            let [a, b, c, d] = ends;
            let (initial, any, final_) = match shape {
                0 => (Some(cut(0, b)), vec![], None),
                1 => (None, vec![cut(a, d)], None),
                2 => (None, vec![], Some(cut(c, usize::MAX))),
                3 => (None, vec![cut(a, b), cut(c, d)], None),
                4 => (Some(cut(0, a)), vec![cut(b, c)], Some(cut(d, usize::MAX))),
                _ => {
                    let pieces = vec![cut(a, d)];
                    let whole = shape == 5;
                    return Filter::Test(field, Test::Words { pieces, whole });
                }
            };
            Filter::Test(field, Test::Substrings { initial, any, final_ })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_search_finds_who_meets_its_filter_and_nobody_else(
        (documents, filters) in documents().prop_flat_map(|documents| {
            let entries: Vec<Vec<u8>> = documents.iter().map(|document| entry(document).2).collect();
            let mut values = vec![(Field::DisplayName, "nobody".to_owned())];
            for (field, of_field) in entries.iter().flat_map(|entry| EntryView::new(entry).fields()) {
                values.extend(of_field.values().map(|value| (field, value.to_owned())));
            }
            let filters = proptest::collection::vec(tests(&values), 30);
            (Just(documents), filters)
        })
    ) {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path().to_owned()).unwrap();
        generation.change(&Changes::default(), &documents).unwrap();
        let snapshot = generation.snapshot();
        for filter in &filters {
            let ask = Ask {
                kinds: Kinds::ALL,
                filter,
                order: Order::Name,
                after: None,
                skip: 0,
                limit: 1000,
                first_fields_do: false,
                deadline: Instant::now() + Duration::from_secs(60),
                cancelled: &AtomicBool::new(false),
            };
            let mut found = BTreeSet::new();
            let end = snapshot.each(&ask, &mut |matched| {
                found.insert((matched.kind as u8, matched.record.entity as i64));
            });
            prop_assert_eq!(end.unwrap(), SearchEnd::Complete);
            let wanted = documents.iter().map(entry).filter(|(kind, _, entry)| {
                evaluate(filter, *kind, EntryView::new(entry)) == Tri::True
            });
            let wanted: BTreeSet<(u8, i64)> = wanted.map(|(kind, id, _)| (kind as u8, id)).collect();
            prop_assert_eq!(found, wanted, "{:?}", filter);
        }
    }
}
