//! What the readers give: one typed record a line, borrowing the line's text.
//!
//! Every text is trimmed and valid UTF-8; an absent value is `""`. Identifiers are checked by the reader
//! (a record that reaches a sink is good); labels travel beside their codes and are only a fallback.

use crate::directory::coordinates::Position;

/// A code and the file's own label for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coded<'a> {
    pub code: &'a str,
    pub label: &'a str,
}

/// One line of `PS_LibreAcces_Personne_activite`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityRow<'a> {
    pub person: PersonRef<'a>,
    pub civilite_exercice: Coded<'a>,
    pub civilite: Coded<'a>,
    pub nom: &'a str,
    pub prenom: &'a str,
    pub profession: Coded<'a>,
    pub categorie: Coded<'a>,
    pub type_savoir_faire: Coded<'a>,
    pub savoir_faire: Coded<'a>,
    pub mode_exercice: Coded<'a>,
    pub secteur: Coded<'a>,
    pub section_pharmacien: Coded<'a>,
    /// `None` where the file's era lacks the column (52 columns), `Some("")` where it is empty.
    pub role: Option<Coded<'a>>,
    /// As `role`.
    pub genre: Option<Coded<'a>>,
    pub autorite: &'a str,
    /// `None` when the line names no structure at all (person without a known place).
    pub site: Option<SiteRow<'a>>,
}

/// A person's identifier: `identification_nationale` is always `type_identifiant` + `identifiant`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonRef<'a> {
    /// One character: `8` RPPS, `0` ADELI; others exist.
    pub type_identifiant: &'a str,
    pub identifiant: &'a str,
    pub identification_nationale: &'a str,
}

/// The structure columns of a Personne_activite line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteRow<'a> {
    /// Never empty: the file's technical id, else the FINESS number, else the SIRET, else the former id.
    pub identifiant_technique: &'a str,
    /// FINESS number of the site (checked form), from its column or from a technical id `F…`.
    pub finess: &'a str,
    pub finess_ej: &'a str,
    pub siret: &'a str,
    /// From its column, else the first nine digits of the SIRET.
    pub siren: &'a str,
    /// Type digit + identifier (`1` FINESS, `3` SIRET, `4` RPPS-rang, `0` ADELI-rang), the `Ancien identifiant`.
    pub ancien_identifiant: &'a str,
    pub raison_sociale: &'a str,
    pub enseigne: &'a str,
    pub address: AddressRow<'a>,
    pub telephone: &'a str,
    pub telephone_2: &'a str,
    pub telecopie: &'a str,
    pub email: &'a str,
}

/// A postal address as its columns come. `commune` and `code_postal` may be empty: then
/// [`crate::directory::place`] reads them out of `acheminement`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressRow<'a> {
    pub complement_destinataire: &'a str,
    pub complement_geographique: &'a str,
    pub numero_voie: &'a str,
    pub indice_repetition: &'a str,
    pub type_voie: Coded<'a>,
    pub voie: &'a str,
    pub mention_distribution: &'a str,
    /// `Bureau cedex` / `ligneacheminement`: postcode, space, town, perhaps CEDEX.
    pub acheminement: &'a str,
    pub code_postal: &'a str,
    /// INSEE code of the commune (`01053`, `2A004`, `97101`), or empty.
    pub code_commune: &'a str,
    pub commune: &'a str,
    pub pays: Coded<'a>,
    /// Département code as the file gives it, in INSEE form (`971`, `2A`), or empty.
    pub departement: &'a str,
}

/// One line of `PS_LibreAcces_SavoirFaire`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QualificationRow<'a> {
    pub person: PersonRef<'a>,
    pub profession: Coded<'a>,
    pub categorie: Coded<'a>,
    pub type_savoir_faire: Coded<'a>,
    pub savoir_faire: Coded<'a>,
}

/// One line of `PS_LibreAcces_Dipl_AutExerc`: a diploma, an authorisation, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiplomaRow<'a> {
    pub person: PersonRef<'a>,
    pub type_diplome: Coded<'a>,
    pub diplome: Coded<'a>,
    pub type_autorisation: Coded<'a>,
    pub discipline: Coded<'a>,
}

