//! The window: a bounded part of a batch, written as requests (`request`) that are being sent.

use std::{collections::VecDeque, io::IoSlice};

use super::{Dialect, END_OF_LINE};

/// A window is full with this many bytes of request lines and small values.
const MAX_TEXT: usize = 48 << 10;

/// A window is full with this many bytes of large values, which are sent without being copied.
const MAX_BODIES: usize = 1 << 20;

/// Values up to this length are copied after their request line, because that costs less than a
/// separate slice.
const MAX_COPIED: usize = 1_024;

/// The largest number of slices sent at once.
pub(in crate::store::memcached) const MAX_SLICES: usize = 64;

/// Requests that are sent together: their text, and borrowed large values.
#[derive(Debug, Default)]
pub(in crate::store::memcached) struct Window<'a> {
    /// How the requests are written.
    pub(super) dialect: Dialect,
    pub(super) text: Vec<u8>,
    /// The large values, each with its place in the text.
    bodies: VecDeque<(usize, &'a [u8])>,
    body_bytes: usize,
    /// The length of the window after each request, in bytes.
    ends: Vec<usize>,
    /// How many bytes were sent: in all, of the text, and of the first remaining body.
    sent: usize,
    sent_text: usize,
    sent_body: usize,
}

impl<'a> Window<'a> {
    /// Makes an empty window that writes into `text`.
    pub(in crate::store::memcached) fn in_buffer(dialect: Dialect, text: Vec<u8>) -> Self {
        let mut window = Self { dialect, text, ..Self::default() };
        window.clear();
        window
    }

    /// Returns the buffer.
    pub(in crate::store::memcached) fn into_buffer(self) -> Vec<u8> {
        self.text
    }

    /// Empties the window after everything was sent.
    pub(in crate::store::memcached) fn clear(&mut self) {
        self.text.clear();
        self.bodies.clear();
        self.ends.clear();
        self.body_bytes = 0;
        (self.sent, self.sent_text, self.sent_body) = (0, 0, 0);
    }

    /// Returns whether the window takes no more requests.
    pub(in crate::store::memcached) fn is_full(&self) -> bool {
        self.text.len() >= MAX_TEXT || self.body_bytes >= MAX_BODIES
    }

    /// Returns whether nothing is left to send.
    pub(in crate::store::memcached) fn is_sent(&self) -> bool {
        self.sent_text == self.text.len() && self.bodies.is_empty()
    }

    /// Returns how many requests the window holds.
    pub(in crate::store::memcached) fn requests(&self) -> usize {
        self.ends.len()
    }

    /// Returns how many requests were sent completely.
    pub(in crate::store::memcached) fn requests_sent(&self) -> usize {
        self.ends.partition_point(|&end| end <= self.sent)
    }

    /// Appends text that includes its line ends.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.end_request();
    }

    /// Appends a word that ends with a number.
    pub(super) fn word(&mut self, before: &[u8], number: u64) {
        self.text.extend_from_slice(before);
        self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Appends a value and the end of its line. A large one is sent without being copied.
    pub(super) fn value(&mut self, value: &'a [u8]) {
        if value.len() <= MAX_COPIED {
            self.text.extend_from_slice(value);
        } else {
            self.bodies.push_back((self.text.len(), value));
            self.body_bytes += value.len();
        }
        self.text.extend_from_slice(END_OF_LINE);
    }

    /// Notes that everything appended so far is a whole request.
    pub(super) fn end_request(&mut self) {
        self.ends.push(self.text.len() + self.body_bytes);
    }

    /// Fills `slices` with what is left to send, or the first [`MAX_SLICES`] of it. Returns how
    /// many slices it filled.
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

    /// Returns how many of the bytes that are left to send come before the last request.
    pub(in crate::store::memcached) fn unsent_before_last(&self) -> usize {
        let last = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before]);
        last.saturating_sub(self.sent)
    }

    /// Returns how many bytes are left to send.
    #[cfg(feature = "tokio")]
    pub(in crate::store::memcached) fn unsent(&self) -> usize {
        self.text.len() + self.body_bytes - self.sent
    }

    /// Appends what is left to send to `text`.
    #[cfg(feature = "tokio")]
    pub(in crate::store::memcached) fn copy_to(&self, text: &mut Vec<u8>) {
        let (mut at, mut skip) = (self.sent_text, self.sent_body);
        for &(next, body) in &self.bodies {
            text.extend_from_slice(&self.text[at..next]);
            text.extend_from_slice(&body[skip..]);
            (at, skip) = (next, 0);
        }
        text.extend_from_slice(&self.text[at..]);
    }

    /// Notes that the next `bytes` bytes were sent.
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
    use crate::store::memcached::proto::{
        Mark,
        request::{Ask, Life, When},
    };

    const MARK: Mark = Mark(*b"00");

    /// Returns what a window sends if each call takes at most `step` bytes.
    fn sent(mut window: Window<'_>, step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !window.is_sent() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = window.slices(&mut slices);
            let there: Vec<u8> =
                slices[..count].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
            assert!(!there.is_empty(), "the window says that there is more");
            window.sent(there.len());
            out.extend(there);
        }
        out
    }

    #[test]
    fn it_knows_what_is_left_to_send_before_its_last_request() {
        let large = vec![b'x'; MAX_COPIED + 1];
        let mut window = Window::default();
        assert_eq!(window.unsent_before_last(), 0);
        window.word(b"first ", 1);
        window.value(&large);
        window.end_request();
        assert_eq!(window.unsent_before_last(), 0, "the only one is the last one");
        let first = window.text.len() + large.len();
        window.raw(b"last\r\n");
        assert_eq!(window.unsent_before_last(), first);
        window.sent(10);
        assert_eq!(window.unsent_before_last(), first - 10);
        window.sent(first - 10 + 2);
        assert_eq!(window.unsent_before_last(), 0);
    }

    #[test]
    fn large_values_are_sent_without_a_copy_in_pieces_of_any_size() {
        let values: Vec<Vec<u8>> = (0..3).map(|n| vec![b'a' + n; MAX_COPIED + 1]).collect();
        let window = || {
            let mut window = Window::default();
            for value in &values {
                window.get(b"before", Ask::default(), MARK);
                window.store(b"large", value, Life::default(), When::Always, false, MARK);
                window.store(b"small", b"v", Life::default(), When::Always, false, MARK);
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
    fn a_window_knows_which_requests_were_sent_completely() {
        let large = vec![0; MAX_COPIED + 1];
        let mut window = Window::default();
        window.get(b"k", Ask::default(), MARK);
        window.store(b"k", &large, Life::default(), When::Always, false, MARK);
        window.get(b"k", Ask::default(), MARK);
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
            window.store(b"k", &large, Life::default(), When::Always, false, MARK);
        }
        let length = window.text.len() + MAX_SLICES * large.len();
        assert_eq!(sent(window, usize::MAX).len(), length);
    }

    #[test]
    fn a_window_is_bounded() {
        let mut window = Window::default();
        let large = vec![0; 100_000];
        let mut requests = 0;
        while !window.is_full() {
            window.store(b"k", &large, Life::default(), When::Always, false, MARK);
            requests += 1;
        }
        assert_eq!(requests, 11);
        window.clear();
        while !window.is_full() {
            window.get(b"k", Ask::default(), MARK);
        }
        assert!(window.text.len() < MAX_TEXT + 20);
    }
}
