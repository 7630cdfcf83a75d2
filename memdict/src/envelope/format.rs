//! Writes and reads envelopes.

use std::borrow::Cow;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    layout::{ABSENCE, CHECKED, HEADER, KEY_INCLUDED, MAGIC, PACKED, SIGNED, TOMBSTONE, VERSION},
    signature::{SIGNATURE, Secrets},
};
use crate::{
    codec::Codec,
    key::name::Name,
    pack::{NotUnpacked, unpack},
    unusable::Unusable,
};

/// What an envelope is about, as its writer sets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal<'a> {
    pub(crate) nonce: u64,
    /// The generation of the dictionary, or 0 if it has none.
    pub(crate) generation: u64,
    pub(crate) content: Content<'a>,
}

/// What an envelope contains besides the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Value {
        codec: Codec,
        /// The fingerprint of the stored type.
        fingerprint: u64,
        /// The fingerprints of the types that it converts from.
        lineage: &'a [u64],
    },
    /// Nothing, because the key was removed.
    Tombstone,
    /// Nothing, because the source of the values has none for this key.
    Absence,
}

/// An envelope that passed all checks.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    /// The nonce of the write.
    pub(crate) nonce: u64,
    /// The generation of the dictionary when the value was written, or 0 if it had none.
    pub(crate) generation: u64,
    pub(crate) is_signed: bool,
    pub(crate) found: Found<'a>,
}

/// What an envelope was found to contain.
#[derive(Clone, Copy)]
pub(crate) enum Found<'a> {
    Value(Sealed<'a>),
    Tombstone,
    Absence,
}

/// A value whose envelope passed all checks.
#[derive(Clone, Copy)]
pub(crate) struct Sealed<'a> {
    pub(crate) codec: Codec,
    /// The fingerprint of the stored type, which the reader compares with its own.
    pub(crate) fingerprint: u64,
    pub(crate) lineage: Lineage<'a>,
    /// The payload, as it is stored.
    pub(crate) payload: &'a [u8],
    /// The length of the payload before it was compressed, if it was.
    pub(crate) packed: Option<usize>,
}

impl<'a> Sealed<'a> {
    /// Returns the payload before it was compressed.
    ///
    /// # Errors
    ///
    /// It cannot be unpacked.
    pub(crate) fn unpacked(
        &self,
        trained: Option<&'static [u8]>,
    ) -> Result<Cow<'a, [u8]>, Unusable> {
        let Some(raw_len) = self.packed else { return Ok(Cow::Borrowed(self.payload)) };
        match unpack(self.payload, raw_len, trained) {
            Ok(raw) => Ok(Cow::Owned(raw)),
            Err(NotUnpacked::Lacking) => Err(Unusable::Newer),
            Err(NotUnpacked::Damaged) => Err(Unusable::Undecodable),
        }
    }
}

/// The fingerprints of the types that a stored type converts from.
#[derive(Clone, Copy)]
pub(crate) struct Lineage<'a>(&'a [u8]);

impl Lineage<'_> {
    pub(crate) fn contains(self, fingerprint: u64) -> bool {
        self.0.chunks_exact(8).any(|older| *older == fingerprint.to_le_bytes())
    }

    /// Returns the fingerprints, newest first.
    pub(crate) fn fingerprints(self) -> impl Iterator<Item = u64> {
        self.0.chunks_exact(8).map(|older| u64_at(older, 0))
    }
}

