//! Extended operations (RFC 4511 section 4.12): which ones there are, and the answers of those that need no more
//! than the session.

pub mod cancel;

use ldap3_proto::proto::{LdapExtendedResponse, LdapOp, LdapResult, LdapResultCode};

use super::bind::Session;
use super::reply;

/// RFC 4511 section 4.14.
pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// RFC 4532.
pub const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
/// RFC 3909.
pub const CANCEL: &str = "1.3.6.1.1.8";
/// RFC 3062; known only to be refused by a result that says why.
pub const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";

/// A response that names the operation it answers.
pub fn response(name: &str, result: LdapResult) -> LdapOp {
    LdapOp::ExtendedResponse(LdapExtendedResponse {
        res: result,
        name: Some(name.to_owned()),
        value: None,
    })
}

/// Who the session is: nobody, or the name bound as.
pub fn who_am_i(session: &Session) -> LdapOp {
    let who = match session.name.as_str() {
        "" => String::new(),
        name => format!("dn:{name}"),
    };
    LdapOp::ExtendedResponse(LdapExtendedResponse {
        res: reply::result(LdapResultCode::Success, ""),
        name: None,
        value: Some(who.into_bytes()),
    })
}

/// The answer to an operation that is not done here.
pub fn refused(name: &str) -> LdapResult {
    match name {
        PASSWORD_MODIFY => {
            let message = "keys are not changed by LDAP: ask who runs this directory for another";
            reply::result(LdapResultCode::UnwillingToPerform, message)
        }
        _ => reply::result(LdapResultCode::ProtocolError, "unknown extended operation"),
    }
}
