//! The LDAP face (LDAPv3, RFC 4510 to 4519), read-only: messages in, queries to the directory, entries out.
//!
//! It knows nothing of Postgres or of the index, and never sends a viewer what the views do not hold.

pub mod dn;
pub mod encode;
pub mod filter;
pub mod fixed;
pub mod frame;
pub mod reply;
pub mod schema;
pub mod select;
pub mod tree;
