//! (stub, replaced)
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use bytes::Bytes;

use crate::query::{Filter, Key, Kind, Kinds, Prepared, Tri};
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::visibility::Viewer;

#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct ServiceError;
#[derive(Debug, Clone, Default)]
pub struct Directory(pub Arc<Vec<(Kind, Vec<u8>)>>);
#[derive(Debug, Clone)]
pub struct Found {
    pub kind: Kind,
    pub entry: Bytes,
    pub signed_in: Option<Bytes>,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchEnd {
    Complete,
    Limit,
    Time,
    Cancelled,
}
impl Directory {
    pub fn search(
        &self,
        kinds: Kinds,
        filter: &Filter,
        limit: usize,
        _deadline: Instant,
        _cancelled: &AtomicBool,
        _viewer: &Viewer,
    ) -> Result<(Vec<Found>, SearchEnd), ServiceError> {
        let filter = Prepared::new(filter);
        let mut found: Vec<Found> = self
            .0
            .iter()
            .filter(|(kind, e)| kinds.contains(*kind) && filter.evaluate(*kind, EntryView(e)) == Tri::True)
            .take(limit + 1)
            .map(|(kind, e)| Found {
                kind: *kind,
                entry: e.clone().into(),
                signed_in: None,
            })
            .collect();
        let end = if found.len() > limit {
            SearchEnd::Limit
        } else {
            SearchEnd::Complete
        };
        found.truncate(limit);
        Ok((found, end))
    }
    pub fn entry(&self, key: &Key, _viewer: &Viewer) -> Result<Option<Found>, ServiceError> {
        let (Key::Mailbox(value) | Key::Professional(value) | Key::Structure(value)) = key;
        let field = if key.kind() == Kind::Mailbox {
            Field::Mail
        } else {
            Field::Uid
        };
        let is =
            |(kind, e): &&(Kind, Vec<u8>)| *kind == key.kind() && EntryView(e).first(field) == Some(value);
        let found = self.0.iter().find(is);
        Ok(found.map(|(kind, e)| Found {
            kind: *kind,
            entry: e.clone().into(),
            signed_in: None,
        }))
    }
    pub async fn authenticate(&self, name: &str, key: &str) -> Result<Option<Viewer>, ServiceError> {
        Ok(
            (name == "essai" && key == "secret").then(|| Viewer::Professional {
                account: name.to_owned(),
            }),
        )
    }
}
