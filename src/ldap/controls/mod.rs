//! Request controls (RFC 4511 section 4.1.11): which ones this server knows, and what they ask for.
//!
//! One file a control. A control that is critical and unknown, or that does not belong to the operation, refuses
//! the request; one that is not critical is passed over.

pub mod assertion;
pub mod matched;
pub mod paged;
pub mod sort;
pub mod view;

use ldap3_proto::proto::{LdapFilter, LdapResult, LdapResultCode};

use super::filter::{self, Bounds};
use super::frame::Control;
use super::reader::{self, Reader};
use super::reply::{self, Operation};
use crate::view::ber;

/// The references of the tree as entries of their own (RFC 3296): there are none.
const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
/// No references to other servers, as libraries of Windows ask: there are none.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
/// The same by a flag, and one search over all contexts, which the empty base does.
const SEARCH_OPTIONS: &str = "1.2.840.113556.1.4.1340";
/// No stale copy (RFC 6171): every node shows what is published.
const DONT_USE_COPY: &str = "1.3.6.1.1.22";
/// Subentries only, or none (RFC 3672).
const SUBENTRIES: &str = "1.3.6.1.4.1.4203.1.10.1";

/// The controls that work, as the root DSE lists them.
pub const SUPPORTED: [&str; 10] = [
    paged::OID,
    sort::REQUEST,
    view::REQUEST,
    matched::OID,
    assertion::OID,
    SUBENTRIES,
    MANAGE_DSA_IT,
    DONT_USE_COPY,
    DOMAIN_SCOPE,
    SEARCH_OPTIONS,
];

/// What the controls of a request ask for.
#[derive(Debug, Default)]
pub struct Asked {
    pub page: Option<paged::Page>,
    pub sort: Option<sort::Sort>,
    pub view: Option<view::View>,
    pub values: Option<Vec<LdapFilter>>,
    pub assertion: Option<LdapFilter>,
    /// Whether subentries are wanted, and then nothing else.
    pub subentries: Option<bool>,
}

/// Reads the controls of an operation.
pub fn read(controls: &[Control], operation: Operation, bounds: Bounds) -> Result<Asked, LdapResult> {
    let mut asked = Asked::default();
    for (place, control) in controls.iter().enumerate() {
        let oid = control.oid.as_str();
        if !belongs(oid, operation) {
            if control.critical {
                let code = LdapResultCode::UnavailableCriticalExtension;
                return Err(reply::result(code, "unknown critical control"));
            }
            continue;
        }
        if controls.iter().take(place).any(|before| before.oid == oid) {
            return Err(malformed("the same control twice"));
        }
        asked
            .take(control, bounds)
            .ok_or_else(|| malformed("the value of a control cannot be decoded"))?;
    }
    if asked.page.is_some() && asked.view.is_some() {
        let message = "paged results and a virtual list view exclude each other";
        return Err(reply::result(LdapResultCode::UnwillingToPerform, message));
    }
    Ok(asked)
}

fn malformed(message: &str) -> LdapResult {
    reply::result(LdapResultCode::ProtocolError, message)
}

/// Whether a control may come with an operation; never, where it is unknown.
fn belongs(oid: &str, operation: Operation) -> bool {
    use Operation::{Add, Compare, Delete, Modify, ModifyDn, Search};
    match oid {
        MANAGE_DSA_IT => matches!(operation, Search | Compare | Add | Delete | Modify | ModifyDn),
        assertion::OID => matches!(operation, Search | Compare | Delete | Modify | ModifyDn),
        DONT_USE_COPY => matches!(operation, Search | Compare),
        DOMAIN_SCOPE
        | SEARCH_OPTIONS
        | SUBENTRIES
        | paged::OID
        | sort::REQUEST
        | view::REQUEST
        | matched::OID => operation == Search,
        _ => false,
    }
}

impl Asked {
    /// Notes what a known control asks; `None` where its value is none.
    fn take(&mut self, control: &Control, bounds: Bounds) -> Option<()> {
        let value = control.value.as_deref();
        match control.oid.as_str() {
            paged::OID => self.page = Some(paged::read(value?)?),
            sort::REQUEST => self.sort = Some(sort::read(value?, control.critical)?),
            view::REQUEST => self.view = Some(view::read(value?)?),
            matched::OID => self.values = Some(matched::read(value?, bounds)?),
            assertion::OID => {
                let mut reader = Reader::new(value?);
                let (tag, content) = reader.any()?;
                let assertion = filter::decode(tag, content, bounds).ok()?;
                self.assertion = reader.is_empty().then_some(Some(assertion))?;
            }
            SUBENTRIES => {
                let mut reader = Reader::new(value?);
                self.subentries = Some(reader::boolean(reader.take(ber::BOOLEAN)?)?);
            }
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds {
        elements: 9,
        depth: 3,
    };

    fn control(oid: &str, critical: bool, value: &[u8]) -> Control {
        Control {
            oid: oid.to_owned(),
            critical,
            value: Some(value.to_vec()),
        }
    }

    fn code(controls: &[Control], operation: Operation) -> LdapResultCode {
        read(controls, operation, BOUNDS).map_or_else(|fault| fault.code, |_| LdapResultCode::Success)
    }

    #[test]
    fn only_critical_controls_refuse_what_they_do_not_belong_to() {
        let unavailable = LdapResultCode::UnavailableCriticalExtension;
        let success = LdapResultCode::Success;
        for (oid, operation, critical, expected) in [
            ("1.2.3", Operation::Search, true, unavailable.clone()),
            ("1.2.3", Operation::Search, false, success.clone()),
            (MANAGE_DSA_IT, Operation::Search, true, success.clone()),
            (MANAGE_DSA_IT, Operation::Bind, true, unavailable.clone()),
            (sort::REQUEST, Operation::Compare, true, unavailable),
            (sort::REQUEST, Operation::Compare, false, success),
        ] {
            assert_eq!(code(&[control(oid, critical, b"")], operation), expected, "{oid}");
        }
    }

    #[test]
    fn a_value_that_is_none_or_a_control_twice_is_a_protocol_error() {
        let wrong = control(paged::OID, false, b"\x30\x00");
        assert_eq!(code(&[wrong], Operation::Search), LdapResultCode::ProtocolError);
        let twice = [
            control(MANAGE_DSA_IT, false, b""),
            control(MANAGE_DSA_IT, false, b""),
        ];
        assert_eq!(code(&twice, Operation::Search), LdapResultCode::ProtocolError);
    }

    #[test]
    fn the_assertion_is_a_filter() {
        let asked = read(
            &[control(assertion::OID, true, b"\x87\x02cn")],
            Operation::Compare,
            BOUNDS,
        )
        .unwrap();
        assert_eq!(asked.assertion, Some(LdapFilter::Present("cn".to_owned())));
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_panic(place in 0..SUPPORTED.len(), value in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut sequence = Vec::new();
            ber::push_element(&mut sequence, ber::SEQUENCE, &value);
            for value in [&value, &sequence] {
                let _ = read(&[control(SUPPORTED[place], true, value)], Operation::Search, BOUNDS);
            }
        }
    }
}
