//! Writes what was gathered, in the order in which the parts need each other, and notes the run.

use super::codes::Codes;
use super::gather::{Content, Gathered};
use super::lists::Lists;
use super::people::People;
use super::publication::Publication;
use super::reading::Reading;
use super::report::{Entities, FileReport, Report};
use super::structure_keys::StructureKeys;
use super::write_lists::ListKind;
use super::write_people::{Beside, KnownPeople};
use super::write_reference::{LabelOrigin, Labels};
use super::{
    first_load, guard, write_boxes, write_finess, write_lists, write_people, write_reference,
    write_structures,
};
use crate::source::{Extract, Kind};

/// Tables that hold what extracts told, besides the [large ones](first_load::TABLES).
const OTHER_TABLES: [&str; 8] = [
    "commune_centres",
    "postcode_centres",
    "mailboxes",
    "mailbox_attachments",
    "domains",
    "domain_operators",
    "nomenclature_codes",
    "sources",
];

/// Our own short tables of codes and labels: `table;code;libellé`.
const BUILT_IN_LABELS: &str = include_str!("../../import/nomenclatures.csv");

/// Empties a store that holds the sample before anything else enters, and marks what comes.
///
/// Row by row: `truncate` would wait for whoever reads, who may wait for it, and empties a table even for those
/// who read an older state.
pub async fn replace_sample(publication: &mut Publication<'_>, sample: bool) -> Result<(), sqlx::Error> {
    let marked: Option<String> = sqlx::query_scalar("select value from settings where name = 'echantillon'")
        .fetch_optional(&mut *publication.connection)
        .await?;
    if marked.is_some() && !sample {
        publication.lock_mailboxes().await?;
        for table in first_load::TABLES.into_iter().chain(OTHER_TABLES) {
            let statement = format!("delete from {table}");
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut *publication.connection)
                .await?;
        }
        sqlx::query("delete from settings where name = 'echantillon'")
            .execute(&mut *publication.connection)
            .await?;
        forget_publications(publication).await?;
        publication.ledger.rebuild = true;
    }
    if sample {
        sqlx::query("insert into settings values ('echantillon', 'oui') on conflict do nothing")
            .execute(&mut *publication.connection)
            .await?;
    }
    Ok(())
}

/// Nothing leads from the sample to what is real: who has a mark of it, or an instant of its time, begins anew.
async fn forget_publications(publication: &mut Publication<'_>) -> Result<(), sqlx::Error> {
    for statement in [
        "delete from change_log",
        "delete from account_changes",
        "delete from publications where version < (select max(version) from publications)",
        "update publications set at = now(), public_version = public_version + 1",
    ] {
        sqlx::query(statement)
            .execute(&mut *publication.connection)
            .await?;
    }
    Ok(())
}

