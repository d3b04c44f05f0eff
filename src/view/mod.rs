//! Views: what viewers see of an entry, per protocol, made once when the index is built.
//! A view never asks the store and never decides who may see what.

pub mod ber;
pub mod entry;
pub mod field;
pub mod json;
pub mod ldap;
mod postal;
