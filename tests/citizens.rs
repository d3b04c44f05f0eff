//! Citizens' addresses in extracts: in whatever column of whatever file, in whatever dress, they cost their line and are
//! nowhere afterwards. What people send by the other ways in is `canary.rs`.

mod support;

use std::path::Path;

use support::http::Http;
use support::{Place, sample};

/// The local part of a citizen's address is a health identifier: this is what is looked for.
const INS: &str = "199990000000001";
/// Lines at the head of a file that stay as they are, so that something is imported.
const KEPT: usize = 5;
/// The columns of an archive of FINESS.
const ARCHIVE: &str = "nofinesset;nofinessej;rs;rslongue;complrs;compldistrib;numvoie;typvoie;voie;compvoie;lieuditbp;\
    region;libregion;departement;libdepartement;cog;codepostal;libelle_routage;ligneacheminement;telephone;telecopie;\
    categetab;libcategetab;liblongcategetab;categretab;libcategretab;siret;codeape;libcodeape;mft;libmft;liblongmft;\
    sph;libsph;numen;coordx;coordy;sourcegeocod;dategeocod;dateautor;dateouvert;datemaj";

fn dressed(number: usize) -> String {
    let dresses = [
        format!("{INS}@patient.mssante.fr"),
        format!("{INS}@Patient.MSSante.FR."),
        format!("Dr <{INS}@patient.mssante.fr>"),
        format!("{INS}%40patient%2Emssante%2Efr"),
        format!("{INS}@sous.patient.mssante.fr"),
        format!("{INS}@ｐatient.mssante.fr"),
    ];
    dresses[number % dresses.len()].clone()
}

/// A text of lines: behind the first ones each has the address in another column, all columns in turn.
fn in_every_column(text: &str, separator: char) -> (String, usize) {
    let mut spoilt = 0;
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let mut columns: Vec<String> = line.split(separator).map(str::to_owned).collect();
            if number < KEPT || columns.len() < 3 {
                return line.to_owned();
            }
            // A separator at the end ends the line: no column is behind it.
            let column = spoilt % (columns.len() - usize::from(line.ends_with(separator)));
            columns[column] = dressed(spoilt);
            spoilt += 1;
            columns.join(&separator.to_string())
        })
        .collect();
    (lines.join("\n") + "\n", spoilt)
}

/// Elements of the XML flux, each with the address in another child.
fn flux() -> (String, usize) {
    let children = [
        "nofinesset",
        "nofinessej",
        "rs",
        "rslongue",
        "complrs",
        "compldistrib",
        "numvoie",
        "typvoie",
        "voie",
        "compvoie",
        "lieuditbp",
        "commune",
        "departement",
        "ligneacheminement",
        "telephone",
        "telecopie",
        "categetab",
        "libcategetab",
        "categagretab",
        "libcategagretab",
        "siret",
        "codeape",
        "codemft",
        "libmft",
        "codesph",
        "libsph",
        "dateouv",
        "dateautor",
        "datemaj",
        "datefermeture",
    ];
    let element = |number: usize, spoilt: Option<&str>| {
        let value = |child: &str| match child {
            _ if spoilt == Some(child) => dressed(number)
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('@', "&#64;"),
            "nofinesset" => format!("9900{number:05}"),
            "rs" => "CENTRE DU FLUX".to_owned(),
            _ => String::new(),
        };
        let inside: String = children
            .iter()
            .map(|child| format!("<{child}>{}</{child}>", value(child)))
            .collect();
        format!("<structureet>{inside}</structureet>\n")
    };
    let spoilt: String = children
        .iter()
        .enumerate()
        .map(|(n, child)| element(n + 1, Some(child)))
        .collect();
    let text = format!(
        "<?xml version=\"1.0\"?>\n<fluxfiness>\n{}{spoilt}</fluxfiness>",
        element(900, None)
    );
    (text, children.len())
}

