//! CSV as the official files have it: fields separated by `|`, no quotes, LF line ends, a header line.

use super::columns::Columns;
use super::encoder::Encode;
use super::error::ExportError;
use super::row::Row;
use super::spelling::Spelling;

/// Writes rows.
pub struct Csv(Columns);

impl Csv {
    /// A writer of these columns.
    pub fn new(columns: Columns) -> Self {
        Self(columns)
    }
}

impl Encode for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend_from_slice(self.0.header.as_bytes());
        out.push(b'\n');
        Ok(())
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.0.each::<Csv>(row, |number, value| {
            if number > 0 {
                out.push(b'|');
            }
            out.extend_from_slice(value);
        });
        // The official header of professionals ends in a separator, and so do its rows.
        if self.0.header.ends_with('|') {
            out.push(b'|');
        }
        out.push(b'\n');
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
}

/// The layout knows no escape: what would break a line or a field becomes a space.
impl Spelling for Csv {
    fn is_special(byte: u8) -> bool {
        matches!(byte, b'|' | b'\n' | b'\r')
    }

    fn spell(value: &[u8], out: &mut Vec<u8>) {
        let unbroken = |byte: &u8| if Self::is_special(*byte) { b' ' } else { *byte };
        out.extend(value.iter().map(unbroken));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_breaks_neither_line_nor_field() {
        let mut out = b"a|".to_vec();
        Csv::spell(b"b|c\nd", &mut out);
        assert_eq!(out, b"a|b c d");
    }
}
