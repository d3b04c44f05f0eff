//! The identifiers of people and structures: their forms, and what a user may have meant by one.

/// FINESS number: `[0-9][0-9A-Z][0-9]{7}`.
pub fn is_finess(text: &str) -> bool {
    match text.as_bytes() {
        [first, second, rest @ ..] => {
            first.is_ascii_digit()
                && (second.is_ascii_digit() || second.is_ascii_uppercase())
                && rest.len() == 7
                && rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// SIRET: 14 digits. Its key is not checked: La Poste and a few others break it.
pub fn is_siret(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit())
}

/// SIREN: 9 digits.
pub fn is_siren(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The *identifications nationales* that a typed number may mean: with its type digit, or an RPPS number
/// (11 digits) or ADELI number (9 characters) without it.
pub fn professional_candidates(typed: &str) -> Vec<String> {
    let typed = typed.trim();
    let mut candidates = vec![typed.to_owned()];
    match typed.len() {
        11 => candidates.push(format!("8{typed}")),
        9 => candidates.push(format!("0{typed}")),
        _ => {}
    }
    candidates
}

/// The keys by which a structure may be known under a typed identifier: technical id (`F990000001`, `C…`,
/// `R…`), FINESS number, SIRET, SIREN, or type digit + identifier (`1` FINESS, `2` SIREN, `3` SIRET, `0`, `4`).
pub fn structure_candidates(typed: &str) -> Vec<String> {
    let typed = typed.trim().to_uppercase();
    let mut candidates = vec![typed.clone()];
    let mut add = |candidate: String| {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    };
    if is_finess(&typed) {
        add(format!("F{typed}"));
    }
    if let Some(rest) = typed.strip_prefix('1').filter(|rest| is_finess(rest)) {
        add(format!("F{rest}"));
    }
    if let Some(rest) = typed.strip_prefix('F').filter(|rest| is_finess(rest)) {
        add(rest.to_owned());
    }
    if let Some(rest) = typed.strip_prefix('3').filter(|rest| is_siret(rest)) {
        add(rest.to_owned());
    }
    if let Some(rest) = typed.strip_prefix('2').filter(|rest| is_siren(rest)) {
        add(rest.to_owned());
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finess_numbers_may_hold_a_corsican_letter() {
        assert!(is_finess("2A0000022") && is_finess("990000001"));
        assert!(!is_finess("A90000001") && !is_finess("99000000") && !is_finess("9900000010"));
    }

    #[test]
    fn identifiers_are_understood_with_and_without_their_type() {
        assert!(professional_candidates("99900000001").contains(&"899900000001".to_owned()));
        assert!(professional_candidates("999100001").contains(&"0999100001".to_owned()));
        assert!(structure_candidates("990000001").contains(&"F990000001".to_owned()));
        assert!(structure_candidates("1990000001").contains(&"F990000001".to_owned()));
        assert!(structure_candidates("399000000200019").contains(&"99000000200019".to_owned()));
    }
}
