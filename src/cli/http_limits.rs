//! Settings of `annuaire serve` that keep HTTP within bounds: as written, and as they hold.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::rest::Origins;

/// As written.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct HttpOptions {
    /// Requests a minute of one address (IPv4, or the /64 of IPv6) to REST without a key, 0 for no bound
    /// [default: 600]
    #[arg(
        long,
        value_name = "REQUESTS",
        env = "ANNUAIRE_HTTP_PUBLIC_REQUESTS_PER_MINUTE"
    )]
    pub http_public_requests_per_minute: Option<u32>,

    /// Requests a minute of one account to REST, 0 for no bound [default: 6000]
    #[arg(
        long,
        value_name = "REQUESTS",
        env = "ANNUAIRE_HTTP_ACCOUNT_REQUESTS_PER_MINUTE"
    )]
    pub http_account_requests_per_minute: Option<u32>,

    /// Different entries that one address may read by REST in a day without a key, extractions apart, 0 for no bound
    /// [default: 50000]
    #[arg(long, value_name = "ENTRIES", env = "ANNUAIRE_HTTP_PUBLIC_ENTRIES_PER_DAY")]
    pub http_public_entries_per_day: Option<usize>,

    /// Sites whose pages may read the answers (CORS): * for any, or a list as https://a.fr,https://b.fr, or nothing
    /// [default: *]
    #[arg(long, value_name = "ORIGINS", env = "ANNUAIRE_HTTP_ORIGINS")]
    pub http_origins: Option<Origins>,

    /// HTTP connections at one time [default: 8192]
    #[arg(long, value_name = "NUMBER", env = "ANNUAIRE_HTTP_CONNECTIONS")]
    pub http_connections: Option<usize>,

    /// HTTP connections of one address at one time, trusted proxies apart [default: 1024]
    #[arg(long, value_name = "NUMBER", env = "ANNUAIRE_HTTP_CONNECTIONS_PER_ADDRESS")]
    pub http_connections_per_address: Option<usize>,

    /// Longest wait for the head of an HTTP request [default: 30]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_HTTP_HEAD_SECONDS")]
    pub http_head_seconds: Option<u64>,

    /// Longest time from the head of an HTTP request to the head of its answer [default: 10]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_HTTP_ANSWER_SECONDS")]
    pub http_answer_seconds: Option<u64>,

    /// Longest time in which a client takes nothing of an answer that waits for it [default: 60]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_HTTP_TAKING_SECONDS")]
    pub http_taking_seconds: Option<u64>,
}

/// As they hold.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Of one address without a key; 0 for no bound.
    pub public_requests_per_minute: u32,
    /// Of one account; 0 for no bound.
    pub account_requests_per_minute: u32,
    /// Different entries of one address and day; 0 for no bound.
    pub public_entries_per_day: usize,
    /// Sites whose pages may read.
    pub origins: Origins,
    /// At one time.
    pub connections: usize,
    /// At one time, of one address.
    pub connections_per_address: usize,
    /// For the head of a request.
    pub head: Duration,
    /// For the head of an answer.
    pub answer: Duration,
    /// For some of an answer to be taken.
    pub taking: Duration,
}

impl HttpOptions {
    /// What holds, where `self` was written by flag or environment and `file` in the settings file.
    pub fn over(&self, file: &Self) -> HttpLimits {
        fn number<T>(written: Option<T>, file: Option<T>, default: T) -> T {
            written.or(file).unwrap_or(default)
        }
        // None at all would end every request at once.
        let seconds =
            |written, file, default| Duration::from_secs(number::<u64>(written, file, default).max(1));
        HttpLimits {
            public_requests_per_minute: number(
                self.http_public_requests_per_minute,
                file.http_public_requests_per_minute,
                600,
            ),
            account_requests_per_minute: number(
                self.http_account_requests_per_minute,
                file.http_account_requests_per_minute,
                6000,
            ),
            public_entries_per_day: number(
                self.http_public_entries_per_day,
                file.http_public_entries_per_day,
                50_000,
            ),
            origins: number(self.http_origins.clone(), file.http_origins.clone(), Origins::Any),
            connections: number(self.http_connections, file.http_connections, 8192),
            connections_per_address: number(
                self.http_connections_per_address,
                file.http_connections_per_address,
                1024,
            ),
            head: seconds(self.http_head_seconds, file.http_head_seconds, 30),
            answer: seconds(self.http_answer_seconds, file.http_answer_seconds, 10),
            taking: seconds(self.http_taking_seconds, file.http_taking_seconds, 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let written = HttpOptions {
            http_public_requests_per_minute: Some(0),
            ..HttpOptions::default()
        };
        let file: HttpOptions = toml::from_str(
            "http-public-requests-per-minute = 9\nhttp-answer-seconds = 0\nhttp-origins = 'https://a.fr'",
        )
        .unwrap();
        let limits = written.over(&file);
        assert_eq!(limits.public_requests_per_minute, 0);
        assert_eq!(limits.answer, Duration::from_secs(1));
        assert_eq!(limits.origins, "https://a.fr".parse().unwrap());
        assert_eq!(limits.public_entries_per_day, 50_000);
    }
}
