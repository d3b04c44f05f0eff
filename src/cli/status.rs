//! `annuaire status`: what is loaded, of which date, what was built from it and who serves it.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_existing_store, say};
use crate::index::node::Node;
use crate::store::{changes, connect, nodes};

/// Days after which a source has stood still.
const MAX_DAYS: i64 = 3;

/// Runs the command.
pub async fn run(common: &CommonSettings, as_json: bool) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_existing_store(common).await?;
    let told = tell(common, &pool, as_json).await;
    close_store(pool, cluster).await;
    told.map(|()| ExitCode::SUCCESS)
}

/// One loaded kind of file.
struct Source {
    genre: String,
    date: String,
    file: String,
    /// Whole days since the file's own date.
    days: i64,
}

impl Source {
    /// Code tables change when they change; all else is published daily.
    fn stands_still(&self) -> bool {
        self.days > MAX_DAYS && !self.genre.starts_with("nomenclature")
    }
}

async fn sources(connection: &mut sqlx::PgConnection, now: Timestamp) -> Result<Vec<Source>, sqlx::Error> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "select genre, to_char(date, 'YYYY-MM-DD HH24:MI'), fichier,
                floor(($1 - extract(epoch from date)) / 86400)::bigint
         from sources order by genre",
    )
    .bind(now.as_second())
    .fetch_all(connection)
    .await?;
    let source = |(genre, date, file, days)| Source {
        genre,
        date,
        file,
        days,
    };
    Ok(rows.into_iter().map(source).collect())
}

/// Professionals, activities, structures and mailboxes; `None` while a first import has the tables to itself.
async fn counts(connection: &mut sqlx::PgConnection) -> Result<Option<[i64; 4]>, sqlx::Error> {
    sqlx::query("set lock_timeout = '1s'")
        .execute(&mut *connection)
        .await?;
    let counted: Result<(i64, i64, i64, i64), _> = sqlx::query_as(
        "select (select count(*) from professionals), (select count(*) from activities),
                (select count(*) from structures), (select count(*) from mailboxes)",
    )
    .fetch_one(connection)
    .await;
    match counted {
        Ok((professionals, activities, structures, mailboxes)) => {
            Ok(Some([professionals, activities, structures, mailboxes]))
        }
        Err(error) if connect::is_lock_taken(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn tell(common: &CommonSettings, pool: &sqlx::PgPool, as_json: bool) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    let version = changes::version(&mut connection).await?.store;
    let sources = sources(&mut connection, Timestamp::now()).await?;
    let counts = counts(&mut connection).await?;
    let index = Node::open(&common.store.data_dir)?.version();
    let nodes = nodes::alive(pool).await?;
    if as_json {
        let count = |place: usize| counts.and_then(|counts| counts.get(place).copied());
        let sources: Vec<_> = sources
            .iter()
            .map(|s| {
                json!({"genre": s.genre, "date": s.date, "fichier": s.file, "age_jours": s.days,
                    "perimee": s.stands_still()})
            })
            .collect();
        let nodes: Vec<_> = nodes
            .iter()
            .map(|n| json!({"nom": n.name, "version": n.version}))
            .collect();
        say(format_args!(
            "{}",
            json!({
                "version": version, "version_index": index, "sources": sources, "noeuds": nodes,
                "professionnels": count(0), "activites": count(1), "structures": count(2),
                "messageries": count(3),
            })
        ))?;
        return Ok(());
    }
    say(format_args!(
        "store version {version}, index of this directory {index}"
    ))?;
    match counts {
        Some([professionals, activities, structures, mailboxes]) => say(format_args!(
            "{professionals} professionals, {activities} activities, {structures} structures, {mailboxes} mailboxes"
        ))?,
        None => say(format_args!(
            "the first import is under way: what it brings is counted when it ends"
        ))?,
    }
    for source in &sources {
        let Source {
            genre,
            date,
            file,
            days,
        } = source;
        say(format_args!("{genre}: {date}, {days} days old ({file})"))?;
    }
    for source in sources.iter().filter(|source| source.stands_still()) {
        eprintln!(
            "annuaire: warning: {} has stood still for {} days; look at where its files come from",
            source.genre, source.days
        );
    }
    for node in nodes {
        say(format_args!(
            "node {} shows version {}, seen {} s ago",
            node.name, node.version, node.seconds
        ))?;
    }
    Ok(())
}
