//! XML as a stream of closed elements with their texts, bounded in size, depth and text. No document type, no
//! entity beyond XML's five: nothing expands. Shared by the white list and FINESS's XML flux.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;

use super::{SourceError, encoding};

/// Longest text of one element (the certificate of a signature is the longest, about 3 KiB).
const MAX_TEXT: usize = 8 << 10;
/// Longest single tag, text or comment that is looked at.
const MAX_EVENT: u64 = 1 << 20;
/// Deepest element (a signature is the deepest part, about 7).
const MAX_DEPTH: usize = 32;

/// A cursor over the elements of a document.
pub struct Xml<'r> {
    reader: Reader<Watched<'r>>,
    file: String,
    buffer: Vec<u8>,
    path: Vec<String>,
    text: String,
}

/// What the cursor met.
pub enum Step {
    Open(String),
    /// An element closed: its name and the text directly before, trimmed.
    Close(String, String),
}

/// Why a document type is refused: it could define entities that expand.
const DOCTYPE: &str = "a document type declaration, which no extract has";

impl<'r> Xml<'r> {
    /// Starts at the beginning; a document of more than `max_bytes` is refused.
    pub fn new(input: &'r mut dyn BufRead, max_bytes: u64, file: &str) -> Self {
        let mut reader = Reader::from_reader(Watched {
            input,
            left: max_bytes,
            event: 0,
            lines: 0,
            bytes: 0,
        });
        reader.config_mut().check_end_names = true;
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            file: file.to_owned(),
            buffer: Vec::new(),
            path: Vec::new(),
            text: String::new(),
        }
    }

    /// Names of the elements around the cursor, the root first.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// Number of the current line, from 1.
    pub fn line(&self) -> u64 {
        self.reader.get_ref().lines + 1
    }

    /// Bytes consumed.
    pub fn bytes(&self) -> u64 {
        self.reader.get_ref().bytes
    }

    fn broken(&self, reason: impl std::fmt::Display) -> SourceError {
        SourceError::Broken {
            file: self.file.clone(),
            reason: format!("line {}: {reason}", self.line()),
        }
    }

    /// The next element that opens or closes; `None` after the root has closed.
    pub fn next(&mut self) -> Result<Option<Step>, SourceError> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().event = 0;
            let mut buffer = std::mem::take(&mut self.buffer);
            let step = self.step(&mut buffer);
            self.buffer = buffer;
            match step? {
                Met::Nothing => {}
                Met::Step(step) => return Ok(Some(step)),
                Met::End => return Ok(None),
            }
        }
    }

    fn step(&mut self, buffer: &mut Vec<u8>) -> Result<Met, SourceError> {
        let event = self.reader.read_event_into(buffer);
        let event = event.map_err(|error| self.broken(explain(&error)))?;
        match event {
            Event::Eof if self.path.is_empty() => Ok(Met::End),
            Event::Eof => Err(self.broken("the document ends before its last tag: the file is cut short")),
            Event::DocType(_) => Err(self.broken(DOCTYPE)),
            Event::Start(start) => {
                if self.path.len() >= MAX_DEPTH {
                    return Err(self.broken("elements nested deeper than 32"));
                }
                let name = start.local_name().as_ref().to_owned();
                self.path.push(name.clone());
                self.text.clear();
                Ok(Met::Step(Step::Open(name)))
            }
            Event::Text(piece) => self.append(&piece.xml10_content()),
            Event::CData(piece) => self.append(&piece.xml10_content()),
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(resolved) => self.append(&resolved),
                None => Err(self.broken("an entity that XML does not define")),
            },
            Event::End(_) => {
                let name = self.path.pop().unwrap_or_default();
                let text = self.text.trim().to_owned();
                self.text.clear();
                Ok(Met::Step(Step::Close(name, text)))
            }
            _ => Ok(Met::Nothing),
        }
    }

    fn append(&mut self, piece: &str) -> Result<Met, SourceError> {
        if self.text.len() + piece.len() > MAX_TEXT {
            return Err(self.broken("a text longer than 8 KiB"));
        }
        self.text.push_str(piece);
        Ok(Met::Nothing)
    }
}

enum Met {
    Nothing,
    Step(Step),
    End,
}

/// The text of a character reference or of one of XML's five entities.
pub fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => {
            quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned)
        }
        Err(_) => None,
    }
}

fn explain(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Encoding(_) => encoding::CONVERTED.to_owned(),
        quick_xml::Error::Syntax(_) => "the document ends inside a tag: the file is cut short".to_owned(),
        other => format!("XML: {other}"),
    }
}

/// Counts lines and bytes, and ends a document or a single event that is too long.
struct Watched<'r> {
    input: &'r mut dyn BufRead,
    left: u64,
    event: u64,
    lines: u64,
    bytes: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), available.get(..length)) {
            to.copy_from_slice(from);
        }
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event > MAX_EVENT {
            return Err(io::Error::other("a tag or text longer than 1 MiB"));
        }
        if self.left == 0 {
            return Err(io::Error::other("larger than any extract of its kind"));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        if let Ok(piece) = self.input.fill_buf() {
            let taken = piece.get(..length).unwrap_or_default();
            self.lines += memchr::memchr_iter(b'\n', taken).count() as u64;
        }
        self.input.consume(length);
        self.event += length as u64;
        self.bytes += length as u64;
        self.left = self.left.saturating_sub(length as u64);
    }
}
