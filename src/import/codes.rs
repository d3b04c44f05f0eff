//! Codes met in a file, each kept once with the file's own label for it.

use super::texts::Numbered;
use crate::source::record::Coded;

/// Stands for "no code".
pub const NONE: u32 = 0;

/// The codes of one column. Number 0 is the empty code.
pub struct Codes {
    codes: Numbered,
    /// By number.
    labels: Vec<Box<str>>,
    last: u32,
}

impl Default for Codes {
    fn default() -> Self {
        let mut codes = Numbered::default();
        codes.number("");
        Self {
            codes,
            labels: vec!["".into()],
            last: NONE,
        }
    }
}

impl Codes {
    /// The number of a code. The first unbroken label (no U+FFFD) is kept.
    pub fn number(&mut self, coded: Coded<'_>) -> u32 {
        if coded.code.is_empty() {
            return NONE;
        }
        // Files come in runs of equal codes: most calls end here.
        if self.code(self.last) != coded.code {
            let (number, is_new) = self.codes.number(coded.code);
            self.labels.extend(is_new.then(Box::default));
            self.last = number;
        }
        if let Some(label) = self.labels.get_mut(self.last as usize)
            && label.is_empty()
            && !coded.label.is_empty()
            && !coded.label.contains('\u{FFFD}')
        {
            *label = coded.label.into();
        }
        self.last
    }

    /// The code of a number; empty for [`NONE`] or an unknown number.
    pub fn code(&self, number: u32) -> &str {
        self.codes.text(number)
    }

    /// Every code with a usable label.
    pub fn labelled(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..)
            .zip(&self.labels)
            .filter(|(_, label)| !label.is_empty())
            .map(|(number, label)| (self.code(number), &**label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_label_gives_way_to_a_whole_one() {
        let mut codes = Codes::default();
        codes.number(Coded {
            code: "10",
            label: "M\u{FFFD}decin",
        });
        codes.number(Coded {
            code: "10",
            label: "Médecin",
        });
        codes.number(Coded {
            code: "10",
            label: "Autre",
        });
        assert_eq!(codes.labelled().collect::<Vec<_>>(), [("10", "Médecin")]);
    }
}
