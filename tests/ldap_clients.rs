//! Each request of each mail client, as it stands on the wire (what was read in the clients' sources is in the
//! filters and attributes below), and what that client needs of the answer.
//!
//! No answer here may be a referral, a message that is no part of a search, or a result on which the client gives
//! up: `Wire` fails on the first two, each test tells the third.

mod support;

use support::wire::{
    Answer, BASE, ONE, SUB, Search, Wire, abandon, bind, message, paged, sorted, view_at, view_from,
};
use support::{Node, Place};

const CLAIRE: &str = "claire.testeur@sage-femme-exemple.mssante.fr";
const JEAN_PIERRE: &str = "jp.delafontaine@medecin-exemple.mssante.fr";

fn served(place: &Place) -> (Node, Wire) {
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    wire.anonymous();
    (node, wire)
}

fn mails(answer: &Answer) -> Vec<&str> {
    answer.firsts("mail")
}

/// Exactly one entry, and all is well.
fn one(answer: &Answer, mail: &str) {
    assert_eq!(
        (answer.code, mails(answer)),
        (0, vec![mail]),
        "{}",
        answer.message
    );
}

/// Thunderbird's template: the whole text, its words, its first word.
fn thunderbird(text: &str) -> Search<'static> {
    let first = text.split(' ').next().unwrap();
    let words = text.replace(' ', "*");
    Search::new(&format!(
        "(|(cn=*{words}*)(mail=*{text}*)(givenName=*{first}*)(sn=*{text}*))"
    ))
}

#[test]
fn thunderbird_completes_from_the_first_letter_on() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for typed in ["t", "te", "tes", "test", "teste", "testeur"] {
        let answer = wire.search(&thunderbird(typed));
        assert!(matches!(answer.code, 0 | 4), "{typed}: {}", answer.code);
        assert!(answer.entries.len() <= 100);
        assert_eq!(answer.code == 4, answer.entries.len() == 100, "{typed}");
        // An entry without name or address breaks its receive loop.
        assert!(
            answer
                .entries
                .iter()
                .all(|entry| !entry.first("cn").is_empty() && !entry.first("mail").is_empty())
        );
    }
    one(&wire.search(&thunderbird("testeur")), CLAIRE);
    assert!(mails(&wire.search(&thunderbird("xq"))).is_empty());
}

#[test]
fn thunderbird_completes_two_words_in_either_order() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    one(&wire.search(&thunderbird("testeur cl")), CLAIRE);
    // Its third leg finds everybody of the first name.
    assert!(mails(&wire.search(&thunderbird("claire te"))).contains(&CLAIRE));
    assert!(mails(&wire.search(&thunderbird("de la fontaine"))).contains(&JEAN_PIERRE));
    one(&wire.search(&thunderbird("delafontaine jean")), JEAN_PIERRE);
    let with_url_filter = Search::new(
        "(&(objectClass=inetOrgPerson)(|(cn=*testeur*)(mail=*testeur*)(givenName=*testeur*)(sn=*testeur*)))",
    );
    one(
        &wire.search(&with_url_filter.asking(&["cn", "mail", "sn", "givenName"])),
        CLAIRE,
    );
}

#[test]
fn thunderbird_before_91_completes_by_beginnings() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    one(
        &wire.search(&Search::new(
            "(&(objectClass=*)(|(cn=testeu*)(mail=testeu*)(sn=testeu*)))",
        )),
        CLAIRE,
    );
    one(
        &wire.search(&Search::new(
            "(|(cn=testeur*cl*)(mail=testeur*cl*)(sn=testeur*cl*))",
        )),
        CLAIRE,
    );
}

