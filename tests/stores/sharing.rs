//! The promises about connections that many tasks share.
//!
//! On a runtime of one thread the order of things is known. Of three tasks that ask one after the
//! other, the first one uses a connection alone, and the others share one.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use memdict::{Applied, AsyncStore, Change, Condition, Load, Loaded, MemcachedStore, StoreError};
use memdict_tests::{
    Memcached, PATIENCE, Proxy, ScriptedServer, Way, memcached_on, store, wait_until,
};
use tokio::{
    join,
    runtime::Builder,
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};

pub(super) fn on_one_thread(work: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(work);
}

/// Returns a value, or `None` if there is none.
pub(super) async fn get(store: &MemcachedStore, key: &str) -> Loading {
    let mut got = None;
    store
        .load_many(&[Load::new(key.as_bytes())], &mut |_, loaded| {
            got = Some(loaded.map(|loaded| match loaded {
                Loaded::Hit { bytes, .. } => Some(bytes.to_vec()),
                _ => None,
            }));
        })
        .await;
    got.expect("each load has an outcome")
}

pub(super) async fn set(
    s: &MemcachedStore,
    key: &str,
    value: &[u8],
) -> Result<Applied, StoreError> {
    let mut applied = None;
    let change = Change::new(key.as_bytes(), store(value), Condition::Always);
    s.apply_many(&[change], &mut |_, outcome| applied = Some(outcome)).await;
    applied.expect("each change has an outcome")
}

/// Makes three connections, so that the next three loads are one alone and two that share.
pub(super) async fn warm(store: &MemcachedStore) {
    let (a, b, c) = join!(get(store, "a"), get(store, "b"), get(store, "c"));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
}

/// Waits until another connection is made.
async fn is_back(store: &MemcachedStore) {
    let again = async {
        while get(store, "b").await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("another connection is made");
}

/// Polls a future once. It is not ready.
pub(super) async fn begin<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Begins a load that is alone on its connection, and waits until the server has its request, so
/// that the next answer of the script is for the next one.
pub(super) async fn begin_before_others<F: Future>(server: &ScriptedServer, load: Pin<&mut F>) {
    let asked = server.requests().len();
    begin(load).await;
    wait_until(PATIENCE, "the request arrives", || server.requests().len() > asked);
}

type Loading = Result<Option<Vec<u8>>, StoreError>;

/// Ends a server while three tasks wait for it: one on a connection of its own, and two that share
/// one, a load and a change. Returns what became of them.
pub(super) async fn end_under_three(
    server: &mut Memcached,
    s: &MemcachedStore,
) -> (Loading, Loading, Result<Applied, StoreError>) {
    server.pause();
    let (mut alone, mut load, mut change) =
        (pin!(get(s, "a")), pin!(get(s, "b")), pin!(set(s, "c", b"1")));
    begin(alone.as_mut()).await;
    begin(load.as_mut()).await;
    begin(change.as_mut()).await;
    // The second request on the shared connection leaves with the next look of its driver.
    yield_now().await;
    yield_now().await;
    server.kill();
    join!(alone, load, change)
}

#[test]
fn many_tasks_need_few_connections_and_each_gets_its_own_value() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = Arc::new(memcached_on([proxy.address()]).max_connections(8));
        for n in 0..200 {
            assert_eq!(
                set(&s, &format!("k{n}"), format!("v{n}").as_bytes()).await.ok(),
                Some(Applied::Stored)
            );
        }
        let mut tasks = JoinSet::new();
        for n in 0..200 {
            let s = Arc::clone(&s);
            tasks.spawn(async move {
                for round in 0..20 {
                    let n = (n * 7 + round) % 200;
                    let value = get(&s, &format!("k{n}")).await.expect("the server is up");
                    assert_eq!(value, Some(format!("v{n}").into_bytes()));
                }
            });
        }
        tasks.join_all().await;
    });
    assert!(proxy.connections() <= 8, "{}", proxy.connections());
}

#[test]
fn a_dropped_load_leaves_its_answer_to_nobody() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        for key in ["a", "b", "c", "d"] {
            set(&s, key, key.as_bytes()).await.expect("the server is up");
        }
        warm(&s).await;
        for dropped in [0, 1, 2] {
            let mut alone = pin!(get(&s, "a"));
            begin(alone.as_mut()).await;
            let mut loads = Vec::new();
            for key in ["b", "c", "d"] {
                let mut load = Box::pin(get(&s, key));
                begin(load.as_mut()).await;
                loads.push((key, load));
            }
            drop(loads.remove(dropped));
            for (key, load) in loads {
                let got = timeout(PATIENCE, load).await.expect("its answer comes");
                assert_eq!(got.ok().flatten().as_deref(), Some(key.as_bytes()), "{dropped}");
            }
            assert_eq!(alone.await.ok().flatten().as_deref(), Some(&b"a"[..]));
        }
    });
}

