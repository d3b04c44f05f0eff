//! An entry of the directory as the bytes of an answer: encoded values are copied, what follows from the kind is
//! added.

use std::sync::LazyLock;

use crate::ldap::controls::matched::Values;
use crate::ldap::encode::{self, Encoded};
use crate::ldap::fixed;
use crate::ldap::schema::{self, Attribute};
use crate::ldap::select::Selection;
use crate::ldap::tree::{EntryDn, Suffix, naming_field};
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
    /// The content octets of the INTEGER.
    pub message_id: Vec<u8>,
    pub selection: Selection,
    /// Of the values, only these.
    pub values: Option<Values>,
}

/// As many attributes are gathered without asking for memory: mail clients list few.
const FEW: usize = 8;

impl Writer {
    /// Appends an entry. One without the value that names it cannot be answered and is left out.
    pub fn entry(&self, out: &mut Vec<u8>, seen: &Seen<'_>, suffix: &Suffix) {
        let Some(name) = seen.entry.first_octets(naming_field(seen.kind)) else {
            tracing::error!(kind = ?seen.kind, "entry without a name");
            return;
        };
        let dn = suffix.entry_dn(seen.kind, name);
        let entry_dn = self
            .selection
            .wants(schema::ENTRY_DN)
            .then(|| encode::set([dn.to_string().as_str()]));
        let attributes = attributes(seen, entry_dn.as_deref().unwrap_or(encode::EMPTY_SET));
        match &self.values {
            None => self.whole(out, &dn, attributes),
            Some(wanted) => self.partly(out, &dn, attributes, wanted),
        }
    }

    /// With all values.
    fn whole<'a>(
        &'a self,
        out: &mut Vec<u8>,
        dn: &EntryDn<'_>,
        attributes: impl Iterator<Item = (Attribute, &'a [u8])>,
    ) {
        // Most clients want a few attributes, which stand first: no need to look at the others.
        let wanted = self.selection.count();
        let mut few = [Encoded::default(); FEW];
        let mut many = Vec::new();
        let places = match few.get_mut(..wanted) {
            Some(places) => places,
            None => {
                many.resize(wanted, Encoded::default());
                &mut many
            }
        };
        let encoded = attributes.filter_map(|(attribute, values)| self.selection.encoded(attribute, values));
        let mut taken = 0;
        for (place, encoded) in places.iter_mut().zip(encoded) {
            *place = encoded;
            taken += 1;
        }
        let taken = places.get(..taken).unwrap_or_default();
        encode::entry(out, &self.message_id, &dn.parts(), taken);
    }

    /// With the values that were asked for; without the attributes that have none of them.
    fn partly<'a>(
        &self,
        out: &mut Vec<u8>,
        dn: &EntryDn<'_>,
        attributes: impl Iterator<Item = (Attribute, &'a [u8])>,
        wanted: &Values,
    ) {
        let kept: Vec<(Attribute, Vec<u8>)> = attributes
            .filter(|(attribute, _)| self.selection.wants(*attribute))
            .map(|(attribute, values)| (attribute, wanted.keep(attribute, encode::members(values))))
            .filter(|(_, kept)| !kept.is_empty())
            .map(|(attribute, kept)| (attribute, encode::set(kept)))
            .collect();
        let attributes: Vec<_> = kept
            .iter()
            .filter_map(|(attribute, values)| self.selection.encoded(*attribute, values))
            .collect();
        encode::entry(out, &self.message_id, &dn.parts(), &attributes);
    }
}

/// All attributes of an entry, their values encoded: those that follow from the kind first.
fn attributes<'a>(seen: &Seen<'a>, entry_dn: &'a [u8]) -> impl Iterator<Item = (Attribute, &'a [u8])> {
    let made = made(seen.kind);
    let own = [
        (schema::OBJECT_CLASS, made.classes.as_slice()),
        (schema::STRUCTURAL_OBJECT_CLASS, &made.structural),
        (schema::SUBSCHEMA_SUBENTRY, &made.subschema),
        (schema::HAS_SUBORDINATES, &made.has_subordinates),
        (schema::ENTRY_DN, entry_dn),
    ];
    let signed_in = seen.signed_in.into_iter().flat_map(EntryView::fields);
    let fields = seen.entry.fields().chain(signed_in);
    own.into_iter()
        .chain(fields.map(|(field, values)| (Attribute::from(field), values.ber())))
}