#[test]
fn thunderbird_asks_each_key_on_a_connection_of_its_own_and_leaves_the_old_ones_open() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut left_open = Vec::new();
    for typed in ["t", "te", "tes", "test"] {
        let mut wire = Wire::connect(&node.ldap);
        wire.anonymous();
        let id = wire.ask(&thunderbird(typed).operation(), &[]);
        let abandon = abandon(u8::try_from(id).unwrap());
        wire.ask(&abandon, &[]);
        left_open.push(wire);
    }
    // An Abandon that names the bind, or something long gone, is passed over in silence.
    let mut wire = Wire::connect(&node.ldap);
    wire.ask(&bind(3, "", ""), &[]);
    wire.ask(&abandon(1), &[]);
    assert_eq!(wire.next().unwrap().tag, 0x61);
    wire.ask(&abandon(77), &[]);
    one(&wire.search(&thunderbird("testeur")), CLAIRE);
    // Of an abandoned search either all came before the Abandon was read, or nothing comes any more.
    for mut wire in left_open {
        wire.send(&message(9, &[0x42, 0], &[]));
        let mut last = None;
        while let Some(message) = wire.next() {
            last = Some(message.tag);
        }
        assert!(matches!(last, None | Some(0x65)), "{last:x?}");
    }
}

#[test]
fn thunderbird_searches_its_address_book_window_by_attributes_nobody_has() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let block = |x: &str| {
        format!(
            "(|(cn=*{x}*)(givenName=*{x}*)(sn=*{x}*)(mozillaNickname=*{x}*)(mail=*{x}*)(mozillaSecondEmail=*{x}*)\
             (&(description=*{x}*))(o=*{x}*)(ou=*{x}*)(title=*{x}*)(mozillaWorkUrl=*{x}*)(mozillaHomeUrl=*{x}*))"
        )
    };
    one(
        &wire.search(&Search::new(&format!("(&{})", block("testeur")))),
        CLAIRE,
    );
    one(
        &wire.search(&Search::new(&format!(
            "(&{}{})",
            block("testeur"),
            block("nantes")
        ))),
        CLAIRE,
    );
}

#[test]
fn thunderbird_copies_the_book_until_the_limit() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let answer = wire.search(&Search::new("(objectclass=*)").limits(0, 0));
    assert_eq!((answer.code, answer.entries.len()), (4, 100));
    assert!(
        answer
            .entries
            .iter()
            .all(|entry| entry.attributes.contains_key("mail"))
    );
}

#[test]
fn thunderbird_asks_the_base_alone_where_its_url_has_no_scope() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let answer = wire.search(&Search::new("(objectclass=*)").at("o=mssante,c=fr", BASE));
    assert_eq!((answer.code, answer.entries.len()), (0, 1));
    let answer = wire.search(&Search {
        scope: BASE,
        ..thunderbird("testeur")
    });
    assert_eq!((answer.code, answer.entries.len()), (0, 0));
}

#[test]
fn thunderbird_gives_up_on_refusals_that_it_does_not_repeat_for_ever() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    // The password prompt was cancelled: a name without a key.
    let code = wire.result(&bind(3, "uid=cabinet,ou=comptes,o=mssante,c=fr", ""), &[]);
    assert_eq!(code, 53);
    one(&wire.search(&thunderbird("testeur")), CLAIRE);
}

#[test]
fn outlook_completes_in_its_own_form_and_in_the_newer_one() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    const ATTRIBUTES: &[&str] = &[
        "cn",
        "commonName",
        "mail",
        "roleOccupant",
        "display-name",
        "displayname",
        "sn",
        "surname",
        "co",
        "organizationName",
        "o",
        "givenName",
        "legacyExchangeDN",
        "objectClass",
        "uid",
        "mailNickname",
        "title",
        "company",
        "physicalDeliveryOfficeName",
        "telephoneNumber",
    ];
    let own = "(&(mail=*)(|(mail=testeur*)(|(cn=testeur*)(|(sn=testeur*)(givenName=testeur*)))))";
    one(&wire.search(&Search::new(own).limits(100, 60)), CLAIRE);
    let newer = "(&(|(mail=testeur*)(cn=testeur*)(sn=testeur*)(givenName=testeur*)(displayName=testeur*)))";
    let answer = wire.search(&Search::new(newer).limits(100, 60).asking(ATTRIBUTES));
    one(&answer, CLAIRE);
    let entry = &answer.entries[0];
    // The first name of an attribute that was asked is the one it is answered by.
    assert_eq!(
        (entry.first("cn"), entry.first("sn")),
        ("TESTEUR Claire", "TESTEUR")
    );
    assert!(
        entry.attributes.contains_key("organizationName") && entry.attributes.contains_key("displayname")
    );
    assert!(!entry.attributes.contains_key("legacyExchangeDN"));
    let low_bandwidth = wire
        .search(&Search::new("(&(mail=*)(|(mail=m*)(|(cn=m*)(|(sn=m*)(givenName=m*)))))").limits(15, 120));
    assert_eq!((low_bandwidth.code, low_bandwidth.entries.len()), (4, 15));
}

