//! Conversation server in use, and the connection that a batch has to itself.

use memcache::Client;

use crate::store::operation::{Reason, StoreError, Token};

/// Conversation server in use.
pub(super) struct Conversation<'a> {
    pub(super) index: u32,
    pub(super) name: &'a str,
    pub(super) client: &'a Client,
    pub(super) binary: bool,
    pub(super) max_item_bytes: usize,
}

impl Conversation<'_> {
    /// A token of this server; one with the number 0 matches nothing.
    pub(super) fn token(&self, cas: u64) -> Token {
        Token::new(self.index, 0, cas)
    }

    /// What becomes of the rest of a batch after this error.
    pub(super) fn not_sent(&self, after: &StoreError) -> StoreError {
        StoreError::Down(Reason::new(format!("not sent, after: {after}")).at(self.name))
    }

    /// The server in a sentence.
    pub(super) fn owner(&self) -> String {
        format!("memcached {}", self.name)
    }
}

/// The `memcache` crate takes keys as text.
pub(super) fn text(key: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(key).map_err(|_| {
        let key = key.escape_ascii();
        StoreError::Refused(
            format!("the key `{key}` is not UTF-8, which this store asks for").into(),
        )
    })
}
