//! From a byte stream to requests: frames LDAP messages, takes controls apart, hands the rest to the codec.
//!
//! The codec loses message ids of what it cannot decode and the criticality of controls it knows; both are
//! read here, so that every request with an id gets an answer. Searches are not given to it at all. Bounded in
//! size; the codec never meets an operation it does not know, on which it would print.

use bytes::{Buf, BytesMut};
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::LdapOp;
use thiserror::Error;
use tokio_util::codec::Decoder;

use super::filter::Bounds;
use super::reply::{self, Operation};
use super::search::request::{self, Refusal, SearchRequest};
use crate::view::ber::{self, NoHeader};

/// Octets of a message; what mail clients send stays far below.
const MAX_MESSAGE: usize = 32 * 1024;
/// Controls of a message.
const MAX_CONTROLS: usize = 16;
/// Context-specific 0, constructed: the controls of a message.
const CONTROLS: u8 = 0xa0;

/// A request, or what is known of one that could not be decoded.
#[derive(Debug)]
pub struct Request {
    /// 1 to 2³¹ − 1.
    pub id: i32,
    /// Tells which response is due.
    pub operation: Operation,
    pub controls: Vec<Control>,
    /// The operation, or why it cannot be run.
    pub op: Result<Op, Refusal>,
}

/// What is asked.
#[derive(Debug, PartialEq)]
pub enum Op {
    Search(SearchRequest),
    /// As the codec reads it.
    Other(LdapOp),
}

/// A request control (RFC 4511 section 4.1.11), its value not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    pub oid: String,
    pub critical: bool,
    pub value: Option<Vec<u8>>,
}

