//! Loads on one server.

use memcache::{MemcacheError, ServerError};

use super::{
    conversation::{Conversation, text},
    failure,
    link::Link,
};
use crate::store::{
    operation::{Load, StoreError, Token},
    ttl,
};

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
        let loaded = load(with, loads, chunk, &mut *out).map(|hits| touch(with, loads, &hits));
        match loaded {
            Ok(Ok(())) => {}
            // The values are loaded, but what follows would be out of step.
            Ok(Err(error)) => down = Some(with.not_sent(&error)),
            Err(error) => {
                chunk.iter().for_each(|&index| out(index, Err(error.clone())));
                down = Some(with.not_sent(&error));
            }
        }
    }
    down.is_none()
}

/// Sets the ends of life of those of `hits` whose loads ask for it. A server that does not know the
/// command leaves them as they are.
fn touch(
    with: &mut Conversation<'_>,
    loads: &[Load<'_>],
    hits: &[usize],
) -> Result<(), StoreError> {
    let name = with.name;
    let touched = hits.iter().filter_map(|&index| {
        let expiry = loads[index].touch?;
        Some((text(loads[index].key).ok()?, ttl::wire(expiry, None)))
    });
    match &mut *with.link {
        Link::Text(text) => {
            let lines: Vec<_> =
                touched.map(|(key, seconds)| format!("touch {key} {seconds}\r\n")).collect();
            let answered = text.lines(lines.concat().as_bytes(), lines.len());
            answered.map_err(|broken| failure::unread(name, &broken).error)
        }
        Link::Sasl(client) => {
            for (key, seconds) in touched {
                client.touch(key, seconds).map_err(|error| failure::load(name, &error).error)?;
            }
            Ok(())
        }
    }
}

/// Loads one request's keys. Returns which of them have a value.
///
/// # Errors
/// The reason why the server cannot be used. None of the loads then has an outcome.
fn load(
    with: &mut Conversation<'_>,
    loads: &[Load<'_>],
    chunk: &[usize],
    out: &mut Out<'_>,
) -> Result<Vec<usize>, StoreError> {
    let mut hits = Vec::new();
    let keys = chunk.iter().map(|&index| text(loads[index].key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    match &mut *with.link {
        Link::Text(text) => {
            let found = text.values(&keys, with.max_item_bytes);
            let found = found.map_err(|broken| failure::unread(with.name, &broken).error)?;
            for (&index, key) in chunk.iter().zip(keys) {
                // A key may be asked for twice.
                let found = found.get(key).cloned();
                hits.extend(found.is_some().then_some(index));
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
                hits.extend(item.is_some().then_some(index));
                let found = item.map(|(bytes, _, cas)| (bytes, with.token(cas.unwrap_or(0))));
                out(index, Ok(found));
            }
        }
    }
    Ok(hits)
}
