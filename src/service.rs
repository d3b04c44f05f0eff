//! The directory as every protocol asks it: a query and a viewer in, views out. Answers need no Postgres.

mod around;
mod failures;
mod indicators;
mod publication;
mod reference;
mod signin;
mod stale;
mod suggestions;
mod vocabulary;

use std::sync::Arc;

use arc_swap::ArcSwap;
use sqlx::PgPool;
use tantivy::directory::OwnedBytes;

use crate::directory::address::{AddressFault, MailAddress};
use crate::directory::identifier::{professional_candidates, structure_candidates};
use crate::directory::text::{fold, fold_exact};
use crate::index;
use crate::index::node::Node;
use crate::index::snapshot::{Matched, Snapshot};
use crate::index::views::Record;
use crate::query::{Key, Kind, Mark};
use crate::store::contact::Contact;
use crate::view::entry::EntryView;
use crate::view::field::Field;
use crate::view::json;
use crate::visibility::Viewer;

pub use crate::index::snapshot::{Ask, SearchEnd};
pub use crate::index::{Recherche, Share, Tri};
use failures::Failures;
pub use indicators::{Indicateur, National};
use reference::Reference;
pub use reference::{Concept, Domaine, Source};
pub use signin::Standing;
pub use suggestions::Suggestion;

/// Why a question could not be answered. No text here repeats what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the cursor is not one of ours")]
    Cursor,
    #[error("the store has not answered for so long that mailboxes are not told")]
    Stale,
    /// A commune or a postcode, by the name of the parameter, of which no position is known.
    #[error("no position is known for a value of {0}")]
    UnknownPlace(&'static str),
    #[error("too many places at once")]
    TooManyPlaces,
    #[error("the index is not built yet")]
    NotReady,
    #[error("the index: {0}")]
    Index(#[from] tantivy::TantivyError),
    #[error("the store: {0}")]
    Store(#[from] sqlx::Error),
}

type Answer<T> = Result<T, ServiceError>;

/// The directory; cheap to clone.
#[derive(Clone, Default)]
pub struct Directory(Option<Arc<Inner>>);

struct Inner {
    node: Arc<Node>,
    pool: PgPool,
    contact: Arc<Contact>,
    failures: Failures,
    reference: ArcSwap<Reference>,
    indicators: indicators::Kept,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

/// An entry as LDAP sends it.
#[derive(Debug)]
pub struct Found {
    pub kind: Kind,
    /// For [`EntryView`]; shared with the index.
    pub entry: OwnedBytes,
    /// What this viewer may see besides.
    pub signed_in: Option<Vec<u8>>,
    /// Where it stands in the order that was asked.
    pub mark: Mark,
}

/// An entry as LDAP sends it, where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    pub kind: Kind,
    pub entry: EntryView<'s>,
    /// What this viewer may see besides.
    pub signed_in: Option<EntryView<'s>>,
}

impl Found {
    /// The same where it lies.
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            kind: self.kind,
            entry: EntryView::new(&self.entry),
            signed_in: self.signed_in.as_deref().map(EntryView::new),
        }
    }
}

/// A page of results.
#[derive(Debug)]
pub struct Page {
    pub total: u64,
    pub page: u32,
    pub par_page: u32,
    pub curseur_suivant: Option<String>,
    pub resultats: Vec<Hit>,
    pub facettes: Vec<(String, Vec<Facette>)>,
}

/// One result.
#[derive(Debug)]
pub struct Hit {
    pub json: String,
    pub distance_km: Option<f64>,
}

/// One value of a facet.
#[derive(Debug)]
pub struct Facette {
    pub code: String,
    pub libelle: String,
    pub nombre: u64,
}

/// What is known of one address.
#[derive(Debug)]
pub struct Verdict {
    /// `None` for a citizen's address, which is told by its position only.
    pub adresse: Option<String>,
    pub publiee: bool,
    pub domaine_de_confiance: Option<bool>,
    pub type_bal: Option<String>,
    pub avertissement: Option<Avertissement>,
}

/// Why an address should not be written to.
#[derive(Debug)]
pub struct Avertissement {
    pub code: String,
    pub message: String,
}

/// How the node is.
#[derive(Debug, Default)]
pub struct Sante {
    pub pret: bool,
    pub base_joignable: bool,
    /// Counts only what the public can see.
    pub version: u64,
    pub sources: Vec<Source>,
    pub professionnels: u64,
    pub structures: u64,
    pub messageries: u64,
}

impl Directory {
    /// A directory over this node's index. `contact` tells when Postgres last answered.
    pub fn new(node: Arc<Node>, pool: PgPool, contact: Arc<Contact>, data_dir: &std::path::Path) -> Self {
        let reference = ArcSwap::from_pointee(Reference::saved(data_dir));
        Self(Some(Arc::new(Inner {
            node,
            pool,
            contact,
            failures: Failures::default(),
            reference,
            indicators: indicators::Kept::default(),
        })))
    }

