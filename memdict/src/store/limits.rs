//! memcached's limits, which every store applies, so that all stores accept the same keys and
//! values.

use std::{fmt, time::Duration};

use super::operation::{Change, Condition, Op, StoreError};
use crate::key::MAX_WIRE;

/// memcached's default for `item_size_max` (its option `-I`), in bytes.
pub(crate) const ITEM_SIZE_MAX: usize = 1 << 20;

/// The largest item that memcached can be told to take (its option `-I`), in bytes.
pub(crate) const LARGEST_ITEM: usize = 1 << 30;

/// How many connections a store makes to each server, unless it is set.
pub(crate) const MAX_CONNECTIONS: usize = 16;

/// How many times its timeout a call may take, unless its deadline is set.
pub(crate) const DEADLINE_IN_TIMEOUTS: u32 = 10;

/// The bytes that memcached keeps of an item besides its key and value: the header, the version,
/// the zero after the key, and the end of line after the value.
const HEADER: usize = 48;
const VERSION: usize = 8;
const KEY_END: usize = 1;
const VALUE_END: usize = 2;

/// Returns the size of the largest value under a key of `key_length` bytes, if an item without
/// client flags may take `item_size_max` bytes.
pub(crate) const fn max_value(item_size_max: usize, key_length: usize) -> usize {
    item_size_max.saturating_sub(HEADER + VERSION + key_length + KEY_END + VALUE_END)
}

/// Refuses a key that is empty, too long, or would need escaping on the wire. A byte that ends a
/// word or a line must never get through, because the server would read what follows it as a
/// command.
pub(crate) fn check_key(key: &[u8]) -> Result<(), StoreError> {
    let wrong = if key.is_empty() {
        "is empty".to_owned()
    } else if key.len() > MAX_WIRE {
        format!("has {} bytes; at most {MAX_WIRE} are allowed", key.len())
    } else if key.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        "contains white space or control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Refused(format!("the key `{}` {wrong}", key.escape_ascii()).into()))
}

/// Refuses a change on a condition that its operation does not know.
pub(crate) fn check_condition(change: &Change<'_>) -> Result<(), StoreError> {
    let why = match (change.op, change.when) {
        (Op::Touch { .. }, Condition::Absent | Condition::Matches(_)) => {
            "a touch has no condition: use `Condition::Always`"
        }
        (Op::Count(_), Condition::Absent | Condition::Matches(_)) => {
            "a count has no condition: use `Condition::Always`"
        }
        (Op::Invalidate { .. }, Condition::Absent) => {
            "an absent value cannot be made stale: use `Condition::Always` or `Condition::Matches`"
        }
        _ => return Ok(()),
    };
    Err(StoreError::Refused(why.into()))
}

/// Refuses a value of `length` bytes that does not fit into an item of `item_size_max` bytes.
pub(crate) fn check_value(
    item_size_max: usize,
    key: &[u8],
    length: usize,
    owner: &dyn fmt::Display,
) -> Result<(), StoreError> {
    let limit = max_value(item_size_max, key.len());
    if length <= limit {
        return Ok(());
    }
    let why = format!(
        "the value has {length} bytes; {owner} takes at most {limit} under this key \
         (item_size_max is {item_size_max})"
    );
    Err(StoreError::Refused(why.into()))
}

/// Returns a lifetime in whole seconds, rounded up, and at least one, because zero means "for ever"
/// on the wire.
pub(crate) fn whole_seconds(ttl: Duration) -> u64 {
    let begun = u64::from(ttl.subsec_nanos() > 0);
    ttl.as_secs().saturating_add(begun).max(1)
}

/// Clamps a timeout to what the system takes and the clock can add: 1 ms to one day.
pub(crate) fn within_a_day(timeout: Duration) -> Duration {
    timeout.clamp(Duration::from_millis(1), Duration::from_secs(24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_is_as_large_as_that_of_memcached() {
        assert_eq!(max_value(ITEM_SIZE_MAX, 2), 1_048_515);
        assert_eq!(max_value(10, 2), 0);
    }

    #[test]
    fn lifetimes_are_rounded_up_to_at_least_a_second() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_nanos(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }

    #[test]
    fn keys_that_would_need_escaping_are_refused() {
        let longest = [b'x'; MAX_WIRE];
        for key in [&b"k"[..], "schlüssel".as_bytes(), b"\xff", &longest] {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
        let too_long = [b'x'; MAX_WIRE + 1];
        for key in [&b""[..], b"a b", b"a\r\nb", b"\0", b"\x7f", &too_long] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
    }
}
