//! Boxes show the person and the structures that their rows name. Once these are gone, or have other names, nothing leads
//! from them to the boxes: a node that follows is told of the boxes themselves.

use std::collections::HashSet;

use super::publication::Publication;
use crate::directory::public_id::Genre;
use crate::visibility::visible_box;

/// What rows of boxes may name, and what no longer answers to it.
#[derive(Default)]
pub struct Lost {
    /// *Identifications nationales*.
    pub people: Vec<String>,
    /// Aliases of structures (`store/aliases.rs`).
    structures: Vec<String>,
}

impl Lost {
    /// Notes the boxes, once no other writer of mailboxes may add one.
    pub async fn note_boxes(publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
        let Self { people, structures } = std::mem::take(&mut publication.ledger.lost);
        if people.is_empty() && structures.is_empty() {
            return Ok(());
        }
        let boxes: Vec<(i64, String)> = sqlx::query_as(concat!(
            "select m.id, m.public_id from mailboxes m where ",
            visible_box!(),
            " and m.id in (select mailbox_id from mailbox_attachments where identification_nationale = any($1)
                           union select mailbox_id from mailbox_attachments
                                 where type_structure || identifiant_structure = any($2)
                                   and identifiant_structure <> '')"
        ))
        .bind(people)
        .bind(structures)
        .fetch_all(&mut *publication.connection)
        .await?;
        for (id, public_id) in boxes {
            publication.ledger.note_neighbour(Genre::Mailbox, id, &public_id);
        }
        Ok(())
    }
}

/// Aliases that structures have by what their rows say, each with its structure; others stay with a structure's key.
pub struct Names(HashSet<(String, i64)>);

impl Names {
    /// Of structures whose rows are about to be written anew or deleted.
    pub async fn of(publication: &mut Publication<'_>, structures: &[i64]) -> Result<Self, sqlx::Error> {
        if structures.is_empty() {
            return Ok(Self(HashSet::new()));
        }
        let names: Vec<(String, i64)> = sqlx::query_as(
            "select alias, structure_id
             from (select structure_id, siren, siret, ancien_identifiant from structures_rpps
                   union all select structure_id, siren, siret, '' from structures_finess) s,
                  lateral (values ('2' || nullif(siren, '')), ('3' || nullif(siret, '')),
                                  (nullif(ancien_identifiant, ''))) as n (alias)
             where structure_id = any($1) and alias is not null",
        )
        .bind(structures)
        .fetch_all(&mut *publication.connection)
        .await?;
        Ok(Self(names.into_iter().collect()))
    }

    /// Notes those that the same structures do not have any more, now that their rows are written.
    pub async fn note_lost(
        self,
        publication: &mut Publication<'_>,
        structures: &[i64],
    ) -> Result<(), sqlx::Error> {
        let Self(now) = Self::of(publication, structures).await?;
        let lost = self.0.into_iter().filter(|name| !now.contains(name));
        let lost = lost.map(|(alias, _)| alias);
        publication.ledger.lost.structures.extend(lost);
        Ok(())
    }
}
