//! LDAP controls from outside: pages, sorting, virtual list views, matched values, assertions, and what is
//! advertised of them.

mod support;

use annuaire::directory::text::fold;
use support::wire::{BASE, SUB, Search, Wire, control, octets, paged, sorted, view_at, view_from};
use support::{Node, Place};

const PAGED: &str = "1.2.840.113556.1.4.319";
const ASSERTION: &str = "1.3.6.1.1.12";
const MATCHED: &str = "1.2.826.0.1.3344810.2.3";

fn served(place: &Place) -> (Node, Wire) {
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    (node, wire)
}

/// Reads all pages; the first values of `mail`, and the last result.
fn read_in_pages(wire: &mut Wire, search: &Search<'_>, size: i64) -> (Vec<String>, i64) {
    let mut mails = Vec::new();
    let mut cookie = Vec::new();
    loop {
        let answer = wire.search(&search.clone().with(paged(size, &cookie, true)));
        mails.extend(answer.firsts("mail").iter().map(|mail| (*mail).to_owned()));
        assert!(answer.entries.len() <= usize::try_from(size).unwrap());
        cookie = answer.cookie();
        if cookie.is_empty() {
            return (mails, answer.code);
        }
        assert_eq!(answer.code, 0);
    }
}

#[test]
fn pages_give_every_entry_once_and_their_size_does_not_matter() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let all = Search::new("(mail=*)").limits(0, 0).asking(&["mail", "cn"]);
    let (by_large, code) = read_in_pages(&mut wire, &all, 1000);
    assert_eq!(code, 0);
    assert!(by_large.len() > 150, "{}", by_large.len());
    let (by_small, code) = read_in_pages(&mut wire, &all, 7);
    assert_eq!((&by_small, code), (&by_large, 0));
    let mut once = by_large.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), by_large.len());
    let estimate = wire.search(&all.clone().with(paged(0, b"", true)));
    assert!(estimate.entries.is_empty() && estimate.cookie().is_empty());
    let size = support::wire::parts(&estimate.controls[PAGED])[0].1.clone();
    let size = support::wire::number(&support::wire::parts(&size)[0].1);
    assert_eq!(usize::try_from(size).unwrap(), by_large.len());
}

#[test]
fn a_page_holds_no_more_than_the_limit_and_the_client_s_own_limit_ends_the_reading() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let first = wire.search(&Search::new("(mail=*)").limits(0, 0).with(paged(1000, b"", false)));
    assert_eq!((first.entries.len(), first.code), (100, 0));
    assert!(!first.cookie().is_empty());
    let (mails, code) = read_in_pages(&mut wire, &Search::new("(mail=*)").limits(20, 0), 15);
    assert_eq!((mails.len(), code), (20, 4));
}

#[test]
fn a_cookie_holds_for_its_search_connection_and_viewer_only() {
    let place = Place::new();
    let (node, mut wire) = served(&place);
    let all = Search::new("(mail=*)").limits(0, 0);
    let cookie = wire.search(&all.clone().with(paged(5, b"", true))).cookie();
    let other_search = Search::new("(cn=*)").limits(0, 0).with(paged(5, &cookie, true));
    assert_eq!(wire.search(&other_search).code, 53);
    let mut touched = cookie.clone();
    touched[5] ^= 1;
    assert_eq!(wire.search(&all.clone().with(paged(5, &touched, true))).code, 53);
    let mut other = Wire::connect(&node.ldap);
    assert_eq!(other.search(&all.clone().with(paged(5, &cookie, true))).code, 53);
    assert_eq!(wire.search(&all.clone().with(paged(5, &cookie, true))).code, 0);
    let abandoned = wire.search(&all.with(paged(0, &cookie, true)));
    assert!(abandoned.entries.is_empty() && abandoned.code == 0 && abandoned.cookie().is_empty());
}

