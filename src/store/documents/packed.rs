//! All structures of the country in little memory: packed, and made whole again for the entries that show them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::directory::coordinates::Position;
use crate::directory::structure::{Address, Structure, StructureKind};
use crate::store::labels::Labels;

/// Whole structures kept: large hospitals are shown by thousands of entries.
const WHOLE: usize = 4096;
/// Stands between texts. Postgres holds no text with it.
const END: char = '\0';
const KINDS: [StructureKind; 3] = [
    StructureKind::Etablissement,
    StructureKind::EntiteJuridique,
    StructureKind::Cabinet,
];

/// Structures by id.
#[derive(Default)]
pub struct Structures {
    packed: HashMap<i64, Box<[u8]>>,
    whole: HashMap<i64, Arc<Structure>>,
}

impl Structures {
    /// Keeps a structure, in the place of the one that had its id.
    pub fn put(&mut self, id: i64, structure: &Structure) {
        self.packed.insert(id, pack(structure));
        self.whole.remove(&id);
    }

    /// Whether it is there.
    pub fn holds(&self, id: i64) -> bool {
        self.packed.contains_key(&id)
    }

    /// The whole structure, if it is there.
    pub fn get(&mut self, id: i64, labels: &Labels) -> Option<Arc<Structure>> {
        if let Some(structure) = self.whole.get(&id) {
            return Some(structure.clone());
        }
        let structure = Arc::new(unpack(self.packed.get(&id)?, labels)?);
        if self.whole.len() >= WHOLE {
            self.whole.clear();
        }
        self.whole.insert(id, structure.clone());
        Some(structure)
    }
}

/// Numbers in a fixed order, then texts; of labels only the code.
fn pack(s: &Structure) -> Box<[u8]> {
    let kind = KINDS.iter().position(|kind| *kind == s.kind).unwrap_or(2) as u8;
    let flags = [s.position.is_some(), s.position_approchee, s.ouverte];
    let flags = flags.iter().fold(0, |flags, flag| flags << 1 | u8::from(*flag));
    let (lat, lon) = s.position.map_or((0.0, 0.0), |p| (p.lat, p.lon));
    let mut out = vec![kind, flags];
    out.extend_from_slice(&s.mailboxes.to_le_bytes());
    out.extend_from_slice(&s.created_at.to_le_bytes());
    out.extend_from_slice(&s.modified_at.to_le_bytes());
    out.extend_from_slice(&lat.to_le_bytes());
    out.extend_from_slice(&lon.to_le_bytes());
    let a = &s.adresse;
    let code = |labelled: &Option<_>| -> Arc<str> {
        let labelled: Option<&crate::directory::professional::Labelled> = labelled.as_ref();
        labelled.map_or_else(|| "".into(), |labelled| labelled.code.clone())
    };
    let texts = [
        s.id.as_str(),
        &s.identifiant,
        &s.finess,
        &s.finess_ej,
        &s.siret,
        &s.siren,
        &s.ancien_identifiant,
        &s.nom,
        &s.enseigne,
        &code(&s.categorie),
        &code(&s.statut_juridique),
        &a.code_postal,
        &a.commune,
        &a.code_insee,
        &a.departement,
        &a.pays,
        &s.telephone,
        &s.telecopie,
    ];
    for text in texts.into_iter().chain(a.lignes.iter().map(String::as_str)) {
        out.extend_from_slice(text.as_bytes());
        out.push(END as u8);
    }
    out.into()
}

fn unpack(packed: &[u8], labels: &Labels) -> Option<Structure> {
    let (&[kind, flags], rest) = packed.split_first_chunk()?;
    let (mailboxes, rest) = rest.split_first_chunk()?;
    let (created_at, rest) = rest.split_first_chunk()?;
    let (modified_at, rest) = rest.split_first_chunk()?;
    let (lat, rest) = rest.split_first_chunk()?;
    let (lon, rest) = rest.split_first_chunk()?;
    let mut texts = str::from_utf8(rest).ok()?.split_terminator(END);
    let mut next = || texts.next();
    let mut text = || next().map(str::to_owned);
    let (id, identifiant, finess, finess_ej) = (text()?, text()?, text()?, text()?);
    let (siret, siren, ancien_identifiant) = (text()?, text()?, text()?);
    let (nom, enseigne) = (text()?, text()?);
    let (categorie, statut_juridique) = (next()?, next()?);
    let mut text = || next().map(str::to_owned);
    let (code_postal, commune, code_insee) = (text()?, text()?, text()?);
    let (departement, pays, telephone, telecopie) = (text()?, text()?, text()?, text()?);
    Some(Structure {
        id,
        kind: *KINDS.get(usize::from(kind))?,
        identifiant,
        finess,
        finess_ej,
        siret,
        siren,
        ancien_identifiant,
        nom,
        enseigne,
        categorie: labels.get(&["TRE_R66"], categorie),
        statut_juridique: labels.get(&["TRE_R72"], statut_juridique),
        adresse: Address {
            lignes: texts.map(str::to_owned).collect(),
            code_postal,
            commune,
            code_insee,
            libelle_departement: labels.department(&departement),
            departement,
            pays,
        },
        telephone,
        telecopie,
        position: (flags & 4 != 0).then(|| Position {
            lat: f64::from_le_bytes(*lat),
            lon: f64::from_le_bytes(*lon),
        }),
        position_approchee: flags & 2 != 0,
        ouverte: flags & 1 != 0,
        mailboxes: u32::from_le_bytes(*mailboxes),
        created_at: i64::from_le_bytes(*created_at),
        modified_at: i64::from_le_bytes(*modified_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::professional::Labelled;

    fn structure() -> Structure {
        let text = |text: &str| text.to_owned();
        let labelled = Labelled {
            code: "355".into(),
            libelle: "355".into(),
        };
        Structure {
            id: text("s_1"),
            kind: StructureKind::EntiteJuridique,
            identifiant: text("F990000001"),
            finess: text("990000001"),
            finess_ej: text("990000002"),
            siret: text("99000000100011"),
            siren: text("990000001"),
            ancien_identifiant: text("1990000001"),
            nom: text("CLINIQUE EXEMPLE"),
            enseigne: text("LES LILAS"),
            categorie: Some(labelled),
            statut_juridique: None,
            adresse: Address {
                lignes: vec![text("BATIMENT É"), text("1 RUE DES ESSAIS")],
                code_postal: text("99100"),
                commune: text("VILLE-EXEMPLE"),
                code_insee: text("99101"),
                departement: text("99"),
                libelle_departement: String::new(),
                pays: text("Belgique"),
            },
            telephone: text("0199000001"),
            telecopie: text("0199000002"),
            position: Some(Position { lat: 47.2, lon: -1.5 }),
            position_approchee: true,
            ouverte: false,
            mailboxes: 7,
            created_at: 1,
            modified_at: 2,
        }
    }

    #[test]
    fn what_is_packed_comes_back_whole() {
        let full = structure();
        let mut empty = full.clone();
        empty.adresse = Address::default();
        empty.categorie = None;
        empty.position = None;
        empty.position_approchee = false;
        empty.telephone.clear();
        empty.telecopie.clear();
        for structure in [full, empty] {
            let mut kept = Structures::default();
            kept.put(5, &structure);
            let whole = kept.get(5, &Labels::default()).unwrap();
            assert_eq!(format!("{whole:?}"), format!("{structure:?}"));
            assert!(kept.holds(5) && kept.get(6, &Labels::default()).is_none());
        }
    }
}
