//! The LDAP view: which attributes a mailbox, a professional and a structure have, and their values.
//!
//! Public entries hold nothing that `public` may not see; what signed-in viewers see besides is an entry of
//! its own. The person responsible for an ORG, APP or CAB box is never named.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::entry::EntryBuilder;
use super::field::Field;
use crate::directory::mailbox::{Attachment, Mailbox};
use crate::directory::professional::{Labelled, Professional};
use crate::directory::structure::{Address, Structure};

/// The public entry of a mailbox. Place and structure come from its own rows, first row first, then from
/// its holder's activities.
pub fn mailbox(mailbox: &Mailbox) -> Vec<u8> {
    let mut entry = EntryBuilder::new();
    entry
        .push(Field::Mail, &mailbox.adresse)
        .push(Field::Uid, &mailbox.id);
    entry
        .push(Field::TypeBal, &mailbox.type_bal)
        .push(Field::Description, &mailbox.description);
    if let Some(accepted) = mailbox.dematerialisation {
        entry.push(Field::Dematerialisation, if accepted { "TRUE" } else { "FALSE" });
    }
    for attachment in &mailbox.attachments {
        push_attachment(&mut entry, attachment);
    }
    if mailbox.type_bal == "PER" {
        push_holder(&mut entry, mailbox);
    } else {
        push_organisation_name(&mut entry, mailbox);
    }
    push_operational(&mut entry, &mailbox.id, mailbox.created_at, mailbox.modified_at);
    entry.finish()
}

/// What signed-in viewers see of a mailbox besides its public entry: the telephone its holder published.
/// Empty when there is none.
pub fn mailbox_signed_in(mailbox: &Mailbox) -> Vec<u8> {
    EntryBuilder::new()
        .push(Field::Mobile, &mailbox.telephone)
        .finish()
}

/// The public entry of a professional.
pub fn professional(professional: &Professional) -> Vec<u8> {
    let mut entry = EntryBuilder::new();
    entry.push(Field::Uid, &professional.identification_nationale);
    for mailbox in &professional.mailboxes {
        entry.push(Field::Mail, &mailbox.adresse);
    }
    push_person_name(
        &mut entry,
        &professional.nom,
        &professional.prenom,
        &professional.identification_nationale,
        first_profession(professional),
        professional
            .structures()
            .map(|structure| structure.adresse.commune.as_str()),
    );
    push_identity(&mut entry, &professional.identification_nationale);
    push_practices(&mut entry, professional);
    for practice in &professional.practices {
        for mode in practice
            .activities
            .iter()
            .filter_map(|activity| activity.mode_exercice.as_ref())
        {
            entry.push(Field::ModeExercice, &mode.code);
        }
    }
    push_operational(
        &mut entry,
        &professional.id,
        professional.created_at,
        professional.modified_at,
    );
    entry.finish()
}

/// The public entry of a structure.
pub fn structure(structure: &Structure) -> Vec<u8> {
    let mut entry = EntryBuilder::new();
    entry.push(Field::Uid, &structure.identifiant);
    push_structure(&mut entry, structure);
    if structure.nom.is_empty() && structure.enseigne.is_empty() {
        entry.push(Field::O, &structure.identifiant);
    }
    entry
        .push(Field::Facsimile, &structure.telecopie)
        .push(Field::Finess, &structure.finess)
        .push(Field::FinessEj, &structure.finess_ej)
        .push(Field::Siret, &structure.siret)
        .push(Field::Siren, &structure.siren);
    if let Some(category) = &structure.categorie {
        entry.push(Field::BusinessCategory, &category.libelle);
        entry.push(Field::CategorieEtablissement, &category.code);
    }
    if let Some(position) = structure.position {
        entry.push(Field::Latitude, &format!("{:.6}", position.lat));
        entry.push(Field::Longitude, &format!("{:.6}", position.lon));
    }
    push_operational(
        &mut entry,
        &structure.id,
        structure.created_at,
        structure.modified_at,
    );
    entry.finish()
}

/// One row of a mailbox: the row's own words first, then those of the structure that the directory knows.
fn push_attachment(entry: &mut EntryBuilder, row: &Attachment) {
    entry.push(Field::Ou, &row.service);
    entry
        .push(Field::O, &row.raison_sociale)
        .push(Field::O, &row.enseigne);
    if !row.identifiant_structure.is_empty() {
        entry.push(Field::IdentifiantPm, &row.identifiant_structure);
        entry.push(Field::TypeIdentifiantPm, row.type_structure_word());
    }
    let known = row.structure.as_deref();
    if is_blank(&row.adresse) {
        known
            .into_iter()
            .for_each(|structure| push_address(entry, &structure.adresse));
    } else {
        push_address(entry, &row.adresse);
    }
    if let Some(structure) = known {
        entry
            .push(Field::O, &structure.nom)
            .push(Field::TelephoneNumber, &structure.telephone);
    }
}

