//! Random numbers that no other process draws too.

use std::hash::{BuildHasher, RandomState};

/// Returns 64 random bits from the system. If its source fails, which does not happen on a running
/// system, the bits come from the standard library's hash keys. Those are as good, but predictable
/// within one process.
pub(crate) fn bits() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}
