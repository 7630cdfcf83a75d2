//! Loads of the embedded store.

use std::sync::Arc;

use super::{MemoryStore, items::Item};
use crate::store::{
    expiry::Life,
    limits,
    operation::{Load, Loaded, Renewal, StoreError},
};

/// What a load found. The bytes outlive the lock.
pub(super) struct Found {
    bytes: Arc<[u8]>,
    /// The outcome, without the bytes.
    rest: Loaded<'static>,
}

impl Found {
    fn nothing(rest: Loaded<'static>) -> Self {
        Self { bytes: Arc::default(), rest }
    }

    pub(super) fn lend(&self) -> Loaded<'_> {
        self.rest.with_bytes(&self.bytes)
    }
}

impl MemoryStore {
    /// Loads a value, or takes the lease on it.
    pub(super) fn load(&self, load: &Load<'_>) -> Result<Found, StoreError> {
        limits::check_key(load.key)?;
        let now = self.clock.now();
        let mut items = self.items.lock();
        items.expire(load.key, now);
        let Some(item) = items.by_use.get_mut(load.key) else {
            let Some(lasts) = load.lease else { return Ok(Found::nothing(Loaded::Miss)) };
            self.check_size(load.key, 0)?;
            let ends = self.end(lasts.into(), now);
            let cas = items.store(load.key, b"", ends, self.max_bytes);
            if let Some(placeholder) = items.by_use.peek_mut(load.key) {
                placeholder.is_renewed = true;
            }
            return Ok(Found::nothing(Loaded::leased(self.token(cas), true)));
        };
        let was_renewed = item.is_renewed;
        if let (Some(least), Some(expires)) = (load.renew, item.expires) {
            let left = expires.saturating_sub(now).as_secs();
            item.is_renewed |= left < limits::whole_seconds(least);
        }
        item.is_renewed |= item.stale && load.keeps_right();
        if let Some(expiry) = load.touch {
            item.expires = self.end(expiry, now);
        }
        let renewal = match (was_renewed, item.is_renewed) {
            (true, _) => Renewal::Taken,
            (false, true) => Renewal::Won,
            (false, false) => Renewal::Open,
        };
        let token = self.token(item.cas);
        if is_placeholder(item) {
            return Ok(Found::nothing(Loaded::leased(token, renewal == Renewal::Won)));
        }
        let mut rest = Loaded::hit(&[], token).renewed_by(renewal);
        if item.stale {
            rest = rest.made_stale();
        }
        if load.life {
            rest = rest.with_life(match item.expires {
                Some(end) => Life::until(end, now),
                None => Life::FOREVER,
            });
        }
        Ok(Found { bytes: Arc::clone(&item.bytes), rest })
    }
}

fn is_placeholder(item: &Item) -> bool {
    item.bytes.is_empty() && (item.stale || item.is_renewed)
}
