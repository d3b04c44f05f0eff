//! Accounts and their keys: making, listing, revoking, and telling who presents a key. A key is shown once and stored
//! as a digest; nothing here prints or logs one. What an account may see is decided in `visibility`, not here.

mod key;

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

pub use self::key::Key;
pub use self::key::key_id;
use self::key::{NO_DIGEST, digest, same};

/// The channel on which changes of accounts are told to nodes.
pub const CHANNEL: &str = "annuaire_comptes";
/// Longest account name, in bytes.
const NAME_MAX: usize = 64;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// A health professional or practice software.
    Professional,
    /// The operator of the mailboxes of certain domains.
    Operator,
    /// Somebody who runs the directory.
    Administrator,
}

impl Role {
    /// The word used in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Professional => "professional",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

/// An account, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Our own number, for the audit log.
    pub id: i64,
    /// Its name, unique for ever.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The operator it acts for; present for operators and only for them.
    pub operator_name: Option<String>,
    /// The domains it may publish in, in lower case, sorted; empty unless an operator's.
    pub domains: Vec<String>,
    /// When it was made, by the database's clock.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// What is asked for when an account is made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// For an operator: its name.
    pub operator_name: Option<String>,
    /// For an operator: its domains, at least one; written in any case.
    pub domains: Vec<String>,
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is not one.
    #[error("`{0}` is not an account name: use 1 to 64 of a-z, 0-9, `.`, `_` and `-`")]
    Name(String),
    /// The name is or was in use.
    #[error("an account `{0}` exists or has existed, and names are not given twice: choose another")]
    NameTaken(String),
    /// An operator without operator or domain.
    #[error(
        "an operator's account needs its operator's name and one domain at least (--operator NAME --domain …)"
    )]
    OperatorWithoutDomain,
    /// Another account with an operator or domains.
    #[error("only an operator's account has an operator's name and domains (--role operator)")]
    DomainWithoutOperator,
    /// Not a domain.
    #[error("`{0}` is not a domain: write it like exemple.mssante.fr, accents in their xn-- form")]
    Domain(String),
    /// No such account, or revoked.
    #[error("there is no account `{0}` in use: see `annuaire account list`")]
    Unknown(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a key: {0}")]
    Random(#[from] getrandom::Error),
    /// Postgres failed.
    #[error("accounts cannot be read or written: {0}")]
    Database(#[from] sqlx::Error),
}

const COLUMNS: &str = "id, name, role, operator_name, domains, \
    (extract(epoch from created_at) * 1000000)::bigint as created_at, \
    (extract(epoch from revoked_at) * 1000000)::bigint as revoked_at";

/// Makes an account and its key, which cannot be had again.
pub async fn create(pool: &PgPool, new: &NewAccount) -> Result<(Account, Key), AccountError> {
    let domains = check(new)?;
    let key = Key::generate()?;
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "insert into accounts (name, role, operator_name, domains, key_id, key_hash) \
         values ($1, $2, $3, $4, $5, $6) on conflict (name) do nothing returning {COLUMNS}"
    )))
    .bind(&new.name)
    .bind(new.role.as_str())
    .bind(&new.operator_name)
    .bind(&domains)
    .bind(key.id())
    .bind(digest(key.expose()))
    .fetch_optional(pool)
    .await?
    .ok_or_else(|| AccountError::NameTaken(new.name.clone()))?;
    Ok((account(&row)?, key))
}

/// All accounts by name, the revoked ones too.
pub async fn list(pool: &PgPool) -> Result<Vec<Account>, AccountError> {
    let sql = format!("select {COLUMNS} from accounts order by name");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?;
    Ok(rows.iter().map(account).collect::<Result<_, _>>()?)
}

/// Ends an account, at once and for good.
pub async fn revoke(pool: &PgPool, name: &str) -> Result<(), AccountError> {
    // One statement: nodes hold sessions that were signed in before, and are told if anything was done.
    let sql = "with revoked as (
            update accounts set revoked_at = now() where name = $1 and revoked_at is null returning 1)
        select pg_notify($2, '') from revoked";
    let revoked = sqlx::query(sql).bind(name).bind(CHANNEL).fetch_optional(pool);
    match revoked.await? {
        None => Err(AccountError::Unknown(name.to_owned())),
        Some(_) => Ok(()),
    }
}

/// Gives an account a new key; the old one is refused from now on.
pub async fn rotate(pool: &PgPool, name: &str) -> Result<Key, AccountError> {
    let key = Key::generate()?;
    let sql = "with rotated as (
            update accounts set key_id = $2, key_hash = $3 where name = $1 and revoked_at is null returning 1)
        select pg_notify($4, '') from rotated";
    let rotated = sqlx::query(sql)
        .bind(name)
        .bind(key.id())
        .bind(digest(key.expose()))
        .bind(CHANNEL)
        .fetch_optional(pool);
    match rotated.await? {
        None => Err(AccountError::Unknown(name.to_owned())),
        Some(_) => Ok(key),
    }
}

/// Whose key this is (REST). None for a key that is malformed, unknown or of a revoked account.
pub async fn authenticate_key(pool: &PgPool, presented: &str) -> Result<Option<Account>, sqlx::Error> {
    find_and_compare(pool, "key_id", key_id(presented), presented).await
}

