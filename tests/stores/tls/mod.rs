//! The documented promises of TLS under the engine, beside those of every store.

mod certificates;
mod clusters;
mod cuts;
mod files;
mod hostile;
mod sessions;
mod streams;

use memdict::{Applied, Change, Condition, MemcachedStore, Store, StoreError, Tls};
use memdict_tests::{Authority, Waiting, apply, load, memcached_on, named, store};

use Condition::Always;

/// Trusts an authority.
fn trusting(authority: &Authority) -> Tls {
    Tls::new().ca_file(authority.ca_file())
}

/// Makes a store of one server.
fn open(address: String, tls: Tls) -> MemcachedStore {
    memcached_on([address]).tls(tls).expect("the files can be used")
}

/// Runs a check for calls that block, and for tasks, each with a store of its own.
fn with_both(open: impl Fn() -> MemcachedStore, check: impl Fn(&dyn Store)) {
    check(&open());
    check(&Waiting(open()));
}

/// Checks that a value can be stored and loaded.
fn works(s: &dyn Store) {
    let stored = apply(s, &[Change::new(b"k", store(b"v"), Always)]);
    assert!(matches!(stored[..], [Ok(Applied::Stored)]), "{stored:?}");
    let loaded = load(s, &[b"k"]);
    assert_eq!(loaded[0].as_ref().expect("it is up").value(), Some(&b"v"[..]));
}

/// Checks that a server is down in both faces, and that nothing was sent to it. The error names the
/// server, and says this.
fn is_down(address: &str, tls: &Tls, says: &[&str]) {
    with_both(
        || open(address.to_owned(), tls.clone()),
        |s| {
            let changed = apply(s, &[Change::new(b"k", store(b"v"), Always)]);
            let [Err(error @ StoreError::Down(_))] = &changed[..] else { panic!("{changed:?}") };
            let error = named(error, address).to_owned();
            assert!(says.iter().all(|words| error.contains(words)), "{error}");
        },
    );
}
