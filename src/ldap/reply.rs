//! Responses other than entries: which one an operation is due, and its bytes.
//!
//! Diagnostic messages say what to do and never repeat what somebody searched for.

use bytes::{Bytes, BytesMut};
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapBindResponse, LdapExtendedResponse, LdapOp, LdapResult, LdapResultCode};
use ldap3_proto::{DisconnectionNotice, LdapCodec, LdapMsg};
use tokio_util::codec::Encoder;

/// The operations of RFC 4511 that a client requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Bind,
    Unbind,
    Search,
    Modify,
    Add,
    Delete,
    ModifyDn,
    Compare,
    Abandon,
    Extended,
}

impl Operation {
    /// By the tag of the protocolOp.
    pub fn of_request(tag: u8) -> Option<Self> {
        Some(match tag {
            0x60 => Self::Bind,
            0x42 => Self::Unbind,
            0x63 => Self::Search,
            0x66 => Self::Modify,
            0x68 => Self::Add,
            0x4a => Self::Delete,
            0x6c => Self::ModifyDn,
            0x6e => Self::Compare,
            0x50 => Self::Abandon,
            0x77 => Self::Extended,
            _ => return None,
        })
    }

    /// The response that ends the operation; Unbind and Abandon have none.
    pub fn response(self, result: LdapResult) -> Option<LdapOp> {
        Some(match self {
            Self::Bind => LdapOp::BindResponse(LdapBindResponse {
                res: result,
                saslcreds: None,
            }),
            Self::Search => LdapOp::SearchResultDone(result),
            Self::Modify => LdapOp::ModifyResponse(result),
            Self::Add => LdapOp::AddResponse(result),
            Self::Delete => LdapOp::DelResponse(result),
            Self::ModifyDn => LdapOp::ModifyDNResponse(result),
            Self::Compare => LdapOp::CompareResult(result),
            Self::Extended => LdapOp::ExtendedResponse(LdapExtendedResponse {
                res: result,
                name: None,
                value: None,
            }),
            Self::Unbind | Self::Abandon => return None,
        })
    }
}

/// Whether the codec's operation is one that a client sends.
pub fn is_request(op: &LdapOp) -> bool {
    matches!(
        op,
        LdapOp::BindRequest(_)
            | LdapOp::UnbindRequest
            | LdapOp::SearchRequest(_)
            | LdapOp::ModifyRequest(_)
            | LdapOp::AddRequest(_)
            | LdapOp::DelRequest(_)
            | LdapOp::ModifyDNRequest(_)
            | LdapOp::CompareRequest(_)
            | LdapOp::AbandonRequest(_)
            | LdapOp::ExtendedRequest(_)
    )
}

/// A result without a matched name.
pub fn result(code: LdapResultCode, message: impl Into<String>) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: message.into(),
        referral: Vec::new(),
    }
}

/// noSuchObject with the name of what is there above; the same for absent, hidden and unreadable entries.
pub fn no_such_object(matched: impl Into<String>) -> LdapResult {
    LdapResult {
        matcheddn: matched.into(),
        ..result(LdapResultCode::NoSuchObject, "")
    }
}

/// The bytes of a response.
pub fn encode(id: i32, op: LdapOp) -> Bytes {
    encode_message(LdapMsg::new(id, op))
}

/// The bytes of a response with controls.
pub fn encode_with(id: i32, op: LdapOp, controls: Vec<LdapControl>) -> Bytes {
    encode_message(LdapMsg::new_with_ctrls(id, op, controls))
}

/// The notice before the server ends the session (RFC 4511 section 4.4.1).
pub fn disconnection(code: LdapResultCode, message: &str) -> Bytes {
    encode_message(DisconnectionNotice::gen_response(code, message))
}

fn encode_message(message: LdapMsg) -> Bytes {
    let mut out = BytesMut::new();
    if let Err(error) = LdapCodec::default().encode(message, &mut out) {
        tracing::error!(%error, "LDAP response not encoded");
    }
    out.freeze()
}
