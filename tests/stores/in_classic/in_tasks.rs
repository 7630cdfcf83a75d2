//! The tests of `engine` that do not depend on a protocol, in tasks.

use memdict_tests::{Waiting, in_classic_on};

use crate::engine::{applied, delete, loaded, stores};

pub(crate) type MemcachedStore = Waiting<memdict::MemcachedStore>;

pub(crate) fn memcached_on(names: impl IntoIterator<Item = String>) -> MemcachedStore {
    Waiting(in_classic_on(names))
}

fn open(address: String) -> MemcachedStore {
    memcached_on([address])
}

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
