//! Positions in WGS84, and the French legal projections turned into them.
//!
//! Lambert-93: IGN, NT/G 71 (Lambert conformal conic, ellipsoid GRS80). UTM: Krüger's series to the fourth
//! order, exact to less than a millimetre inside a zone. The datums of the French territories (RGF93, RGAF09,
//! RGFG95, RGR92, RGM04, RGSPM06) lie within a metre of WGS84 and are taken as equal to it.

use std::f64::consts::FRAC_PI_2;

/// A point in degrees, WGS84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub lat: f64,
    pub lon: f64,
}

/// Semi-major axis of GRS80, metres.
const A: f64 = 6_378_137.0;
/// Flattening of GRS80.
const F: f64 = 1.0 / 298.257_222_101;

/// Mean radius of the Earth, kilometres.
pub const EARTH_KM: f64 = 6371.0;

/// A projection named by an extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    Lambert93,
    Utm { zone: u8, south: bool },
}

impl Projection {
    /// Reads the projection out of FINESS's `sourcecoordet` (`…,LAMBERT_93`, `…,EPSG:5490 RGAF09/UTM Zone 20N`).
    pub fn named(source: &str) -> Option<Self> {
        let text: String = source
            .to_uppercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
            .collect();
        let words: Vec<&str> = text.split_whitespace().collect();
        if let Some(code) = words
            .iter()
            .position(|w| *w == "EPSG")
            .and_then(|n| words.get(n + 1))
        {
            return Self::epsg(code.parse().ok()?);
        }
        if words.windows(2).any(|pair| pair == ["LAMBERT", "93"]) || words.contains(&"LAMBERT93") {
            return Some(Self::Lambert93);
        }
        let after = words.iter().position(|w| *w == "UTM").map(|n| n + 1)?;
        let zone = words.get(after..)?.iter().find(|w| **w != "ZONE")?;
        let (south, digits) = match (zone.strip_prefix('N'), zone.strip_prefix('S')) {
            (Some(digits), _) => (false, digits),
            (_, Some(digits)) => (true, digits),
            _ => (zone.ends_with('S'), zone.trim_end_matches(['N', 'S'])),
        };
        let zone = digits.parse().ok().filter(|zone| (1..=60).contains(zone))?;
        Some(Self::Utm { zone, south })
    }

    fn epsg(code: u32) -> Option<Self> {
        let utm = |zone, south| Some(Self::Utm { zone, south });
        match code {
            2154 | 9793 | 9794 => Some(Self::Lambert93),
            4559 | 5490 => utm(20, false),
            2972 => utm(22, false),
            // The west of Guyane; Saint-Pierre-et-Miquelon.
            3313 | 4467 => utm(21, false),
            2975 => utm(40, true),
            4471 | 10674 => utm(38, true),
            8903 => utm(1, true),
            32601..=32660 => utm(u8::try_from(code - 32600).ok()?, false),
            32701..=32760 => utm(u8::try_from(code - 32700).ok()?, true),
            _ => None,
        }
    }

    /// The position of projected metres; `None` for what lies outside the projection's sense.
    pub fn to_wgs84(self, x: f64, y: f64) -> Option<Position> {
        if !x.is_finite() || !y.is_finite() || x.abs() > 1e8 || y.abs() > 1e8 {
            return None;
        }
        let position = match self {
            Self::Lambert93 => lambert_93(x, y),
            Self::Utm { zone, south } => utm(zone, south, x, y),
        };
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        let position = Position {
            lat: round(position.lat),
            lon: round(position.lon),
        };
        (position.lat.abs() <= 90.0 && position.lon.abs() <= 180.0).then_some(position)
    }
}

fn lambert_93(x: f64, y: f64) -> Position {
    let e = (F * (2.0 - F)).sqrt();
    let isometric = |lat: f64| {
        let s = e * lat.sin();
        (FRAC_PI_2 / 2.0 + lat / 2.0).tan().ln() - e / 2.0 * ((1.0 + s) / (1.0 - s)).ln()
    };
    let normal = |lat: f64| A / (1.0 - (e * lat.sin()).powi(2)).sqrt();
    let (phi_0, phi_1, phi_2) = (46.5_f64.to_radians(), 44_f64.to_radians(), 49_f64.to_radians());
    let n = ((normal(phi_2) * phi_2.cos()) / (normal(phi_1) * phi_1.cos())).ln()
        / (isometric(phi_1) - isometric(phi_2));
    let c = normal(phi_1) * phi_1.cos() / n * (n * isometric(phi_1)).exp();
    let (x_pole, y_pole) = (700_000.0, 6_600_000.0 + c * (-n * isometric(phi_0)).exp());
    let radius = (x - x_pole).hypot(y - y_pole);
    let lon = 3_f64.to_radians() + ((x - x_pole) / (y_pole - y)).atan() / n;
    let target = -(radius / c).abs().ln() / n;
    let mut lat = 2.0 * target.exp().atan() - FRAC_PI_2;
    for _ in 0..12 {
        let s = e * lat.sin();
        lat = 2.0 * (((1.0 + s) / (1.0 - s)).powf(e / 2.0) * target.exp()).atan() - FRAC_PI_2;
    }
    Position {
        lat: lat.to_degrees(),
        lon: lon.to_degrees(),
    }
}

