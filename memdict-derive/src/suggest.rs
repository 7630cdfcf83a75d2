//! Suggestions for misspelt words, and lists of the words that exist.

/// Returns the word of `words` that `word` most likely misspells.
pub(crate) fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let near = words.iter().map(|known| (distance(word, known), *known)).min()?;
    (near.0 <= 1 + near.1.len() / 4).then_some(near.1)
}

/// Returns the words in a row, each in backticks.
pub(crate) fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// Returns the number of letters to add, remove or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_gets_the_nearest_one() {
        let words = ["opaque", "version", "untracked", "merge", "allow_interior"];
        assert_eq!(nearest("opague", &words), Some("opaque"));
        assert_eq!(nearest("untrackd", &words), Some("untracked"));
        assert_eq!(nearest("verison", &words), Some("version"));
        assert_eq!(nearest("colour", &words), None);
    }

    #[test]
    fn distances_count_letters() {
        for (a, b, letters) in
            [("", "", 0), ("", "sum", 3), ("sum", "summ", 1), ("max", "min", 2), ("ours", "our", 1)]
        {
            assert_eq!(distance(a, b), letters, "{a} {b}");
            assert_eq!(distance(b, a), letters, "{b} {a}");
        }
    }
}