/// After this nothing on the stream can be understood: the session ends with a notice of disconnection.
#[derive(Debug, Error)]
pub enum FrameError {
    #[error("not an LDAP message: {0}")]
    Malformed(&'static str),
    #[error("message longer than {MAX_MESSAGE} octets")]
    TooLong,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Cuts a stream into requests.
#[derive(Debug)]
pub struct RequestDecoder {
    /// Of filters.
    pub bounds: Bounds,
}

impl Decoder for RequestDecoder {
    type Item = Request;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Request>, FrameError> {
        match buffer.first() {
            None => return Ok(None),
            Some(&ber::SEQUENCE) => {}
            Some(_) => return Err(FrameError::Malformed("no SEQUENCE")),
        }
        let header = match ber::header(buffer) {
            Ok(header) => header,
            Err(NoHeader::Incomplete) => return Ok(None),
            Err(NoHeader::Malformed) => return Err(FrameError::Malformed("length")),
        };
        if header.length > MAX_MESSAGE {
            return Err(FrameError::TooLong);
        }
        let total = header.size + header.length;
        if buffer.len() < total {
            buffer.reserve(total - buffer.len());
            return Ok(None);
        }
        let mut message = buffer.split_to(total);
        message.advance(header.size);
        self.request(&message).map(Some)
    }
}

impl RequestDecoder {
    /// Reads the content of one message.
    fn request(&self, message: &[u8]) -> Result<Request, FrameError> {
        let (id, rest) = match ber::element(message) {
            Some((ber::INTEGER, octets, rest)) => (message_id(octets)?, rest),
            _ => return Err(FrameError::Malformed("no message id")),
        };
        let (tag, content, after) = ber::element(rest).ok_or(FrameError::Malformed("operation cut off"))?;
        let operation = Operation::of_request(tag).ok_or(FrameError::Malformed("no request"))?;
        if tag & ber::CONSTRUCTED != 0 && !is_well_formed(content) {
            return Err(FrameError::Malformed("lengths do not agree"));
        }
        let controls = match ber::element(after) {
            Some((CONTROLS, list, _)) => controls(list).ok_or(FrameError::Malformed("controls"))?,
            None if !after.is_empty() => return Err(FrameError::Malformed("controls cut off")),
            _ => Vec::new(),
        };
        let op = match operation {
            Operation::Search => request::decode(content, self.bounds).map(Op::Search),
            _ => {
                let envelope = message.len() - after.len();
                let decoded = message.get(..envelope).and_then(decode_operation);
                decoded.map(Op::Other).ok_or(Refusal::Malformed)
            }
        };
        Ok(Request {
            id,
            operation,
            controls,
            op,
        })
    }
}

fn message_id(octets: &[u8]) -> Result<i32, FrameError> {
    let fault = FrameError::Malformed("message id not in 1 to 2147483647");
    if !(1..=4).contains(&octets.len()) {
        return Err(fault);
    }
    let negative = octets.first().is_some_and(|octet| octet & 0x80 != 0);
    let id = octets.iter().fold(0u32, |id, octet| id << 8 | u32::from(*octet));
    match i32::try_from(id) {
        Ok(id) if id > 0 && !negative => Ok(id),
        _ => Err(fault),
    }
}

/// Whether elements end where the elements that hold them end, at every level. The message's own length bounds
/// the work and the levels.
fn is_well_formed(content: &[u8]) -> bool {
    let mut open = vec![content];
    while let Some(mut level) = open.pop() {
        while !level.is_empty() {
            let Some((tag, inner, rest)) = ber::element(level) else {
                return false;
            };
            level = rest;
            if tag & ber::CONSTRUCTED != 0 {
                open.push(level);
                level = inner;
            }
        }
    }
    true
}

fn controls(mut list: &[u8]) -> Option<Vec<Control>> {
    let mut controls = Vec::new();
    while !list.is_empty() {
        let (tag, control, rest) = ber::element(list)?;
        list = rest;
        if tag != ber::SEQUENCE || controls.len() == MAX_CONTROLS {
            return None;
        }
        let (_, oid, mut rest) = ber::element(control).filter(|(tag, _, _)| *tag == ber::OCTET_STRING)?;
        let mut critical = false;
        if let Some((ber::BOOLEAN, value, after)) = ber::element(rest) {
            critical = value != [0];
            rest = after;
        }
        let value = match ber::element(rest) {
            Some((ber::OCTET_STRING, value, _)) => Some(value.to_vec()),
            None if rest.is_empty() => None,
            _ => return None,
        };
        controls.push(Control {
            oid: String::from_utf8(oid.to_vec()).ok()?,
            critical,
            value,
        });
    }
    Some(controls)
}

/// The codec's reading of id and operation, without the controls, which it would drop or fail on.
fn decode_operation(envelope: &[u8]) -> Option<LdapOp> {
    let mut message = Vec::with_capacity(ber::element_size(envelope.len()));
    ber::push_element(&mut message, ber::SEQUENCE, envelope);
    let decoded = LdapCodec::default().decode(&mut BytesMut::from(&message[..]));
    decoded
        .ok()
        .flatten()
        .map(|message| message.op)
        .filter(reply::is_request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3_proto::LdapMsg;
    use proptest::prelude::*;
    use tokio_util::codec::Encoder;

    fn decoder() -> RequestDecoder {
        let bounds = Bounds {
            elements: 20,
            depth: 5,
        };
        RequestDecoder { bounds }
    }

    fn decode(bytes: &[u8]) -> Result<Option<Request>, FrameError> {
        decoder().decode(&mut BytesMut::from(bytes))
    }

    fn abandoning(id: i32) -> Result<Op, Refusal> {
        Ok(Op::Other(LdapOp::AbandonRequest(id)))
    }

    fn search(filter: &[u8]) -> Vec<u8> {
        let head = b"\x04\0\x0a\x01\x02\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0";
        element(0x30, &[ID, &element(0x63, &[head, filter, b"\x30\0"])])
    }

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        ber::push_element(&mut out, tag, &parts.concat());
        out
    }

    const ID: &[u8] = &[2, 1, 7];

    #[test]
    fn http_is_no_ldap() {
        assert!(matches!(
            decode(b"GET / HTTP/1.1\r\n"),
            Err(FrameError::Malformed(_))
        ));
    }

    #[test]
    fn a_message_is_awaited_whole_and_left_off_behind() {
        let abandon = element(0x30, &[ID, &[0x50, 1, 3]]);
        for end in 0..abandon.len() {
            assert!(matches!(decode(&abandon[..end]), Ok(None)), "{end}");
        }
        let mut two = BytesMut::from(&[&abandon[..], &abandon[..]].concat()[..]);
        for _ in 0..2 {
            let request = decoder().decode(&mut two).unwrap().unwrap();
            assert_eq!((request.id, request.op), (7, abandoning(3)));
        }
        assert!(two.is_empty());
    }

    #[test]
    fn a_declared_length_beyond_the_bound_is_refused_at_once() {
        assert!(matches!(
            decode(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            Err(FrameError::TooLong)
        ));
    }

    #[test]
    fn ids_are_positive() {
        for id in [&[2, 1, 0][..], &[2, 1, 0xff], &[2, 0], &[2, 5, 0, 0, 0, 0, 1]] {
            let message = element(0x30, &[id, &[0x50, 1, 3]]);
            assert!(
                matches!(decode(&message), Err(FrameError::Malformed(_))),
                "{id:?}"
            );
        }
    }

    #[test]
    fn controls_keep_their_criticality() {
        let paged: &[u8] = b"\x04\x161.2.840.113556.1.4.319";
        let control = element(0x30, &[paged, &[1, 1, 0xff], &[4, 1, 9]]);
        let message = element(0x30, &[ID, &[0x50, 1, 3], &element(0xa0, &[&control])]);
        let request = decode(&message).unwrap().unwrap();
        let expected = Control {
            oid: "1.2.840.113556.1.4.319".into(),
            critical: true,
            value: Some(vec![9]),
        };
        assert_eq!(request.controls, [expected]);
        assert!(request.op.is_ok());
    }

    #[test]
    fn an_operation_that_makes_no_sense_keeps_its_id() {
        let no_filter = search(&element(0xaf, &[b"\x04\x02cn"]));
        let bind_of_bytes = element(0x30, &[ID, &element(0x60, &[b"\x04\0\x04\0"])]);
        for message in [no_filter, bind_of_bytes] {
            let request = decode(&message).unwrap().unwrap();
            assert_eq!(request.id, 7);
            assert!(request.op.is_err());
        }
    }

    #[test]
    fn a_filter_far_too_deep_is_an_answer_and_not_the_end() {
        let deep = (0..2_000).fold(b"\x87\x02cn".to_vec(), |inner, _| element(0xa2, &[&inner]));
        let request = decode(&search(&deep)).unwrap().unwrap();
        assert!(matches!(request.op, Err(Refusal::Filter(_))));
    }

    #[test]
    fn lengths_that_do_not_agree_and_unknown_operations_end_the_session() {
        for op in [&[0x63, 2, 4, 9][..], &[0x7f, 0], &[0x64, 0]] {
            assert!(
                matches!(decode(&element(0x30, &[ID, op])), Err(FrameError::Malformed(_))),
                "{op:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = decode(&element(0x30, &[ID, &element(0x63, &[&bytes])]));
            let _ = decode(&element(0x30, &[ID, &[0x50, 1, 3], &element(0xa0, &[&bytes])]));
        }

        #[test]
        fn what_the_codec_writes_is_read(id in 1i32.., abandoned in 1i32..) {
            let mut bytes = BytesMut::new();
            let message = LdapMsg::new(id, LdapOp::AbandonRequest(abandoned));
            LdapCodec::default().encode(message, &mut bytes).unwrap();
            let request = decoder().decode(&mut bytes).unwrap().unwrap();
            prop_assert_eq!((request.id, request.op), (id, abandoning(abandoned)));
        }
    }
}
