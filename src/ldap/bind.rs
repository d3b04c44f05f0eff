//! The bind operation (RFC 4511 section 4.2, RFC 4513): who asks from now on.
//!
//! Keys are taken over TLS or from this machine only. A wrong key and an unknown account get the same answer;
//! refusals of anonymous sessions never use 48 or 49, on which Thunderbird binds again for ever.

use ldap3_proto::proto::{LdapBindCred, LdapBindRequest, LdapResult, LdapResultCode};

use super::Context;
use super::dn::Dn;
use super::reply;
use super::tree::Place;
use crate::visibility::Viewer;

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

/// Answers a bind; after a failed one the session is anonymous. `confidential`: TLS, or the same machine.
pub async fn run(context: &Context, confidential: bool, request: &LdapBindRequest) -> (Session, LdapResult) {
    match bind(context, confidential, request).await {
        Ok(session) => (session, reply::result(LdapResultCode::Success, "")),
        Err(result) => (Session::anonymous(), result),
    }
}

async fn bind(
    context: &Context,
    confidential: bool,
    request: &LdapBindRequest,
) -> Result<Session, LdapResult> {
    if request.version != 3 {
        return Err(reply::result(
            LdapResultCode::ProtocolError,
            "this server speaks LDAP version 3",
        ));
    }
    let LdapBindCred::Simple(key) = &request.cred else {
        return Err(reply::result(
            LdapResultCode::AuthMethodNotSupported,
            "use a simple bind",
        ));
    };
    let dn = Dn::parse(&request.dn)
        .map_err(|fault| reply::result(LdapResultCode::InvalidDNSyntax, fault.to_string()))?;
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
    if !confidential {
        return Err(reply::result(
            LdapResultCode::ConfidentialityRequired,
            "use TLS to send a key",
        ));
    }
    let Place::Account(account, suffix) = context.tree.find(&dn) else {
        return Err(invalid_credentials());
    };
    match context.directory.authenticate(&account, key).await {
        Ok(Some(viewer)) => Ok(Session {
            viewer,
            name: suffix.account_dn(&account),
        }),
        Ok(None) => Err(invalid_credentials()),
        Err(fault) => {
            tracing::warn!(error = %fault, "accounts cannot be read");
            Err(reply::result(
                LdapResultCode::Unavailable,
                "accounts cannot be checked now; try again later",
            ))
        }
    }
}

fn invalid_credentials() -> LdapResult {
    reply::result(LdapResultCode::InvalidCredentials, "")
}
