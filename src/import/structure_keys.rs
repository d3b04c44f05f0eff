//! Our own stable keys of structures, found by FINESS number first, then by technical id.

use hashbrown::HashMap;
use sqlx::Row as _;
use tokio_stream::StreamExt as _;

use super::copy::Rows;
use super::ledger::{Action, Ledger};
use super::publication::Publication;
use super::texts::{Numbered, Span, Texts};
use crate::directory::public_id::Genre;

/// The stable keys, loaded whole (one per structure).
pub struct StructureKeys {
    by_finess: Keyed,
    by_technical_id: Keyed,
    public_ids: Texts,
    /// Where each public id lies, by ids in ascending order: a new one is greater than all before.
    spans: Vec<(i64, Span)>,
    new: Rows,
    /// Keys that gained a FINESS number or a technical id.
    completed: Vec<(i64, Option<String>, Option<String>)>,
    /// Keys that turned out to be of a structure that had another one already, which stands from now on.
    merged: HashMap<i64, i64>,
}

/// Structures by one of their identifiers.
#[derive(Default)]
struct Keyed {
    identifiers: Numbered,
    /// By the same numbers.
    ids: Vec<i64>,
}

impl Keyed {
    fn get(&self, identifier: &str) -> Option<i64> {
        let number = self.identifiers.find(identifier)?;
        self.ids.get(number as usize).copied()
    }

    /// Of two structures with one identifier the first holds.
    fn add(&mut self, identifier: &str, id: i64) {
        let (_, is_new) = self.identifiers.number(identifier);
        self.ids.extend(is_new.then_some(id));
    }
}

impl StructureKeys {
    /// Reads the keys.
    pub async fn load(publication: &mut Publication<'_>) -> Result<Self, sqlx::Error> {
        let mut keys = Self {
            by_finess: Keyed::default(),
            by_technical_id: Keyed::default(),
            public_ids: Texts::default(),
            spans: Vec::new(),
            new: Rows::new("copy structure_keys (id, public_id, finess, identifiant_technique) from stdin"),
            completed: Vec::new(),
            merged: HashMap::new(),
        };
        let mut rows = sqlx::query(
            "select id, public_id, finess, identifiant_technique from structure_keys order by id",
        )
        .fetch(&mut *publication.connection);
        while let Some(row) = rows.next().await {
            let row = row?;
            let id: i64 = row.try_get(0)?;
            keys.spans.push((id, keys.public_ids.keep(row.try_get(1)?)));
            if let Some(finess) = row.try_get(2)? {
                keys.by_finess.add(finess, id);
            }
            if let Some(technical_id) = row.try_get(3)? {
                keys.by_technical_id.add(technical_id, id);
            }
        }
        drop(rows);
        Ok(keys)
    }

    /// The key of a structure, made when there is none yet. Either identifier may be empty, not both.
    pub fn find_or_make(&mut self, ledger: &mut Ledger, finess: &str, technical_id: &str) -> i64 {
        let present = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let by_finess = present(finess).and_then(|finess| self.by_finess.get(finess));
        let by_technical_id = present(technical_id).and_then(|id| self.by_technical_id.get(id));
        let id = match by_finess.or(by_technical_id) {
            Some(id) => {
                if let Some(other) = by_technical_id.filter(|other| *other != id) {
                    self.merged.insert(other, id);
                }
                let gains_finess = by_finess.is_none() && !finess.is_empty();
                let gains_technical_id = by_technical_id.is_none() && !technical_id.is_empty();
                if gains_finess || gains_technical_id {
                    self.completed.push((
                        id,
                        gains_finess.then(|| finess.to_owned()),
                        gains_technical_id.then(|| technical_id.to_owned()),
                    ));
                }
                id
            }
            None => {
                let id = ledger.new_id();
                let named = if finess.is_empty() {
                    technical_id.to_owned()
                } else {
                    format!("F{finess}")
                };
                let public_id = ledger.ids.make(Genre::Structure, &named);
                self.new.plain(id).text(&public_id);
                self.new
                    .optional(present(finess))
                    .optional(present(technical_id))
                    .end();
                self.spans.push((id, self.public_ids.keep(&public_id)));
                id
            }
        };
        if by_finess.is_none() && !finess.is_empty() {
            self.by_finess.add(finess, id);
        }
        if by_technical_id.is_none() && !technical_id.is_empty() {
            self.by_technical_id.add(technical_id, id);
        }
        id
    }

    /// The structure with a FINESS number.
    pub fn by_finess(&self, finess: &str) -> Option<i64> {
        self.by_finess.get(finess)
    }

    fn public_id(&self, id: i64) -> &str {
        let place = self.spans.binary_search_by_key(&id, |(id, _)| *id);
        let span = place.ok().and_then(|place| self.spans.get(place));
        span.map_or("", |(_, span)| self.public_ids.get(*span))
    }

    /// Whether a structure stays out of the directory on request.
    pub fn is_suppressed(&self, ledger: &Ledger, id: i64) -> bool {
        ledger.suppresses_any() && ledger.is_suppressed_id(self.public_id(id))
    }

    /// Notes that a structure changed.
    pub fn note(&self, ledger: &mut Ledger, id: i64, action: Action) {
        ledger.note(Genre::Structure, id, self.public_id(id), action);
    }

    /// The rows of new keys; [`Self::save`] sends what nobody has sent.
    pub fn rows(&mut self) -> &mut Rows {
        &mut self.new
    }

    /// Writes new and completed keys.
    pub async fn save(mut self, publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
        self.new.send(&mut *publication.connection).await?;
        let (mut ids, mut told, mut technical_ids) = (Vec::new(), Vec::new(), Vec::new());
        for (id, finess, technical_id) in std::mem::take(&mut self.completed) {
            ids.push(id);
            told.push(finess);
            technical_ids.push(technical_id);
        }
        // All at once: a first load has no index yet by which each would be found.
        sqlx::query(
            "update structure_keys k set finess = coalesce(k.finess, new.finess),
                    identifiant_technique = coalesce(k.identifiant_technique, new.identifiant_technique)
             from (select id, (array_agg(finess order by place) filter (where finess is not null))[1] as finess,
                          (array_agg(technical_id order by place) filter (where technical_id is not null))[1]
                              as identifiant_technique
                   from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality
                        as told (id, finess, technical_id, place)
                   group by id) new
             where k.id = new.id",
        )
        .bind(ids)
        .bind(told)
        .bind(technical_ids)
        .execute(&mut *publication.connection)
        .await?;
        self.merge(publication).await
    }

    /// Moves the activities of keys that stand no more: people whose own rows did not change are not written again.
    async fn merge(&self, publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
        if self.merged.is_empty() || publication.ledger.is_first() {
            return Ok(());
        }
        let (from, to): (Vec<i64>, Vec<i64>) = self.merged.iter().unzip();
        let moved: Vec<i64> = sqlx::query_scalar(
            "with moved as (
             update activities a set structure_id = m.new_id
             from unnest($1::bigint[], $2::bigint[]) as m (old_id, new_id)
             where a.structure_id = m.old_id returning m.new_id)
         select distinct new_id from moved",
        )
        .bind(from)
        .bind(to)
        .fetch_all(&mut *publication.connection)
        .await?;
        for id in moved {
            self.note(&mut publication.ledger, id, Action::Updated);
        }
        Ok(())
    }
}
