//! One answer at the front of what was received.

use memchr::memchr;

use super::{END_OF_LINE, Mark};

/// A line without an end within so many bytes is none of memcached's. Its lines are much shorter;
/// an error that quotes a request is not.
const MAX_LINE: usize = 2_048;

/// memcached takes no larger item, whatever its option `-I` says.
const MAX_VALUE: usize = 1 << 30;

/// What the front of the received bytes is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::memcached) enum Parsed<'a> {
    /// An answer of this many bytes.
    Answer(Answer<'a>, usize),
    /// The beginning of one: nothing can be said before there are so many bytes in all.
    Partial { needed: usize },
    /// No answer of memcached, whatever follows.
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
    /// `NF`: no value to change.
    NotFound(Flags),
    /// `NS`: not stored.
    NotStored(Flags),
    /// `EX`: a value of another version.
    Exists(Flags),
    /// `MN`: all that was asked before is answered.
    Barrier,
    /// `SERVER_ERROR`, `CLIENT_ERROR` or `ERROR`, as it is. It has no flags.
    Refused(&'a [u8]),
}

/// What stands behind a return code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store::memcached) struct Flags {
    /// The value's version (`c`).
    pub(in crate::store::memcached) version: Option<u64>,
    /// The mark of the request (`O`).
    pub(in crate::store::memcached) mark: Option<Mark>,
    /// Somebody is to renew the value, or to make it first: it is none to be used (`W`, `X`, `Z`).
    pub(in crate::store::memcached) not_fresh: bool,
}

impl Answer<'_> {
    /// The mark, where the answer has one.
    pub(in crate::store::memcached) fn mark(&self) -> Option<Mark> {
        match self {
            Self::Value(_, flags)
            | Self::Done(flags)
            | Self::Miss(flags)
            | Self::NotFound(flags)
            | Self::NotStored(flags)
            | Self::Exists(flags) => flags.mark,
            Self::Barrier | Self::Refused(_) => None,
        }
    }
}

/// Reads the answer at the front of `bytes`.
pub(in crate::store::memcached) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let (line, rest) = match line(bytes) {
        Ok(Some(line)) => (line, &bytes[line.len() + END_OF_LINE.len()..]),
        Ok(None) => return Parsed::Partial { needed: bytes.len() + 1 },
        Err(broken) => return Parsed::Broken(broken),
    };
    let used = bytes.len() - rest.len();
    let (code, behind) = line.split_at(line.len().min(2));
    if !(behind.is_empty() || behind[0] == b' ') {
        return match is_error(line) {
            true => Parsed::Answer(Answer::Refused(line), used),
            false => Parsed::Broken("an unknown answer"),
        };
    }
    let answer = match code {
        b"VA" => return value(bytes, used, behind),
        b"HD" => Answer::Done,
        b"EN" => Answer::Miss,
        b"NF" => Answer::NotFound,
        b"NS" => Answer::NotStored,
        b"EX" => Answer::Exists,
        b"MN" => return Parsed::Answer(Answer::Barrier, used),
        _ => return Parsed::Broken("an unknown answer"),
    };
    match flags(behind) {
        Some(flags) => Parsed::Answer(answer(flags), used),
        None => Parsed::Broken("an answer with a version that is no number"),
    }
}

/// The first line, without its end; none if it has not ended yet.
pub(super) fn line(bytes: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    match memchr(b'\n', within) {
        Some(end) => {
            within[..end].strip_suffix(b"\r").map(Some).ok_or("a line that ends with half its end")
        }
        None if bytes.len() < MAX_LINE => Ok(None),
        None => Err("a line without an end"),
    }
}

/// Whether a line is one of the three errors.
fn is_error(line: &[u8]) -> bool {
    let word = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(word, b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR")
}

/// A value whose line takes the first `start` bytes; its length and flags stand in `behind`.
fn value<'a>(bytes: &'a [u8], start: usize, behind: &[u8]) -> Parsed<'a> {
    let behind = behind.strip_prefix(b" ").unwrap_or_default();
    let digits = behind.iter().position(|&byte| byte == b' ').unwrap_or(behind.len());
    let length = number(&behind[..digits]).and_then(|length| usize::try_from(length).ok());
    let Some(length) = length.filter(|&length| length <= MAX_VALUE) else {
        return Parsed::Broken("a value without a length");
    };
    let Some(flags) = flags(&behind[digits..]) else {
        return Parsed::Broken("an answer with a version that is no number");
    };
    let end = start + length;
    let needed = end + END_OF_LINE.len();
    match bytes.get(end..needed) {
        None => Parsed::Partial { needed },
        Some(END_OF_LINE) => Parsed::Answer(Answer::Value(&bytes[start..end], flags), needed),
        Some(_) => Parsed::Broken("a value that is not as long as it says"),
    }
}

