//! The `visitors` example on memcached: a process continues with what another has committed.

use std::process::Command;

use crate::log::Log;
use crate::run::{Ran, example, example_on, start};
use memdict_tests::Memcached;
use serde_json::Value;

fn visitors(server: &Memcached, options: &[&str], log: &Log) -> Command {
    let mut command = example("visitors");
    let url = format!("memcache://{}", server.address());
    command.args(["--store", &url]).args(options).arg(log.path());
    command
}

/// Returns the numbers of `--json`.
fn totals(ran: &Ran) -> impl Fn(&str) -> u64 {
    let line = ran.ok().lines().last().expect("there is a line");
    let json: Value = serde_json::from_str(line).expect("it is JSON");
    move |key| json[key].as_u64().unwrap_or_else(|| panic!("{key}: {json}"))
}

#[test]
fn a_second_process_doubles_the_numbers_and_each_write_is_one_command() {
    for log in Log::all() {
        let server = Memcached::start();
        let mut writes = 0;
        for times in 1..=2 {
            let ran = Ran::of(&mut visitors(&server, &["--json", "--dump"], &log));
            let number = totals(&ran);
            let (dump, _) = ran.out.split_at(ran.out.find('{').expect("there is a line of JSON"));
            assert!(dump == log.dump(times), "run {times} of {}", log.path().display());

            writes += number("writes");
            assert_eq!(server.stat("cmd_set"), writes);
            assert!(number("writes") < number("loads"), "{ran:?}");
            assert!(number("unchanged") > 0, "{ran:?}");
            assert_eq!(number("writes") + number("unchanged"), number("explicit_writes"));
            assert_eq!((number("lines"), number("lost")), (log.lines(), 0));
        }
    }
}

/// `scripts/servers` runs it for each server, as CI does.
#[test]
#[ignore = "needs a server: scripts/servers"]
fn a_second_process_doubles_the_numbers_on_the_given_server() {
    let url = std::env::var("MEMDICT_TEST_URL").expect("MEMDICT_TEST_URL names a server");
    let log = Log::sample();
    let apart = format!("namespace=visitors-{}", std::process::id());
    let url = format!("{url}{}{apart}", if url.contains('?') { '&' } else { '?' });
    for times in 1..=2 {
        let mut command = example("visitors");
        command.args(["--store", &url, "--dump"]).arg(log.path());
        assert_eq!(Ran::of(&mut command).ok(), log.dump(times));
    }
}

#[test]
fn the_environment_can_name_the_store() {
    let (server, log) = (Memcached::start(), Log::sample());
    for times in 1..=2 {
        let mut command = example_on(&server, "visitors");
        assert_eq!(Ran::of(command.args(["--dump"]).arg(log.path())).ok(), log.dump(times));
    }
}

#[test]
fn concurrent_processes_count_every_line_once() {
    let (server, log) = (Memcached::start(), Log::sample());
    // The batches are small, so that the processes meet often.
    let all: Vec<_> =
        (0..6).map(|_| start(&mut visitors(&server, &["--json", "--batch", "9"], &log))).collect();
    for ran in all.into_iter().map(Ran::end) {
        let number = totals(&ran);
        assert_eq!(number("writes") + number("unchanged"), number("explicit_writes"), "{ran:?}");
        assert_eq!(number("lost"), 0, "{ran:?}");
    }
    assert_eq!(Ran::of(&mut visitors(&server, &["--dump"], &log)).ok(), log.dump(7));
}

#[test]
fn with_a_server_that_is_down_everything_is_lost_and_the_run_succeeds() {
    let (mut server, log) = (Memcached::start(), Log::sample());
    server.kill();
    let ran = Ran::of(&mut visitors(&server, &["--json", "--dump"], &log));
    let number = totals(&ran);
    assert_eq!(ran.out.lines().count(), 1, "the dump is empty: {}", ran.out);
    assert_eq!(number("lines"), log.lines());
    assert_eq!(number("lost"), number("explicit_writes"));
    assert_eq!((number("writes"), number("unchanged")), (0, 0));
    assert!(ran.err.contains("lost") && ran.err.contains(&server.address()), "{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn with_a_server_that_is_down_a_strict_run_fails() {
    let (mut server, log) = (Memcached::start(), Log::sample());
    server.kill();
    let url = format!("memcache://{}?strict=true", server.address());
    let ran = Ran::of(example("visitors").args(["--json", "--store", &url]).arg(log.path()));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains(&server.address()) && !ran.err.contains("panicked"), "{ran:?}");
}