#[test]
fn a_cookie_holds_for_its_sorting_only() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let page = |cookie: &[u8], sorting: Option<Vec<u8>>| {
        let search = Search::new("(mail=*)").limits(0, 0).with(paged(5, cookie, true));
        sorting.into_iter().fold(search, Search::with)
    };
    let by = |attribute, reverse| Some(sorted(attribute, None, reverse, true));
    for sorting in [None, by("cn", false), by("mail", false)] {
        let first = wire.search(&page(b"", sorting.clone()));
        assert_eq!((first.entries.len(), first.code), (5, 0));
        let cookie = first.cookie();
        for other in [
            None,
            by("cn", false),
            by("cn", true),
            by("mail", false),
            by("sn", false),
        ] {
            let answer = wire.search(&page(&cookie, other.clone()));
            let (entries, code) = if other == sorting { (5, 0) } else { (0, 53) };
            assert_eq!(
                (answer.entries.len(), answer.code),
                (entries, code),
                "{sorting:?} {other:?}"
            );
        }
    }
}

#[test]
fn answers_have_controls_only_where_they_were_asked() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    assert!(wire.search(&Search::new("(sn=testeur)")).controls.is_empty());
    let answer = wire.search(&Search::new("(sn=testeur)").with(paged(5, b"", false)));
    assert_eq!(answer.controls.keys().collect::<Vec<_>>(), [PAGED]);
    let answer = wire.search(&Search::new("(sn=testeur)").with(sorted("cn", None, false, false)));
    assert_eq!(answer.sorting(), (0, String::new()));
}

#[test]
fn names_and_other_attributes_are_sorted_in_both_directions() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let mut by = |attribute: &str, reverse| {
        let search = Search::new("(mail=*)").with(sorted(attribute, Some("2.5.13.3"), reverse, true));
        let answer = wire.search(&search);
        assert_eq!((answer.code, answer.sorting().0), (4, 0), "{attribute}");
        answer
            .firsts(attribute)
            .iter()
            .map(|value| fold(value))
            .collect::<Vec<_>>()
    };
    for attribute in ["cn", "sn", "displayName"] {
        // The index's own order tells names apart by their first eight letters.
        let beginnings = |values: Vec<String>| -> Vec<String> {
            values
                .iter()
                .map(|value| value.chars().take(8).collect())
                .collect()
        };
        let (up, down) = (beginnings(by(attribute, false)), beginnings(by(attribute, true)));
        assert!(up.is_sorted(), "{attribute}: {up:?}");
        assert!(down.iter().rev().is_sorted(), "{attribute}: {down:?}");
        assert_ne!(up[0], down[0]);
    }
    let mails = by("mail", false);
    assert!(mails.is_sorted(), "{mails:?}");
    let numbers = by("IdentifiantPP", true);
    let (without, with): (Vec<&String>, Vec<&String>) = numbers.iter().partition(|number| number.is_empty());
    assert!(!without.is_empty() && numbers.iter().take(without.len()).all(String::is_empty));
    assert!(with.iter().rev().is_sorted(), "{with:?}");
}

#[test]
fn what_cannot_be_sorted_is_refused_where_critical_and_told_where_not() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for (attribute, rule, code) in [
        ("IMHandle", None, 16),
        ("cn", Some("2.5.13.28"), 18),
        ("objectClass", None, 18),
    ] {
        let mut ask = |critical| {
            wire.search(&Search::new("(sn=testeur)").with(sorted(attribute, rule, false, critical)))
        };
        let refused = ask(true);
        assert_eq!((refused.code, refused.entries.len()), (12, 0), "{attribute}");
        assert_eq!(refused.sorting(), (code, attribute.to_owned()));
        let told = ask(false);
        assert_eq!((told.code, told.entries.len()), (0, 1), "{attribute}");
        assert_eq!(told.sorting().0, code);
    }
}

#[test]
fn pages_of_a_sorted_search_go_on_where_they_were() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for attribute in ["cn", "mail"] {
        let search = Search::new("(mail=*)")
            .limits(0, 0)
            .with(sorted(attribute, None, false, true));
        let (by_large, _) = read_in_pages(&mut wire, &search, 100);
        let (by_small, _) = read_in_pages(&mut wire, &search, 11);
        assert_eq!(by_large, by_small);
        let folded: Vec<String> = by_large.iter().map(|mail| fold(mail)).collect();
        assert!(attribute == "cn" || folded.is_sorted(), "{folded:?}");
    }
}

