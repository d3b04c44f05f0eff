//! Circles of one radius: who lies in any of them, and how far from the nearest centre.

use std::collections::BTreeSet;

use super::cell::Cell;
use super::coordinates::{EARTH_KM, Position};

/// Kilometres of a degree of latitude, a little less than there are: what bounds keep out is out for certain.
const DEGREE_KM: f64 = 111.0;

/// Degrees by which cells reach beyond the circles: distances are rounded.
const MARGIN: f64 = 1e-6;
/// Latitude from which on parallels are too short to count in cells.
const POLAR: f64 = 89.0;
/// Cells of one circle and of all: with more, looking at everything is as fast.
const MOST_CELLS: usize = 600;

/// Points and a distance from the nearest of them.
#[derive(Debug, Clone)]
pub struct Around {
    points: Vec<Position>,
    /// Unit vectors: comparing with many centres costs three multiplications each.
    centres: Vec<[f64; 3]>,
    /// Latitudes outside of which nothing is near.
    south: f64,
    north: f64,
    km: f64,
}

impl Around {
    /// Circles of `km` around points; without a point nothing is in.
    pub fn new(points: &[Position], km: f64) -> Self {
        let latitudes = || points.iter().map(|point| point.lat);
        Self {
            points: points.to_vec(),
            centres: points.iter().map(|point| point.direction()).collect(),
            south: latitudes().fold(f64::INFINITY, f64::min) - km / DEGREE_KM,
            north: latitudes().fold(f64::NEG_INFINITY, f64::max) + km / DEGREE_KM,
            km,
        }
    }

    /// Cells in which everything lies that lies in a circle; `None` where they would be many.
    pub fn cells(&self) -> Option<BTreeSet<Cell>> {
        let mut cells = BTreeSet::new();
        let tall = self.km / DEGREE_KM + MARGIN;
        for point in &self.points {
            // In degrees of longitude a circle is nowhere wider than it is tall on its parallel farthest from the equator.
            let farthest = point.lat.abs() + tall;
            if farthest > POLAR {
                return None;
            }
            let wide = tall / farthest.to_radians().cos();
            let corner = |sign: f64| Position {
                lat: point.lat + sign * tall,
                lon: point.lon + sign * wide,
            };
            cells.extend(Cell::between(corner(-1.0), corner(1.0), MOST_CELLS)?);
        }
        (cells.len() <= MOST_CELLS).then_some(cells)
    }

    /// Kilometres from the nearest centre, for what lies in a circle.
    pub fn distance_km(&self, position: Position) -> Option<f64> {
        // Also refuses what is no number.
        if !(self.south..=self.north).contains(&position.lat) {
            return None;
        }
        let [x, y, z] = position.direction();
        let nearest = self
            .centres
            .iter()
            .map(|[a, b, c]| (x - a).powi(2) + (y - b).powi(2) + (z - c).powi(2))
            .fold(f64::INFINITY, f64::min);
        // The chord between two directions, which keeps its precision where the arc is short.
        let km = 2.0 * EARTH_KM * (nearest.sqrt() / 2.0).min(1.0).asin();
        (km <= self.km).then_some(km)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NANTES: Position = Position {
        lat: 47.2184,
        lon: -1.5536,
    };
    const RENNES: Position = Position {
        lat: 48.1173,
        lon: -1.6778,
    };
    const FORT_DE_FRANCE: Position = Position {
        lat: 14.6037,
        lon: -61.0667,
    };

    fn anywhere() -> impl Strategy<Value = Position> {
        (-90.0..=90.0_f64, -180.0..=180.0_f64).prop_map(|(lat, lon)| Position { lat, lon })
    }

    /// The spherical law of cosines: another way than ours, right where points are not too near.
    fn by_cosines(a: Position, b: Position) -> f64 {
        let [(p, l), (q, m)] = [a, b].map(|point| (point.lat.to_radians(), point.lon.to_radians()));
        let cosine = p.sin() * q.sin() + p.cos() * q.cos() * (m - l).cos();
        6371.0 * cosine.clamp(-1.0, 1.0).acos()
    }

    #[test]
    fn the_nearest_of_several_centres_counts() {
        let around = Around::new(&[NANTES, FORT_DE_FRANCE], 120.0);
        let km = around.distance_km(RENNES).unwrap();
        // As the crow flies: 100.4 km by any atlas.
        assert!((km - 100.4).abs() < 0.5, "{km}");
        assert_eq!(around.distance_km(NANTES), Some(0.0));
        assert_eq!(Around::new(&[NANTES], 99.0).distance_km(RENNES), None);
        assert_eq!(Around::new(&[], 20_100.0).distance_km(RENNES), None);
        let nowhere = Position {
            lat: f64::NAN,
            lon: f64::NAN,
        };
        assert_eq!(around.distance_km(nowhere), None);
    }

    #[test]
    fn small_circles_have_cells_and_large_ones_none() {
        let cells = |point, km| Around::new(&[point], km).cells().map(|cells| cells.len());
        assert_eq!(cells(NANTES, 0.0), Some(1));
        // 0.54° by 0.80°, in tenths that they touch.
        assert!((6 * 9..=7 * 10).contains(&cells(NANTES, 30.0).unwrap()));
        assert_eq!(cells(NANTES, 500.0), None);
        assert_eq!(cells(Position { lat: 89.9, lon: 0.0 }, 1.0), None);
    }

    proptest! {
        #[test]
        fn distances_are_those_of_a_sphere(a in anywhere(), b in anywhere()) {
            let whole = Around::new(&[a], 20_100.0);
            let (km, cosines) = (whole.distance_km(b).unwrap(), by_cosines(a, b));
            prop_assert!((km - cosines).abs() < 0.5, "{km} {cosines}");
            prop_assert!((km - a.distance_km(b)).abs() < 1e-3);
            prop_assert!((km - Around::new(&[b], 20_100.0).distance_km(a).unwrap()).abs() < 1e-6);
        }

        #[test]
        fn a_circle_holds_what_is_near_and_nothing_else(a in anywhere(), b in anywhere(), km in 0.0..20_100.0_f64) {
            let distance = Around::new(&[a], 20_100.0).distance_km(b).unwrap();
            prop_assert_eq!(Around::new(&[a], km).distance_km(b).is_some(), distance <= km);
        }

        #[test]
        fn what_lies_in_a_circle_lies_in_one_of_its_cells(
            a in anywhere(), (north, east) in (-1.0..1.0_f64, -1.0..1.0_f64), km in 0.0..150.0_f64
        ) {
            let degrees = 1.3 * km / DEGREE_KM;
            let near = Position {
                lat: (a.lat + north * degrees).clamp(-90.0, 90.0),
                lon: (a.lon + east * degrees / a.lat.to_radians().cos()).clamp(-180.0, 180.0),
            };
            let around = Around::new(&[a], km);
            let cells = around.cells();
            prop_assert!(around.distance_km(near).is_none() || cells.is_none_or(|cells| cells.contains(&Cell::of(near))));
        }

        #[test]
        fn a_way_round_is_no_shorter(a in anywhere(), b in anywhere(), c in anywhere()) {
            prop_assert!(a.distance_km(c) <= a.distance_km(b) + b.distance_km(c) + 1e-6);
        }
    }
}
