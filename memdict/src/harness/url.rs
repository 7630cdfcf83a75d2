//! URLs, as a program may get them from anywhere.

use crate::url::{Options, read};

/// The two halves of a password. No other text contains them.
const HALVES: [&str; 2] = ["Qz7Xw", "Vk9Jy"];

/// Parses the input as a URL, and as the part of a URL around a password. A URL is accepted or is an
/// error, which is short, on one line, and shows no half of the password.
pub fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    // The first byte is where a password is put in, if the text has no half of it by itself.
    let (Some(&at), false) = (data.first(), HALVES.iter().any(|half| text.contains(half))) else {
        return;
    };
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).skip(1).collect();
    let Some(&place) = places.get(usize::from(at) % places.len().max(1)) else { return };
    let (before, after) = text.split_at(place);
    let [one, other] = HALVES;
    for between in ["", "@", "?", "/", "%40", "#", ",", "&", "=", ":"] {
        let wrong = format!("{before}bob:{one}{between}{other}@{after}");
        if let Some(shown) = check(&wrong) {
            assert!(!HALVES.iter().any(|half| shown.contains(half)), "{wrong:?}: {shown}");
        }
    }
}

/// Returns what an error says about a URL.
fn check(url: &str) -> Option<String> {
    let mut options = Options::default();
    let error = read(url, &mut options).err()?;
    let shown = error.to_string();
    assert!(shown.chars().all(|c| !c.is_control()), "{shown:?}");
    assert!(shown.len() < 4_000, "{shown}");
    Some(format!("{shown} {error:?}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seed_and_thousands_of_changes_of_it_hold() {
        crate::harness::mutations::of("url", super::url);
    }
}
