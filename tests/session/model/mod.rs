//! Random sessions, interleaved with each other and with everything that can go wrong, beside a
//! reference that knows every version of every key: no update is lost or made twice without being
//! named in a report or an error.
//!
//! `MEMDICT_OPERATIONS` sets how many operations the long runs make, `MEMDICT_SEED` the number from
//! which their scenarios start.

mod account;
mod act;
mod between;
mod counts;
mod crowd;
mod entry;
mod fetched;
mod foresee;
mod found;
mod generation;
mod ledger;
mod mirror;
mod operation;
mod play;
mod program;
mod reader;
mod record;
mod stage;
mod version;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crowd::{Crowd, round};
use memdict_tests::{Bench, Lives, number};
use operation::{Operation, scenario};
use play::{Tally, play};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use stage::Stage;

/// Runs short scenarios, and reduces one that fails to the shortest.
fn hold(stage: &Stage) {
    let config =
        ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(operations in scenario(60))| {
        play(stage, &operations);
    });
}

/// Runs scenarios until there were this many operations. Each is made from its own number, which is
/// printed if it fails.
fn run(stage: &Stage, operations: u64) {
    let operations = number("MEMDICT_OPERATIONS").unwrap_or(operations);
    let mut tally = Tally::default();
    let mut seed = number("MEMDICT_SEED").unwrap_or(1);
    while tally.operations < operations {
        let bytes: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let tree = scenario(200).new_tree(&mut runner).expect("a scenario can be made");
        match catch_unwind(AssertUnwindSafe(|| play(stage, &tree.current()))) {
            Ok(more) => tally += more,
            Err(panic) => {
                eprintln!("MEMDICT_SEED={seed}, cut down: {:#?}", cut_down(stage, tree));
                resume_unwind(panic);
            }
        }
        seed += 1;
    }
    println!("{tally:#?}");
}

/// Returns the shortest form of a scenario that fails.
fn cut_down(stage: &Stage, mut tree: impl ValueTree<Value = Vec<Operation>>) -> Vec<Operation> {
    let mut least = tree.current();
    while tree.simplify() {
        while catch_unwind(AssertUnwindSafe(|| play(stage, &tree.current()))).is_ok() {
            if !tree.complicate() {
                return least;
            }
        }
        least = tree.current();
    }
    least
}

#[test]
fn no_update_is_lost_or_made_twice_without_being_named() {
    hold(&Stage::on_memory(Lives::Told));
}

#[test]
fn no_update_is_lost_or_made_twice_if_lives_are_not_told_apart() {
    hold(&Stage::on_memory(Lives::Untold));
}

#[test]
fn no_update_of_a_task_is_lost_or_made_twice_without_being_named() {
    hold(&Stage::on_memory(Lives::Told).in_tasks());
}

#[test]
fn a_long_run_of_tasks_on_the_embedded_store_loses_nothing() {
    run(&Stage::on_memory(Lives::Told).in_tasks(), 5_000);
}

#[test]
fn a_long_run_of_tasks_on_memcached_loses_nothing() {
    run(&Stage::on_memcached_in_tasks(), 2_000);
}

#[test]
fn no_update_is_lost_or_made_twice_if_lives_look_alike() {
    hold(&Stage::on_memory(Lives::Alike));
}

#[test]
fn a_long_run_on_the_embedded_store_loses_nothing() {
    run(&Stage::on_memory(Lives::Told), 20_000);
}

#[test]
fn a_long_run_where_lives_are_not_told_loses_nothing() {
    run(&Stage::on_memory(Lives::Untold), 5_000);
}

#[test]
fn a_long_run_where_lives_look_alike_loses_nothing() {
    run(&Stage::on_memory(Lives::Alike), 5_000);
}

#[test]
fn a_long_run_on_memcached_loses_nothing() {
    run(&Stage::on_memcached(), 2_000);
}

/// Runs rounds of threads, of 400 transactions each.
fn run_threads(bench: &Bench) {
    let rounds = number("MEMDICT_OPERATIONS").map_or(5, |operations| operations.div_ceil(400));
    let (crowd, first) = (Crowd::default(), number("MEMDICT_SEED").unwrap_or(1));
    for seed in first..first + rounds {
        round(bench, seed, &crowd);
    }
    println!("{crowd:?}, {} retries", bench.cache.counters().retries);
}

#[test]
fn threads_on_the_embedded_store_are_told_what_became_of_each_update() {
    run_threads(&Bench::on_memory());
}

/// Runs rounds of a thousand tasks, with one transaction each.
fn run_tasks(bench: &Bench) {
    let rounds = number("MEMDICT_OPERATIONS").map_or(1, |operations| operations.div_ceil(1_000));
    let crowd = std::sync::Arc::new(Crowd::default());
    let first = number("MEMDICT_SEED").unwrap_or(1);
    for seed in first..first + rounds {
        crowd::round_of_tasks(bench, seed, 1_000, &crowd);
    }
    println!("{crowd:?}, {} retries", bench.cache.counters().retries);
}

#[test]
fn a_thousand_tasks_on_the_embedded_store_are_told_what_became_of_each_update() {
    run_tasks(&Bench::on_memory());
}

#[test]
fn a_thousand_tasks_on_memcached_are_told_what_became_of_each_update() {
    run_tasks(&Bench::on_memcached());
}

#[test]
fn tasks_on_memcached_are_told_what_became_of_each_update() {
    run_threads(&Bench::on_memcached().in_tasks());
}

#[test]
fn threads_on_memcached_are_told_what_became_of_each_update() {
    run_threads(&Bench::on_memcached());
}
