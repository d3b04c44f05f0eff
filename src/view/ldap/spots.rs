//! Where a mailbox is used, and what it is called when it is nobody's.

use crate::directory::mailbox::{Attachment, Mailbox};
use crate::directory::structure::{Address, Structure};

/// `CLINIQUE EXEMPLE - ADDICTOLOGIE`, or the address where the rows name nothing.
pub fn label(mailbox: &Mailbox) -> String {
    let attachment = mailbox.attachments.first();
    let organisation = spots(mailbox)
        .map(|place| place.nom)
        .find(|nom| !nom.is_empty())
        .unwrap_or("");
    let service = attachment.map_or("", |a| a.service.as_str());
    let service = if service.is_empty() {
        mailbox.description.as_str()
    } else {
        service
    };
    match (organisation, service) {
        ("", "") => mailbox.adresse.clone(),
        (organisation, "") => organisation.to_owned(),
        ("", service) => service.to_owned(),
        (organisation, service) => format!("{organisation} - {service}"),
    }
}

/// A place where a mailbox is used.
pub struct Spot<'m> {
    pub nom: &'m str,
    pub adresse: &'m Address,
    pub telephone: &'m str,
}

/// The box's own rows, first row first, then its holder's activities.
pub fn spots(mailbox: &Mailbox) -> impl Iterator<Item = Spot<'_>> {
    fn of_structure(s: &Structure) -> Spot<'_> {
        Spot {
            nom: &s.nom,
            adresse: &s.adresse,
            telephone: &s.telephone,
        }
    }
    fn of_row(a: &Attachment) -> Option<Spot<'_>> {
        let telephone = a.structure.as_ref().map_or("", |s| s.telephone.as_str());
        match &a.structure {
            Some(s) if a.raison_sociale.is_empty() => Some(of_structure(s)),
            _ if a.raison_sociale.is_empty() && a.adresse.commune.is_empty() => None,
            _ => Some(Spot {
                nom: &a.raison_sociale,
                adresse: &a.adresse,
                telephone,
            }),
        }
    }
    let own = mailbox.attachments.iter().filter_map(of_row);
    let held = mailbox
        .professional
        .iter()
        .flat_map(|p| p.structures().map(|s| of_structure(s)));
    own.chain(held)
}
