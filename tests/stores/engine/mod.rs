//! The documented promises of the engine behind the memcached store: outcomes under faults, several
//! servers, restarts, and batches of any size.

mod away;
mod commits;
mod connections;
mod cuts;
mod deadlines;
mod duplex;
mod handshake;
mod hanging;
mod lines;
mod lives;
mod out_of_step;
mod servers;
mod splits;
mod timeouts;
mod watched;

use memdict::{Applied, Change, Condition, Op, StoreError};
use memdict_tests::{Got, ScriptedServer, load_one, store};

use super::face::{MemcachedStore, memcached_on};

fn open(address: String) -> MemcachedStore {
    memcached_on([address])
}

/// Starts a scripted server, and a store with a connection to it.
fn linked() -> (ScriptedServer, MemcachedStore) {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"]);
    let s = open(server.address());
    assert_eq!(load_one(&s, b"first"), Got::Miss);
    (server, s)
}

/// Makes unconditional stores of one letter under `a`, `b` and so on.
pub(crate) fn stores<const N: usize>(keys: [&'static [u8]; N]) -> [Change<'static>; N] {
    keys.map(|key| Change::new(key, store(b"v"), Condition::Always))
}

/// Makes an unconditional delete.
pub(crate) fn delete(key: &[u8]) -> Change<'_> {
    Change::new(key, Op::Delete, Condition::Always)
}

pub(crate) fn failed(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused(_) => "refused",
        StoreError::Unknown(_) => "unknown",
        StoreError::Down(_) => "down",
        _ => "?",
    }
}

/// Describes each outcome in a word.
pub(crate) fn applied(outcomes: &[Result<Applied, StoreError>]) -> Vec<&'static str> {
    let word = |outcome: &_| match outcome {
        Ok(Applied::Stored | Applied::Deleted) => "done",
        Ok(Applied::Exists) => "exists",
        Ok(Applied::Differs) => "differs",
        Ok(Applied::Gone) => "gone",
        Ok(Applied::Restarted) => "restarted",
        Ok(_) => "?",
        Err(error) => failed(error),
    };
    outcomes.iter().map(word).collect()
}

/// Describes each outcome in a word.
pub(crate) fn loaded(outcomes: &[Result<Got, StoreError>]) -> Vec<&'static str> {
    let word = |outcome: &_| match outcome {
        Ok(Got::Hit(..)) => "hit",
        Ok(Got::Miss) => "miss",
        Err(error) => failed(error),
    };
    outcomes.iter().map(word).collect()
}
