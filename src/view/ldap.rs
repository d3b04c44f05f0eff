//! Entries of the LDAP tree, made from professionals, structures and mailboxes (`interfaces.md`, LDAP).

mod holder;
mod spots;

use jiff::Timestamp;
use jiff::tz::Offset;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

use super::entry::EntryBuilder;
use super::field::Field;
use super::postal::Lines;
use crate::directory::mailbox::{Attachment, Mailbox};
use crate::directory::professional::{Labelled, Professional};
use crate::directory::structure::{Address, Structure};
use holder::Holder;
use spots::spots;

/// A mailbox's public entry.
pub fn mailbox(mailbox: &Mailbox) -> Vec<u8> {
    let mut e = EntryBuilder::default();
    let holder = Holder::of(mailbox);
    let label = match holder.nom {
        "" => spots::label(mailbox),
        _ => String::new(),
    };
    if holder.nom.is_empty() {
        e.push(Field::Cn, &label).push(Field::Sn, &label);
    } else {
        e.format(Field::Cn, format_args!("{} {}", holder.nom, holder.prenom));
        e.format(Field::Cn, format_args!("{} {}", holder.prenom, holder.nom));
        e.push(Field::Sn, holder.nom)
            .push(Field::GivenName, holder.prenom);
    }
    let first_town = spots(mailbox)
        .next()
        .map_or("", |place| place.adresse.commune.as_str());
    if holder.nom.is_empty() {
        e.push(Field::DisplayName, &label);
    } else {
        let name = format!("{} {}", holder.nom, holder.prenom);
        push_display_name(&mut e, name.trim_end(), holder.profession, first_town);
    }
    e.push(Field::Mail, &mailbox.adresse);
    e.push(Field::Uid, &mailbox.id);
    e.extend(Field::Title, [holder.profession, holder.savoir_faire]);
    for place in spots(mailbox) {
        e.push(Field::O, place.nom);
        e.extend(Field::Street, street(place.adresse));
        push_place(&mut e, place.adresse);
        e.push(Field::TelephoneNumber, place.telephone);
    }
    e.extend(Field::Ou, mailbox.attachments.iter().map(|a| a.service.as_str()));
    e.push(Field::Description, &mailbox.description);
    e.push(Field::EmployeeNumber, holder.identification);
    e.push(Field::TypeBal, &mailbox.type_bal);
    e.push(Field::IdentifiantPp, holder.identifiant)
        .push(Field::TypeIdentifiantPp, holder.type_identifiant);
    for attachment in &mailbox.attachments {
        e.push(Field::IdentifiantPm, &attachment.identifiant_structure);
        e.push(Field::TypeIdentifiantPm, attachment.type_structure_word());
    }
    match &mailbox.professional {
        Some(professional) => push_practices(&mut e, professional),
        None => {
            e.extend(
                Field::Profession,
                codes(&mailbox.attachments, |a| a.profession.as_ref()),
            );
            e.extend(
                Field::CodeSavoirFaire,
                codes(&mailbox.attachments, |a| a.savoir_faire.as_ref()),
            );
        }
    }
    if let Some(accepted) = mailbox.dematerialisation {
        e.push(Field::Dematerialisation, if accepted { "O" } else { "N" });
    }
    push_operational(&mut e, &mailbox.id, mailbox.created_at, mailbox.modified_at);
    e.finish()
}

/// What signed-in viewers may see besides: the telephone of the box itself.
pub fn mailbox_signed_in(mailbox: &Mailbox) -> Vec<u8> {
    EntryBuilder::default()
        .push(Field::Mobile, &mailbox.telephone)
        .finish()
}

/// A professional's entry.
pub fn professional(professional: &Professional) -> Vec<u8> {
    let mut e = EntryBuilder::default();
    let p = professional;
    e.format(Field::Cn, format_args!("{} {}", p.nom, p.prenom))
        .format(Field::Cn, format_args!("{} {}", p.prenom, p.nom));
    e.push(Field::Sn, &p.nom).push(Field::GivenName, &p.prenom);
    let profession = p
        .practices
        .first()
        .map_or("", |practice| &*practice.profession.libelle);
    let town = p.structures().next().map_or("", |s| s.adresse.commune.as_str());
    push_display_name(&mut e, &format!("{} {}", p.nom, p.prenom), profession, town);
    e.push(Field::Uid, &p.identification_nationale)
        .push(Field::EmployeeNumber, &p.identification_nationale);
    e.extend(Field::Mail, p.mailboxes.iter().map(|m| m.adresse.as_str()));
    for practice in &p.practices {
        e.push(Field::Title, &practice.profession.libelle);
        e.extend(
            Field::Title,
            practice.qualifications.iter().map(|q| &*q.savoir_faire.libelle),
        );
    }
    for structure in p.structures() {
        e.push(Field::O, &structure.nom);
        e.extend(Field::Street, street(&structure.adresse));
        push_place(&mut e, &structure.adresse);
        e.push(Field::TelephoneNumber, &structure.telephone);
        e.push(Field::Finess, &structure.finess)
            .push(Field::Siret, &structure.siret);
    }
    e.push(Field::IdentifiantPp, &p.identifiant);
    e.push(
        Field::TypeIdentifiantPp,
        p.identification_nationale.get(..1).unwrap_or(""),
    );
    push_practices(&mut e, p);
    push_operational(&mut e, &p.id, p.created_at, p.modified_at);
    e.finish()
}

