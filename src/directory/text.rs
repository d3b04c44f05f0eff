//! The one text analysis: what the index stores, what a query asks and every comparison go through [`fold`].
//!
//! Case, accents and ligatures are folded, apostrophes, hyphens and other signs separate words. Spaced and
//! joined forms are both kept ([`variants`]), so that `DE LA FONTAINE`, `De-la Fontaine` and `delafontaine` meet.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a text to lower-case ASCII-like words separated by single spaces.
///
/// `L'HUILLIER` → `l huillier`, `Œuvrard` → `oeuvrard`, `Nguyễn` → `nguyen`, `Saint-Étienne` → `saint etienne`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        fold_ascii(text, &mut folded);
    } else {
        text.nfkd()
            .filter(|c| !is_combining_mark(*c))
            .for_each(|c| push(&mut folded, c));
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// What [`push`] does, word by word.
fn fold_ascii(text: &str, folded: &mut String) {
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        let start = folded.len();
        folded.push_str(word);
        if let Some(word) = folded.get_mut(start..) {
            word.make_ascii_lowercase();
        }
    }
}

fn push(folded: &mut String, c: char) {
    match c {
        'a'..='z' | '0'..='9' => folded.push(c),
        'A'..='Z' => folded.push(c.to_ascii_lowercase()),
        'œ' | 'Œ' => folded.push_str("oe"),
        'æ' | 'Æ' => folded.push_str("ae"),
        'ß' | 'ẞ' => folded.push_str("ss"),
        'ø' | 'Ø' => folded.push('o'),
        'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
        'ł' | 'Ł' => folded.push('l'),
        'ı' => folded.push('i'),
        'þ' | 'Þ' => folded.push_str("th"),
        c if c.is_alphanumeric() => folded.extend(c.to_lowercase()),
        _ if folded.is_empty() || folded.ends_with(' ') => {}
        _ => folded.push(' '),
    }
}

/// A folded text without its spaces.
pub fn joined(folded: &str) -> String {
    let mut joined = String::with_capacity(folded.len());
    folded.split(' ').for_each(|word| joined.push_str(word));
    joined
}

/// Folds like [`fold`] and joins: the form in which two spellings of one value are equal.
pub fn equality_key(text: &str) -> String {
    equality_key_of(&fold(text))
}

/// [`equality_key`] of a text that is folded already.
pub fn equality_key_of(folded: &str) -> String {
    match folded.contains("saint") {
        true => joined(&abbreviated(folded)),
        false => joined(folded),
    }
}

/// Writes the words `saint`, `sainte` as `st`, `ste`, so that both spellings of a town or a name meet.
fn abbreviated(folded: &str) -> String {
    if !folded.contains("saint") {
        return folded.to_owned();
    }
    let words: Vec<&str> = folded
        .split(' ')
        .map(|word| match word {
            "saint" => "st",
            "sainte" => "ste",
            other => other,
        })
        .collect();
    words.join(" ")
}

/// Writes the words `st`, `ste` out in full.
fn spelled_out(folded: &str) -> String {
    let words: Vec<&str> = folded
        .split(' ')
        .map(|word| match word {
            "st" => "saint",
            "ste" => "sainte",
            other => other,
        })
        .collect();
    words.join(" ")
}

/// A folded text as it is, then with `saint` abbreviated and in full; no form comes twice.
pub fn spellings(folded: String) -> Vec<String> {
    let mut forms = Vec::with_capacity(2);
    if folded.is_empty() {
        return forms;
    }
    let has_saint = folded
        .split(' ')
        .any(|w| matches!(w, "st" | "ste" | "saint" | "sainte"));
    forms.push(folded);
    if has_saint {
        for form in [abbreviated(&forms[0]), spelled_out(&forms[0])] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// Every folded form under which a value can be found: spaced, joined, with `saint` in full and abbreviated.
/// The spaced form as written comes first; no form comes twice.
pub fn variants(text: &str) -> Vec<String> {
    variants_of(fold(text))
}

/// [`variants`] of a text that is folded already.
pub fn variants_of(folded: String) -> Vec<String> {
    let mut forms = spellings(folded);
    for spaced in 0..forms.len() {
        if forms[spaced].contains(' ') {
            let form = joined(&forms[spaced]);
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// The folded forms of a person's name in both orders, joined within the surname and within the first name
/// but never across them: `de la fontaine jean pierre`, `delafontaine jeanpierre`, and the reverse orders.
pub fn name_variants(nom: &str, prenom: &str) -> Vec<String> {
    name_variants_of(&variants(nom), &variants(prenom))
}

/// [`name_variants`] of surname and first name whose [`variants`] are known already.
pub fn name_variants_of(noms: &[String], prenoms: &[String]) -> Vec<String> {
    if prenoms.is_empty() {
        return noms.to_vec();
    }
    if noms.is_empty() {
        return prenoms.to_vec();
    }
    let mut forms = Vec::with_capacity(noms.len() * prenoms.len() * 2);
    for n in noms {
        for p in prenoms {
            forms.push(format!("{n} {p}"));
            forms.push(format!("{p} {n}"));
        }
    }
    forms
}

/// Folds an address, identifier or telephone for comparison: ASCII lower case, nothing else changed.
pub fn fold_exact(text: &str) -> String {
    let text = text.trim();
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.to_lowercase(),
    }
}

/// Digits only, as telephone numbers compare (RFC 4517, telephoneNumberMatch, spaces and hyphens ignored).
pub fn fold_telephone(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '+')
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a character shows nothing, or turns the direction of what follows (Unicode: default-ignorable code points, line
/// and paragraph separators, bidirectional controls).
pub fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_ligatures_apostrophes_and_hyphens_fold() {
        assert_eq!(fold("L'HUILLIER"), "l huillier");
        assert_eq!(fold("L’Huillier"), "l huillier");
        assert_eq!(fold("Œuvrard"), "oeuvrard");
        assert_eq!(fold("Nguyễn"), "nguyen");
        assert_eq!(fold("  Saint-Étienne "), "saint etienne");
        assert_eq!(fold("ÆGIDIUS Łukasz Đà"), "aegidius lukasz da");
    }

    #[test]
    fn spellings_of_one_name_share_a_form() {
        for form in [
            "DE LA FONTAINE",
            "delafontaine",
            "De-la Fontaine",
            "De La Fontaine",
        ] {
            assert!(variants(form).contains(&"delafontaine".to_owned()), "{form}");
            assert_eq!(equality_key(form), "delafontaine");
        }
        assert!(variants("ST ETIENNE").contains(&"saint etienne".to_owned()));
        assert!(variants("Saint-Étienne").contains(&"st etienne".to_owned()));
        assert_eq!(equality_key("ST ETIENNE"), equality_key("Saint-Étienne"));
    }

    #[test]
    fn names_join_within_but_never_across() {
        let forms = name_variants("DE LA FONTAINE", "Jean-Pierre");
        assert!(forms.contains(&"delafontaine jean pierre".to_owned()));
        assert!(forms.contains(&"jeanpierre delafontaine".to_owned()));
        assert!(forms.iter().all(|f| f.contains(' ')));
    }

    #[test]
    fn decomposed_and_composed_letters_are_equal() {
        assert_eq!(fold("e\u{301}"), fold("é"));
    }
}
