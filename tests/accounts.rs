//! Accounts and keys against a real Postgres.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use annuaire::store::accounts::{self, AccountError, NewAccount, Role};
use annuaire::store::cluster::Cluster;
use annuaire::store::connect::{StoreSettings, migrate, pool};
use sqlx::PgPool;

struct Store {
    pool: PgPool,
    cluster: Option<Cluster>,
    _dir: tempfile::TempDir,
}

impl Store {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let settings = StoreSettings {
            database_url: None,
            data_dir: PathBuf::from(dir.path()),
        };
        let (pool, cluster) = pool(&settings).await.unwrap_or_else(|error| panic!("{error}"));
        // Two nodes that start together.
        let (first, second) = tokio::join!(migrate(&pool), migrate(&pool));
        first.and(second).unwrap();
        Self {
            pool,
            cluster,
            _dir: dir,
        }
    }

    async fn close(self) {
        self.pool.close().await;
        self.cluster.unwrap().release().await;
    }
}

fn software(name: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        role: Role::Professional,
        operator_name: None,
        domains: vec![],
    }
}

#[tokio::test]
async fn a_key_opens_its_account_until_it_is_replaced_or_revoked() {
    let store = Store::new().await;
    let pool = &store.pool;
    let asked = NewAccount {
        name: "operateur-a".to_owned(),
        role: Role::Operator,
        operator_name: Some("Opérateur A".to_owned()),
        domains: vec!["A-exemple.mssante.fr".to_owned()],
    };
    let (made, key) = accounts::create(pool, &asked).await.unwrap();
    assert_eq!(made.domains, ["a-exemple.mssante.fr"]);
    assert_eq!(made.revoked_at, None);
    let (other, other_key) = accounts::create(pool, &software("logiciel")).await.unwrap();

    // By the key alone, and by name and key.
    assert_eq!(
        accounts::authenticate_key(pool, key.expose()).await.unwrap(),
        Some(made.clone())
    );
    assert_eq!(
        accounts::authenticate(pool, "operateur-a", key.expose())
            .await
            .unwrap(),
        Some(made.clone())
    );
    assert_eq!(
        accounts::authenticate(pool, "logiciel", other_key.expose())
            .await
            .unwrap(),
        Some(other)
    );

    // Somebody else's key, no account, no key: all the same.
    let id_of_another = format!("{}{}", &key.expose()[..19], &other_key.expose()[19..]);
    for wrong in [
        "",
        "ak_",
        "secret",
        other_key.expose(),
        &id_of_another,
        &format!("{} ", key.expose()),
    ] {
        assert_eq!(
            accounts::authenticate(pool, "operateur-a", wrong).await.unwrap(),
            None,
            "{wrong}"
        );
    }
    for name in ["", "personne", "OPERATEUR-A", "operateur-a\0", "%"] {
        assert_eq!(
            accounts::authenticate(pool, name, key.expose()).await.unwrap(),
            None,
            "{name}"
        );
    }
    for wrong in ["", "ak_\0", &id_of_another] {
        assert_eq!(
            accounts::authenticate_key(pool, wrong).await.unwrap(),
            None,
            "{wrong}"
        );
    }

    let new_key = accounts::rotate(pool, "operateur-a").await.unwrap();
    assert_eq!(
        accounts::authenticate_key(pool, key.expose()).await.unwrap(),
        None
    );
    assert_eq!(
        accounts::authenticate_key(pool, new_key.expose()).await.unwrap(),
        Some(made)
    );

    accounts::revoke(pool, "operateur-a").await.unwrap();
    assert_eq!(
        accounts::authenticate_key(pool, new_key.expose()).await.unwrap(),
        None
    );
    assert_eq!(
        accounts::authenticate(pool, "operateur-a", new_key.expose())
            .await
            .unwrap(),
        None
    );
    for again in [
        accounts::revoke(pool, "operateur-a").await,
        accounts::rotate(pool, "operateur-a").await.map(drop),
    ] {
        assert!(matches!(again, Err(AccountError::Unknown(_))));
    }
    // The name stays taken, and the account listed.
    assert!(matches!(
        accounts::create(pool, &asked).await,
        Err(AccountError::NameTaken(_))
    ));
    let listed = accounts::list(pool).await.unwrap();
    let revoked: Vec<_> = listed
        .iter()
        .map(|one| (one.name.as_str(), one.revoked_at.is_some()))
        .collect();
    assert_eq!(revoked, [("logiciel", false), ("operateur-a", true)]);
    store.close().await;
}

#[tokio::test]
async fn a_stored_account_does_not_hold_its_key() {
    let store = Store::new().await;
    let (_, key) = accounts::create(&store.pool, &software("logiciel"))
        .await
        .unwrap();
    let row: String = sqlx::query_scalar("select accounts::text from accounts")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    assert!(!row.contains(&key.expose()[20..]));
    store.close().await;
}
