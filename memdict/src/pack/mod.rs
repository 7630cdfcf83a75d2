//! Compresses payloads, and unpacks them. The bytes are not believed: whatever they claim, unpacking
//! ends, and takes no more memory than the raw length that was checked before.
//!
//! ```text
//!  0      1                                 0      1             5
//!  +------+------ - -                       +------+-------------+------ - -
//!  | 1, 2 | compressed                      |  3   | dictionary  | compressed
//!  +------+------ - -                       +------+-------------+------ - -
//! ```
//!
//! A packed payload begins with the method: 1 is an LZ4 block, 2 a Zstandard frame, and 3 one that was
//! made with a trained dictionary, whose hash follows (the low half of its XXH3-64, little-endian).
//!
//! `compression` is what a program says, and `methods` what packs and unpacks.

mod compression;
mod methods;

#[cfg(any(feature = "lz4", feature = "zstd"))]
pub use compression::Compression;
pub(crate) use compression::Packing;
pub(crate) use methods::{NotUnpacked, pack, unpack};
