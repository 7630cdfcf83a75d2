//! The `bank` example: what it shows, and that no fault makes it take money twice.

#[path = "../../../examples/bank/account.rs"]
mod account;
mod faults;
#[path = "../../../examples/bank/refusal.rs"]
mod refusal;

use crate::run::{Ran, example, example_on, without_its_server};
use memdict_tests::Memcached;

/// All that does not depend on which thread was the faster.
const SHOWN: &str = "\
all accounts in one entry
  `bank_in_one_entry[bank]` (`bank::one_entry::Bank`) was overwritten by another session, which changed `accounts`; this session changed `accounts`; nothing of the commit was written (attempt 1)
  the second once more: anna has 70
  refused: dora has 100, not 1000
  the sum is 400
each account in its own entry
  `bank_accounts[ben]` (`bank::account::Account`) was overwritten by another session, which changed `balance`, `done`; this session changed `balance`, `done`; nothing of the commit was written (attempt 1)
  anna 100, ben 105, cleo 95, sum 300
  written: `bank_accounts[anna]`
  not written: `bank_accounts[ben]` (`bank::account::Account`) was overwritten by another session, which changed `balance`, `done`; this session changed `balance`, `done`
  anna 60, ben 110, cleo 90, sum 260
  completed: anna 60, ben 150, cleo 90, sum 300
  once more: anna 60, ben 150, cleo 90, sum 300
";

/// What it says of the threads, and all else.
fn apart(ran: &Ran) -> (Vec<&str>, String) {
    let of_threads = |line: &&str| {
        let line = line.trim_start();
        ["4 threads", "conflicts", "tried again"].iter().any(|start| line.starts_with(start))
    };
    let (threads, rest): (Vec<_>, Vec<_>) = ran.ok().lines().partition(of_threads);
    (threads, rest.iter().map(|line| format!("{line}\n")).collect())
}

/// Every conflict was one of a transaction, which ran again; and every transfer was made or
/// refused.
fn threads_add_up(lines: &[&str]) {
    let numbers =
        |line: &str| -> Vec<u32> { line.split(' ').filter_map(|word| word.parse().ok()).collect() };
    let [transfers, conflicts, again] = lines else { panic!("{lines:?}") };
    assert_eq!(numbers(transfers)[1..].iter().sum::<u32>(), 100, "{transfers}");
    assert_eq!(numbers(conflicts), numbers(again), "{lines:?}");
}

fn shows_what_it_should(ran: &Ran) {
    let (threads, rest) = apart(ran);
    assert_eq!(rest, SHOWN);
    threads_add_up(&threads);
}

#[test]
fn the_sum_stays_and_half_a_transfer_is_named_and_completed() {
    shows_what_it_should(&Ran::of(&mut example("bank")));
}

#[test]
fn on_a_memcached_each_run_begins_anew() {
    let server = Memcached::start();
    for _ in 0..2 {
        shows_what_it_should(&Ran::of(&mut example_on(&server, "bank")));
    }
}

#[test]
fn a_server_that_is_down_is_said_without_a_panic() {
    let (says, address) = without_its_server("bank");
    assert!(says.contains(&address), "{says}");
}
