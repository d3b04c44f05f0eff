//! Guards against files that are whole and well-formed, and wrong all the same: one that is older than what is
//! loaded, that is dated in the future, or that holds far less than the last one did.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::gather::{Content, Gathered};
use super::publication::Publication;
use super::report::Report;
use crate::source::date::DateOrigin;
use crate::source::{Extract, Kind, date};

/// Largest fall of one kind of entry that passes, in percent.
const MAX_FALL: u64 = 5;
/// Falls by fewer entries pass: in a file of ten, one is ten percent.
const FEW: u64 = 10;

/// Leaves files out that are dated after tomorrow: such a one would keep out all that come before its day. Code tables
/// have no order. A day is left to producers and clocks of other time zones.
pub fn leave_out_future(
    extracts: Vec<Extract>,
    now: Timestamp,
    force: bool,
    report: &mut Report,
) -> Vec<Extract> {
    let now = TimeZone::UTC.to_datetime(now);
    let last = now.date().saturating_add(Span::new().days(1));
    let is_future =
        |extract: &Extract| extract.kind != Kind::Nomenclature && extract.date.value.date() > last;
    let keep = |extract: &Extract| {
        if !is_future(extract) {
            return true;
        }
        let (name, date) = (extract.name(), extract.date.value);
        if force {
            tracing::warn!(file = name, %date, "a file dated in the future was taken by --force");
            return true;
        }
        let mend = match extract.date.origin {
            DateOrigin::Name | DateOrigin::Member => "mend the date in its name",
            DateOrigin::Content => "have its producer mend the date in it",
            DateOrigin::Given => "mend --date",
            DateOrigin::FileTime => "give its date by --date",
        };
        report.refus.push(format!(
            "{name}: of {date}, which is yet to come: once loaded it would keep out every file until then; {mend} (or \
             this machine's clock, which says {}), or --force takes it as it is",
            now.date()
        ));
        false
    };
    extracts.into_iter().filter(keep).collect()
}

/// The name under which a file's date and totals are kept.
pub fn source_name(extract: &Extract, gathered: &Gathered) -> String {
    let of_codes = match &gathered.content {
        // A CodeSystem names its table inside.
        Content::Labels(labels) => extract.table.as_deref().or_else(|| labels.table()),
        _ => None,
    };
    match of_codes {
        Some(table) => format!("nomenclature {table}"),
        None => extract.kind.as_str().to_owned(),
    }
}

/// The date of the loaded file of the same kind, when it is newer. Code tables have no order.
pub async fn newer_loaded(
    publication: &mut Publication<'_>,
    extract: &Extract,
) -> Result<Option<DateTime>, sqlx::Error> {
    if extract.kind == Kind::Nomenclature {
        return Ok(None);
    }
    let loaded: Option<String> =
        sqlx::query_scalar("select to_char(date, 'YYYY-MM-DD\"T\"HH24:MI:SS') from sources where genre = $1")
            .bind(extract.kind.as_str())
            .fetch_optional(&mut *publication.connection)
            .await?;
    Ok(loaded
        .and_then(|text| date::parse(&text))
        .filter(|loaded| *loaded > extract.date.value))
}

/// Which kinds of entries fall too far from the last file of this kind; `None` when all is well.
pub async fn fall(
    publication: &mut Publication<'_>,
    extract: &Extract,
    gathered: &Gathered,
) -> Result<Option<String>, sqlx::Error> {
    let last: Option<String> = sqlx::query_scalar("select entrees::text from sources where genre = $1")
        .bind(source_name(extract, gathered))
        .fetch_optional(&mut *publication.connection)
        .await?;
    let last: BTreeMap<String, u64> = last
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let now: BTreeMap<&str, u64> = gathered.totals().into_iter().collect();
    let falls: Vec<String> = last
        .iter()
        .filter_map(|(kind, before)| {
            let now = now.get(kind.as_str()).copied().unwrap_or(0);
            falls_too_far(*before, now).then(|| format!("{kind}: {before} before, {now} now"))
        })
        .collect();
    Ok((!falls.is_empty()).then(|| falls.join(", ")))
}

fn falls_too_far(before: u64, now: u64) -> bool {
    let lost = before.saturating_sub(now);
    lost >= FEW && lost * 100 > before * MAX_FALL
}

/// Notes the date and the totals of an accepted file.
pub async fn note_source(
    publication: &mut Publication<'_>,
    extract: &Extract,
    gathered: &Gathered,
) -> Result<(), sqlx::Error> {
    let totals: BTreeMap<&str, u64> = gathered.totals().into_iter().collect();
    sqlx::query(
        "insert into sources (genre, date, fichier, entrees) values ($1, $2::timestamp, $3, $4::jsonb)
         on conflict (genre) do update set date = excluded.date, fichier = excluded.fichier,
             entrees = excluded.entrees, loaded_at = now()",
    )
    .bind(source_name(extract, gathered))
    .bind(extract.date.value.to_string())
    .bind(extract.name())
    .bind(serde_json::to_string(&totals).unwrap_or_else(|_| "{}".to_owned()))
    .execute(&mut *publication.connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_of_more_than_five_percent_is_too_far_unless_it_is_of_a_few() {
        assert!(falls_too_far(1000, 949));
        assert!(!falls_too_far(1000, 950));
        assert!(!falls_too_far(20, 11));
        assert!(falls_too_far(20, 10));
        assert!(!falls_too_far(0, 5) && !falls_too_far(5, 500));
    }
}
