//! Squares of a tenth of a degree, by which what lies near is found without looking at everything.

use std::fmt;

use super::coordinates::Position;

/// Cells of a parallel, and of a degree.
const AROUND: i32 = 3600;
const OF_DEGREE: f64 = 10.0;

/// A square, by its south-west corner in tenths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    lat: i32,
    /// Eastwards, from 0 up to [`AROUND`].
    lon: i32,
}

impl Cell {
    /// The one in which a position lies.
    pub fn of(position: Position) -> Self {
        Self {
            lat: tenths(position.lat),
            lon: tenths(position.lon).rem_euclid(AROUND),
        }
    }

    /// Those of a rectangle, by its south-west and north-east corners, which may lie beyond the antimeridian; `None` of
    /// more than `most`.
    pub fn between(from: Position, to: Position, most: usize) -> Option<impl Iterator<Item = Self>> {
        let (rows, columns) = (
            tenths(from.lat)..=tenths(to.lat),
            tenths(from.lon)..=tenths(to.lon),
        );
        let count = rows.clone().count().saturating_mul(columns.clone().count());
        (count <= most).then(|| {
            rows.flat_map(move |lat| {
                columns.clone().map(move |lon| Self {
                    lat,
                    lon: lon.rem_euclid(AROUND),
                })
            })
        })
    }
}

fn tenths(degrees: f64) -> i32 {
    (degrees * OF_DEGREE).floor() as i32
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.lat, self.lon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(lat: f64, lon: f64) -> String {
        Cell::of(Position { lat, lon }).to_string()
    }

    #[test]
    fn a_position_has_one_cell_on_either_side_of_the_antimeridian() {
        assert_eq!(cell(47.218, -1.553), "472,3584");
        assert_eq!(cell(-0.01, 0.0), "-1,0");
        assert_eq!(cell(-17.7, 180.0), cell(-17.7, -180.0));
    }
}
