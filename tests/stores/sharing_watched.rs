//! What is counted and known of a server whose connections tasks share.

use std::{pin::pin, sync::Arc, time::Duration};

use memdict::{
    AsyncStore, Change, Condition, MemcachedStore, Op, ServerCounters, ServerHealth, StoreError,
};
use memdict_tests::{End, Memcached, PATIENCE, Proxy, Way, memcached_on};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::sharing::{begin, end_under_three, get, on_one_thread, set, warm};

fn counters(s: &MemcachedStore) -> ServerCounters {
    AsyncStore::server_counters(s).remove(0)
}

fn health(s: &MemcachedStore) -> ServerHealth {
    AsyncStore::health(s).remove(0)
}

/// Loads a key as soon as its server is used again.
async fn get_when_up(s: &MemcachedStore, key: &str) -> Option<Vec<u8>> {
    let again = async {
        loop {
            match get(s, key).await {
                Ok(value) => return value,
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(PATIENCE, again).await.expect("the server is used again")
}

#[test]
fn each_task_on_a_shared_connection_counts_for_its_server() {
    const TASKS: u64 = 64;
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = Arc::new(memcached_on([proxy.address()]).max_connections(8));
        warm(&s).await;
        let (before, made) = (counters(&s), proxy.connections());
        proxy.count_anew();
        let mut tasks = JoinSet::new();
        for n in 0..TASKS {
            let s = Arc::clone(&s);
            tasks.spawn(async move {
                set(&s, &format!("k{n}"), b"v").await.expect("the server is up");
                assert!(get(&s, &format!("k{n}")).await.expect("the server is up").is_some());
                assert!(get(&s, "none").await.expect("the server is up").is_none());
            });
        }
        tasks.join_all().await;
        let after = counters(&s);
        assert_eq!(proxy.connections(), made, "they share what there was");
        assert_eq!((after.connections, after.failures, after.failed), (made as u64, 0, 0));
        assert_eq!(after.hits - before.hits, TASKS);
        assert_eq!(after.misses - before.misses, TASKS);
        assert_eq!(after.loads - before.loads, 2 * TASKS);
        assert_eq!(after.changes - before.changes, TASKS);
        assert_eq!(after.exchanges - before.exchanges, 3 * TASKS);
        assert_eq!(after.latency.count() - before.latency.count(), 3 * TASKS);
        assert_eq!(after.bytes_out - before.bytes_out, proxy.passed(Way::Requests));
        assert_eq!(after.bytes_in - before.bytes_in, proxy.passed(Way::Answers));
        assert_eq!(
            (after.hits, after.misses),
            (server.stat("get_hits"), server.stat("get_misses"))
        );
    });
}

#[test]
fn a_shared_connection_is_open_and_idle_while_no_task_waits_on_it() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        let open_and_idle = || (health(&s).open, health(&s).idle);
        assert_eq!(open_and_idle(), (3, 3));
        let (mut alone, mut first, mut second) =
            (pin!(get(&s, "a")), pin!(get(&s, "b")), pin!(get(&s, "c")));
        begin(alone.as_mut()).await;
        begin(first.as_mut()).await;
        begin(second.as_mut()).await;
        assert_eq!(open_and_idle(), (3, 1), "one task has a connection, and two share one");
        assert!(alone.await.is_ok() && first.await.is_ok() && second.await.is_ok());
        assert_eq!(open_and_idle(), (3, 3));
        assert_eq!(server.stat("curr_connections"), 4, "and that which asks for this");
        assert_eq!((health(&s).up, health(&s).last_error), (Some(true), None));
    });
}

#[test]
fn a_shared_connection_that_breaks_is_one_failure_and_fails_each_operation_on_it() {
    let mut server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        let (alone, load, change) = end_under_three(&mut server, &s).await;
        assert!(alone.is_err() && load.is_err() && change.is_err());
        let broken = counters(&s);
        assert_eq!((broken.failures, broken.failed), (2, 3), "two connections broke");
        let why = health(&s).last_error.expect("they broke");
        assert!(why.contains(&server.address()), "{why}");
        assert_eq!((health(&s).open, health(&s).idle), (0, 0));
        assert!(get(&s, "b").await.is_err());
        let down = health(&s);
        assert!(down.up == Some(false) && down.down_since.is_some(), "{down:?}");
        server.revive();
        assert_eq!(get_when_up(&s, "b").await, None);
        assert_eq!((health(&s).up, health(&s).down_since), (Some(true), None));
    });
}

#[test]
fn a_shared_connection_that_ends_while_no_task_waits_on_it_is_no_failure() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]);
        for _ in 0..2 {
            // The second time, one of the connections is shared.
            warm(&s).await;
        }
        proxy.hang_up(End::Closed);
        assert_eq!(get_when_up(&s, "a").await, None);
        warm(&s).await;
        assert_eq!((counters(&s).failures, counters(&s).failed), (0, 0));
        assert_eq!(health(&s).last_error, None);
    });
}

#[test]
fn a_task_that_misses_its_deadline_on_a_shared_connection_is_no_failure_of_it() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]);
        let hasty = s.within(Some(Duration::from_millis(50))).expect("it has deadlines");
        warm(&s).await;
        proxy.stall(true);
        let (mut alone, mut patient) = (pin!(get(&s, "a")), pin!(get(&s, "b")));
        begin(alone.as_mut()).await;
        begin(patient.as_mut()).await;
        let mut failed = false;
        let load = memdict::Load::new(b"c");
        hasty.load_many(&[load], &mut |_, loaded| failed = loaded.is_err()).await;
        assert!(failed && counters(&s).failed == 1);
        proxy.stall(false);
        assert!(alone.await.is_ok() && patient.await.is_ok());
        assert_eq!((counters(&s).failures, health(&s).last_error), (0, None));
    });
}

#[test]
fn a_removal_that_is_lost_on_a_shared_connection_is_remembered_and_sent_first() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]);
        warm(&s).await;
        // As long as this one has its connection, the removal uses a shared one.
        let mut alone = pin!(get(&s, "a"));
        proxy.count_anew();
        begin(alone.as_mut()).await;
        let answered = async {
            while proxy.passed(Way::Answers) == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, answered).await.expect("the server answers");
        proxy.cut(Way::Answers, 0, End::Closed);
        let delete = [Change::new(b"removed", Op::Delete, Condition::Always)];
        let mut outcome = None;
        s.apply_many(&delete, &mut |_, applied| outcome = Some(applied)).await;
        assert!(matches!(outcome, Some(Err(StoreError::Unknown(_)))), "{outcome:?}");
        assert_eq!((health(&s).remembered, counters(&s).resent), (1, 0));
        assert!(alone.await.is_ok(), "only the shared connection broke");
        assert_eq!(counters(&s).failures, 1);
        // Another client, which the failure did not affect, has brought the value back.
        let other = memcached_on([server.address()]);
        set(&other, "removed", b"old").await.expect("the server is up");
        assert_eq!(get(&s, "removed").await.ok(), Some(None));
        assert_eq!((health(&s).remembered, counters(&s).resent), (0, 1));
    });
}
