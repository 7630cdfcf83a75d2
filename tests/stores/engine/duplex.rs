//! Batches that are larger than the buffers between both ends. A client that writes a whole batch
//! before it reads an answer would never finish.

use memdict::{Applied, Change, Condition, Load, Loaded, Store, StoreError};
use memdict_tests::{Memcached, apply, load_one, store};

use super::{applied, open};

use Condition::Always;

/// Stores a value under each key in one batch, and loads all of them in another.
fn go_and_come(server: &Memcached, keys: &[String], value: &[u8]) {
    let s = open(server.address());
    let changes: Vec<_> =
        keys.iter().map(|key| Change::new(key.as_bytes(), store(value), Always)).collect();
    let mut done = 0;
    s.apply_many(&changes, &mut |index, outcome| {
        assert!(matches!(outcome, Ok(Applied::Stored)), "{index}: {outcome:?}");
        done += 1;
    });
    assert_eq!(done, keys.len());
    let loads: Vec<_> = keys.iter().map(|key| Load::new(key.as_bytes())).collect();
    let mut hits = 0;
    s.load_many(&loads, &mut |index, loaded| {
        let Ok(Loaded::Hit { bytes, .. }) = loaded else { panic!("{index}: {loaded:?}") };
        assert!(bytes == value, "{index}");
        hits += 1;
    });
    assert_eq!(hits, keys.len());
}

#[test]
fn two_thousand_values_of_100_kib_are_stored_and_loaded_in_one_batch_each() {
    let server = Memcached::with(&["-m", "600"]);
    let keys: Vec<_> = (0..2_000).map(|i| format!("key-{i}")).collect();
    go_and_come(&server, &keys, &[b'x'; 100 * 1024]);
}

#[test]
fn forty_thousand_long_keys_are_stored_and_loaded_in_one_batch_each() {
    let server = Memcached::with(&["-m", "200"]);
    let keys: Vec<_> = (0..40_000).map(|i| format!("{i:0>200}")).collect();
    go_and_come(&server, &keys, &[b'x'; 1024]);
}

/// A million in optimized builds.
const SMALL: usize = if cfg!(debug_assertions) { 300_000 } else { 1_000_000 };

#[test]
fn a_million_small_values_are_stored_and_loaded_in_one_batch_each() {
    let server = Memcached::with(&["-m", "400"]);
    let keys: Vec<_> = (0..SMALL).map(|i| format!("{i:07}")).collect();
    go_and_come(&server, &keys, &[b'x'; 32]);
}

#[test]
fn an_oversized_value_among_a_thousand_costs_only_itself() {
    let server = Memcached::start();
    let s = open(server.address());
    let keys: Vec<_> = (0..1_000).map(|i| format!("key-{i}")).collect();
    let large = vec![0; 2 << 20];
    apply(&s, &[Change::new(b"key-500", store(b"old"), Always)]);
    let value = |i| if i == 500 { store(&large) } else { store(b"v") };
    let key = |i: usize| keys[i].as_bytes();
    let changes: Vec<_> = (0..1_000).map(|i| Change::new(key(i), value(i), Always)).collect();
    let outcomes = apply(&s, &changes);
    assert!(matches!(outcomes[500], Err(StoreError::Refused(_))), "{:?}", outcomes[500]);
    assert_eq!(applied(&outcomes).iter().filter(|word| **word == "done").count(), 999);
    assert_eq!(load_one(&s, b"key-500").value(), Some(&b"old"[..]));
}
