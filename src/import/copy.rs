//! Rows in the text format of `COPY`, gathered in memory and sent in large pieces.
//!
//! Format: PostgreSQL documentation, COPY, "Text Format". Never holds more than one piece of a table.

use std::io::Write as _;

use sqlx::PgConnection;

/// Bytes gathered before they are sent.
const PIECE: usize = 1 << 20;

/// Rows of one table on their way to Postgres.
pub struct Rows {
    statement: &'static str,
    buffer: Vec<u8>,
    pieces: Vec<Vec<u8>>,
    at_line_start: bool,
    /// Rows gathered so far.
    pub count: u64,
}

impl Rows {
    /// Rows for `COPY table (columns) FROM STDIN`.
    pub fn new(statement: &'static str) -> Self {
        Self {
            statement,
            buffer: Vec::with_capacity(PIECE),
            pieces: Vec::new(),
            at_line_start: true,
            count: 0,
        }
    }

    fn separate(&mut self) {
        if !self.at_line_start {
            self.buffer.push(b'\t');
        }
        self.at_line_start = false;
    }

    /// Adds a text, escaped.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.separate();
        escape(&mut self.buffer, value);
        self
    }

    /// Adds several texts.
    pub fn texts<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> &mut Self {
        values.into_iter().for_each(|value| {
            self.text(value);
        });
        self
    }

    /// Adds anything whose display form needs no escape: numbers, booleans.
    pub fn plain(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.separate();
        // Writing to memory cannot fail.
        let _ = write!(self.buffer, "{value}");
        self
    }

    /// Adds a value, or NULL.
    pub fn optional(&mut self, value: Option<impl std::fmt::Display>) -> &mut Self {
        match value {
            Some(value) => self.plain(value),
            None => {
                self.separate();
                self.buffer.extend_from_slice(b"\\N");
                self
            }
        }
    }

    /// Adds a `text[]`.
    pub fn array(&mut self, values: &[String]) -> &mut Self {
        let mut literal = String::from("{");
        for (n, value) in values.iter().enumerate() {
            literal.push_str(if n == 0 { "\"" } else { ",\"" });
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    literal.push('\\');
                }
                literal.push(c);
            }
            literal.push('"');
        }
        literal.push('}');
        self.text(&literal)
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.buffer.push(b'\n');
        self.at_line_start = true;
        self.count += 1;
        if self.buffer.len() >= PIECE - (PIECE >> 3) {
            self.pieces
                .push(std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE)));
        }
    }

    /// Whether enough is gathered that sending it now keeps memory small.
    pub fn is_heavy(&self) -> bool {
        self.pieces.len() >= 4
    }

    /// Takes out what is gathered; the rows can go on being filled afterwards.
    pub fn take(&mut self) -> Load {
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.push(std::mem::take(&mut self.buffer));
        Load {
            statement: self.statement,
            pieces,
        }
    }

    /// Sends what is gathered.
    pub async fn send(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.take().send(connection).await
    }
}

/// Some rows of one table.
pub struct Load {
    statement: &'static str,
    pieces: Vec<Vec<u8>>,
}

impl Load {
    /// Sends them.
    pub async fn send(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.pieces.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let mut copy = connection.copy_in_raw(self.statement).await?;
        for piece in self.pieces {
            copy.send(piece).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}

fn escape(buffer: &mut Vec<u8>, value: &str) {
    if !value.bytes().any(|byte| byte < b' ' || byte == b'\\') {
        buffer.extend_from_slice(value.as_bytes());
        return;
    }
    for byte in value.bytes() {
        match byte {
            b'\\' => buffer.extend_from_slice(b"\\\\"),
            b'\t' => buffer.extend_from_slice(b"\\t"),
            b'\n' => buffer.extend_from_slice(b"\\n"),
            b'\r' => buffer.extend_from_slice(b"\\r"),
            // Postgres holds no NUL; the readers refuse it, this is the last fence.
            0 => {}
            other => buffer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_a_tab_and_a_quote_are_data() {
        let mut rows = Rows::new("");
        rows.text("a\\b\tc\"d")
            .array(&["x\"y".to_owned(), "z\\".to_owned()])
            .optional(None::<i32>)
            .end();
        assert_eq!(
            String::from_utf8(rows.buffer).unwrap(),
            "a\\\\b\\tc\"d\t{\"x\\\\\"y\",\"z\\\\\\\\\"}\t\\N\n"
        );
    }
}
