//! The requests by meta commands, as they are written into a window.

use crate::store::{
    memcached::proto::{
        Mark,
        request::{Ask, Life, Sum, When},
        window::Window,
    },
    operation::By,
};

/// Asks for a value and its version, and what else is asked.
///
/// The server does what the flags say in their order. The right to renew depends on the life
/// that the value was found with. A new end of life comes before a lease, because it would else
/// be that of the placeholder. What is left is told at the end.
pub(in crate::store::memcached::proto) fn get(
    window: &mut Window<'_>,
    key: &[u8],
    ask: Ask,
    mark: Mark,
) {
    begin(window, b"mg ", key);
    window.text.extend_from_slice(b" v c");
    for (flag, number) in [(b" R", ask.renew), (b" T", ask.expiry), (b" N", ask.lease)] {
        if let Some(number) = number {
            window.word(flag, u64::from(number));
        }
    }
    if ask.life {
        window.text.extend_from_slice(b" t f");
    }
    end_line(window, mark);
    window.end_request();
}

/// Asks for a sign that every earlier request has been processed.
/// Asks for an answer after all answers. Some routes of memcached's built-in proxy do not answer it
/// without spaces at its end.
pub(in crate::store::memcached::proto) const BARRIER: &[u8] = b"mn  \r\n";

pub(in crate::store::memcached::proto) fn barrier(window: &mut Window<'_>) {
    window.text.extend_from_slice(BARRIER);
}

/// Stores a value. If it is `silent`, success is not answered.
pub(in crate::store::memcached::proto) fn store<'a>(
    window: &mut Window<'a>,
    key: &[u8],
    value: &'a [u8],
    life: Life,
    when: When,
    silent: bool,
    mark: Mark,
) {
    begin(window, b"ms ", key);
    window.word(b" ", value.len() as u64);
    if silent {
        window.text.extend_from_slice(b" q");
    }
    if let Some(ttl) = life.ttl {
        window.word(b" T", u64::from(ttl));
    }
    if let Some(mark) = life.mark {
        window.word(b" F", u64::from(mark));
    }
    match when {
        When::Always => {}
        When::Absent => window.text.extend_from_slice(b" ME"),
        When::Version(version) => window.word(b" C", version),
    }
    end_line(window, mark);
    window.value(value);
    window.end_request();
}

/// Deletes a value. With `version`, only if the value has that version.
pub(in crate::store::memcached::proto) fn delete(
    window: &mut Window<'_>,
    key: &[u8],
    version: Option<u64>,
    mark: Mark,
) {
    begin(window, b"md ", key);
    if let Some(version) = version {
        window.word(b" C", version);
    }
    end_line(window, mark);
    window.end_request();
}

/// Sets an end of life, and asks for the version.
pub(in crate::store::memcached::proto) fn touch(
    window: &mut Window<'_>,
    key: &[u8],
    expiry: u32,
    mark: Mark,
) {
    begin(window, b"mg ", key);
    window.text.extend_from_slice(b" c");
    window.word(b" T", u64::from(expiry));
    end_line(window, mark);
    window.end_request();
}

/// Makes a value stale, and takes back the right to renew it. With `version`, only if the value
/// has that version.
pub(in crate::store::memcached::proto) fn invalidate(
    window: &mut Window<'_>,
    key: &[u8],
    version: Option<u64>,
    expiry: Option<u32>,
    mark: Mark,
) {
    begin(window, b"md ", key);
    window.text.extend_from_slice(b" I");
    if let Some(expiry) = expiry {
        window.word(b" T", u64::from(expiry));
    }
    if let Some(version) = version {
        window.word(b" C", version);
    }
    end_line(window, mark);
    window.end_request();
}

/// Changes a number, and asks for the new one.
pub(in crate::store::memcached::proto) fn count(
    window: &mut Window<'_>,
    key: &[u8],
    sum: Sum,
    mark: Mark,
) {
    begin(window, b"ma ", key);
    window.text.extend_from_slice(b" v");
    let amount = match sum.by {
        By::Adding(amount) => amount,
        By::Subtracting(amount) => {
            window.text.extend_from_slice(b" MD");
            amount
        }
    };
    window.word(b" D", amount);
    // The other way around, a number that begins would get the end of life of one that exists.
    if let Some(expiry) = sum.expiry {
        window.word(b" T", u64::from(expiry));
    }
    if let Some((number, expiry)) = sum.start {
        window.word(b" N", u64::from(expiry));
        window.word(b" J", number);
    }
    end_line(window, mark);
    window.end_request();
}

fn begin(window: &mut Window<'_>, command: &[u8; 3], key: &[u8]) {
    window.text.extend_from_slice(command);
    window.text.extend_from_slice(key);
}

fn end_line(window: &mut Window<'_>, mark: Mark) {
    window.text.extend_from_slice(&[b' ', b'O', mark.0[0], mark.0[1], b'\r', b'\n']);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark(*b"00");

    /// Returns the bytes of a window without large values.
    fn text(window: Window<'_>) -> String {
        window.into_buffer().escape_ascii().to_string()
    }

    #[test]
    fn requests_have_these_bytes() {
        let mut window = Window::default();
        window.get(b"k", Ask::default(), MARK);
        window.store(b"k", b"v", Life::default(), When::Always, false, MARK);
        window.store(b"k", b"", Life { ttl: Some(60), mark: None }, When::Absent, false, MARK);
        window.store(
            b"k",
            b"\r\n",
            Life { ttl: Some(0), mark: Some(9) },
            When::Version(u64::MAX),
            true,
            MARK,
        );
        window.delete(b"k", None, MARK);
        window.delete(b"k", Some(0), MARK);
        window.barrier();
        let expected = "mg k v c O00\r\nms k 1 O00\r\nv\r\nms k 0 T60 ME O00\r\n\r\n\
                        ms k 2 q T0 F9 C18446744073709551615 O00\r\n\r\n\r\nmd k O00\r\nmd k C0 O00\r\nmn  \r\n";
        assert_eq!(text(window), expected.as_bytes().escape_ascii().to_string());
    }

    #[test]
    fn requests_that_ask_for_more_have_these_bytes() {
        let mut window = Window::default();
        let (renew, expiry, lease) = (Some(31), Some(0), Some(6));
        window.get(b"k", Ask { renew, ..Ask::default() }, MARK);
        window.get(b"k", Ask { expiry, life: true, ..Ask::default() }, MARK);
        window.get(b"k", Ask { renew, expiry, lease, life: true }, MARK);
        window.touch(b"k", 61, MARK);
        window.invalidate(b"k", None, None, MARK);
        window.invalidate(b"k", Some(7), Some(30), MARK);
        let by = By::Adding(5);
        window.count(b"k", Sum { by, start: None, expiry: None }, MARK);
        window.count(b"k", Sum { by, start: Some((5, 61)), expiry: Some(62) }, MARK);
        let by = By::Subtracting(u64::MAX);
        window.count(b"k", Sum { by, start: Some((0, 0)), expiry: None }, MARK);
        let expected = "mg k v c R31 O00\r\nmg k v c T0 t f O00\r\nmg k v c R31 T0 N6 t f O00\r\n\
                        mg k c T61 O00\r\nmd k I O00\r\nmd k I T30 C7 O00\r\n\
                        ma k v D5 O00\r\nma k v D5 T62 N61 J5 O00\r\n\
                        ma k v MD D18446744073709551615 N0 J0 O00\r\n";
        assert_eq!(text(window), expected.as_bytes().escape_ascii().to_string());
    }
}
