//! What is answered: views of a professional, a structure or a mailbox, made once, at indexing time.
//!
//! A view holds what its viewer may see and nothing else. No I/O, no query, no protocol state.

pub mod ber;
pub mod entry;
pub mod field;
pub mod ldap;
