//! A file of boxes: the extract's 31 columns and five more. Read as it comes, bounded in bytes and rows; what is good
//! is published in one transaction, and every row gets its line of report. Nothing of a row is repeated but its number.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::Timestamp;
use sqlx::PgPool;

use super::asked::{Asked, AskedRow, Fault};
use super::{Held, Operator, PATIENCE, PublicationError, begin, parsed, put};
use crate::directory::text::fold;
use crate::import::publication::Publication;
use crate::store::audit::{self, Act, Actor};
use crate::store::nodes::{self, Confirmation};

/// Most rows of a file.
pub const MOST_ROWS: usize = 5_000;
/// Most bytes of a file.
pub const MOST_BYTES: usize = 8 << 20;

/// The columns that are read, as the extract spells them, and our five.
const COLUMNS: [&str; 14] = [
    "Type de BAL",
    "Adresse BAL",
    "Type Identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Type identifiant structure",
    "Identification Structure",
    "Service de rattachement",
    "Dématérialisation",
    "Liste rouge",
    "Téléphone",
    "Téléphone publié",
    "Responsable",
    "Description",
];

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    Refused,
}

/// The report of one row.
#[derive(Debug)]
pub struct LineReport {
    /// From 2: the header is line 1.
    pub line: u64,
    pub outcome: Outcome,
    pub faults: Vec<Fault>,
}

/// A box of the file, with the lines that tell of it.
struct Entry {
    lines: Vec<u64>,
    asked: Asked,
}

/// What a file says, before anything is compared with the store.
pub struct File {
    boxes: BTreeMap<String, Entry>,
    refused: Vec<LineReport>,
}

/// Publishes a file. Each box is said whole; rows of one address are its attachments.
pub async fn lots(
    pool: &PgPool,
    actor: &Actor,
    file: File,
) -> Result<(Vec<LineReport>, Confirmation), PublicationError> {
    let mut reports = file.refused;
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    let operator = Operator::of(&mut transaction, &actor.account).await?;
    let mut publication =
        Publication::begin_for_operator(&mut transaction, Timestamp::now().as_second()).await?;
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    for (adresse, entry) in &file.boxes {
        let (outcome, faults) = match one(&mut publication, &operator, adresse, &entry.asked).await {
            Ok(Some(Act::Published)) => (Outcome::Created, Vec::new()),
            Ok(Some(_)) => (Outcome::Changed, Vec::new()),
            Ok(None) => (Outcome::Unchanged, Vec::new()),
            Err(error) => (Outcome::Refused, told(error)?),
        };
        match outcome {
            Outcome::Created => created.push(adresse.as_str()),
            Outcome::Changed => changed.push(adresse.as_str()),
            Outcome::Unchanged | Outcome::Refused => {}
        }
        reports.extend(entry.lines.iter().map(|line| LineReport {
            line: *line,
            outcome,
            faults: faults.clone(),
        }));
    }
    audit::note(publication.connection, actor, Act::Published, &created).await?;
    audit::note(publication.connection, actor, Act::Changed, &changed).await?;
    publication.finish().await?;
    transaction.commit().await?;
    drop(connection);
    reports.sort_by_key(|report| report.line);
    Ok((reports, nodes::confirmed(pool, PATIENCE).await?))
}

async fn one(
    publication: &mut Publication<'_>,
    operator: &Operator,
    adresse: &str,
    asked: &Asked,
) -> Result<Option<Act>, PublicationError> {
    let spelling = asked
        .adresse
        .clone()
        .flatten()
        .unwrap_or_else(|| adresse.to_owned());
    let address = parsed(&spelling).map_err(|fault| PublicationError::Faults(vec![fault]))?;
    operator.check_domain(publication.connection, &address).await?;
    let before = Held::load(publication.connection, &address.key).await?;
    operator.check_box(before.as_ref())?;
    put(publication, operator, &address, before.as_ref(), asked, true).await
}

