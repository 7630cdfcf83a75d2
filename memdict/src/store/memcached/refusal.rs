//! What an error line of a server means for its operation.
//!
//! A server speaks for itself, or a proxy speaks for it, in either dialect:
//!
//! | line | a change | a load |
//! |---|---|---|
//! | `SERVER_ERROR`: too large, out of memory | refused | refused |
//! | `SERVER_ERROR no partition available`: a Flare node without a role | down | down |
//! | any other `SERVER_ERROR`, such as a proxy's when its server does not answer | unknown | down |
//! | `CLIENT_ERROR`, `ERROR` | refused | refused |
//! | the same, and it asks for a login or takes no connection | down | down |

use crate::{
    quote,
    store::operation::{Reason, StoreError},
};

/// What Flare says to each change while its node has no role.
const NO_ROLE: &[u8] = b"SERVER_ERROR no partition available";

/// What became of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The server does not do it.
    Refused,
    /// It is not done, and neither are others.
    Down,
    /// It may be done.
    Unknown,
}

impl Meaning {
    /// Returns what a line means that answers an operation.
    pub(super) fn of(line: &[u8]) -> Self {
        let has =
            |words: &[u8]| line.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words));
        let is_by_server = line.starts_with(b"SERVER_ERROR");
        match () {
            () if line == NO_ROLE => Self::Down,
            () if is_by_server && (has(b"too large") || has(b"out of memory")) => Self::Refused,
            () if is_by_server => Self::Unknown,
            () if has(b"unauthenticated") || has(b"too many open connections") => Self::Down,
            () => Self::Refused,
        }
    }

    /// Returns the outcome of a change.
    pub(super) fn of_change(self, why: Reason) -> StoreError {
        match self {
            Self::Refused => StoreError::Refused(why),
            Self::Down => StoreError::Down(why),
            Self::Unknown => StoreError::Unknown(why),
        }
    }

    /// Returns the outcome of a load.
    pub(super) fn of_load(self, why: Reason) -> StoreError {
        match self {
            Self::Refused => StoreError::Refused(why),
            Self::Down | Self::Unknown => StoreError::Down(why),
        }
    }
}

/// Why a conversation ends after such a line.
pub(super) const UNREAD: &str = "an error after which it may take a value for requests";

/// Returns whether a server may take the rest of a request for another one after it answered with
/// this line. It has read a value that it refuses, unless it did not understand the request line.
pub(super) fn is_unread(line: &[u8]) -> bool {
    !line.starts_with(b"SERVER_ERROR")
}

/// Makes the reason for a refusal, which quotes an error line of a server, and says what to do.
pub(super) fn refused(name: &str, line: &[u8]) -> Reason {
    let says = says(line);
    if line == NO_ROLE {
        return at(
            name,
            &format!("{says}: give the node a role (`node role` of the index server)"),
        );
    }
    at(name, &says)
}

/// Quotes an error line of a server, as a text that follows its name.
pub(super) fn says(line: &[u8]) -> String {
    format!("says `{}`", quote::said(line))
}

/// Makes the reason for a failure at the server of this name.
pub(super) fn at(name: &str, why: &str) -> Reason {
    Reason::new(format!("memcached {name} {why}")).at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_line_says_whether_the_change_was_made() {
        for (line, change, load) in [
            ("SERVER_ERROR object too large for cache", "refused", "refused"),
            ("SERVER_ERROR out of memory storing object", "refused", "refused"),
            ("SERVER_ERROR Connection timed out", "unknown", "down"),
            ("SERVER_ERROR no partition available", "down", "down"),
            ("SERVER_ERROR", "unknown", "down"),
            ("CLIENT_ERROR bad data chunk", "refused", "refused"),
            ("CLIENT_ERROR unauthenticated", "down", "down"),
            ("ERROR", "refused", "refused"),
            ("ERROR Too many open connections", "down", "down"),
        ] {
            let meaning = Meaning::of(line.as_bytes());
            let word = |error| match error {
                StoreError::Refused(_) => "refused",
                StoreError::Down(_) => "down",
                StoreError::Unknown(_) => "unknown",
            };
            let why = || refused("s:1", line.as_bytes());
            assert_eq!(word(meaning.of_change(why())), change, "{line}");
            assert_eq!(word(meaning.of_load(why())), load, "{line}");
        }
    }
}
