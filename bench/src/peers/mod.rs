//! What memdict is measured against. Each prepares what it sends before its time is taken.

pub(crate) mod async_memcached;
pub(crate) mod classic;
pub(crate) mod duplex;
pub(crate) mod exp;
pub(crate) mod raw;

use serde::de::DeserializeOwned;
use workload::ENVELOPE;

use crate::Outcome;

/// A value as it is stored, with its key on the wire and its version: ready to be sent.
pub(crate) struct Ready {
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) cas: u64,
}

/// The keys alone.
pub(crate) fn keys_of(ready: &[Ready]) -> Vec<&str> {
    ready.iter().map(|ready| ready.key.as_str()).collect()
}

/// What a program without memdict would do with a value's bytes: decode, and check nothing.
pub(crate) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Outcome<T> {
    let payload = stored.get(ENVELOPE..).ok_or("a value without its envelope")?;
    let (value, _) = bincode::serde::decode_from_slice(payload, bincode::config::standard())?;
    Ok(value)
}

/// An error unless as many were done as there are.
pub(crate) fn all(done: usize, of: usize) -> Outcome<()> {
    if done == of { Ok(()) } else { Err(format!("{done} of {of} were done").into()) }
}
