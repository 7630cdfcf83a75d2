//! Numbers that one session after the other stores and finds.

use memdict::DictDef;
use memdict_tests::Bench;

use super::Outcome;

pub(crate) static HITS: DictDef<u64> = DictDef::new("hits");

/// Stores one, without a read.
pub(crate) fn set(bench: &Bench, key: &str, to: u64) -> Outcome {
    bench.cache.transaction(|session| session.dict(&HITS).insert(key, to))
}

/// What a new session finds.
pub(crate) fn hits(bench: &Bench, key: &str) -> memdict::Result<Option<u64>> {
    Ok(bench.cache.session().dict(&HITS).get(key)?.map(|hits| *hits))
}