/// One line of `Extraction_Correspondance_MSSante`: one attachment of a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxRow<'a> {
    /// `PER`, `ORG`, `APP` or `CAB`.
    pub type_bal: &'a str,
    /// The spelling of the file; its key is [`crate::directory::address::MailAddress`].
    pub adresse: &'a str,
    /// All empty where no person is named.
    pub person: PersonRef<'a>,
    /// Structure identifier's type digit (`1` FINESS, `2` SIREN, `3` SIRET…), or empty.
    pub type_structure: &'a str,
    pub structure: &'a str,
    pub service: &'a str,
    pub civilite_exercice: &'a str,
    pub nom: &'a str,
    pub prenom: &'a str,
    pub categorie: Coded<'a>,
    pub profession: Coded<'a>,
    pub savoir_faire: Coded<'a>,
    /// `O`, `N` or as it came.
    pub dematerialisation: &'a str,
    pub raison_sociale: &'a str,
    pub enseigne: &'a str,
    /// `L2COMPLEMENTLOCALISATION` … `L6LIGNEACHEMINEMENT`, code postal, département, pays, as they came.
    pub l2_complement: &'a str,
    pub l3_complement: &'a str,
    pub l4_numero: &'a str,
    pub l4_complement_numero: &'a str,
    pub l4_type_voie: &'a str,
    pub l4_voie: &'a str,
    pub l5_mention: &'a str,
    pub l6_acheminement: &'a str,
    pub code_postal: &'a str,
    pub departement: &'a str,
    pub pays: &'a str,
}

/// An establishment or legal entity of FINESS, by whichever generation of files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FinessRow<'a> {
    /// True for a legal entity (EJ), false for an establishment (ET).
    pub entite_juridique: bool,
    pub finess: &'a str,
    /// Number of the legal entity behind an establishment; empty for an EJ.
    pub finess_ej: &'a str,
    /// `rslongue` when present, else `rs`.
    pub raison_sociale: &'a str,
    /// `complrs`.
    pub complement_nom: &'a str,
    pub address: AddressRow<'a>,
    pub telephone: &'a str,
    pub telecopie: &'a str,
    pub categorie: Coded<'a>,
    pub categorie_agregee: Coded<'a>,
    pub statut_juridique: Coded<'a>,
    pub siret: &'a str,
    pub siren: &'a str,
    pub ape: &'a str,
    pub mft: Coded<'a>,
    pub sph: Coded<'a>,
    /// `AAAA-MM-JJ` or empty, as the file says.
    pub date_ouverture: &'a str,
    pub date_autorisation: &'a str,
    pub date_maj: &'a str,
    /// True for one that the file knows as closed; `date_fermeture` may be empty or, of open ones, wrong.
    pub fermee: bool,
    pub date_fermeture: &'a str,
}

/// A `geolocalisation` line, already in WGS84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeolocationRow<'a> {
    pub finess: &'a str,
    pub position: Position,
    /// The source's score 0..=100, when given.
    pub score: Option<u8>,
}

/// One `Domaine` of the white list: one domain × one operator certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainRow<'a> {
    /// Lower case.
    pub nom: &'a str,
    pub description: &'a str,
    /// Distinguished name of the operator's certificate, as it came.
    pub dn_certificat: &'a str,
    /// `OU` of that name: type digit + operator identifier; empty when it cannot be read.
    pub identifiant_operateur: &'a str,
    /// `O` of that name, unquoted.
    pub operateur: &'a str,
    pub responsable_contact: &'a str,
    pub support_contact: &'a str,
    /// RFC 3339, as it came.
    pub date_maj: &'a str,
}

/// One code of a NOS table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConceptRow<'a> {
    /// `TRE_R38-SpecialiteOrdinale` → `TRE_R38`.
    pub table: &'a str,
    pub code: &'a str,
    pub label: &'a str,
    /// `AAAA-MM-JJ` of the end of use, or empty.
    pub date_fin: &'a str,
}

/// Any record, as handed to a [`super::Sink`].
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one call; boxing would cost an allocation a line"
)]
pub enum Record<'a> {
    Activity(ActivityRow<'a>),
    Qualification(QualificationRow<'a>),
    Diploma(DiplomaRow<'a>),
    Mailbox(MailboxRow<'a>),
    Finess(FinessRow<'a>),
    Geolocation(GeolocationRow<'a>),
    Domain(DomainRow<'a>),
    Concept(ConceptRow<'a>),
}
