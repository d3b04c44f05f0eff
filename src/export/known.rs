//! The labels that a column had of late, by code and as the format spells them: a few hundred codes make millions of
//! rows, and a search through the tables for each would be a third of the work.

/// Well above the number of codes that are in use in most columns.
const PLACES: usize = 1024;

/// Labels by code. Each code has one place, and two codes of one place put each other out: however many codes there
/// are, the memory is bounded.
#[derive(Default)]
pub struct Known(Vec<Place>);

/// Empty, it says what holds: no code has no label.
#[derive(Clone, Default)]
struct Place {
    fields: [Vec<u8>; 2],
    label: Vec<u8>,
}

impl Known {
    /// The label of what it depends on; `write` is to find and write it when it is not known.
    pub fn label(&mut self, fields: [&[u8]; 2], write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        // Not before the first: most columns have no labels.
        if self.0.is_empty() {
            self.0.resize(PLACES, Place::default());
        }
        let [by, code] = fields;
        let place = code.iter().fold(0, |place: usize, byte| {
            place.wrapping_mul(31).wrapping_add(usize::from(*byte))
        });
        let Some(place) = self.0.get_mut(place % PLACES) else {
            return &[];
        };
        let [known_by, known_code] = &place.fields;
        if !same(known_by, by) || !same(known_code, code) {
            for (known, field) in place.fields.iter_mut().zip(fields) {
                known.clear();
                known.extend_from_slice(field);
            }
            place.label.clear();
            write(&mut place.label);
        }
        &place.label
    }
}

/// Without comparing what is empty: it lies nowhere, and a comparison by masked loads from there, though it reads
/// nothing, costs a processor more than all else that is done for the column.
fn same(known: &[u8], field: &[u8]) -> bool {
    known.len() == field.len() && (field.is_empty() || known == field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_one_place_do_not_take_each_other_s_label() {
        let mut known = Known::default();
        // 31 × 'a' + 'b' is 31 × 'b' + 'C'.
        for (by, code) in [("", "ab"), ("", "bC"), ("S", "bC"), ("", "ab"), ("", "")] {
            let label = format!("{by}-{code}");
            let fields = [by.as_bytes(), code.as_bytes()];
            let found = known.label(fields, |out| out.extend_from_slice(label.as_bytes()));
            match code {
                "" => assert!(found.is_empty()),
                _ => assert_eq!(found, label.as_bytes()),
            }
        }
    }

    #[test]
    fn what_is_known_is_not_looked_for_again() {
        let mut known = Known::default();
        known.label([b"", b"10"], |out| out.extend_from_slice(b"once"));
        let again = known.label([b"", b"10"], |_| panic!("looked for again"));
        assert_eq!(again, b"once");
    }
}
