//! Settings of how long the audit and the rejects are kept: as written, and as they hold. And `annuaire purge`,
//! which forgets the old part of the change log as well.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;

use super::settings::CommonSettings;
use super::{Failure, close_store, open_existing_store, say};
use crate::store::retention::{self, Retention};

/// As written.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RetentionOptions {
    /// Days for which the audit is kept, 0 for ever [default: 1095]
    #[arg(long, value_name = "DAYS", env = "ANNUAIRE_KEEP_AUDIT_DAYS")]
    pub keep_audit_days: Option<u16>,

    /// Days for which reports of imports and rejected lines are kept, 0 for ever [default: 90]
    #[arg(long, value_name = "DAYS", env = "ANNUAIRE_KEEP_REJECTS_DAYS")]
    pub keep_rejects_days: Option<u16>,
}

impl RetentionOptions {
    /// What holds, where `self` was written by flag or environment and `file` in the settings file. The change log has
    /// a setting that imports share.
    pub fn over(&self, file: &Self, history: u16) -> Retention {
        Retention {
            history,
            audit: self.keep_audit_days.or(file.keep_audit_days).unwrap_or(1095),
            rejects: self.keep_rejects_days.or(file.keep_rejects_days).unwrap_or(90),
        }
    }
}

/// Runs `annuaire purge`.
pub async fn run(common: &CommonSettings, retention: &Retention, as_json: bool) -> Result<ExitCode, Failure> {
    let (pool, cluster) = open_existing_store(common).await?;
    let purged = retention::purge(&pool, retention).await;
    close_store(pool, cluster).await;
    let purged = purged?;
    if as_json {
        say(format_args!("{}", serde_json::to_string(&purged)?))?;
    } else {
        say(format_args!(
            "{} rows of audit, {} rejected lines, {} reports of imports and {} lines of the change log were old \
             enough to go",
            purged.audit, purged.rejects, purged.imports, purged.changes
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let written = RetentionOptions {
            keep_audit_days: Some(0),
            ..RetentionOptions::default()
        };
        let file: RetentionOptions = toml::from_str("keep-audit-days = 9\nkeep-rejects-days = 7").unwrap();
        let expected = Retention {
            audit: 0,
            rejects: 7,
            history: 30,
        };
        assert_eq!(written.over(&file, 30), expected);
        let expected = Retention {
            audit: 1095,
            rejects: 90,
            history: 30,
        };
        assert_eq!(
            RetentionOptions::default().over(&RetentionOptions::default(), 30),
            expected
        );
    }
}
