//! Whole records, by whatever names them.

use super::{Answer, Directory, stale};
use crate::directory::address::MailAddress;
use crate::directory::identifier::{professional_candidates, structure_candidates};
use crate::directory::text::fold_exact;
use crate::index::snapshot::Snapshot;
use crate::query::Kind;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::json;
use crate::visibility::Viewer;

impl Directory {
    /// One professional's record, by *identification nationale*, with or without its type digit, or public id.
    pub fn professionnel(&self, id: &str, _viewer: &Viewer) -> Answer<Option<String>> {
        let snapshot = self.snapshot()?;
        for candidate in professional_candidates(id) {
            if let Some(record) = snapshot.by_key(Kind::Professional, &fold_exact(&candidate))? {
                return Ok(Some(self.told(record.json())));
            }
        }
        Ok(None)
    }

    /// A record as it may be told now.
    fn told(&self, json: String) -> String {
        if self.tells_mailboxes() {
            json
        } else {
            stale::json(&json)
        }
    }

    /// One structure's record, by any of its identifiers.
    pub fn structure(&self, alias: &str, _viewer: &Viewer) -> Answer<Option<String>> {
        let json = self.structure_json(&*self.snapshot()?, alias)?;
        Ok(json.map(|json| self.told(json)))
    }

    /// The record as it is kept.
    pub(super) fn structure_json(&self, snapshot: &Snapshot, alias: &str) -> Answer<Option<String>> {
        for candidate in structure_candidates(alias) {
            if let Some(record) = snapshot.by_key(Kind::Structure, &fold_exact(&candidate))? {
                return Ok(Some(record.json()));
            }
        }
        Ok(None)
    }

    /// One mailbox's record.
    pub fn messagerie(&self, adresse: &str, viewer: &Viewer) -> Answer<Option<String>> {
        self.check_mailboxes()?;
        let Ok(address) = MailAddress::parse(adresse) else {
            return Ok(None);
        };
        let snapshot = self.snapshot()?;
        let record = snapshot.by_key(Kind::Mailbox, &address.key)?;
        Ok(
            record
                .map(|record| with_telephone(record.json(), record.signed_in().map(<[u8]>::to_vec), viewer)),
        )
    }

    /// The mailboxes of a structure, those that meet `q`; `None` for a structure that is not known.
    pub fn messageries_de_structure(
        &self,
        alias: &str,
        q: Option<&str>,
        viewer: &Viewer,
    ) -> Answer<Option<Vec<String>>> {
        self.check_mailboxes()?;
        let snapshot = self.snapshot()?;
        let Some(structure) = self.structure_json(&snapshot, alias)? else {
            return Ok(None);
        };
        let found = snapshot.of_structure(&public_id(&structure), q.unwrap_or(""))?;
        Ok(Some(
            found
                .into_iter()
                .map(|record| with_telephone(record.json(), record.signed_in().map(<[u8]>::to_vec), viewer))
                .collect(),
        ))
    }
}

/// A mailbox's JSON with the box's own telephone, where the viewer may see it.
pub(super) fn with_telephone(json_text: String, signed_in: Option<Vec<u8>>, viewer: &Viewer) -> String {
    let Some(signed_in) = signed_in else {
        return json_text;
    };
    let address: Addressed = serde_json::from_str(&json_text).unwrap_or_default();
    let telephone = EntryView::new(&signed_in).first(Field::Mobile).unwrap_or("");
    let domain = address.domaine.to_lowercase();
    if telephone.is_empty() || !viewer.sees_published_phone(&domain) {
        return json_text;
    }
    json::with_member(&json_text, "telephone", &telephone)
}

#[derive(Default, serde::Deserialize)]
struct Addressed {
    #[serde(default)]
    domaine: String,
    #[serde(default)]
    id: String,
}

/// The public id in a record.
pub(super) fn public_id(json_text: &str) -> String {
    serde_json::from_str::<Addressed>(json_text)
        .unwrap_or_default()
        .id
}
