//! The `howto` example: what it prints is what it has checked.

use crate::run::{Ran, example, example_on, without_its_server};
use memdict_tests::Memcached;

#[test]
fn each_run_on_the_embedded_store_begins_anew() {
    for _ in 0..2 {
        assert_eq!(Ran::of(&mut example("howto")).ok(), shown(0));
    }
}

#[test]
fn on_a_memcached_it_goes_on_from_what_is_there() {
    let server = Memcached::start();
    for before in 0..3 {
        assert_eq!(Ran::of(&mut example_on(&server, "howto")).ok(), shown(before));
    }
    // The counter and the visits, each time, and once what `ann` is; the last step sent nothing.
    assert_eq!(server.stat("cmd_set"), 3 * 2 + 1);
}

#[test]
fn a_server_that_is_down_is_said_without_a_panic() {
    let (says, address) = without_its_server("howto");
    assert!(says.contains("my_first_test[some_key]") && says.contains(&address), "{says}");
}

fn shown(before: u64) -> String {
    let after = before + 1;
    format!(
        "some_key is {before}\n\
         some_key is {after} for the next one who asks\n\
         Ann was seen {before} times\n\
         {after} times, says another session\n\
         the same name given again: nothing was sent\n"
    )
}