/// The person of a nominative box: the holder when the directory knows them, else the first row's own words.
fn push_holder(entry: &mut EntryBuilder, mailbox: &Mailbox) {
    let holder = mailbox.professional.as_deref();
    let rows = &mailbox.attachments;
    let named = rows.iter().find(|row| !row.nom.is_empty());
    let (nom, prenom) = match (holder, named) {
        (Some(holder), _) => (holder.nom.as_str(), holder.prenom.as_str()),
        (None, Some(row)) => (row.nom.as_str(), row.prenom.as_str()),
        (None, None) => ("", ""),
    };
    let profession = rows
        .iter()
        .find_map(|row| row.profession.as_ref())
        .or_else(|| holder.and_then(first_profession));
    let communes = rows
        .iter()
        .flat_map(|row| {
            [
                Some(&row.adresse),
                row.structure.as_deref().map(|structure| &structure.adresse),
            ]
        })
        .flatten()
        .chain(
            holder
                .into_iter()
                .flat_map(Professional::structures)
                .map(|structure| &structure.adresse),
        )
        .map(|address| address.commune.as_str());
    push_person_name(entry, nom, prenom, &mailbox.adresse, profession, communes);
    match (
        holder,
        rows.iter().find(|row| !row.identification_nationale.is_empty()),
    ) {
        (Some(holder), _) => push_identity(entry, &holder.identification_nationale),
        (None, Some(row)) => push_identity(entry, &row.identification_nationale),
        (None, None) => {}
    }
    for row in rows {
        if let Some(profession) = &row.profession {
            push_title(entry, profession, row.savoir_faire.as_ref());
        }
    }
    holder
        .into_iter()
        .for_each(|holder| push_practices(entry, holder));
}

/// `cn` in both orders, the one to read first; `displayName` with profession and town.
/// A person without a name goes by `fallback`, for `cn` and `sn` must be there.
fn push_person_name<'a>(
    entry: &mut EntryBuilder,
    nom: &str,
    prenom: &str,
    fallback: &str,
    profession: Option<&Labelled>,
    mut communes: impl Iterator<Item = &'a str>,
) {
    let name = format!("{nom} {prenom}");
    let name = if name.trim().is_empty() {
        fallback
    } else {
        name.trim()
    };
    entry
        .push(Field::Cn, name)
        .push(Field::Cn, &format!("{prenom} {nom}"));
    entry.push(Field::Sn, if nom.trim().is_empty() { name } else { nom });
    entry.push(Field::GivenName, prenom);
    let commune = communes.find(|commune| !commune.is_empty());
    push_display_name(
        entry,
        name,
        profession.map(|profession| &*profession.libelle),
        commune,
    );
}