#[test]
fn a_virtual_list_view_is_a_window_on_the_sorted_list() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let search = |view: Vec<u8>, attribute: &str| {
        Search::new("(mail=*)")
            .limits(0, 0)
            .with(sorted(attribute, None, false, false))
            .with(view)
    };
    for attribute in ["cn", "mail"] {
        let by = Search::new("(mail=*)")
            .limits(0, 0)
            .with(sorted(attribute, None, false, true));
        let (all, _) = read_in_pages(&mut wire, &by, 100);
        let count = i64::try_from(all.len()).unwrap();

        let first = wire.search(&search(view_at(0, 9, 1, 0), attribute));
        assert_eq!(first.view(), (1, count, 0));
        assert_eq!(
            (first.code, first.firsts("mail")),
            (0, all[..10].iter().map(String::as_str).collect())
        );
        let middle = wire.search(&search(view_at(3, 2, 50, 0), attribute));
        assert_eq!(
            middle.firsts("mail"),
            all[46..52].iter().map(String::as_str).collect::<Vec<_>>()
        );
        let last = wire.search(&search(view_at(1, 9, count, count), attribute));
        assert_eq!(last.view(), (count, count, 0));
        assert_eq!(
            last.firsts("mail"),
            all[all.len() - 2..]
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
        );
        let fraction = wire.search(&search(view_at(0, 0, 50, 100), attribute));
        assert_eq!(fraction.view().0, (count + 1) / 2);
    }
    let typed = wire.search(&search(view_from(0, 4, "teste*"), "cn"));
    assert_eq!(typed.firsts("cn")[0], "TESTEUR Claire");
    let beyond = wire.search(&search(view_from(1, 4, "zzzzzz"), "cn"));
    let (place, count, result) = beyond.view();
    assert_eq!((place, result, beyond.entries.len()), (count + 1, 0, 1));
}

#[test]
fn a_virtual_list_view_needs_sorting_and_an_offset_from_one() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let without = wire.search(&Search::new("(mail=*)").with(view_at(0, 9, 1, 0)));
    assert_eq!((without.code, without.view().2), (76, 60));
    let by_name = || Search::new("(mail=*)").with(sorted("cn", None, false, true));
    let zero = wire.search(&by_name().with(view_at(0, 9, 0, 0)));
    assert_eq!((zero.code, zero.view().2), (76, 61));
    let with_pages = wire.search(&by_name().with(view_at(0, 9, 1, 0)).with(paged(5, b"", true)));
    assert_eq!(with_pages.code, 53);
}

#[test]
fn matched_values_leave_out_the_others() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let items = support::wire::element(
        0x30,
        &[
            &support::wire::filter("(cn=testeur claire)"),
            &support::wire::filter("(objectClass=person)"),
            &support::wire::filter("(mail=*@sage-femme-exemple*)"),
        ],
    );
    let search = Search::new("(sn=testeur)").with(control(MATCHED, true, Some(&items)));
    let answer = wire.search(&search);
    let entry = &answer.entries[0].attributes;
    assert_eq!(entry["cn"], ["TESTEUR Claire"]);
    assert_eq!(entry["objectClass"], ["person"]);
    assert_eq!(entry.len(), 3, "{entry:?}");
}

#[test]
fn an_assertion_must_hold_of_the_base() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let base = "mail=claire.testeur@sage-femme-exemple.mssante.fr,ou=bal,o=mssante,c=fr";
    let assertion = |text: &str| control(ASSERTION, true, Some(&support::wire::filter(text)));
    let mut code = |base, text: &str| {
        let search = Search::new("(objectClass=*)")
            .at(base, BASE)
            .with(assertion(text));
        wire.search(&search).code
    };
    assert_eq!(code(base, "(sn=testeur)"), 0);
    assert_eq!(code(base, "(sn=autre)"), 122);
    assert_eq!(code(base, "(IMHandle=autre)"), 122);
    assert_eq!(code("", "(objectClass=*)"), 0);
    assert_eq!(
        code(
            "mail=absent@x-exemple.mssante.fr,ou=bal,o=mssante,c=fr",
            "(sn=testeur)"
        ),
        32
    );
    let compare = support::wire::element(
        0x6e,
        &[
            &octets(base),
            &support::wire::element(0x30, &[&octets("sn"), &octets("testeur")]),
        ],
    );
    assert_eq!(wire.result(&compare, &[assertion("(typeBAL=PER)")]), 6);
    assert_eq!(wire.result(&compare, &[assertion("(typeBAL=ORG)")]), 122);
}

