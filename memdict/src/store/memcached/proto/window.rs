//! Requests on their way out: a bounded part of a batch.

use std::{collections::VecDeque, io::IoSlice};

use super::{END_OF_LINE, Mark};

/// A window is full with so many bytes of request lines and small values.
const MAX_TEXT: usize = 48 << 10;

/// A window is full with so many bytes of values that are sent from where they are.
const MAX_BODIES: usize = 1 << 20;

/// Values up to this length are copied behind their request line, which costs less than a slice
/// of their own.
const MAX_COPIED: usize = 1_024;

/// At most so many slices are sent at once.
pub(in crate::store::memcached) const MAX_SLICES: usize = 64;

/// When a change takes effect, in memcached's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::memcached) enum When {
    Always,
    /// Only if nothing is there.
    Absent,
    /// Only if what is there has this version.
    Version(u64),
}

/// Requests that are sent together: text, and large values that stand elsewhere.
#[derive(Debug, Default)]
pub(in crate::store::memcached) struct Window<'a> {
    text: Vec<u8>,
    /// Large values, each with the place in the text where it goes.
    bodies: VecDeque<(usize, &'a [u8])>,
    body_bytes: usize,
    /// How long the window was after each request, in bytes.
    ends: Vec<usize>,
    /// How many bytes were sent in all, of the text, and of the first of the bodies that are left.
    sent: usize,
    sent_text: usize,
    sent_body: usize,
}

impl<'a> Window<'a> {
    /// An empty window that writes into `text`.
    pub(in crate::store::memcached) fn in_buffer(text: Vec<u8>) -> Self {
        let mut window = Self { text, ..Self::default() };
        window.clear();
        window
    }

    /// Gives the buffer back.
    pub(in crate::store::memcached) fn into_buffer(self) -> Vec<u8> {
        self.text
    }

    /// Begins anew, when all was sent.
    pub(in crate::store::memcached) fn clear(&mut self) {
        self.text.clear();
        self.bodies.clear();
        self.ends.clear();
        self.body_bytes = 0;
        (self.sent, self.sent_text, self.sent_body) = (0, 0, 0);
    }

    /// Whether it takes no more requests.
    pub(in crate::store::memcached) fn is_full(&self) -> bool {
        self.text.len() >= MAX_TEXT || self.body_bytes >= MAX_BODIES
    }

    /// Whether there is nothing left to send.
    pub(in crate::store::memcached) fn is_sent(&self) -> bool {
        self.sent_text == self.text.len() && self.bodies.is_empty()
    }

    /// How many requests it has.
    pub(in crate::store::memcached) fn requests(&self) -> usize {
        self.ends.len()
    }

    /// How many of its requests were sent to their last byte.
    pub(in crate::store::memcached) fn requests_sent(&self) -> usize {
        self.ends.partition_point(|&end| end <= self.sent)
    }

    /// Asks for a value and its version.
    pub(in crate::store::memcached) fn get(&mut self, key: &[u8], mark: Mark) {
        self.begin(b"mg ", key);
        self.text.extend_from_slice(b" v c");
        self.end_line(mark);
        self.end_request();
    }

    /// Asks for a sign that all that was asked before has been done.
    pub(in crate::store::memcached) fn barrier(&mut self) {
        self.text.extend_from_slice(b"mn\r\n");
    }

    /// Stores a value for as long as `ttl` says on the wire, or for ever. If it is `silent`,
    /// success goes without an answer.
    pub(in crate::store::memcached) fn store(
        &mut self,
        key: &[u8],
        value: &'a [u8],
        ttl: Option<u32>,
        when: When,
        silent: bool,
        mark: Mark,
    ) {
        self.begin(b"ms ", key);
        self.word(b" ", value.len() as u64);
        if silent {
            self.text.extend_from_slice(b" q");
        }
        if let Some(ttl) = ttl {
            self.word(b" T", u64::from(ttl));
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
            self.bodies.push_back((self.text.len(), value));
            self.body_bytes += value.len();
        }
        self.text.extend_from_slice(END_OF_LINE);
        self.end_request();
    }

    /// Deletes a value, if it has this version.
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

