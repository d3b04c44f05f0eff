//! The commands, one file each. Results go to standard output, messages to standard error; the exit status is 0
//! when done, 1 when failed, 2 when used wrongly.

mod account;
mod audit;
mod export;
mod history;
pub mod http_limits;
mod import;
pub mod ldap_limits;
pub mod retention;
mod sample;
mod serve;
pub mod settings;
mod status;
mod watch;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use self::settings::{CommonOptions, CommonSettings, ServeOptions, SettingsFile};
use crate::store::cluster::{self, Cluster};
use crate::store::connect;

/// The national directory of French health professionals, over LDAP and REST.
#[derive(Debug, Parser)]
#[command(name = "annuaire", version)]
struct Arguments {
    #[command(flatten)]
    common: CommonOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recognises and loads extracts (files or folders; plain, gzip or zip)
    Import(import::ImportOptions),
    /// Serves LDAP, LDAPS, REST and the administration address
    Serve {
        #[command(flatten)]
        options: Box<ServeOptions>,
        /// Loads the extracts of this folder, marked as a sample, when the store holds nothing
        #[arg(long, value_name = "DIR")]
        load_sample_when_empty: Option<std::path::PathBuf>,
    },
    /// Writes an extraction
    Export(Box<export::ExportOptions>),
    /// Accounts and their keys
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// The audit: who published, read or suppressed what only few may see
    Audit(audit::AuditOptions),
    /// Removes what has been kept long enough of the audit and of rejected lines; a serving node does it by itself
    Purge {
        #[command(flatten)]
        options: retention::RetentionOptions,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Writes made-up extracts in the official layouts
    Sample(sample::SampleOptions),
    /// What is loaded, of which date, and which nodes serve it
    Status {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// What changed of one entry: by address, identification nationale, FINESS number, SIRET or public id
    History {
        identifier: String,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Builds this data directory's index anew beside the old one, and swaps
    Reindex,
}

/// Any error, told to the user as it stands.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The command was used wrongly: nothing was begun, and the exit status is 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

impl Misuse {
    /// The failure that an error of what was asked for is.
    fn of(error: impl std::fmt::Display) -> Failure {
        Box::new(Self(error.to_string()))
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match SettingsFile::read(&arguments.common) {
        Ok(settings) => settings,
        Err(error) => return failed(&error, 2),
    };
    let common = settings.common(&arguments.common);
    // Postgres's notices on migrations that are already there tell nobody anything.
    let filter = match tracing_subscriber::EnvFilter::try_new(format!("sqlx=warn,{}", common.log)) {
        Ok(filter) => filter,
        Err(error) => return failed(&format!("--log: {error}"), 2),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Import(options) => import::run(&common, options).await,
            Command::Serve {
                options,
                load_sample_when_empty,
            } => {
                serve::run(
                    &common,
                    settings.serve(&options, common.history_days),
                    load_sample_when_empty,
                )
                .await
            }
            Command::Export(options) => export::run(&common, *options).await,
            Command::Account(command) => account::run(&common, command).await,
            Command::Audit(options) => audit::run(&common, options).await,
            Command::Purge { options, json } => {
                retention::run(&common, &settings.retention(&options, common.history_days), json).await
            }
            Command::Sample(options) => sample::run(&options),
            Command::Status { json } => status::run(&common, json).await,
            Command::History { identifier, json } => history::run(&common, &identifier, json).await,
            Command::Reindex => serve::reindex(&common).await,
        }
    });
    // Threads that still read a file or an index do not keep the program.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) => failed(&error, if error.is::<Misuse>() { 2 } else { 1 }),
    }
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("annuaire: {error}");
    ExitCode::from(code)
}

/// A line on standard output. Who reads no more, as `head`, has had enough, which is no failure.
fn say(text: impl std::fmt::Display) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Connects to the store and brings its schema up to date.
async fn open_store(common: &CommonSettings) -> Result<(sqlx::PgPool, Option<Cluster>), Failure> {
    let (pool, cluster) = connect::pool(&common.store).await?;
    if let Err(error) = connect::migrate(&pool).await {
        close_store(pool, cluster).await;
        return Err(format!("the store's tables could not be brought up to date: {error}").into());
    }
    Ok((pool, cluster))
}

/// The same for what only reads or tidies up: a mistyped directory gets an error, not a store of its own.
async fn open_existing_store(common: &CommonSettings) -> Result<(sqlx::PgPool, Option<Cluster>), Failure> {
    let data_dir = &common.store.data_dir;
    if common.store.database_url.is_none() && !cluster::is_made(data_dir) {
        return Err(format!(
            "there is no store under {}: import something there first, or say where it is \
             (--data-dir, ANNUAIRE_DATABASE_URL)",
            data_dir.display()
        )
        .into());
    }
    open_store(common).await
}

/// How long the connections to the store may take to end.
const CLOSING: Duration = Duration::from_secs(2);

/// Leaves the store; the last one out stops a private Postgres. An index in the making keeps its connection to the end:
/// whoever is told to stop meanwhile does not wait for that.
async fn close_store(pool: sqlx::PgPool, cluster: Option<Cluster>) {
    let _ = tokio::time::timeout(CLOSING, pool.close()).await;
    if let Some(cluster) = cluster {
        cluster.release().await;
    }
}
