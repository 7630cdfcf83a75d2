//! The `fetch` example: a slow source is asked once for each missing value.

use crate::run::{Ran, example, example_on};
use memdict_tests::Memcached;

const SHOWN: &str = "\
16 readers of a missing price: the source was asked once
16 readers of a price that does not exist: the source was asked once
after a change: the source was asked once
missing of three: coat
the source is down, and `coat` is stored
";

#[test]
fn a_slow_source_is_asked_once_for_each_missing_price() {
    assert_eq!(Ran::of(&mut example("fetch")).ok(), SHOWN);
}

#[test]
fn on_a_memcached_each_run_begins_anew() {
    let server = Memcached::start();
    for _ in 0..2 {
        assert_eq!(Ran::of(&mut example_on(&server, "fetch")).ok(), SHOWN);
    }
}
