//! Bytes to text: UTF-8 where they are, else Windows-1252 (never ISO-8859-1: FINESS files hold 0x92 and 0x9C).

/// The characters of 0x80..=0x9F in Windows-1252.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// Decodes a text of either encoding.
pub fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A head cut in the middle of a character is still UTF-8.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => decode_windows_1252(bytes),
    }
}

/// Decodes Windows-1252.
pub fn decode_windows_1252(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            0x80..=0x9F => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{FFFD}'),
            other => char::from(*other),
        })
        .collect()
}

/// What is told of a document, read in pieces, that is not UTF-8 throughout.
pub const CONVERTED: &str = "bytes that are not UTF-8: the file was converted on its way (most often to Windows-1252; \
    `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW` takes it back)";

/// What a text that is not UTF-8 seems to be, in words and as `iconv` calls it.
///
/// French texts of Windows have their accents at 0xC0 and above, those of DOS (code page 850) from 0x80 to 0x9F, which in
/// Windows-1252 are typographic signs.
pub fn guess(bytes: &[u8]) -> (&'static str, &'static str) {
    let count =
        |range: std::ops::RangeInclusive<u8>| bytes.iter().filter(|byte| range.contains(byte)).count();
    if count(0..=0) > 0 {
        ("it seems to be UTF-16", "UTF-16")
    } else if count(0xC0..=0xFF) >= count(0x80..=0x9F) {
        ("it seems to be Windows-1252 (Latin-1)", "WINDOWS-1252")
    } else {
        ("it seems to be code page 850 of DOS", "CP850")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_guessed_by_where_french_accents_lie() {
        for (text, name) in [
            (b"Pr\xE9nom d\x92exercice".as_slice(), "WINDOWS-1252"),
            (b"Pr\x82nom, c\x93t\x82", "CP850"),
            (b"P\0r\0\xE9\0", "UTF-16"),
        ] {
            assert_eq!(guess(text).1, name);
        }
    }

    #[test]
    fn typographic_apostrophes_and_ligatures_of_windows_survive() {
        assert_eq!(decode(b"L\x92\x9CUVRE \xE9t\xE9"), "L’œUVRE été");
        assert_eq!(decode("été".as_bytes()), "été");
    }
}