/// A structure's entry.
pub fn structure(structure: &Structure) -> Vec<u8> {
    let mut e = EntryBuilder::default();
    let s = structure;
    let name = if s.nom.is_empty() { &s.identifiant } else { &s.nom };
    e.push(Field::Cn, name)
        .push(Field::O, name)
        .push(Field::O, &s.enseigne);
    match s.adresse.commune.as_str() {
        "" => e.push(Field::DisplayName, name),
        commune => e.format(Field::DisplayName, format_args!("{name} ({commune})")),
    };
    e.push(Field::Uid, &s.identifiant);
    e.extend(Field::Street, street(&s.adresse));
    push_place(&mut e, &s.adresse);
    e.push(Field::TelephoneNumber, &s.telephone)
        .push(Field::Facsimile, &s.telecopie);
    if let Some(categorie) = &s.categorie {
        e.push(Field::BusinessCategory, &categorie.libelle)
            .push(Field::CategorieEtablissement, &categorie.code);
    }
    e.push(Field::Finess, &s.finess)
        .push(Field::FinessEj, &s.finess_ej);
    e.push(Field::Siret, &s.siret).push(Field::Siren, &s.siren);
    // The schema has no word for a position that is only the commune's.
    if let Some(position) = s.position.filter(|_| !s.position_approchee) {
        e.format(Field::Latitude, format_args!("{}", position.lat))
            .format(Field::Longitude, format_args!("{}", position.lon));
    }
    push_operational(&mut e, &s.id, s.created_at, s.modified_at);
    e.finish()
}

fn street(address: &Address) -> impl Iterator<Item = &str> {
    address.lignes.last().map(String::as_str).into_iter()
}

fn push_place(e: &mut EntryBuilder, address: &Address) {
    e.push(Field::PostalCode, &address.code_postal)
        .push(Field::L, &address.commune);
    let department = if address.libelle_departement.is_empty() {
        &address.departement
    } else {
        &address.libelle_departement
    };
    e.push(Field::St, department);
    e.format(Field::PostalAddress, format_args!("{}", Lines(address)));
}

/// `NOM Prénom (profession, commune)`.
fn push_display_name(e: &mut EntryBuilder, name: &str, profession: &str, town: &str) {
    match (profession, town) {
        ("", "") => e.push(Field::DisplayName, name),
        ("", detail) | (detail, "") => e.format(Field::DisplayName, format_args!("{name} ({detail})")),
        _ => e.format(Field::DisplayName, format_args!("{name} ({profession}, {town})")),
    };
}

fn push_practices(e: &mut EntryBuilder, professional: &Professional) {
    for practice in &professional.practices {
        e.push(Field::Profession, &practice.profession.code);
        e.extend(
            Field::CodeSavoirFaire,
            practice.qualifications.iter().map(|q| &*q.savoir_faire.code),
        );
        let modes = practice
            .activities
            .iter()
            .filter_map(|a| a.mode_exercice.as_ref());
        e.extend(Field::ModeExercice, modes.map(|mode| &*mode.code));
    }
}

fn codes<'a>(
    attachments: &'a [Attachment],
    code: impl Fn(&'a Attachment) -> Option<&'a Labelled>,
) -> impl Iterator<Item = &'a str> {
    attachments
        .iter()
        .filter_map(code)
        .map(|labelled| &*labelled.code)
}

/// The `entryUUID` of an entry: a UUID of version 8 (RFC 9562), ours to define, here a hash of the public id.
pub fn entry_uuid(id: &str) -> String {
    let mut hasher = SipHasher24::new();
    hasher.write(id.as_bytes());
    let h = hasher.finish128().as_u128();
    let h = (h & !(0xF << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let [a, b, c, d] = [h >> 96, h >> 80 & 0xFFFF, h >> 64 & 0xFFFF, h >> 48 & 0xFFFF];
    format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{:012x}", h & 0xFFFF_FFFF_FFFF)
}

fn push_operational(e: &mut EntryBuilder, id: &str, created_at: i64, modified_at: i64) {
    e.push(Field::EntryUuid, &entry_uuid(id));
    for (field, seconds) in [
        (Field::CreateTimestamp, created_at),
        (Field::ModifyTimestamp, modified_at),
    ] {
        if let Ok(time) = Timestamp::from_second(seconds) {
            let t = Offset::UTC.to_datetime(time);
            let (year, month, day) = (t.year(), t.month(), t.day());
            let (hour, minute, second) = (t.hour(), t.minute(), t.second());
            e.format(
                field,
                format_args!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"),
            );
        }
    }
}
