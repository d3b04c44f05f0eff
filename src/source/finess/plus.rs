//! FiNESS+ JSON, structures: legal entities (`pmej`) with their establishments (`ege`), in all states.
//!
//! 752 MB of one document: streamed, one legal entity in memory at a time. Keyed by FINESS number; the internal
//! ids (`pmSmsseId`, `egeId`) change from file to file and are not looked at. The published schema does not
//! describe the real files: keys are read without regard to case, unknown ones passed over.

use std::io::BufRead;

use super::{ADDRESS, Fault};
use crate::directory::coordinates::Position;
use crate::directory::identifier::{is_finess, is_siren, is_siret};
use crate::source::json::{Json, JsonError};
use crate::source::record::{AddressRow, Coded, FinessRow, GeolocationRow, Record};
use crate::source::sink::Sink;
use crate::source::{ReadSummary, SourceError, citizens};

/// Most establishments of one legal entity; the greatest have a few hundred.
const MAX_ESTABLISHMENTS: usize = 20_000;
/// Longest text of one legal entity with its establishments.
const MAX_ENTITY: u64 = 32 << 20;
/// Usages of addresses: of an establishment, of a legal entity.
const ESTABLISHMENT: &str = "03";
const LEGAL_ENTITY: &str = "02";

/// A legal entity or an establishment, as the file says it.
#[derive(Default)]
struct Building {
    line: u64,
    numero: String,
    nom: String,
    nom_long: String,
    complement: String,
    siret: String,
    siren: String,
    ape: String,
    statut: String,
    categorie: String,
    mft: String,
    espic: String,
    ouverture: String,
    autorisation: String,
    fermeture: String,
    etat: String,
    maj: String,
    telephone: String,
    telecopie: String,
    address: Address,
}

#[derive(Default)]
struct Address {
    usage: String,
    numero: String,
    type_voie: String,
    voie: String,
    indice: String,
    complement: String,
    lieu_dit: String,
    commune: String,
    acheminement: String,
    code_postal: String,
    ligne_quatre: String,
    /// X, Y, direction of latitude, direction of longitude: which is what, only the values tell.
    coordinates: [String; 4],
    score: String,
}

/// Reads a whole file.
pub fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> Result<ReadSummary, SourceError> {
    let mut json = Json::new(input);
    let mut summary = ReadSummary::default();
    let mut closed = 0_u64;
    let mut told = 0;
    let mut whole = |json: &mut Json<'_>| {
        json.object(|json, key| match key {
            "pmej" => json.list(|json| {
                let (entity, establishments) = legal_entity(json)?;
                hand_over(&entity, None, &mut summary, &mut closed, sink);
                for establishment in &establishments {
                    hand_over(
                        establishment,
                        Some(&entity.numero),
                        &mut summary,
                        &mut closed,
                        sink,
                    );
                }
                sink.progress(json.bytes - told);
                told = json.bytes;
                Ok(())
            }),
            _ => json.skip(),
        })?;
        json.end()
    };
    match whole(&mut json) {
        Ok(()) => {}
        Err(JsonError::Stopped { line, error }) => {
            let error = std::io::Error::new(error.kind(), format!("line {line}: {error}"));
            let file = file.to_owned();
            return Err(SourceError::Stopped { file, error });
        }
        Err(error) => {
            return Err(SourceError::Broken {
                file: file.to_owned(),
                reason: error.to_string(),
            });
        }
    }
    summary.bytes = json.bytes;
    if closed > 0 {
        summary
            .notes
            .push(format!("{closed} closed structures among them"));
    }
    Ok(summary)
}

fn hand_over(
    building: &Building,
    parent: Option<&str>,
    summary: &mut ReadSummary,
    closed: &mut u64,
    sink: &mut dyn Sink,
) {
    summary.lines += 1;
    match record(building, parent, sink) {
        Ok(()) => {
            summary.records += 1;
            *closed += u64::from(building.etat == "I");
        }
        Err((column, reason)) => {
            summary.rejected += 1;
            sink.reject(building.line, column, &reason);
        }
    }
}

