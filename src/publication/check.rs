//! What is asked, laid over what is held, and checked against the directory: a sheet to write, or every fault.

use sqlx::PgConnection;

use super::PublicationError;
use super::asked::{Asked, AskedRow, Fault, Said};
use super::held::{Held, Sheet, SheetRow};
use crate::directory::address::{MailAddress, is_citizen};
use crate::directory::identifier::professional_candidates;
use crate::directory::text::is_unseen;
use crate::store::aliases::structure_typed;

/// Longest texts, in characters (DSFT V300, table 22, where it says).
const MAX_SERVICE: usize = 160;
const MAX_DESCRIPTION: usize = 512;
const MAX_RESPONSIBLE: usize = 160;
const MAX_CO_HOLDERS: usize = 50;
const MAX_IDENTIFIER: usize = 64;

const NEEDED: &str = "ce champ est attendu pour ce type de messagerie";
const NOT_TAKEN: &str = "ce champ n'est pas de ce type de messagerie";

/// Whether nothing can be called so. Postgres holds no NUL.
fn is_no_identifier(typed: &str) -> bool {
    typed.len() > MAX_IDENTIFIER || typed.contains(char::is_control)
}

/// The sheet of a box after a request: what is asked, laid over what is held, or over nothing where the request says
/// the `whole` box.
pub async fn sheet(
    connection: &mut PgConnection,
    asked: &Asked,
    held: Option<&Held>,
    whole: bool,
) -> Result<Sheet, PublicationError> {
    let mut check = Check {
        connection,
        faults: Vec::new(),
    };
    let before = match held {
        Some(held) if whole => Sheet {
            type_bal: held.sheet.type_bal.clone(),
            ..Sheet::default()
        },
        Some(held) => held.sheet.clone(),
        None => Sheet::default(),
    };
    if let Some(held) = held {
        let spelt_alike =
            |text: &String| MailAddress::parse(text).is_ok_and(|address| address.key == held.adresse);
        if asked
            .adresse
            .as_ref()
            .is_some_and(|said| !said.as_ref().is_some_and(spelt_alike))
        {
            return Err(PublicationError::Fixed("adresse"));
        }
        let type_bal = asked.type_bal.as_ref().and_then(Option::as_deref);
        if type_bal.is_some_and(|type_bal| type_bal != before.type_bal) {
            return Err(PublicationError::Fixed("type_bal"));
        }
    }
    let mut sheet = Sheet {
        type_bal: match held {
            Some(_) => before.type_bal.clone(),
            None => check.type_bal(asked),
        },
        // Nobody leaves the red list by a column or a member that was left out: it must be said.
        liste_rouge: asked
            .liste_rouge
            .flatten()
            .unwrap_or(held.is_some_and(|held| held.sheet.liste_rouge)),
        rang: check.rang(&asked.rang, before.rang),
        description: check.text(
            "description",
            &asked.description,
            &before.description,
            MAX_DESCRIPTION,
        ),
        responsable: check.text(
            "responsable",
            &asked.responsable,
            &before.responsable,
            MAX_RESPONSIBLE,
        ),
        titulaire: before.titulaire.clone(),
        cotitulaires: check
            .co_holders(&asked.cotitulaires, &before.cotitulaires)
            .await?,
        telephone: check.telephone(&asked.telephone, &before.telephone),
        telephone_publie: laid(&asked.telephone_publie, before.telephone_publie),
        dematerialisation: match asked.dematerialisation {
            Some(said) => said,
            None => before.dematerialisation,
        },
        rows: before.rows.clone(),
    };
    for (place, row) in asked.rows.iter().enumerate() {
        let old = sheet.rows.get(place).cloned().unwrap_or_default();
        let row = check.row(row, old, &mut sheet).await?;
        match sheet.rows.get_mut(place) {
            Some(old) => *old = row,
            None => sheet.rows.push(row),
        }
    }
    let says_whose = |row: &AskedRow| row.identification_nationale.is_some() || row.structure.is_some();
    // A box of an extract may lack what one that is published needs; that is no reason not to hide it.
    if whole || held.is_none() || asked.rows.iter().any(says_whose) {
        check.needed(&sheet);
    }
    check.fitting(&sheet);
    if check.faults.is_empty() {
        Ok(sheet)
    } else {
        Err(PublicationError::Faults(check.faults))
    }
}

