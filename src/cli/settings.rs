//! Settings in two layers: what was written (flag, then environment, then `annuaire.toml`), all optional; and what
//! holds, with defaults, checked. A setting is described once, by the comment of its flag. Opens nothing but the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Command};
use serde::Deserialize;

use super::http_limits::{HttpLimits, HttpOptions};
use super::ldap_limits::{LdapLimits, LdapOptions};
use super::retention::RetentionOptions;
use crate::rest::nearest::nearest;
use crate::server::networks::Networks;
use crate::store::connect::{DatabaseUrl, StoreSettings};
use crate::store::retention::Retention;

/// The file read from the working directory when it is there and `--config` is not given.
const DEFAULT_FILE: &str = "annuaire.toml";

/// Settings that all commands share, as written.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct CommonOptions {
    /// Settings file [default: annuaire.toml in the working directory, if there]
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Postgres server, as postgres://user:password@host:port/database (a direct connection, no pooling by transaction)
    /// [default: a private one under the data directory]
    #[arg(
        long,
        value_name = "URL",
        env = "ANNUAIRE_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub database_url: Option<DatabaseUrl>,

    /// Folder of the index, of the locks, of the self-signed certificate and of the private Postgres [default: ./data]
    #[arg(long, value_name = "DIR", env = "ANNUAIRE_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// Certificates of the authority that vouches for the white list's signer, PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "ANNUAIRE_WHITE_LIST_CA",
        global = true,
        hide_short_help = true
    )]
    pub white_list_ca: Option<PathBuf>,

    /// Common name of the white list's signer [default: alb.mssante.fr]
    #[arg(
        long,
        value_name = "NAME",
        env = "ANNUAIRE_WHITE_LIST_SIGNER",
        global = true,
        hide_short_help = true
    )]
    pub white_list_signer: Option<String>,

    /// Days for which the change log is kept [default: 30]
    #[arg(
        long,
        value_name = "DAYS",
        env = "ANNUAIRE_HISTORY_DAYS",
        global = true,
        hide_short_help = true
    )]
    pub history_days: Option<u16>,

    /// Processors that imports and the building of indexes leave to a node of this machine while it is asked, 0 for none
    /// [default: one of four, at least one]
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ANNUAIRE_LEAVE_PROCESSORS",
        global = true,
        hide_short_help = true
    )]
    pub leave_processors: Option<u16>,

    /// What to log: error, warn, info, debug, trace, or by module as in info,annuaire::ldap=debug [default: info]
    #[arg(long, value_name = "LEVELS", env = "ANNUAIRE_LOG", global = true)]
    pub log: Option<String>,
}

