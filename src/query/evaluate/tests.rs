use super::*;
use crate::view::entry::EntryBuilder;

fn claire() -> Vec<u8> {
    EntryBuilder::new()
        .push(Field::Cn, "DE LA FONTAINE Anne-Sophie")
        .push(Field::Cn, "Anne-Sophie DE LA FONTAINE")
        .push(Field::Sn, "DE LA FONTAINE")
        .push(Field::GivenName, "Anne-Sophie")
        .push(Field::Mail, "anne.fontaine@a-exemple.mssante.fr")
        .push(Field::L, "SAINT-ÉTIENNE")
        .push(Field::TelephoneNumber, "04 99 00 00 01")
        .push(Field::Mobile, "0699000001")
        .push(Field::Latitude, "45.4397")
        .push(Field::ModifyTimestamp, "20260102030405Z")
        .finish()
}

fn truth(filter: &Filter) -> Tri {
    evaluate(filter, Kind::Mailbox, EntryView(&claire()))
}

fn equals(field: Field, value: &str) -> Filter {
    Filter::Test(field, Test::Equals(value.to_owned()))
}

/// `*` marks the gaps, as in RFC 4515.
fn like(field: Field, pattern: &str) -> Filter {
    let mut pieces: Vec<&str> = pattern.split('*').collect();
    let some = |piece: Option<&str>| piece.filter(|p| !p.is_empty()).map(str::to_owned);
    let final_ = some(pieces.pop());
    let initial = some((!pieces.is_empty()).then(|| pieces.remove(0)));
    let any = pieces
        .into_iter()
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect();
    Filter::Test(field, Test::Substrings { initial, any, final_ })
}

#[test]
fn undefined_stays_undefined_under_not() {
    assert_eq!(truth(&Filter::Not(Box::new(Filter::Undefined))), Tri::Undefined);
    assert_eq!(
        truth(&Filter::Or(vec![Filter::Undefined, Filter::True])),
        Tri::True
    );
    assert_eq!(
        truth(&Filter::And(vec![Filter::Undefined, Filter::False])),
        Tri::False
    );
    assert_eq!(
        truth(&Filter::And(vec![Filter::Undefined, Filter::True])),
        Tri::Undefined
    );
}

#[test]
fn an_empty_and_is_true_and_an_empty_or_is_false() {
    assert_eq!(truth(&Filter::And(vec![])), Tri::True);
    assert_eq!(truth(&Filter::Or(vec![])), Tri::False);
}

#[test]
fn the_negation_of_a_test_on_an_absent_field_holds() {
    assert_eq!(truth(&equals(Field::Title, "x")), Tri::False);
    assert_eq!(
        truth(&Filter::Not(Box::new(equals(Field::Title, "x")))),
        Tri::True
    );
}

#[test]
fn a_mobile_is_never_asked() {
    for test in [Test::Present, Test::Equals("0699000001".into())] {
        let asked = Filter::Test(Field::Mobile, test);
        assert_eq!(truth(&asked), Tri::Undefined);
        assert_eq!(truth(&Filter::Not(Box::new(asked))), Tri::Undefined);
    }
}

#[test]
fn equal_names_differ_in_case_accents_and_spaces_only() {
    for form in ["delafontaine", "De-la Fontaine", "DE LA FONTAINE"] {
        assert_eq!(truth(&equals(Field::Sn, form)), Tri::True, "{form}");
    }
    assert_eq!(truth(&equals(Field::L, "st etienne")), Tri::True);
    assert_eq!(truth(&equals(Field::Cn, "anne sophie de la fontaine")), Tri::True);
    assert_eq!(truth(&equals(Field::Sn, "fontaine")), Tri::False);
}

#[test]
fn pieces_come_in_order_in_one_form_of_the_name() {
    for pattern in [
        "*font*",
        "de*anne*",
        "anne*font*",
        "*delaf*",
        "annesophie de*",
        "*fontaine",
        "*a*a*a*",
    ] {
        assert_eq!(truth(&like(Field::Cn, pattern)), Tri::True, "{pattern}");
    }
    for pattern in ["font*", "*sophie*anne*", "*fontaineanne*", "*anne"] {
        assert_eq!(truth(&like(Field::Cn, pattern)), Tri::False, "{pattern}");
    }
}

#[test]
fn pieces_do_not_overlap() {
    assert_eq!(truth(&like(Field::Mail, "anne.f*e.fontaine@*")), Tri::False);
    assert_eq!(truth(&like(Field::Mail, "anne*.fontaine@*.FR")), Tri::True);
}

#[test]
fn a_piece_of_signs_only_tells_nothing() {
    assert_eq!(truth(&like(Field::Cn, "*-*")), Tri::Undefined);
}

#[test]
fn telephones_compare_by_their_digits() {
    assert_eq!(truth(&equals(Field::TelephoneNumber, "04.99-00 0001")), Tri::True);
    assert_eq!(truth(&like(Field::TelephoneNumber, "0499*")), Tri::True);
    assert_eq!(truth(&like(Field::TelephoneNumber, "jean*")), Tri::False);
}

#[test]
fn times_compare_across_zones_and_precisions() {
    let at_least = |text: &str| truth(&Filter::Test(Field::ModifyTimestamp, Test::AtLeast(text.into())));
    assert_eq!(at_least("20260102030405Z"), Tri::True);
    assert_eq!(at_least("2026010203Z"), Tri::True);
    assert_eq!(at_least("20260102040405.5+0100"), Tri::True);
    assert_eq!(at_least("20260102030406Z"), Tri::False);
    assert_eq!(at_least("20261302030406Z"), Tri::Undefined);
    assert_eq!(at_least("yesterday"), Tri::Undefined);
}

#[test]
fn numbers_compare_as_numbers() {
    let test = |test| truth(&Filter::Test(Field::Latitude, test));
    assert_eq!(test(Test::AtLeast("9".into())), Tri::True);
    assert_eq!(test(Test::AtMost("100".into())), Tri::True);
    assert_eq!(test(Test::Equals("45.43970".into())), Tri::True);
    assert_eq!(test(Test::AtLeast("north".into())), Tri::Undefined);
}

#[test]
fn kinds_are_tested_like_the_rest() {
    assert_eq!(truth(&Filter::Kinds(Kinds::only(Kind::Mailbox))), Tri::True);
    assert_eq!(truth(&Filter::Kinds(Kinds::only(Kind::Structure))), Tri::False);
}