    /// Any text that ends its lines itself.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.end_request();
    }

    fn begin(&mut self, command: &[u8; 3], key: &[u8]) {
        self.text.extend_from_slice(command);
        self.text.extend_from_slice(key);
    }

    fn word(&mut self, before: &[u8], number: u64) {
        self.text.extend_from_slice(before);
        self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn end_line(&mut self, mark: Mark) {
        self.text.extend_from_slice(&[b' ', b'O', mark.0[0], mark.0[1], b'\r', b'\n']);
    }

    fn end_request(&mut self) {
        self.ends.push(self.text.len() + self.body_bytes);
    }

    /// What is left to send, or the first [`MAX_SLICES`] of it. Returns how many there are.
    pub(in crate::store::memcached) fn slices<'s>(
        &'s self,
        slices: &mut [IoSlice<'s>; MAX_SLICES],
    ) -> usize {
        let (mut count, mut text, mut skip) = (0, self.sent_text, self.sent_body);
        for &(at, body) in &self.bodies {
            if count + 2 > MAX_SLICES {
                return count;
            }
            if text < at {
                slices[count] = IoSlice::new(&self.text[text..at]);
                (count, text) = (count + 1, at);
            }
            slices[count] = IoSlice::new(&body[skip..]);
            (count, skip) = (count + 1, 0);
        }
        if count < MAX_SLICES && text < self.text.len() {
            slices[count] = IoSlice::new(&self.text[text..]);
            count += 1;
        }
        count
    }

    /// Notes that the next `bytes` of what is left were sent.
    pub(in crate::store::memcached) fn sent(&mut self, mut bytes: usize) {
        self.sent += bytes;
        while let Some(&(at, body)) = self.bodies.front() {
            let text = bytes.min(at - self.sent_text);
            self.sent_text += text;
            bytes -= text;
            let left = body.len() - self.sent_body;
            if bytes < left {
                self.sent_body += bytes;
                return;
            }
            bytes -= left;
            self.sent_body = 0;
            self.bodies.pop_front();
        }
        self.sent_text += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark(*b"00");

    /// What a window sends if each call takes at most `step` bytes.
    fn sent(mut window: Window<'_>, step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !window.is_sent() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = window.slices(&mut slices);
            let there: Vec<u8> =
                slices[..count].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
            assert!(!there.is_empty(), "it says that there is more");
            window.sent(there.len());
            out.extend(there);
        }
        out
    }

    #[test]
    fn requests_are_these_bytes() {
        let mut window = Window::default();
        window.get(b"k", MARK);
        window.store(b"k", b"v", None, When::Always, false, MARK);
        window.store(b"k", b"", Some(60), When::Absent, false, MARK);
        window.store(b"k", b"\r\n", Some(0), When::Version(u64::MAX), true, MARK);
        window.delete(b"k", None, MARK);
        window.delete(b"k", Some(0), MARK);
        window.barrier();
        let expected = "mg k v c O00\r\nms k 1 O00\r\nv\r\nms k 0 T60 ME O00\r\n\r\n\
                        ms k 2 q T0 C18446744073709551615 O00\r\n\r\n\r\nmd k O00\r\nmd k C0 O00\r\nmn\r\n";
        assert_eq!(sent(window, usize::MAX), expected.as_bytes());
    }

    #[test]
    fn large_values_are_sent_from_where_they_are_in_whatever_pieces() {
        let values: Vec<Vec<u8>> = (0..3).map(|n| vec![b'a' + n; MAX_COPIED + 1]).collect();
        let window = || {
            let mut window = Window::default();
            for value in &values {
                window.get(b"before", MARK);
                window.store(b"large", value, None, When::Always, false, MARK);
                window.store(b"small", b"v", None, When::Always, false, MARK);
            }
            window
        };
        let whole = sent(window(), usize::MAX);
        assert_eq!(window().text.len() + 3 * (MAX_COPIED + 1), whole.len());
        for step in [1, 2, 3, 7, 1_000, 1_025, 1_100] {
            assert_eq!(sent(window(), step), whole, "{step} bytes at a time");
        }
    }

    #[test]
    fn it_knows_which_requests_were_sent_to_their_last_byte() {
        let large = vec![0; MAX_COPIED + 1];
        let mut window = Window::default();
        window.get(b"k", MARK);
        window.store(b"k", &large, None, When::Always, false, MARK);
        window.get(b"k", MARK);
        let (get, store) = ("mg k v c O00\r\n".len(), "ms k 1025 O00\r\n\r\n".len() + 1_025);
        let mut at = 0;
        for (bytes, whole) in [(get - 1, 0), (get, 1), (get + store - 1, 1), (get + store, 2)] {
            window.sent(bytes - at);
            at = bytes;
            assert_eq!((window.requests(), window.requests_sent()), (3, whole), "{bytes} bytes");
        }
    }

    #[test]
    fn more_values_than_slices_are_sent_in_turns() {
        let large = vec![7; MAX_COPIED + 1];
        let mut window = Window::default();
        for _ in 0..MAX_SLICES {
            window.store(b"k", &large, None, When::Always, false, MARK);
        }
        let length = window.text.len() + MAX_SLICES * large.len();
        assert_eq!(sent(window, usize::MAX).len(), length);
    }

    #[test]
    fn it_is_bounded() {
        let mut window = Window::default();
        let large = vec![0; 100_000];
        let mut requests = 0;
        while !window.is_full() {
            window.store(b"k", &large, None, When::Always, false, MARK);
            requests += 1;
        }
        assert_eq!(requests, 11);
        window.clear();
        while !window.is_full() {
            window.get(b"k", MARK);
        }
        assert!(window.text.len() < MAX_TEXT + 20);
    }
}
