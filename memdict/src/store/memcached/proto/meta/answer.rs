//! Parses one answer to a meta command at the front of the received bytes.

use crate::store::memcached::proto::{
    END_OF_LINE, Mark,
    answer::{Answer, Flags, Left, Parsed, is_error, line, number},
};

/// Reads the answer at the front of `bytes`. A value of more than `max_value` bytes is none.
pub(in crate::store::memcached::proto) fn parse(bytes: &[u8], max_value: usize) -> Parsed<'_> {
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
        b"VA" => return value(bytes, used, behind, max_value),
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
        None => Parsed::Broken("an answer with flags that cannot be read"),
    }
}

/// Parses a value whose line takes the first `start` bytes. `behind` holds its length and flags.
fn value<'a>(bytes: &'a [u8], start: usize, behind: &[u8], max_value: usize) -> Parsed<'a> {
    let behind = behind.strip_prefix(b" ").unwrap_or_default();
    let digits = behind.iter().position(|&byte| byte == b' ').unwrap_or(behind.len());
    let Some(length) = number(&behind[..digits]) else {
        return Parsed::Broken("a value without a length");
    };
    let Some(length) = usize::try_from(length).ok().filter(|&length| length <= max_value) else {
        return Parsed::Broken("a value that is larger than its largest item");
    };
    let Some(flags) = flags(&behind[digits..]) else {
        return Parsed::Broken("an answer with flags that cannot be read");
    };
    let end = start + length;
    let needed = end + END_OF_LINE.len();
    match bytes.get(end..needed) {
        None => Parsed::Partial { needed },
        Some(END_OF_LINE) => Parsed::Answer(Answer::Value(&bytes[start..end], flags), needed),
        Some(_) => Parsed::Broken("a value that is longer than it says"),
    }
}

/// Parses the flags that are used here, each of which has one value. Others are ignored, because
/// new ones may be added.
fn flags(text: &[u8]) -> Option<Flags> {
    let mut flags = Flags::default();
    for word in text.split(|&byte| byte == b' ') {
        match word {
            [b'c', digits @ ..] if flags.version.is_none() => {
                flags.version = Some(number(digits)?);
            }
            // A mark that is not two bytes long is not one of ours.
            [b'O', mark @ ..] if flags.mark.is_none() => {
                flags.mark = Some(Mark(mark.try_into().unwrap_or_default()));
            }
            [b't', left @ ..] if flags.life.is_none() => flags.life = Some(life(left)?),
            [b'f', digits @ ..] if flags.client_flags.is_none() => {
                flags.client_flags = Some(number(digits)?);
            }
            [b'c' | b'O' | b't' | b'f', ..] => return None,
            b"W" => flags.won = true,
            b"X" => flags.stale = true,
            b"Z" => flags.taken = true,
            _ => {}
        }
    }
    Some(flags)
}

fn life(left: &[u8]) -> Option<Left> {
    match left {
        b"-1" => Some(Left::Forever),
        digits => number(digits).map(Left::Seconds),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::memcached::proto::answer::{MAX_LINE, checks};

    const NONE: Flags = Flags {
        version: None,
        mark: None,
        life: None,
        client_flags: None,
        stale: false,
        won: false,
        taken: false,
    };
    const VERSION_7: Flags = Flags { version: Some(7), ..NONE };

    fn answers() -> Vec<(&'static [u8], Answer<'static>)> {
        let none = Flags::default();
        vec![
            (b"VA 3 c7\r\na\r\n\r\n", Answer::Value(b"a\r\n", VERSION_7)),
            (b"VA 0\r\n\r\n", Answer::Value(b"", none)),
            (
                b"VA 1 c7 t-1 W\r\nv\r\n",
                Answer::Value(b"v", Flags { life: Some(Left::Forever), won: true, ..VERSION_7 }),
            ),
            (
                b"VA 1 c7 t60 Z X\r\nv\r\n",
                Answer::Value(
                    b"v",
                    Flags { life: Some(Left::Seconds(60)), taken: true, stale: true, ..VERSION_7 },
                ),
            ),
            (b"HD c7\r\n", Answer::Done(VERSION_7)),
            (b"HD\r\n", Answer::Done(none)),
            (b"EN\r\n", Answer::Miss(none)),
            (b"EN O00\r\n", Answer::Miss(Flags { mark: Some(Mark::of(0)), ..none })),
            (
                b"NF c0 kkey f5\r\n",
                Answer::NotFound(Flags { version: Some(0), client_flags: Some(5), ..none }),
            ),
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
        checks::are_read_wherever_they_are_cut(parse, answers(), b"HD\r\n");
    }

    #[test]
    fn bytes_that_are_not_an_answer_are_broken_and_not_partial() {
        checks::are_broken(
            parse,
            &[
                &b"VA\r\n"[..],
                b"VA x\r\n",
                b"VA -1\r\n",
                b"VA 18446744073709551616\r\n",
                b"VA 1048577\r\n",
                b"VA 1 c7 c8\r\nv\r\n",
                b"HD O00 O01\r\n",
                b"VA 1\r\nvv\r\n",
                b"VA 1 cx\r\nv\r\n",
                b"HD c\r\n",
                b"HD t\r\n",
                b"HD t-2\r\n",
                b"HD t1 t1\r\n",
                b"HD c99999999999999999999\r\n",
                b"HDX\r\n",
                b"OK\r\n",
                b"STORED\r\n",
                b"\r\n",
                b"HD\n",
                b"ERRORS\r\n",
                &[b'x'; MAX_LINE],
            ],
        );
    }

    #[test]
    fn marks_differ_for_4096_requests() {
        let marks: std::collections::HashSet<_> = (0..4096).map(|n| Mark::of(n).0).collect();
        assert_eq!(marks.len(), 4096);
        assert_eq!(Mark::of(4096), Mark::of(0));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            checks::is_sound(parse, &bytes);
        }

        #[test]
        fn nothing_that_looks_like_an_answer_breaks_the_parser(words in prop::collection::vec(
            prop::sample::select(vec!["VA", "HD", " ", "1", "c7", "O00", "W", "t5", "t-1", "X", "Z", "\r\n", "ERROR", "\n"]),
            0..20,
        )) {
            checks::is_sound(parse, words.concat().as_bytes());
        }
    }
}