/// Appends an envelope, and the payload that `encode` appends. Returns where the payload begins; it
/// reaches to the end of `out`.
///
/// # Errors
///
/// The error of `encode`, or of `too_long` for a payload whose length does not fit the header.
/// `out` then contains a part of the value.
pub(crate) fn seal<E>(
    seal: &Seal<'_>,
    name: &Name,
    secrets: &Secrets,
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    too_long: impl FnOnce(usize) -> E,
) -> Result<usize, E> {
    let start = out.len();
    let included = name.in_envelope();
    let mut bits = 0;
    let (codec, fingerprint, lineage) = match seal.content {
        Content::Value { codec, fingerprint, lineage } => (codec, fingerprint, lineage),
        Content::Tombstone => {
            bits |= TOMBSTONE;
            (Codec::DEFAULT, 0, &[][..])
        }
        Content::Absence => {
            bits |= ABSENCE;
            (Codec::DEFAULT, 0, &[][..])
        }
    };
    // The oldest types are left out if there is no room.
    let lineage = &lineage[..lineage.len().min(u8::MAX.into())];
    bits |= if included.is_some() { KEY_INCLUDED } else { 0 };
    bits |= if secrets.sign() { SIGNED } else { 0 };

    let key = included.unwrap_or_default();
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&MAGIC);
    header[2..6].copy_from_slice(&[VERSION, codec.id(), bits, lineage.len() as u8]);
    // A full key has at most `key::MAX_KEY` bytes, which fits.
    header[6..8].copy_from_slice(&(key.len() as u16).to_le_bytes());
    header[8..16].copy_from_slice(&fingerprint.to_le_bytes());
    header[16..24].copy_from_slice(&seal.generation.to_le_bytes());
    header[24..32].copy_from_slice(&seal.nonce.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(key);
    lineage.iter().for_each(|older| out.extend_from_slice(&older.to_le_bytes()));
    if secrets.sign() {
        out.extend_from_slice(&[0; SIGNATURE]);
    }
    let payload = out.len();
    encode(out)?;
    let length = out.len() - payload;
    let raw_len = u32::try_from(length).map_err(|_| too_long(length))?;
    let value = &mut out[start..];
    value[32..CHECKED].copy_from_slice(&raw_len.to_le_bytes());
    finish(value, payload - start, name, secrets);
    Ok(payload)
}

/// Puts a packed payload in the place of the one that was sealed last into `out`: the value begins at
/// `start`, and its payload at `payload`.
pub(crate) fn repack(
    out: &mut Vec<u8>,
    [start, payload]: [usize; 2],
    packed: &[u8],
    name: &Name,
    secrets: &Secrets,
) {
    out.truncate(payload);
    out.extend_from_slice(packed);
    let value = &mut out[start..];
    value[4] |= PACKED;
    finish(value, payload - start, name, secrets);
}

/// Signs a value, if there is a secret, and sets its checksum.
fn finish(value: &mut [u8], payload: usize, name: &Name, secrets: &Secrets) {
    if secrets.sign() {
        secrets.sign_at(value, payload - SIGNATURE, name.full());
    }
    let check = checksum(value, name.full()).to_le_bytes();
    value[CHECKED..HEADER].copy_from_slice(&check);
}

/// Checks everything but the schema, and returns the contents.
pub(crate) fn open<'a>(
    value: &'a [u8],
    name: &Name,
    secrets: &Secrets,
) -> Result<Opened<'a>, Unusable> {
    let parts = intact(value, name)?;
    if !secrets.verify(value, parts.signature(), name.full()) {
        return Err(Unusable::Unverified);
    }
    let Parts { nonce, generation, .. } = parts;
    let is_signed = parts.signature().is_some();
    parts.read(value).map(|found| Opened { nonce, generation, is_signed, found })
}

/// Returns the full key that a value includes, if it seems to. Nothing of the value is checked.
pub(crate) fn included_key(value: &[u8]) -> Option<&[u8]> {
    let header = value.get(..HEADER).filter(|header| header[4] & KEY_INCLUDED != 0)?;
    let length = usize::from(u16::from_le_bytes([header[6], header[7]]));
    value.get(HEADER..HEADER + length)
}

/// Returns the write nonce of stored bytes, if they are intact and belong to this name, even if
/// they are not usable.
pub(crate) fn nonce(value: &[u8], name: &Name, secrets: &Secrets) -> Option<u64> {
    let parts = intact(value, name).ok()?;
    secrets.verify(value, parts.signature(), name.full()).then_some(parts.nonce)
}

