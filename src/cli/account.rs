//! `annuaire account`: accounts and their keys. A key is shown once, alone on standard output.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::settings::CommonSettings;
use super::{Failure, Misuse, close_store, open_store, say};
use crate::store::accounts::{self, NewAccount, Role};

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Creates an account and prints its key
    Create(CreateOptions),
    /// Lists accounts, without keys
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Revokes an account at once
    Revoke { name: String },
    /// Gives an account a new key, and prints it; the old one ends
    Rotate { name: String },
}

/// Options of `annuaire account create`.
#[derive(Debug, Args)]
pub struct CreateOptions {
    /// Lower-case letters, digits, `.`, `_`, `-`
    name: String,
    #[arg(long)]
    role: Role,
    /// Name of the operator
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// A domain that the operator publishes in; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
}

impl CreateOptions {
    fn account(&self) -> NewAccount {
        NewAccount {
            name: self.name.clone(),
            role: self.role,
            operator_name: self.operator.clone(),
            domains: self.domain.clone(),
        }
    }
}

/// Runs the command.
pub async fn run(common: &CommonSettings, command: AccountCommand) -> Result<ExitCode, Failure> {
    // Wrong use is told before a Postgres is started for it.
    if let AccountCommand::Create(options) = &command {
        accounts::check(&options.account()).map_err(Misuse::of)?;
    }
    let (pool, cluster) = open_store(common).await?;
    let done = act(&pool, command).await;
    close_store(pool, cluster).await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(pool: &sqlx::PgPool, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Create(options) => {
            let (account, key) = accounts::create(pool, &options.account()).await?;
            eprintln!(
                "account {} ({}) created; its key is shown this once:",
                account.name,
                account.role.as_str()
            );
            tell_key(&account.name, &key)?;
        }
        AccountCommand::List { json } => list(pool, json).await?,
        AccountCommand::Revoke { name } => {
            accounts::revoke(pool, &name).await?;
            eprintln!("account {name} revoked");
        }
        AccountCommand::Rotate { name } => {
            say(format_args!("{}", accounts::rotate(pool, &name).await?.expose()))?
        }
    }
    Ok(())
}

/// A key alone on standard output; it cannot be had again.
fn tell_key(name: &str, key: &accounts::Key) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let told = writeln!(out, "{}", key.expose()).and_then(|()| out.flush());
    told.map_err(|error| {
        format!("the key could not be told ({error}); make another by account rotate {name}").into()
    })
}

async fn list(pool: &sqlx::PgPool, json: bool) -> Result<(), Failure> {
    for account in accounts::list(pool).await? {
        let revoked = account.revoked_at.map(|at| at.to_string());
        if json {
            let line = serde_json::json!({
                "nom": account.name, "role": account.role.as_str(), "operateur": account.operator_name,
                "domaines": account.domains, "cree_le": account.created_at.to_string(), "revoque_le": revoked,
            });
            say(format_args!("{line}"))?;
        } else {
            let state = revoked.map_or_else(|| "active".to_owned(), |at| format!("revoked {at}"));
            say(format_args!(
                "{}\t{}\t{state}\t{}",
                account.name,
                account.role.as_str(),
                account.domains.join(",")
            ))?;
        }
    }
    Ok(())
}
