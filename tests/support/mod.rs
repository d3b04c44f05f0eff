//! What the tests from outside share: the real binary on free ports and a directory of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod http;
pub mod relay;
pub mod tls;
pub mod transcript;
pub mod wire;

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

/// A data directory, in which commands run and perhaps a node serves.
pub struct Place {
    pub folder: TempDir,
    /// Levels at which nodes log into the file `node.log`; none for the test's own standard error.
    pub log: Option<&'static str>,
    /// Settings of every command, by environment.
    pub settings: Vec<(&'static str, &'static str)>,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            log: None,
            settings: Vec::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annuaire"));
        command
            .args(arguments)
            .env("ANNUAIRE_DATA_DIR", self.path("data"))
            .env("ANNUAIRE_LOG", "warn")
            // Many tests at a time would crowd on what is not left.
            .env("ANNUAIRE_LEAVE_PROCESSORS", "0")
            .env_remove("ANNUAIRE_DATABASE_URL")
            .envs(self.settings.iter().copied())
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command that must succeed. Gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "annuaire {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Imports and gives the report, whatever the exit status.
    pub fn import(&self, arguments: &[&str]) -> Value {
        let report = self.path("report.json");
        let _ = std::fs::remove_file(&report);
        let mut all = vec!["import", "--report", report.to_str().unwrap()];
        all.extend(arguments);
        let output = self.run(&all);
        match std::fs::read(&report) {
            Ok(text) => serde_json::from_slice(&text).unwrap(),
            Err(_) => panic!("no report: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Serves the committed sample until dropped.
    pub fn serve_sample(&self, arguments: &[&str]) -> Node {
        let sample = sample();
        self.serve(&[&["--load-sample-when-empty", &sample], arguments].concat())
    }

    /// Serves until dropped. Ports that were free may be taken meanwhile by another test: tried again then.
    pub fn serve(&self, arguments: &[&str]) -> Node {
        let mut tries = (0..3).map(|_| self.try_to_serve(arguments));
        tries.find_map(Result::ok).expect("a node that serves")
    }

    /// Serves, or tells how the node ended instead.
    pub fn try_to_serve(&self, arguments: &[&str]) -> Result<Node, std::process::ExitStatus> {
        let ports: [u16; 4] = free_ports();
        let address = |n: usize| format!("127.0.0.1:{}", ports[n]);
        let (ldap, ldaps, http, admin) = (address(0), address(1), address(2), address(3));
        let mut all = vec![
            "serve", "--ldap", &ldap, "--ldaps", &ldaps, "--http", &http, "--admin", &admin,
        ];
        all.extend(arguments);
        let mut command = self.command(&all);
        if let Some(levels) = self.log {
            let file = std::fs::File::create(self.path("node.log")).unwrap();
            command.env("ANNUAIRE_LOG", levels).stderr(file);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("Ctrl-C")));
        if !ready {
            return Err(child.wait().unwrap());
        }
        let said = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                hearing.lock().unwrap().push(line);
            }
        });
        Ok(Node {
            said,
            child,
            ldap,
            ldaps,
            http,
            admin,
        })
    }
}

fn free_ports() -> [u16; 4] {
    let held: Vec<TcpListener> = (0..4)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    std::array::from_fn(|n| held[n].local_addr().unwrap().port())
}

impl Place {
    /// Makes an account and gives its key.
    pub fn account(&self, name: &str, role: &str, more: &[&str]) -> String {
        let mut all = vec!["account", "create", name, "--role", role];
        all.extend(more);
        self.ok(&all).trim().to_owned()
    }

    /// Makes an operator's account for some domains and gives its key.
    pub fn operator(&self, name: &str, operator: &str, domains: &[&str]) -> String {
        let mut more = vec!["--operator", operator];
        for domain in domains {
            more.extend(["--domain", domain]);
        }
        self.account(name, "operator", &more)
    }