#[test]
fn outlook_browses_by_list_views_from_the_empty_base() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let page = |view: Vec<u8>| {
        Search::new("(&(mail=*)(cn=*))")
            .at("", SUB)
            .limits(0, 60)
            .with(sorted("cn", None, false, true))
            .with(view)
    };
    let first = wire.search(&page(view_at(0, 19, 1, 0)));
    assert_eq!((first.code, first.entries.len(), first.view().2), (0, 20, 0));
    // The second one is where others answer "busy".
    let typed = wire.search(&page(view_from(0, 19, "test")));
    assert_eq!((typed.code, typed.firsts("cn")[0]), (0, "TESTEUR Claire"));
    assert!(typed.entries[0].dn.ends_with(",ou=bal,o=mssante,c=fr"));
}

#[test]
fn apple_s_contacts_search_the_empty_base_by_equality() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    const ATTRIBUTES: &[&str] = &[
        "givenName",
        "sn",
        "cn",
        "mail",
        "telephoneNumber",
        "facsimileTelephoneNumber",
        "o",
        "title",
        "ou",
        "buildingName",
        "street",
        "l",
        "st",
        "postalCode",
        "c",
        "jpegPhoto",
        "mobile",
        "co",
        "pager",
        "destinationIndicator",
        "labeledURI",
        "IMHandle",
    ];
    for typed in ["testeur", "Claire Testeur", "TESTEUR CLAIRE"] {
        let filter = format!("(|(givenname={typed})(sn={typed})(cn={typed})(mail={typed}))");
        let search = Search::new(&filter).at("", SUB).limits(0, 30).asking(ATTRIBUTES);
        one(&wire.search(&search), CLAIRE);
    }
    let accented = Search::new("(|(givenname=zoe)(sn=zoe)(cn=zoe)(mail=zoe))")
        .at("", SUB)
        .limits(0, 30);
    assert!(mails(&wire.search(&accented)).contains(&"zoe.lhuillier@infirmier-exemple.mssante.fr"));
}

#[test]
fn ios_asks_nine_attributes_one_of_them_unknown() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let nine = |x: &str| {
        Search::new(&format!(
            "(|(o={x}*)(cn={x}*)(ou={x}*)(sn={x}*)(mail={x}*)(IMHandle={x}*)(givenname={x}*)(postalAddress={x}*)\
             (telephoneNumber={x}*))"
        ))
        .limits(0, 30)
    };
    // No telephone number begins with letters: that leg must not let everything in.
    one(&wire.search(&nine("testeur")), CLAIRE);
    assert_eq!(wire.search(&nine("zzzz")).entries.len(), 0);
}

#[test]
fn evolution_connects_with_version_2_when_version_3_is_refused() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let mut wire = Wire::connect(&node.ldap);
    for _ in 0..2 {
        assert_eq!(wire.result(&bind(2, "", ""), &[]), 2, "and the connection stays");
    }
    wire.anonymous();
    one(&wire.search(&Search::new("(sn=testeur)")), CLAIRE);
}

