//! The promises of the engine where it speaks the classic protocol: those of `engine` that do not
//! depend on a protocol, with calls that block and in tasks, and what is peculiar to this one.

mod blocking;
mod failing;
mod finding_out;
mod in_tasks;
mod mcrouter;
mod proxies;
mod sharing;
mod working;

use memdict::MemcachedStore;
use memdict_tests::in_classic_on;

pub(crate) fn open(address: String) -> MemcachedStore {
    in_classic_on([address])
}
