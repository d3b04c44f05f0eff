//! Quotas: requests a minute by account, or by address without a key; different entries a day by address. The public
//! searches as a person does; who wants the country has the extractions, and every refusal says so.
//!
//! A quota is taken where the key is read ([`super::signin`]); what is left of it is told in the answer by [`tell`].

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::client::Client;
use super::problem::{Problem, QUOTA, QUOTA_OF_DAY};
use crate::server::budget::Budget;
use crate::server::networks::subscriber;
use crate::server::rate::{Rate, Standing};
use crate::visibility::Viewer;

const DAY: u64 = 24 * 60 * 60;

/// The quotas of a node.
pub struct Quotas {
    public: Rate<IpAddr>,
    accounts: Rate<String>,
    /// Wrong keys, by address: who guesses does not spend what the neighbours have.
    refused: Rate<IpAddr>,
    entries: Budget,
}

impl Quotas {
    /// 0 for no bound, each.
    pub fn new(public_per_minute: u32, account_per_minute: u32, public_entries_per_day: usize) -> Self {
        Self {
            public: Rate::new(public_per_minute),
            accounts: Rate::new(account_per_minute),
            refused: Rate::new(public_per_minute),
            entries: Budget::new(public_entries_per_day),
        }
    }

    /// Counts a request.
    pub fn ask(&self, viewer: &Viewer, client: Client, told: Option<&Told>) -> Result<(), Problem> {
        let now = Instant::now();
        let (policy, standing) = match viewer.account() {
            Some(account) => ("compte", self.accounts.ask(account.to_owned(), now)),
            None => ("public", self.public.ask(subscriber(client.0), now)),
        };
        take(policy, standing, told)
    }

    /// Counts a wrong key.
    pub fn refused(&self, client: Client, told: Option<&Told>) -> Result<(), Problem> {
        take(
            "cle",
            self.refused.ask(subscriber(client.0), Instant::now()),
            told,
        )
    }

    /// Counts entries that are about to be shown; the same ones again are free.
    pub fn read<T: std::hash::Hash>(
        &self,
        viewer: &Viewer,
        client: Client,
        entries: impl IntoIterator<Item = T>,
    ) -> Result<(), Problem> {
        if viewer.account().is_some() {
            return Ok(());
        }
        let entries: Vec<u32> = entries
            .into_iter()
            .map(|entry| self.entries.key(&entry))
            .collect();
        let now = SystemTime::now();
        if self.entries.spend(client.0, &entries, now) == entries.len() {
            return Ok(());
        }
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % DAY;
        Err(Problem::of(&QUOTA_OF_DAY).retry_after(DAY - second))
    }
}

fn take(policy: &'static str, standing: Option<Standing>, told: Option<&Told>) -> Result<(), Problem> {
    let Some(standing) = standing else {
        return Ok(());
    };
    if let Some(told) = told {
        let _ = told.0.set((policy, standing));
    }
    match standing.refused_for {
        Some(wait) => {
            Err(Problem::of(&QUOTA).retry_after(wait.as_millis().div_ceil(1000).try_into().unwrap_or(60)))
        }
        None => Ok(()),
    }
}

/// What the answer to a request is to tell of its quota.
#[derive(Clone, Default)]
pub struct Told(Arc<OnceLock<(&'static str, Standing)>>);

/// The middleware that tells it (draft-ietf-httpapi-ratelimit-headers).
pub async fn tell(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut response = next.run(request).await;
    if let Some((policy, standing)) = told.0.get() {
        write(response.headers_mut(), policy, standing);
    }
    response
}

fn write(headers: &mut HeaderMap, policy: &str, standing: &Standing) {
    let whole_in = standing.whole_in.as_millis().div_ceil(1000);
    for (name, value) in [
        (
            "ratelimit-policy",
            format!("\"{policy}\";q={};w=60", standing.limit),
        ),
        (
            "ratelimit",
            format!("\"{policy}\";r={};t={whole_in}", standing.left),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}
