//! The lease on servers that give none: a lock, which is an entry of its own beside the value's.
//!
//! It keeps two callers from making one value. It does not notice an invalidation of a value that is
//! being made, because nothing of the value is in the store then.

use std::time::Duration;

use crate::{
    key::name::Name,
    random,
    session::drive::Drive,
    store::operation::{Applied, Change, Condition, Load, Loaded, Op, StoreError, Token},
};

/// A lock that this call holds.
#[derive(Debug)]
pub(super) struct Lock {
    key: Box<[u8]>,
    /// By this number the holder recognizes its own lock.
    mark: [u8; 8],
}

impl Lock {
    /// Takes the lock of an entry for this long, unless another caller has it.
    pub(super) async fn take<D: Drive>(
        driver: &D,
        name: &Name,
        lasts: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let lock = Self { key: name.wire_of_lock(), mark: random::bits().to_le_bytes() };
        let op = Op::Store { bytes: &lock.mark, expiry: lasts.into() };
        let change = Change::new(&lock.key, op, Condition::Absent);
        let mut applied = Err(StoreError::Unknown("the store gave no answer".into()));
        let begun = D::Begun::default();
        driver.apply_many(&[change], &mut |_, answer| applied = answer, &begun).await;
        applied.map(|applied| (applied == Applied::Stored).then_some(lock))
    }

    /// Removes the lock, if it is still held. If this fails, it ends with its time.
    pub(super) async fn remove<D: Drive>(&self, driver: &D) {
        let mut held: Option<Token> = None;
        let mut take = |_, loaded: Result<Loaded<'_>, StoreError>| {
            if let Ok(Loaded::Hit { bytes, token, .. }) = loaded {
                held = (*bytes == self.mark).then_some(token);
            }
        };
        driver.load_many(&[Load::new(&self.key)], &mut take).await;
        let Some(token) = held else { return };
        if !driver.caps().conditional_delete() {
            return;
        }
        let change = Change::new(&self.key, Op::Delete, Condition::as_just_seen(token));
        driver.apply_many(&[change], &mut |_, _| {}, &D::Begun::default()).await;
    }
}
