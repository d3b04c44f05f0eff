//! What is suggested besides names: professions and specialties that somebody has, and towns.

use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::reference::Concept;
use crate::directory::text::fold;
use crate::index::synonyms;

/// A profession or specialty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The filter that it is a value of: `profession` or `savoir_faire`.
    pub filtre: String,
    pub code: String,
    pub libelle: String,
    #[serde(skip)]
    words: Vec<String>,
}

/// A town with a structure in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Town {
    pub nom: String,
    pub code_insee: String,
    pub departement: String,
    /// Structures there: towns of one name, or of one beginning, come largest first.
    structures: i64,
    #[serde(skip)]
    folded: String,
}

/// A specialty, a town, or one in the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meaning<'v> {
    pub label: Option<&'v Label>,
    pub town: Option<&'v Town>,
}

/// All of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Vocabulary {
    /// The end of the last import that changed an entry before it was read.
    #[serde(default)]
    pub import: i64,
    labels: Vec<Label>,
    /// By folded name.
    towns: Vec<Town>,
}

/// Words that stand between a profession and a town.
const PLACING: [&str; 12] = [
    "a", "au", "aux", "autour", "chez", "d", "dans", "de", "en", "pres", "proche", "sur",
];

impl Vocabulary {
    /// Reads what is in use. `concepts` gives the label of a code of a filter.
    pub async fn load<'c>(
        pool: &PgPool,
        import: i64,
        concept: impl Fn(&str, &str) -> Option<&'c Concept>,
    ) -> Result<Self, sqlx::Error> {
        // Seconds of work at national size: on one processor, the others are for those who ask meanwhile.
        let mut transaction = pool.begin().await?;
        sqlx::query("set local max_parallel_workers_per_gather = 0")
            .execute(&mut *transaction)
            .await?;
        let professions: Vec<String> =
            sqlx::query_scalar("select distinct profession from activities where profession <> ''")
                .fetch_all(&mut *transaction)
                .await?;
        let qualifications: Vec<String> =
            sqlx::query_scalar("select distinct savoir_faire from qualifications where savoir_faire <> ''")
                .fetch_all(&mut *transaction)
                .await?;
        let towns: Vec<(String, String, String, i64)> = sqlx::query_as(
            "select min(commune), code_insee, min(departement), count(*)
             from structures where commune <> '' and code_insee <> '' group by code_insee",
        )
        .fetch_all(&mut *transaction)
        .await?;
        let labels = [("profession", professions), ("savoir_faire", qualifications)]
            .into_iter()
            .flat_map(|(filtre, codes)| codes.into_iter().map(move |code| (filtre, code)))
            .filter_map(|(filtre, code)| {
                concept(filtre, &code).map(|concept| Label {
                    filtre: filtre.to_owned(),
                    libelle: concept.libelle.clone(),
                    code,
                    words: Vec::new(),
                })
            });
        let towns = towns
            .into_iter()
            .map(|(nom, code_insee, departement, structures)| Town {
                nom,
                code_insee,
                departement,
                structures,
                folded: String::new(),
            });
        Ok(Self {
            import,
            labels: labels.collect(),
            towns: towns.collect(),
        }
        .prepared())
    }

    /// Folds what was read.
    pub fn prepared(mut self) -> Self {
        for label in &mut self.labels {
            label.words = fold(&label.libelle).split(' ').map(str::to_owned).collect();
        }
        for town in &mut self.towns {
            town.folded = fold(&town.nom);
        }
        self.labels
            .sort_by(|a, b| (&a.libelle, &a.code).cmp(&(&b.libelle, &b.code)));
        self.towns
            .sort_by(|a, b| (&a.folded, &a.code_insee).cmp(&(&b.folded, &b.code_insee)));
        self
    }

    /// What a text may mean: each word begins one of a label's or of a town's name; a label may come with a town.
    pub fn meanings(&self, text: &str, limit: usize) -> Vec<Meaning<'_>> {
        let folded = fold(text);
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let mut found = Vec::new();
        for split in (0..=words.len()).rev() {
            let (of_label, of_town) = words.split_at(split);
            // `médecin à | Lyon` is told by `médecin | à Lyon`.
            if !of_town.is_empty() && of_label.last().is_some_and(|word| PLACING.contains(word)) {
                continue;
            }
            let labels: Vec<Option<&Label>> = match of_label.is_empty() {
                true => vec![None],
                false => self.labels_of(of_label).take(limit).map(Some).collect(),
            };
            for label in labels {
                let room = limit.saturating_sub(found.len());
                if of_town.is_empty() {
                    found.extend((room > 0 && label.is_some()).then_some(Meaning { label, town: None }));
                    continue;
                }
                let towns = self.towns_named(of_town, room);
                found.extend(towns.into_iter().map(|town| Meaning {
                    label,
                    town: Some(town),
                }));
            }
        }
        found
    }

    fn labels_of<'v>(&'v self, words: &[&str]) -> impl Iterator<Item = &'v Label> {
        // What each word may stand for.
        let wanted: Vec<Vec<String>> = words
            .iter()
            .map(|word| {
                [*word]
                    .into_iter()
                    .chain(synonyms(word))
                    .map(str::to_owned)
                    .collect()
            })
            .collect();
        self.labels.iter().filter(move |label| {
            wanted.iter().all(|alternatives| {
                let begins = |asked: &String| label.words.iter().any(|own| own.starts_with(asked));
                alternatives.iter().any(begins)
            })
        })
    }

    /// The towns that words name, the last perhaps its beginning: `à Lyon`, `près de Lyon`, but `Le Havre`.
    fn towns_named(&self, words: &[&str], limit: usize) -> Vec<&Town> {
        let towns = self.towns_of(&words.join(" "), limit);
        let placing = words.iter().take_while(|word| PLACING.contains(word)).count();
        match words.get(placing..) {
            Some(named @ [_, ..]) if towns.is_empty() => self.towns_of(&named.join(" "), limit),
            _ => towns,
        }
    }

    /// The largest towns whose name begins with a text; one of just that name before them.
    fn towns_of(&self, text: &str, limit: usize) -> Vec<&Town> {
        let start = self.towns.partition_point(|town| town.folded.as_str() < text);
        let order = |town: &&Town| (town.folded != text, -town.structures);
        let mut best: Vec<&Town> = Vec::with_capacity(limit + 1);
        let begin_so = self.towns.iter().skip(start);
        for town in begin_so.take_while(|town| town.folded.starts_with(text)) {
            let place = best.partition_point(|other| order(other) <= order(&town));
            if place < limit {
                best.insert(place, town);
                best.truncate(limit);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let label = |filtre: &str, code: &str, libelle: &str| Label {
            filtre: filtre.to_owned(),
            code: code.to_owned(),
            libelle: libelle.to_owned(),
            words: Vec::new(),
        };
        let town = |nom: &str, code_insee: &str, structures| Town {
            nom: nom.to_owned(),
            code_insee: code_insee.to_owned(),
            departement: "99".to_owned(),
            structures,
            folded: String::new(),
        };
        Vocabulary {
            import: 0,
            labels: vec![
                label("savoir_faire", "SM04", "Cardiologie et maladies vasculaires"),
                label("profession", "50", "Sage-femme"),
            ],
            towns: vec![
                town("Villeneuve", "99001", 2),
                town("VILLENEUVE-SUR-ESSAI", "99002", 9),
                town("VILLE-EXEMPLE", "99003", 5),
            ],
        }
        .prepared()
    }

    fn told(text: &str) -> Vec<(String, String)> {
        let vocabulary = vocabulary();
        let code = |meaning: &Meaning<'_>| {
            (
                meaning.label.map_or("", |l| &l.code).to_owned(),
                meaning.town.map_or("", |t| &t.code_insee).to_owned(),
            )
        };
        vocabulary.meanings(text, 4).iter().map(code).collect()
    }

    fn pair(code: &str, insee: &str) -> (String, String) {
        (code.to_owned(), insee.to_owned())
    }

    #[test]
    fn words_begin_labels_and_towns() {
        assert_eq!(told("mal card"), [pair("SM04", "")]);
        assert_eq!(told("sage"), [pair("50", "")]);
        assert_eq!(told("zz"), []);
        assert_eq!(told(" "), []);
    }

    #[test]
    fn a_town_in_full_comes_before_larger_ones() {
        assert_eq!(told("villeneuve"), [pair("", "99001"), pair("", "99002")]);
        assert_eq!(told("ville").len(), 3);
        assert_eq!(told("ville").first(), Some(&pair("", "99002")));
    }

    #[test]
    fn a_label_comes_with_a_town() {
        assert_eq!(told("cardiologue ville ex"), [pair("SM04", "99003")]);
        assert_eq!(told("cardiologues près de ville ex"), [pair("SM04", "99003")]);
        assert_eq!(told("sage-femme à v").len(), 3);
    }
}
