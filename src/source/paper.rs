//! What is delivered beside extracts and is none: papers for people, checksums, what file systems leave behind. Asked
//! only of what was not recognised: an extract is told by its content, whatever it is called.

/// How names of papers begin.
const BEGINNINGS: [&str; 7] = [
    ".",
    "lisezmoi",
    "lisez-moi",
    "lisez_moi",
    "readme",
    "licence",
    "license",
];
/// How names of papers and checksums end.
const ENDS: [&str; 11] = [
    ".md", ".pdf", ".html", ".htm", ".doc", ".docx", ".odt", ".rtf", ".md5", ".sha256", ".asc",
];

/// Whether a name, with folders before it or without, is that of a paper.
pub fn is_paper(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDS.iter().any(|end| name.ends_with(end))
        || path.starts_with("__macosx/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_are_told_by_their_names() {
        for paper in [
            "LISEZMOI.txt",
            "docs/ReadMe",
            "licence-ouverte.txt",
            "__MACOSX/._a.txt",
            "a.txt.sha256",
            ".DS_Store",
        ] {
            assert!(is_paper(paper), "{paper}");
        }
        assert!(!is_paper("readme.d/PS_LibreAcces_Personne_activite.txt") && !is_paper("notes.txt"));
    }
}
