//! The words that `#[memdict(..)]` knows, where each belongs, and what to say of the others.

use syn::Path;

use crate::path;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Type,
    Variant,
    Field,
}

impl Place {
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Type => &["crate", "edit", "changes", "version", "from", "merge"],
            Self::Variant => &[],
            Self::Field => &["opaque", "version", "untracked", "merge", "allow_interior"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Type => "the type",
            Self::Variant => "a variant",
            Self::Field => "a field",
        }
    }

    /// What to say of a word that does not belong here.
    pub(super) fn refuse(self, word: &Path) -> String {
        let word = path::text(word);
        if let Some(other) = [Self::Type, Self::Field]
            .into_iter()
            .find(|other| other.keys().contains(&word.as_str()))
        {
            return format!("`{word}` belongs on {}, not on {}", other.name(), self.name());
        }
        if let Some(hint) = hint(&word) {
            return hint.to_owned();
        }
        let keys = self.keys();
        if let Some(near) = nearest(&word, keys) {
            return format!("unknown attribute `{word}`: did you mean `{near}`?");
        }
        if keys.is_empty() {
            return format!("unknown attribute `{word}`: {} takes none", self.name());
        }
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        format!("unknown attribute `{word}`: {} takes {}", self.name(), keys.join(", "))
    }
}

/// Words that people reach for because other derives have them.
fn hint(word: &str) -> Option<&'static str> {
    Some(match word {
        "nested" => "a field of a tracked type is nested by itself: remove `nested`",
        "leaf" => {
            "std types are leaves by themselves; for a type that is not tracked write `opaque`"
        }
        "skip" | "ignore" => {
            "write `#[serde(skip)]` for a field that is not stored, or `#[memdict(untracked)]` \
             for one that is stored when something else changes"
        }
        "rename" | "rename_all" | "default" | "with" => {
            "memdict obeys serde's own attribute: write it in `#[serde(..)]`"
        }
        _ => return None,
    })
}

/// The word of `words` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let near = words.iter().map(|known| (distance(word, known), *known)).min()?;
    (near.0 <= 1 + near.1.len() / 4).then_some(near.1)
}

/// How many letters to add, remove or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn a_misspelt_word_gets_the_nearest() {
        assert_eq!(nearest("opague", Place::Field.keys()), Some("opaque"));
        assert_eq!(nearest("untrackd", Place::Field.keys()), Some("untracked"));
        assert_eq!(nearest("verison", Place::Type.keys()), Some("version"));
        assert_eq!(nearest("colour", Place::Field.keys()), None);
    }

    #[test]
    fn a_word_in_the_wrong_place_is_told_where_it_belongs() {
        assert_eq!(
            Place::Type.refuse(&parse_quote!(opaque)),
            "`opaque` belongs on a field, not on the type"
        );
        assert_eq!(
            Place::Field.refuse(&parse_quote!(edit)),
            "`edit` belongs on the type, not on a field"
        );
    }
}
