//! Whose mailbox it is.

use crate::directory::mailbox::Mailbox;
use crate::directory::professional::Labelled;

/// The holder as the directory knows them, or in the words of the row itself; empty texts where there is none.
pub struct Holder<'m> {
    pub nom: &'m str,
    pub prenom: &'m str,
    pub profession: &'m str,
    pub savoir_faire: &'m str,
    pub identification: &'m str,
    pub identifiant: &'m str,
    pub type_identifiant: &'m str,
}

impl<'m> Holder<'m> {
    pub fn of(mailbox: &'m Mailbox) -> Self {
        let row = mailbox
            .attachments
            .iter()
            .find(|a| !a.identification_nationale.is_empty() || !a.nom.is_empty());
        fn label(labelled: Option<&Labelled>) -> &str {
            labelled.map_or("", |labelled| &labelled.libelle)
        }
        match (&mailbox.professional, row) {
            (Some(p), row) => {
                let practice = p.practices.first();
                Self {
                    nom: &p.nom,
                    prenom: &p.prenom,
                    profession: label(practice.map(|x| &x.profession)),
                    savoir_faire: label(
                        practice
                            .and_then(|x| x.qualifications.first())
                            .map(|q| &q.savoir_faire)
                            .or_else(|| row?.savoir_faire.as_ref()),
                    ),
                    identification: &p.identification_nationale,
                    identifiant: &p.identifiant,
                    type_identifiant: p.identification_nationale.get(..1).unwrap_or(""),
                }
            }
            (None, Some(row)) => Self {
                nom: &row.nom,
                prenom: &row.prenom,
                profession: label(row.profession.as_ref()),
                savoir_faire: label(row.savoir_faire.as_ref()),
                identification: &row.identification_nationale,
                identifiant: &row.identifiant_pp,
                type_identifiant: &row.type_identifiant_pp,
            },
            (None, None) => Self {
                nom: "",
                prenom: "",
                profession: "",
                savoir_faire: "",
                identification: "",
                identifiant: "",
                type_identifiant: "",
            },
        }
    }
}
