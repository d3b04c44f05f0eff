//! An entry of the directory as the bytes of an answer: encoded values are copied, what follows from the kind is
//! added.

use std::sync::LazyLock;

use crate::ldap::controls::matched::Values;
use crate::ldap::encode;
use crate::ldap::fixed;
use crate::ldap::schema::{self, Attribute};
use crate::ldap::select::Selection;
use crate::ldap::tree::{Suffix, naming_field};
use crate::query::Kind;
use crate::service::Seen;
use crate::view::entry::EntryView;

/// The values that follow from the kind alone, encoded once.
struct Made {
    classes: Vec<u8>,
    structural: Vec<u8>,
    subschema: Vec<u8>,
    has_subordinates: Vec<u8>,
}

fn made(kind: Kind) -> &'static Made {
    static MADE: LazyLock<[Made; 3]> = LazyLock::new(|| {
        Kind::ALL.map(|kind| Made {
            classes: encode::set(schema::classes(kind).iter().copied()),
            structural: encode::set([schema::structural_class(kind)]),
            subschema: encode::set([fixed::SUBSCHEMA_DN]),
            has_subordinates: encode::set(["FALSE"]),
        })
    });
    let [mailbox, professional, structure] = &*MADE;
    match kind {
        Kind::Mailbox => mailbox,
        Kind::Professional => professional,
        Kind::Structure => structure,
    }
}

/// How the entries of one answer are written.
#[derive(Debug)]
pub struct Writer {
    pub message_id: i32,
    pub selection: Selection,
    /// Of the values, only these.
    pub values: Option<Values>,
}

impl Writer {
    /// Appends an entry. One without the value that names it cannot be answered and is left out.
    pub fn entry(&self, out: &mut Vec<u8>, seen: &Seen<'_>, suffix: &Suffix) {
        let Seen {
            kind,
            entry,
            signed_in,
        } = *seen;
        let Some(name) = entry.first(naming_field(kind)) else {
            tracing::error!(?kind, "entry without a name");
            return;
        };
        let dn = suffix.entry_dn(kind, name);
        let selection = &self.selection;
        let entry_dn = selection
            .wants(schema::ENTRY_DN)
            .then(|| encode::set([dn.as_str()]));
        let made = made(kind);
        let fields = || {
            entry
                .fields()
                .chain(signed_in.into_iter().flat_map(EntryView::fields))
        };
        let own = [
            (schema::OBJECT_CLASS, made.classes.as_slice()),
            (schema::STRUCTURAL_OBJECT_CLASS, &made.structural),
            (schema::SUBSCHEMA_SUBENTRY, &made.subschema),
            (schema::HAS_SUBORDINATES, &made.has_subordinates),
            (schema::ENTRY_DN, entry_dn.as_deref().unwrap_or(encode::EMPTY_SET)),
        ];
        let values = fields().map(|(field, values)| (Attribute::from(field), values.ber()));
        match &self.values {
            None => {
                // Most clients want a few attributes, which stand first: no need to look at the others.
                let wanted = selection.count();
                let mut attributes = Vec::with_capacity(wanted);
                attributes.extend(
                    own.into_iter()
                        .chain(values)
                        .filter_map(|(attribute, values)| selection.encoded(attribute, values))
                        .take(wanted),
                );
                encode::entry(out, self.message_id, &dn, &attributes);
            }
            Some(wanted) => {
                let kept: Vec<(Attribute, Vec<u8>)> = own
                    .into_iter()
                    .chain(values)
                    .filter(|(attribute, _)| selection.wants(*attribute))
                    .map(|(attribute, values)| (attribute, wanted.keep(attribute, encode::members(values))))
                    .filter(|(_, kept)| !kept.is_empty())
                    .map(|(attribute, kept)| (attribute, encode::set(kept)))
                    .collect();
                let attributes: Vec<_> = kept
                    .iter()
                    .filter_map(|(attribute, values)| selection.encoded(*attribute, values))
                    .collect();
                encode::entry(out, self.message_id, &dn, &attributes);
            }
        }
    }
}
