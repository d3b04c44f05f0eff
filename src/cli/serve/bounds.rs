//! What the settings say to each protocol.

use crate::cli::settings::ServeSettings;
use crate::server::http::Bounds;
use crate::server::listeners::Limits;
use crate::{ldap, rest};

/// Connections of LDAP.
pub fn of_ldap_connections(settings: &ServeSettings) -> Limits {
    let limits = &settings.ldap_limits;
    Limits {
        connections: limits.connections,
        connections_of_one: limits.connections_per_address,
        proxies: settings.trusted_proxies.clone(),
    }
}

/// LDAP.
pub fn of_ldap(settings: &ServeSettings) -> ldap::Settings {
    let limits = &settings.ldap_limits;
    let size_limit = |limit: Option<u32>| limit.map_or(0, |limit| limit as usize);
    ldap::Settings {
        base_dn: settings.base_dn.clone(),
        public_size_limit: size_limit(settings.ldap_public_size_limit),
        account_size_limit: size_limit(settings.ldap_account_size_limit),
        public_entries_per_day: limits.public_entries_per_day,
        keys_in_clear: limits.keys_in_clear,
        time_limit: limits.search,
        idle_timeout: limits.idle,
        first_message_timeout: limits.first,
        write_timeout: limits.write,
        ..ldap::Settings::default()
    }
}

/// Connections of HTTP.
pub fn of_http_connections(settings: &ServeSettings) -> Bounds {
    let limits = &settings.http_limits;
    Bounds {
        connections: limits.connections,
        connections_of_one: limits.connections_per_address,
        head: limits.head,
        taking: limits.taking,
        proxies: settings.trusted_proxies.clone(),
    }
}

/// REST.
pub fn of_rest(settings: &ServeSettings) -> rest::Settings {
    let limits = &settings.http_limits;
    rest::Settings {
        public_requests_per_minute: limits.public_requests_per_minute,
        account_requests_per_minute: limits.account_requests_per_minute,
        public_entries_per_day: limits.public_entries_per_day,
        origins: limits.origins.clone(),
        answer: limits.answer,
        proxies: settings.trusted_proxies.clone(),
    }
}