    /// A statement to this place's private Postgres, while a node runs; its result without frills.
    pub fn sql(&self, statement: &str) -> String {
        self.try_sql(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// The same; what Postgres has against it, if it refuses.
    pub fn try_sql(&self, statement: &str) -> Result<String, String> {
        let socket = self.socket();
        let output = Command::new("psql")
            .args([
                "-h",
                socket.to_str().unwrap(),
                "-U",
                "annuaire",
                "-d",
                "annuaire",
                "-XAtc",
                statement,
            ])
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    /// The folder of this place's private Postgres's socket, while a node runs.
    pub fn socket(&self) -> PathBuf {
        let own = self.path("data/postgres").canonicalize().unwrap();
        let pid = std::fs::read_to_string(own.join("cluster/postmaster.pid")).unwrap();
        // Fifth line: the folder of the first socket.
        own.join("cluster")
            .join(pid.lines().nth(4).unwrap())
            .canonicalize()
            .unwrap()
    }

    /// The address of that Postgres for another node.
    pub fn database_url(&self) -> String {
        url_of(&self.socket())
    }
}

/// The address of a Postgres behind a socket in a folder.
pub fn url_of(folder: &Path) -> String {
    format!("postgres:///annuaire?host={}&user=annuaire", folder.display())
}

/// A serving node.
pub struct Node {
    /// What it has said on standard output since it began to serve.
    pub said: Arc<Mutex<Vec<String>>>,
    pub child: Child,
    pub ldap: String,
    pub ldaps: String,
    pub http: String,
    pub admin: String,
}

impl Node {
    /// `GET` of a path with its query; status and body.
    pub fn get_with(&self, path: &str, headers: &[&str]) -> (u16, Vec<u8>) {
        let mut command = Command::new("curl");
        command.args(["-s", "--max-time", "20", "-o", "-", "-w", "\n%{http_code}"]);
        for header in headers {
            command.args(["-H", header]);
        }
        let output = command
            .arg(format!("http://{}{path}", self.http))
            .output()
            .unwrap()
            .stdout;
        let end = output.iter().rposition(|b| *b == b'\n').unwrap();
        let status = std::str::from_utf8(&output[end + 1..]).unwrap().parse().unwrap();
        (status, output[..end].to_vec())
    }

    /// `GET` that must answer 200 with JSON.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.get_with(path, &[]);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Runs `ldapsearch`; exit status and LDIF.
    pub fn ldapsearch(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new("ldapsearch")
            .args([
                "-x",
                "-LLL",
                "-o",
                "ldif-wrap=no",
                "-H",
                &format!("ldap://{}", self.ldap),
            ])
            .args(arguments)
            .env("LDAPTLS_REQCERT", "never")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Sends a signal and waits for the end.
    pub fn stop(&mut self, signal: Signal) -> std::process::ExitStatus {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.stop(Signal::TERM);
        }
    }
}

/// Looks until something holds.
pub fn eventually(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A session that keeps everybody from reading a table, until it is dropped.
pub struct Barrier {
    session: Child,
    statements: Option<ChildStdin>,
}

impl Barrier {
    pub fn raise(of: &Place, table: &str) -> Self {
        let mut command = Command::new("psql");
        command.args(["-h", of.socket().to_str().unwrap()]);
        let mut session = command
            .args(["-U", "annuaire", "-XAtq"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut statements = session.stdin.take().unwrap();
        writeln!(
            statements,
            "begin; lock table {table} in access exclusive mode; select 'held';"
        )
        .unwrap();
        let mut answer = String::new();
        let mut answers = BufReader::new(session.stdout.take().unwrap());
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "held\n");
        Self {
            session,
            statements: Some(statements),
        }
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        // The end of its input ends the session.
        self.statements.take();
        self.session.wait().unwrap();
    }
}

/// An extract of the sample under a name that dates it, its lines changed.
pub fn dated_extract(place: &Place, name: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let kind = name.rsplit_once('_').unwrap().0;
    let text = std::fs::read_to_string(format!("{}/{kind}_202601150800.txt", sample())).unwrap();
    let mut lines = text.lines();
    let mut kept = vec![lines.next().unwrap().to_owned()];
    kept.extend(lines.filter_map(change));
    place.file(&format!("{name}.d/{name}"), kept.join("\n") + "\n")
}

/// The folder of the committed sample.
pub fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("import/sample")
        .to_str()
        .unwrap()
        .to_owned()
}

/// Values of an attribute in LDIF, base64 ones left out.
pub fn values<'l>(ldif: &'l str, attribute: &str) -> Vec<&'l str> {
    let start = format!("{attribute}: ");
    ldif.lines()
        .filter_map(|line| line.strip_prefix(start.as_str()))
        .collect()
}