/// Establishments of FiNESS+, each with the address under another key.
fn plus() -> (String, usize) {
    let keys = [
        "nomEgeCourt",
        "nomEgeLong",
        "complementDenominationEg",
        "siret",
        "espic",
        "dateOuverture",
    ];
    let of_address = [
        "numeroVoie",
        "libelleVoie",
        "complementVoie",
        "lieuDit",
        "cogCommune",
        "ligneAcheminement",
        "ligneQuatre",
    ];
    let establishment = |number: usize, spoilt: &str| {
        // JSON has a dress of its own.
        let address = dressed(number).replace('@', "\\u0040");
        let own = match keys.contains(&spoilt) {
            true => format!(", \"{spoilt}\": \"{address}\""),
            false => String::new(),
        };
        let place = match of_address.contains(&spoilt) {
            true => format!(", \"{spoilt}\": \"{address}\""),
            false => String::new(),
        };
        let telephone = if spoilt == "telephone" {
            address.as_str()
        } else {
            "0199000001"
        };
        let name = if spoilt.starts_with("nomEge") {
            ""
        } else {
            ", \"nomEgeLong\": \"CENTRE DU JSON\""
        };
        format!(
            "{{\"informationsGeneralesEGE\": {{\"numFinessEge\": \"9901{number:05}\"{name}{own}}},
              \"adresse\": [{{\"usageAdresse\": \"03\"{place}}}],
              \"contact\": [{{\"telecom\": {{\"telephone\": \"{telephone}\"}}}}], \"etatObjet\": \"A\"}}"
        )
    };
    let spoilt: Vec<&str> = keys.into_iter().chain(of_address).chain(["telephone"]).collect();
    let mut all: Vec<String> = spoilt
        .iter()
        .enumerate()
        .map(|(n, key)| establishment(n, key))
        .collect();
    all.push(establishment(900, ""));
    let text = format!(
        "{{\"schemaVersion\": \"v1\", \"pmej\": [{{\"ege\": [{}],\n\"informationsGeneralesPmej\": {{\"numFinessPm\": \"990000101\", \
         \"denominationPm\": \"EXEMPLE\"}}, \"etatObjet\": \"A\"}}]}}",
        all.join(",\n")
    );
    (text, spoilt.len())
}