fn utm(zone: u8, south: bool, x: f64, y: f64) -> Position {
    let n = F / (2.0 - F);
    let rectifying = A / (1.0 + n) * (1.0 + n.powi(2) / 4.0 + n.powi(4) / 64.0);
    let beta = [
        n / 2.0 - 2.0 / 3.0 * n.powi(2) + 37.0 / 96.0 * n.powi(3) - n.powi(4) / 360.0,
        n.powi(2) / 48.0 + n.powi(3) / 15.0 - 437.0 / 1440.0 * n.powi(4),
        17.0 / 480.0 * n.powi(3) - 37.0 / 840.0 * n.powi(4),
        4397.0 / 161_280.0 * n.powi(4),
    ];
    let false_northing = if south { 10_000_000.0 } else { 0.0 };
    let scale = 0.9996 * rectifying;
    let (xi, eta) = ((y - false_northing) / scale, (x - 500_000.0) / scale);
    let (mut xi_p, mut eta_p) = (xi, eta);
    for (order, coefficient) in (1..).zip(beta) {
        let k = 2.0 * f64::from(order);
        xi_p -= coefficient * (k * xi).sin() * (k * eta).cosh();
        eta_p -= coefficient * (k * xi).cos() * (k * eta).sinh();
    }
    let conformal = (xi_p.sin() / eta_p.cosh()).asin();
    // From conformal to geographic latitude by iteration: converges in five steps or less.
    let e = (F * (2.0 - F)).sqrt();
    let target = conformal.tan().asinh();
    let mut lat = conformal;
    for _ in 0..12 {
        lat = (target + e * (e * lat.sin()).atanh()).sinh().atan();
    }
    let central = f64::from(zone) * 6.0 - 183.0;
    Position {
        lat: lat.to_degrees(),
        lon: central + eta_p.sinh().atan2(xi_p.cos()).to_degrees(),
    }
}

/// Boxes of the French territories with a margin: latitudes, then longitudes.
const TERRITORIES: [(f64, f64, f64, f64); 8] = [
    (41.0, 51.5, -5.5, 10.0),
    (15.7, 18.3, -63.3, -60.8),
    (14.2, 15.0, -61.4, -60.6),
    (2.0, 6.0, -55.0, -51.0),
    (-21.6, -20.6, 55.0, 56.0),
    (46.6, 47.3, -56.7, -56.0),
    (-13.2, -12.4, 44.8, 45.5),
    (-14.5, -13.0, -178.5, -176.0),
];

impl Position {
    /// Whether the point lies in or near a French territory.
    pub fn is_in_france(self) -> bool {
        TERRITORIES.iter().any(|(south, north, west, east)| {
            (*south..=*north).contains(&self.lat) && (*west..=*east).contains(&self.lon)
        })
    }

    /// Distance over the sphere, kilometres (haversine, mean radius 6,371 km).
    pub fn distance_km(self, other: Self) -> f64 {
        let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
        let h = half(self.lat, other.lat)
            + self.lat.to_radians().cos() * other.lat.to_radians().cos() * half(self.lon, other.lon);
        2.0 * EARTH_KM * h.sqrt().min(1.0).asin()
    }

    /// The unit vector from the centre of the Earth to the point.
    pub fn direction(self) -> [f64; 3] {
        let ((sin, cos), (sin_lon, cos_lon)) =
            (self.lat.to_radians().sin_cos(), self.lon.to_radians().sin_cos());
        [cos * cos_lon, cos * sin_lon, sin]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<Position>, lat: f64, lon: f64) {
        let found = found.unwrap();
        assert!(
            (found.lat - lat).abs() < 2e-5 && (found.lon - lon).abs() < 2e-5,
            "{found:?} {lat} {lon}"
        );
    }

    #[test]
    fn lambert_93_is_exact_at_its_origin_and_at_a_known_point() {
        near(Projection::Lambert93.to_wgs84(700_000.0, 6_600_000.0), 46.5, 3.0);
        // The Eiffel tower by IGN: 648237.3, 6862271.7.
        let tower = Projection::Lambert93.to_wgs84(648_237.3, 6_862_271.7).unwrap();
        assert!(
            (tower.lat - 48.8583).abs() < 3e-4 && (tower.lon - 2.2945).abs() < 3e-4,
            "{tower:?}"
        );
    }

