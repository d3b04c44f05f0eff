//! Made-up extracts in the official layouts, at any scale: same seed, same bytes.
//!
//! Every entry is computed from its number, so memory does not grow with the set. RPPS, FINESS and SIRET numbers
//! begin with 99, domains end in `-exemple.mssante.fr` and are on the white list that is written beside.

mod finess;
mod mssante;
mod names;
mod people;
mod places;
mod projection;
mod random;
mod reference;
mod rpps;
mod structures;

#[cfg(test)]
pub use reference::white_list;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use people::Person;
use random::Random;

const ACTIVITY: &str = include_str!("../../import/layouts/personne_activite.txt");
const QUALIFICATION: &str = include_str!("../../import/layouts/savoir_faire.txt");
const DIPLOMA: &str = include_str!("../../import/layouts/dipl_autexerc.txt");
const MAILBOX: &str = include_str!("../../import/layouts/correspondance_mssante.txt");

/// What to write.
#[derive(Debug, Clone)]
pub struct Options {
    pub people: u64,
    /// About a third of the people when not given.
    pub boxes: Option<u64>,
    pub seed: u64,
    pub out: PathBuf,
    pub date: Date,
    /// The following day's files instead, with about this share of people changed, removed or added.
    pub next_day: Option<f64>,
    /// Puts bad lines in.
    pub bad_lines: bool,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Summary {
    pub files: Vec<WrittenFile>,
    pub people: u64,
    /// Counted by their key, rows apart.
    pub activities: u64,
    pub boxes: u64,
    /// Establishments of FINESS.
    pub structures: u64,
}

/// One file.
#[derive(Debug)]
pub struct WrittenFile {
    pub name: String,
    /// All lines, headers included.
    pub lines: u64,
    pub bytes: u64,
    pub bad_lines: u64,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", file.display())]
pub struct SampleError {
    file: PathBuf,
    error: std::io::Error,
}

/// Writes a set.
pub fn generate(options: &Options) -> Result<Summary, SampleError> {
    let failed = |error| SampleError {
        file: options.out.clone(),
        error,
    };
    std::fs::create_dir_all(&options.out).map_err(failed)?;
    let date = match options.next_day {
        Some(_) => options.date.tomorrow().unwrap_or(options.date),
        None => options.date,
    };
    let day = date.strftime("%Y%m%d").to_string();
    let mut summary = Summary::default();
    let mut domains = BTreeSet::new();
    write_people(options, &day, &mut summary, &mut domains)?;
    write_finess(options, &day, date, &mut summary)?;
    let mut whole = |name: &str, content: &[u8]| -> Result<(), SampleError> {
        let mut file = Lines::create(&options.out, name)?;
        file.raw(content)?;
        summary.files.push(file.finish()?);
        Ok(())
    };
    whole(
        "listeblanchemssante.xml",
        reference::white_list(&domains, date).as_bytes(),
    )?;
    whole("TRE_R38-SpecialiteOrdinale.tabs", &reference::specialties())?;
    whole(
        "TRE_G15-ProfessionSante.json",
        reference::professions().as_bytes(),
    )?;
    Ok(summary)
}

/// The people of a set, those of the next day when it is asked for.
fn people(options: &Options) -> impl Iterator<Item = Person> {
    let Options {
        seed,
        people,
        next_day,
        ..
    } = *options;
    let share = next_day.map_or(0, |share| (share * 1e6) as u64);
    let added = people * share / 3_000_000;
    (0..people + added).filter_map(move |number| {
        let mut random = Random::of(seed, 6, number);
        let touched = number < people && random.below(1_000_000) < share;
        match (touched, random.below(3)) {
            // A third of those touched go, as many come at the end, a third changes places.
            (true, 0) => None,
            (true, 1) => Some(people::person(seed, number, people, 1)),
            _ => Some(people::person(seed, number, people, 0)),
        }
    })
}

fn write_people(
    options: &Options,
    day: &str,
    summary: &mut Summary,
    domains: &mut BTreeSet<String>,
) -> Result<(), SampleError> {
    let (out, seed) = (&options.out, options.seed);
    let boxes = options.boxes.unwrap_or(options.people * 34 / 100);
    let mut activities = Lines::create(out, &format!("PS_LibreAcces_Personne_activite_{day}0800.txt"))?;
    let mut qualifications = Lines::create(out, &format!("PS_LibreAcces_SavoirFaire_{day}0800.txt"))?;
    let mut diplomas = Lines::create(out, &format!("PS_LibreAcces_Dipl_AutExerc_{day}0800.txt"))?;
    let mut mailboxes = Lines::create(out, &format!("Extraction_Correspondance_MSSante_{day}0800.txt"))?;
    for (file, header) in [
        (&mut activities, ACTIVITY),
        (&mut qualifications, QUALIFICATION),
        (&mut diplomas, DIPLOMA),
        (&mut mailboxes, MAILBOX),
    ] {
        file.line(header.trim_end())?;
    }
    // The last line of some persons comes after the next person's lines.
    let mut late: Option<String> = None;
    for person in people(options) {
        summary.people += 1;
        summary.activities += distinct_activities(&person);
        let mut lines = rpps::activity_lines(&person, seed);
        let kept_back = if person.number % 997 == 11 && lines.len() > 1 {
            lines.pop()
        } else {
            None
        };
        for line in lines.into_iter().chain(late.take()) {
            activities.line(&line)?;
        }
        late = kept_back;
        for line in rpps::qualification_lines(&person) {
            qualifications.line(&line)?;
        }
        for line in rpps::diploma_lines(&person) {
            diplomas.line(&line)?;
        }
        if people::has_mailbox(seed, person.number, options.people, boxes) {
            summary.boxes += person.mailboxes.len() as u64;
            for address in &person.mailboxes {
                domains.insert(
                    address
                        .to_lowercase()
                        .rsplit('@')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                );
            }
            for line in mssante::personal_lines(&person) {
                mailboxes.line(&line)?;
            }
        }
    }
    if let Some(line) = late {
        activities.line(&line)?;
    }
    write_services(options, boxes * 16 / 100, &mut mailboxes, summary, domains)?;
    // Someone whom the RPPS extract does not know.
    mailboxes.line("PER|inconnu.exemple@pro-exemple.mssante.fr|8|99999999990|899999999990|||||INCONNU|Exemple|C|Civil|60|Infirmier|||N|||||||||||||")?;
    summary.boxes += 1;
    domains.insert("pro-exemple.mssante.fr".to_owned());
    domains.remove("interop-mssante.apicrypt.org");
    if options.bad_lines {
        write_bad_lines(&mut activities, &mut mailboxes)?;
    }
    for file in [activities, qualifications, diplomas, mailboxes] {
        summary.files.push(file.finish()?);
    }
    Ok(())
}

/// Boxes of services: every second one at the first hospital, thousands at most, the rest over the others.
fn write_services(
    options: &Options,
    count: u64,
    mailboxes: &mut Lines,
    summary: &mut Summary,
    domains: &mut BTreeSet<String>,
) -> Result<(), SampleError> {
    const AT_THE_HOSPITAL: u64 = 8000;
    let others = structures::count(options.people) - 1;
    for number in 0..count {
        let (which, nth) = if number % 2 == 0 && number < AT_THE_HOSPITAL {
            (0, number / 2)
        } else {
            (1 + number % others, number / others)
        };
        let establishment = structures::establishment(options.seed, which);
        domains.insert(establishment.domain.clone());
        mailboxes.line(&mssante::service_line(&establishment, nth))?;
        summary.boxes += 1;
    }
    Ok(())
}

fn write_bad_lines(activities: &mut Lines, mailboxes: &mut Lines) -> Result<(), SampleError> {
    let fields = ACTIVITY.trim_end().trim_end_matches('|').split('|').count();
    let line = |start: &str| {
        let given = start.split('|').count();
        format!("{start}{}", "|".repeat(fields + 1 - given))
    };
    activities.bad(b"8|99900000001|too|few")?;
    activities.bad(line("8|99900000001||DR|Docteur|M|Monsieur|SANSNUMERO|Paul|10").as_bytes())?;
    activities.bad(line("8|99900000001|099900000001|||||FAUX|Paul|10").as_bytes())?;
    activities.bad(&[line("8|99900000001|899900000001|||||OCTETS").as_bytes(), b"\xE9"].concat())?;
    let rest = "|".repeat(29);
    for start in [
        "PER|sans-arobase.mssante.fr",
        "PER|123456789012345@patient.mssante.fr",
        "ORG|a@medical.apicrypt.org",
        "XYZ|a@b-exemple.mssante.fr",
    ] {
        mailboxes.bad(format!("{start}{rest}").as_bytes())?;
    }
    Ok(())
}

fn distinct_activities(person: &Person) -> u64 {
    let mut keys: Vec<(String, &str)> = person
        .activities
        .iter()
        .map(|activity| (activity.place.technical_id(), activity.mode))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len() as u64
}

fn write_finess(options: &Options, day: &str, date: Date, summary: &mut Summary) -> Result<(), SampleError> {
    let count = structures::count(options.people);
    let mut entities = Lines::create(&options.out, &format!("etalab-cs1100501-stock-{day}-0339.csv"))?;
    entities.line(&format!("finess;etalab;110;{date}"))?;
    let mut establishments = Lines::create(&options.out, &format!("etalab-cs1100507-stock-{day}-0339.csv"))?;
    establishments.line(&format!("finess;etalab;111;{date}"))?;
    for number in 0..count {
        let e = structures::establishment(options.seed, number);
        establishments.line(&finess::establishment_line(&e))?;
        // One with several establishments comes once, and one in fifty has none.
        if e.finess_ej == format!("99{:07}", 5_000_000 + number) {
            entities.line(&finess::legal_entity_line(options.seed, number, &e.finess_ej))?;
        }
        if number % 50 == 49 {
            let finess = format!("99{:07}", 8_000_000 + number);
            entities.line(&finess::legal_entity_line(options.seed, number, &finess))?;
        }
    }
    for number in (0..count).rev() {
        let e = structures::establishment(options.seed, number);
        if let Some(line) = finess::position_line(options.seed, &e) {
            establishments.line(&line)?;
        }
    }
    summary.structures = count;
    for file in [entities, establishments] {
        summary.files.push(file.finish()?);
    }
    Ok(())
}

/// A file being written.
struct Lines {
    path: PathBuf,
    name: String,
    file: BufWriter<File>,
    lines: u64,
    bytes: u64,
    bad: u64,
}

impl Lines {
    fn create(folder: &Path, name: &str) -> Result<Self, SampleError> {
        let path = folder.join(name);
        let file = File::create(&path).map_err(|error| SampleError {
            file: path.clone(),
            error,
        })?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Self {
            path,
            name: name.to_owned(),
            file,
            lines: 0,
            bytes: 0,
            bad: 0,
        })
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), SampleError> {
        self.file.write_all(bytes).map_err(|error| SampleError {
            file: self.path.clone(),
            error,
        })?;
        self.bytes += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), SampleError> {
        self.raw(line.as_bytes())?;
        self.raw(b"\n")
    }

    fn bad(&mut self, line: &[u8]) -> Result<(), SampleError> {
        self.bad += 1;
        self.raw(line)?;
        self.raw(b"\n")
    }

    fn finish(mut self) -> Result<WrittenFile, SampleError> {
        self.file.flush().map_err(|error| SampleError {
            file: self.path.clone(),
            error,
        })?;
        Ok(WrittenFile {
            name: self.name,
            lines: self.lines,
            bytes: self.bytes,
            bad_lines: self.bad,
        })
    }
}