#[test]
fn evolution_reads_the_root_dse_and_every_class_has_a_name() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    const ROOT: &[&str] = &[
        "supportedControl",
        "supportedExtension",
        "supportedFeatures",
        "supportedLDAPVersion",
        "subschemaSubentry",
        "schemaNamingContext",
    ];
    let root = wire.search(
        &Search::new("(objectclass=*)")
            .at("", BASE)
            .limits(0, 30)
            .asking(ROOT),
    );
    assert_eq!((root.code, root.entries.len()), (0, 1));
    let root = &root.entries[0];
    assert_eq!(root.first("supportedLDAPVersion"), "3");
    let subschema = root.first("subschemaSubentry").to_owned();
    let schema = Search::new("(objectClass=subschema)")
        .at(&subschema, BASE)
        .limits(0, 30)
        .asking(&["objectClasses"]);
    let schema = wire.search(&schema);
    let classes = &schema.entries[0].attributes["objectClasses"];
    assert!(
        classes.iter().all(|class| class.contains(" NAME ")),
        "one without crashes it"
    );
    let person = classes
        .iter()
        .find(|class| class.contains("'inetOrgPerson'"))
        .unwrap();
    for name in ["displayName", "givenName", "mail", "labeledURI"] {
        assert!(
            person.contains(&format!(" {name} ")),
            "in the canonical spelling: {name}"
        );
    }
    assert!(!classes.iter().any(|class| class.contains("evolutionPerson")));
}

#[test]
fn evolution_completes_one_word_and_two_on_one_level() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let one_word =
        "(|(displayName=testeur*)(mail=testeur*)(displayName=*testeur*)(mail=*testeur*)(cn=*testeur*))";
    for scope in [ONE, SUB] {
        one(
            &wire.search(&Search::new(one_word).at("o=mssante,c=fr", scope)),
            CLAIRE,
        );
    }
    let two_words = "(|(displayName=testeur cl*)(mail=testeur cl*)(displayName=*testeur*cl*)(mail=*testeur*cl*)\
                     (|(cn=*testeur*cl*)(cn=*testeur*,cl*)))";
    one(&wire.search(&Search::new(two_words)), CLAIRE);
    let never = "(&(objectClass=MyBarnIsBiggerThanYourBarn)(sn=testeur))";
    assert_eq!(wire.search(&Search::new(never)).entries.len(), 0);
}

#[test]
fn evolution_reads_an_entry_by_its_name_and_abandons_what_is_done() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let dn = wire.search(&Search::new("(sn=testeur)")).entries[0].dn.clone();
    let entry = wire.search(&Search::new("(objectclass=*)").at(&dn, BASE).limits(1, 0));
    one(&entry, CLAIRE);
    wire.ask(&abandon(2), &[]);
    one(&wire.search(&Search::new("(sn=testeur)")), CLAIRE);
}

#[test]
fn evolution_copies_the_book_in_pages() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let mut cookie = Vec::new();
    let mut read = 0;
    loop {
        let page = wire.search(
            &Search::new("(cn=*)")
                .limits(0, 0)
                .with(paged(1000, &cookie, false)),
        );
        assert_eq!(page.code, 0);
        read += page.entries.len();
        cookie = page.cookie();
        if cookie.is_empty() {
            break;
        }
    }
    assert!(read > 150, "{read}");
}

#[test]
fn roundcube_completes_every_word_and_gets_its_attributes() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    const ATTRIBUTES: &[&str] = &[
        "cn",
        "sn",
        "givenName",
        "title",
        "mail",
        "homePhone",
        "telephoneNumber",
        "mobile",
        "pager",
        "facsimileTelephoneNumber",
        "street",
        "postalCode",
        "st",
        "l",
        "c",
        "o",
        "ou",
        "description",
        "jpegPhoto",
        "objectClass",
    ];
    let block = |x: &str| format!("(|(cn=*{x}*)(mail=*{x}*)(sn=*{x}*)(givenName=*{x}*))");
    let filter = format!(
        "(&(objectClass=inetOrgPerson)(&{}{}))",
        block("testeur"),
        block("cl")
    );
    let answer = wire.search(&Search::new(&filter).limits(0, 0).asking(ATTRIBUTES));
    one(&answer, CLAIRE);
    assert!(answer.entries[0].attributes["objectClass"].contains(&"inetOrgPerson".to_owned()));
}

