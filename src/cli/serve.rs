//! `annuaire serve`: the node, from the store to the listeners and back down again.

mod bounds;
mod chores;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::chores::Chores;
use super::settings::{CommonSettings, ServeSettings};
use super::{Failure, Misuse, close_store, open_existing_store, open_store};
use crate::export::Exports;
use crate::import;
use crate::index::node::Node;
use crate::ldap::{self, tree::Tree};
use crate::priority;
use crate::rest::RestState;
use crate::room;
use crate::server::listeners::Listeners;
use crate::server::tls::{TlsError, TlsIdentity};
use crate::service::Directory;
use crate::source::signature::Trust;
use crate::store::changes;
use crate::store::contact::Contact;
use crate::store::lock::{ServeLock, Use};

/// How long answers under way may take once the node is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a node that starts waits until it has caught up with the store, before it answers.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// Serves until SIGTERM or Ctrl-C.
pub async fn run(
    common: &CommonSettings,
    settings: ServeSettings,
    sample: Option<PathBuf>,
) -> Result<ExitCode, Failure> {
    // Wrong use is told before anything is made or started for it.
    Tree::new(&settings.base_dn)
        .map_err(|error| Misuse::of(format_args!("--base-dn {}: {error}", settings.base_dn)))?;
    if settings.tls_cert.is_some() != settings.tls_key.is_some() {
        return Err(Misuse::of(TlsError::Half));
    }
    let data_dir = common.store.data_dir.clone();
    std::fs::create_dir_all(&data_dir)
        .map_err(|error| format!("cannot make the data directory {}: {error}", data_dir.display()))?;
    let mut lock = ServeLock::hold_to_serve(&data_dir, Timestamp::now()).await?;
    let (pool, cluster) = open_store(common).await?;
    // Where answers give way themselves, nothing is left to them.
    if !priority::is_lowered() {
        room::leave(&data_dir, common.leave_processors);
    }
    let done = serve(&data_dir, &settings, sample, &pool, &mut lock).await;
    room::end();
    close_store(pool, cluster).await;
    done.map(|()| ExitCode::SUCCESS)
}

/// Builds the index of this data directory anew.
pub async fn reindex(common: &CommonSettings) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_existing_store(common).await?;
    let done = async {
        let lock = ServeLock::hold_data_dir(&common.store.data_dir, Use::Indexing, Timestamp::now())?;
        let node = Node::open_held(&common.store.data_dir, &lock)?;
        node.rebuild(&pool).await?;
        Ok::<_, Failure>(node.version())
    };
    let done = done.await;
    close_store(pool, cluster).await;
    eprintln!("the index shows version {}", done?);
    Ok(ExitCode::SUCCESS)
}

/// Loads the sample where it is asked for, and builds the index where there is none.
async fn make_ready(node: Arc<Node>, pool: sqlx::PgPool, sample: Option<PathBuf>) -> Result<(), Failure> {
    if let Some(folder) = &sample {
        load_sample(&pool, folder).await?;
    }
    if node.version() < 0 {
        tracing::info!("building the index");
        node.catch_up(&pool).await?;
    }
    Ok(())
}

async fn serve(
    data_dir: &Path,
    settings: &ServeSettings,
    sample: Option<PathBuf>,
    pool: &sqlx::PgPool,
    lock: &mut ServeLock,
) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let tls = TlsIdentity::load_or_make(
        data_dir,
        settings.tls_cert.as_deref(),
        settings.tls_key.as_deref(),
    )?
    .with_client_ca(settings.client_ca.as_deref())?;
    let tls = Arc::new(tls);
    allow_many_connections();
    let listeners = Listeners::bind(settings).await?;
    let node = Arc::new(Node::open_held(data_dir, lock)?);
    // On a task of its own: a signal is heard meanwhile.
    let mut ready = tokio::spawn(make_ready(node.clone(), pool.clone(), sample));
    tokio::select! {
        done = &mut ready => done??,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    }
    let contact = Arc::new(Contact::new(settings.stale_after));
    let directory = Directory::new(node.clone(), pool.clone(), contact.clone(), data_dir);
    let stop = CancellationToken::new();
    let mut chores = Chores::follow(node, pool.clone(), contact, stop.clone());
    // Until then mailboxes are not told: it is over at once unless the node was stopped for long.
    let _ = tokio::time::timeout(FIRST_LOOK, chores.looked.notified()).await;
    directory.refresh_reference(data_dir).await?;

    let exports = Exports::open(pool.clone(), data_dir);
    let ldap = ldap::Context::new(directory.clone(), bounds::of_ldap(settings), Some(tls.clone()))?;
    let seed = Timestamp::now().as_nanosecond().unsigned_abs() as u64;
    let rest = RestState::new(
        directory.clone(),
        exports.clone(),
        bounds::of_rest(settings),
        seed,
    );
    chores.tend(directory, data_dir.to_owned(), exports, settings.retention);
    lock.note_addresses(&listeners.addresses())?;
    announce(&listeners, tls.certificate_file());
    let served = tokio::spawn(listeners.serve(
        Arc::new(ldap),
        rest,
        tls.clone(),
        bounds::of_ldap_connections(settings),
        bounds::of_http_connections(settings),
        stop.clone(),
    ));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => match tls.reload() {
                Ok(()) => tracing::info!("certificates read anew"),
                Err(error) => tracing::error!(%error, "the certificates stay as they were"),
            },
        }
    }
    tracing::info!("stopping");
    stop.cancel();
    let _ = tokio::time::timeout(DRAIN, served).await;
    chores.end().await;
    Ok(())
}

/// A connection needs a file descriptor, and the usual soft limit of 1024 is soon reached.
fn allow_many_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
}

/// Loads the sample into a store that never held anything.
async fn load_sample(pool: &sqlx::PgPool, folder: &Path) -> Result<(), Failure> {
    if changes::version(&mut *pool.acquire().await?).await?.store > 0 {
        return Ok(());
    }
    eprintln!("the store is empty: loading the sample of {}", folder.display());
    let options = import::Options {
        paths: vec![folder.to_owned()],
        sample: true,
        // The sample is made up, whoever signed it, and gives way to the first real import.
        trust: Trust::anybody(),
        ..import::Options::default()
    };
    let report = import::run(pool, &options, Timestamp::now(), Arc::new(|_, _| {})).await?;
    eprint!("{report}");
    Ok(())
}

/// Says where the node listens, and three things to try.
fn announce(listeners: &Listeners, certificate: &Path) {
    let [ldap, ldaps, http, admin] = listeners.named();
    println!(
        "annuaire serves LDAP on ldap://{ldap}, LDAPS on ldaps://{ldaps} (certificate {}),\n\
         REST on http://{http} (documentation: http://{http}/docs), administration on http://{admin}\n\n\
         Try:\n  \
         ldapsearch -x -H ldap://{ldap} -b o=mssante,c=fr '(cn=*testeur*)' cn mail\n  \
         curl -s 'http://{http}/api/v1/recherche?q=testeur'\n  \
         curl -s 'http://{http}/api/v1/suggestions?q=delafont'\n\n\
         Ctrl-C stops all of it.",
        certificate.display()
    );
}
