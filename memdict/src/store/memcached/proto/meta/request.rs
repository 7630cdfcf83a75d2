//! The requests by meta commands, as they are written into a window.

use crate::store::{
    memcached::proto::{
        END_OF_LINE, Mark,
        request::{Ask, Life, MAX_COPIED, Sum, When},
        window::Window,
    },
    operation::By,
};

impl<'a> Window<'a> {
    /// Asks for a value and its version, and what else is asked.
    ///
    /// The server does what the flags say in their order. The right to renew depends on the life
    /// that the value was found with. A new end of life comes before a lease, because it would else
    /// be that of the placeholder. What is left is told at the end.
    pub(in crate::store::memcached) fn get(&mut self, key: &[u8], ask: Ask, mark: Mark) {
        self.begin(b"mg ", key);
        self.text.extend_from_slice(b" v c");
        for (flag, number) in [(b" R", ask.renew), (b" T", ask.expiry), (b" N", ask.lease)] {
            if let Some(number) = number {
                self.word(flag, u64::from(number));
            }
        }
        if ask.life {
            self.text.extend_from_slice(b" t f");
        }
        self.end_line(mark);
        self.end_request();
    }

    /// Asks for a sign that every earlier request has been processed.
    pub(in crate::store::memcached) fn barrier(&mut self) {
        self.text.extend_from_slice(b"mn\r\n");
    }

    /// Stores a value. If it is `silent`, success is not answered.
    pub(in crate::store::memcached) fn store(
        &mut self,
        key: &[u8],
        value: &'a [u8],
        life: Life,
        when: When,
        silent: bool,
        mark: Mark,
    ) {
        self.begin(b"ms ", key);
        self.word(b" ", value.len() as u64);
        if silent {
            self.text.extend_from_slice(b" q");
        }
        if let Some(ttl) = life.ttl {
            self.word(b" T", u64::from(ttl));
        }
        if let Some(mark) = life.mark {
            self.word(b" F", u64::from(mark));
        }
        match when {
            When::Always => {}
            When::Absent => self.text.extend_from_slice(b" ME"),
            When::Version(version) => self.word(b" C", version),
        }
        self.end_line(mark);
        if value.len() <= MAX_COPIED {
            self.text.extend_from_slice(value);
        } else {
            self.append(value);
        }
        self.text.extend_from_slice(END_OF_LINE);
        self.end_request();
    }

    /// Deletes a value. With `version`, only if the value has that version.
    pub(in crate::store::memcached) fn delete(
        &mut self,
        key: &[u8],
        version: Option<u64>,
        mark: Mark,
    ) {
        self.begin(b"md ", key);
        if let Some(version) = version {
            self.word(b" C", version);
        }
        self.end_line(mark);
        self.end_request();
    }

    /// Sets an end of life, and asks for the version.
    pub(in crate::store::memcached) fn touch(&mut self, key: &[u8], expiry: u32, mark: Mark) {
        self.begin(b"mg ", key);
        self.text.extend_from_slice(b" c");
        self.word(b" T", u64::from(expiry));
        self.end_line(mark);
        self.end_request();
    }

    /// Makes a value stale, and takes back the right to renew it. With `version`, only if the value
    /// has that version.
    pub(in crate::store::memcached) fn invalidate(
        &mut self,
        key: &[u8],
        version: Option<u64>,
        expiry: Option<u32>,
        mark: Mark,
    ) {
        self.begin(b"md ", key);
        self.text.extend_from_slice(b" I");
        if let Some(expiry) = expiry {
            self.word(b" T", u64::from(expiry));
        }
        if let Some(version) = version {
            self.word(b" C", version);
        }
        self.end_line(mark);
        self.end_request();
    }

    /// Changes a number, and asks for the new one.
    pub(in crate::store::memcached) fn count(&mut self, key: &[u8], sum: Sum, mark: Mark) {
        self.begin(b"ma ", key);
        self.text.extend_from_slice(b" v");
        let amount = match sum.by {
            By::Adding(amount) => amount,
            By::Subtracting(amount) => {
                self.text.extend_from_slice(b" MD");
                amount
            }
        };
        self.word(b" D", amount);
        // The other way around, a number that begins would get the end of life of one that exists.
        if let Some(expiry) = sum.expiry {
            self.word(b" T", u64::from(expiry));
        }
        if let Some((number, expiry)) = sum.start {
            self.word(b" N", u64::from(expiry));
            self.word(b" J", number);
        }
        self.end_line(mark);
        self.end_request();
    }

    fn begin(&mut self, command: &[u8; 3], key: &[u8]) {
        self.text.extend_from_slice(command);
        self.text.extend_from_slice(key);
    }

    fn end_line(&mut self, mark: Mark) {
        self.text.extend_from_slice(&[b' ', b'O', mark.0[0], mark.0[1], b'\r', b'\n']);
    }
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
                        ms k 2 q T0 F9 C18446744073709551615 O00\r\n\r\n\r\nmd k O00\r\nmd k C0 O00\r\nmn\r\n";
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
