//! NDJSON: one object a line, members in the columns' order, texts all, empty ones left out.

use super::columns::Columns;
use super::encoder::Encode;
use super::error::ExportError;
use super::row::Row;
use super::spelling::Spelling;

/// Writes rows.
pub struct Ndjson {
    columns: Columns,
    /// What stands between a value and the next: `","name":"`.
    between: Vec<Vec<u8>>,
}

impl Ndjson {
    /// A writer of these columns.
    pub fn new(columns: Columns) -> Self {
        let names = columns.names();
        let between = names.map(|name| format!("\",\"{name}\":\"").into_bytes());
        Self {
            between: between.collect(),
            columns,
        }
    }
}

impl Encode for Ndjson {
    fn begin(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let start = out.len();
        let names = &self.between;
        self.columns.each::<Ndjson>(row, |number, value| {
            let Some(between) = names.get(number).filter(|_| !value.is_empty()) else {
                return;
            };
            // The first has no value before it to close.
            let before = if out.len() == start {
                out.push(b'{');
                2
            } else {
                0
            };
            out.extend_from_slice(between.get(before..).unwrap_or_default());
            out.extend_from_slice(value);
        });
        out.extend_from_slice(if out.len() == start { b"{}\n" } else { b"\"}\n" });
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
}

/// RFC 8259, section 7. Values are UTF-8: Postgres keeps nothing else.
impl Spelling for Ndjson {
    fn is_special(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }

    fn spell(value: &[u8], out: &mut Vec<u8>) {
        for &byte in value {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_is_read_back(text: String) {
            let mut out = b"\"".to_vec();
            Ndjson::spell(text.as_bytes(), &mut out);
            out.push(b'"');
            proptest::prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
