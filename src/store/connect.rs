//! The pool of connections: to the Postgres of `ANNUAIRE_DATABASE_URL`, or to the private cluster. Errors name the
//! server and never the password.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use super::cluster::{self, Cluster, ClusterError};
use crate::room::{self, Backend};

/// Connections of one process. Several processes share a private cluster, which has room for 50.
const CONNECTIONS: u32 = 8;
/// Those of a pool [`beside`] the first.
const CONNECTIONS_BESIDE: u32 = 4;
/// How long a request waits for a connection before it is answered with a failure.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long the first connection may take.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);

/// Where the data are.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// A Postgres server; none means the private cluster.
    pub database_url: Option<DatabaseUrl>,
    /// The private cluster, the index and the locks lie here.
    pub data_dir: PathBuf,
}

/// `postgres://user:password@host:port/database`: a secret, hidden from `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Whether it is the empty text, as an environment file gives for "none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address given is not one. The cause is told without the address, which holds the password.
    #[error(
        "ANNUAIRE_DATABASE_URL is not a Postgres address ({cause}): \
         write postgres://user:password@host:5432/database"
    )]
    Url {
        /// What the parser said.
        cause: String,
    },
    /// Nobody answers there.
    #[error(
        "no Postgres answers at {server}: {cause}; check ANNUAIRE_DATABASE_URL and that the server runs, \
         or leave it out to use a private cluster"
    )]
    Unreachable {
        /// Host, port and database.
        server: String,
        /// What the network said.
        cause: String,
    },
    /// The server answers, and refuses.
    #[error("Postgres at {server} refuses the connection: {cause}")]
    Refused {
        /// Host, port and database.
        server: String,
        /// What it said: wrong password, no such database, too many connections…
        cause: sqlx::Error,
    },
    /// The private cluster cannot be used.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// Opens a pool. Keep the [`Cluster`], if there is one, as long as the pool; close the pool, then release it.
///
/// At least one connection has been made when this returns.
pub async fn pool(settings: &StoreSettings) -> Result<(PgPool, Option<Cluster>), ConnectError> {
    let (options, cluster) = match &settings.database_url {
        Some(url) => (given_server(url).await?, None),
        None => {
            let (cluster, options) = cluster::join(&settings.data_dir).await?;
            (options, Some(cluster))
        }
    };
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(true)
        .connect_lazy_with(options);
    Ok((pool, cluster))
}

/// A small pool to the same server, for those who may hold a connection for seconds while they wait for each other.
pub fn beside(pool: &PgPool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS_BESIDE)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(true)
        .connect_lazy_with(pool.connect_options().as_ref().clone())
}

/// The same pool for who gives way to the node of a data directory: see [`room`].
pub fn giving_way(pool: &PgPool) -> PgPool {
    let options = pool.connect_options().as_ref().clone();
    let is_here = is_here(&options);
    pool.options()
        .clone()
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if is_here {
                    // It works for nobody else, to its end.
                    std::mem::forget(backend(connection).await?);
                }
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// Has what Postgres does for one connection of a pool leave [`room`], until what is given is dropped.
pub async fn leave_room(
    pool: &PgPool,
    connection: &mut PgConnection,
) -> Result<Option<Backend>, sqlx::Error> {
    match is_here(&pool.connect_options()) {
        true => backend(connection).await,
        false => Ok(None),
    }
}

/// Has the processes that write to the disk for everybody leave [`room`], as long as they and this process last.
pub async fn writers_leave_room(pool: &PgPool) -> Result<(), sqlx::Error> {
    if is_here(&pool.connect_options()) {
        let numbers: Vec<i32> = sqlx::query_scalar(
            "select pid from pg_stat_activity where backend_type in ('checkpointer', 'background writer', 'walwriter')",
        )
        .fetch_all(pool)
        .await?;
        numbers
            .into_iter()
            .filter_map(Backend::of)
            .for_each(std::mem::forget);
    }
    Ok(())
}

/// Whether a Postgres is asked through a socket of this machine.
fn is_here(options: &PgConnectOptions) -> bool {
    options.get_socket().is_some() || options.get_host().starts_with('/')
}

/// The process of a connection to a Postgres on this machine, which does all by itself while the node is asked: helpers would
/// leave no room.
async fn backend(connection: &mut PgConnection) -> Result<Option<Backend>, sqlx::Error> {
    if room::is_asked() {
        sqlx::raw_sql("set max_parallel_workers_per_gather = 0; set max_parallel_maintenance_workers = 0")
            .execute(&mut *connection)
            .await?;
    }
    let number = sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection);
    Ok(Backend::of(number.await?))
}

/// Connects once without a pool, which would hide every refusal behind "timed out".
async fn given_server(url: &DatabaseUrl) -> Result<PgConnectOptions, ConnectError> {
    if !url.0.starts_with("postgres://") && !url.0.starts_with("postgresql://") {
        return Err(ConnectError::Url {
            cause: "it does not begin with postgres://".to_owned(),
        });
    }
    let options = match PgConnectOptions::from_str(&url.0) {
        Ok(options) => options.application_name("annuaire").disable_statement_logging(),
        Err(sqlx::Error::Configuration(cause)) => {
            return Err(ConnectError::Url {
                cause: cause.to_string(),
            });
        }
        Err(_) => {
            return Err(ConnectError::Url {
                cause: "it cannot be read".to_owned(),
            });
        }
    };
    let server = || {
        let (host, port) = (options.get_host(), options.get_port());
        format!(
            "{host}:{port}/{}",
            options.get_database().unwrap_or(options.get_username())
        )
    };
    let unreachable = |cause: String| ConnectError::Unreachable {
        server: server(),
        cause,
    };
    match tokio::time::timeout(FIRST_CONNECTION, PgConnection::connect_with(&options)).await {
        Ok(Ok(connection)) => {
            // It served its purpose; how its closing ends changes nothing.
            let _ = connection.close().await;
            Ok(options)
        }
        Ok(Err(sqlx::Error::Io(cause))) => Err(unreachable(cause.to_string())),
        Ok(Err(cause)) => Err(ConnectError::Refused {
            server: server(),
            cause,
        }),
        Err(_) => Err(unreachable(format!(
            "nothing in {} seconds",
            FIRST_CONNECTION.as_secs()
        ))),
    }
}

/// Brings the schema up to what this binary knows, under a lock of Postgres: nodes that start together take turns.
/// A schema that is newer is left as it is and accepted, so that old and new nodes serve side by side.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    sqlx::migrate!("schema/postgres")
        .set_ignore_missing(true)
        .run(pool)
        .await
}

/// Whether a statement failed because somebody else holds a lock that it did not want to wait for.
pub fn is_lock_taken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("55P03")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(url: &str) -> String {
        let settings = StoreSettings {
            database_url: Some(url.to_owned().into()),
            data_dir: PathBuf::from("unused"),
        };
        pool(&settings).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_wrong_address_is_explained_without_its_password() {
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h:nineteen/d",
            "postgres://u:secret@[/d",
        ] {
            let text = refusal(url).await;
            assert!(text.contains("postgres://user:password@host"), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let text = refusal("postgres://u:secret@127.0.0.1:1/somewhere").await;
        assert!(
            text.contains("no Postgres answers at 127.0.0.1:1/somewhere"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn settings_do_not_print_the_password() {
        let url = DatabaseUrl::from("postgres://u:secret@h/d".to_owned());
        let settings = StoreSettings {
            database_url: Some(url),
            data_dir: PathBuf::from("data"),
        };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
