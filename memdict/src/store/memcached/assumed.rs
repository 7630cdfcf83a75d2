//! What a program says about its servers in advance.

use super::{proto::Dialect, store::MemcachedStore};
use crate::store::limits;

impl MemcachedStore {
    /// Speaks the classic text protocol, whatever a server could.
    #[must_use]
    pub fn classic(mut self) -> Self {
        self.assumed.dialect = Some(Dialect::Classic);
        self.anew()
    }

    /// Speaks the classic text protocol to Flare, and to other servers whose versions of values begin
    /// anew: a token then has no life, so that a session compares the stored value with the one that
    /// it saw before it writes. Flare is found out without it as well, if it tells its version.
    #[must_use]
    pub fn flare(mut self) -> Self {
        self.assumed.versions_begin_anew = true;
        self.classic()
    }

    /// Sets how many bytes an item may take in a server that does not tell, counted as memcached does
    /// for its option `-I`: the largest value is smaller by 59 bytes and the length of its key. 1 MiB
    /// by default, at most 1 GiB.
    #[must_use]
    pub fn max_item_bytes(mut self, max_item_bytes: usize) -> Self {
        self.assumed.item_size_max = max_item_bytes.min(limits::LARGEST_ITEM);
        self.anew()
    }
}