/// Whether a box can be made of this address: one that mail clients can write to (RFC 5322, section 3.2.3, dot-atom), and
/// the one that the request says, if it says one.
pub fn new_address(address: &MailAddress, asked: &Asked) -> Result<(), PublicationError> {
    let local = address.key.split('@').next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{}~.".contains(c);
    let has_form = local.chars().all(fits)
        && !local.starts_with(['.', '=', '+', '-'])
        && !local.ends_with('.')
        && !local.contains("..");
    let said = asked.adresse.as_ref().and_then(Option::as_deref);
    let is_said = said.is_none_or(|said| MailAddress::parse(said).is_ok_and(|said| said.key == address.key));
    let reason = match (has_form, is_said) {
        (false, _) => {
            "avant « @ » : lettres sans accent, chiffres et !#$%&'*+-/=?^_`{}~ ou point, sans commencer par =, + ou -"
        }
        (_, false) => "ce n'est pas l'adresse du chemin",
        _ => return Ok(()),
    };
    Err(PublicationError::Faults(vec![Fault::new("adresse", reason)]))
}

fn laid<T: Copy + Default>(said: &Said<T>, before: T) -> T {
    match said {
        None => before,
        Some(said) => said.unwrap_or_default(),
    }
}

struct Check<'c> {
    connection: &'c mut PgConnection,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, field: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault::new(field, reason));
    }

    fn type_bal(&mut self, asked: &Asked) -> String {
        match asked.type_bal.as_ref().and_then(Option::as_deref) {
            Some(known @ ("PER" | "ORG" | "APP" | "CAB")) => known.to_owned(),
            _ => {
                self.fault("type_bal", "PER, ORG, APP ou CAB est attendu");
                String::new()
            }
        }
    }

    fn rang(&mut self, said: &Said<i64>, before: Option<i16>) -> Option<i16> {
        match said {
            None => before,
            Some(None) => None,
            Some(Some(rang)) => {
                let fitting = i16::try_from(*rang).ok().filter(|rang| (1..=999).contains(rang));
                if fitting.is_none() {
                    self.fault("rang", "un nombre de 1 à 999 est attendu");
                }
                fitting
            }
        }
    }

    /// A text that can stand in a column of an extraction, and names no citizen's address.
    fn text(&mut self, field: &'static str, said: &Said<String>, before: &str, most: usize) -> String {
        let text = match said {
            None => return before.to_owned(),
            Some(said) => said.as_deref().unwrap_or_default(),
        };
        if text.chars().nth(most).is_some() {
            self.fault(field, format!("au plus {most} caractères"));
        } else if text.contains(|c: char| c.is_control() || is_unseen(c) || c == '|') {
            self.fault(
                field,
                "ni retour à la ligne, ni caractère de commande ou invisible, ni « | »",
            );
        } else if text.starts_with(['=', '+', '-', '@']) {
            // The official layout of extractions has no escape for it.
            self.fault(
                field,
                "ne commence pas par « = », « + », « - » ou « @ » : un tableur y lirait une formule",
            );
        } else if is_citizen(text) {
            self.fault(field, "l'adresse d'un usager ne se publie pas");
        } else {
            return text.to_owned();
        }
        String::new()
    }

    fn telephone(&mut self, said: &Said<String>, before: &str) -> String {
        let text = match said {
            None => return before.to_owned(),
            Some(said) => said.as_deref().unwrap_or_default(),
        };
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '(' | ')');
        let well_formed = text.len() <= 24
            && (4..=15).contains(&digits)
            && text.strip_prefix('+').unwrap_or(text).chars().all(plain);
        if text.is_empty() || well_formed {
            return text.to_owned();
        }
        self.fault(
            "telephone",
            "4 à 15 chiffres, précédés ou non de « + », sont attendus",
        );
        String::new()
    }

    async fn co_holders(
        &mut self,
        said: &Said<Vec<String>>,
        before: &[String],
    ) -> Result<Vec<String>, sqlx::Error> {
        let asked = match said {
            None => return Ok(before.to_vec()),
            Some(said) => said.as_deref().unwrap_or_default(),
        };
        if asked.len() > MAX_CO_HOLDERS {
            self.fault("cotitulaires", format!("au plus {MAX_CO_HOLDERS} cotitulaires"));
            return Ok(Vec::new());
        }
        let mut holders = Vec::with_capacity(asked.len());
        for typed in asked {
            holders.extend(self.professional("cotitulaires", typed).await?);
        }
        Ok(holders)
    }

    async fn row(
        &mut self,
        asked: &AskedRow,
        mut row: SheetRow,
        sheet: &mut Sheet,
    ) -> Result<SheetRow, sqlx::Error> {
        row.service = self.text("service", &asked.service, &row.service, MAX_SERVICE);
        if let Some(said) = &asked.structure {
            (row.type_structure, row.identifiant_structure) = match said {
                Some(typed) => self.structure(typed).await?,
                None => Default::default(),
            };
        }
        if let Some(said) = &asked.identification_nationale {
            let person = match said {
                Some(typed) => self.professional("identification_nationale", typed).await?,
                None => None,
            }
            .unwrap_or_default();
            match sheet.type_bal.as_str() {
                "PER" => row.holder = person,
                "CAB" => sheet.titulaire = person,
                _ if said.is_some() => self.fault("identification_nationale", NOT_TAKEN),
                _ => {}
            }
        }
        Ok(row)
    }

    /// A professional of the directory, by *identification nationale* with or without its type digit.
    async fn professional(
        &mut self,
        field: &'static str,
        typed: &str,
    ) -> Result<Option<String>, sqlx::Error> {
        let found: Option<String> = if is_no_identifier(typed) {
            None
        } else {
            sqlx::query_scalar(
                "select identification_nationale from professionals where identification_nationale = any($1) limit 1",
            )
            .bind(professional_candidates(typed))
            .fetch_optional(&mut *self.connection)
            .await?
        };
        if found.is_none() {
            self.fault(
                field,
                "aucun professionnel de l'annuaire n'a cette identification nationale",
            );
        }
        Ok(found)
    }

    /// Type digit and identifier of a structure of the directory.
    async fn structure(&mut self, typed: &str) -> Result<(String, String), sqlx::Error> {
        let id = if is_no_identifier(typed) {
            None
        } else {
            structure_typed(self.connection, typed).await?
        };
        let Some(id) = id else {
            self.fault("structure", "aucune structure de l'annuaire n'a cet identifiant");
            return Ok(Default::default());
        };
        let (finess, siret, former, technical): (String, String, String, String) = sqlx::query_as(
            "select finess, siret, ancien_identifiant, identifiant_technique from structures where id = $1",
        )
        .bind(id)
        .fetch_one(&mut *self.connection)
        .await?;
        let known_by = |digit: &str, identifier: String| (digit.to_owned(), identifier);
        Ok(if !finess.is_empty() {
            known_by("1", finess)
        } else if let Some((digit, identifier)) = former
            .split_at_checked(1)
            .filter(|(d, _)| matches!(*d, "0" | "4"))
        {
            known_by(digit, identifier.to_owned())
        } else if !siret.is_empty() {
            known_by("3", siret)
        } else {
            known_by("", technical)
        })
    }

    fn has_fault(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.champ == field)
    }

    /// Whose it is, which only the whole can tell.
    fn needed(&mut self, sheet: &Sheet) {
        let first = sheet.rows.first();
        let lacks_structure = first.is_none_or(|row| row.identifiant_structure.is_empty());
        let lacks_holder = sheet.rows.is_empty() || sheet.rows.iter().any(|row| row.holder.is_empty());
        match sheet.type_bal.as_str() {
            "PER" if lacks_holder && !self.has_fault("identification_nationale") => {
                self.fault("identification_nationale", NEEDED);
            }
            "ORG" | "APP" if lacks_structure && !self.has_fault("structure") => {
                self.fault("structure", NEEDED);
            }
            "CAB" if sheet.titulaire.is_empty() && !self.has_fault("identification_nationale") => {
                self.fault("identification_nationale", NEEDED);
            }
            _ => {}
        }
    }

    /// What goes together.
    fn fitting(&mut self, sheet: &Sheet) {
        if sheet.type_bal != "CAB" && !sheet.cotitulaires.is_empty() {
            self.fault("cotitulaires", NOT_TAKEN);
        }
        if sheet.type_bal == "PER" && !sheet.responsable.is_empty() {
            self.fault("responsable", NOT_TAKEN);
        }
        if sheet.telephone_publie && sheet.telephone.is_empty() && !self.has_fault("telephone") {
            self.fault("telephone_publie", "aucun téléphone n'est donné");
        }
    }
}
