//! The compare operation (RFC 4511 section 4.10): one assertion on one entry, by the search's own rules.
//!
//! What is shown but never asked (`mobile`) gets the same refusal whether the entry has it or not.

use ldap3_proto::proto::{LdapCompareRequest, LdapResult, LdapResultCode, LdapSearchScope};

use super::Context;
use super::controls::{self, Asked};
use super::dn::Dn;
use super::filter::assertion;
use super::fixed;
use super::reply;
use super::schema::{self, Attribute};
use super::search::{Asker, entry_at};
use super::tree::{Container, Place};
use crate::query::{Test, Tri, evaluate};
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// Answers a comparison. May wait for the disk.
pub fn run(context: &Context, asker: &Asker<'_>, request: &LdapCompareRequest, asked: &Asked) -> LdapResult {
    compare(context, asker, request, asked).unwrap_or_else(|result| result)
}

fn compare(
    context: &Context,
    asker: &Asker<'_>,
    request: &LdapCompareRequest,
    asked: &Asked,
) -> Result<LdapResult, LdapResult> {
    let dn = Dn::parse(&request.dn)
        .map_err(|fault| reply::result(LdapResultCode::InvalidDNSyntax, fault.to_string()))?;
    let value = std::str::from_utf8(&request.val)
        .map_err(|_| reply::result(LdapResultCode::InvalidAttributeSyntax, "the value is not UTF-8"))?;
    let (name, meant) = schema::type_of(&request.atype);
    let attribute = Attribute::find(name).filter(|_| meant);
    let place = context.tree.find(&dn);
    if let Some(wanted) = &asked.assertion {
        controls::assertion::check(wanted, &place, context, asker)?;
    }
    let (truth, present) = match place {
        Place::Entry(key, suffix) => {
            let found = entry_at(context, &key, suffix, asker)?;
            let filter = assertion(&request.atype, &Test::Equals(value.to_owned()), &context.tree);
            let field = attribute.and_then(Attribute::field);
            let entry = EntryView::new(&found.entry);
            let present = field.is_none_or(|field| field == Field::Mobile || entry.get(field).is_some());
            (evaluate(&filter, found.kind, entry), present)
        }
        Place::Account(_, suffix) => {
            return Err(reply::no_such_object(suffix.container_dn(Container::Comptes)));
        }
        Place::Nowhere(above) => return Err(reply::no_such_object(above)),
        place => {
            let Some(entry) = fixed::at(&place, &context.tree, asker.offer) else {
                return Err(reply::no_such_object(""));
            };
            let present = attribute.is_none_or(|attribute| entry.has(attribute));
            (
                entry.compare(&request.atype, Some(value), &LdapSearchScope::Base),
                present,
            )
        }
    };
    let code = match truth {
        _ if attribute.is_none() && !schema::is_defined(name) => LdapResultCode::UndefinedAttributeType,
        _ if attribute.is_none() || !present => LdapResultCode::NoSuchAttribute,
        Tri::True => LdapResultCode::CompareTrue,
        Tri::False => LdapResultCode::CompareFalse,
        Tri::Undefined => LdapResultCode::InappropriateMatching,
    };
    Ok(reply::result(code, ""))
}
