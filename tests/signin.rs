//! Sign-in from outside: what is revoked ends at once on every node, and guessing is slow for the guesser alone.

mod support;

use std::time::{Duration, Instant};

use support::http::Caller;
use support::wire::{Search, Wire, bind};
use support::{Barrier, Node, Place, eventually};

const DOMAINS: &str = "/api/v1/domaines";

fn session(node: &Node, key: &str) -> Wire {
    let mut wire = Wire::connect(&node.ldap);
    assert_eq!(
        wire.result(&bind(3, "uid=logiciel,ou=comptes,o=mssante,c=fr", key), &[]),
        0
    );
    wire
}

/// Asks on a session until the server ends it with a notice.
fn is_ended(mut wire: Wire) {
    eventually("the session is ended", Duration::from_secs(10), || {
        let id = wire.ask(&Search::new("(mail=claire.testeur*)").operation(), &[]);
        loop {
            let message = wire.next().expect("a notice of disconnection before the end");
            match (message.id, message.tag) {
                (0, 0x78) => return wire.next().is_none(),
                (answered, 0x65) if answered == id => return false,
                _ => {}
            }
        }
    });
}

#[test]
fn what_is_revoked_or_replaced_ends_on_every_node_and_in_every_session() {
    let place = Place::new();
    let first = place.serve_sample(&[]);
    let elsewhere = Place::new();
    let second = elsewhere.serve(&["--database-url", &place.database_url()]);
    let key = place.account("logiciel", "professional", &[]);
    let status = |node: &Node, key: &str| Caller::new(&node.http, key).get(DOMAINS).status;
    let sessions = [session(&first, &key), session(&second, &key)];
    assert_eq!((status(&first, &key), status(&second, &key)), (200, 200));

    let new_key = place.ok(&["account", "rotate", "logiciel"]).trim().to_owned();
    assert_eq!((status(&first, &key), status(&second, &key)), (401, 401));
    assert_eq!((status(&first, &new_key), status(&second, &new_key)), (200, 200));
    sessions.into_iter().for_each(is_ended);

    // Another account's end is none of this session's business.
    place.account("autre", "professional", &[]);
    let mut stays = session(&first, &new_key);
    place.ok(&["account", "revoke", "autre"]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(stays.search(&Search::new("(mail=claire.testeur*)")).code, 0);

    let other = session(&second, &new_key);
    place.ok(&["account", "revoke", "logiciel"]);
    assert_eq!((status(&first, &new_key), status(&second, &new_key)), (401, 401));
    [stays, other].into_iter().for_each(is_ended);
}

#[test]
fn what_is_revoked_ends_while_a_node_builds_its_index() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.account("logiciel", "professional", &[]);
    let session = session(&node, &key);
    let barrier = Barrier::raise(&place, "structures_finess");
    place.sql(
        "insert into publications (version, rebuild, public_version)
         select max(version) + 1, true, max(public_version) + 1 from publications;
         notify annuaire",
    );
    let waiting = "select count(*) from pg_stat_activity
                   where wait_event_type = 'Lock' and query like 'declare all_structures%'";
    eventually("the build waits", Duration::from_secs(20), || {
        place.sql(waiting) == "1"
    });
    place.ok(&["account", "revoke", "logiciel"]);
    is_ended(session);
    drop(barrier);
}

#[test]
fn guessing_is_slow_for_the_guesser_alone() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.account("logiciel", "professional", &[]);
    let other_key = place.account("autre", "professional", &[]);
    let wrong = format!("{}{}", &key[..20], "0".repeat(64));
    let mut guesser = Caller::new(&node.http, &wrong);
    let started = Instant::now();
    for _ in 0..7 {
        assert_eq!(guesser.get(DOMAINS).status, 401);
    }
    // Three at once, then 100, 200, 400 and 800 ms.
    assert!(
        started.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        started.elapsed()
    );
    let name = "uid=logiciel,ou=comptes,o=mssante,c=fr";
    let started = Instant::now();
    for _ in 0..7 {
        assert_eq!(Wire::connect(&node.ldap).result(&bind(3, name, &wrong), &[]), 49);
    }
    assert!(
        started.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        started.elapsed()
    );

    // The next failure would wait 1.6 s; who knows the key, or has another account, does not.
    let started = Instant::now();
    assert_eq!(Caller::new(&node.http, &key).get(DOMAINS).status, 200);
    assert_eq!(Wire::connect(&node.ldap).result(&bind(3, name, &key), &[]), 0);
    assert_eq!(Caller::new(&node.http, &other_key).get(DOMAINS).status, 200);
    assert!(
        started.elapsed() < Duration::from_millis(1500),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_revocation_that_came_while_the_node_was_not_listening_ends_sessions_too() {
    let place = Place::new();
    let node = place.serve_sample(&[]);
    let key = place.account("logiciel", "professional", &[]);
    let held = session(&node, &key);
    // One session of Postgres does both: nobody listens when the end of the account is told.
    place.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%';
         update accounts set revoked_at = now() where name = 'logiciel';
         select pg_notify('annuaire_comptes', '')",
    );
    is_ended(held);
}
