//! The classic `memcache::Client`, with one change after the other, and many values in one request.

use std::collections::HashMap;

use memcache::Client;
use workload::TTL;

use super::Ready;
use crate::Outcome;

pub(crate) struct Classic(Client);

/// A value, its flags and its version.
pub(crate) type Found = (Vec<u8>, u32, Option<u64>);

impl Classic {
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        let url = format!("memcache://{address}?protocol=ascii");
        Ok(Self(Client::with_pool_size(url, 1)?))
    }

    /// Stores values unconditionally, because this call has no condition.
    pub(crate) fn set(&self, ready: &[Ready]) -> Outcome<()> {
        for Ready { key, bytes, .. } in ready {
            self.0.set(key, bytes.as_slice(), TTL)?;
        }
        Ok(())
    }

    /// Loads values with the versions that conditional changes would need.
    pub(crate) fn get(&self, keys: &[&str]) -> Outcome<HashMap<String, Found>> {
        Ok(self.0.gets(keys)?)
    }
}
