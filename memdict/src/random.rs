//! Numbers that no other process draws as well.

use std::hash::{BuildHasher, RandomState};

/// 64 random bits from the system. Where its source fails, which a running system's does not,
/// they come from the standard library's keys, which are as good but predictable within one
/// process.
pub(crate) fn bits() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}
