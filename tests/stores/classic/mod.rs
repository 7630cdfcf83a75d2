//! What is documented of the store over the classic client, beside what every store does.

mod failures;
mod proxy;
mod sasl;
mod servers;
#[cfg(feature = "tls")]
mod tls;

use memdict::ClassicStore;
use memdict_tests::Memcached;

fn open(server: &Memcached) -> ClassicStore {
    at(server.address())
}

fn at(address: String) -> ClassicStore {
    ClassicStore::new([address]).expect("the name is well formed")
}
