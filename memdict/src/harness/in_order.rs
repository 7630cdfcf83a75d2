//! What servers answer in the classic dialect, cut anywhere.

use crate::store::memcached::scripted::{self, classic};

/// Gives the input to a reader of answers that carry no marks. The first byte chooses the reader,
/// the second the number of operations, the third the length of the pieces in which the rest
/// arrives.
///
/// Each operation is settled once, whatever the server says. A value is given out only for its key,
/// and no more stores succeed than the server says. No more memory is taken than was received.
pub fn in_order(data: &[u8]) {
    let [reader, operations, size, said @ ..] = data else { return };
    let operations = usize::from(*operations % 16);
    let pieces: Vec<&[u8]> = said.chunks(usize::from(*size).max(1)).collect();
    match reader % 3 {
        0 => classic::check_loads(operations, said, &pieces),
        1 => classic::check_changes(operations, said, &pieces),
        _ => scripted::check_greeting(said, &pieces),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seed_and_thousands_of_changes_of_it_hold() {
        crate::harness::mutations::of("in_order", super::in_order);
    }
}
