//! The clients that memdict is compared with. Each prepares its requests before the clock starts.

pub(crate) mod async_memcached;
pub(crate) mod classic;
pub(crate) mod duplex;
pub(crate) mod exp;
pub(crate) mod raw;
pub(crate) mod tasks;

use serde::de::DeserializeOwned;
use workload::ENVELOPE;

use crate::Outcome;

/// A value as it is stored, with its key on the wire and its version, ready to be sent.
pub(crate) struct Ready {
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) cas: u64,
}

/// Returns the keys alone.
pub(crate) fn keys_of(ready: &[Ready]) -> Vec<&str> {
    ready.iter().map(|ready| ready.key.as_str()).collect()
}

/// Decodes a value's bytes without any check, as a program without memdict would.
pub(crate) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Outcome<T> {
    let payload = stored.get(ENVELOPE..).ok_or("a value without its envelope")?;
    let (value, _) = bincode::serde::decode_from_slice(payload, bincode::config::standard())?;
    Ok(value)
}

/// Returns an error unless all operations were done.
pub(crate) fn all(done: usize, of: usize) -> Outcome<()> {
    if done == of { Ok(()) } else { Err(format!("{done} of {of} were done").into()) }
}