#[test]
fn a_task_that_is_not_polled_holds_up_nobody() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        let (mut alone, mut first, mut second) =
            (pin!(get(&s, "a")), pin!(set(&s, "b", b"1")), pin!(get(&s, "b")));
        begin(alone.as_mut()).await;
        begin(first.as_mut()).await;
        begin(second.as_mut()).await;
        for _ in 0..5 {
            let (third, fourth) = timeout(PATIENCE, async { join!(get(&s, "b"), get(&s, "c")) })
                .await
                .expect("the tasks that are not polled have no part in it");
            assert_eq!(third.ok().flatten().as_deref(), Some(&b"1"[..]));
            assert_eq!(fourth.ok(), Some(None));
        }
        assert_eq!(first.await.ok(), Some(Applied::Stored));
        assert_eq!(second.await.ok().flatten().as_deref(), Some(&b"1"[..]));
        assert_eq!(alone.await.ok(), Some(None));
    });
}

#[test]
fn what_a_dropped_task_has_posted_is_sent() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        let mut alone = pin!(get(&s, "a"));
        begin(alone.as_mut()).await;
        for key in ["b", "c", "d"] {
            let mut change = Box::pin(set(&s, key, b"1"));
            begin(change.as_mut()).await;
        }
        for key in ["b", "c", "d"] {
            let got = timeout(PATIENCE, get(&s, key)).await.expect("the server answers");
            assert_eq!(got.ok().flatten().as_deref(), Some(&b"1"[..]), "{key}");
        }
        assert_eq!(alone.await.ok(), Some(None));
    });
}

#[test]
fn a_task_that_misses_its_deadline_leaves_the_connection_to_the_others() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]);
        let hasty = s.within(Some(Duration::from_millis(50))).expect("it has deadlines");
        set(&s, "b", b"v").await.expect("the server is up");
        warm(&s).await;
        let connections = proxy.connections();
        proxy.stall(true);
        let mut alone = pin!(get(&s, "a"));
        let mut patient = pin!(get(&s, "b"));
        begin(alone.as_mut()).await;
        begin(patient.as_mut()).await;
        let mut outcome = None;
        hasty
            .load_many(&[Load::new(b"b")], &mut |_, loaded| outcome = Some(loaded.map(drop)))
            .await;
        let error = outcome.expect("it has an outcome").expect_err("the server is silent");
        assert!(error.to_string().contains("deadline"), "{error}");
        proxy.stall(false);
        assert_eq!(patient.await.ok().flatten().as_deref(), Some(&b"v"[..]));
        assert_eq!(alone.await.ok(), Some(None));
        assert_eq!(proxy.connections(), connections, "no connection had to be made anew");
    });
}

#[test]
fn a_change_that_misses_its_deadline_is_unknown_even_before_it_was_sent() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        let hasty = s.within(Some(Duration::ZERO)).expect("it has deadlines");
        warm(&s).await;
        let (mut alone, mut first) = (pin!(get(&s, "a")), pin!(get(&s, "b")));
        begin(alone.as_mut()).await;
        begin(first.as_mut()).await;
        let change = Change::new(b"c", store(b"1"), Condition::Always);
        let mut outcome = None;
        hasty.apply_many(&[change], &mut |_, applied| outcome = Some(applied)).await;
        let outcome = outcome.expect("it has an outcome");
        assert!(first.await.is_ok() && alone.await.is_ok());
        let stored = get(&s, "c").await.expect("the server is up");
        match outcome {
            Err(StoreError::Unknown(_)) => {}
            Err(StoreError::Down(_)) => assert_eq!(stored, None, "it says that it was not made"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_connection_that_breaks_fails_every_task_on_it_and_the_next_call_makes_another() {
    let mut server = Memcached::start();
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        let (alone, load, change) = end_under_three(&mut server, &s).await;
        assert!(matches!(alone, Err(StoreError::Down(_))), "{alone:?}");
        assert!(matches!(load, Err(StoreError::Down(_))), "{load:?}");
        assert!(matches!(change, Err(StoreError::Unknown(_))), "{change:?}");
        server.revive();
        is_back(&s).await;
    });
}

