//! What a base and a scope take in: entries made here, one entry by its name, and the kinds of entry below.

use ldap3_proto::proto::{LdapResult, LdapSearchScope};

use super::{Asker, entry_at};
use crate::ldap::Context;
use crate::ldap::fixed::{self, Fixed};
use crate::ldap::reply;
use crate::ldap::tree::{Container, Place, Suffix};
use crate::query::{Kind, Kinds};
use crate::service::Found;

/// An entry that is not searched for.
pub enum Single<'t> {
    Fixed(Fixed),
    Found(Found, &'t Suffix),
}

/// What a search goes through.
#[derive(Default)]
pub struct Range<'t> {
    pub singles: Vec<Single<'t>>,
    /// The kinds of entry below, and the context under whose name they are answered.
    pub below: Option<(Kinds, &'t Suffix)>,
}

impl<'t> Range<'t> {
    fn fixed(entries: impl IntoIterator<Item = Fixed>) -> Self {
        Self {
            singles: entries.into_iter().map(Single::Fixed).collect(),
            below: None,
        }
    }

    /// Of subentries there is one, and a search finds it by its own name only.
    pub fn subentries(place: &Place<'_>) -> Self {
        match place {
            Place::Subschema => Self::fixed([fixed::subschema()]),
            _ => Self::default(),
        }
    }

    /// What is at and below a place.
    pub fn of(
        place: &Place<'t>,
        scope: &LdapSearchScope,
        context: &'t Context,
        asker: &Asker<'_>,
    ) -> Result<Self, LdapResult> {
        let tree = &context.tree;
        Ok(match (place, scope) {
            (Place::Root, LdapSearchScope::Base) => Self::fixed([fixed::root_dse(tree, asker.offer)]),
            (Place::Root, LdapSearchScope::OneLevel) => Self::fixed(
                tree.contexts()
                    .map(|suffix| fixed::container(suffix.container, suffix)),
            ),
            (Place::Root, LdapSearchScope::Subtree | LdapSearchScope::Children) => {
                // The context of mailboxes only: a client with an empty base must meet correspondents.
                tree.contexts().next().map_or_else(Self::default, |suffix| {
                    Self::container(suffix.container, suffix, &LdapSearchScope::Subtree)
                })
            }
            (Place::Subschema, LdapSearchScope::Base | LdapSearchScope::Subtree) => {
                Self::fixed([fixed::subschema()])
            }
            (Place::Subschema, _) => Self::default(),
            (Place::Container(container, suffix), scope) => Self::container(*container, suffix, scope),
            (Place::Entry(key, suffix), scope) => {
                let found = entry_at(context, key, suffix, asker)?;
                let itself = matches!(scope, LdapSearchScope::Base | LdapSearchScope::Subtree);
                Self {
                    singles: itself
                        .then_some(Single::Found(found, suffix))
                        .into_iter()
                        .collect(),
                    below: None,
                }
            }
            (Place::Account(_, suffix), _) => {
                return Err(reply::no_such_object(suffix.container_dn(Container::Comptes)));
            }
            (Place::Nowhere(above), _) => return Err(reply::no_such_object(above)),
        })
    }

    /// A container and what is below it.
    fn container(container: Container, suffix: &'t Suffix, scope: &LdapSearchScope) -> Self {
        let kinds = match scope {
            LdapSearchScope::Base => return Self::fixed([fixed::container(container, suffix)]),
            LdapSearchScope::OneLevel => container.kinds_one_level(),
            LdapSearchScope::Subtree | LdapSearchScope::Children => container.kinds_below(),
        };
        // A mail client that reads the whole context of mailboxes never meets an entry without an address.
        let correspondents_only = *scope != LdapSearchScope::OneLevel && kinds.contains(Kind::Mailbox);
        let itself = (*scope == LdapSearchScope::Subtree).then_some(container);
        let containers = itself.into_iter().chain(container.children().iter().copied());
        let containers = containers.filter(|_| !correspondents_only);
        Self {
            below: (kinds != Kinds::NONE).then_some((kinds, suffix)),
            ..Self::fixed(containers.map(|each| fixed::container(each, suffix)))
        }
    }
}