/// Writes all extracts but that of the mailboxes, as they come; the mailboxes begin to be read meanwhile.
pub async fn write(
    publication: &mut Publication<'_>,
    extracts: &mut Reading<'_>,
    boxes: &mut Reading<'_>,
    refusals: &mut Report,
) -> Result<Vec<FileReport>, sqlx::Error> {
    let mut built_in = Labels::default();
    for line in BUILT_IN_LABELS.lines().skip(1) {
        if let [table, code, label] = line.splitn(3, ';').collect::<Vec<_>>()[..] {
            built_in.add(table, code, label);
        }
    }
    write_reference::write_labels(publication, &built_in, LabelOrigin::BuiltIn).await?;
    let mut keys = StructureKeys::load(publication).await?;
    let mut reports = Vec::new();
    let (mut people, mut qualifications, mut diplomas) = (None, None, None);
    let mut known = None;
    loop {
        extracts.begin(publication, refusals).await?;
        if extracts.next_is(Kind::PersonneActivite) {
            // While the largest file is read the store tells whom it knows.
            known = Some(KnownPeople::load(publication).await?);
        }
        let Some((extract, gathered)) = extracts.next(publication, refusals).await? else {
            break;
        };
        let start = std::time::Instant::now();
        let mut report = file_report(&extract, &gathered);
        guard::note_source(publication, &extract, &gathered).await?;
        let place = reports.len();
        match gathered.content {
            Content::Labels(labels) => {
                let counts = write_reference::write_labels(publication, &labels, LabelOrigin::Nos).await?;
                report
                    .entites
                    .insert("codes", Entities::new(labels.len() as u64, counts));
            }
            Content::Domains(domains) => {
                let counts = write_reference::write_domains(publication, &domains).await?;
                report
                    .entites
                    .insert("domaines", Entities::new(domains.len() as u64, counts));
            }
            Content::Establishments(file) => {
                let (total, counts) = if extract.kind == Kind::FinessFluxPositions {
                    let counts = write_finess::write_positions(publication, &keys, &extract, &file).await?;
                    (file.totals()[2], counts)
                } else {
                    let counts = write_finess::write(publication, &mut keys, &extract, &file).await?;
                    (file.len() as u64, counts)
                };
                let mut labels = Labels::default();
                labels.add_codes("TRE_R66", &file.categories);
                labels.add_codes("FINESS_AGREGAT", &file.categories_agregees);
                labels.add_codes("TRE_R72", &file.statuts);
                labels.add_codes("TRE_R74", &file.mft);
                labels.add_codes("TRE_R73", &file.sph);
                write_reference::write_labels(publication, &labels, LabelOrigin::Extract).await?;
                report.entites.insert("structures", Entities::new(total, counts));
            }
            // See [`write_mailboxes`].
            Content::Boxes(_) => {}
            // Persons and their lists are written together, below; their sites go while the lists are read.
            Content::People(mut content) => {
                let known = match known.take() {
                    Some(known) => known,
                    None => KnownPeople::load(publication).await?,
                };
                let sites = &mut content.sites;
                let (site_ids, counts) = write_structures::write_sites(publication, &mut keys, sites).await?;
                let total = sites.len() as u64;
                sites.forget();
                report.entites.insert("structures", Entities::new(total, counts));
                people = Some((
                    place,
                    Persons {
                        people: content,
                        known,
                        site_ids,
                    },
                ));
            }
            Content::Qualifications(content) => qualifications = Some((place, content)),
            Content::Diplomas(content) => diplomas = Some((place, content)),
        }
        report.secondes += start.elapsed().as_secs_f64();
        reports.push(report);
    }
    boxes.begin(publication, refusals).await?;
    // A million keys are forgotten before the people are compared, who are many more.
    keys.save(publication).await?;
    write_persons(publication, people, qualifications, diplomas, &mut reports).await?;
    Ok(reports)
}

/// Writes the mailboxes. To be called last: from here to the end of the import operators wait, at the latest.
pub async fn write_mailboxes(
    publication: &mut Publication<'_>,
    extract: &Extract,
    gathered: Gathered,
) -> Result<Option<FileReport>, sqlx::Error> {
    let start = std::time::Instant::now();
    let mut report = file_report(extract, &gathered);
    guard::note_source(publication, extract, &gathered).await?;
    let Content::Boxes(boxes) = gathered.content else {
        return Ok(None);
    };
    let mut labels = Labels::default();
    labels.add_codes("TRE_G15", &boxes.professions);
    labels.add_codes("TRE_R09", &boxes.categories);
    write_reference::write_labels(publication, &labels, LabelOrigin::Extract).await?;
    let counts = write_boxes::write(publication, &boxes).await?;
    let entities = Entities::new(boxes.len() as u64, counts);
    report.entites.insert("messageries", entities);
    report.secondes += start.elapsed().as_secs_f64();
    Ok(Some(report))
}

type Placed<T> = Option<(usize, T)>;

/// What Personne_activite tells, its sites written already.
struct Persons {
    people: Box<People>,
    known: KnownPeople,
    /// The structures of the sites, by number.
    site_ids: Vec<i64>,
}

