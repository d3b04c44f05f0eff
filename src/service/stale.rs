//! What a node tells while it has lost the store for too long: all but mailboxes. An address that was taken back
//! meanwhile may stand in any of them, in the record of its holder, and in what a search finds by it.

use super::{Answer, Ask, Directory, Found, SearchEnd, ServiceError};
use crate::index::Recherche;
use crate::index::snapshot::Snapshot;
use crate::query::{Filter, Kind, Kinds};
use crate::view::entry::{EntryBuilder, EntryView};
use crate::view::field::Field;

/// Members of a JSON record that tell of mailboxes.
const MEMBERS: [&str; 1] = ["messageries"];

impl Directory {
    /// Whether mailboxes may be told.
    pub fn tells_mailboxes(&self) -> bool {
        !self.inner().is_ok_and(|inner| inner.contact.is_stale())
    }

    /// Fails while mailboxes may not be told.
    pub(super) fn check_mailboxes(&self) -> Answer<()> {
        if self.tells_mailboxes() {
            Ok(())
        } else {
            Err(ServiceError::Stale)
        }
    }
}

/// Gives each entry that answers, as it may be told now. Fails where only mailboxes were asked for.
pub fn each(snapshot: &Snapshot, ask: &Ask<'_>, take: &mut dyn FnMut(Found)) -> Answer<SearchEnd> {
    let filter = without_mail(ask.filter);
    let asked = Ask {
        kinds: kinds(ask.kinds)?,
        filter: &filter,
        ..*ask
    };
    let end = snapshot.each(&asked, &mut |matched| {
        take(Found {
            kind: matched.kind,
            entry: stripped(&matched.record.entry()),
            signed_in: None,
            mark: matched.mark(),
        });
    })?;
    Ok(end)
}

/// How many entries answer that may be told now.
pub fn count(snapshot: &Snapshot, ask: &Ask<'_>) -> Answer<(usize, SearchEnd)> {
    let filter = without_mail(ask.filter);
    let asked = Ask {
        kinds: kinds(ask.kinds)?,
        filter: &filter,
        ..*ask
    };
    Ok(snapshot.count_matches(&asked)?)
}

/// An entry, no mailbox, as it may be told now.
pub fn found(found: Found) -> Found {
    Found {
        entry: stripped(&found.entry),
        signed_in: None,
        ..found
    }
}

/// The kinds of entries that may be told, of those asked for.
fn kinds(asked: Kinds) -> Answer<Kinds> {
    let others = Kinds::only(Kind::Professional).union(Kinds::only(Kind::Structure));
    let kinds = asked.intersect(others);
    if kinds.is_empty() && !asked.is_empty() {
        return Err(ServiceError::Stale);
    }
    Ok(kinds)
}

/// The same question without what mailboxes would answer. Fails where it is about them.
pub fn recherche(asked: &Recherche) -> Answer<Recherche> {
    let about_boxes = asked.avec_messagerie.is_some() || asked.q.as_ref().is_some_and(|q| q.contains('@'));
    if about_boxes {
        return Err(ServiceError::Stale);
    }
    Ok(Recherche {
        types: kinds(asked.types)?,
        ..asked.clone()
    })
}

/// A record without the members that tell of mailboxes.
pub fn json(text: &str) -> String {
    let mut record: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(members) = record.as_object_mut() {
        MEMBERS.iter().for_each(|name| drop(members.remove(*name)));
    }
    record.to_string()
}

/// Nobody can tell an address by asking for it.
fn without_mail(filter: &Filter) -> Filter {
    match filter {
        Filter::Test(Field::Mail, _) => Filter::Undefined,
        Filter::And(parts) => Filter::And(parts.iter().map(without_mail).collect()),
        Filter::Or(parts) => Filter::Or(parts.iter().map(without_mail).collect()),
        Filter::Not(part) => Filter::Not(Box::new(without_mail(part))),
        other => other.clone(),
    }
}

fn stripped(entry: &[u8]) -> tantivy::directory::OwnedBytes {
    let mut kept = EntryBuilder::default();
    for (field, values) in EntryView::new(entry).fields() {
        if field != Field::Mail {
            kept.extend(field, values.values());
        }
    }
    tantivy::directory::OwnedBytes::new(kept.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Test;

    #[test]
    fn nothing_of_a_mailbox_is_left() {
        let mut entry = EntryBuilder::default();
        entry
            .push(Field::Cn, "A")
            .push(Field::Mail, "a@b.fr")
            .push(Field::Sn, "B");
        let kept = stripped(&entry.finish());
        let fields: Vec<Field> = EntryView::new(&kept).fields().map(|(field, _)| field).collect();
        assert_eq!(fields, [Field::Cn, Field::Sn]);
        assert_eq!(
            json(r#"{"nom":"A","messageries":[{"adresse":"a@b.fr"}]}"#),
            r#"{"nom":"A"}"#
        );
        let asked = Filter::Not(Box::new(Filter::Or(vec![
            Filter::Test(Field::Mail, Test::Present),
            Filter::Test(Field::Cn, Test::Present),
        ])));
        let expected = Filter::Not(Box::new(Filter::Or(vec![
            Filter::Undefined,
            Filter::Test(Field::Cn, Test::Present),
        ])));
        assert_eq!(without_mail(&asked), expected);
        assert!(kinds(Kinds::only(Kind::Mailbox)).is_err());
        assert!(!kinds(Kinds::ALL).unwrap().contains(Kind::Mailbox));
    }
}
