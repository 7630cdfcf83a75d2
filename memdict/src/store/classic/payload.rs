//! A value that is being sent with the `memcache` crate, which notes that it was sent completely.

use std::{cell::Cell, io};

use memcache::{Stream, ToMemcacheValue};

/// A value and the progress of its change.
pub(super) struct Payload<'a> {
    bytes: &'a [u8],
    sent: Cell<bool>,
}

impl<'a> Payload<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, sent: Cell::new(false) }
    }

    /// Returns whether the server may have all of it. If not, the server does nothing.
    pub(super) fn is_sent(&self) -> bool {
        self.sent.get()
    }
}

impl ToMemcacheValue<Stream> for &Payload<'_> {
    fn get_flags(&self) -> u32 {
        0
    }

    fn get_length(&self) -> usize {
        self.bytes.len()
    }

    fn write_to(&self, stream: &mut Stream) -> io::Result<()> {
        io::Write::write_all(stream, self.bytes)?;
        self.sent.set(true);
        Ok(())
    }
}
