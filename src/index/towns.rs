//! Where communes and postcodes lie, by the structures that the index shows there: centres of searches around them.
//!
//! Of what the index holds and of nothing else, so that a centre and the results around it are of one state.

use std::collections::HashMap;

use super::schema::{activity_column, column, hash};
use super::snapshot::Snapshot;
use crate::directory::commune;
use crate::directory::coordinates::Position;
use crate::query::Kind;

/// Centres by the hash of what names them.
#[derive(Default)]
pub struct Towns {
    postcodes: HashMap<u64, Position>,
    codes: HashMap<u64, Position>,
    /// One for each department where a commune has the name.
    names: HashMap<u64, Vec<Position>>,
}

impl Towns {
    /// Reads the places of all structures: about a tenth of a second at national size, once for each state.
    pub fn read(snapshot: &Snapshot) -> tantivy::Result<Self> {
        let mut postcodes: HashMap<u64, Vec<Position>> = HashMap::new();
        let mut codes: HashMap<u64, Vec<Position>> = HashMap::new();
        let mut names: HashMap<(u64, u64), Vec<Position>> = HashMap::new();
        for (reader, segment) in snapshot.searcher.segment_readers().iter().zip(&snapshot.segments) {
            let fast = reader.fast_fields();
            let (lats, lons) = (fast.f64("a_lat")?, fast.f64("a_lon")?);
            let read = |n| fast.u64(activity_column(n));
            let (departments, codes_postal) = (read(column::DEPARTEMENT)?, read(column::CODE_POSTAL)?);
            let (communes, insee) = (read(column::COMMUNE)?, read(column::INSEE)?);
            for doc in segment
                .range(Kind::Structure)
                .filter(|doc| segment.is_alive(*doc))
            {
                let Some((lat, lon)) = lats.first(doc).zip(lons.first(doc)) else {
                    continue;
                };
                if lat.is_nan() {
                    continue;
                }
                let position = Position { lat, lon };
                let department = departments.first(doc).unwrap_or(0);
                postcodes
                    .entry(codes_postal.first(doc).unwrap_or(0))
                    .or_default()
                    .push(position);
                codes
                    .entry(insee.first(doc).unwrap_or(0))
                    .or_default()
                    .push(position);
                names
                    .entry((communes.first(doc).unwrap_or(0), department))
                    .or_default()
                    .push(position);
            }
        }
        let mut towns = Self {
            postcodes: middles(postcodes),
            codes: middles(codes),
            names: HashMap::new(),
        };
        for ((name, _), centre) in middles(names) {
            towns.names.entry(name).or_default().push(centre);
        }
        Ok(towns)
    }

    /// The centre of a postcode.
    pub fn postcode(&self, code: &str) -> Option<Position> {
        self.postcodes.get(&hash(code.trim())).copied()
    }

    /// The centres of a commune by its INSEE code, or of all communes of a name.
    pub fn commune(&self, asked: &str) -> Vec<Position> {
        let names: Vec<u64> = commune::names(asked).iter().map(|name| hash(name)).collect();
        let by_code: Vec<Position> = names
            .iter()
            .filter_map(|name| self.codes.get(name).copied())
            .collect();
        if !by_code.is_empty() {
            return by_code;
        }
        let by_name = names.iter().filter_map(|name| self.names.get(name)).flatten();
        by_name.copied().collect()
    }
}

/// The middle of each group. What is absent has the hash 0 and names no town.
fn middles<K: Eq + std::hash::Hash + Default>(groups: HashMap<K, Vec<Position>>) -> HashMap<K, Position> {
    let none = K::default();
    let named = groups.into_iter().filter(|(key, _)| *key != none);
    named
        .filter_map(|(key, positions)| Some((key, middle(&positions)?)))
        .collect()
}

/// The median in each direction: one structure whose coordinates are wrong draws nothing aside.
fn middle(positions: &[Position]) -> Option<Position> {
    let median = |of: fn(&Position) -> f64| {
        let mut sorted: Vec<f64> = positions.iter().map(of).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let upper = sorted.get(sorted.len() / 2)?;
        let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
        Some(f64::midpoint(*lower, *upper))
    };
    Some(Position {
        lat: median(|p| p.lat)?,
        lon: median(|p| p.lon)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_not_drawn_aside_by_one_that_is_wrong() {
        let at = |lat, lon| Position { lat, lon };
        assert_eq!(
            middle(&[at(47.0, -1.0), at(14.6, -61.0), at(47.2, -1.2)]),
            Some(at(47.0, -1.2))
        );
        assert_eq!(middle(&[at(47.0, -1.0), at(48.0, -2.0)]), Some(at(47.5, -1.5)));
        assert_eq!(middle(&[]), None);
    }

    #[test]
    fn what_has_no_code_is_no_town() {
        let groups = HashMap::from([(0, vec![Position { lat: 47.0, lon: -1.0 }])]);
        assert!(middles(groups).is_empty());
    }
}