/// Settings of `annuaire serve`, as written.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ServeOptions {
    /// Address of REST [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "ANNUAIRE_HTTP")]
    pub http: Option<SocketAddr>,

    /// Address of LDAP [default: 127.0.0.1:1389]
    #[arg(long, value_name = "ADDR", env = "ANNUAIRE_LDAP")]
    pub ldap: Option<SocketAddr>,

    /// Address of LDAP over TLS [default: 127.0.0.1:1636]
    #[arg(long, value_name = "ADDR", env = "ANNUAIRE_LDAPS")]
    pub ldaps: Option<SocketAddr>,

    /// Address of metrics and detailed health, not for the public [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR", env = "ANNUAIRE_ADMIN")]
    pub admin: Option<SocketAddr>,

    /// Certificate chain, PEM, leaf first [default: a self-signed one, made at the first start]
    #[arg(long, value_name = "FILE", env = "ANNUAIRE_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", env = "ANNUAIRE_TLS_KEY")]
    pub tls_key: Option<PathBuf>,

    /// Authorities of client certificates, PEM: who shows one of theirs over TLS may bind by SASL EXTERNAL as the
    /// account that the certificate's common name or a DNS name of it names [default: none is asked for]
    #[arg(long, value_name = "FILE", env = "ANNUAIRE_CLIENT_CA")]
    pub client_ca: Option<PathBuf>,

    /// Networks of the proxies whose word on the client's address is taken (PROXY protocol on the LDAP addresses,
    /// X-Forwarded-For or Forwarded on the HTTP one), as 192.0.2.0/24,2001:db8::/32 [default: none]
    #[arg(long, value_name = "NETWORKS", env = "ANNUAIRE_TRUSTED_PROXIES")]
    pub trusted_proxies: Option<Networks>,

    /// Base of the mailboxes in LDAP [default: o=mssante,c=fr]
    #[arg(long, value_name = "DN", env = "ANNUAIRE_BASE_DN")]
    pub base_dn: Option<String>,

    /// Most entries of one LDAP answer for who has not signed in, 0 for no limit [default: 100]
    #[arg(long, value_name = "ENTRIES", env = "ANNUAIRE_LDAP_PUBLIC_SIZE_LIMIT")]
    pub ldap_public_size_limit: Option<u32>,

    /// Most entries of one LDAP answer for an account, 0 for no limit [default: 1000]
    #[arg(long, value_name = "ENTRIES", env = "ANNUAIRE_LDAP_ACCOUNT_SIZE_LIMIT")]
    pub ldap_account_size_limit: Option<u32>,

    /// Seconds without the store after which this node stops telling mailboxes, some of which may have been taken back
    /// meanwhile; 0 for never [default: 900]
    #[arg(long, value_name = "SECONDS", env = "ANNUAIRE_STALE_AFTER")]
    pub stale_after: Option<u64>,

    /// Limits of LDAP.
    #[command(flatten)]
    #[serde(flatten)]
    pub ldap_limits: LdapOptions,

    /// Limits of HTTP.
    #[command(flatten)]
    #[serde(flatten)]
    pub http_limits: HttpOptions,
    /// How long what need not stay is kept.
    #[command(flatten)]
    #[serde(flatten)]
    pub retention: RetentionOptions,
}

/// Settings that all commands share, as they hold.
#[derive(Debug, Clone)]
pub struct CommonSettings {
    /// Where the data are.
    pub store: StoreSettings,
    /// A filter in the syntax of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Certificates of the authority that vouches for the white list's signer.
    pub white_list_ca: Option<PathBuf>,
    /// Common name of the white list's signer.
    pub white_list_signer: String,
    /// Days for which the change log is kept.
    pub history_days: u16,
    /// Processors left to a node that is asked; none for the usual share.
    pub leave_processors: Option<u16>,
}

/// Settings of `annuaire serve`, as they hold.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// REST.
    pub http: SocketAddr,
    /// LDAP.
    pub ldap: SocketAddr,
    /// LDAP over TLS.
    pub ldaps: SocketAddr,
    /// Administration.
    pub admin: SocketAddr,
    /// Certificate chain; none for the self-signed one.
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// Authorities of client certificates; none where none is asked for.
    pub client_ca: Option<PathBuf>,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Networks,
    /// Base of the mailboxes in LDAP, not yet parsed.
    pub base_dn: String,
    /// Most entries of one answer for `public`; none for no limit.
    pub ldap_public_size_limit: Option<u32>,
    /// Most entries of one answer for an account; none for no limit.
    pub ldap_account_size_limit: Option<u32>,
    /// Limits of LDAP.
    pub ldap_limits: LdapLimits,
    /// Limits of HTTP.
    pub http_limits: HttpLimits,
    /// Time without the store after which mailboxes are not told; none for never.
    pub stale_after: Option<Duration>,
    /// How long what need not stay is kept.
    pub retention: Retention,
}

/// What is wrong with the settings file.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("cannot read the settings file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML, or a value is not of its kind. The text shows the line.
    #[error("the settings file {path} is wrong: {cause}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where and why.
        cause: String,
    },
    /// A setting that does not exist.
    #[error("the settings file {path} has `{key}`, which is no setting; {hint}")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// What was written.
        key: String,
        /// The setting that was meant, or all there are.
        hint: String,
    },
}

