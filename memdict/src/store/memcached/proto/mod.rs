//! The bytes of the protocol. Only this folder knows how a line ends, and it does no I/O.
//!
//! `request` is what is asked, `window` holds requests that are being sent, and `answer` is what a
//! server answers. How they are written and read is in `meta` and in `classic`, and `dialect`
//! chooses. `greeting` is the conversation that a connection begins with, and finds the dialect out.

pub(super) mod answer;
mod classic;
pub(super) mod dialect;
pub(super) mod greeting;
pub(super) mod manner;
mod meta;
pub(super) mod request;
pub(super) mod window;

/// The end of each line.
pub(super) const END_OF_LINE: &[u8] = b"\r\n";

/// A way to speak to a server. A connection keeps to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    /// Meta commands, since memcached 1.6.13.
    #[default]
    Meta,
    /// The classic commands (`gets`, `cas`), which every server and proxy has.
    Classic,
}

/// A mark that a request carries and its answer repeats. Answers belong to requests by position; an
/// unexpected mark shows that the two are out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u8; 2]);

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

impl Mark {
    /// How many marks there are before they repeat.
    const MANY: u32 = 64 * 64;

    /// Returns the mark of a connection's `n`-th request.
    pub(super) fn of(n: u32) -> Self {
        Self([DIGITS[(n >> 6) as usize % 64], DIGITS[n as usize % 64]])
    }

    /// Returns how many requests after the `n`-th the next one with this mark comes. If no request
    /// has this mark, the number is larger than any other.
    pub(super) fn after(self, n: u32) -> u32 {
        let digit = |byte| DIGITS.iter().position(|&digit| digit == byte);
        match (digit(self.0[0]), digit(self.0[1])) {
            (Some(high), Some(low)) => (((high << 6) | low) as u32).wrapping_sub(n) % Self::MANY,
            _ => Self::MANY,
        }
    }
}

#[cfg(any(test, fuzzing))]
impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}