/// The places of an envelope's parts.
struct Parts {
    bits: u8,
    nonce: u64,
    generation: u64,
    /// Where the full key ends, and the lineage begins.
    lineage: usize,
    /// Where the lineage ends, and the signature begins, if there is one.
    signature: usize,
    payload: usize,
}

/// Checks that an envelope is complete, and that it was stored under this name.
fn intact(value: &[u8], name: &Name) -> Result<Parts, Unusable> {
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
    let bits = value[4];
    let key_len = usize::from(u16::from_le_bytes([value[6], value[7]]));
    let lineage = HEADER + key_len;
    let signature = lineage + 8 * usize::from(value[5]);
    let payload = signature + if bits & SIGNED == 0 { 0 } else { SIGNATURE };
    let check = u32_at(value, CHECKED);
    if check != checksum(value, name.full()) {
        // A value of another key with the same hash is intact for the key that it includes.
        let included = value.get(HEADER..lineage).filter(|_| bits & KEY_INCLUDED != 0);
        let is_others = included.is_some_and(|key| check == checksum(value, key));
        return Err(if is_others { Unusable::OtherKey } else { Unusable::Damaged });
    }
    if bits & !(PACKED | KEY_INCLUDED | SIGNED | TOMBSTONE | ABSENCE) != 0 {
        return Err(Unusable::Newer);
    }
    if value.len() < payload || (bits & KEY_INCLUDED != 0) != (key_len != 0) {
        return Err(Unusable::Damaged);
    }
    if name.in_envelope().unwrap_or_default() != &value[HEADER..lineage] {
        return Err(Unusable::Damaged);
    }
    let (generation, nonce) = (u64_at(value, 16), u64_at(value, 24));
    Ok(Parts { bits, nonce, generation, lineage, signature, payload })
}

impl Parts {
    fn signature(&self) -> Option<usize> {
        (self.bits & SIGNED != 0).then_some(self.signature)
    }

    fn read<'a>(&self, value: &'a [u8]) -> Result<Found<'a>, Unusable> {
        let codec = Codec::from_id(value[3]).ok_or(Unusable::Newer)?;
        let fingerprint = u64_at(value, 8);
        let (lineage, payload) = (&value[self.lineage..self.signature], &value[self.payload..]);
        let Ok(raw_len) = usize::try_from(u32_at(value, 32)) else {
            return Err(Unusable::Damaged);
        };
        let packed = (self.bits & PACKED != 0).then_some(raw_len);
        if packed.is_none() && raw_len != payload.len() {
            return Err(Unusable::Damaged);
        }
        let nothing = match self.bits & (TOMBSTONE | ABSENCE) {
            0 => {
                let lineage = Lineage(lineage);
                return Ok(Found::Value(Sealed { codec, fingerprint, lineage, payload, packed }));
            }
            TOMBSTONE => Found::Tombstone,
            ABSENCE => Found::Absence,
            _ => return Err(Unusable::Damaged),
        };
        let is_bare = payload.is_empty() && lineage.is_empty() && packed.is_none();
        if is_bare && fingerprint == 0 && codec == Codec::DEFAULT {
            Ok(nothing)
        } else {
            Err(Unusable::Damaged)
        }
    }
}

/// Sets the checksum to that of the rest, for the fuzzer and the tests.
#[cfg(any(test, fuzzing))]
pub(crate) fn set_checksum(value: &mut [u8], name: &Name) {
    if value.len() >= HEADER {
        let check = checksum(value, name.full()).to_le_bytes();
        value[CHECKED..HEADER].copy_from_slice(&check);
    }
}

/// Returns the checksum of everything but the checksum itself. `value` has a complete header.
fn checksum(value: &[u8], full_key: &[u8]) -> u32 {
    let head = xxh3_64_with_seed(&value[..CHECKED], xxh3_64(full_key));
    xxh3_64_with_seed(&value[HEADER..], head) as u32
}

fn u32_at(value: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&value[at..at + 4]);
    u32::from_le_bytes(bytes)
}

fn u64_at(value: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&value[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests;
