//! The quoting of text that other parties wrote: keys, names of dictionaries, and what servers say.
//! Quoted text is one line, shows what it contains, and is bounded.

use std::fmt::{self, Write};

/// How many characters of a name or a key are shown.
const SHOWN: usize = 100;

/// How many characters of a server's text are shown, after escaping.
const SAID: usize = 120;

/// Shows a name or a key: at most 100 characters, on one line. Control characters, and characters
/// that are invisible or change the direction of text (U+202E and its like), are escaped.
pub(crate) struct Quoted<'t>(pub(crate) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(SHOWN) {
            if c.is_ascii_graphic() || c == ' ' {
                f.write_char(c)?;
            } else {
                // Behind a letter, an accent that combines with it is shown and not escaped.
                let pair = String::from_iter(['x', c]);
                pair.escape_debug().skip(1).try_for_each(|shown| f.write_char(shown))?;
            }
        }
        if chars.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Shows a part of a URL or of an address that cannot be used, as far as it is no password, whatever
/// is wrong: nothing if there is an `@`, also an escaped one, and nothing after a `:`.
pub(crate) fn without_password(text: &str) -> String {
    match text.split_once(':') {
        _ if text.contains(['@', '%']) => "(not shown: it may contain a password)".to_owned(),
        Some((before, _)) => format!("{}:…", Quoted(before)),
        None => Quoted(text).to_string(),
    }
}

/// Quotes what a server said: in printable ASCII, and shortened if it is long.
#[cfg_attr(not(any(unix, feature = "classic")), allow(dead_code))] // Only servers say something.
pub(crate) fn said(bytes: &[u8]) -> String {
    let mut escaped = bytes.trim_ascii_end().escape_ascii().map(char::from);
    let mut text: String = escaped.by_ref().take(SAID).collect();
    if escaped.next().is_some() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_hide_or_reorder_text_is_escaped_and_other_scripts_are_not() {
        for (text, shown) in [
            ("a\n\u{1b}[31m", "a\\n\\u{1b}[31m"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("a\u{200b}b\u{2066}c\u{feff}", "a\\u{200b}b\\u{2066}c\\u{feff}"),
            ("\u{2028}\u{85}", "\\u{2028}\\u{85}"),
            ("müller's \"a\\b\" 日本 สวัสดี e\u{301}", "müller's \"a\\b\" 日本 สวัสดี e\u{301}"),
        ] {
            assert_eq!(Quoted(text).to_string(), shown);
        }
    }

    #[test]
    fn what_a_server_said_is_bounded_and_ascii() {
        assert_eq!(said(b"SERVER_ERROR \x1b[2J\nno\r\n"), "SERVER_ERROR \\x1b[2J\\nno");
        assert_eq!(said(&[b'x'; 2_000]).len(), SAID + 3);
    }

    proptest! {
        #[test]
        fn quoted_text_is_one_bounded_line(text: String) {
            let shown = Quoted(&text).to_string();
            prop_assert!(shown.chars().count() <= 10 * SHOWN + 1);
            let harmful = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
            prop_assert!(!shown.chars().any(harmful));
        }
    }
}
