//! The envelope: the bytes around a stored value.
//!
//! ```text
//!  0      2   3   4   5   6        8               16              24              32      36      40
//!  +------+---+---+---+---+--------+---------------+---------------+---------------+-------+-------+----- - -+------- - -
//!  | "MD" | 1 |cdc|bit| 0 | key len|  fingerprint  |  generation   |  write nonce  |raw len| check |full key | payload
//!  +------+---+---+---+---+--------+---------------+---------------+---------------+-------+-------+----- - -+------- - -
//! ```
//!
//! All numbers are little-endian. In order, the envelope has: the magic, the format version, the
//! codec, the bits ([`KEY_INCLUDED`]; bits for compression and chunks are reserved), a zero, the
//! length of the full key (0 unless it is included), the schema fingerprint, the dictionary's
//! generation (always 0 so far), a random number for each write by which a writer recognizes its
//! own, the payload's length before compression, and a checksum (the low half of XXH3-64 over
//! everything else). The full key is included if the key on the wire is a hash of it.
//!
//! Bytes that fail a check are [`Unusable`], and none of them reaches the codec.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::{codec::Codec, unusable::Unusable};

const MAGIC: [u8; 2] = *b"MD";
const VERSION: u8 = 1;
const CHECKED: usize = 36;
const HEADER: usize = 40;

/// The full key is between header and payload.
const KEY_INCLUDED: u8 = 0b100;

/// The header fields that a writer sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal<'a> {
    pub(crate) codec: Codec,
    pub(crate) fingerprint: u64,
    pub(crate) nonce: u64,
    /// The full key, if the key on the wire is a hash of it.
    pub(crate) full_key: Option<&'a [u8]>,
}

/// A value whose envelope passed all checks.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) codec: Codec,
    /// The fingerprint of the stored type, which the reader compares with its own.
    pub(crate) fingerprint: u64,
    /// The nonce of the write.
    pub(crate) nonce: u64,
    pub(crate) payload: &'a [u8],
}

/// Appends an envelope and the payload that `encode` appends. Returns where the payload begins; it
/// reaches to the end of `out`.
///
/// # Errors
///
/// The error of `encode`, or of `too_long` for a payload whose length does not fit the header.
/// `out` then contains a part of the value.
pub(crate) fn seal<E>(
    seal: &Seal<'_>,
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    too_long: impl FnOnce(usize) -> E,
) -> Result<usize, E> {
    let start = out.len();
    let full_key = seal.full_key.unwrap_or_default();
    let bits = if seal.full_key.is_some() { KEY_INCLUDED } else { 0 };
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&MAGIC);
    header[2..6].copy_from_slice(&[VERSION, seal.codec.id(), bits, 0]);
    // A full key has at most `key::MAX_KEY` bytes, which fits.
    header[6..8].copy_from_slice(&(full_key.len() as u16).to_le_bytes());
    header[8..16].copy_from_slice(&seal.fingerprint.to_le_bytes());
    header[24..32].copy_from_slice(&seal.nonce.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(full_key);
    let payload = out.len();
    encode(out)?;
    let length = out.len() - payload;
    let raw_len = u32::try_from(length).map_err(|_| too_long(length))?;
    let value = &mut out[start..];
    value[32..CHECKED].copy_from_slice(&raw_len.to_le_bytes());
    let check = checksum(value).to_le_bytes();
    value[CHECKED..HEADER].copy_from_slice(&check);
    Ok(payload)
}

/// Checks everything but the schema, and returns the payload. `full_key` is the reader's full key,
/// if the key on the wire is a hash of it.
pub(crate) fn open<'a>(value: &'a [u8], full_key: Option<&[u8]>) -> Result<Opened<'a>, Unusable> {
    if value.get(..2) != Some(&MAGIC) {
        return Err(Unusable::Foreign);
    }
    if value.len() < HEADER {
        return Err(Unusable::Damaged);
    }
    // The checksum comes before all other checks that it covers, so that a flipped bit counts as
    // damage and not as another field value. A newer version may compute it differently.
    if value[2] != VERSION {
        return Err(Unusable::Newer);
    }
    if checksum(value).to_le_bytes() != value[CHECKED..HEADER] {
        return Err(Unusable::Damaged);
    }
    let codec = Codec::from_id(value[3]).ok_or(Unusable::Newer)?;
    let generation = u64_at(value, 16);
    if value[4] & !KEY_INCLUDED != 0 || value[5] != 0 || generation != 0 {
        return Err(Unusable::Newer);
    }
    let key_len = usize::from(u16::from_le_bytes([value[6], value[7]]));
    let payload = value.get(HEADER + key_len..).ok_or(Unusable::Damaged)?;
    let raw_len = u32::from_le_bytes([value[32], value[33], value[34], value[35]]);
    if usize::try_from(raw_len) != Ok(payload.len()) {
        return Err(Unusable::Damaged);
    }
    let included = (value[4] & KEY_INCLUDED != 0).then(|| &value[HEADER..HEADER + key_len]);
    if included != full_key {
        return Err(Unusable::OtherKey);
    }
    Ok(Opened { codec, fingerprint: u64_at(value, 8), nonce: u64_at(value, 24), payload })
}

