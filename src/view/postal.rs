//! A postal address on one line, as LDAP writes it (RFC 4517, 3.3.28).

use std::fmt::{self, Write as _};

use crate::directory::structure::Address;

/// The lines of a postal address as LDAP writes them.
pub struct Lines<'a>(pub &'a Address);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.0;
        let mut is_first = true;
        let routing = match [address.code_postal.as_str(), &address.commune] {
            [one, ""] | ["", one] => [one.trim(), "", ""],
            [code_postal, commune] => [code_postal.trim_start(), " ", commune.trim_end()],
        };
        let lines = address.lignes.iter().map(|line| [line.as_str(), "", ""]);
        for line in lines.chain([routing, [address.pays.as_str(), "", ""]]) {
            if line.iter().all(|part| part.is_empty()) {
                continue;
            }
            if !is_first {
                out.write_char('$')?;
            }
            is_first = false;
            for part in line {
                escaped(out, part)?;
            }
        }
        Ok(())
    }
}

/// RFC 4517, 3.3.28: `$` separates the lines.
fn escaped(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for piece in text.split_inclusive(['\\', '$']) {
        match piece.as_bytes().split_last() {
            Some((b'\\', _)) => write!(out, "{}\\5C", piece.trim_end_matches('\\'))?,
            Some((b'$', _)) => write!(out, "{}\\24", piece.trim_end_matches('$'))?,
            _ => out.write_str(piece)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_separated_and_signs_escaped() {
        let address = Address {
            lignes: vec!["BAT $1".to_owned(), "1 RUE \\ DES ESSAIS".to_owned()],
            code_postal: "99100".to_owned(),
            commune: "VILLE".to_owned(),
            pays: "Belgique".to_owned(),
            ..Address::default()
        };
        assert_eq!(
            Lines(&address).to_string(),
            "BAT \\241$1 RUE \\5C DES ESSAIS$99100 VILLE$Belgique"
        );
        let abroad = Address {
            commune: "MADEUPTOWN".to_owned(),
            ..Address::default()
        };
        assert_eq!(Lines(&abroad).to_string(), "MADEUPTOWN");
        assert_eq!(Lines(&Address::default()).to_string(), "");
    }
}