/// A refusal that is about this box; any other ends the whole file.
fn told(error: PublicationError) -> Result<Vec<Fault>, PublicationError> {
    match error {
        PublicationError::Faults(faults) => Ok(faults),
        PublicationError::Forbidden(reason) => Ok(vec![Fault::new("adresse", reason)]),
        PublicationError::Fixed(field) => Ok(vec![Fault::new(field, "ce champ est fixé à la création")]),
        other => Err(other),
    }
}

/// Reads a file: `|`, `;`, tabulation or comma between fields, as its header has them. Blocks.
pub fn read(source: impl Read) -> Result<File, Fault> {
    let mut source = std::io::BufReader::new(source);
    let header = first_line(&mut source)?;
    let delimiter = [b'|', b';', b'\t', b',']
        .into_iter()
        .max_by_key(|delimiter| header.bytes().filter(|byte| byte == delimiter).count())
        .unwrap_or(b';');
    let places = places(&header, delimiter)?;
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        // The extract quotes nothing: a quote is a letter there.
        .quoting(delimiter != b'|')
        .has_headers(false)
        .flexible(true)
        .from_reader(source);
    let mut file = File {
        boxes: BTreeMap::new(),
        refused: Vec::new(),
    };
    let mut record = csv::ByteRecord::new();
    for count in 0.. {
        if !rows
            .read_byte_record(&mut record)
            .map_err(|_| Fault::new("", "le fichier n'est pas lisible, ou dépasse la taille permise"))?
        {
            break;
        }
        if count >= MOST_ROWS {
            return Err(Fault::new("", format!("au plus {MOST_ROWS} lignes par fichier")));
        }
        let line = record.position().map_or(0, csv::Position::line) + 1;
        match asked(&record, &places) {
            Ok((key, asked)) => file.add(key, line, asked),
            Err(faults) => file.refused.push(LineReport {
                line,
                outcome: Outcome::Refused,
                faults,
            }),
        }
    }
    Ok(file)
}

impl File {
    fn add(&mut self, key: String, line: u64, asked: Asked) {
        match self.boxes.get_mut(&key) {
            Some(entry) => {
                entry.lines.push(line);
                entry.asked.rows.extend(asked.rows);
            }
            None => {
                let lines = vec![line];
                self.boxes.insert(key, Entry { lines, asked });
            }
        }
    }
}

fn first_line(source: &mut impl std::io::BufRead) -> Result<String, Fault> {
    let mut line = Vec::new();
    let mut limited = source.take(64 << 10);
    std::io::BufRead::read_until(&mut limited, b'\n', &mut line)
        .map_err(|_| Fault::new("", "le fichier n'est pas lisible, ou dépasse la taille permise"))?;
    String::from_utf8(line).map_err(|_| Fault::new("", "l'en-tête n'est pas en UTF-8"))
}

/// Where each of [`COLUMNS`] stands in the file.
fn places(header: &str, delimiter: u8) -> Result<[Option<usize>; COLUMNS.len()], Fault> {
    let names: Vec<String> = header
        .trim_start_matches('\u{FEFF}')
        .split(char::from(delimiter))
        .map(|name| fold(name.trim().trim_matches('"')))
        .collect();
    let places = COLUMNS.map(|column| names.iter().position(|name| *name == fold(column)));
    match places {
        [Some(_), Some(_), ..] => Ok(places),
        _ => Err(Fault::new(
            "",
            "l'en-tête doit nommer au moins les colonnes « Type de BAL » et « Adresse BAL »",
        )),
    }
}

