//! What is documented of the store over the classic client, beside what every store does.

mod failures;
mod proxy;
mod sasl;
mod servers;
#[cfg(feature = "tls")]
mod tls;

use memdict::{ClassicStore, StoreError};
use memdict_tests::Memcached;

fn open(server: &Memcached) -> ClassicStore {
    at(server.address())
}

fn at(address: String) -> ClassicStore {
    ClassicStore::new([address]).expect("the name is well formed")
}

/// The text of an error, which names the server.
fn named<'e>(error: &'e StoreError, server: &str) -> &'e str {
    let (StoreError::Refused(message) | StoreError::Unknown(message) | StoreError::Down(message)) =
        error
    else {
        panic!("{error:?}")
    };
    assert!(message.contains(server), "{message}");
    message
}
