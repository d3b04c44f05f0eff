//! Wrong use from outside: exit status 2, a message that says what to write instead, and nothing begun.

mod support;

use support::Place;

/// Runs a command that must be refused as wrong use; gives its message.
fn refused(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "annuaire {arguments:?}: {told}");
    assert!(!place.path("data").exists(), "nothing is made: {arguments:?}");
    told
}

#[test]
fn an_account_that_cannot_be_is_wrong_use() {
    let place = Place::new();
    let create = |name: &str, more: &[&str]| {
        let all = [&["account", "create", name, "--role"], more].concat();
        refused(&place, &all)
    };
    assert!(create("Cabinet Lilas", &["professional"]).contains("`Cabinet Lilas` is not an account name"));
    assert!(create("alpha", &["operator"]).contains("--operator NAME --domain"));
    assert!(create("alpha", &["professional", "--domain", "a.fr"]).contains("--role operator"));
    let wrong = ["operator", "--operator", "ALPHA", "--domain", "pas un domaine"];
    assert!(create("alpha", &wrong).contains("`pas un domaine` is not a domain"));
    create("alpha", &["king"]);
}

#[test]
fn what_only_reads_makes_no_store_where_there_is_none() {
    let place = Place::new();
    for command in [
        &["status"][..],
        &["history", "990000001"],
        &["audit"],
        &["purge"],
        &["reindex"],
        &["export", "structures"],
    ] {
        let output = place.run(command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {told}");
        assert!(told.contains("there is no store under"), "{command:?}: {told}");
        assert!(!place.path("data").exists(), "{command:?}");
    }
}

#[test]
fn a_base_that_is_no_name_or_another_context_is_wrong_use() {
    let place = Place::new();
    let base = |dn: &str| refused(&place, &["serve", "--base-dn", dn]);
    assert!(base("mssante").contains("--base-dn mssante: "));
    assert!(base("").contains("o=mssante,c=fr"));
    // People and structures have a context of their own, so that a mail client meets mailboxes only.
    for dn in [
        "o=annuaire-sante,c=fr",
        "O=Annuaire-Sante, C=FR",
        "c=fr",
        "ou=bal,o=annuaire-sante,c=fr",
    ] {
        assert!(
            base(dn).contains("o=annuaire-sante,c=fr, which this server answers too"),
            "{dn}"
        );
    }
    assert!(base("dc=fr").contains("dc=mssante,dc=fr"));
}

#[test]
fn half_a_certificate_is_wrong_use() {
    let place = Place::new();
    for flag in ["--tls-cert", "--tls-key"] {
        let told = refused(&place, &["serve", flag, "cert.pem"]);
        assert!(told.contains("--tls-cert and --tls-key go together"), "{told}");
    }
}
