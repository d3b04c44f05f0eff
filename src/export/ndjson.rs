//! NDJSON: one object a line, members in the columns' order, texts all, empty ones left out.

use super::columns::Columns;
use super::encoder::Encode;
use super::error::ExportError;
use super::row::Row;

/// Writes rows.
pub struct Ndjson(Columns);

impl Ndjson {
    /// A writer of these columns.
    pub fn new(columns: Columns) -> Self {
        Self(columns)
    }
}

impl Encode for Ndjson {
    fn begin(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.push(b'{');
        let mut first = true;
        for (name, source) in &self.0.all {
            source.value(row, &self.0.stated.labels, |value| {
                if value.is_empty() {
                    return;
                }
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":\"");
                escape(value, out);
                out.push(b'"');
            });
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
}

/// RFC 8259, section 7. Values are UTF-8: Postgres keeps nothing else.
fn escape(value: &[u8], out: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    if !value.iter().any(special) {
        out.extend_from_slice(value);
        return;
    }
    for &byte in value {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
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
            escape(text.as_bytes(), &mut out);
            out.push(b'"');
            proptest::prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