fn legal_entity(json: &mut Json<'_>) -> Result<(Building, Vec<Building>), JsonError> {
    let mut entity = Building {
        line: json.line,
        ..Building::default()
    };
    let start = json.bytes;
    let mut establishments = Vec::new();
    json.object(|json, key| {
        if json.bytes - start > MAX_ENTITY {
            return json.wrong("a legal entity of more than 32 MiB");
        }
        match key {
            "informationsgeneralespmej" => json.object(|json, key| general(json, key, &mut entity)),
            "ege" => json.list(|json| {
                if establishments.len() >= MAX_ESTABLISHMENTS || json.bytes - start > MAX_ENTITY {
                    return json.wrong("a legal entity of more than 20,000 establishments or 32 MiB");
                }
                establishments.push(establishment(json)?);
                Ok(())
            }),
            _ => common(json, key, LEGAL_ENTITY, &mut entity),
        }
    })?;
    Ok((entity, establishments))
}

fn establishment(json: &mut Json<'_>) -> Result<Building, JsonError> {
    let mut building = Building {
        line: json.line,
        ..Building::default()
    };
    json.object(|json, key| match key {
        "informationsgeneralesege" => json.object(|json, key| general(json, key, &mut building)),
        _ => common(json, key, ESTABLISHMENT, &mut building),
    })?;
    Ok(building)
}

fn general(json: &mut Json<'_>, key: &str, b: &mut Building) -> Result<(), JsonError> {
    let field = match key {
        "numfinesspm" | "numfinessege" => &mut b.numero,
        "denominationpm" | "nomegecourt" => &mut b.nom,
        "denominationlonguepmsmsse" | "nomegelong" => &mut b.nom_long,
        "complementdenominationeg" => &mut b.complement,
        "siret" => &mut b.siret,
        "siren" => &mut b.siren,
        "codeape" => &mut b.ape,
        "statutjuridique" => &mut b.statut,
        "espic" => &mut b.espic,
        "datecreation" | "dateouverture" => &mut b.ouverture,
        "datepremiereautorisation" => &mut b.autorisation,
        "datefermeture" => &mut b.fermeture,
        _ => return json.skip(),
    };
    json.text(field)
}

fn common(json: &mut Json<'_>, key: &str, usage: &str, b: &mut Building) -> Result<(), JsonError> {
    match key {
        "etatobjet" => json.text(&mut b.etat),
        "datedernieremaj" => json.text(&mut b.maj),
        "categorieentitegeographiqueexercice" => json.text(&mut b.categorie),
        "modefixationtarifaire" => json.text(&mut b.mft),
        "siret" => json.text(&mut b.siret),
        "adresse" => json.list(|json| {
            let address = address(json)?;
            if address.usage == usage && b.address.usage.is_empty() {
                b.address = address;
            }
            Ok(())
        }),
        "contact" => json.list(|json| {
            json.object(|json, key| match key {
                "telecom" => json.object(|json, key| match key {
                    "telephone" => json.text(&mut b.telephone),
                    "telecopie" => json.text(&mut b.telecopie),
                    _ => json.skip(),
                }),
                _ => json.skip(),
            })
        }),
        _ => json.skip(),
    }
}

fn address(json: &mut Json<'_>) -> Result<Address, JsonError> {
    let mut a = Address::default();
    json.object(|json, key| {
        let field = match key {
            "usageadresse" => &mut a.usage,
            "numerovoie" => &mut a.numero,
            "typevoie" => &mut a.type_voie,
            "libellevoie" => &mut a.voie,
            "complementvoie" => &mut a.indice,
            "complementpointgeographique" => &mut a.complement,
            "lieudit" => &mut a.lieu_dit,
            "cogcommune" => &mut a.commune,
            "ligneacheminement" => &mut a.acheminement,
            "codepostal" => &mut a.code_postal,
            "lignequatre" => &mut a.ligne_quatre,
            "coordonneesgeographique" => {
                return json.object(|json, key| match key {
                    "coordonneex" => json.text(&mut a.coordinates[0]),
                    "coordonneey" => json.text(&mut a.coordinates[1]),
                    "directionlatitude" => json.text(&mut a.coordinates[2]),
                    "directionlongitude" => json.text(&mut a.coordinates[3]),
                    "scoreban" => json.text(&mut a.score),
                    _ => json.skip(),
                });
            }
            _ => return json.skip(),
        };
        json.text(field)
    })?;
    Ok(a)
}

