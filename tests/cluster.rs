//! The private Postgres cluster, driven as the commands drive it: several users at once, crashes, closed folders.
//! Works as root (Postgres then runs as another user) and as an ordinary user.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use annuaire::store::cluster::{Cluster, ClusterError, join};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

/// A data directory that the user of Postgres may enter.
fn data_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

/// A closed data directory, as in `/root`; what root keeps elsewhere for it is removed at the end.
struct Closed(tempfile::TempDir);

impl Drop for Closed {
    fn drop(&mut self) {
        if let Ok(elsewhere) = fs::read_link(self.0.path().join("postgres")) {
            let _ = fs::remove_dir_all(elsewhere);
        }
    }
}

fn postmaster(data_dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(data_dir.join("postgres/cluster/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

async fn ask(options: &PgConnectOptions, sql: &'static str) -> Result<String, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await
}

async fn joined(data_dir: &Path) -> (Cluster, PgConnectOptions) {
    join(data_dir).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn the_last_to_leave_stops_the_server() {
    let dir = data_dir();
    let ((first, options), (second, _)) = tokio::join!(joined(dir.path()), joined(dir.path()));
    assert!(postmaster(dir.path()).is_some());
    first.release().await;
    assert_eq!(ask(&options, "show server_encoding").await.unwrap(), "UTF8");
    second.release().await;
    assert_eq!(postmaster(dir.path()), None);
    assert!(ask(&options, "select 'gone'").await.is_err());
}

#[tokio::test]
async fn the_server_listens_on_no_network_and_lets_in_its_user_only() {
    let dir = data_dir();
    let (cluster, options) = joined(dir.path()).await;
    assert_eq!(ask(&options, "show listen_addresses").await.unwrap(), "");
    let socket = fs::metadata(dir.path().join("postgres/socket")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o700);
    cluster.release().await;
}

#[tokio::test]
async fn the_log_is_packed_by_lz4_where_the_server_can() {
    let dir = data_dir();
    let (cluster, options) = joined(dir.path()).await;
    let is_so = "select (setting = 'lz4' or ('lz4' = any(enumvals)) is not true)::text from pg_settings
                 where name = 'wal_compression'";
    assert_eq!(ask(&options, is_so).await.unwrap(), "true");
    cluster.release().await;
}

#[tokio::test]
async fn data_outlive_a_killed_server() {
    let dir = data_dir();
    let (cluster, options) = joined(dir.path()).await;
    assert_eq!(
        ask(&options, "select current_user::text").await.unwrap(),
        "annuaire"
    );
    let made = "with made as (select set_config('x.y', 'z', false)) select 'done' from made";
    ask(&options, made).await.unwrap();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query("create table kept as select 'kept' as word")
        .execute(&mut connection)
        .await
        .unwrap();
    let killed = postmaster(dir.path()).unwrap();
    let process = Pid::from_raw(i32::try_from(killed).unwrap()).unwrap();
    kill_process(process, Signal::KILL).unwrap();

    let (again, options) = joined(dir.path()).await;
    assert_ne!(postmaster(dir.path()), Some(killed));
    assert_eq!(ask(&options, "select word from kept").await.unwrap(), "kept");
    cluster.release().await;
    again.release().await;
    assert_eq!(postmaster(dir.path()), None);
}

#[tokio::test]
async fn a_number_that_another_server_has_by_now_is_no_hindrance() {
    let (dir, other) = (data_dir(), data_dir());
    joined(dir.path()).await.0.release().await;
    let (another, _) = joined(other.path()).await;
    let named = |dir: &Path| dir.join("postgres/cluster/postmaster.pid");
    fs::copy(named(other.path()), named(dir.path())).unwrap();
    let (cluster, options) = joined(dir.path()).await;
    assert_eq!(ask(&options, "select 'alive'").await.unwrap(), "alive");
    assert_ne!(postmaster(dir.path()), postmaster(other.path()));
    cluster.release().await;
    assert!(postmaster(other.path()).is_some());
    another.release().await;
}

#[tokio::test]
async fn a_server_left_by_a_killed_program_is_joined() {
    let dir = data_dir();
    let (cluster, _) = joined(dir.path()).await;
    let left = postmaster(dir.path());
    // A killed program runs no destructor; its locks go with it.
    fs::remove_file(dir.path().join("postgres/users.lock")).unwrap();
    let (next, options) = joined(dir.path()).await;
    assert_eq!(postmaster(dir.path()), left);
    assert_eq!(ask(&options, "select 'alive'").await.unwrap(), "alive");
    next.release().await;
    assert_eq!(postmaster(dir.path()), None);
    drop(cluster);
}

#[tokio::test]
async fn a_cluster_half_made_is_made_again() {
    let dir = data_dir();
    let unfinished = dir.path().join("postgres/cluster.new");
    joined(dir.path()).await.0.release().await;
    fs::remove_dir_all(dir.path().join("postgres/cluster")).unwrap();
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let (cluster, options) = joined(dir.path()).await;
    assert_eq!(ask(&options, "select 'whole'").await.unwrap(), "whole");
    assert!(!unfinished.exists());
    cluster.release().await;
}

#[tokio::test]
async fn a_closed_data_directory_serves_as_well() {
    let closed = Closed(tempfile::tempdir().unwrap());
    fs::set_permissions(closed.0.path(), Permissions::from_mode(0o700)).unwrap();
    for _ in 0..2 {
        let (cluster, options) = joined(closed.0.path()).await;
        assert_eq!(ask(&options, "select 'inside'").await.unwrap(), "inside");
        cluster.release().await;
    }
}

#[tokio::test]
async fn folders_with_awkward_and_long_names_serve_as_well() {
    let dir = data_dir();
    for name in ["it's \"a\" $HOME, été", &"long".repeat(40)] {
        let data_dir = dir.path().join(name);
        let (cluster, options) = joined(&data_dir).await;
        assert_eq!(ask(&options, "select 'here'").await.unwrap(), "here");
        let socket = options.get_socket().unwrap().clone();
        cluster.release().await;
        if !socket.starts_with(dir.path()) {
            fs::remove_dir(socket).unwrap();
        }
    }
}

#[tokio::test]
async fn a_join_given_up_half_way_leaves_nothing_running() {
    let dir = data_dir();
    let hurried = tokio::time::timeout(std::time::Duration::from_millis(1), join(dir.path())).await;
    assert!(hurried.is_err(), "a cluster is not made in a millisecond");
    assert_eq!(postmaster(dir.path()), None);
    joined(dir.path()).await.0.release().await;
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let dir = data_dir();
    joined(dir.path()).await.0.release().await;
    fs::remove_file(dir.path().join("postgres/cluster/global/pg_control")).unwrap();
    match join(dir.path()).await {
        Err(ClusterError::Start { tail, .. }) => assert!(tail.contains("pg_control"), "{tail}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_gone_is_named() {
    let dir = data_dir();
    joined(dir.path()).await.0.release().await;
    fs::write(dir.path().join("postgres/cluster/PG_VERSION"), "9\n").unwrap();
    let error = join(dir.path()).await.unwrap_err().to_string();
    assert!(error.contains("postgresql-9"), "{error}");
}
