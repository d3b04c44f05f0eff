//! The assertion control (RFC 4528): the operation only if its entry answers a filter.

use ldap3_proto::proto::{LdapFilter, LdapResult, LdapResultCode, LdapSearchScope};

use crate::ldap::Context;
use crate::ldap::filter::translate;
use crate::ldap::fixed;
use crate::ldap::reply;
use crate::ldap::search::{Asker, entry_at};
use crate::ldap::tree::{Container, Place};
use crate::query::{Tri, evaluate};
use crate::view::entry::EntryView;

pub const OID: &str = "1.3.6.1.1.12";

/// Whether the entry at a place answers; the result that ends the operation where it does not.
pub fn check(
    assertion: &LdapFilter,
    place: &Place<'_>,
    context: &Context,
    asker: &Asker<'_>,
) -> Result<(), LdapResult> {
    let truth = match place {
        Place::Entry(key, suffix) => {
            let found = entry_at(context, key, suffix, asker)?;
            let filter = translate(assertion, &context.tree);
            evaluate(&filter, found.kind, EntryView::new(&found.entry))
        }
        Place::Account(_, suffix) => {
            return Err(reply::no_such_object(suffix.container_dn(Container::Comptes)));
        }
        Place::Nowhere(above) => return Err(reply::no_such_object(above)),
        place => match fixed::at(place, &context.tree, asker.offer) {
            Some(entry) => entry.answers(assertion, &LdapSearchScope::Base),
            None => Tri::Undefined,
        },
    };
    match truth {
        Tri::True => Ok(()),
        Tri::False | Tri::Undefined => Err(reply::result(LdapResultCode::AssertionFailed, "")),
    }
}
