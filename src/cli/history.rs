//! `annuaire history`: what the change log says of one entry.

use std::process::ExitCode;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_existing_store, say};
use crate::store::history;

/// Runs the command: status 1 when nothing is known of the identifier.
pub async fn run(common: &CommonSettings, identifier: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_existing_store(common).await?;
    let found = async { Ok::<_, Failure>(history::of(&mut *pool.acquire().await?, identifier).await?) };
    let found = found.await;
    close_store(pool, cluster).await;
    let events = found?;
    if as_json {
        say(format_args!("{}", serde_json::to_string(&events)?))?;
    } else {
        for event in &events {
            let fields = event.champs.join(", ");
            say(format_args!("{} {} {}", event.date, event.action, fields))?;
        }
    }
    if events.is_empty() {
        eprintln!("annuaire: nothing is known to have happened to that entry since it was first loaded");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
