//! The facts about a server, and what its version says about it.

use crate::store::{memcached::proto::Dialect, ttl::ServerClock};

/// The first version with reliable meta commands. Before 1.6.9 they were experimental: such a
/// server rejects today's form of a store and then reads its value as commands. Until 1.6.12, a
/// store answers with a wrong version, and a delete ignores the version to compare with.
const FIRST_WITH_META: (u32, u32, u32) = (1, 6, 13);

/// The first version that repeats marks in all answers. Earlier ones omit them on a miss.
const FIRST_WITH_MARKS: (u32, u32, u32) = (1, 6, 18);

/// The facts about a server, from its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store::memcached) struct Facts {
    /// Its version, as it reports it.
    pub(in crate::store::memcached) version: String,
    /// How to speak to it: by meta commands, if they are reliable.
    pub(in crate::store::memcached) dialect: Dialect,
    /// Whether each answer that has flags repeats the mark of its request.
    pub(in crate::store::memcached) marks: bool,
    /// The size of the largest item that it takes, in bytes.
    pub(in crate::store::memcached) item_size_max: usize,
    /// Whether it keeps versions of values. With its option `-C` it does not.
    pub(in crate::store::memcached) cas_enabled: bool,
    /// The life that it is in, made from its process number and the second in which it started. It
    /// stays the same as long as the server runs. 0 if the server does not tell, or if equal
    /// versions of a value prove nothing within it. Two servers, or
    /// two lives of one, may look the same: in a container, each server is process 1.
    pub(in crate::store::memcached) life: u64,
    /// Its clock, if it tells the time.
    pub(in crate::store::memcached) clock: Option<ServerClock>,
    /// How many items it has evicted that nobody had read, if it tells.
    pub(in crate::store::memcached) evicted_unread: Option<u64>,
    /// A random number for this connection, whose other end stays in one life.
    pub(in crate::store::memcached) connection: u64,
}

/// Returns whether the meta commands of this version are reliable, if it has any.
pub(super) fn has_reliable_meta_commands(version: &str) -> bool {
    number(version).is_none_or(|it| it >= FIRST_WITH_META)
}

/// Returns whether this version repeats marks in all answers.
pub(super) fn repeats_marks(version: &str) -> bool {
    number(version).is_some_and(|it| it >= FIRST_WITH_MARKS)
}

/// Returns whether a version is one of memcached, which are numbers alone, such as `1.6.18`.
pub(super) fn is_memcached(version: &str) -> bool {
    number(version).is_some() && !version.contains(char::is_whitespace)
}

/// Returns whether a version is that of Flare, whose versions of values begin anew: a token then
/// proves nothing.
pub(super) fn is_flare(version: &str) -> bool {
    version.to_ascii_lowercase().starts_with("flare")
}

/// Reads the three numbers of a version such as `1.6.18` or `1.6.9_beta2`.
fn number(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part[..digits].parse().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(number("1.6.18"), Some((1, 6, 18)));
        assert_eq!(number("1.6.9_beta2-3"), Some((1, 6, 9)));
        assert_eq!(number("1.10.0"), Some((1, 10, 0)));
        assert_eq!(number("flare-1.3.4"), None);
        assert_eq!(number("1.6"), None);
    }
}
