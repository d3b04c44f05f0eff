//! `annuaire sample`: made-up extracts.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, say};
use crate::sample::{self, Options};

/// Options of `annuaire sample`.
#[derive(Debug, Args)]
pub struct SampleOptions {
    /// Professionals
    #[arg(long, value_name = "N")]
    people: u64,
    /// Mailboxes [default: about a third of the people]
    #[arg(long, value_name = "N")]
    boxes: Option<u64>,
    /// Same seed, same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write into, made when absent
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Date of the files
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2026-01-15")]
    date: jiff::civil::Date,
    /// Writes the following day's files, with this share of entries changed, such as 1%: the same entries whatever the date
    #[arg(long, value_name = "SHARE", value_parser = share)]
    next_day: Option<f64>,
    /// Puts a known number of bad lines in
    #[arg(long)]
    with_bad_lines: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text
        .strip_suffix('%')
        .map_or((text, 1.0), |number| (number, 100.0));
    let share = number
        .trim()
        .parse::<f64>()
        .map_err(|_| "a share such as 1% or 0.01".to_owned())?
        / scale;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share between 0% and 100%".to_owned())
    }
}

/// Runs the command.
pub fn run(options: &SampleOptions) -> Result<ExitCode, Failure> {
    let summary = sample::generate(&Options {
        people: options.people,
        boxes: options.boxes,
        seed: options.seed,
        out: options.out.clone(),
        date: options.date,
        next_day: options.next_day,
        bad_lines: options.with_bad_lines,
    })?;
    for file in &summary.files {
        say(format_args!(
            "{}: {} lines, {} bytes, {} bad lines",
            file.name, file.lines, file.bytes, file.bad_lines
        ))?;
    }
    say(format_args!(
        "{} people, {} activities, {} mailboxes, {} structures",
        summary.people, summary.activities, summary.boxes, summary.structures
    ))?;
    Ok(ExitCode::SUCCESS)
}