/// What a settings file says; each key is the flag of the same name.
#[derive(Debug, Default)]
pub struct SettingsFile {
    common: CommonOptions,
    serve: ServeOptions,
}

impl SettingsFile {
    /// Reads the file of `--config`, or `annuaire.toml` of the working directory, which may be absent.
    pub fn read(options: &CommonOptions) -> Result<Self, SettingsError> {
        let path = options.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if options.config.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(source) => Err(SettingsError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        // `message`, unlike the whole error, does not quote the line, which may hold a password.
        let wrong = |error: toml::de::Error| {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            let cause = format!("line {}: {}", before.matches('\n').count() + 1, error.message());
            SettingsError::Wrong {
                path: path.to_owned(),
                cause,
            }
        };
        let table: toml::Table = toml::from_str(text).map_err(wrong)?;
        let known = keys();
        if let Some(key) = table.keys().find(|key| !known.contains(key)) {
            let hint = match nearest(key, known.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!(
                    "the settings, which are the flags' names and stand in no table, are {}",
                    known.join(", ")
                ),
            };
            return Err(SettingsError::UnknownKey {
                path: path.to_owned(),
                key: key.clone(),
                hint,
            });
        }
        Ok(Self {
            common: toml::from_str(text).map_err(wrong)?,
            serve: toml::from_str(text).map_err(wrong)?,
        })
    }

    /// The settings of all commands, once flags and environment have had their say.
    pub fn common(&self, written: &CommonOptions) -> CommonSettings {
        let file = &self.common;
        let database_url = written.database_url.as_ref().or(file.database_url.as_ref());
        let data_dir = written.data_dir.as_ref().or(file.data_dir.as_ref());
        let log = written.log.as_ref().or(file.log.as_ref());
        CommonSettings {
            store: StoreSettings {
                // An environment file says "none" by an empty value.
                database_url: database_url.filter(|url| !url.is_empty()).cloned(),
                data_dir: data_dir.cloned().unwrap_or_else(|| PathBuf::from("data")),
            },
            log: log.cloned().unwrap_or_else(|| "info".to_owned()),
            white_list_ca: written
                .white_list_ca
                .clone()
                .or_else(|| file.white_list_ca.clone()),
            white_list_signer: (written.white_list_signer.clone())
                .or_else(|| file.white_list_signer.clone())
                .unwrap_or_else(|| "alb.mssante.fr".to_owned()),
            history_days: written.history_days.or(file.history_days).unwrap_or(30),
            leave_processors: written.leave_processors.or(file.leave_processors),
        }
    }

    /// The settings of `serve`, once flags and environment have had their say.
    pub fn serve(&self, written: &ServeOptions, history_days: u16) -> ServeSettings {
        let file = &self.serve;
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let limit = |entries| Some(entries).filter(|&entries| entries > 0);
        let base_dn = written.base_dn.as_ref().or(file.base_dn.as_ref());
        ServeSettings {
            http: written.http.or(file.http).unwrap_or(local(8080)),
            ldap: written.ldap.or(file.ldap).unwrap_or(local(1389)),
            ldaps: written.ldaps.or(file.ldaps).unwrap_or(local(1636)),
            admin: written.admin.or(file.admin).unwrap_or(local(9090)),
            tls_cert: written.tls_cert.clone().or_else(|| file.tls_cert.clone()),
            tls_key: written.tls_key.clone().or_else(|| file.tls_key.clone()),
            client_ca: written.client_ca.clone().or_else(|| file.client_ca.clone()),
            trusted_proxies: written
                .trusted_proxies
                .clone()
                .or_else(|| file.trusted_proxies.clone())
                .unwrap_or_default(),
            base_dn: base_dn.cloned().unwrap_or_else(|| "o=mssante,c=fr".to_owned()),
            ldap_public_size_limit: limit(
                written
                    .ldap_public_size_limit
                    .or(file.ldap_public_size_limit)
                    .unwrap_or(100),
            ),
            ldap_account_size_limit: limit(
                written
                    .ldap_account_size_limit
                    .or(file.ldap_account_size_limit)
                    .unwrap_or(1000),
            ),
            ldap_limits: written.ldap_limits.over(&file.ldap_limits),
            http_limits: written.http_limits.over(&file.http_limits),
            stale_after: Some(written.stale_after.or(file.stale_after).unwrap_or(900))
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            retention: self.retention(&written.retention, history_days),
        }
    }

    /// How long what need not stay is kept, once flags and environment have had their say.
    pub fn retention(&self, written: &RetentionOptions, history_days: u16) -> Retention {
        written.over(&self.serve.retention, history_days)
    }
}

/// The keys that a file may have: the names of the flags, but `--config` itself.
fn keys() -> Vec<String> {
    let command = ServeOptions::augment_args(CommonOptions::augment_args(Command::new("keys")));
    let flags = command.get_arguments().filter_map(|argument| argument.get_long());
    flags
        .filter(|&flag| flag != "config")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        common: CommonOptions,
        #[command(flatten)]
        serve: ServeOptions,
    }

