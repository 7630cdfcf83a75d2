//! Loads on one server.

use memcache::{MemcacheError, ServerError};

use super::{
    conversation::{Conversation, text},
    failure,
};
use crate::store::operation::{Load, StoreError, Token};

/// The largest number of keys in one request, because the crate holds all of their values at once.
const MAX_KEYS: usize = 100;

/// Takes the outcome of each load: its value, if there is one, with its version.
type Out<'o> = dyn FnMut(usize, Result<Option<(Vec<u8>, Token)>, StoreError>) + 'o;

/// A value, its client flags, its version.
pub(super) type Item = (Vec<u8>, u32, Option<u64>);

/// Loads the operations of `loads` that `indices` name, all of them on one server. Returns whether
/// the connection can be used again.
pub(super) fn run(
    with: &Conversation<'_>,
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
    with: &Conversation<'_>,
    loads: &[Load<'_>],
    chunk: &[usize],
    out: &mut Out<'_>,
) -> Result<(), StoreError> {
    let keys = chunk.iter().map(|&index| text(loads[index].key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let items = with.client.gets::<Item>(&keys);
    let items = items.map_err(|error| failure::load(with.name, &error).error)?;
    let found = keys.iter().filter(|key| items.contains_key(**key));
    if found.collect::<std::collections::HashSet<_>>().len() != items.len() {
        // Values that were not asked for belong to another request.
        let error = MemcacheError::ServerError(ServerError::BadResponse("".into()));
        return Err(failure::load(with.name, &error).error);
    }
    for (&index, key) in chunk.iter().zip(keys) {
        out(
            index,
            Ok(items.get(key).map(|(bytes, _, cas)| {
                let token = with.token(cas.unwrap_or(0));
                (bytes.clone(), token)
            })),
        );
    }
    Ok(())
}
