//! A filter made ready to be put to many entries: its values folded once, its pieces prepared for searching.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::forms::{SEPARATOR, compare, equality_form, piece_form};
use super::{Filter, Kind, Kinds, Test, Tri};
use crate::directory::text::fold;
use crate::view::entry::EntryView;
use crate::view::field::Field;

/// What a filter is put to.
pub trait Subject {
    fn kind(&self) -> Kind;
    /// The folded forms of a field, [`SEPARATOR`] between them; empty where it is absent. Bytes, since pieces are
    /// looked for in many and nothing else is done with them.
    fn forms(&self, field: Field) -> Cow<'_, [u8]>;
    fn entry(&self) -> EntryView<'_>;
    /// Whether it has a field.
    fn has(&self, field: Field) -> bool {
        self.entry().get(field).is_some()
    }
}

/// A prepared filter.
#[derive(Debug)]
pub struct Matcher(Node);

#[derive(Debug)]
enum Node {
    Constant(Tri),
    Kinds(Kinds),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(Field, Prepared),
}

#[derive(Debug)]
enum Prepared {
    Present,
    Equals(String),
    /// Words that all have to be there, and the whole text.
    Approx(Vec<String>, String),
    Pieces(Pieces),
    Words {
        pieces: Vec<Finder<'static>>,
        whole: bool,
    },
    AtLeast(String),
    AtMost(String),
}

#[derive(Debug)]
struct Pieces {
    initial: Option<String>,
    any: Vec<Finder<'static>>,
    last: Option<String>,
}

impl Matcher {
    /// Prepares a filter.
    pub fn new(filter: &Filter) -> Self {
        Self(prepare(filter))
    }

    /// Puts it to an entry.
    pub fn matches(&self, subject: &impl Subject) -> Tri {
        self.0.matches(subject)
    }
}

fn prepare(filter: &Filter) -> Node {
    match filter {
        Filter::True => Node::Constant(Tri::True),
        Filter::False => Node::Constant(Tri::False),
        Filter::Undefined => Node::Constant(Tri::Undefined),
        Filter::Kinds(kinds) => Node::Kinds(*kinds),
        Filter::And(parts) => Node::All(parts.iter().map(prepare).collect()),
        Filter::Or(parts) => Node::Any(
            parts
                .iter()
                .filter(|part| !part.is_implied_by(parts))
                .map(prepare)
                .collect(),
        ),
        Filter::Not(part) => Node::Not(Box::new(prepare(part))),
        // A mobile number is shown to those who may see it; it is never asked.
        Filter::Test(Field::Mobile, _) => Node::Constant(Tri::Undefined),
        Filter::Test(field, test) if test.is_hopeless(*field) => Node::Constant(Tri::False),
        Filter::Test(field, test) => prepare_test(*field, test),
    }
}

fn prepare_test(field: Field, test: &Test) -> Node {
    let matching = field.matching();
    let form = |piece: &String| piece_form(matching, piece);
    let finder = |piece: &String| Finder::new(form(piece).as_bytes()).into_owned();
    Node::Leaf(
        field,
        match test {
            Test::Present => Prepared::Present,
            Test::Equals(value) => Prepared::Equals(equality_form(matching, value)),
            Test::Approx(value) => {
                let folded = fold(value);
                Prepared::Approx(folded.split(' ').map(str::to_owned).collect(), folded)
            }
            Test::Substrings { initial, any, final_ } => Prepared::Pieces(Pieces {
                initial: initial.as_ref().map(form),
                any: any.iter().map(finder).collect(),
                last: final_.as_ref().map(form),
            }),
            Test::Words { pieces, whole } => Prepared::Words {
                pieces: pieces.iter().map(finder).collect(),
                whole: *whole,
            },
            Test::AtLeast(bound) => Prepared::AtLeast(form(bound)),
            Test::AtMost(bound) => Prepared::AtMost(form(bound)),
        },
    )
}

