//! `annuaire audit`: who published, read or suppressed what only few may see, newest first. Whoever runs this command
//! owns the store, so that reading here leaves no row.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_existing_store, say};
use crate::store::audit::{self, MOST, Wanted};

/// What to read of the audit.
#[derive(Debug, Args)]
pub struct AuditOptions {
    /// From this day (UTC) or time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Before this day (UTC) or time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Of this entry, by address or identifier
    #[arg(long, value_name = "ENTRY")]
    entry: Option<String>,
    /// Most rows
    #[arg(long, value_name = "ROWS", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=MOST))]
    limit: i64,
    /// For machines: one object a line
    #[arg(long)]
    json: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = |_| "neither a day like 2026-01-15 nor a time like 2026-01-15T08:00:00Z".to_owned();
    match text.parse::<Date>() {
        Ok(day) if !text.contains('T') => day
            .to_zoned(TimeZone::UTC)
            .map(|midnight| midnight.timestamp())
            .map_err(wrong),
        _ => text.parse().map_err(wrong),
    }
}

/// Runs the command.
pub async fn run(common: &CommonSettings, options: AuditOptions) -> Result<ExitCode, Failure> {
    let wanted = Wanted {
        since: options.since,
        until: options.until,
        account: options.account,
        entry: options.entry,
        most: Some(options.limit),
    };
    let (pool, cluster) = open_existing_store(common).await?;
    let traces = match pool.acquire().await {
        Ok(mut connection) => audit::read(&mut connection, &wanted).await,
        Err(error) => Err(error),
    };
    close_store(pool, cluster).await;
    for trace in traces? {
        if options.json {
            say(format_args!("{}", serde_json::to_string(&trace)?))?;
        } else {
            let entry = trace.fiche.as_deref().unwrap_or("-");
            let origin = trace.origine.as_deref().unwrap_or("-");
            say(format_args!(
                "{}\t{}\t{}\t{entry}\t{origin}",
                trace.date, trace.compte, trace.action
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_midnight() {
        assert_eq!(time("2026-01-15"), time("2026-01-15T00:00:00Z"));
        assert!(time("yesterday").is_err());
    }
}
