//! Names as people in France bear them: a few very common, many rare, with every sign that a name can hold.

use super::random::Random;

const SURNAMES: &str = "MARTIN BERNARD THOMAS PETIT ROBERT RICHARD DURAND DUBOIS MOREAU LAURENT SIMON MICHEL LEFEBVRE LEROY ROUX DAVID BERTRAND MOREL FOURNIER GIRARD BONNET DUPONT LAMBERT FONTAINE ROUSSEAU VINCENT MULLER LEFEVRE FAURE ANDRE MERCIER BLANC GUERIN BOYER GARNIER CHEVALIER FRANCOIS LEGRAND GAUTHIER GARCIA PERRIN ROBIN CLEMENT MORIN NICOLAS HENRY ROUSSEL MATHIEU GAUTIER MASSON MARCHAND DUVAL DENIS DUMONT MARIE LEMAIRE NOEL MEYER DUFOUR MEUNIER BRUN BLANCHARD GIRAUD JOLY RIVIERE LUCAS BRUNET GAILLARD BARBIER ARNAUD MARTINEZ GERARD ROCHE RENARD SCHMITT ROY LEROUX COLIN VIDAL CARON PICARD ROGER FABRE AUBERT LEMOINE RENAUD DUMAS LACROIX OLIVIER PHILIPPE BOURGEOIS PIERRE BENOIT REY LECLERC PAYET ROLLAND LECLERCQ GUILLAUME LECOMTE LOPEZ JEAN DUPUY GUILLOT HUBERT BERGER CARPENTIER SANCHEZ DUPUIS MOULIN LOUIS DESCHAMPS HUET VASSEUR PEREZ BOUCHER FLEURY ROYER KLEIN JACQUET ADAM PARIS POIRIER MARTY AUBRY GUYOT CARRE CHARLES RENAULT CHARPENTIER MENARD MAILLARD BARON BERTIN BAILLY HERVE SCHNEIDER FERNANDEZ COLLET LEGER BOUVIER JULIEN PREVOST MILLET PERROT DANIEL COUSIN GERMAIN BRETON BESSON LANGLOIS REMY PELLETIER LEBLANC BARRE LEBRUN";
const MARKED: &[&str] = &[
    "DE LA FONTAINE",
    "L'HUILLIER",
    "ŒUVRARD",
    "NGUYỄN",
    "SAINT-ÉTIENNE",
    "LE GOFF",
    "D'ESSAI-TEST",
    "VAN DEN BERG",
    "DE SOUZA",
    "LE GALL",
    "DU BOIS",
    "EL AMRANI",
    "N'DIAYE",
    "MÉNARD-LEFÈVRE",
    "GÓMEZ",
    "MÜLLER",
    "BOËLLE",
    "SAINTE-ROSE",
];
const FIRST_NAMES: &str = "Marie Jean Pierre Michel Nathalie Philippe Isabelle Alain Sylvie Catherine Patrick Christophe Françoise Laurent Nicolas Stéphanie Sébastien Céline Julien Aurélie Émilie Claire Zoé Léa Chloé Hélène Anaïs Élodie Thomas Antoine Camille Sophie Julie Sarah Inès Manon Louis Hugo Gabriel Raphaël Jérôme Frédéric Éric Benoît François Thérèse Geneviève Jean-Pierre Anne-Marie Marie-Claude Jean-François Marie-Hélène Jean-Luc Anne-Sophie Loïc Maël Gaëlle Noémie Agnès Mathilde Valérie Véronique Olivier Vincent Guillaume Maxime Alexandre Florence Sandrine Karine Delphine Virginie Laure Lucie Charlotte Pauline Margaux Amélie Justine Yann Erwan Mohamed Fatima Karim Amina Thi-Lan Minh Giulia Paolo";
const SYLLABLES: &[&str] = &[
    "BA", "BEL", "BOU", "CAR", "CHA", "DE", "DOR", "FA", "FER", "GAN", "GUI", "HOU", "JAN", "KER", "LA",
    "LEM", "MAR", "MON", "NEU", "PA", "PER", "QUE", "RA", "ROU", "SAL", "TAN", "TRE", "VA", "VIL", "ZE",
];
const ENDINGS: &[&str] = &[
    "ARD", "AUX", "EAU", "EL", "ET", "ETTE", "EZ", "IER", "IN", "ON", "OT", "OUX", "AC", "IQ",
];

/// A surname in capitals.
pub fn surname(random: &mut Random) -> String {
    let common: Vec<&str> = SURNAMES.split(' ').collect();
    match random.below(100) {
        0..=3 => random.pick(MARKED).copied().unwrap_or("MARTIN").to_owned(),
        4..=44 => random
            .pick_common(&common)
            .copied()
            .unwrap_or("MARTIN")
            .to_owned(),
        45..=49 => {
            let (a, b) = (random.pick_common(&common), random.pick_common(&common));
            format!(
                "{}-{}",
                a.copied().unwrap_or("MARTIN"),
                b.copied().unwrap_or("PETIT")
            )
        }
        _ => {
            let mut name = String::new();
            for _ in 0..=random.below(2) + 1 {
                name.push_str(random.pick(SYLLABLES).copied().unwrap_or("BA"));
            }
            name.push_str(random.pick(ENDINGS).copied().unwrap_or("ARD"));
            name
        }
    }
}

/// A first name, sometimes in capitals.
pub fn first_name(random: &mut Random) -> String {
    let names: Vec<&str> = FIRST_NAMES.split(' ').collect();
    let name = random.pick_common(&names).copied().unwrap_or("Marie");
    if random.per_mille(150) {
        name.to_uppercase()
    } else {
        name.to_owned()
    }
}
