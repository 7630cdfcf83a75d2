//! Parses one answer of the classic protocol at the front of the received bytes.

use crate::store::memcached::proto::{
    END_OF_LINE,
    answer::{Answer, Flags, Parsed, is_error, line, number},
};

/// Reads the answer at the front of `bytes`. A value of more than `max_value` bytes is none.
pub(in crate::store::memcached::proto) fn parse(bytes: &[u8], max_value: usize) -> Parsed<'_> {
    let line = match line(bytes) {
        Ok(Some(line)) => line,
        Ok(None) => return Parsed::Partial { needed: bytes.len() + 1 },
        Err(broken) => return Parsed::Broken(broken),
    };
    let used = line.len() + END_OF_LINE.len();
    let none = Flags::default();
    let answer = match line {
        b"STORED" => Answer::Stored,
        b"NOT_STORED" => Answer::NotStored(none),
        b"EXISTS" => Answer::Exists(none),
        b"NOT_FOUND" => Answer::NotFound(none),
        b"DELETED" => Answer::Deleted,
        b"TOUCHED" => Answer::Touched,
        b"END" => Answer::Barrier,
        [b'V', b'A', b'L', b'U', b'E', b' ', head @ ..] => {
            return value(bytes, used, head, max_value);
        }
        _ if is_error(line) => Answer::Refused(line),
        // Some servers append the spaces that fill up a number which has become shorter.
        _ => match number(line.trim_ascii_end()) {
            Some(number) => Answer::Number(number),
            None => return Parsed::Broken("an unknown answer"),
        },
    };
    Parsed::Answer(answer, used)
}

/// Parses a value whose line takes the first `start` bytes. `head` is `key flags length version`.
fn value<'a>(bytes: &'a [u8], start: usize, head: &'a [u8], max_value: usize) -> Parsed<'a> {
    let mut words = head.split(|&byte| byte == b' ');
    let (key, flags, length) = (words.next(), words.next(), words.next());
    let flags = flags.and_then(number).filter(|&flags| u32::try_from(flags).is_ok());
    let (Some(key), Some(flags), Some(length)) = (key, flags, length.and_then(number)) else {
        return Parsed::Broken("a value whose line cannot be read");
    };
    let (Some(version), None) = (words.next().and_then(number), words.next()) else {
        return Parsed::Broken("a value without its version");
    };
    let Some(length) = usize::try_from(length).ok().filter(|&length| length <= max_value) else {
        return Parsed::Broken("a value that is larger than its largest item");
    };
    let end = start + length;
    let needed = end + END_OF_LINE.len();
    let flags = Flags { version: Some(version), client_flags: Some(flags), ..Flags::default() };
    match bytes.get(end..needed) {
        None => Parsed::Partial { needed },
        Some(END_OF_LINE) => Parsed::Answer(Answer::Hit(key, &bytes[start..end], flags), needed),
        Some(_) => Parsed::Broken("a value that is longer than it says"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::memcached::proto::answer::checks;

    fn answers() -> Vec<(&'static [u8], Answer<'static>)> {
        let none = Flags::default();
        let version = |version, flags| Flags {
            version: Some(version),
            client_flags: Some(flags),
            ..Flags::default()
        };
        vec![
            (b"VALUE k 0 3 7\r\na\r\n\r\n", Answer::Hit(b"k", b"a\r\n", version(7, 0))),
            (
                b"VALUE \xff 4294967295 0 18446744073709551615\r\n\r\n",
                Answer::Hit(b"\xff", b"", version(u64::MAX, u64::from(u32::MAX))),
            ),
            (b"END\r\n", Answer::Barrier),
            (b"STORED\r\n", Answer::Stored),
            (b"NOT_STORED\r\n", Answer::NotStored(none)),
            (b"EXISTS\r\n", Answer::Exists(none)),
            (b"NOT_FOUND\r\n", Answer::NotFound(none)),
            (b"DELETED\r\n", Answer::Deleted),
            (b"TOUCHED\r\n", Answer::Touched),
            (b"18446744073709551615\r\n", Answer::Number(u64::MAX)),
            (b"9 \r\n", Answer::Number(9)),
            (b"ERROR\r\n", Answer::Refused(b"ERROR")),
            (b"CLIENT_ERROR bad\r\n", Answer::Refused(b"CLIENT_ERROR bad")),
            (b"SERVER_ERROR out of memory\r\n", Answer::Refused(b"SERVER_ERROR out of memory")),
        ]
    }

    #[test]
    fn each_answer_is_read_wherever_it_is_cut() {
        checks::are_read_wherever_they_are_cut(parse, answers(), b"STORED\r\n");
    }

    #[test]
    fn bytes_that_are_not_an_answer_are_broken_and_not_partial() {
        checks::are_broken(
            parse,
            &[
                &b"VALUE k 0 1\r\nv\r\n"[..],
                b"VALUE k 0 1 7 8\r\nv\r\n",
                b"VALUE k 0 1 x\r\nv\r\n",
                b"VALUE k -1 1 7\r\nv\r\n",
                b"VALUE k 4294967296 1 7\r\nv\r\n",
                b"VALUE k 0 -1 7\r\n",
                b"VALUE k 0 1048577 7\r\n",
                b"VALUE k 0 18446744073709551616 7\r\n",
                b"VALUE k 0 1 7\r\nvv\r\n",
                b"VALUE \r\n",
                b"VALUE\r\n",
                b"STORED \r\n",
                b"STORED\n",
                b"HD\r\n",
                b"-1\r\n",
                b"18446744073709551616\r\n",
                b"\r\n",
                b"ERRORS\r\n",
            ],
        );
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            checks::is_sound(parse, &bytes);
        }

        #[test]
        fn nothing_that_looks_like_an_answer_breaks_the_parser(words in prop::collection::vec(
            prop::sample::select(vec![
                "VALUE", "END", " ", "1", "0", "k", "STORED", "DELETED", "\r\n", "ERROR", "\n",
            ]),
            0..20,
        )) {
            checks::is_sound(parse, words.concat().as_bytes());
        }
    }
}