/// `CLINIQUE EXEMPLE - ADDICTOLOGIE`; `sn` stands in for `o`, because inetOrgPerson needs it.
fn push_organisation_name(entry: &mut EntryBuilder, mailbox: &Mailbox) {
    let rows = &mailbox.attachments;
    let organisation = rows
        .iter()
        .flat_map(|row| {
            let known = row.structure.as_deref().map(|structure| structure.nom.as_str());
            [
                Some(row.raison_sociale.as_str()),
                Some(row.enseigne.as_str()),
                known,
            ]
        })
        .flatten()
        .find(|name| !name.trim().is_empty());
    let service = rows
        .iter()
        .map(|row| row.service.as_str())
        .find(|service| !service.trim().is_empty());
    let name = match (organisation, service) {
        (Some(organisation), Some(service)) => format!("{organisation} - {service}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => [&mailbox.description, &mailbox.adresse]
            .into_iter()
            .find(|text| !text.trim().is_empty())
            .cloned()
            .unwrap_or_default(),
    };
    entry.push(Field::Cn, &name);
    entry.push(Field::Sn, organisation.unwrap_or(&name));
    let commune = rows
        .iter()
        .flat_map(|row| {
            [
                Some(&row.adresse),
                row.structure.as_deref().map(|structure| &structure.adresse),
            ]
        })
        .flatten()
        .map(|address| address.commune.as_str())
        .find(|commune| !commune.is_empty());
    push_display_name(entry, &name, None, commune);
}

fn push_display_name(entry: &mut EntryBuilder, name: &str, profession: Option<&str>, commune: Option<&str>) {
    let details: Vec<&str> = [profession, commune]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    if details.is_empty() {
        entry.push(Field::DisplayName, name);
    } else {
        entry.push(Field::DisplayName, &format!("{name} ({})", details.join(", ")));
    }
}

/// `employeeNumber` is the *identification nationale*; the national names take it apart.
fn push_identity(entry: &mut EntryBuilder, identification_nationale: &str) {
    entry.push(Field::EmployeeNumber, identification_nationale);
    if let Some((kind, identifier)) = identification_nationale.split_at_checked(1) {
        entry
            .push(Field::TypeIdentifiantPp, kind)
            .push(Field::IdentifiantPp, identifier);
    }
}

fn first_profession(professional: &Professional) -> Option<&Labelled> {
    professional
        .practices
        .first()
        .map(|practice| &practice.profession)
}

fn push_practices(entry: &mut EntryBuilder, professional: &Professional) {
    for practice in &professional.practices {
        if practice.qualifications.is_empty() {
            push_title(entry, &practice.profession, None);
        }
        for qualification in &practice.qualifications {
            push_title(entry, &practice.profession, Some(&qualification.savoir_faire));
        }
    }
    for structure in professional.structures().map(Arc::as_ref) {
        push_structure(entry, structure);
    }
}

/// `Médecin, Médecine générale`, and the two codes.
fn push_title(entry: &mut EntryBuilder, profession: &Labelled, savoir_faire: Option<&Labelled>) {
    entry.push(Field::Profession, &profession.code);
    match savoir_faire {
        Some(savoir_faire) => {
            entry.push(
                Field::Title,
                &format!("{}, {}", profession.libelle, savoir_faire.libelle),
            );
            entry.push(Field::CodeSavoirFaire, &savoir_faire.code);
        }
        None => {
            entry.push(Field::Title, &profession.libelle);
        }
    }
}

/// Names, place and switchboard of a structure, and the number by which it is best known.
fn push_structure(entry: &mut EntryBuilder, structure: &Structure) {
    entry
        .push(Field::O, &structure.nom)
        .push(Field::O, &structure.enseigne);
    entry.push(Field::TelephoneNumber, &structure.telephone);
    push_address(entry, &structure.adresse);
    let numbers = [
        ("FINESS", &structure.finess),
        ("SIRET", &structure.siret),
        ("SIREN", &structure.siren),
    ];
    if let Some((kind, number)) = numbers.into_iter().find(|(_, number)| !number.is_empty()) {
        entry
            .push(Field::IdentifiantPm, number)
            .push(Field::TypeIdentifiantPm, kind);
    }
}

fn is_blank(address: &Address) -> bool {
    address.lignes.is_empty() && address.code_postal.is_empty() && address.commune.is_empty()
}

fn push_address(entry: &mut EntryBuilder, address: &Address) {
    entry
        .push(Field::Street, &address.lignes.join(", "))
        .push(Field::PostalCode, &address.code_postal)
        .push(Field::L, &address.commune)
        .push(Field::St, &address.libelle_departement)
        .push(Field::St, &address.departement)
        .push(Field::PostalAddress, &postal_address(address));
}

/// The lines of an address, separated by `$` (RFC 4517 section 3.3.28).
fn postal_address(address: &Address) -> String {
    let routing = format!("{} {}", address.code_postal, address.commune);
    let lines: Vec<String> = address
        .lignes
        .iter()
        .map(String::as_str)
        .chain([routing.trim(), address.pays.as_str()])
        .filter(|line| !line.is_empty())
        .map(|line| line.replace('\\', "\\5C").replace('$', "\\24"))
        .collect();
    lines.join("$")
}

fn push_operational(entry: &mut EntryBuilder, id: &str, created_at: i64, modified_at: i64) {
    entry.push(Field::EntryUuid, &entry_uuid(id));
    for (field, seconds) in [
        (Field::CreateTimestamp, created_at),
        (Field::ModifyTimestamp, modified_at),
    ] {
        if let Ok(time) = jiff::Timestamp::from_second(seconds) {
            entry.push(field, &time.strftime("%Y%m%d%H%M%SZ").to_string());
        }
    }
}

/// A version 8 UUID (RFC 9562) from the opaque public id, the same on every node.
fn entry_uuid(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    let mut octets = [0u8; 16];
    octets
        .iter_mut()
        .zip(digest.iter())
        .for_each(|(octet, source)| *octet = *source);
    octets[6] = octets[6] & 0x0f | 0x80;
    octets[8] = octets[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (place, octet) in octets.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{octet:02x}"));
    }
    text
}

#[cfg(test)]
mod tests;