    fn settings(flags: &[&str], file: &str) -> (CommonSettings, ServeSettings) {
        let cli = Cli::parse_from([&["annuaire"], flags].concat());
        let file = SettingsFile::parse(Path::new("annuaire.toml"), file).unwrap();
        let common = file.common(&cli.common);
        let serve = file.serve(&cli.serve, common.history_days);
        (common, serve)
    }

    fn fault(file: &str) -> String {
        SettingsFile::parse(Path::new("annuaire.toml"), file)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn without_a_word_the_defaults_hold() {
        let (common, serve) = settings(&[], "");
        assert_eq!(common.store.data_dir, Path::new("data"));
        assert_eq!(common.store.database_url, None);
        let addresses = [serve.http, serve.ldap, serve.ldaps, serve.admin].map(|address| address.to_string());
        assert_eq!(
            addresses,
            [
                "127.0.0.1:8080",
                "127.0.0.1:1389",
                "127.0.0.1:1636",
                "127.0.0.1:9090"
            ]
        );
        assert_eq!(serve.base_dn, "o=mssante,c=fr");
        assert_eq!(
            (serve.ldap_public_size_limit, serve.ldap_account_size_limit),
            (Some(100), Some(1000))
        );
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "data-dir = '/srv/a'\nhttp = '[::1]:80'\nldap-public-size-limit = 50";
        let (common, serve) = settings(&["--data-dir", "/srv/b"], file);
        assert_eq!(common.store.data_dir, Path::new("/srv/b"));
        assert_eq!(serve.http.to_string(), "[::1]:80");
        assert_eq!(serve.ldap_public_size_limit, Some(50));
    }

    #[test]
    fn zero_is_no_limit_and_an_empty_address_no_server() {
        let (common, serve) = settings(&["--database-url", "", "--ldap-account-size-limit", "0"], "");
        assert_eq!(common.store.database_url, None);
        assert_eq!(serve.ldap_account_size_limit, None);
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest() {
        let text = fault("data_dir = 'x'");
        assert!(
            text.contains("`data_dir`") && text.contains("`data-dir`"),
            "{text}"
        );
        assert!(fault("config = 'x'").contains("no setting"));
    }

    #[test]
    fn where_no_setting_is_near_all_of_them_are_told() {
        for text in ["couleur = 'bleu'", "[serve]\nhttp = '[::1]:80'", "port = 1"] {
            let told = fault(text);
            assert!(
                !told.contains("did you mean") && told.contains("data-dir, ") && told.contains("base-dn, "),
                "{told}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_told_by_its_line_and_never_quoted() {
        let text = fault("log = 'info'\nhttp = 'secret'");
        assert!(text.contains("line 2") && !text.contains("secret"), "{text}");
        let text = fault("database-url = 'postgres://u:secret@h/d");
        assert!(text.contains("line 1") && !text.contains("secret"), "{text}");
    }
}
