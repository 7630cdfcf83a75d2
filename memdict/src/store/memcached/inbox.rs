//! A buffer for received bytes that are not yet read.

/// How many bytes are received at once.
const ROOM: usize = 64 << 10;

/// A buffer that grew beyond this is freed when it is empty.
const KEPT: usize = 256 << 10;

/// Received bytes, read in place. The buffer grows with the bytes that arrive, never by a length
/// that the server only announced.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How many bytes have to be available before reading makes sense.
    needed: usize,
}

impl Inbox {
    /// Makes a buffer of bytes that were received elsewhere.
    #[cfg(feature = "tokio")]
    pub(super) fn of(buffer: Vec<u8>) -> Self {
        Self { start: 0, end: buffer.len(), needed: 0, buffer }
    }

    /// Returns room for more bytes.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > KEPT && self.needed <= KEPT {
                self.buffer = Vec::new();
            }
        }
        if self.buffer.len() - self.end < ROOM / 4 || self.buffer.len() < self.start + self.needed {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let enough = self.needed.clamp(ROOM, (2 * self.end).max(ROOM));
            if self.buffer.len() < enough || self.buffer.len() == self.end {
                self.buffer.resize(enough.max(self.end + ROOM), 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// Notes that `bytes` of the room were filled.
    pub(super) fn received(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// Returns the available bytes, or `None` if they are not enough.
    pub(super) fn unread(&self) -> Option<&[u8]> {
        let unread = &self.buffer[self.start..self.end];
        (!unread.is_empty() && unread.len() >= self.needed).then_some(unread)
    }

    /// Makes `unread` wait for `bytes` bytes in all.
    pub(super) fn needs(&mut self, bytes: usize) {
        self.needed = bytes;
    }

    /// Notes that the first `bytes` were read.
    pub(super) fn read(&mut self, bytes: usize) {
        self.start += bytes;
        self.needed = 0;
    }

    /// Returns how many bytes of memory the buffer takes.
    #[cfg(any(test, fuzzing))]
    pub(super) fn taken(&self) -> usize {
        self.buffer.capacity()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Frees the buffer if it is empty and larger than this.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if self.is_empty() && self.buffer.capacity() > bytes {
            *self = Self::default();
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(inbox: &mut Inbox, bytes: &[u8]) {
        for part in bytes.chunks(10_000) {
            let room = inbox.room();
            let fits = part.len().min(room.len());
            room[..fits].copy_from_slice(&part[..fits]);
            inbox.received(fits);
            if fits < part.len() {
                receive(inbox, &part[fits..]);
            }
        }
    }

    #[test]
    fn received_bytes_are_read_in_place_and_in_order() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.unread(), None);
        receive(&mut inbox, b"abc");
        inbox.read(1);
        receive(&mut inbox, b"de");
        assert_eq!(inbox.unread(), Some(&b"bcde"[..]));
        inbox.needs(5);
        assert_eq!(inbox.unread(), None);
        receive(&mut inbox, b"f");
        assert_eq!(inbox.unread(), Some(&b"bcdef"[..]));
        inbox.read(5);
        assert!(inbox.is_empty());
    }

    #[test]
    fn it_grows_with_the_bytes_that_arrive_and_not_with_an_announced_length() {
        let mut inbox = Inbox::default();
        receive(&mut inbox, b"VA 1000000000");
        inbox.needs(1_000_000_000);
        inbox.room();
        assert!(inbox.buffer.len() <= 2 * ROOM, "{}", inbox.buffer.len());
        let large: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
        receive(&mut inbox, &large);
        assert!(inbox.buffer.len() <= 4 * large.len());
        inbox.needs(0);
        assert_eq!(inbox.unread().map(|all| &all[13..]), Some(&large[..]));
    }

    #[test]
    fn a_large_buffer_is_freed_when_it_is_empty() {
        let mut inbox = Inbox::default();
        receive(&mut inbox, &vec![0; 1_000_000]);
        inbox.read(1_000_000);
        assert!(inbox.room().len() <= KEPT);
    }
}