    fn inner(&self) -> Answer<&Inner> {
        self.0.as_deref().ok_or(ServiceError::NotReady)
    }

    fn snapshot(&self) -> Answer<Arc<Snapshot>> {
        self.inner()?.node.snapshot().ok_or(ServiceError::NotReady)
    }

    /// Reads domains, code tables and sources anew, and keeps them beside the index.
    pub async fn refresh_reference(&self, data_dir: &std::path::Path) -> Answer<()> {
        let inner = self.inner()?;
        let reference = Reference::load(&inner.pool, &inner.reference.load()).await?;
        reference.save(data_dir);
        inner.reference.store(Arc::new(reference));
        Ok(())
    }

    /// The first `limit` entries that answer; [`SearchEnd::Limit`] only when there are more.
    pub fn search(&self, ask: &Ask<'_>, viewer: &Viewer) -> Answer<(Vec<Found>, SearchEnd)> {
        let snapshot = self.snapshot()?;
        let mut found = Vec::new();
        if !self.tells_mailboxes() {
            let end = stale::each(&snapshot, ask, &mut |matched| found.push(matched))?;
            return Ok((found, end));
        }
        let end = snapshot.each(ask, &mut |matched| {
            found.push(shown(matched.kind, &matched.record, matched.mark(), viewer));
        })?;
        Ok((found, end))
    }

