//! Extractions over HTTP against Postgres's own `COPY … TO STDOUT` of the same columns, in one run.
//!
//!     cargo bench --bench export_vs_copy -- --data-dir DIR [--only professionnels/csv]
//!
//! DIR is a data directory that `annuaire import` filled, with no server running on it. `COPY` is read by `psql`, our
//! answer by `curl`, both into nothing, in turns. Ours has the labels of all codes besides, which `COPY` has not.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annuaire::export::statement::{Order, whole};
use annuaire::export::{Filters, Kind};
use annuaire::store::cluster;
use clap::Parser;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

const ADDRESS: &str = "127.0.0.1:28080";

#[derive(Parser)]
struct Options {
    #[arg(long)]
    data_dir: PathBuf,
    /// Readings of each, in turns; the best counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure this extraction only, as `professionnels` or `professionnels/csv`; may be given again
    #[arg(long)]
    only: Vec<String>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn wants(&self, kind: &str, format: &str) -> bool {
        let name = format!("{kind}/{format}");
        self.only.is_empty() || self.only.iter().any(|only| *only == kind || *only == name)
    }
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let options = Options::parse();
    let server = Server::start(&options)?;
    let (cluster, store) = cluster::join(&options.data_dir).await?;
    println!("| extraction | format | COPY s | ours s | ours MB/s | speed of COPY |");
    println!("|---|---|---|---|---|---|");
    for kind in Kind::ALL {
        let statement = whole(kind.layout(), &Filters::default(), Order::Any)?;
        for format in ["csv", "ndjson", "parquet"] {
            if !options.wants(kind.layout().nom, format) {
                continue;
            }
            let (mut copied, mut sent) = (Duration::MAX, Duration::MAX);
            let mut bytes = 0;
            for _ in 0..options.rounds {
                let (taken, _) = timed(psql(&store, &statement))?;
                copied = copied.min(taken);
                let url = format!(
                    "http://{ADDRESS}/api/v1/extractions/{}?format={format}",
                    kind.layout().nom
                );
                let mut curl = Command::new("curl");
                curl.args(["-sf", "-o", "/dev/null", "-w", "%{size_download}", &url]);
                let (taken, size) = timed(curl)?;
                (sent, bytes) = (sent.min(taken), size.trim().parse::<u64>()?);
            }
            println!(
                "| {} | {format} | {:.2} | {:.2} | {:.0} | {:.0} % |",
                kind.layout().nom,
                copied.as_secs_f64(),
                sent.as_secs_f64(),
                bytes as f64 / 1e6 / sent.as_secs_f64(),
                100.0 * copied.as_secs_f64() / sent.as_secs_f64()
            );
        }
    }
    cluster.release().await;
    drop(server);
    Ok(())
}

/// `psql` that reads a whole `COPY` and writes nothing.
fn psql(store: &PgConnectOptions, statement: &str) -> Command {
    let host = store
        .get_socket()
        .map_or_else(|| store.get_host().into(), PathBuf::clone);
    let mut psql = Command::new("psql");
    psql.arg("-X")
        .arg("-h")
        .arg(host)
        .args(["-p", &store.get_port().to_string(), "-U", store.get_username()])
        .args(["-d", store.get_database().unwrap_or("postgres")])
        .args(["-v", "ON_ERROR_STOP=1", "-c", "set work_mem = '64MB'"])
        .args(["-o", "/dev/null", "-c", statement]);
    psql
}

fn timed(mut command: Command) -> Fallible<(Duration, String)> {
    let started = Instant::now();
    let output = command.stderr(Stdio::inherit()).output()?;
    let taken = started.elapsed();
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status).into());
    }
    Ok((taken, String::from_utf8(output.stdout)?))
}

/// Our server, without quotas: a bench is a closed network.
struct Server(Child);

impl Server {
    fn start(options: &Options) -> Fallible<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_annuaire"))
            .args([
                "serve",
                "--http",
                ADDRESS,
                "--ldap",
                "127.0.0.1:0",
                "--ldaps",
                "127.0.0.1:0",
            ])
            .args(["--admin", "127.0.0.1:0", "--log", "warn"])
            .arg("--data-dir")
            .arg(&options.data_dir)
            .env("ANNUAIRE_HTTP_PUBLIC_REQUESTS_PER_MINUTE", "0")
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let server = Self(child);
        let mut lines = BufReader::new(stdout).lines();
        if !lines.any(|line| line.is_ok_and(|line| line.contains("Ctrl-C"))) {
            return Err("the server did not start".into());
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}