async fn write_persons(
    publication: &mut Publication<'_>,
    persons: Placed<Persons>,
    qualifications: Placed<Lists>,
    diplomas: Placed<Lists>,
    reports: &mut [FileReport],
) -> Result<(), sqlx::Error> {
    let start = std::time::Instant::now();
    let mut labels = Labels::default();
    if let Some((_, lists)) = &qualifications {
        labels.add_codes("TRE_R04", &lists.columns[2]);
    }
    if let Some((_, lists)) = &diplomas {
        labels.add_codes("TRE_R14", &lists.columns[0]);
        labels.add_codes("DIPLOME", &lists.columns[1]);
        labels.add_codes("TRE_R17", &lists.columns[2]);
        labels.add_codes("TRE_R18", &lists.columns[3]);
    }
    let mut insert = |place: usize, kind: &'static str, entities: Entities| {
        if let Some(report) = reports.get_mut(place) {
            report.entites.insert(kind, entities);
            report.secondes += start.elapsed().as_secs_f64();
        }
    };
    let entries = |list: &Placed<Lists>| list.as_ref().map_or(0, |(_, lists)| lists.entries);
    if let Some((place, persons)) = persons {
        let Persons {
            mut people,
            known,
            site_ids,
        } = persons;
        add_people_labels(&mut labels, &people);
        let beside = Beside {
            site_ids: &site_ids,
            savoir_faire: qualifications.as_ref().map(|(_, lists)| lists),
            diplomes: diplomas.as_ref().map(|(_, lists)| lists),
        };
        let written = write_people::write(publication, known, &mut people, beside).await?;
        insert(
            place,
            "professionnels",
            Entities::new(people.len() as u64, written.professionals),
        );
        insert(
            place,
            "activites",
            Entities::new(written.activities_told, written.activities),
        );
        if let Some((place, _)) = qualifications {
            insert(
                place,
                "savoir_faire",
                Entities::new(entries(&qualifications), written.qualifications),
            );
        }
        if let Some((place, _)) = diplomas {
            insert(
                place,
                "diplomes",
                Entities::new(entries(&diplomas), written.diplomas),
            );
        }
    } else {
        for (list, kind, name) in [
            (&qualifications, ListKind::Qualifications, "savoir_faire"),
            (&diplomas, ListKind::Diplomas, "diplomes"),
        ] {
            if let Some((place, lists)) = list {
                let counts = write_lists::write(publication, lists, kind).await?;
                insert(*place, name, Entities::new(lists.entries, counts));
            }
        }
    }
    write_reference::write_labels(publication, &labels, LabelOrigin::Extract).await?;
    Ok(())
}

fn add_people_labels(labels: &mut Labels, people: &People) {
    let tables: [(&str, &Codes); 9] = [
        ("TRE_R81", &people.civilites),
        ("TRE_R11", &people.civilites_exercice),
        ("TRE_G15", &people.professions),
        ("TRE_R09", &people.categories),
        ("TRE_R04", &people.types_savoir_faire),
        ("TRE_R23", &people.modes),
        ("TRE_R21", &people.roles),
        ("TRE_R22", &people.genres),
        ("TRE_R02", &people.secteurs),
    ];
    for (table, codes) in tables {
        labels.add_codes(table, codes);
    }
    labels.add_codes("TRE_R06", &people.sections);
    labels.add_qualifications(&people.savoir_faire);
}

fn file_report(extract: &Extract, gathered: &Gathered) -> FileReport {
    let summary = &gathered.summary;
    let mut notes = summary.notes.clone();
    if !summary.unknown_columns.is_empty() {
        notes.push(format!(
            "columns not known and skipped: {}",
            summary.unknown_columns.join(", ")
        ));
    }
    FileReport {
        genre: extract.kind.as_str().to_owned(),
        fichier: extract.name(),
        date: extract.date.value.to_string(),
        lignes: summary.lines,
        enregistrements: summary.records,
        doublons: summary.duplicates,
        rejets: summary.rejected,
        secondes: gathered.seconds,
        mo_par_seconde: summary.bytes as f64 / 1e6 / gathered.seconds.max(1e-6),
        notes,
        rejects: gathered.rejects.clone(),
        ..FileReport::default()
    }
}

/// Notes the run and its rejects. Gives the run's number.
pub async fn record_run(publication: &mut Publication<'_>, report: &Report) -> Result<i64, sqlx::Error> {
    let json = serde_json::to_value(report).unwrap_or_default();
    let run: i64 = sqlx::query_scalar("insert into import_runs (report) values ($1::jsonb) returning id")
        .bind(json.to_string())
        .fetch_one(&mut *publication.connection)
        .await?;
    for file in report.fichiers.iter().filter(|file| !file.rejects.is_empty()) {
        let lines: Vec<i64> = file.rejects.iter().map(|r| r.line.cast_signed()).collect();
        let columns: Vec<Option<&str>> = file.rejects.iter().map(|r| r.column.as_deref()).collect();
        let reasons: Vec<&str> = file.rejects.iter().map(|r| r.reason.as_str()).collect();
        sqlx::query(
            "insert into rejects (run_id, fichier, ligne, colonne, motif)
             select $1, $2, l, c, m from unnest($3::bigint[], $4::text[], $5::text[]) as r (l, c, m)",
        )
        .bind(run)
        .bind(&file.fichier)
        .bind(lines)
        .bind(columns)
        .bind(reasons)
        .execute(&mut *publication.connection)
        .await?;
    }
    Ok(run)
}