impl Building {
    /// All that the file says of it.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let own = [
            &self.numero,
            &self.nom,
            &self.nom_long,
            &self.complement,
            &self.siret,
            &self.siren,
            &self.ape,
            &self.statut,
            &self.categorie,
            &self.mft,
            &self.espic,
            &self.ouverture,
            &self.autorisation,
            &self.fermeture,
            &self.etat,
            &self.maj,
            &self.telephone,
            &self.telecopie,
        ];
        let a = &self.address;
        let address = [
            &a.usage,
            &a.numero,
            &a.type_voie,
            &a.voie,
            &a.indice,
            &a.complement,
            &a.lieu_dit,
            &a.commune,
            &a.acheminement,
            &a.code_postal,
            &a.ligne_quatre,
            &a.score,
        ];
        let all = own.into_iter().chain(address).chain(&a.coordinates);
        all.map(String::as_str)
    }
}

fn record(b: &Building, parent: Option<&str>, sink: &mut dyn Sink) -> Result<(), Fault> {
    let own = |reason| (None, reason);
    if let Some(reason) = citizens(b.texts()) {
        return Err((Some(ADDRESS), reason));
    }
    if !is_finess(&b.numero) {
        let column = if parent.is_some() {
            "numFinessEge"
        } else {
            "numFinessPm"
        };
        return Err((Some(column), "not a FINESS number".to_owned()));
    }
    let name = [&b.nom_long, &b.nom].into_iter().find(|name| !name.is_empty());
    let name = name.ok_or((Some("nomEgeLong"), "empty".to_owned()))?;
    let checked = |text, good: fn(&str) -> bool| if good(text) { text } else { "" };
    let siret = checked(b.siret.as_str(), is_siret);
    let siren = checked(b.siren.as_str(), is_siren);
    let code = |code| Coded { code, label: "" };
    let (telephone, telecopie) = (number(&b.telephone), number(&b.telecopie));
    let ape: String = b.ape.chars().filter(|c| *c != '.').collect();
    let a = &b.address;
    let commune = a.commune.to_uppercase();
    let routing = format!("{} {}", a.code_postal, a.acheminement);
    let (voie, indice) = if a.voie.is_empty() && a.numero.is_empty() {
        (&a.ligne_quatre, "")
    } else {
        (&a.voie, a.indice.as_str())
    };
    let row = FinessRow {
        entite_juridique: parent.is_none(),
        finess: &b.numero,
        finess_ej: parent.filter(|parent| is_finess(parent)).unwrap_or(""),
        raison_sociale: name,
        complement_nom: &b.complement,
        address: AddressRow {
            complement_geographique: &a.complement,
            numero_voie: &a.numero,
            type_voie: code(&a.type_voie),
            voie,
            indice_repetition: indice,
            mention_distribution: &a.lieu_dit,
            code_commune: &commune,
            code_postal: &a.code_postal,
            acheminement: routing.trim(),
            ..AddressRow::default()
        },
        telephone: &telephone,
        telecopie: &telecopie,
        categorie: code(&b.categorie),
        statut_juridique: code(&b.statut),
        siret,
        siren: if siren.is_empty() {
            siret.get(..9).unwrap_or("")
        } else {
            siren
        },
        ape: &ape,
        mft: code(&b.mft),
        sph: code(&b.espic),
        date_ouverture: &b.ouverture,
        date_autorisation: &b.autorisation,
        date_maj: b.maj.get(..10).unwrap_or(""),
        fermee: b.etat == "I",
        date_fermeture: &b.fermeture,
        ..FinessRow::default()
    };
    sink.record(b.line, Record::Finess(row)).map_err(own)?;
    if let Some(position) = position(&a.coordinates) {
        let score = a.score.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
        let row = GeolocationRow {
            finess: &b.numero,
            position,
            // Between 0 and 100 by the filter above.
            score: score.map(|s| (s * 100.0).round() as u8),
        };
        sink.record(b.line, Record::Geolocation(row)).map_err(own)?;
    }
    Ok(())
}

/// The pair in degrees, wherever it stands: beside it lies a pair in metres, in either order.
fn position(written: &[String; 4]) -> Option<Position> {
    let [x, y, latitude, longitude] = written.each_ref().map(|text| text.parse::<f64>().ok());
    let degrees = |lat: Option<f64>, lon: Option<f64>| {
        let position = Position { lat: lat?, lon: lon? };
        (position.lat.abs() <= 90.0 && position.lon.abs() <= 180.0 && position.is_in_france())
            .then_some(position)
    };
    degrees(y, x).or_else(|| degrees(latitude, longitude))
}