/// What a row asks, under the key of its address.
fn asked(
    record: &csv::ByteRecord,
    places: &[Option<usize>; COLUMNS.len()],
) -> Result<(String, Asked), Vec<Fault>> {
    let mut texts: [Option<&str>; COLUMNS.len()] = [None; COLUMNS.len()];
    for (text, place) in texts.iter_mut().zip(places) {
        let bytes = place.and_then(|place| record.get(place)).unwrap_or_default();
        let read =
            std::str::from_utf8(bytes).map_err(|_| vec![Fault::new("", "la ligne n'est pas en UTF-8")])?;
        *text = Some(read.trim()).filter(|read| !read.is_empty());
    }
    let [
        type_bal,
        adresse,
        type_person,
        person,
        national,
        type_structure,
        structure,
        service,
        dematerialisation,
        liste_rouge,
        telephone,
        telephone_publie,
        responsable,
        description,
    ] = texts;
    let owned = |text: Option<&str>| Some(text.map(str::to_owned));
    let mut faults = Vec::new();
    let mut flag = |field, text: Option<&str>| match text {
        None => Some(None),
        Some("O" | "o" | "oui" | "Oui" | "OUI" | "true" | "1") => Some(Some(true)),
        Some("N" | "n" | "non" | "Non" | "NON" | "false" | "0") => Some(Some(false)),
        Some(_) => {
            faults.push(Fault::new(field, "O ou N est attendu"));
            None
        }
    };
    let asked = Asked {
        adresse: owned(adresse),
        type_bal: owned(type_bal),
        liste_rouge: flag("liste_rouge", liste_rouge),
        rang: None,
        description: owned(description),
        responsable: owned(responsable),
        cotitulaires: None,
        telephone: owned(telephone),
        telephone_publie: flag("telephone_publie", telephone_publie),
        dematerialisation: flag("dematerialisation", dematerialisation),
        rows: vec![AskedRow {
            identification_nationale: Some(
                national
                    .map(str::to_owned)
                    .or_else(|| person.map(|person| format!("{}{person}", type_person.unwrap_or_default()))),
            ),
            structure: Some(
                structure.map(|structure| format!("{}{structure}", type_structure.unwrap_or_default())),
            ),
            service: owned(service),
        }],
    };
    match parsed(adresse.unwrap_or_default()) {
        Ok(address) if faults.is_empty() => Ok((address.key, asked)),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.insert(0, fault);
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &File) -> Vec<u64> {
        let mut lines: Vec<u64> = file
            .boxes
            .values()
            .flat_map(|entry| entry.lines.clone())
            .collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn both_manners_of_file_are_read_and_rows_of_one_address_are_one_box() {
        let pipe = "Type de BAL|Adresse BAL|Description\nORG|a@b.fr|un \"mot\nORG|A@b.fr|x\n";
        let file = read(pipe.as_bytes()).unwrap();
        assert_eq!((file.boxes.len(), lines(&file)), (1, vec![2, 3]));
        assert_eq!(
            file.boxes["a@b.fr"].asked.description,
            Some(Some("un \"mot".to_owned()))
        );
        let csv = "\u{FEFF}\"Type de BAL\";\"Adresse BAL\";\"Liste rouge\"\r\nORG;a@b.fr;O\r\n";
        let file = read(csv.as_bytes()).unwrap();
        assert_eq!(file.boxes["a@b.fr"].asked.liste_rouge, Some(Some(true)));
    }

    #[test]
    fn a_bad_row_is_reported_by_its_line_and_never_repeated() {
        let text = "Type de BAL;Adresse BAL;Liste rouge\nPER;199990000000001@patient.mssante.fr;\nPER;a@b.fr;peut-être\n";
        let file = read(text.as_bytes()).unwrap();
        let told: Vec<u64> = file.refused.iter().map(|report| report.line).collect();
        assert_eq!(told, [2, 3]);
        assert!(!format!("{:?}", file.refused).contains("19999"));
    }

    #[test]
    fn rows_are_bounded_and_the_header_is_needed() {
        let rows = "PER;a@b.fr\n".repeat(MOST_ROWS + 1);
        assert!(read(format!("Type de BAL;Adresse BAL\n{rows}").as_bytes()).is_err());
        assert!(read(&b"a;b\n"[..]).is_err());
        assert!(read(&b""[..]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes[..]);
            let _ = read(&[b"Type de BAL;Adresse BAL\n", &bytes[..]].concat()[..]);
        }
    }
}
