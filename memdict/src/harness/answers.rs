//! What servers answer, cut anywhere.

#[cfg(feature = "classic")]
use crate::store::classic::text;
use crate::store::memcached::scripted;

/// Gives the input to a reader of answers. The first byte chooses the reader, the second the number
/// of operations, the third the length of the pieces in which the rest arrives.
///
/// Each operation is settled once, whatever the server says. A value is given out only for the key
/// whose request it answers: with the mark of that request, or, in the classic protocol, with that
/// key. No more memory is taken than was received. Credentials are sent only to a server that asks
/// for them.
pub fn answers(data: &[u8]) {
    let [reader, operations, size, said @ ..] = data else { return };
    let operations = usize::from(*operations % 16);
    let pieces: Vec<&[u8]> = said.chunks(usize::from(*size).max(1)).collect();
    match (reader, reader % 5) {
        (b'f', _) => scripted::check_fetches(operations, said, &pieces),
        (b'o', _) => scripted::check_others(operations, said, &pieces),
        (_, 0) => scripted::check_loads(operations, said, &pieces),
        (_, 1) => scripted::check_changes(operations, said, &pieces),
        (_, 2) => scripted::check_silence(operations, &pieces),
        (_, 3) => scripted::check_greeting(said, &pieces),
        #[cfg(feature = "classic")]
        _ => text::check(operations, said, &pieces),
        #[cfg(not(feature = "classic"))]
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seed_and_thousands_of_changes_of_it_hold() {
        crate::harness::mutations::of("answers", super::answers);
    }
}
