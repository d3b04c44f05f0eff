//! Files made to harm: refused or rejected by file and line, in little memory.

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use support::Place;

const MAILBOX: &str = include_str!("../import/layouts/correspondance_mssante.txt");

/// Imports within 3 GiB of address space, of which a debug build maps a good part; gives what was told.
fn told(place: &Place, file: &str) -> String {
    let mut command = Command::new("bash");
    command
        .args(["-c", "ulimit -v 3145728; exec \"$@\"", "bash"])
        .arg(env!("CARGO_BIN_EXE_annuaire"))
        .args(["import", "--dry-run", file])
        .env("ANNUAIRE_DATA_DIR", place.path("data"))
        .env_remove("ANNUAIRE_DATABASE_URL");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code().is_some(), "killed: {output:?}");
    let all = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// Gzip of a head and then many times one byte.
fn bomb(place: &Place, name: &str, head: &str, byte: u8, megabytes: usize) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(head.as_bytes()).unwrap();
    let piece = vec![byte; 1 << 20];
    for _ in 0..megabytes {
        gzip.write_all(&piece).unwrap();
    }
    place.file(name, gzip.finish().unwrap())
}

#[test]
fn what_unpacks_without_end_is_refused_by_file_and_line() {
    let place = Place::new();
    for (head, byte) in [
        (MAILBOX, b'|'),
        (MAILBOX, 0),
        (
            "finess;etalab;75;2026-01-15\nstructureet;990000001;990000101;A;;;;\n",
            b';',
        ),
        ("{\"schemaVersion\": \"v1\", \"pmej\": [\n\"", b'a'),
        ("<fluxfiness><structureet><typeet>P</typeet>\n<rs>", b'a'),
        ("<ListeBlancheMSSante>\n<a>", b'a'),
    ] {
        let text = told(&place, &bomb(&place, "bombe.gz", head, byte, 400));
        assert!(
            text.contains("bombe.gz") && text.contains("line "),
            "{head}: {text}"
        );
        assert!(text.contains("refused"), "{head}: {text}");
    }
}

#[test]
fn entities_and_depth_are_refused_by_file_and_line() {
    let place = Place::new();
    let laughs: String = (1..40)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    let list = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY a0 \"ha\">{laughs}]>\n<ListeBlancheMSSante>&a39;</ListeBlancheMSSante>"
    );
    let text = told(&place, &place.file("rires.xml", list));
    assert!(
        text.contains("rires.xml") && text.contains("line ") && text.contains("document type"),
        "{text}"
    );
    let deep = format!(
        "{{\"schemaVersion\": \"v1\",\n\"pmej\": {}",
        "[".repeat(1_000_000)
    );
    let text = told(&place, &place.file("profond.json", deep));
    assert!(text.contains("profond.json") && text.contains("line 2"), "{text}");
}

#[test]
fn bad_bytes_in_the_middle_cost_their_line_and_a_converted_file_is_refused() {
    let place = Place::new();
    let line = |n: usize, service: &[u8]| {
        let head = format!("PER|a{n}@b-exemple.mssante.fr|||899900000001||");
        [head.as_bytes(), service, "|".repeat(24).as_bytes(), b"\n"].concat()
    };
    let file = |bad: &[u8], every: usize| -> Vec<u8> {
        let lines = (0..200).map(|n| line(n, if n % every == 7 { bad } else { b"CARDIOLOGIE" }));
        let head = format!("{}\n", MAILBOX.trim_end()).into_bytes();
        [head, lines.collect::<Vec<_>>().concat()].concat()
    };
    let name = "Extraction_Correspondance_MSSante_202601150800.txt";
    for (bad, reason) in [(b"\xE9".as_slice(), "UTF-8"), (b"\0".as_slice(), "NUL")] {
        let report = place.import(&["--dry-run", &place.file(name, file(bad, 1000))]);
        let found: &Value = &report["fichiers"][0];
        assert_eq!(
            (&found["rejets"], &found["enregistrements"]),
            (&1.into(), &199.into())
        );
        let text = told(&place, &place.file(name, file(bad, 1000)));
        assert!(text.contains("line 9") && text.contains(reason), "{text}");
    }
    let text = told(&place, &place.file(name, file(b"\xE9", 8)));
    assert!(
        text.contains("refused") && text.contains("line 9 is not UTF-8") && text.contains("Windows-1252"),
        "{text}"
    );
    let wide: Vec<u8> = MAILBOX.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = told(&place, &place.file(name, [b"\xFF\xFE".to_vec(), wide].concat()));
    assert!(text.contains("UTF-16"), "{text}");
}

#[test]
fn a_file_of_another_encoding_is_refused_by_its_name_and_how_to_convert_it() {
    let place = Place::new();
    let header = include_str!("../import/layouts/personne_activite.txt");
    for (accent, encoding) in [(0xE9, "WINDOWS-1252"), (0x82, "CP850")] {
        let latin: Vec<u8> = header
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .map(|byte| if byte == 0xE9 { accent } else { byte })
            .collect();
        let file = place.file("PS_LibreAcces_Personne_activite_202601150800.txt", latin);
        let text = told(&place, &file);
        let how = format!("iconv -f {encoding} -t UTF-8");
        assert!(
            text.contains(&file) && text.contains("line 1 is not UTF-8") && text.contains(&how),
            "{text}"
        );
    }
    // Documents as well.
    let table = b"{\"resourceType\": \"CodeSystem\",\n\"id\": \"TRE-R01\", \"concept\": [{\"code\": \"1\", \"display\": \"\xE9t\xE9\"}]}";
    let list = b"<ListeBlancheMSSante>\n<Description>\xE9t\xE9</Description></ListeBlancheMSSante>";
    for (name, text) in [("table.json", table.as_slice()), ("liste.xml", list)] {
        let text = told(&place, &place.file(name, text));
        assert!(
            text.contains(name) && text.contains("line 2") && text.contains("iconv -f WINDOWS-1252"),
            "{text}"
        );
    }
}
