//! Whether one may write to an address.

use super::{Answer, Directory};
use crate::directory::address::{AddressFault, MailAddress};
use crate::query::Kind;
use crate::view::entry::EntryView;
use crate::view::field::Field;

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

impl Directory {
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
}
