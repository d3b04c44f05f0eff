//! What a file of boxes asks, box by box: rows of one address are its attachments. Bounded in bytes and rows. Nothing of
//! a row is repeated but its number.

use std::collections::BTreeMap;
use std::io::Read;

use super::asked::{Asked, AskedRow, Fault};
use super::lot_rows::{Row, Rows};
use super::lots::{LineReport, Outcome};
use super::parsed;

/// Most bytes of a file.
pub const MOST_BYTES: usize = 8 << 20;

/// A box of the file, with the lines that tell of it.
pub struct Entry {
    pub lines: Vec<u64>,
    pub asked: Asked,
    /// What is wrong between its lines.
    pub faults: Vec<Fault>,
}

/// What a file says, before anything is compared with the store.
pub struct File {
    /// By address in lower case.
    pub(super) boxes: BTreeMap<String, Entry>,
    /// Lines that cannot be read.
    pub(super) refused: Vec<LineReport>,
}

/// Reads a file. Blocks.
pub fn read(source: impl Read) -> Result<File, Fault> {
    let mut bytes = Vec::new();
    let read = source.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() > MOST_BYTES {
        return Err(Fault::new(
            "",
            "le fichier n'est pas lisible, ou dépasse la taille permise",
        ));
    }
    let mut rows = Rows::open(&bytes)?;
    let mut file = File {
        boxes: BTreeMap::new(),
        refused: Vec::new(),
    };
    // Addresses of lines that are refused: what they were to say of the box is not known.
    let mut doubtful = Vec::new();
    while let Some(row) = rows.next()? {
        match asked(&row) {
            Ok((key, asked)) => file.add(key, row.line, asked),
            Err((key, faults)) => {
                doubtful.extend(key);
                file.refused.push(LineReport {
                    line: row.line,
                    outcome: Outcome::Refused,
                    faults,
                });
            }
        }
    }
    for key in doubtful {
        if let Some(entry) = file.boxes.get_mut(&key) {
            entry.faults = vec![Fault::new("", "une autre ligne de cette adresse est refusée")];
        }
    }
    Ok(file)
}

impl File {
    fn add(&mut self, key: String, line: u64, asked: Asked) {
        match self.boxes.get_mut(&key) {
            Some(entry) => {
                entry.lines.push(line);
                entry.faults.extend(contradictions(&entry.asked, &asked));
                entry.asked.rows.extend(asked.rows);
            }
            None => {
                let entry = Entry {
                    lines: vec![line],
                    asked,
                    faults: Vec::new(),
                };
                self.boxes.insert(key, entry);
            }
        }
    }
}

/// What a later line says of the box, and not of an attachment, otherwise than the first: both cannot be right, and one
/// of them may say that it is on the red list. What a line leaves empty contradicts nothing.
fn contradictions(first: &Asked, later: &Asked) -> Vec<Fault> {
    fn differs<T: PartialEq>(first: &Option<Option<T>>, later: &Option<Option<T>>) -> bool {
        matches!(later, Some(Some(_))) && first != later
    }
    let of_the_box = [
        ("type_bal", differs(&first.type_bal, &later.type_bal)),
        ("liste_rouge", differs(&first.liste_rouge, &later.liste_rouge)),
        ("description", differs(&first.description, &later.description)),
        ("responsable", differs(&first.responsable, &later.responsable)),
        ("telephone", differs(&first.telephone, &later.telephone)),
        (
            "telephone_publie",
            differs(&first.telephone_publie, &later.telephone_publie),
        ),
        (
            "dematerialisation",
            differs(&first.dematerialisation, &later.dematerialisation),
        ),
    ];
    let differing = of_the_box.into_iter().filter(|(_, differs)| *differs);
    differing
        .map(|(field, _)| Fault::new(field, "les lignes de cette adresse se contredisent"))
        .collect()
}

/// What a row asks, under the key of its address; or its faults, under the same where it can be read.
fn asked(row: &Row<'_>) -> Result<(String, Asked), (Option<String>, Vec<Fault>)> {
    let texts = row.texts().map_err(|fault| (None, vec![fault]))?;
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
        Ok(address) => Err((Some(address.key), faults)),
        Err(fault) => {
            faults.insert(0, fault);
            Err((None, faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lot_rows::MOST_ROWS;
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
        let pipe = "Type de BAL|Adresse BAL|Description\nORG|a@b.fr|un \"mot\nORG|A@b.fr|\n";
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
    fn lines_of_one_address_that_contradict_each_other_or_are_refused_publish_nothing() {
        let faults = |rows: &str| {
            let text = format!("Type de BAL;Adresse BAL;Liste rouge;Description\n{rows}");
            let file = read(text.as_bytes()).unwrap();
            let faults = &file.boxes["a@b.fr"].faults;
            faults.iter().map(|fault| fault.champ).collect::<Vec<_>>()
        };
        assert!(faults("PER;a@b.fr;O;x\nPER;A@b.fr;O;x\nPER;a@b.fr;;\n").is_empty());
        assert_eq!(faults("PER;a@b.fr;N;\nPER;a@b.fr;O;\n"), ["liste_rouge"]);
        assert_eq!(faults("PER;a@b.fr;;\nPER;a@b.fr;O;\n"), ["liste_rouge"]);
        assert_eq!(
            faults("PER;a@b.fr;O;x\nORG;a@b.fr;O;y\n"),
            ["type_bal", "description"]
        );
        assert_eq!(faults("PER;a@b.fr;X;\nPER;a@b.fr;;\n"), [""]);
        assert_eq!(faults("PER;a@b.fr;;\nPER;a@b.fr;X;\n"), [""]);
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
