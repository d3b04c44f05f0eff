//! `annuaire status`: what is loaded, of which date, what was built from it and who serves it.

use std::process::ExitCode;

use serde_json::json;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_store};
use crate::index::node::Node;
use crate::store::{changes, nodes};

/// Runs the command.
pub async fn run(common: &CommonSettings, as_json: bool) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_store(common).await?;
    let told = tell(common, &pool, as_json).await;
    close_store(pool, cluster).await;
    told.map(|()| ExitCode::SUCCESS)
}

async fn tell(common: &CommonSettings, pool: &sqlx::PgPool, as_json: bool) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    let version = changes::version(&mut connection).await?.store;
    let sources: Vec<(String, String, String)> = sqlx::query_as(
        "select genre, to_char(date, 'YYYY-MM-DD HH24:MI'), fichier from sources order by genre",
    )
    .fetch_all(&mut *connection)
    .await?;
    let (professionals, activities, structures, mailboxes): (i64, i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from professionals), (select count(*) from activities),
                (select count(*) from structures), (select count(*) from mailboxes)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let index = Node::open(&common.store.data_dir)?.version();
    let nodes = nodes::alive(pool).await?;
    if as_json {
        let sources: Vec<_> = sources
            .iter()
            .map(|(g, d, f)| json!({"genre": g, "date": d, "fichier": f}))
            .collect();
        let nodes: Vec<_> = nodes
            .iter()
            .map(|n| json!({"nom": n.name, "version": n.version}))
            .collect();
        println!(
            "{}",
            json!({
                "version": version, "version_index": index, "sources": sources, "noeuds": nodes,
                "professionnels": professionals, "activites": activities, "structures": structures,
                "messageries": mailboxes,
            })
        );
        return Ok(());
    }
    println!("store version {version}, index of this directory {index}");
    println!(
        "{professionals} professionals, {activities} activities, {structures} structures, {mailboxes} mailboxes"
    );
    for (genre, date, file) in sources {
        println!("{genre}: {date} ({file})");
    }
    for node in nodes {
        println!(
            "node {} shows version {}, seen {} s ago",
            node.name, node.version, node.seconds
        );
    }
    Ok(())
}
