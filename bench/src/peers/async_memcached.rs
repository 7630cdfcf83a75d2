//! `async-memcached`, on tokio's single-threaded runtime.

use async_memcached::{AsciiProtocol, Client, Value};
use tokio::runtime::{Builder, Runtime};
use workload::TTL;

use super::Ready;
use crate::Outcome;

pub(crate) struct AsyncMemcached {
    runtime: Runtime,
    client: Client,
}

impl AsyncMemcached {
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(Client::new(format!("tcp://{address}")))?;
        Ok(Self { runtime, client })
    }

    pub(crate) fn sets(ready: &[Ready]) -> Vec<(&str, &[u8])> {
        ready.iter().map(|ready| (ready.key.as_str(), ready.bytes.as_slice())).collect()
    }

    /// Stores values unconditionally, because the client has no conditions. Returns how many were
    /// stored.
    pub(crate) fn set(&mut self, sets: &[(&str, &[u8])]) -> Outcome<usize> {
        let outcomes = self.client.set_multi(sets, Some(i64::from(TTL)), None);
        let outcomes = self.runtime.block_on(outcomes)?;
        Ok(outcomes.values().filter(|outcome| outcome.is_ok()).count())
    }

    /// Loads values without their versions, which the client does not ask for.
    pub(crate) fn get(&mut self, keys: &[&str]) -> Outcome<Vec<Value>> {
        Ok(self.runtime.block_on(self.client.get_multi(keys))?)
    }
}
