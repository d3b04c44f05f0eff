//! The domain: what a professional, a structure and a mailbox are. No I/O, no async, no protocol.
//!
//! Words in French and their English pairs: *professionnel* professional, *exercice professionnel* practice,
//! *savoir-faire* qualification, *activité* (situation d'exercice) activity, *structure* structure,
//! *boîte aux lettres* (BAL) mailbox, *rattachement* attachment, *liste blanche* white list.

pub mod address;
pub mod around;
pub mod cell;
pub mod commune;
pub mod coordinates;
pub mod identifier;
pub mod mailbox;
pub mod phonetic;
pub mod place;
pub mod professional;
pub mod public_id;
pub mod structure;
pub mod text;
