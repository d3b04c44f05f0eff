//! What to offer while somebody types: people, structures, specialties with a place, towns.

use std::time::{Duration, Instant};

use super::vocabulary::{Meaning, Vocabulary};
use super::{Answer, Directory, ServiceError};
use crate::directory::text::fold;
use crate::index::snapshot::Snapshot;
use crate::query::Kind;
use crate::visibility::Viewer;

/// Longest time for an answer; what is found by then is told.
const LONGEST: Duration = Duration::from_millis(500);
/// Longest time on a thread that has others to serve: at national size nine answers of ten take a tenth of it, and
/// handing one to another thread as long as finding it.
const AT_ONCE: Duration = Duration::from_millis(4);
/// Letters from which a specialty or a town is more likely meant than a name that begins alike.
const MEANT: usize = 3;
/// Letters from which a name that has them elsewhere than at its beginning is offered beside those that begin so: nearly
/// every name has one or two.
const HELD: usize = 3;

/// One offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// `professionnel`, `structure`, `profession`, `savoir_faire` or `commune`.
    pub type_: &'static str,
    pub libelle: String,
    pub precision: String,
    pub identifiant: String,
    pub adresse: Option<String>,
    /// What to ask of `/recherche`, where it names no entry.
    pub recherche: Option<String>,
}

/// What is offered, and whether time ran out before all was found.
type Offers = (Vec<Suggestion>, bool);

impl Directory {
    /// At most `limite` offers.
    pub fn suggestions(&self, q: &str, limite: usize, _viewer: &Viewer) -> Answer<Vec<Suggestion>> {
        let snapshot = self.snapshot()?;
        let (offers, _) = self.offers(&snapshot, q, limite, LONGEST)?;
        if offers.is_empty() && !fold(q).is_empty() {
            let kind = Kind::Professional;
            let people = snapshot.suggest_anything(kind, q, limite)?;
            return Ok(of_entries(kind, people, self.tells_mailboxes()));
        }
        Ok(offers)
    }

    /// The same; `None` where it takes longer than a thread may be kept from others.
    pub fn suggestions_at_once(
        &self,
        q: &str,
        limite: usize,
        _viewer: &Viewer,
    ) -> Answer<Option<Vec<Suggestion>>> {
        let snapshot = self.snapshot()?;
        let (offers, is_late) = self.offers(&snapshot, q, limite, AT_ONCE)?;
        Ok(Some(offers).filter(|offers| !offers.is_empty() && !is_late))
    }

    /// Offers of what was typed, taken for the names and words that it begins or has.
    fn offers(&self, snapshot: &Snapshot, q: &str, limite: usize, patience: Duration) -> Answer<Offers> {
        // A lone hyphen is nothing either: every name would begin with it.
        if fold(q).is_empty() {
            return Ok((Vec::new(), false));
        }
        let tells_mailboxes = self.tells_mailboxes();
        if !tells_mailboxes && q.contains('@') {
            return Err(ServiceError::Stale);
        }
        let deadline = Instant::now() + patience;
        let mut is_late = false;
        let mut names = |kind, limit, do_alone| -> Answer<Vec<Suggestion>> {
            let (found, late) = snapshot.suggest(kind, q, limit, do_alone, deadline)?;
            is_late |= late;
            Ok(of_entries(kind, found, tells_mailboxes))
        };
        let letters = q.trim().chars().count();
        let vocabulary = self.inner()?.reference.load().vocabulary.clone();
        let meant = meant(&vocabulary, q, limite);
        // No more of them is looked for than `mixed` has room for.
        let (share, room) = (share(limite), limite - meant.len().min(share(limite)));
        let mut both = |do_alone| -> Answer<_> {
            let mut structures = names(Kind::Structure, share, do_alone)?;
            let people = names(
                Kind::Professional,
                room.saturating_sub(structures.len()),
                do_alone,
            )?;
            let left = room.saturating_sub(people.len());
            if structures.len() == share && left > share {
                structures = names(Kind::Structure, left, do_alone)?;
            }
            Ok((people, structures))
        };
        let (mut people, mut structures) = both(letters < HELD)?;
        if letters < HELD && people.is_empty() && structures.is_empty() {
            (people, structures) = both(false)?;
        }
        let offers = mixed(people, structures, meant, letters >= MEANT, limite);
        Ok((offers, is_late))
    }
}

