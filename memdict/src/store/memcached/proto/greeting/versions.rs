//! Whether a server counts the versions of a key on after a deletion. memcached does. Others begin
//! anew, so that one token may stand for two values within one life.
//!
//! ```text
//! set K   gets K   delete K   set K   gets K   delete K
//!            |                           |
//!            +---------- equal? ---------+
//! ```
//!
//! A server that tells a life, and whose version is not one of memcached, is asked this over the first
//! connection to it.

use crate::{random, store::memcached::proto::window::Window};

/// How many requests are sent, each of which has one line at the end of its answer.
const REQUESTS: usize = 6;

/// The answers so far.
#[derive(Debug, Default)]
pub(super) struct Versions {
    told: Vec<u64>,
    /// Whether the next line is a value.
    in_value: bool,
    answered: usize,
}

impl Versions {
    /// Asks about a key of its own, whose value lives for a minute if it is not deleted.
    pub(super) fn ask(window: &mut Window<'_>) -> Self {
        let key = format!("memdict:probe:{:016x}", random::bits());
        let once = format!("set {key} 0 60 1\r\nv\r\ngets {key}\r\ndelete {key}\r\n");
        window.raw(once.repeat(2).as_bytes());
        Self::default()
    }

    /// Reads a line. Returns whether versions begin anew once that is known. They do as well if the
    /// server does not store values, so that it cannot be known.
    pub(super) fn read(&mut self, line: &str) -> Option<bool> {
        if std::mem::take(&mut self.in_value) {
            return None;
        }
        if let Some(value) = line.strip_prefix("VALUE ") {
            self.told.extend(value.split(' ').nth(3).and_then(|number| number.parse::<u64>().ok()));
            self.in_value = true;
            return None;
        }
        self.answered += 1;
        let counts_on = matches!(self.told[..], [first, second] if first != second);
        (self.answered == REQUESTS).then_some(!counts_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with these two versions.
    fn begin_anew(first: &str, second: &str) -> Option<bool> {
        let once = |version| ["STORED", version, "v", "END", "DELETED"];
        let mut lines = [once(first), once(second)].concat();
        lines.retain(|line| !line.is_empty());
        let mut versions = Versions::default();
        let last = lines.pop().expect("there are lines");
        assert!(lines.iter().all(|line| versions.read(line).is_none()));
        versions.read(last)
    }

    #[test]
    fn a_version_that_equals_that_of_a_deleted_value_proves_nothing() {
        assert_eq!(begin_anew("VALUE k 0 1 1", "VALUE k 0 1 2"), Some(false));
        assert_eq!(begin_anew("VALUE k 0 1 1", "VALUE k 0 1 1"), Some(true));
        assert_eq!(begin_anew("VALUE k 0 1", "VALUE k 0 1"), Some(true), "there are none");
    }

    #[test]
    fn a_server_that_stores_nothing_proves_nothing() {
        let mut versions = Versions::default();
        let told: Vec<_> =
            ["SERVER_ERROR out of memory storing object", "END", "NOT_FOUND"].repeat(2);
        let told: Vec<_> = told.into_iter().filter_map(|line| versions.read(line)).collect();
        assert_eq!(told, [true]);
    }
}