#[test]
fn what_other_libraries_send_is_tolerated_and_subentries_are_apart() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let flags = support::wire::element(0x30, &[&support::wire::integer(1)]);
    let tolerated = [
        control("2.16.840.1.113730.3.4.2", true, None),
        control("1.2.840.113556.1.4.1339", true, None),
        control("1.2.840.113556.1.4.1340", true, Some(&flags)),
        control("1.3.6.1.1.22", true, None),
        control("1.3.6.1.4.1.4203.1.10.1", true, Some(&[1, 1, 0])),
    ];
    for tolerated in &tolerated {
        let answer = wire.search(&Search::new("(sn=testeur)").with(tolerated.clone()));
        assert_eq!((answer.code, answer.entries.len()), (0, 1));
    }
    let only = control("1.3.6.1.4.1.4203.1.10.1", true, Some(&[1, 1, 0xff]));
    let answer = wire.search(&Search::new("(sn=testeur)").with(only.clone()));
    assert_eq!((answer.code, answer.entries.len()), (0, 0));
    let answer = wire.search(&Search::new("(objectClass=*)").at("cn=Subschema", SUB).with(only));
    assert_eq!(answer.entries.len(), 1);
    let unknown = control("1.2.3.4", true, None);
    assert_eq!(wire.search(&Search::new("(sn=testeur)").with(unknown)).code, 12);
    let unknown = control("1.2.3.4", false, None);
    assert_eq!(wire.search(&Search::new("(sn=testeur)").with(unknown)).code, 0);
}

#[test]
fn a_control_whose_value_is_none_keeps_the_connection() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for oid in [
        PAGED,
        ASSERTION,
        MATCHED,
        "1.2.840.113556.1.4.473",
        "2.16.840.1.113730.3.4.9",
    ] {
        let broken = control(oid, false, Some(b"\x30\x7f"));
        assert_eq!(
            wire.search(&Search::new("(sn=testeur)").with(broken)).code,
            2,
            "{oid}"
        );
    }
    assert_eq!(wire.search(&Search::new("(sn=testeur)")).code, 0);
}

#[test]
fn the_root_dse_lists_what_works() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let root = wire.search(&Search::new("(objectClass=*)").at("", BASE));
    let entry = &root.entries[0].attributes;
    for oid in &entry["supportedControl"] {
        let answer = wire.search(&Search::new("(sn=testeur)").with(control(oid, true, None)));
        // Those that need a value are known, and miss it.
        assert!(matches!(answer.code, 0 | 2), "{oid}: {}", answer.code);
    }
    assert_eq!(entry["supportedControl"].len(), 10);
    let extensions = ["1.3.6.1.4.1.4203.1.11.3", "1.3.6.1.1.8", "1.3.6.1.4.1.1466.20037"];
    assert_eq!(entry["supportedExtension"], extensions);
    assert!(
        !entry.contains_key("supportedSASLMechanisms"),
        "nothing is to be had here but a simple bind"
    );
}

#[test]
fn pages_of_a_search_over_people_and_structures_go_backwards_without_a_gap() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let mut uids = |reverse| {
        let mut uids = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let search = Search::new("(cn=*)")
                .at("o=annuaire-sante,c=fr", SUB)
                .limits(0, 0)
                .asking(&["uid"])
                .with(sorted("cn", None, reverse, true))
                .with(paged(90, &cookie, true));
            let answer = wire.search(&search);
            assert_eq!(answer.code, 0);
            uids.extend(answer.firsts("uid").iter().map(|uid| (*uid).to_owned()));
            cookie = answer.cookie();
            if cookie.is_empty() {
                return uids;
            }
        }
    };
    let mut backwards = uids(true);
    backwards.reverse();
    assert!(backwards.len() > 700, "{}", backwards.len());
    assert_eq!(backwards, uids(false));
}
