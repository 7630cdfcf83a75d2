//! The `counters` example: both ways come to the same total.

use std::collections::BTreeMap;

use crate::run::{Ran, example, example_on};
use memdict_tests::Memcached;

/// The two tables: each line's label and number.
fn tables(ran: &Ran) -> [BTreeMap<&str, u64>; 2] {
    let (merged, retried) = ran.ok().split_once("fail and try again\n").expect("two tables");
    let merged = merged.strip_prefix("merge = sum\n").expect("the first one");
    [merged, retried].map(|table| table.lines().map(row).collect())
}

fn row(line: &str) -> (&str, u64) {
    let (label, number) = line.split_at(13);
    (label.trim(), number.trim().parse().expect("a number"))
}

fn both_ways_count_all(ran: &Ran) {
    let [merged, retried] = tables(ran);
    for table in [&merged, &retried] {
        assert_eq!(table["total"], 2000);
        assert_eq!(table["commits"], 2000 + table["conflicts"]);
        assert_eq!(table["tried again"], table["conflicts"]);
    }
    assert_eq!(retried["merged"], 0);
}

#[test]
fn merged_or_tried_again_every_count_counts() {
    both_ways_count_all(&Ran::of(&mut example("counters")));
}

#[test]
fn on_a_memcached_it_begins_at_0_each_time() {
    let server = Memcached::start();
    for _ in 0..2 {
        both_ways_count_all(&Ran::of(&mut example_on(&server, "counters")));
    }
}
