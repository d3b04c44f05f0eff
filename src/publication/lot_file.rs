//! The reading of a file of boxes: the extract's 31 columns and five more. Read as it comes, bounded in bytes and rows.
//! Nothing of a row is repeated but its number.

use std::collections::BTreeMap;
use std::io::Read;

use super::asked::{Asked, AskedRow, Fault};
use super::lots::{LineReport, Outcome};
use super::parsed;
use crate::directory::text::fold;

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

/// A box of the file, with the lines that tell of it.
pub struct Entry {
    pub lines: Vec<u64>,
    pub asked: Asked,
}

/// What a file says, before anything is compared with the store.
pub struct File {
    /// By address in lower case.
    pub(super) boxes: BTreeMap<String, Entry>,
    /// Lines that cannot be read.
    pub(super) refused: Vec<LineReport>,
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
