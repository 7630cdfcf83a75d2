//! `memcache::exp`, in batches. Its operations are made before the clock starts.

use memcache::exp::{Get, GetResult, Meta, MetaClient, Set};
use workload::TTL;

use super::Ready;
use crate::Outcome;

pub(crate) struct Exp(MetaClient);

impl Exp {
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        // A batch of 10,000 must not fail because it is slow.
        let client = MetaClient::builder().io_timeout(Some(std::time::Duration::from_secs(20)));
        Ok(Self(client.connect(address)?))
    }

    pub(crate) fn sets(ready: &[Ready]) -> Vec<Set> {
        let set = |ready: &Ready| {
            Set::new(&ready.key, &ready.bytes).compare_cas(ready.cas).return_cas().ttl_raw(TTL)
        };
        ready.iter().map(set).collect()
    }

    pub(crate) fn gets(keys: &[String]) -> Vec<Get> {
        keys.iter().map(|key| Get::new(key).meta(Meta::NONE.cas())).collect()
    }

    /// Returns how many operations were done.
    pub(crate) fn set(&self, sets: Vec<Set>) -> Outcome<usize> {
        let mut done = 0;
        for outcome in self.0.run_many(sets)? {
            done += usize::from(outcome?.applied());
        }
        Ok(done)
    }

    pub(crate) fn get(&self, gets: Vec<Get>) -> Outcome<Vec<GetResult>> {
        let results = self.0.run_many(gets)?.into_iter();
        Ok(results.collect::<Result<_, _>>()?)
    }
}
