//! The tests of `engine` that do not depend on a protocol, with calls that block.

pub(crate) use memdict::MemcachedStore;
pub(crate) use memdict_tests::in_classic_on as memcached_on;

use crate::engine::{applied, delete, loaded, stores};

fn open(address: String) -> MemcachedStore {
    memcached_on([address])
}

// Each of them runs in both protocols.
#[allow(clippy::duplicate_mod)]
#[path = "../engine/away.rs"]
mod away;
#[allow(clippy::duplicate_mod)]
#[path = "../engine/commits.rs"]
mod commits;
#[allow(clippy::duplicate_mod)]
#[path = "../engine/cuts.rs"]
mod cuts;
#[allow(clippy::duplicate_mod)]
#[path = "../engine/duplex.rs"]
mod duplex;
#[allow(clippy::duplicate_mod)]
#[path = "../engine/hanging.rs"]
mod hanging;
#[allow(clippy::duplicate_mod)]
#[path = "../engine/servers.rs"]
mod servers;
