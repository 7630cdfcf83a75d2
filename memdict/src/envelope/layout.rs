//! Where the parts of an envelope are.

pub(super) const MAGIC: [u8; 2] = *b"MD";
pub(super) const VERSION: u8 = 2;
/// The checksum is after these bytes.
pub(super) const CHECKED: usize = 36;
pub(super) const HEADER: usize = 40;

/// A bit: the payload is compressed.
pub(super) const PACKED: u8 = 0b1;
/// A bit: the full key follows the header. The bit between is reserved for pieces.
pub(super) const KEY_INCLUDED: u8 = 0b100;
/// A bit: a signature precedes the payload.
pub(super) const SIGNED: u8 = 0b1000;
/// A bit: the key was removed.
pub(super) const TOMBSTONE: u8 = 0b1_0000;
/// A bit: the source of the values has none for this key.
pub(super) const ABSENCE: u8 = 0b10_0000;