/// Whether this is the key of the account of this name (LDAP simple bind); the account if so.
pub async fn authenticate(
    pool: &PgPool,
    name: &str,
    presented: &str,
) -> Result<Option<Account>, sqlx::Error> {
    find_and_compare(pool, "name", if is_name(name) { name } else { "" }, presented).await
}

/// Whether an account is still in use, and still has the key with this part that is not secret (empty for any).
pub async fn stands(pool: &PgPool, name: &str, key_id: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from accounts
             where name = $1 and revoked_at is null and (key_id = $2 or $2 = ''))",
    )
    .bind(name)
    .bind(key_id)
    .fetch_one(pool)
    .await
}

/// The account of this name, whose holder has proved by other means who they are. None for a revoked one.
pub async fn named(pool: &PgPool, name: &str) -> Result<Option<Account>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from accounts where name = $1 and revoked_at is null");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(if is_name(name) { name } else { "" })
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(account).transpose()
}

/// One digest, one look-up by index, one comparison in constant time: the same for an account that does not exist,
/// for one that was revoked and for a wrong key. `wanted` is empty where nothing can be found.
async fn find_and_compare(
    pool: &PgPool,
    column: &'static str,
    wanted: &str,
    presented: &str,
) -> Result<Option<Account>, sqlx::Error> {
    let given = digest(presented);
    let sql = format!("select key_hash, {COLUMNS} from accounts where {column} = $1 and revoked_at is null");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(wanted)
        .fetch_optional(pool)
        .await?;
    let stored = match &row {
        Some(row) => row.try_get("key_hash")?,
        None => NO_DIGEST.to_vec(),
    };
    let is_same = same(&stored, &given);
    row.filter(|_| is_same).as_ref().map(account).transpose()
}

fn account(row: &PgRow) -> Result<Account, sqlx::Error> {
    let role: &str = row.try_get("role")?;
    let role = [Role::Professional, Role::Operator, Role::Administrator]
        .into_iter()
        .find(|known| known.as_str() == role)
        .ok_or_else(|| sqlx::Error::Decode(format!("unknown role {role}").into()))?;
    let revoked_at: Option<i64> = row.try_get("revoked_at")?;
    Ok(Account {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role,
        operator_name: row.try_get("operator_name")?,
        domains: row.try_get("domains")?,
        created_at: time(row.try_get("created_at")?)?,
        revoked_at: revoked_at.map(time).transpose()?,
    })
}

fn time(microseconds: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(microseconds).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Checks what is asked for, without the store; gives the domains in lower case, sorted, each once.
pub fn check(new: &NewAccount) -> Result<Vec<String>, AccountError> {
    if !is_name(&new.name) {
        return Err(AccountError::Name(new.name.clone()));
    }
    let operator_name = new.operator_name.as_deref().unwrap_or_default().trim();
    match new.role {
        Role::Operator if operator_name.is_empty() || new.domains.is_empty() => {
            return Err(AccountError::OperatorWithoutDomain);
        }
        Role::Professional | Role::Administrator
            if new.operator_name.is_some() || !new.domains.is_empty() =>
        {
            return Err(AccountError::DomainWithoutOperator);
        }
        _ => {}
    }
    let mut domains: Vec<String> = new
        .domains
        .iter()
        .map(|domain| domain.to_ascii_lowercase())
        .collect();
    domains.sort();
    domains.dedup();
    match domains.iter().find(|domain| !is_domain(domain)) {
        Some(wrong) => Err(AccountError::Domain(wrong.clone())),
        None => Ok(domains),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// RFC 1035 section 2.3.1, with two labels at least.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(name: &str, domains: &[&str]) -> NewAccount {
        NewAccount {
            name: name.to_owned(),
            role: Role::Operator,
            operator_name: Some("Opérateur d'exemple".to_owned()),
            domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["a", "cabinet-1", "logiciel.exemple_2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Claire", "a b", "é", "a/b", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn domains_are_kept_in_lower_case_each_once() {
        let new = operator(
            "op",
            &[
                "B-exemple.mssante.fr",
                "a-exemple.mssante.fr",
                "b-exemple.mssante.fr",
            ],
        );
        assert_eq!(
            check(&new).unwrap(),
            ["a-exemple.mssante.fr", "b-exemple.mssante.fr"]
        );
    }

    #[test]
    fn a_wrong_domain_is_named() {
        for domain in ["mssante", "a..fr", "-a.fr", "a@b.fr", "hôpital.fr", ""] {
            assert!(
                matches!(check(&operator("op", &[domain])), Err(AccountError::Domain(_))),
                "{domain}"
            );
        }
    }

    #[test]
    fn operators_and_only_they_have_domains() {
        assert!(matches!(
            check(&operator("op", &[])),
            Err(AccountError::OperatorWithoutDomain)
        ));
        let other = NewAccount {
            role: Role::Administrator,
            ..operator("adm", &["a-exemple.mssante.fr"])
        };
        assert!(matches!(check(&other), Err(AccountError::DomainWithoutOperator)));
    }
}
