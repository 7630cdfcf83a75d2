//! The envelope: the bytes around a stored value.
//!
//! ```text
//!  0      2   3   4   5   6        8               16              24              32      36      40
//!  +------+---+---+---+---+--------+---------------+---------------+---------------+-------+-------+----- - -+----- - -+----+----- - -
//!  | "MD" | 2 |cdc|bit|old| key len|  fingerprint  |  generation   |  write nonce  |raw len| check |full key | lineage |sign| payload
//!  +------+---+---+---+---+--------+---------------+---------------+---------------+-------+-------+----- - -+----- - -+----+----- - -
//! ```
//!
//! All numbers are little-endian. In order, the envelope has: the magic, the format version, the
//! codec, bits, how many fingerprints the lineage has, the length of the full key
//! (0 unless it is included), the schema fingerprint, the dictionary's generation (0 unless
//! it is clearable), a random number for each write by which a writer recognizes its own, the payload's length
//! before compression (`pack`), and a checksum. The full key is included if the key on the wire is a hash of
//! it. The lineage has the fingerprints of the types that the stored type converts from, newest
//! first, 8 bytes each. The signature is there if the writer has a secret.
//!
//! The checksum is the low half of XXH3-64 over everything else, seeded with the hash of the full
//! key, namespace and dictionary included. So a value that comes back under another key does not
//! pass, and no byte more is stored for it.
//!
//! A tombstone is an envelope without a payload, for a key that was removed. An absence is one for
//! a key of which `fetch` learned that the source of the values has none.
//!
//! An envelope has one reading: what a writer would not have written is refused. Bytes that fail a
//! check are [`Unusable`], and none of them reaches the codec.
//!
//! `layout` says where the parts are, `format` writes and reads them, and `signature` signs.

mod format;
mod layout;
mod signature;

#[cfg(any(test, fuzzing))]
pub(crate) use self::format::{Opened, set_checksum};
pub(crate) use self::{
    format::{Content, Found, Seal, Sealed, included_key, nonce, open, repack, seal},
    signature::Secrets,
};
