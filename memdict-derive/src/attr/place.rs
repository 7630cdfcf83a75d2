//! The words of `#[memdict(..)]`: which belong where, and the message for one that does not.

use syn::Path;

use crate::{path, suggest};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Type,
    Variant,
    Field,
}

impl Place {
    pub(super) fn words(self) -> &'static [&'static str] {
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

    /// Returns the message for a word that does not belong here.
    pub(super) fn refuse(self, word: &Path) -> String {
        let word = path::text(word);
        let elsewhere = [Self::Type, Self::Field]
            .into_iter()
            .find(|other| other.words().contains(&word.as_str()));
        if let Some(other) = elsewhere {
            return format!("`{word}` belongs on {}, not on {}", other.name(), self.name());
        }
        if let Some(hint) = hint(&word) {
            return hint.to_owned();
        }
        let words = self.words();
        if let Some(near) = suggest::nearest(&word, words) {
            return format!("unknown attribute `{word}`: did you mean `{near}`?");
        }
        if words.is_empty() {
            return format!("unknown attribute `{word}`: {} takes none", self.name());
        }
        format!("unknown attribute `{word}`: {} takes {}", self.name(), suggest::list(words))
    }
}

/// Returns what to write instead of a word that other derives have.
fn hint(word: &str) -> Option<&'static str> {
    Some(match word {
        "nested" => "a field of a tracked type is always nested: remove `nested`",
        "leaf" => {
            "standard types are leaves already; for a type that is not tracked write `opaque`"
        }
        "skip" | "ignore" => {
            "write `#[serde(skip)]` for a field that is not stored, or `#[memdict(untracked)]` \
             for one whose changes alone do not cause a write"
        }
        "rename" | "rename_all" | "default" | "with" => {
            "memdict obeys serde's attribute of this name: write it in `#[serde(..)]`"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_message_for_a_word_in_the_wrong_place_names_the_right_one() {
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
