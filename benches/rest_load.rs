//! Load on the suggestions of a keystroke, over HTTP, and on Postgres asked for the same.
//!
//!     cargo bench --bench rest_load -- --url http://127.0.0.1:8080 --extract FILE
//!     cargo bench --bench rest_load -- --url postgres://… --sql 'select …$1…' --extract FILE
//!
//! The same names are typed letter by letter in the same order to both. Bounded in time (`--seconds`) and in clients.
//! Prints one line: answers a second over the whole run, quantiles of their duration, rows an answer.

#[path = "load/pace.rs"]
mod pace;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use pace::Pace;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser, Clone)]
struct Options {
    /// http://HOST:PORT, or where Postgres is
    #[arg(long)]
    url: String,
    /// What to ask of Postgres: $1 is what was typed
    #[arg(long)]
    sql: Option<String>,
    /// An MSSanté correspondence extract: the people to look for
    #[arg(long)]
    extract: PathBuf,
    #[arg(long, default_value_t = 4)]
    clients: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Requests a second of each client, at even intervals; 0: the next one when the last is answered. An answer's time
    /// counts from when its request was due, so that a wait is felt by those behind it too
    #[arg(long, default_value_t = 0.0)]
    pace: f64,
    /// Ends with this process, too
    #[arg(long, value_name = "PID")]
    during: Option<u32>,
    /// Longest text typed
    #[arg(long, default_value_t = 8)]
    letters: usize,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// Durations in microseconds, and rows of all answers.
#[derive(Default)]
struct Measured {
    micros: Vec<u64>,
    rows: usize,
}

fn main() -> Fallible<()> {
    let options = Options::parse();
    let names = Arc::new(names(&options.extract)?);
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(options.seconds);
    let mut running = Vec::new();
    for seed in 0..options.clients {
        let (options, names) = (options.clone(), names.clone());
        running.push(std::thread::spawn(move || {
            let texts = typed(&names, options.letters, seed as u64);
            let pace = Pace::new(options.pace, until, options.during);
            match &options.sql {
                Some(sql) => ask_postgres(&options.url, sql, texts, pace),
                None => ask_http(&options.url, texts, pace),
            }
        }));
    }
    let mut all = Measured::default();
    for thread in running {
        let one = thread.join().map_err(|_| "a client's thread failed")??;
        all.micros.extend(one.micros);
        all.rows += one.rows;
    }
    all.micros.sort_unstable();
    let quantile = |share: f64| {
        let place = (all.micros.len() as f64 * share) as usize;
        all.micros.get(place).or(all.micros.last()).copied().unwrap_or(0)
    };
    println!("answers\tper_second\tmedian_us\tp99_us\tmax_us\trows_per_answer");
    println!(
        "{}\t{:.0}\t{}\t{}\t{}\t{:.1}",
        all.micros.len(),
        all.micros.len() as f64 / begun.elapsed().as_secs_f64(),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
        all.rows as f64 / all.micros.len().max(1) as f64
    );
    Ok(())
}

/// The names of the nominative boxes of an extract.
fn names(path: &PathBuf) -> Fallible<Vec<String>> {
    let text = std::fs::read_to_string(path)?;
    let names: Vec<String> = text
        .lines()
        .skip(1)
        .filter(|line| line.starts_with("PER|"))
        .filter_map(|line| line.split('|').nth(9))
        .map(str::to_lowercase)
        .collect();
    match names.is_empty() {
        true => Err("the extract has no nominative box".into()),
        false => Ok(names),
    }
}

/// What people type who look for names drawn at random: their first letters, one more each time.
fn typed(names: &[String], letters: usize, seed: u64) -> impl Iterator<Item = String> {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let name = &names[random as usize % names.len()];
        (1..=letters).filter_map(move |length| {
            let (end, _) = name.char_indices().nth(length)?;
            name.get(..end).map(str::to_owned)
        })
    })
    .flatten()
}

fn ask_http(url: &str, texts: impl Iterator<Item = String>, mut pace: Pace) -> Fallible<Measured> {
    let host = url.strip_prefix("http://").ok_or("the URL is http://HOST:PORT")?;
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut measured = Measured::default();
    for text in texts {
        let Some(asked) = pace.next() else { break };
        let q: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request = format!("GET /api/v1/suggestions?q={q} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        writer.write_all(request.as_bytes())?;
        let body = answer(&mut reader)?;
        measured.micros.push(asked.elapsed().as_micros() as u64);
        let rows = body.windows(9).filter(|window| window == b"\"libelle\"").count();
        measured.rows += rows;
    }
    Ok(measured)
}

/// The body of an answer, whose length its head tells.
fn answer(reader: &mut impl BufRead) -> Fallible<Vec<u8>> {
    let (mut line, mut length, mut is_good) = (String::new(), 0, false);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        is_good |= line.starts_with("http/1.1 200");
        if let Some(digits) = line.strip_prefix("content-length:") {
            length = digits.trim().parse()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    match is_good {
        true => Ok(body),
        false => Err(String::from_utf8_lossy(&body).into_owned().into()),
    }
}

fn ask_postgres(
    url: &str,
    sql: &str,
    texts: impl Iterator<Item = String>,
    mut pace: Pace,
) -> Fallible<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let mut measured = Measured::default();
        for text in texts {
            let Some(asked) = pace.next() else { break };
            let rows: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql.to_owned()))
                .bind(text)
                .fetch_all(&mut connection)
                .await?;
            measured.micros.push(asked.elapsed().as_micros() as u64);
            measured.rows += rows.len();
        }
        Ok(measured)
    })
}
