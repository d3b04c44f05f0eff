//! From WGS84 to the legal projections: the way back of `directory::coordinates`, for the files of coordinates.

use super::places::Town;

const A: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_222_101;

/// Projected metres of a point of a town's territory, and the label that FINESS gives in 2026.
pub fn project(town: &Town, lat: f64, lon: f64) -> (f64, f64, &'static str) {
    let (label, zone, south) = match town.insee.get(..3).unwrap_or("") {
        "971" | "972" => ("EPSG:5490 RGAF09/UTM Zone 20N (Antilles)", 20, false),
        "973" => ("EPSG:2972 RGFG95/UTM Zone 22N (Guyane)", 22, false),
        "974" => ("EPSG:2975 RGR92/UTM Zone 40S (La Réunion)", 40, true),
        "975" => ("WGS84/UTM zone 21N", 21, false),
        "976" => ("EPSG:4471 RGM04/UTM Zone 38S (Mayotte)", 38, true),
        "986" => ("WGS84/UTM zone 1S", 1, true),
        _ => {
            let (x, y) = lambert_93(lat, lon);
            return (x, y, "EPSG:2154 RGF93 / Lambert-93 (Métropole)");
        }
    };
    let (x, y) = utm(zone, south, lat, lon);
    (x, y, label)
}

fn lambert_93(lat: f64, lon: f64) -> (f64, f64) {
    // Constants of the IGN's "NT/G 71" for RGF93 Lambert-93.
    const N: f64 = 0.725_607_765_0;
    const C: f64 = 11_754_255.426;
    let e = (F * (2.0 - F)).sqrt();
    let (phi, s) = (lat.to_radians(), e * lat.to_radians().sin());
    let isometric =
        (std::f64::consts::FRAC_PI_4 + phi / 2.0).tan().ln() - e / 2.0 * ((1.0 + s) / (1.0 - s)).ln();
    let radius = C * (-N * isometric).exp();
    let angle = N * (lon - 3.0).to_radians();
    (
        700_000.0 + radius * angle.sin(),
        12_655_612.050 - radius * angle.cos(),
    )
}

fn utm(zone: u8, south: bool, lat: f64, lon: f64) -> (f64, f64) {
    let n = F / (2.0 - F);
    let rectifying = A / (1.0 + n) * (1.0 + n.powi(2) / 4.0 + n.powi(4) / 64.0);
    let alpha = [
        n / 2.0 - 2.0 / 3.0 * n.powi(2) + 5.0 / 16.0 * n.powi(3),
        13.0 / 48.0 * n.powi(2) - 3.0 / 5.0 * n.powi(3),
        61.0 / 240.0 * n.powi(3),
    ];
    let e = (F * (2.0 - F)).sqrt();
    let phi = lat.to_radians();
    let lambda = (lon - (f64::from(zone) * 6.0 - 183.0)).to_radians();
    let t = (phi.sin().atanh() - e * (e * phi.sin()).atanh()).sinh();
    let xi = t.atan2(lambda.cos());
    let eta = (lambda.sin() / t.hypot(lambda.cos())).asinh();
    let (mut x, mut y) = (eta, xi);
    for (order, coefficient) in (1..).zip(alpha) {
        let k = 2.0 * f64::from(order);
        x += coefficient * (k * xi).cos() * (k * eta).sinh();
        y += coefficient * (k * xi).sin() * (k * eta).cosh();
    }
    let north = if south { 10_000_000.0 } else { 0.0 };
    (
        500_000.0 + 0.9996 * rectifying * x,
        north + 0.9996 * rectifying * y,
    )
}

#[cfg(test)]
mod tests {
    use super::super::places::by_insee;
    use super::*;
    use crate::directory::coordinates::Projection;

    #[test]
    fn every_territory_comes_back_to_where_it_was() {
        for insee in [
            "44109", "2A004", "97105", "97209", "97302", "97411", "97611", "98613", "97502",
        ] {
            let town = by_insee(insee);
            let (x, y, label) = project(town, town.lat, town.lon);
            let back = Projection::named(label).unwrap().to_wgs84(x, y).unwrap();
            assert!(
                (back.lat - town.lat).abs() < 1e-5 && (back.lon - town.lon).abs() < 1e-5,
                "{insee} {back:?}"
            );
        }
    }
}