impl Node {
    fn matches(&self, subject: &impl Subject) -> Tri {
        match self {
            Self::Constant(tri) => *tri,
            Self::Kinds(kinds) => kinds.contains(subject.kind()).into(),
            Self::All(parts) => Tri::all(parts.iter().map(|part| part.matches(subject))),
            Self::Any(parts) => Tri::any(parts.iter().map(|part| part.matches(subject))),
            Self::Not(part) => part.matches(subject).negate(),
            Self::Leaf(field, test) => test.holds(*field, subject).into(),
        }
    }
}

impl Prepared {
    fn holds(&self, field: Field, subject: &impl Subject) -> bool {
        let matching = field.matching();
        let any_value = |meets: &dyn Fn(&str) -> bool| {
            subject
                .entry()
                .get(field)
                .is_some_and(|values| values.values().any(meets))
        };
        match self {
            Self::Present => subject.has(field),
            Self::Equals(wanted) => any_value(&|value| equality_form(matching, value) == *wanted),
            Self::AtLeast(bound) => {
                any_value(&|value| compare(matching, value, bound).is_some_and(|o| o.is_ge()))
            }
            Self::AtMost(bound) => {
                any_value(&|value| compare(matching, value, bound).is_some_and(|o| o.is_le()))
            }
            Self::Approx(words, whole) => {
                !whole.is_empty()
                    && each_form(&subject.forms(field)).any(|form| {
                        let mut own = words.iter();
                        own.all(|word| form.split(|b| *b == b' ').any(|w| w == word.as_bytes()))
                            || form == whole.as_bytes()
                    })
            }
            Self::Pieces(pieces) => pieces.are_in(&subject.forms(field)),
            Self::Words { pieces, whole } => {
                let forms = subject.forms(field);
                match field {
                    Field::Mail => each_form(&forms).any(|address| {
                        // The domain is the operator's: what is typed is the person.
                        let local = memchr::memchr(b'@', address).and_then(|end| address.get(..end));
                        words_are_in(local.unwrap_or(address), pieces, *whole)
                            || matches!(pieces.as_slice(), [one] if one.needle() == address)
                    }),
                    // A separator ends a word and no piece holds one, so that the forms need not be told apart.
                    _ if pieces.len() == 1 => !forms.is_empty() && words_are_in(&forms, pieces, *whole),
                    _ => each_form(&forms).any(|form| words_are_in(form, pieces, *whole)),
                }
            }
        }
    }
}

fn each_form(forms: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut ends = memchr::memchr_iter(SEPARATOR as u8, forms).chain([forms.len()]);
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = ends.next()?;
        let form = forms.get(start..end);
        start = end + 1;
        form
    })
    .filter(|form| !form.is_empty())
}

impl Pieces {
    fn are_in(&self, forms: &[u8]) -> bool {
        if forms.is_empty() {
            return false;
        }
        match (&self.initial, self.any.as_slice(), &self.last) {
            // A piece holds no separator, so that it lies in one form wherever it is found.
            (None, [one], None) => one.find(forms).is_some(),
            _ => each_form(forms).any(|form| self.are_in_form(form)),
        }
    }

    fn are_in_form(&self, form: &[u8]) -> bool {
        let mut rest = form;
        if let Some(initial) = &self.initial {
            match rest.strip_prefix(initial.as_bytes()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        for piece in &self.any {
            match piece
                .find(rest)
                .and_then(|start| rest.get(start + piece.needle().len()..))
            {
                Some(after) => rest = after,
                None => return false,
            }
        }
        self.last
            .as_ref()
            .is_none_or(|last| rest.ends_with(last.as_bytes()))
    }
}

/// Whether the pieces come in this order, each at the beginning of a word, and ending with one when `whole`.
fn words_are_in(form: &[u8], pieces: &[Finder<'_>], whole: bool) -> bool {
    let is_edge = |place: Option<usize>| {
        place
            .and_then(|place| form.get(place))
            .is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
    };
    let mut from = 0;
    pieces.iter().all(|piece| {
        let length = piece.needle().len();
        while let Some(found) = form.get(from..).and_then(|rest| piece.find(rest)) {
            let start = from + found;
            let begins = start == 0 || is_edge(start.checked_sub(1));
            if begins && (!whole || is_edge(start.checked_add(length))) {
                from = start + length;
                return true;
            }
            from = start + 1;
        }
        false
    })
}
