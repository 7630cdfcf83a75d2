//! Servers that work.

use std::time::Duration;

use memdict::{Applied, Change, ClassicStore, Condition, StoreError};
use memdict_tests::{Memcached, apply, load, store};

use Condition::Always;

use super::open;

#[test]
fn debug_shows_servers_and_settings_and_no_password() {
    let s = ClassicStore::new(["a", "b:7"]).expect("the names are well formed");
    let s = s.credentials("shop", "5ecret").expect("both are plain");
    let s = s.timeout(Duration::from_millis(7)).connect_timeout(Duration::MAX);
    assert_eq!(
        format!("{s:?}"),
        "ClassicStore { servers: [\"a:11211\", \"b:7\"], sasl: true, timeout: 7ms, \
         connect_timeout: 86400s, deadline: 70ms, max_connections: 16, max_item_bytes: 1048576, \
         .. }"
    );
}

#[test]
fn an_item_may_be_as_large_as_configured_and_the_server_has_the_last_word() {
    let server = Memcached::with(&["-I", "2m", "-m", "100"]);
    let value = vec![1; (2 << 20) - 59 - 1];
    let change = |value| [Change::new(b"k", store(value), Always)];
    let outcomes = apply(&open(&server), &change(&value));
    assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]), "the default is 1 MiB");
    assert_eq!(server.stat("cmd_set"), 0);
    let s = open(&server).max_item_bytes(2 << 20);
    assert!(matches!(apply(&s, &change(&value))[..], [Ok(Applied::Stored)]));

    let s = open(&server).max_item_bytes(8 << 20);
    let larger = vec![1; 3 << 20];
    let changes =
        [Change::new(b"k", store(&larger), Always), Change::new(b"l", store(b"v"), Always)];
    let outcomes = apply(&s, &changes);
    let [Err(StoreError::Refused(why)), Ok(Applied::Stored)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(
        why.as_str().contains("too large") && why.as_str().contains(&server.address()),
        "{why}"
    );
}

#[test]
fn values_are_loaded_a_hundred_at_a_time() {
    let server = Memcached::start();
    let s = open(&server);
    let names: Vec<_> = (0..250).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = names.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(key), Always)).collect();
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    // A repeated key, and one without a value.
    let asked: Vec<_> = keys.iter().copied().chain([keys[0], b"none", keys[0]]).collect();
    for (key, got) in asked.iter().zip(load(&s, &asked)) {
        let expected = (*key != b"none").then_some(*key);
        assert_eq!(got.expect("a load has an outcome").value(), expected);
    }
}
