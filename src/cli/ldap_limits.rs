//! Settings of `annuaire serve` that keep LDAP within bounds: as written, and as they hold.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::ldap::KeysInClear;

/// As written.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct LdapOptions {
    /// Different entries that one address (IPv4, or the /64 of IPv6) may read by LDAP in a day without signing in, 0 for
    /// no bound [default: 50000]
    #[arg(long, value_name = "ENTRIES", env = "ANNUAIRE_LDAP_PUBLIC_ENTRIES_PER_DAY")]
    pub ldap_public_entries_per_day: Option<usize>,

    /// Where keys are taken in clear: from this machine only, or nowhere [default: local]
    #[arg(long, value_name = "WHERE", env = "ANNUAIRE_LDAP_KEYS_IN_CLEAR")]
    pub ldap_keys_in_clear: Option<KeysInClear>,

    /// LDAP connections at one time [default: 8192]
    #[arg(long, value_name = "NUMBER", env = "ANNUAIRE_LDAP_CONNECTIONS")]
    pub ldap_connections: Option<usize>,

    /// LDAP connections of one address at one time; a hospital may be one address [default: 2048]
    #[arg(long, value_name = "NUMBER", env = "ANNUAIRE_LDAP_CONNECTIONS_PER_ADDRESS")]
    pub ldap_connections_per_address: Option<usize>,

    /// Longest time of one LDAP search [default: 10]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_LDAP_SEARCH_SECONDS")]
    pub ldap_search_seconds: Option<u64>,

    /// Longest silence of an LDAP connection [default: 120]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_LDAP_IDLE_SECONDS")]
    pub ldap_idle_seconds: Option<u64>,

    /// Longest wait for the first request of an LDAP connection [default: 15]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_LDAP_FIRST_SECONDS")]
    pub ldap_first_seconds: Option<u64>,

    /// Longest wait for an LDAP client that does not take its answers [default: 30]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_LDAP_WRITE_SECONDS")]
    pub ldap_write_seconds: Option<u64>,
}

/// As they hold.
#[derive(Debug, Clone)]
pub struct LdapLimits {
    /// Different entries of one address and day; 0 for no bound.
    pub public_entries_per_day: usize,
    /// Where keys are taken in clear.
    pub keys_in_clear: KeysInClear,
    /// At one time.
    pub connections: usize,
    /// At one time, of one address.
    pub connections_per_address: usize,
    /// Of one search.
    pub search: Duration,
    /// Without a request.
    pub idle: Duration,
    /// Before the first request.
    pub first: Duration,
    /// For a client to take its answers.
    pub write: Duration,
}

impl LdapOptions {
    /// What holds, where `self` was written by flag or environment and `file` in the settings file.
    pub fn over(&self, file: &Self) -> LdapLimits {
        let number =
            |written: Option<usize>, file: Option<usize>, default| written.or(file).unwrap_or(default);
        let seconds = |written: Option<u64>, file: Option<u64>, default| {
            // None at all would end every connection at once.
            Duration::from_secs(written.or(file).unwrap_or(default).max(1))
        };
        LdapLimits {
            public_entries_per_day: number(
                self.ldap_public_entries_per_day,
                file.ldap_public_entries_per_day,
                50_000,
            ),
            keys_in_clear: self
                .ldap_keys_in_clear
                .or(file.ldap_keys_in_clear)
                .unwrap_or_default(),
            connections: number(self.ldap_connections, file.ldap_connections, 8192),
            connections_per_address: number(
                self.ldap_connections_per_address,
                file.ldap_connections_per_address,
                2048,
            ),
            search: seconds(self.ldap_search_seconds, file.ldap_search_seconds, 10),
            idle: seconds(self.ldap_idle_seconds, file.ldap_idle_seconds, 120),
            first: seconds(self.ldap_first_seconds, file.ldap_first_seconds, 15),
            write: seconds(self.ldap_write_seconds, file.ldap_write_seconds, 30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let written = LdapOptions {
            ldap_idle_seconds: Some(5),
            ..LdapOptions::default()
        };
        let file: LdapOptions =
            toml::from_str("ldap-idle-seconds = 9\nldap-first-seconds = 0\nldap-keys-in-clear = 'never'")
                .unwrap();
        let limits = written.over(&file);
        assert_eq!(limits.idle, Duration::from_secs(5));
        assert_eq!(limits.first, Duration::from_secs(1));
        assert_eq!(limits.keys_in_clear, KeysInClear::Never);
        assert_eq!(limits.public_entries_per_day, 50_000);
    }
}
