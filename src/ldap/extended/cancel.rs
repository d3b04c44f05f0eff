//! Abandon and Cancel (RFC 3909): both end an operation under way; Cancel is answered, and so is what it cancels.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use ldap3_proto::proto::{LdapResult, LdapResultCode};

use crate::ldap::reader::Reader;
use crate::ldap::reply;
use crate::view::ber;

/// The operation to cancel, from the value of the request.
pub fn target(value: Option<&[u8]>) -> Option<i32> {
    let mut reader = Reader::of_sequence(value?)?;
    let id = reader.number(ber::INTEGER)?;
    reader.is_empty().then_some(id)
}

/// An operation under way, as those see it who may end it.
#[derive(Debug, Default)]
pub struct Ticket {
    /// Looked at by the work itself.
    stop: AtomicBool,
    /// The message id of the Cancel that waits for the end; one of the two below otherwise.
    cancel: AtomicI32,
    /// Whether it was in time.
    cancelled: AtomicBool,
}

/// Nobody has asked to cancel.
const NOBODY: i32 = 0;
/// The operation has been answered.
const ANSWERED: i32 = -1;

impl Ticket {
    /// The flag that ends the work.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Whether the work is to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Ends the operation without an answer.
    pub fn abandon(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits for an answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.is_stopped() && self.cancel.load(Ordering::Relaxed) == NOBODY
    }

    /// Ends the operation on behalf of a Cancel, which is answered when it has ended; or why it cannot be.
    pub fn cancel(&self, by: i32) -> Result<(), LdapResult> {
        match self
            .cancel
            .compare_exchange(NOBODY, by, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => {
                self.stop.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(ANSWERED) => Err(reply::result(LdapResultCode::TooLate, "")),
            Err(_) => Err(reply::result(LdapResultCode::CannotCancel, "cancelled already")),
        }
    }

    /// Notes that the operation was answered as cancelled.
    pub fn note_cancelled(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Notes that the operation ends. The Cancel that waits for it, if there is one, and its answer.
    pub fn end(&self) -> Option<(i32, LdapResult)> {
        let code = match self.cancelled.load(Ordering::Relaxed) {
            true => LdapResultCode::Success,
            false => LdapResultCode::TooLate,
        };
        match self.cancel.swap(ANSWERED, Ordering::Relaxed) {
            NOBODY | ANSWERED => None,
            by => Some((by, reply::result(code, ""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_a_sequence_of_one_number() {
        assert_eq!(target(Some(b"\x30\x03\x02\x01\x07")), Some(7));
        for wrong in [
            None,
            Some(&b""[..]),
            Some(b"\x02\x01\x07"),
            Some(b"\x30\x05\x02\x01\x07\x04\x00"),
        ] {
            assert_eq!(target(wrong), None);
        }
    }

    #[test]
    fn one_cancel_waits_and_the_next_cannot() {
        let ticket = Ticket::default();
        assert!(ticket.cancel(5).is_ok());
        assert!(ticket.stop().load(Ordering::Relaxed) && !ticket.is_abandoned());
        assert_eq!(ticket.cancel(6).unwrap_err().code, LdapResultCode::CannotCancel);
        ticket.note_cancelled();
        let (by, result) = ticket.end().unwrap();
        assert_eq!((by, result.code), (5, LdapResultCode::Success));
        assert_eq!(ticket.cancel(7).unwrap_err().code, LdapResultCode::TooLate);
    }

    #[test]
    fn a_cancel_of_what_was_answered_meanwhile_is_too_late() {
        let ticket = Ticket::default();
        ticket.cancel(5).unwrap();
        assert_eq!(ticket.end().unwrap().1.code, LdapResultCode::TooLate);
    }

    #[test]
    fn an_abandoned_operation_has_no_answer() {
        let ticket = Ticket::default();
        ticket.abandon();
        assert!(ticket.is_abandoned());
        assert_eq!(ticket.end(), None);
    }
}