/// What specialties and towns have of the offers, and structures: each a fifth.
fn share(limite: usize) -> usize {
    limite.div_ceil(5)
}

/// Of ten offers at most two are specialties or towns and two structures, unless there is room; people come first
/// while the text is too short to mean anything else.
fn mixed(
    people: Vec<Suggestion>,
    structures: Vec<Suggestion>,
    meant: Vec<Suggestion>,
    is_meant_first: bool,
    limite: usize,
) -> Vec<Suggestion> {
    let share = share(limite);
    let (of_meant, of_structures) = (meant.len().min(share), structures.len().min(share));
    let of_people = people.len().min(limite.saturating_sub(of_meant + of_structures));
    let of_structures = structures.len().min(limite.saturating_sub(of_meant + of_people));
    let of_meant = meant.len().min(limite.saturating_sub(of_people + of_structures));
    let people = people.into_iter().take(of_people);
    let structures = structures.into_iter().take(of_structures);
    let meant = meant.into_iter().take(of_meant);
    match is_meant_first {
        true => meant.chain(people).chain(structures).collect(),
        false => people.chain(structures).chain(meant).collect(),
    }
}

fn of_entries(kind: Kind, found: Vec<&str>, tells_mailboxes: bool) -> Vec<Suggestion> {
    let entries = found.into_iter().map(|packed| of_entry(kind, packed));
    entries
        .map(|entry| Suggestion {
            adresse: entry.adresse.filter(|_| tells_mailboxes),
            ..entry
        })
        .collect()
}

fn of_entry(kind: Kind, packed: &str) -> Suggestion {
    let mut parts = packed.split('\t').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let (libelle, precision, identifiant, adresse) = (next(), next(), next(), next());
    Suggestion {
        type_: match kind {
            Kind::Structure => "structure",
            Kind::Professional | Kind::Mailbox => "professionnel",
        },
        libelle,
        precision,
        identifiant,
        adresse: Some(adresse).filter(|adresse| !adresse.is_empty()),
        recherche: None,
    }
}

fn meant(vocabulary: &Vocabulary, q: &str, limite: usize) -> Vec<Suggestion> {
    let meanings = vocabulary.meanings(q, limite);
    meanings.into_iter().filter_map(of_meaning).collect()
}

fn of_meaning(Meaning { label, town }: Meaning<'_>) -> Option<Suggestion> {
    let place = town.map(|town| format!("{} ({})", town.nom, town.departement));
    let where_ = town.map(|town| format!("commune={}", town.code_insee));
    let (type_, libelle, precision, identifiant, recherche) = match (label, town) {
        (Some(label), _) => {
            let what = format!("{}={}", label.filtre, label.code);
            let type_ = match label.filtre.as_str() {
                "profession" => "profession",
                _ => "savoir_faire",
            };
            let recherche = [Some(what), where_].into_iter().flatten().collect::<Vec<_>>();
            (
                type_,
                label.libelle.clone(),
                place.unwrap_or_default(),
                label.code.clone(),
                recherche.join("&"),
            )
        }
        (None, Some(town)) => (
            "commune",
            town.nom.clone(),
            town.departement.clone(),
            town.code_insee.clone(),
            where_?,
        ),
        (None, None) => return None,
    };
    Some(Suggestion {
        type_,
        libelle,
        precision,
        identifiant,
        adresse: None,
        recherche: Some(recherche),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(type_: &'static str, number: usize) -> Vec<Suggestion> {
        let one = |n: usize| Suggestion {
            type_,
            libelle: n.to_string(),
            precision: String::new(),
            identifiant: String::new(),
            adresse: None,
            recherche: None,
        };
        (0..number).map(one).collect()
    }

    fn kinds(people: usize, structures: usize, meant: usize, first: bool) -> String {
        let all = mixed(
            some("p", people),
            some("s", structures),
            some("m", meant),
            first,
            10,
        );
        all.iter().map(|suggestion| suggestion.type_).collect()
    }

    #[test]
    fn kinds_are_mixed_and_leave_no_room_empty() {
        assert_eq!(kinds(20, 20, 20, true), "mmppppppss");
        assert_eq!(kinds(20, 20, 20, false), "ppppppssmm");
        assert_eq!(kinds(1, 20, 0, false), "psssssssss");
        assert_eq!(kinds(0, 1, 20, true), "mmmmmmmmms");
        assert_eq!(kinds(0, 0, 0, true), "");
    }
}