/// The flags that mean something here; others are passed over, as new ones may come.
fn flags(text: &[u8]) -> Option<Flags> {
    let mut flags = Flags::default();
    for word in text.split(|&byte| byte == b' ') {
        match word {
            [b'c', digits @ ..] => flags.version = Some(number(digits)?),
            // One that is not two bytes long is none of ours.
            [b'O', mark @ ..] => flags.mark = Some(Mark(mark.try_into().unwrap_or_default())),
            [b'W' | b'X' | b'Z'] => flags.not_fresh = true,
            _ => {}
        }
    }
    Some(flags)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERSION_7: Flags = Flags { version: Some(7), mark: None, not_fresh: false };

    fn answers() -> Vec<(&'static [u8], Answer<'static>)> {
        let none = Flags::default();
        vec![
            (b"VA 3 c7\r\na\r\n\r\n", Answer::Value(b"a\r\n", VERSION_7)),
            (b"VA 0\r\n\r\n", Answer::Value(b"", none)),
            (b"VA 1 c7 W Z\r\nv\r\n", Answer::Value(b"v", Flags { not_fresh: true, ..VERSION_7 })),
            (b"HD c7\r\n", Answer::Done(VERSION_7)),
            (b"HD\r\n", Answer::Done(none)),
            (b"EN\r\n", Answer::Miss(none)),
            (b"EN O00\r\n", Answer::Miss(Flags { mark: Some(Mark::of(0)), ..none })),
            (b"NF c0 kkey f5\r\n", Answer::NotFound(Flags { version: Some(0), ..none })),
            (b"NS\r\n", Answer::NotStored(none)),
            (b"EX c7\r\n", Answer::Exists(VERSION_7)),
            (b"MN\r\n", Answer::Barrier),
            (b"ERROR\r\n", Answer::Refused(b"ERROR")),
            (b"CLIENT_ERROR bad\r\n", Answer::Refused(b"CLIENT_ERROR bad")),
            (b"SERVER_ERROR out of memory\r\n", Answer::Refused(b"SERVER_ERROR out of memory")),
        ]
    }

    #[test]
    fn each_answer_is_read_wherever_it_is_cut() {
        for (bytes, answer) in answers() {
            for cut in 0..bytes.len() {
                let Parsed::Partial { needed } = parse(&bytes[..cut]) else {
                    panic!("{:?} cut at {cut}", bytes.escape_ascii().to_string())
                };
                assert!(cut < needed && needed <= bytes.len(), "{cut} {needed}");
            }
            let followed = [bytes, b"HD\r\n"].concat();
            assert_eq!(parse(&followed), Parsed::Answer(answer, bytes.len()));
        }
    }

    #[test]
    fn what_is_no_answer_is_broken_and_not_waited_for() {
        for bytes in [
            &b"VA\r\n"[..],
            b"VA x\r\n",
            b"VA -1\r\n",
            b"VA 18446744073709551616\r\n",
            b"VA 1073741825\r\n",
            b"VA 1\r\nvv\r\n",
            b"VA 1 cx\r\nv\r\n",
            b"HD c\r\n",
            b"HD c99999999999999999999\r\n",
            b"HDX\r\n",
            b"OK\r\n",
            b"STORED\r\n",
            b"\r\n",
            b"HD\n",
            b"ERRORS\r\n",
            &[b'x'; MAX_LINE],
        ] {
            let shown = bytes.escape_ascii().to_string();
            assert!(matches!(parse(bytes), Parsed::Broken(_)), "{shown}");
        }
    }

    #[test]
    fn marks_are_told_apart_for_4096_requests() {
        let marks: std::collections::HashSet<_> = (0..4096).map(|n| Mark::of(n).0).collect();
        assert_eq!(marks.len(), 4096);
        assert_eq!(Mark::of(4096), Mark::of(0));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            check(&bytes);
        }

        #[test]
        fn nothing_that_looks_like_answers_breaks_it(words in prop::collection::vec(
            prop::sample::select(vec!["VA", "HD", " ", "1", "c7", "O00", "W", "\r\n", "ERROR", "\n"]),
            0..20,
        )) {
            check(words.concat().as_bytes());
        }
    }

    /// What is used is there, what is asked for is not.
    fn check(bytes: &[u8]) {
        match parse(bytes) {
            Parsed::Answer(_, used) => assert!(0 < used && used <= bytes.len()),
            Parsed::Partial { needed } => assert!(needed > bytes.len()),
            Parsed::Broken(_) => {}
        }
    }
}