/// Files below a folder that hold a word.
fn files_with(folder: &Path, word: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if std::fs::read(&path).is_ok_and(|bytes| memchr::memmem::find(&bytes, word).is_some()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn in_any_column_of_any_extract_they_cost_their_line_and_are_nowhere() {
    let mut place = Place::new();
    place.log = Some("debug");
    let node = place.serve_sample(&[]);
    place.ok(&["import", &sample()]);
    let of_sample = |name: &str| {
        let bytes = std::fs::read(format!("{}/{name}", sample())).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let concepts: String = (0..6)
        .map(|n| {
            format!(
                ",{{\"code\": \"{n}\", \"display\": \"{}\"}},{{\"code\": \"{}\", \"display\": \"x\"}}",
                dressed(n),
                dressed(n)
            )
        })
        .collect();
    let archive = format!("{ARCHIVE}\n")
        + &format!(
            "990000001;;CENTRE D'ARCHIVE{};01000 VILLE{}\n",
            ";".repeat(16),
            ";".repeat(23)
        )
        .repeat(60);
    let files: Vec<(&str, (String, usize))> = vec![
        (
            "Extraction_Correspondance_MSSante_202601160800.txt",
            in_every_column(
                &of_sample("Extraction_Correspondance_MSSante_202601150800.txt"),
                '|',
            ),
        ),
        (
            "PS_LibreAcces_Personne_activite_202601160800.txt",
            in_every_column(
                &of_sample("PS_LibreAcces_Personne_activite_202601150800.txt"),
                '|',
            ),
        ),
        (
            "PS_LibreAcces_SavoirFaire_202601160800.txt",
            in_every_column(&of_sample("PS_LibreAcces_SavoirFaire_202601150800.txt"), '|'),
        ),
        (
            "PS_LibreAcces_Dipl_AutExerc_202601160800.txt",
            in_every_column(&of_sample("PS_LibreAcces_Dipl_AutExerc_202601150800.txt"), '|'),
        ),
        (
            "etalab-cs1100501-stock-20260116-0339.csv",
            in_every_column(&of_sample("etalab-cs1100501-stock-20260115-0339.csv"), ';'),
        ),
        (
            "etalab-cs1100507-stock-20260116-0339.csv",
            in_every_column(&of_sample("etalab-cs1100507-stock-20260115-0339.csv"), ';'),
        ),
        ("etalab_stock_et_20261231.csv", in_every_column(&archive, ';')),
        ("finess_cs1400102_stock_20260116-0339.xml", flux()),
        ("finess-plus-20260116.json", plus()),
        (
            "TRE_R38-SpecialiteOrdinale.tabs",
            in_every_column(&of_sample("TRE_R38-SpecialiteOrdinale.tabs"), '\t'),
        ),
        (
            "TRE_G15-ProfessionSante.json",
            (
                format!(
                    "{{\"resourceType\": \"CodeSystem\", \"id\": \"TRE-G15-ProfessionSante\",
                     \"concept\": [{{\"code\": \"10\", \"display\": \"Médecin\"}}{concepts}]}}"
                ),
                12,
            ),
        ),
    ];
    let (rejects, report) = (place.path("rejects.csv"), place.path("report.json"));
    for (name, (text, spoilt)) in files {
        assert!(text.contains(INS) || text.contains("\\u0040"), "{name}");
        // A folder of its own: several generations of FINESS are of one kind.
        let file = place.file(&format!("{name}.d/{name}"), text);
        let output = place.run(&[
            "import",
            "--force",
            "--allow-drop",
            "--date",
            "2027-01-16",
            "--rejects",
            rejects.to_str().unwrap(),
            "--report",
            report.to_str().unwrap(),
            &file,
        ]);
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {told}");
        let listed = std::fs::read_to_string(&rejects).unwrap();
        let refused = listed.lines().filter(|line| line.contains("citizen")).count();
        assert_eq!(refused, spoilt, "{name}: {listed}\n{told}");
        for text in [told, listed, std::fs::read_to_string(&report).unwrap()] {
            assert!(!text.contains(INS), "{name}: {text}");
        }
    }

    // In the white list, among what is said of a domain: the domain stays, the text goes.
    let list = of_sample("listeblanchemssante.xml");
    let spoilt = list
        .replacen(
            "<Description>",
            &format!("<Description>{INS}@patient.mssante.fr "),
            1,
        )
        .replacen(
            "<SupportContact>",
            &format!("<SupportContact>{INS}@patient.mssante.fr "),
            1,
        );
    assert_ne!(list, spoilt);
    let list = place.file("liste/listeblanchemssante.xml", spoilt);
    let told = place.ok(&["import", "--force", "--allow-unsigned", &list]);
    assert!(
        told.contains("citizens' addresses left out") && !told.contains(INS),
        "{told}"
    );

    let dump = std::process::Command::new("pg_dump")
        .args([
            "-h",
            place.socket().to_str().unwrap(),
            "-U",
            "annuaire",
            "annuaire",
        ])
        .output()
        .unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout);
    for kept in ["TESTEUR", "CENTRE DU JSON"] {
        assert!(dump.contains(kept), "{kept}");
    }
    let held: Vec<&str> = dump.lines().filter(|line| line.contains(INS)).collect();
    assert_eq!(held, [""; 0], "in the store");
    assert_eq!(
        files_with(&place.path("data/index"), INS.as_bytes()),
        [""; 0],
        "in the index"
    );
    let log = std::fs::read_to_string(place.path("node.log")).unwrap();
    assert!(log.contains("annuaire") && !log.contains(INS), "in the log");
    for kind in ["correspondance", "professionnels", "structures"] {
        let made = Http::new(&node.http).get(&format!("/api/v1/extractions/{kind}?format=ndjson"));
        assert!(made.status == 200 && !made.text().contains(INS), "{kind}");
    }
}