/// The first telephone number of ten digits, of those that a `/` separates.
fn number(written: &str) -> String {
    written
        .split('/')
        .map(|one| one.chars().filter(char::is_ascii_digit).collect::<String>())
        .find(|digits| digits.len() == 10)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<String>);

    impl Sink for Kept {
        fn record(&mut self, line: u64, record: Record<'_>) -> Result<(), String> {
            self.0.push(match record {
                Record::Finess(row) => format!(
                    "{line} {} ({}) {} / {} {} {} / {} {}",
                    row.finess,
                    row.finess_ej,
                    row.raison_sociale,
                    row.address.voie,
                    row.address.acheminement,
                    row.telephone,
                    row.sph.code,
                    if row.fermee { "fermée" } else { "ouverte" }
                ),
                Record::Geolocation(row) => {
                    format!("{} {:.1} {:.1}", row.finess, row.position.lat, row.position.lon)
                }
                _ => String::new(),
            });
            Ok(())
        }
        fn reject(&mut self, line: u64, column: Option<&str>, reason: &str) {
            self.0.push(format!("rejected {line} {column:?}: {reason}"));
        }
    }

    fn kept(text: &str) -> Vec<String> {
        let mut kept = Kept::default();
        read(&mut text.as_bytes(), "f", &mut kept).unwrap();
        kept.0
    }

    #[test]
    fn the_address_of_the_establishment_is_taken_and_dirt_left_behind() {
        let text = r#"{"gco": [{"pmSmsseId": "4"}], "pmej": [{"ege": [
            {"informationsGeneralesEGE": {"numFinessEge": "990000001", "nomEgeCourt": "POLYCLINIQUE   ", "nomEgeLong": null, "espic": ["1"]},
             "adresse": [{"usageAdresse": "06", "libelleVoie": "AILLEURS"}, {"usageAdresse": "03", "libelleVoie": "DES ESSAIS ", "codePostal": "99012", "ligneAcheminement": "VILLE CEDEX"}],
             "contact": [{"telecom": {"telephone": "019900/01.99.00.00.01"}}], "etatObjet": "A"},
            {"informationsGeneralesEGE": {"numFinessEge": "9"}, "etatObjet": "I"}],
            "informationsGeneralesPmej": {"numFinessPm": "990000101", "denominationPm": "EXEMPLE"}, "etatObjet": "I"}], "schemaVersion": "v1"}"#;
        assert_eq!(
            kept(text),
            [
                "1 990000101 () EXEMPLE /    /  fermée",
                "2 990000001 (990000101) POLYCLINIQUE / DES ESSAIS 99012 VILLE CEDEX 0199000001 / 1 ouverte",
                "rejected 5 Some(\"numFinessEge\"): not a FINESS number"
            ]
        );
    }

    #[test]
    fn three_layouts_of_coordinates_are_told_apart_by_their_values() {
        let at = |values: [&str; 4]| position(&values.map(str::to_owned));
        let same = Some(Position { lat: 46.2, lon: 5.3 });
        assert_eq!(at(["5.3", "46.2", "6570414.61", "873766.07"]), same);
        assert_eq!(at(["873766.07", "6570414.61", "46.2", "5.3"]), same);
        assert_eq!(at(["6570414.61", "873766.07", "46.2", "5.3"]), same);
        assert_eq!(at(["0", "0", "", ""]), None);
        assert_eq!(at(["x", "46.2", "", "5.3"]), None);
        assert_eq!(at(["100.0", "46.2", "", ""]), None);
    }

    #[test]
    fn a_document_cut_short_or_not_utf_8_is_refused_by_line() {
        let refused = |text: &[u8]| {
            let mut input = text;
            read(&mut input, "f", &mut Kept::default())
                .unwrap_err()
                .to_string()
        };
        let cut = refused(b"{\"pmej\": [\n{\"ege\": [");
        assert!(cut.contains("line 2") && cut.contains("cut short"), "{cut}");
        let bad = refused(b"{\n\"pmej\": [{\"etatObjet\": \"\xFF\"}]}");
        assert!(bad.contains("line 2") && bad.contains("UTF-8"), "{bad}");
        assert!(refused(&[b"{\"autre\": ".as_slice(), &[b'['; 1_000_000]].concat()).contains("nested"));
    }
}
