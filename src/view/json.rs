//! The public JSON of a professional, a structure and a mailbox, as REST answers it and the index keeps it.
//! Made once, at indexing time; never holds what only some viewers may see (see [`mailbox_signed_in`]).

use serde::Serialize;

use crate::directory::mailbox::Mailbox;
use crate::directory::professional::Professional;
use crate::directory::structure::Structure;

mod common;
mod mailbox;
mod professional;
mod structure;

pub use common::{Adresse, Code};
pub use mailbox::{Messagerie, Titulaire};
pub use professional::{Activite, Diplome, Exercice, MessagerieResume, Professionnel, SavoirFaire};
pub use structure::{NombreMessageries, StructureComplete, StructureResume};

/// One professional, whole: an object whose `type` is `professionnel`.
pub fn professional(professional: &Professional) -> String {
    to_json(&Professionnel::from(professional))
}

/// One structure, whole: an object whose `type` is `structure`.
pub fn structure(structure: &Structure) -> String {
    to_json(&StructureComplete::from(structure))
}

/// One mailbox, as everybody may see it: an object whose `type` is `messagerie`, without its telephone.
pub fn mailbox(mailbox: &Mailbox) -> String {
    to_json(&Messagerie::from(mailbox))
}

/// What signed-in viewers see more of a mailbox: its published telephone, to be added under the name
/// `telephone` with [`with_member`]. `None` when there is nothing more.
pub fn mailbox_signed_in(mailbox: &Mailbox) -> Option<String> {
    (!mailbox.telephone.is_empty()).then(|| mailbox.telephone.clone())
}

/// Adds a last member to the text of a JSON object; a text that is no object comes back as it was.
///
/// Entries are kept as text, encoded once: adding at the end spares reading them again.
pub fn with_member(object: &str, name: &str, value: &impl Serialize) -> String {
    let Some(members) = object.strip_suffix('}') else {
        return object.to_owned();
    };
    let comma = if members.ends_with('{') { "" } else { "," };
    format!("{members}{comma}{}:{}}}", to_json(&name), to_json(value))
}

/// Octets of most entries: there is room for them from the first on.
const OCTETS: usize = 2048;

/// These shapes hold only texts, numbers and lists, whose encoding cannot fail.
fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    let mut text = Vec::with_capacity(OCTETS);
    let _ = serde_json::to_writer(&mut text, value);
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
