//! The `howto` example checks what it prints.

use crate::run::{Ran, example, example_on, without_its_server};
use memdict_tests::Memcached;

#[test]
fn each_run_on_the_embedded_store_starts_from_nothing() {
    for _ in 0..2 {
        assert_eq!(Ran::of(&mut example("howto")).ok(), shown(0));
    }
}

#[test]
fn on_a_memcached_each_run_continues_with_the_stored_values() {
    let server = Memcached::start();
    for before in 0..3 {
        assert_eq!(Ran::of(&mut example_on(&server, "howto")).ok(), shown(before));
    }
    // Each run writes the counter and the visits, and the first run also `ann`. The last step sends
    // nothing.
    assert_eq!(server.stat("cmd_set"), 3 * 2 + 1);
}

#[test]
fn a_server_that_is_down_is_reported_without_a_panic() {
    let (says, address) = without_its_server("howto");
    assert!(says.contains("my_first_test[some_key]") && says.contains(&address), "{says}");
}

fn shown(before: u64) -> String {
    let after = before + 1;
    format!(
        "some_key is {before}\n\
         some_key is {after} in the next session\n\
         Ann was seen {before} times\n\
         another session sees {after} visits\n\
         the same name was assigned again: nothing was sent\n"
    )
}
