//! Who publishes: the operator behind an account, the domains it may publish in, the boxes that are its own.

use sqlx::PgConnection;

use super::{Held, PublicationError};
use crate::directory::address::MailAddress;

/// An operator, as the store knows it now.
#[derive(Debug)]
pub struct Operator {
    /// The operator's name: its accounts come and go.
    pub name: String,
    /// Lower case.
    pub domains: Vec<String>,
    /// Those of them that are on the white list.
    listed: Vec<String>,
}

impl Operator {
    /// The operator of an account. Read in the transaction of the request, and held until it ends: what a revoked
    /// account asked for is never committed after its revocation.
    pub async fn of(connection: &mut PgConnection, account: &str) -> Result<Self, PublicationError> {
        let found: Option<(String, Vec<String>)> = sqlx::query_as(
            "select operator_name, domains from accounts
             where name = $1 and role = 'operator' and revoked_at is null for share",
        )
        .bind(account)
        .fetch_optional(&mut *connection)
        .await?;
        let (name, domains) = found.ok_or(PublicationError::Revoked)?;
        let listed = sqlx::query_scalar("select nom from domains where nom = any($1)")
            .bind(&domains)
            .fetch_all(connection)
            .await?;
        Ok(Self {
            name,
            domains,
            listed,
        })
    }

    /// Whether the domain is this operator's, and on the white list.
    pub fn check_domain(&self, address: &MailAddress) -> Result<(), PublicationError> {
        let is_in = |domains: &[String]| domains.iter().any(|domain| domain == address.domain());
        if !is_in(&self.domains) {
            return Err(PublicationError::Forbidden(
                "ce domaine est celui d'un autre opérateur",
            ));
        }
        if is_in(&self.listed) {
            Ok(())
        } else {
            Err(PublicationError::Forbidden(
                "ce domaine n'est pas dans la liste blanche chargée",
            ))
        }
    }

    /// Whether the box is free, the extract's, or this operator's.
    pub fn check_box(&self, held: Option<&Held>) -> Result<(), PublicationError> {
        match held {
            Some(held) if !held.operateur.is_empty() && held.operateur != self.name => Err(
                PublicationError::Forbidden("cette messagerie est publiée par un autre opérateur du domaine"),
            ),
            _ => Ok(()),
        }
    }
}