#[test]
fn roundcube_looks_for_indexes_in_cn_config_and_is_told_that_there_is_none() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for filter in ["(objectclass=vlvsearch)", "(objectclass=vlvindex)"] {
        let probe = Search::new(filter)
            .at("cn=config", SUB)
            .limits(0, 0)
            .asking(&["*"]);
        assert_eq!(wire.search(&probe).code, 32);
    }
    let units = Search::new("(objectClass=organizationalUnit)")
        .limits(0, 0)
        .asking(&["numSubOrdinates"]);
    assert!(matches!(wire.search(&units).code, 0 | 4));
}

#[test]
fn roundcube_pages_by_a_critical_list_view_and_a_sort_that_is_not() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for attribute in ["cn", "sn"] {
        let page = |view: Vec<u8>| {
            let search = Search::new("(objectClass=inetOrgPerson)").limits(0, 0);
            search.with(sorted(attribute, None, false, false)).with(view)
        };
        let first = wire.search(&page(view_at(0, 9, 1, 0)));
        assert_eq!((first.code, first.entries.len()), (0, 10));
        let second = wire.search(&page(view_at(0, 9, 11, 0)));
        assert_eq!((second.code, second.entries.len()), (0, 10));
        assert_ne!(mails(&first)[0], mails(&second)[0]);
        let typed = wire.search(&page(view_from(0, 9, "testeu*")));
        assert_eq!((typed.code, mails(&typed)[0]), (0, CLAIRE));
    }
}

#[test]
fn sogo_sorts_by_a_critical_control() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let filter =
        |x: &str| format!("(|(sn=*{x}*)(displayname=*{x}*)(cn=*{x}*)(mail=*{x}*)(telephonenumber=*{x}*))");
    let by_name = |x: &str| {
        let search = Search::new(&filter(x)).limits(1000, 10).asking(&["*"]);
        search.with(sorted("cn", Some("2.5.13.3"), false, true))
    };
    let answer = wire.search(&by_name("testeur"));
    one(&answer, CLAIRE);
    assert_eq!(answer.sorting().0, 0);
    let many = wire.search(&by_name("an"));
    assert!(matches!(many.code, 0 | 4) && many.entries.len() > 10);
    let everyone = wire.search(&Search::new("(cn=*)").limits(1000, 10).with(sorted(
        "cn",
        Some("2.5.13.3"),
        false,
        true,
    )));
    assert_eq!((everyone.code, everyone.entries.len()), (4, 100));
    let login = wire.search(&Search::new(&format!("(|(uid={CLAIRE})(mail={CLAIRE}))")));
    one(&login, CLAIRE);
}

#[test]
fn zimbra_completes_by_gn_and_synchronises_in_pages() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let tokens = "(&(|(cn=testeur*)(sn=testeur*)(gn=testeur*)(mail=testeur*))(|(cn=claire*)(sn=claire*)(gn=claire*)(mail=claire*)))";
    let asked = &[
        "gn",
        "sn",
        "cn",
        "mail",
        "modifyTimeStamp",
        "createTimeStamp",
        "objectClass",
    ];
    let answer = wire.search(&Search::new(tokens).asking(asked).with(paged(1000, b"", false)));
    one(&answer, CLAIRE);
    assert_eq!(answer.entries[0].first("gn"), "Claire");
    assert!(answer.entries[0].first("modifyTimeStamp").ends_with('Z'));
    let since = |time: &str| {
        let filter =
            format!("(&(|(modifyTimeStamp>={time})(createTimeStamp>={time}))(|(cn=*)(sn=*)(gn=*)(mail=*)))");
        Search::new(&filter)
            .limits(100, 0)
            .asking(asked)
            .with(paged(1000, b"", false))
    };
    let all = wire.search(&since("20200101000000Z"));
    assert_eq!((all.code, all.entries.len()), (4, 100));
    let none = wire.search(&since("29990101000000Z"));
    assert_eq!((none.code, none.entries.len()), (0, 0));
}

