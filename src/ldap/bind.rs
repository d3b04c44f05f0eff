//! The bind operation (RFC 4511 section 4.2, RFC 4513): who asks from now on.
//!
//! Keys are taken over TLS or, unless the settings forbid it, from this machine. A wrong key and an unknown
//! account get the same answer; refusals of anonymous sessions never use 48 or 49, on which Thunderbird binds
//! again for ever.

use ldap3_proto::proto::{LdapBindCred, LdapBindRequest, LdapResult, LdapResultCode};

use super::connection::{Link, Security};
use super::dn::Dn;
use super::reply;
use super::tree::Place;
use super::{Context, KeysInClear};
use crate::service::ServiceError;
use crate::visibility::Viewer;

/// The mechanism of certificates (RFC 4422 appendix A).
const EXTERNAL: &str = "EXTERNAL";

/// Who asks on a connection.
#[derive(Debug, Clone)]
pub struct Session {
    pub viewer: Viewer,
    /// The name bound as, canonical; empty for nobody.
    pub name: String,
}

impl Session {
    /// Nobody has signed in.
    pub fn anonymous() -> Self {
        Self {
            viewer: Viewer::Public,
            name: String::new(),
        }
    }
}

/// Answers a bind; after a failed one the session is anonymous.
pub async fn run(context: &Context, link: &Link, request: &LdapBindRequest) -> (Session, LdapResult) {
    match bind(context, link, request).await {
        Ok(session) => (session, reply::result(LdapResultCode::Success, "")),
        Err(result) => (Session::anonymous(), result),
    }
}

async fn bind(context: &Context, link: &Link, request: &LdapBindRequest) -> Result<Session, LdapResult> {
    if request.version != 3 {
        let message = "this server speaks LDAP version 3";
        return Err(reply::result(LdapResultCode::ProtocolError, message));
    }
    match &request.cred {
        LdapBindCred::Simple(key) => simple(context, link, &request.dn, key).await,
        LdapBindCred::SASL(sasl) if sasl.mechanism == EXTERNAL => {
            external(context, link, &sasl.credentials).await
        }
        LdapBindCred::SASL(_) | LdapBindCred::Unsupported => Err(not_supported()),
    }
}

async fn simple(context: &Context, link: &Link, name: &str, key: &str) -> Result<Session, LdapResult> {
    let dn =
        Dn::parse(name).map_err(|fault| reply::result(LdapResultCode::InvalidDNSyntax, fault.to_string()))?;
    if key.is_empty() {
        return if dn.0.is_empty() {
            Ok(Session::anonymous())
        } else {
            // A client that forgot its key must not believe that it is signed in (RFC 4513 section 5.1.2).
            Err(reply::result(
                LdapResultCode::UnwillingToPerform,
                "a name needs its key",
            ))
        };
    }
    let is_confidential = match context.settings.keys_in_clear {
        KeysInClear::Local if link.is_local => true,
        _ => link.security != Security::Clear,
    };
    if !is_confidential {
        return Err(reply::result(
            LdapResultCode::ConfidentialityRequired,
            "use TLS to send a key",
        ));
    }
    let Place::Account(account, suffix) = context.tree.find(&dn) else {
        return Err(invalid_credentials());
    };
    let viewer = context.directory.authenticate(&account, key).await;
    session(viewer, || suffix.account_dn(&account))
}

/// The account that the client's certificate names (RFC 4513 section 5.2.3): the common name of its subject or
/// one of its DNS names is the account's name. Of several the client may choose one.
async fn external(context: &Context, link: &Link, authzid: &[u8]) -> Result<Session, LdapResult> {
    if link.certified().is_empty() {
        // Not advertised on such a connection.
        return Err(not_supported());
    }
    let wanted = wanted(context, authzid)?;
    let Some(suffix) = context.tree.contexts().next() else {
        return Err(invalid_credentials());
    };
    for name in link.certified() {
        if wanted.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let viewer = context.directory.certified(name).await;
        if !matches!(viewer, Ok(None)) {
            return session(viewer, || suffix.account_dn(name));
        }
    }
    Err(invalid_credentials())
}

/// The account that an authorization identity asks for: `dn:` and its name, `u:` and the account, or none.
fn wanted(context: &Context, authzid: &[u8]) -> Result<Option<String>, LdapResult> {
    let text = std::str::from_utf8(authzid).map_err(|_| invalid_credentials())?;
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(account) = text.strip_prefix("u:") {
        return Ok(Some(account.to_owned()));
    }
    let dn = text.strip_prefix("dn:").and_then(|dn| Dn::parse(dn).ok());
    match dn.map(|dn| context.tree.find(&dn)) {
        Some(Place::Account(account, _)) => Ok(Some(account)),
        _ => Err(invalid_credentials()),
    }
}

fn session(
    viewer: Result<Option<Viewer>, ServiceError>,
    name: impl FnOnce() -> String,
) -> Result<Session, LdapResult> {
    match viewer {
        Ok(Some(viewer)) => Ok(Session { viewer, name: name() }),
        Ok(None) => Err(invalid_credentials()),
        Err(fault) => {
            tracing::warn!(error = %fault, "accounts cannot be read");
            let message = "accounts cannot be checked now; try again later";
            Err(reply::result(LdapResultCode::Unavailable, message))
        }
    }
}

fn not_supported() -> LdapResult {
    let message = "use a simple bind, or EXTERNAL with a client certificate over TLS";
    reply::result(LdapResultCode::AuthMethodNotSupported, message)
}

fn invalid_credentials() -> LdapResult {
    reply::result(LdapResultCode::InvalidCredentials, "")
}