    /// Gives each of these entries to `take` where it lies, without copying it.
    pub fn each(&self, ask: &Ask<'_>, viewer: &Viewer, take: &mut dyn FnMut(&Seen<'_>)) -> Answer<SearchEnd> {
        let snapshot = self.snapshot()?;
        if !self.tells_mailboxes() {
            return stale::each(&snapshot, ask, &mut |found| take(&found.seen()));
        }
        let end = snapshot.each(ask, &mut |Matched { kind, record, .. }| {
            let unpacked;
            let entry = match record.hot_entry() {
                Some(entry) => entry,
                None => {
                    unpacked = record.entry();
                    unpacked.as_slice()
                }
            };
            let signed_in = record
                .signed_in()
                .filter(|_| viewer.sees_published_phone(&domain(entry)));
            take(&Seen {
                kind,
                entry: EntryView::new(entry),
                signed_in: signed_in.map(EntryView::new),
            });
        })?;
        Ok(end)
    }

    /// How many entries meet a filter, whatever the order and the limits of `ask`.
    pub fn count(&self, ask: &Ask<'_>) -> Answer<(usize, SearchEnd)> {
        let snapshot = self.snapshot()?;
        if self.tells_mailboxes() {
            Ok(snapshot.count_matches(ask)?)
        } else {
            stale::count(&snapshot, ask)
        }
    }

    /// The mark behind which the entries of a kind begin that are not before `name` in the order of names.
    pub fn mark_before(&self, kind: Kind, name: &str) -> Mark {
        index::mark_before(kind, &fold(name))
    }

    /// One entry.
    pub fn entry(&self, key: &Key, viewer: &Viewer) -> Answer<Option<Found>> {
        let (kind, key) = match key {
            Key::Mailbox(adresse) => (Kind::Mailbox, adresse),
            Key::Professional(identification) => (Kind::Professional, identification),
            Key::Structure(identifiant) => (Kind::Structure, identifiant),
        };
        let snapshot = self.snapshot()?;
        let record = snapshot.by_key(kind, &fold_exact(key))?;
        let found = record.map(|record| shown(kind, &record, Mark(Vec::new()), viewer));
        match found {
            _ if self.tells_mailboxes() => Ok(found),
            // Of one that is not there as of one that is.
            _ if kind == Kind::Mailbox => Err(ServiceError::Stale),
            found => Ok(found.map(stale::found)),
        }
    }

    /// Full-text search. Structures may be given by any of their identifiers.
    pub fn recherche(&self, r: &Recherche, viewer: &Viewer) -> Answer<Page> {
        if r.curseur
            .as_deref()
            .is_some_and(|cursor| !index::is_cursor(cursor))
        {
            return Err(ServiceError::Cursor);
        }
        let snapshot = self.snapshot()?;
        let tells_mailboxes = self.tells_mailboxes();
        let of_others;
        let r = if tells_mailboxes {
            r
        } else {
            of_others = stale::recherche(r)?;
            &of_others
        };
        let mut structure = Vec::with_capacity(r.structure.len());
        for alias in &r.structure {
            let json = self.structure_json(&snapshot, alias)?;
            // An identifier that names nothing matches nothing, rather than everything.
            structure.push(json.map_or_else(|| "?".to_owned(), |json| public_id(&json)));
        }
        let asked = Recherche {
            structure,
            ..r.clone()
        };
        let page = snapshot.recherche(&around::placed(asked, &snapshot)?, true)?;
        let reference = self.inner()?.reference.load();
        Ok(Page {
            total: page.total,
            page: r.page,
            par_page: r.par_page,
            curseur_suivant: page.curseur_suivant,
            resultats: page
                .hits
                .into_iter()
                .map(|hit| Hit {
                    json: match tells_mailboxes {
                        true => with_telephone(hit.json, hit.signed_in, viewer),
                        false => stale::json(&hit.json),
                    },
                    distance_km: hit.distance_km,
                })
                .collect(),
            facettes: page
                .facets
                .into_iter()
                .filter(|facet| tells_mailboxes || facet.name != "avec_messagerie")
                .map(|facet| (facet.name.to_owned(), reference.name_facet(&facet)))
                .collect(),
        })
    }

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

    fn structure_json(&self, snapshot: &Snapshot, alias: &str) -> Answer<Option<String>> {
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

    /// What is known of addresses, in the order asked.
    pub fn verification(&self, adresses: &[String]) -> Answer<Vec<Verdict>> {
        self.check_mailboxes()?;
        Ok(adresses.iter().map(|adresse| self.verdict(adresse)).collect())
    }

    fn verdict(&self, adresse: &str) -> Verdict {
        let warned = |adresse: Option<String>, code: &str, message: &str| Verdict {
            adresse,
            publiee: false,
            domaine_de_confiance: None,
            type_bal: None,
            avertissement: Some(Avertissement {
                code: code.to_owned(),
                message: message.to_owned(),
            }),
        };
        let shown = Some(adresse.to_owned());
        match MailAddress::parse(adresse) {
            Err(AddressFault::Citizen) => warned(
                None,
                "CITOYEN",
                "Adresse d'un usager : elle ne figure pas dans l'annuaire.",
            ),
            Err(AddressFault::ApicryptV1) => warned(
                shown,
                "APICRYPT_V1",
                "Apicrypt version 1 n'est pas interopérable avec l'espace de confiance MSSanté.",
            ),
            Err(AddressFault::Form) => warned(shown, "FORME", "Ce n'est pas une adresse de messagerie."),
            Ok(address) => {
                let snapshot = self.snapshot().ok();
                let record = snapshot
                    .as_ref()
                    .and_then(|snapshot| snapshot.by_key(Kind::Mailbox, &address.key).ok().flatten());
                let type_bal = record.map(|record| {
                    EntryView::new(&record.entry())
                        .first(Field::TypeBal)
                        .unwrap_or("")
                        .to_owned()
                });
                let trusted = self
                    .inner()
                    .ok()
                    .and_then(|inner| inner.reference.load().trusts(address.domain()));
                Verdict {
                    adresse: shown,
                    publiee: type_bal.is_some(),
                    domaine_de_confiance: trusted,
                    type_bal,
                    avertissement: (trusted == Some(false)).then(|| Avertissement {
                        code: "HORS_ESPACE".to_owned(),
                        message: "Ce domaine n'est pas dans la liste blanche de l'espace de confiance."
                            .to_owned(),
                    }),
                }
            }
        }
    }

    /// The white list.
    pub fn domaines(&self) -> Arc<Vec<Domaine>> {
        self.inner()
            .map(|inner| inner.reference.load().domains.clone())
            .unwrap_or_default()
    }

    /// One code table.
    pub fn nomenclature(&self, table: &str) -> Option<Arc<Vec<Concept>>> {
        self.inner().ok()?.reference.load().tables.get(table).cloned()
    }

    /// Names of the code tables.
    pub fn nomenclatures(&self) -> Vec<String> {
        self.inner()
            .map(|inner| inner.reference.load().tables.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// How the node is.
    pub fn sante(&self) -> Sante {
        let Ok(inner) = self.inner() else {
            return Sante::default();
        };
        let snapshot = inner.node.snapshot();
        let count = |kind| snapshot.as_ref().map_or(0, |snapshot| snapshot.count(kind));
        Sante {
            pret: snapshot.is_some(),
            base_joignable: inner.contact.is_reachable(),
            version: inner.node.public_version().max(0).unsigned_abs(),
            sources: inner.reference.load().sources.clone(),
            professionnels: count(Kind::Professional),
            structures: count(Kind::Structure),
            messageries: count(Kind::Mailbox),
        }
    }
}

fn shown(kind: Kind, record: &Record<'_>, mark: Mark, viewer: &Viewer) -> Found {
    let entry = record.entry();
    let signed_in = record
        .signed_in()
        .filter(|_| viewer.sees_published_phone(&domain(&entry)))
        .map(<[u8]>::to_vec);
    Found {
        kind,
        entry,
        signed_in,
        mark,
    }
}

fn domain(entry: &[u8]) -> String {
    let address = EntryView::new(entry).first(Field::Mail).unwrap_or("");
    address
        .rsplit_once('@')
        .map(|(_, domain)| domain.to_lowercase())
        .unwrap_or_default()
}

/// A mailbox's JSON with the box's own telephone, where the viewer may see it.
fn with_telephone(json_text: String, signed_in: Option<Vec<u8>>, viewer: &Viewer) -> String {
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

fn public_id(json_text: &str) -> String {
    serde_json::from_str::<Addressed>(json_text)
        .unwrap_or_default()
        .id
}
