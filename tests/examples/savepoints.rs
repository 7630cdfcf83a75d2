//! The `savepoints` example: extras that fit are ordered, and others leave no trace.

use crate::run::{Ran, example, example_on};
use memdict_tests::Memcached;

const SHOWN: &str = "\
lights: yes, the total is 575
motor: no, because motor makes it 925 of 700; the total is 575 again
basket: yes, the total is 600
basket: without lining, because lining makes it 710 of 700; the total is 600 again
trailer: no, because no trailer is left; the total is 600 again
4 values were written
ordered for 600: bicycle, lamp, dynamo, basket
lamp: 0 left
motor: 1 left
lining: 1 left
coupling: 1 left
";

#[test]
fn it_shows_what_is_rolled_back_and_what_is_kept() {
    assert_eq!(Ran::of(&mut example("savepoints")).ok(), SHOWN);
}

#[test]
fn on_a_memcached_only_what_is_kept_is_sent() {
    let server = Memcached::start();
    for run in 1..3 {
        assert_eq!(Ran::of(&mut example_on(&server, "savepoints")).ok(), SHOWN);
        // The values that it starts with, and those that it says it wrote.
        assert_eq!(server.stat("cmd_set"), run * (9 + 4));
    }
}
