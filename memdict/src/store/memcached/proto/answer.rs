//! What a server answers, in either dialect, and what both have in common: lines, errors and
//! numbers.

#[cfg(test)]
pub(super) mod checks;

use memchr::memchr;

use super::Mark;

/// A longer line is not one of memcached's. Its lines are much shorter, except an error that quotes
/// a request.
pub(super) const MAX_LINE: usize = 2_048;

/// What the received bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::memcached) enum Parsed<'a> {
    /// An answer, and its length in bytes.
    Answer(Answer<'a>, usize),
    /// The beginning of an answer, which needs this many bytes in all to be parsed further.
    Partial { needed: usize },
    /// Bytes that no answer of memcached begins with.
    Broken(&'static str),
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::memcached) enum Answer<'a> {
    /// `VA`: a value.
    Value(&'a [u8], Flags),
    /// `HD`: done.
    Done(Flags),
    /// `EN`: no value to get.
    Miss(Flags),
    /// `NF`, `NOT_FOUND`: no value to change.
    NotFound(Flags),
    /// `NS`, `NOT_STORED`: not stored.
    NotStored(Flags),
    /// `EX`, `EXISTS`: a value of another version.
    Exists(Flags),
    /// `MN`: everything that was asked before has been answered. `END`: there are no more values.
    Barrier,
    /// `VALUE`: the value of one of several keys.
    Hit(&'a [u8], &'a [u8], Flags),
    /// `STORED`.
    Stored,
    /// `DELETED`.
    Deleted,
    /// `TOUCHED`.
    Touched,
    /// A number that was changed.
    Number(u64),
    /// `SERVER_ERROR`, `CLIENT_ERROR` or `ERROR`: the whole line. It has no flags.
    Refused(&'a [u8]),
}

/// The flags that follow a return code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store::memcached) struct Flags {
    /// The value's version (`c`).
    pub(in crate::store::memcached) version: Option<u64>,
    /// The mark of the request (`O`).
    pub(in crate::store::memcached) mark: Option<Mark>,
    /// How much life is left (`t`).
    pub(in crate::store::memcached) life: Option<Left>,
    /// What its writer marked it with (`f`).
    pub(in crate::store::memcached) client_flags: Option<u64>,
    /// Whether the value is stale (`X`).
    pub(in crate::store::memcached) stale: bool,
    /// Whether this request got the right to make or renew the value (`W`).
    pub(in crate::store::memcached) won: bool,
    /// Whether another request got that right (`Z`).
    pub(in crate::store::memcached) taken: bool,
}

/// How much life a value has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::memcached) enum Left {
    /// It does not expire.
    Forever,
    /// It expires when the server has begun this many more seconds.
    Seconds(u64),
}

impl Answer<'_> {
    /// Returns the mark, if the answer has one.
    pub(in crate::store::memcached) fn mark(&self) -> Option<Mark> {
        match self {
            Self::Value(_, flags)
            | Self::Done(flags)
            | Self::Miss(flags)
            | Self::NotFound(flags)
            | Self::NotStored(flags)
            | Self::Exists(flags) => flags.mark,
            Self::Barrier
            | Self::Hit(..)
            | Self::Stored
            | Self::Deleted
            | Self::Touched
            | Self::Number(_)
            | Self::Refused(_) => None,
        }
    }
}

/// Returns the first line without its line end, or `None` if it is incomplete.
pub(super) fn line(bytes: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    match memchr(b'\n', within) {
        Some(end) => {
            within[..end].strip_suffix(b"\r").map(Some).ok_or("a line without a carriage return")
        }
        None if bytes.len() < MAX_LINE => Ok(None),
        None => Err("a line without an end"),
    }
}

/// Returns whether a line is one of the three errors.
pub(super) fn is_error(line: &[u8]) -> bool {
    let word = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(word, b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR")
}

/// Reads decimal digits, without a sign.
pub(in crate::store::memcached) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}
