//! Signatures: who has the secret wrote the value, under this key.

use std::fmt;

use super::layout::{CHECKED, HEADER};

/// The length of a signature: a BLAKE3 hash.
pub(super) const SIGNATURE: usize = blake3::OUT_LEN;

/// What the keys of signatures are derived for. Another purpose has other keys.
const PURPOSE: &str = "memdict 2026-11-29 signature of a stored value";

/// The secrets of a cache. The first one signs, and every one verifies. Without any, nothing is
/// signed, and signatures are not looked at.
#[derive(Default)]
pub(crate) struct Secrets(Vec<[u8; blake3::KEY_LEN]>);

impl Secrets {
    pub(crate) const NONE: &'static Self = &Self(Vec::new());

    /// Adds a secret of any length.
    pub(crate) fn add(&mut self, secret: &[u8]) {
        self.0.push(blake3::derive_key(PURPOSE, secret));
    }

    /// Returns whether values are signed.
    pub(super) fn sign(&self) -> bool {
        !self.0.is_empty()
    }

    /// Writes the signature of a value, whose checksum is not set yet, into the space at `at`.
    pub(super) fn sign_at(&self, value: &mut [u8], at: usize, full_key: &[u8]) {
        if let Some(key) = self.0.first() {
            let signature = signature(key, value, at, full_key);
            value[at..at + SIGNATURE].copy_from_slice(signature.as_bytes());
        }
    }

    /// Returns whether a value may be used: there is no secret, or one of them made the signature
    /// at `at`. `value` is intact.
    pub(super) fn verify(&self, value: &[u8], at: Option<usize>, full_key: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some((at, claimed)) = at.and_then(|at| Some((at, value.get(at..at + SIGNATURE)?)))
        else {
            return false;
        };
        // Hashes of this library compare in constant time, also with bytes.
        self.0.iter().any(|key| signature(key, value, at, full_key) == *claimed)
    }
}

/// No secrets.
impl Default for &Secrets {
    fn default() -> Self {
        Secrets::NONE
    }
}

/// Returns the hash, with this key, of everything but the checksum and the signature at `at`.
fn signature(
    key: &[u8; blake3::KEY_LEN],
    value: &[u8],
    at: usize,
    full_key: &[u8],
) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&(full_key.len() as u64).to_le_bytes());
    hasher.update(full_key);
    hasher.update(&value[..CHECKED]);
    hasher.update(&value[HEADER..at]);
    hasher.update(&value[at + SIGNATURE..]);
    hasher.finalize()
}

/// Shows how many secrets there are, and none of them.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}