#[test]
fn a_silent_server_ends_a_shared_connection_after_the_timeout() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]).timeout(Duration::from_millis(500));
        warm(&s).await;
        proxy.stall(true);
        let outcomes =
            timeout(PATIENCE, async { join!(get(&s, "a"), get(&s, "b"), set(&s, "c", b"1")) });
        let (alone, load, change) = outcomes.await.expect("nobody waits for ever");
        for error in [alone.err(), load.err(), change.err()] {
            let error = error.expect("the server is silent");
            assert!(error.to_string().contains("timed out"), "{error}");
        }
        proxy.stall(false);
        is_back(&s).await;
    });
}

#[test]
fn the_answer_to_another_request_fails_every_task_behind_it() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"; 3]);
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        server.play(&["EN{O}\r\n", "EN{other O}\r\n", "EN{O}\r\n"]);
        let mut alone = pin!(get(&s, "a"));
        begin_before_others(&server, alone.as_mut()).await;
        let (alone, first, second) = join!(alone, get(&s, "b"), get(&s, "c"));
        assert_eq!(alone.ok(), Some(None));
        let error = first.expect_err("its answer is another one's");
        assert!(error.to_string().contains("follow the protocol"), "{error}");
        // The second one may have been answered before the first one was looked at.
        assert!(second.is_ok_and(|value| value.is_none()) || server.connections() >= 3);
        let before = server.connections();
        server.play(&["EN{O}\r\n"; 3]);
        warm(&s).await;
        assert!(server.connections() > before, "the connection was closed");
    });
}

#[test]
fn superfluous_answers_end_a_shared_connection() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"; 3]);
    on_one_thread(async {
        let s = memcached_on([server.address()]);
        warm(&s).await;
        server.play(&["EN{O}\r\n", "EN{O}\r\nEN{O}\r\n"]);
        let mut alone = pin!(get(&s, "a"));
        begin_before_others(&server, alone.as_mut()).await;
        let (alone, shared) = join!(alone, get(&s, "b"));
        assert_eq!((alone.ok(), shared.ok()), (Some(None), Some(None)));
        let before = server.connections();
        server.play(&["EN{O}\r\n"; 3]);
        warm(&s).await;
        assert!(server.connections() > before, "the connection was closed");
    });
}

#[test]
fn large_batches_have_a_connection_for_themselves() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        // Of two connections one is shared.
        let s = memcached_on([proxy.address()]).max_connections(2);
        let large = vec![b'v'; 100_000];
        warm(&s).await;
        for _ in 0..5 {
            let outcomes = join!(
                get(&s, "a"),
                set(&s, "large", &large),
                set(&s, "small", b"v"),
                get(&s, "b"),
                set(&s, "larger", &large),
                get(&s, "c"),
            );
            assert!(outcomes.0.is_ok() && outcomes.3.is_ok() && outcomes.5.is_ok());
            for applied in [outcomes.1, outcomes.2, outcomes.4] {
                assert_eq!(applied.ok(), Some(Applied::Stored));
            }
            assert_eq!(get(&s, "large").await.ok().flatten(), Some(large.clone()));
        }
        assert_eq!(proxy.connections(), 2);
        assert!(proxy.passed(Way::Requests) > 1_000_000);
    });
}

#[test]
fn a_single_connection_is_never_shared() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    on_one_thread(async {
        let s = memcached_on([proxy.address()]).max_connections(1);
        let large = vec![b'v'; 100_000];
        for _ in 0..5 {
            warm(&s).await;
            let (stored, got) = join!(set(&s, "large", &large), get(&s, "a"));
            assert!(stored.is_ok() && got.is_ok());
        }
    });
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn connections_that_were_shared_in_a_runtime_that_ended_are_closed() {
    let server = Memcached::start();
    let s = memcached_on([server.address()]);
    let mut open = Vec::new();
    for _ in 0..5 {
        on_one_thread(async {
            warm(&s).await;
            let outcomes = join!(get(&s, "a"), get(&s, "b"), get(&s, "c"));
            assert!(outcomes.0.is_ok() && outcomes.1.is_ok() && outcomes.2.is_ok());
        });
        open.push(server.stat("curr_connections"));
    }
    assert_eq!(open.first(), open.last(), "{open:?}");
}