#[test]
fn kde_completes_by_beginnings_and_finds_contexts_and_mechanisms() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let filter = "(&(|(objectclass=person)(objectclass=groupOfNames)(mail=*))(|(cn=testeur*)(mail=testeur*)(givenName=testeur*)(sn=testeur*)))";
    let asked = &["cn", "mail", "givenname", "sn", "objectClass"];
    let answer = wire.search(&Search::new(filter).limits(0, 0).asking(asked));
    one(&answer, CLAIRE);
    assert_eq!(answer.entries[0].first("givenname"), "Claire");
    for name in [&["namingcontexts"][..], &["supportedsaslmechanisms"]] {
        let root = wire.search(&Search::new("(objectClass=*)").at("", BASE).asking(name));
        assert_eq!((root.code, root.entries.len()), (0, 1));
    }
}

#[test]
fn claws_completes_one_word_and_two_and_finds_the_base() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    let asked = &["mail", "cn", "givenName", "sn", "displayName"];
    let one_word =
        "(|(|(|(|(mail=testeur*)(cn=testeur*))(givenName=testeur*))(sn=testeur*))(displayName=testeur*))";
    one(
        &wire.search(&Search::new(one_word).limits(0, 30).asking(asked)),
        CLAIRE,
    );
    let two = "(&(|(&(givenName=claire*)(sn=testeur*))(&(givenName=testeur*)(sn=claire*)))(mail=*))";
    one(
        &wire.search(&Search::new(two).limits(0, 30).asking(asked)),
        CLAIRE,
    );
    let root = wire.search(
        &Search::new("(objectclass=*)")
            .at("", BASE)
            .asking(&["namingcontexts"]),
    );
    assert_eq!(root.entries[0].first("namingcontexts"), "o=mssante,c=fr");
    let config = Search::new("(objectclass=*)").at("cn=config", SUB);
    assert_eq!(wire.search(&config).code, 32);
}

#[test]
fn mutt_and_lbdb_search_by_equality_and_by_parts() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    for x in ["testeur", "*esteu*"] {
        let filter = format!("(|(givenname={x})(sn={x})(cn={x}))");
        one(&wire.search(&Search::new(&filter).limits(0, 0)), CLAIRE);
    }
}

#[test]
fn mediboard_s_form_finds_by_what_was_filled_and_by_nothing() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    const PER: &[&str] = &[
        "givenName",
        "sn",
        "mail",
        "IdentifiantPP",
        "TypeIdentifiantPP",
        "profession",
        "l",
    ];
    const ORG: &[&str] = &[
        "o",
        "mail",
        "IdentifiantPM",
        "TypeIdentifiantPM",
        "l",
        "description",
    ];
    let at = |filter: &str, asked| {
        Search::new(filter)
            .at("dc=mssante,dc=fr", SUB)
            .limits(0, 0)
            .asking(asked)
    };
    for filter in [
        "(&(givenName=claire)(sn=testeur)(profession=50))",
        "(&(sn=test*)(IdentifiantPP=99000000002)(TypeIdentifiantPP=8))",
        "(&(mail=claire.testeur@*)(l=nantes))",
    ] {
        let answer = wire.search(&at(filter, PER));
        one(&answer, CLAIRE);
        let entry = &answer.entries[0];
        assert!(entry.dn.ends_with(",ou=bal,dc=mssante,dc=fr"), "{}", entry.dn);
        assert_eq!(
            entry.attributes.keys().collect::<Vec<_>>().len(),
            PER.len(),
            "{entry:?}"
        );
    }
    let all = wire.search(&at("(&)", ORG));
    assert_eq!((all.code, all.entries.len()), (4, 100));
}

#[test]
fn a_value_in_latin_1_costs_its_own_leg_only() {
    let place = Place::new();
    let (_node, mut wire) = served(&place);
    one(
        &wire.search(&Search::new(
            r"(|(cn=*andr\e9*)(sn=*\e9*)(mail=testeur*)(sn=testeur))",
        )),
        CLAIRE,
    );
    let negated = wire.search(&Search::new(r"(&(sn=testeur)(!(givenName=\e9)))"));
    assert_eq!((negated.code, negated.entries.len()), (0, 0));
}
