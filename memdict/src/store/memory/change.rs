//! Changes of the embedded store.

use std::time::Duration;

use super::{
    MemoryStore, count,
    items::{Item, Items, PLACE, cost},
};
use crate::store::{
    limits,
    operation::{Applied, Change, Condition, Count, Op, StoreError},
};

impl MemoryStore {
    pub(super) fn apply(&self, change: &Change<'_>) -> Result<Applied, StoreError> {
        let key = change.key;
        limits::check_key(key)?;
        limits::check_condition(change)?;
        if let Op::Store { bytes, .. } = change.op {
            self.check_size(key, bytes.len())?;
        }
        let now = self.clock.now();
        let mut items = self.items.lock();
        items.expire(key, now);
        let there = items.by_use.peek(key);
        if let Some(not_done) = self.hinders(there, change.when) {
            return Ok(not_done);
        }
        match change.op {
            Op::Store { bytes, expiry } => {
                items.store(key, bytes, self.end(expiry, now), self.max_bytes);
                Ok(Applied::Stored)
            }
            Op::Count(count) => self.count(&mut items, key, count, now),
            _ if there.is_none() => Ok(Applied::Gone),
            Op::Delete => {
                items.remove(key);
                Ok(Applied::Deleted)
            }
            Op::Touch { expiry } => {
                if let Some(item) = items.by_use.get_mut(key) {
                    item.expires = self.end(expiry, now);
                }
                Ok(Applied::Touched)
            }
            Op::Invalidate { grace } => {
                let cas = items.next_cas();
                if let Some(item) = items.by_use.get_mut(key) {
                    (item.stale, item.is_renewed, item.cas) = (true, false, cas);
                    if let Some(grace) = grace {
                        item.expires = self.end(grace, now);
                    }
                }
                Ok(Applied::Invalidated)
            }
        }
    }

    /// Changes a number, or stores the first one.
    fn count(
        &self,
        items: &mut Items,
        key: &[u8],
        count: Count,
        now: Duration,
    ) -> Result<Applied, StoreError> {
        let cas = items.next_cas();
        let Some(item) = items.by_use.get_mut(key) else {
            let Some((first, expiry)) = count.start else { return Ok(Applied::Gone) };
            let digits = first.to_string();
            self.check_size(key, digits.len())?;
            items.store(key, digits.as_bytes(), self.end(expiry, now), self.max_bytes);
            return Ok(Applied::Counted(first));
        };
        let number = count::read(&item.bytes).ok_or_else(count::not_a_number)?;
        let number = count.by.apply(number);
        if let Some(expiry) = count.expiry {
            item.expires = self.end(expiry, now);
        }
        let written = count::write(number, item.bytes.len());
        if written.len() == item.bytes.len() {
            item.bytes = written.into();
            item.cas = cas;
        } else {
            // memcached makes a new item, too, which is not stale.
            let expires = item.expires;
            items.store(key, &written, expires, self.max_bytes);
        }
        Ok(Applied::Counted(number))
    }

    pub(super) fn check_size(&self, key: &[u8], length: usize) -> Result<(), StoreError> {
        limits::check_value(self.max_item_bytes, key, length, &"the embedded store")?;
        let cost = cost(key.len(), length) + PLACE;
        if cost > self.max_bytes {
            let max = self.max_bytes;
            let why = format!("the item takes {cost} bytes; the embedded store takes {max} in all");
            return Err(StoreError::Refused(why.into()));
        }
        Ok(())
    }

    /// Returns the outcome of a change that the condition forbids, or `None` if it may be made.
    fn hinders(&self, there: Option<&Item>, when: Condition) -> Option<Applied> {
        match (when, there) {
            (Condition::Always, _) | (Condition::Absent, None) => None,
            (Condition::Absent, Some(_)) => Some(Applied::Exists),
            (Condition::Matches(token), _) if token.is_of_another_life(0, self.life) => {
                Some(Applied::Restarted)
            }
            (Condition::Matches(_), None) => Some(Applied::Gone),
            (Condition::Matches(token), Some(item)) => {
                (token != self.token(item.cas)).then_some(Applied::Differs)
            }
        }
    }
}
