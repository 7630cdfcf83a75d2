//! A batch's conversation with a server, over a connection of its own.

use super::link::Link;
use crate::store::operation::{Reason, StoreError, Token};

/// A batch's conversation with a server.
pub(super) struct Conversation<'a> {
    pub(super) index: u32,
    pub(super) name: &'a str,
    pub(super) link: &'a mut Link,
    pub(super) max_item_bytes: usize,
}

impl Conversation<'_> {
    /// Returns a token of this server. One with the number 0 matches nothing.
    pub(super) fn token(&self, cas: u64) -> Token {
        Token::new(self.index, 0, cas)
    }

    /// Returns the outcome of the rest of a batch after this error.
    pub(super) fn not_sent(&self, after: &StoreError) -> StoreError {
        StoreError::Down(Reason::new(format!("not sent, after: {after}")).at(self.name))
    }

    /// Names the server in a sentence.
    pub(super) fn owner(&self) -> String {
        format!("memcached {}", self.name)
    }
}

/// Returns the key as text, because the `memcache` crate takes only text.
pub(super) fn text(key: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(key).map_err(|_| {
        let key = key.escape_ascii();
        StoreError::Refused(
            format!("the key `{key}` is not UTF-8, which this store requires").into(),
        )
    })
}
