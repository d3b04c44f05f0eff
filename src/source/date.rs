//! The date of an extract: from its name, else its member's name, else its content, else as given by the
//! operator, else the file's own time.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::container::Member;

/// A date and where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtractDate {
    pub value: DateTime,
    pub origin: DateOrigin,
}

/// Where a date was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrigin {
    Name,
    Member,
    Content,
    Given,
    FileTime,
}

pub(super) fn of(member: &Member, content: Option<DateTime>, given: Option<Date>) -> ExtractDate {
    let found = |value, origin| ExtractDate { value, origin };
    let given = given.map(|date| date.at(0, 0, 0, 0));
    in_name(&member.file_name())
        .map(|value| found(value, DateOrigin::Name))
        .or_else(|| {
            member
                .name
                .as_deref()
                .and_then(in_name)
                .map(|value| found(value, DateOrigin::Member))
        })
        .or_else(|| content.map(|value| found(value, DateOrigin::Content)))
        .or_else(|| given.map(|value| found(value, DateOrigin::Given)))
        .unwrap_or_else(|| found(file_time(member), DateOrigin::FileTime))
}

fn file_time(member: &Member) -> DateTime {
    let time = std::fs::metadata(&member.path)
        .and_then(|metadata| metadata.modified())
        .ok();
    let timestamp = time
        .and_then(|time| Timestamp::try_from(time).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    TimeZone::UTC.to_datetime(timestamp)
}

/// Whether a name tells a date.
pub(super) fn is_in_name(name: &str) -> bool {
    in_name(name).is_some()
}

/// First run of digits in a name that is a date: `AAAAMMJJhhmm`, `AAAAMMJJ-hhmm` or `AAAAMMJJ`.
fn in_name(name: &str) -> Option<DateTime> {
    let runs: Vec<&str> = name
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .collect();
    runs.iter().enumerate().find_map(|(place, run)| match run.len() {
        8 => {
            let time = runs
                .get(place + 1)
                .filter(|next| next.len() == 4)
                .copied()
                .unwrap_or("0000");
            compact(&format!("{run}{time}"))
        }
        12 | 14 => compact(run.get(..12)?),
        _ => None,
    })
}

fn compact(digits: &str) -> Option<DateTime> {
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    let small = |range| number(range).and_then(|n| i8::try_from(n).ok());
    let year = number(0..4).filter(|year| (1990..2200).contains(year))?;
    let date = Date::new(year, small(4..6)?, small(6..8)?).ok()?;
    Some(date.to_datetime(jiff::civil::Time::new(small(8..10)?, small(10..12)?, 0, 0).ok()?))
}

/// `2026-05-12` or `2026-05-12T06:00:00`.
pub fn parse(text: &str) -> Option<DateTime> {
    let text = text.trim();
    text.parse::<DateTime>()
        .ok()
        .or_else(|| text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)))
}

/// Today, for commands that need a default date.
pub static TODAY: LazyLock<Date> = LazyLock::new(|| TimeZone::UTC.to_datetime(Timestamp::now()).date());

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn names_of_all_producers_tell_the_date() {
        assert_eq!(
            in_name("PS_LibreAcces_Personne_activite_202601150812.txt"),
            Some(datetime(2026, 1, 15, 8, 12, 0, 0))
        );
        assert_eq!(
            in_name("etalab-cs1100507-stock-20260512-0339.csv"),
            Some(datetime(2026, 5, 12, 3, 39, 0, 0))
        );
        assert_eq!(
            in_name("finess_20210108.csv.gz"),
            Some(datetime(2021, 1, 8, 0, 0, 0, 0))
        );
        assert_eq!(in_name("ps-libreacces-personne-activite.txt"), None);
    }
}