    #[test]
    fn utm_agrees_with_the_meridian_arc_and_the_equator() {
        let north = Projection::Utm {
            zone: 31,
            south: false,
        };
        near(north.to_wgs84(500_000.0, 0.0), 0.0, 3.0);
        // From the equator to 45° north the meridian of GRS80 is 4 984 944.378 m long.
        near(north.to_wgs84(500_000.0, 4_984_944.378 * 0.9996), 45.0, 3.0);
        let reunion = Projection::Utm {
            zone: 40,
            south: true,
        }
        .to_wgs84(338_000.0, 7_690_000.0)
        .unwrap();
        assert!(reunion.is_in_france(), "{reunion:?}");
    }

    /// Positions of town centres and what PROJ 9.5 makes of them, from EPSG:4326 to each projection.
    #[test]
    fn known_places_of_every_territory_are_where_they_are() {
        for (place, epsg, x, y, lat, lon) in [
            (
                "Paris, Notre-Dame",
                2154,
                652_296.94,
                6_861_631.91,
                48.852_96,
                2.349_9,
            ),
            ("Brest", 2154, 146_632.98, 6_836_262.33, 48.3904, -4.4861),
            ("Bonifacio", 2154, 1_216_166.56, 6_051_870.46, 41.3874, 9.1594),
            ("Basse-Terre", 5490, 636_328.57, 1_769_187.27, 15.9985, -61.7259),
            ("Basse-Terre", 4559, 636_328.57, 1_769_187.27, 15.9985, -61.7259),
            (
                "Fort-de-France",
                5490,
                708_256.77,
                1_615_380.33,
                14.6037,
                -61.0667,
            ),
            ("Marigot", 5490, 491_301.43, 1_997_699.70, 18.0679, -63.0822),
            ("Cayenne", 2972, 352_980.20, 545_868.92, 4.9372, -52.326),
            ("Maripasoula", 2972, 163_579.29, 403_231.65, 3.643, -54.028),
            ("Saint-Denis", 2975, 338_568.32, 7_690_475.44, -20.8789, 55.4481),
            ("Mamoudzou", 4471, 524_735.37, 8_587_115.81, -12.7806, 45.2279),
            ("Saint-Pierre", 4467, 562_869.80, 5_181_168.32, 46.7811, -56.1764),
            (
                "Saint-Pierre",
                32_621,
                562_869.80,
                5_181_168.32,
                46.7811,
                -56.1764,
            ),
            ("Mata-Utu", 32_701, 589_516.29, 8_531_475.00, -13.2825, -176.1736),
        ] {
            let projection = Projection::named(&format!("1,ATLASANTE,96,BAN,EPSG:{epsg}")).unwrap();
            let found = projection.to_wgs84(x, y).unwrap();
            let metres = found.distance_km(Position { lat, lon }) * 1000.0;
            assert!(metres < 1.0, "{place} {epsg}: {found:?}, {metres} m away");
            assert!(found.is_in_france(), "{place}");
        }
    }

    #[test]
    fn every_label_in_use_names_its_projection() {
        let utm = |zone, south| Some(Projection::Utm { zone, south });
        for (label, projection) in [
            (
                "1,ATLASANTE,96,BAN,EPSG:2154 RGF93 / Lambert-93 (Métropole)",
                Some(Projection::Lambert93),
            ),
            (
                "2,ATLASANTE,96,BAN,EPSG:5490 RGAF09/UTM Zone 20N (Antilles)",
                utm(20, false),
            ),
            ("1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,UTM_S38", utm(38, true)),
            (
                "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.1,LAMBERT_93",
                Some(Projection::Lambert93),
            ),
            ("RECONSTRUCTED,UTM_N22", utm(22, false)),
            ("1,ATLASANTE,100,IGN,BD_ADRESSE,V2.1,UTM_N20", utm(20, false)),
            ("1,ATLASANTE,100,IGN,BD_ADRESSE,V2.1,UTM_N21", utm(21, false)),
            ("1,ATLASANTE,100,IGN,BD_ADRESSE,V2.1,UTM_S40", utm(40, true)),
            ("1,ATLASANTE,90,BAN,WGS84/UTM zone 1S", utm(1, true)),
            ("1,ATLASANTE,90,BAN,WGS84/UTM zone 21N", utm(21, false)),
            ("1,ATLASANTE,90,BAN,EPSG:2975 RGR92", utm(40, true)),
            ("inconnu", None),
            ("", None),
        ] {
            assert_eq!(Projection::named(label), projection, "{label}");
        }
    }
}