/// Returns the write nonce of stored bytes, if they are intact.
pub(crate) fn nonce(value: &[u8]) -> Option<u64> {
    let ours = value.len() >= HEADER
        && value[..3] == [MAGIC[0], MAGIC[1], VERSION]
        && checksum(value).to_le_bytes() == value[CHECKED..HEADER];
    ours.then(|| u64_at(value, 24))
}

/// Returns the checksum of everything but the checksum itself. `value` has a complete header.
fn checksum(value: &[u8]) -> u32 {
    let head = xxh3_64(&value[..CHECKED]);
    xxh3_64_with_seed(&value[HEADER..], head) as u32
}

fn u64_at(value: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&value[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal<'_> = Seal {
        codec: Codec::Bincode,
        fingerprint: 0x0102_0304_0506_0708,
        nonce: 0x1112_1314_1516_1718,
        full_key: None,
    };

    fn sealed(with: &Seal<'_>, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let encode = |out: &mut Vec<u8>| {
            out.extend_from_slice(payload);
            Ok::<_, usize>(())
        };
        seal(with, &mut out, encode, |length| length).expect("it is short");
        out
    }

    fn refused(value: &[u8], full_key: Option<&[u8]>) -> Option<Unusable> {
        open(value, full_key).err()
    }

    #[test]
    fn version_1_has_these_bytes_for_ever() {
        let golden = "4d44010100000000080706050403020100000000000000001817161514131211\
                      030000001e7f2c08616263";
        assert_eq!(hex(&sealed(&SEAL, b"abc")), golden);
        let hashed = Seal { full_key: Some(b"a b"), ..SEAL };
        let golden = "4d44010104000300080706050403020100000000000000001817161514131211\
                      0300000026ddddd7612062616263";
        assert_eq!(hex(&sealed(&hashed, b"abc")), golden);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_sealed_value_opens() {
        for seal in [SEAL, Seal { full_key: Some(b"a b"), ..SEAL }] {
            for payload in [&b""[..], b"x", &[7; 1000]] {
                let value = sealed(&seal, payload);
                let opened = open(&value, seal.full_key);
                let got = opened.map(|opened| (opened.fingerprint, opened.payload)).ok();
                assert_eq!(got, Some((SEAL.fingerprint, payload)));
                assert_eq!(nonce(&value), Some(SEAL.nonce));
            }
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_a_miss() {
        let with = Seal { full_key: Some(b"a b"), ..SEAL };
        let value = sealed(&with, b"payload");
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&damaged, with.full_key).is_err(), "bit {bit}");
            assert_eq!(nonce(&damaged), None, "bit {bit}");
        }
        for cut in 0..value.len() {
            assert!(open(&value[..cut], with.full_key).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn each_mismatch_has_its_own_reason() {
        let value = sealed(&SEAL, b"abc");
        assert_eq!(refused(b"", None), Some(Unusable::Foreign));
        assert_eq!(refused(b"another program's", None), Some(Unusable::Foreign));
        assert_eq!(refused(b"MD", None), Some(Unusable::Damaged));
        assert_eq!(refused(&value, Some(b"x")), Some(Unusable::OtherKey));
        let mut newer = value;
        newer[2] = 2;
        assert_eq!(refused(&newer, None), Some(Unusable::Newer));
    }

    #[test]
    fn a_wrong_length_is_damage_even_with_a_correct_checksum() {
        let mut value = sealed(&SEAL, b"abc");
        value[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        let check = checksum(&value).to_le_bytes();
        value[CHECKED..HEADER].copy_from_slice(&check);
        assert_eq!(refused(&value, None), Some(Unusable::Damaged));
    }
}
