//! Loads from one server.

use memcache::exp::{Get, GetResult, GetStatus, Meta, ValueState};

use super::{One, exchange};
use crate::store::{Load, Loaded, StoreError, Token};

/// At most so many bytes of requests share an exchange: with more, both ends might wait for the
/// other one to read.
const MAX_REQUEST_BYTES: usize = 32 * 1024;

/// What a request is longer than its key.
const REQUEST_FRAME: usize = 24;

/// The gets of a first exchange, and of any that brings large values.
const FIRST_GETS: usize = 64;
const FEWEST_GETS: usize = 8;

/// What an exchange should bring, so that a timeout for each says something about the server:
/// the sizes of what came decide how many gets go out next.
const AIM_BYTES: usize = 8 << 20;

/// Loads what `indices` name of `loads`, all of it from one server.
pub(super) fn run(
    one: &One<'_>,
    loads: &[Load<'_>],
    indices: &[usize],
    out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
) {
    let mut rest = indices;
    let mut gets = FIRST_GETS;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(chunk_length(one, loads, rest, gets));
        match exchange(one, loads, chunk, out) {
            Ok(bytes) => {
                let each = (bytes / chunk.len()).max(1);
                gets = (AIM_BYTES / each).max(FEWEST_GETS);
                rest = after;
            }
            Err(down) => {
                for &index in after {
                    out(index, Err(down.clone()));
                }
                return;
            }
        }
    }
}

/// How many of `rest` share the next exchange, at least one.
fn chunk_length(one: &One<'_>, loads: &[Load<'_>], rest: &[usize], gets: usize) -> usize {
    if !one.link.facts.batches() {
        return 1;
    }
    let mut bytes = 0;
    let fits = rest.iter().take(gets).take_while(|&&index| {
        bytes += loads[index].key.len() + REQUEST_FRAME;
        bytes <= MAX_REQUEST_BYTES
    });
    fits.count().max(1)
}

/// One exchange: how many bytes of values it brought.
///
/// # Errors
/// The server failed; the outcomes of this chunk are given, those of what follows are this.
fn exchange(
    one: &One<'_>,
    loads: &[Load<'_>],
    chunk: &[usize],
    out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
) -> Result<usize, StoreError> {
    let get = |&index: &usize| Get::new(loads[index].key).meta(Meta::NONE.cas());
    let answers = match exchange::run(&one.link, chunk.iter().map(get).collect()) {
        Ok(answers) => answers,
        Err(error) => {
            let error = exchange::not_taken(one.name, &error);
            for &index in chunk {
                out(index, Err(error.clone()));
            }
            return Ok(0);
        }
    };
    let mut failed = None;
    let mut bytes = 0;
    for (&index, answer) in chunk.iter().zip(answers) {
        let loaded = match &answer {
            Ok(got) => loaded(one, got),
            Err(error) => Err(exchange::load_failed(one.name, error)),
        };
        match &loaded {
            Ok(Loaded::Hit { bytes: value, .. }) => bytes += value.len(),
            Ok(Loaded::Miss) => {}
            Err(error) => failed = Some(error.clone()),
        }
        out(index, loaded);
    }
    match failed {
        None => Ok(bytes),
        Some(error) => {
            one.forget();
            Err(error)
        }
    }
}

/// A placeholder of another client's lease and a value that it marked stale are there, and can
/// be replaced, but are no value: a hit of no bytes.
fn loaded<'a>(one: &One<'_>, got: &'a GetResult) -> Result<Loaded<'a>, StoreError> {
    let fresh = got.value_state == ValueState::Fresh;
    let bytes = match (got.status, got.value.as_deref()) {
        (GetStatus::Miss, _) => return Ok(Loaded::Miss),
        (GetStatus::Hit, Some(bytes)) if fresh => bytes,
        _ => &[],
    };
    let Some(cas) = got.item.cas else {
        return Err(StoreError::Down(format!(
            "memcached {}: the answer has no version of the value",
            one.name
        )));
    };
    Ok(Loaded::hit(bytes, Token::new(one.index, 0, cas)))
}
