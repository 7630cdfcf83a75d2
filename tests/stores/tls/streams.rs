//! Batches that are larger than all buffers between both ends, and tasks that share connections.

use std::sync::Arc;

use memdict::{Applied, AsyncStore, Change, Condition, Load, Loaded, Store};
use memdict_tests::{Daemon, apply, load, store, wait};

use super::{open, trusting, with_both};

use Condition::Always;

/// Stores a value under each key in one batch, and loads all of them in another.
fn go_and_come(s: &dyn Store, keys: &[String], value: &[u8]) {
    let changes: Vec<_> =
        keys.iter().map(|key| Change::new(key.as_bytes(), store(value), Always)).collect();
    let stored = apply(s, &changes);
    assert!(stored.iter().all(|done| matches!(done, Ok(Applied::Stored))), "{:?}", stored.first());
    let loads: Vec<_> = keys.iter().map(|key| Load::new(key.as_bytes())).collect();
    let mut hits = 0;
    s.load_many(&loads, &mut |index, loaded| {
        let Ok(Loaded::Hit { bytes, .. }) = loaded else { panic!("{index}: {loaded:?}") };
        assert!(bytes == value, "{index}");
        hits += 1;
    });
    assert_eq!(hits, keys.len());
}

#[test]
fn large_batches_and_values_are_stored_and_loaded() {
    let (server, authority) = Daemon::memcached_with_tls(&["-m", "400"]);
    with_both(
        || open(server.address(), trusting(&authority)),
        |s| {
            for (many, size) in [(1, 0), (20, 1_000_000), (400, 100 << 10), (20_000, 32)] {
                let keys: Vec<_> = (0..many).map(|key| format!("{many}-{key}")).collect();
                let value: Vec<_> = (0..size).map(|byte| byte as u8).collect();
                go_and_come(s, &keys, &value);
            }
            // Of every length around that of a record.
            for size in (16_384 - 80..16_384 + 4).chain(2 * 16_384 - 60..2 * 16_384 + 4) {
                go_and_come(s, &["record".to_owned()], &vec![b'x'; size]);
            }
        },
    );
}

/// memcached leaves requests behind a large value in their record until more arrives.
#[test]
fn a_large_value_does_not_hold_up_the_requests_behind_it() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let large = vec![b'x'; 20_000];
    with_both(
        || open(server.address(), trusting(&authority)),
        |s| {
            for behind in 1..40 {
                let key = |at: usize| format!("key-{at}");
                let keys: Vec<_> = (0..=behind).map(key).collect();
                let changes = keys.iter().enumerate().map(|(at, key)| {
                    let value = if at % 13 == 0 { &large[..] } else { b"v" };
                    Change::new(key.as_bytes(), store(value), Always)
                });
                let stored = apply(s, &changes.collect::<Vec<_>>());
                assert!(stored.iter().all(|done| matches!(done, Ok(Applied::Stored))), "{behind}");
            }
        },
    );
}

#[test]
fn many_tasks_share_connections() {
    let (server, authority) = Daemon::memcached_with_tls(&["-c", "64"]);
    let s: Arc<dyn AsyncStore> = Arc::new(open(server.address(), trusting(&authority)));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime starts");
    let tasks: Vec<_> = (0..200_u32)
        .map(|task| {
            let s = Arc::clone(&s);
            runtime.spawn(async move {
                for round in 0..50_u32 {
                    // Several of them fill more than one record.
                    let (key, long) = (format!("k{task}"), "x".repeat(task as usize % 8 * 1_500));
                    let value = format!("{task} {round} {long}");
                    let changes = [Change::new(key.as_bytes(), store(value.as_bytes()), Always)];
                    let mut done = None;
                    s.apply_many(&changes, &mut |_, outcome| done = Some(outcome)).await;
                    assert!(matches!(done, Some(Ok(Applied::Stored))), "{done:?}");
                    let mut got = None;
                    let loads = [Load::new(key.as_bytes())];
                    s.load_many(&loads, &mut |_, loaded| {
                        let Ok(Loaded::Hit { bytes, .. }) = loaded else { panic!("{loaded:?}") };
                        got = Some(bytes.to_vec());
                    })
                    .await;
                    assert_eq!(got.as_deref(), Some(value.as_bytes()));
                }
            })
        })
        .collect();
    for task in tasks {
        wait(task).expect("it does not panic");
    }
    let health = &s.health()[0];
    assert!(health.open <= 16, "{health:?}");
}

#[test]
fn threads_have_connections_of_their_own() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let s = open(server.address(), trusting(&authority));
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let s = &s;
            scope.spawn(move || {
                let key = [b'a' + thread];
                for round in 0..100_u8 {
                    assert!(apply(s, &[Change::new(&key, store(&[round]), Always)])[0].is_ok());
                    let got = load(s, &[&key]);
                    assert_eq!(got[0].as_ref().expect("it is up").value(), Some(&[round][..]));
                }
            });
        }
    });
}
