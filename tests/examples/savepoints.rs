//! The `savepoints` example: what fits is ordered, what does not leaves no trace.

use crate::run::{Ran, example, example_on};
use memdict_tests::Memcached;

const SHOWN: &str = "\
lights: yes, that makes 575
motor: no, with motor it is 925 of 700; back to 575
basket: yes, that makes 600
basket: without lining, with lining it is 710 of 700; back to 600
trailer: no, there is no trailer; back to 600
4 values were written
ordered for 600: bicycle, lamp, dynamo, basket
lamp: 0 left
motor: 1 left
lining: 1 left
coupling: 1 left
";

#[test]
fn it_shows_what_was_rolled_back_and_what_stays() {
    assert_eq!(Ran::of(&mut example("savepoints")).ok(), SHOWN);
}

#[test]
fn on_a_memcached_only_what_stays_is_sent() {
    let server = Memcached::start();
    for run in 1..3 {
        assert_eq!(Ran::of(&mut example_on(&server, "savepoints")).ok(), SHOWN);
        // What it begins with, and what it says that it wrote.
        assert_eq!(server.stat("cmd_set"), run * (9 + 4));
    }
}
