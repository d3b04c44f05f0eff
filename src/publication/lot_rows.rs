//! The rows of a file of boxes: what separates fields, what each column is, on which line each row stands.
//!
//! A box must not come into view because a column was misspelt or a quote not closed: what cannot be read as it was
//! meant refuses the file.

use csv::ByteRecord;

use super::asked::Fault;
use crate::directory::text::fold;

/// Most rows of a file.
pub const MOST_ROWS: usize = 5_000;
/// Most columns of a file: twice what there is to say.
const MOST_COLUMNS: usize = 72;

/// The columns that are read, as the extract spells them, and our five.
pub const COLUMNS: [&str; 14] = [
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
/// The columns of the extract; those that we know ourselves from its holder and its structure are not read.
const OF_THE_EXTRACT: &str = include_str!("../../import/layouts/correspondance_mssante.txt");

/// The rows of a file.
pub struct Rows<'b> {
    bytes: &'b [u8],
    reader: csv::Reader<&'b [u8]>,
    record: ByteRecord,
    places: [Option<usize>; COLUMNS.len()],
    /// So many bytes and lines were passed.
    passed: usize,
    line: u64,
    count: usize,
}

/// A row and its line, the header being line 1.
pub struct Row<'r> {
    pub line: u64,
    record: &'r ByteRecord,
    places: &'r [Option<usize>; COLUMNS.len()],
}

impl<'b> Rows<'b> {
    /// Reads the header: `|`, `;`, tabulation or comma between fields, as it has them.
    pub fn open(bytes: &'b [u8]) -> Result<Self, Fault> {
        let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
        let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next();
        let first = first.unwrap_or_default();
        let delimiter = [b'|', b';', b'\t', b',']
            .into_iter()
            .max_by_key(|delimiter| first.iter().filter(|byte| *byte == delimiter).count())
            .unwrap_or(b';');
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            // The extract quotes nothing: a quote is a letter there.
            .quoting(delimiter != b'|')
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut rows = Self {
            bytes,
            reader,
            record: ByteRecord::new(),
            places: [None; COLUMNS.len()],
            passed: 0,
            line: 1,
            count: 0,
        };
        rows.read()?;
        rows.places = places(&rows.record)?;
        Ok(rows)
    }

    /// The next row.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Fault> {
        if !self.read()? {
            return Ok(None);
        }
        self.count += 1;
        if self.count > MOST_ROWS {
            return Err(Fault::new("", format!("au plus {MOST_ROWS} lignes par fichier")));
        }
        Ok(Some(Row {
            line: self.line,
            record: &self.record,
            places: &self.places,
        }))
    }

    fn read(&mut self) -> Result<bool, Fault> {
        let there_is_one = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|_| Fault::new("", "le fichier n'est pas lisible"))?;
        // The reader begins before the end of the line before, and before empty lines.
        let start = self.record.position().map_or(0, csv::Position::byte) as usize;
        let empty = |bytes: &[u8]| bytes.iter().take_while(|byte| is_end(byte)).count();
        let start = start + self.bytes.get(start..).map_or(0, empty);
        self.line += ends(self.bytes.get(self.passed..start).unwrap_or_default());
        self.passed = start;
        let end = self.reader.position().byte() as usize;
        let own = self.bytes.get(start..end).unwrap_or_default();
        if there_is_one && own.trim_ascii().iter().any(is_end) {
            let reason = "un champ ne va pas sur plusieurs lignes : un guillemet n'est pas fermé ?";
            return Err(Fault::new("", format!("ligne {} : {reason}", self.line)));
        }
        Ok(there_is_one)
    }
}

impl Row<'_> {
    /// The texts of [`COLUMNS`], without blanks around them; `None` for an empty one and for a column that is not there.
    pub fn texts(&self) -> Result<[Option<&str>; COLUMNS.len()], Fault> {
        let mut texts = [None; COLUMNS.len()];
        for (text, place) in texts.iter_mut().zip(self.places) {
            let bytes = place.and_then(|place| self.record.get(place)).unwrap_or_default();
            let read =
                std::str::from_utf8(bytes).map_err(|_| Fault::new("", "la ligne n'est pas en UTF-8"))?;
            *text = Some(read.trim()).filter(|read| !read.is_empty());
        }
        Ok(texts)
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many lines end in some bytes: by LF, CR LF or CR.
fn ends(bytes: &[u8]) -> u64 {
    let mut before = b' ';
    let mut count = 0;
    for byte in bytes {
        count += u64::from(is_end(byte) && (before, *byte) != (b'\r', b'\n'));
        before = *byte;
    }
    count
}

/// Where each of [`COLUMNS`] stands in the file.
fn places(header: &ByteRecord) -> Result<[Option<usize>; COLUMNS.len()], Fault> {
    if header.len() > MOST_COLUMNS {
        return Err(Fault::new("", format!("au plus {MOST_COLUMNS} colonnes")));
    }
    let names: Result<Vec<String>, _> = header
        .iter()
        .map(|name| std::str::from_utf8(name).map(fold))
        .collect();
    let names = names.map_err(|_| Fault::new("", "l'en-tête n'est pas en UTF-8"))?;
    let known: Vec<String> = COLUMNS
        .into_iter()
        .chain(OF_THE_EXTRACT.trim().split('|'))
        .map(fold)
        .collect();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let number = place + 1;
        if !known.contains(name) {
            let own = COLUMNS.join(" », « ");
            let reason = format!(
                "la colonne {number} est inconnue ; outre celles de l'extraction nationale : « {own} »"
            );
            return Err(Fault::new("", reason));
        }
        if names.iter().take(place).any(|before| before == name) {
            return Err(Fault::new(
                "",
                format!("la colonne {number} est nommée deux fois"),
            ));
        }
    }
    let places = COLUMNS.map(|column| names.iter().position(|name| *name == fold(column)));
    match places {
        [Some(_), Some(_), ..] => Ok(places),
        _ => Err(Fault::new(
            "",
            "l'en-tête doit nommer au moins les colonnes « Type de BAL » et « Adresse BAL »",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<Vec<u64>, Fault> {
        let mut rows = Rows::open(text.as_bytes())?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(row.line);
        }
        Ok(lines)
    }

    #[test]
    fn a_row_has_the_number_of_its_line_however_lines_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["\u{FEFF}Type de BAL;\"Adresse BAL\"", "a;b", "c;d", "", "e;f"].join(end);
            assert_eq!(lines(&text).unwrap(), [2, 3, 5], "{end:?}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_refuses_the_file() {
        let fault = lines("Type de BAL;Adresse BAL\nPER;a@b.fr\nPER;\"c@d.fr\nPER;e@f.fr\n").unwrap_err();
        assert!(fault.motif.starts_with("ligne 3 :"), "{}", fault.motif);
    }

    #[test]
    fn a_column_is_known_and_named_once() {
        let head = |more: &str| lines(&format!("Type de BAL;Adresse BAL;{more}\nPER;a@b.fr;O\n"));
        assert!(head("liste-rouge").is_ok() && head("Pays structure BAL").is_ok() && head("").is_ok());
        for wrong in ["ListeRouge", "Liste rouge (O/N)", "Liste rouge;Liste rouge"] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
        assert!(head(&"x;".repeat(12_000)).is_err());
    }
}
