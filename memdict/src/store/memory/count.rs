//! Numbers as memcached reads and writes them.

use crate::store::operation::StoreError;

/// Returns the number in a stored value: digits, perhaps after white space and a plus sign, up to
/// the end or to white space.
pub(super) fn read(value: &[u8]) -> Option<u64> {
    let text = value.trim_ascii_start();
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Returns the value of a number that takes the place of one of this length. It is filled up with
/// spaces, because memcached changes a number in its place.
pub(super) fn write(number: u64, length: usize) -> Vec<u8> {
    let mut digits = number.to_string().into_bytes();
    digits.resize(digits.len().max(length), b' ');
    digits
}

pub(super) fn not_a_number() -> StoreError {
    StoreError::Refused("the stored value is no number, so it cannot be counted with".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_memcached_reads_them() {
        for (value, number) in [
            (&b"5"[..], Some(5)),
            (b"5  ", Some(5)),
            (b" 5", Some(5)),
            (b"+5", Some(5)),
            (b"5 x", Some(5)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None),
            (b"", None),
            (b" ", None),
            (b"-1", None),
            (b"5x", None),
            (b"x", None),
            (b"\xff", None),
        ] {
            assert_eq!(read(value), number, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn a_number_keeps_its_length_unless_it_has_to_grow() {
        assert_eq!(write(99, 3), b"99 ");
        assert_eq!(write(100, 2), b"100");
        assert_eq!(write(0, 1), b"0");
    }
}
