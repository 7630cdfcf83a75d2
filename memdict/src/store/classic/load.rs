//! Loads on one server.

use memcache::{MemcacheError, ServerError};

use super::{
    conversation::{Conversation, text},
    failure,
    link::Link,
};
use crate::store::operation::{Load, StoreError, Token};

/// The largest number of keys in one request, because all of their values are held at once.
const MAX_KEYS: usize = 100;

/// Takes the outcome of each load: its value, if there is one, with its version.
type Out<'o> = dyn FnMut(usize, Result<Option<(Vec<u8>, Token)>, StoreError>) + 'o;

/// A value, its client flags, its version.
pub(super) type Item = (Vec<u8>, u32, Option<u64>);

/// Loads the operations of `loads` that `indices` name, all of them on one server. Returns whether
/// the connection can be used again.
pub(super) fn run(
    with: &mut Conversation<'_>,
    loads: &[Load<'_>],
    indices: &[usize],
    out: &mut Out<'_>,
) -> bool {
    let mut down = None;
    for chunk in indices.chunks(MAX_KEYS) {
        if let Some(error) = &down {
            chunk.iter().for_each(|&index| out(index, Err(StoreError::clone(error))));
            continue;
        }
        if let Err(error) = load(with, loads, chunk, out) {
            chunk.iter().for_each(|&index| out(index, Err(error.clone())));
            down = Some(with.not_sent(&error));
        }
    }
    down.is_none()
}

/// Loads one request's keys.
///
/// # Errors
/// The reason why the server cannot be used. None of the loads then has an outcome.
fn load(
    with: &mut Conversation<'_>,
    loads: &[Load<'_>],
    chunk: &[usize],
    out: &mut Out<'_>,
) -> Result<(), StoreError> {
    let keys = chunk.iter().map(|&index| text(loads[index].key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    match &mut *with.link {
        Link::Text(text) => {
            let found = text.values(&keys, with.max_item_bytes);
            let found = found.map_err(|broken| failure::unread(with.name, &broken).error)?;
            for (&index, key) in chunk.iter().zip(keys) {
                // A key may be asked for twice.
                let found = found.get(key).cloned();
                out(index, Ok(found.map(|(bytes, version)| (bytes, with.token(version)))));
            }
        }
        Link::Sasl(client) => {
            let items = client.gets::<Item>(&keys);
            let items = items.map_err(|error| failure::load(with.name, &error).error)?;
            let found = keys.iter().filter(|key| items.contains_key(**key));
            if found.collect::<std::collections::HashSet<_>>().len() != items.len() {
                // Values that were not asked for belong to another request.
                let error = MemcacheError::ServerError(ServerError::BadResponse("".into()));
                return Err(failure::load(with.name, &error).error);
            }
            for (&index, key) in chunk.iter().zip(keys) {
                let item = items.get(key).cloned();
                let found = item.map(|(bytes, _, cas)| (bytes, with.token(cas.unwrap_or(0))));
                out(index, Ok(found));
            }
        }
    }
    Ok(())
}
