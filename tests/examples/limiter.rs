//! The `limiter` example: exactly as many requests pass as may.

use crate::run::{Ran, example, example_on};
use memdict_tests::Memcached;

#[test]
fn of_1600_requests_in_16_threads_exactly_100_pass() {
    assert_eq!(Ran::of(&mut example("limiter")).ok(), "100 of 1600 requests passed\n");
}

#[test]
fn on_a_memcached_each_run_begins_a_window() {
    let server = Memcached::start();
    for _ in 0..2 {
        let ran = Ran::of(&mut example_on(&server, "limiter"));
        assert_eq!(ran.ok(), "100 of 1600 requests passed\n");
    }
}
