//! What holds for the parser of either dialect, for its tests.

use super::{Answer, Parsed};

/// The largest value that the tests accept.
pub(in crate::store::memcached::proto) const MAX: usize = 1 << 20;

type Parse = for<'b> fn(&'b [u8], usize) -> Parsed<'b>;

/// Each answer is read whole, also before another one, and every beginning of it asks for more.
pub(in crate::store::memcached::proto) fn are_read_wherever_they_are_cut(
    parse: Parse,
    answers: Vec<(&'static [u8], Answer<'static>)>,
    next: &[u8],
) {
    for (bytes, answer) in answers {
        for cut in 0..bytes.len() {
            let Parsed::Partial { needed } = parse(&bytes[..cut], MAX) else {
                panic!("{:?} cut at {cut}", bytes.escape_ascii().to_string())
            };
            assert!(cut < needed && needed <= bytes.len(), "{cut} {needed}");
        }
        let followed = [bytes, next].concat();
        assert_eq!(parse(&followed, MAX), Parsed::Answer(answer, bytes.len()));
    }
}

/// None of these is an answer, or the beginning of one.
pub(in crate::store::memcached::proto) fn are_broken(parse: Parse, all: &[&[u8]]) {
    for bytes in all {
        let shown = bytes.escape_ascii().to_string();
        assert!(matches!(parse(bytes, MAX), Parsed::Broken(_)), "{shown}");
    }
}

/// An answer uses bytes that were received, and a partial one asks for more.
pub(in crate::store::memcached::proto) fn is_sound(parse: Parse, bytes: &[u8]) {
    match parse(bytes, MAX) {
        Parsed::Answer(_, used) => assert!(0 < used && used <= bytes.len()),
        Parsed::Partial { needed } => assert!(needed > bytes.len()),
        Parsed::Broken(_) => {}
    }
}
