//! The requests of the classic protocol, as they are written into a window.
//!
//! No lifetime is negative: some servers refuse one, and then read the value as a request.

use crate::store::{
    memcached::proto::{
        END_OF_LINE,
        request::{Life, When},
        window::Window,
    },
    operation::By,
    ttl,
};

/// Asks for the values of keys, and their versions. That is as many requests as there are keys.
pub(in crate::store::memcached::proto) fn gets<'k>(
    window: &mut Window<'_>,
    keys: impl Iterator<Item = &'k [u8]>,
) {
    window.text.extend_from_slice(b"gets");
    let mut many = 0;
    for key in keys {
        window.text.push(b' ');
        window.text.extend_from_slice(key);
        many += 1;
    }
    window.text.extend_from_slice(END_OF_LINE);
    (0..many).for_each(|_| window.end_request());
}

/// Stores a value.
pub(in crate::store::memcached::proto) fn store<'a>(
    window: &mut Window<'a>,
    key: &[u8],
    value: &'a [u8],
    life: Life,
    when: When,
) {
    head_of_store(window, key, value.len(), life.ttl.unwrap_or(ttl::NEVER), when);
    window.value(value);
    window.end_request();
}

/// Stores a number if there is no value.
pub(in crate::store::memcached::proto) fn begin_number(
    window: &mut Window<'_>,
    key: &[u8],
    number: u64,
    expiry: u32,
) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    head_of_store(window, key, digits.len(), expiry, When::Absent);
    window.text.extend_from_slice(digits);
    window.text.extend_from_slice(END_OF_LINE);
    window.end_request();
}

fn head_of_store(window: &mut Window<'_>, key: &[u8], length: usize, expiry: u32, when: When) {
    let command: &[u8] = match when {
        When::Always => b"set ",
        When::Absent => b"add ",
        When::Version(_) => b"cas ",
    };
    window.text.extend_from_slice(command);
    window.text.extend_from_slice(key);
    window.word(b" 0 ", u64::from(expiry));
    window.word(b" ", length as u64);
    if let When::Version(version) = when {
        window.word(b" ", version);
    }
    window.text.extend_from_slice(END_OF_LINE);
}

/// Deletes a value. With `version`, only if the value has that version: the protocol has no such
/// delete, so an empty value that expired in 1970 replaces it, and is gone at once.
pub(in crate::store::memcached::proto) fn delete(
    window: &mut Window<'_>,
    key: &[u8],
    version: Option<u64>,
) {
    match version {
        Some(version) => {
            let life = Life { ttl: Some(ttl::OVER), mark: None };
            store(window, key, b"", life, When::Version(version));
        }
        None => {
            window.text.extend_from_slice(b"delete ");
            window.text.extend_from_slice(key);
            window.text.extend_from_slice(END_OF_LINE);
            window.end_request();
        }
    }
}

/// Sets an end of life.
pub(in crate::store::memcached::proto) fn touch(window: &mut Window<'_>, key: &[u8], expiry: u32) {
    window.text.extend_from_slice(b"touch ");
    window.text.extend_from_slice(key);
    window.word(b" ", u64::from(expiry));
    window.text.extend_from_slice(END_OF_LINE);
    window.end_request();
}

/// Changes a number that exists, and asks for the new one.
pub(in crate::store::memcached::proto) fn count(window: &mut Window<'_>, key: &[u8], by: By) {
    let (command, amount) = match by {
        By::Adding(amount) => (b"incr ", amount),
        By::Subtracting(amount) => (b"decr ", amount),
    };
    window.text.extend_from_slice(command);
    window.text.extend_from_slice(key);
    window.word(b" ", amount);
    window.text.extend_from_slice(END_OF_LINE);
    window.end_request();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memcached::proto::Dialect;

    #[test]
    fn requests_have_these_bytes() {
        let mut window = Window::in_buffer(Dialect::Classic, Vec::new());
        gets(&mut window, [&b"a"[..], b"b"].into_iter());
        let life = Life { ttl: Some(60), mark: Some(9) };
        store(&mut window, b"k", b"v", Life::default(), When::Always);
        store(&mut window, b"k", b"\r\n", life, When::Absent);
        store(&mut window, b"k", b"", life, When::Version(u64::MAX));
        delete(&mut window, b"k", None);
        delete(&mut window, b"k", Some(7));
        touch(&mut window, b"k", 61);
        count(&mut window, b"k", By::Adding(5));
        count(&mut window, b"k", By::Subtracting(u64::MAX));
        begin_number(&mut window, b"k", 10, 62);
        assert_eq!(window.requests(), 11, "each key is a request");
        let expected = "gets a b\r\nset k 0 0 1\r\nv\r\nadd k 0 60 2\r\n\r\n\r\n\
                        cas k 0 60 0 18446744073709551615\r\n\r\ndelete k\r\n\
                        cas k 0 2592001 0 7\r\n\r\ntouch k 61\r\nincr k 5\r\n\
                        decr k 18446744073709551615\r\nadd k 0 62 2\r\n10\r\n";
        let sent = window.into_buffer().escape_ascii().to_string();
        assert_eq!(sent, expected.as_bytes().escape_ascii().to_string());
    }
}
