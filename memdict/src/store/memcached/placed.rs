//! The choice of the server that holds a key.

use std::sync::Arc;

use super::store::MemcachedStore;
use crate::{error::Error, store::placement::Placement};

impl MemcachedStore {
    /// Sets how the server is chosen that holds a key: as memdict does, or as another client of these
    /// servers does. [`Placement::Rendezvous`] by default.
    ///
    /// # Errors
    /// [`Error::Config`] if the choice needs a cargo feature, or does not know the servers' weights.
    pub fn placement(mut self, how: Placement) -> Result<Self, Error> {
        self.servers = Arc::new(self.servers.placed(how)?);
        Ok(self)
    }
}
