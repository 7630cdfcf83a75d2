//! `fetch` in tasks: futures that are dropped, or that nobody polls.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use memdict::{AsyncCache, DictDef, Error, Load, MemoryStore};
use memdict_tests::{Memcached, find, memcached_on};
use tokio::time::{Instant, sleep, timeout};

static PAGES: DictDef<String> = DictDef::new("pages").lease(Duration::from_secs(2));

/// The embedded store, and a memcached.
async fn on_each(test: impl AsyncFn(AsyncCache, &dyn Fn() -> String)) {
    let store = Arc::new(MemoryStore::new());
    let found = || find(&*store, Load::new(b"memdict:pages:a")).words;
    let cache = memdict::Cache::builder().open_store(Arc::clone(&store) as _);
    test(cache.and_then(|cache| cache.to_async()).expect("it opens"), &found).await;
    let server = Memcached::start();
    let store = Arc::new(memcached_on([server.address()]));
    let found = || find(&*store, Load::new(b"memdict:pages:a")).words;
    let cache = memdict::Cache::builder().open_store(Arc::clone(&store) as _);
    test(cache.and_then(|cache| cache.to_async()).expect("it opens"), &found).await;
}

async fn never() -> Result<String, Error> {
    std::future::pending().await
}

async fn text(text: &str) -> Result<String, Error> {
    Ok(text.to_owned())
}

/// Polls a future until its loader runs.
async fn begin<F: Future>(future: &mut std::pin::Pin<&mut F>, ran: &AtomicU32) {
    let begun = ran.load(Ordering::Relaxed);
    while ran.load(Ordering::Relaxed) == begun {
        poll_fn(|context| {
            assert!(future.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_can_be_spawned_with_a_loader_that_borrows() {
    let cache = AsyncCache::open("memory:").expect("it opens");
    let task = tokio::spawn(async move {
        let name = String::from("ann");
        let owned = cache.fetch(&PAGES, "a", async || text(&name).await).await?;
        let session = cache.session();
        let held = session.dict(&PAGES).fetch(&name, || async { text("b").await }).await?;
        let pages = session.dict(&PAGES);
        let many = pages.fetch_many(["c", "d"], async |keys| {
            Ok::<_, Error>(keys.into_iter().map(|key| (key, key.to_owned())).collect::<Vec<_>>())
        });
        let many = many.await?.len();
        Ok::<_, Error>((owned, held.map(|held| held.cloned()), many))
    });
    let got = task.await.expect("it does not panic").expect("no error");
    assert_eq!(got, (Some("ann".to_owned()), Some("b".to_owned()), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_dropped_hands_over_to_a_call_that_waits() {
    on_each(async |cache, _| {
        let ran = AtomicU32::new(0);
        let load = || {
            ran.fetch_add(1, Ordering::Relaxed);
            never()
        };
        let waits = {
            let mut leader = pin!(cache.fetch(&PAGES, "a", load));
            begin(&mut leader, &ran).await;
            let other = cache.clone();
            let waits = tokio::spawn(async move { other.fetch(&PAGES, "a", || text("b")).await });
            sleep(Duration::from_millis(50)).await;
            assert!(!waits.is_finished());
            waits
        };
        // The leader is dropped here.
        let got = timeout(Duration::from_secs(1), waits).await.expect("it waits no longer");
        assert_eq!(got.expect("no panic").expect("no error").as_deref(), Some("b"));
        assert_eq!(cache.counters().filled, 1, "it had the right of the first");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_dropped_alone_gives_the_right_back() {
    on_each(async |cache, found| {
        let ran = AtomicU32::new(0);
        {
            let load = || {
                ran.fetch_add(1, Ordering::Relaxed);
                never()
            };
            let mut leader = pin!(cache.fetch(&PAGES, "a", load));
            begin(&mut leader, &ran).await;
            assert_ne!(found(), "miss", "it has the lease");
        }
        assert_eq!(cache.drain(Duration::from_secs(5)).await, 0);
        assert_eq!(found(), "miss");
        let got = timeout(Duration::from_secs(1), cache.fetch(&PAGES, "a", || text("b"))).await;
        assert_eq!(got.expect("it waits for nobody").expect("no error").as_deref(), Some("b"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_nobody_polls_holds_up_the_others_for_at_most_a_lease() {
    on_each(async |cache, _| {
        let ran = AtomicU32::new(0);
        let load = || {
            ran.fetch_add(1, Ordering::Relaxed);
            text("late")
        };
        let slow = async || {
            let text = load();
            sleep(Duration::from_millis(10)).await;
            text.await
        };
        let mut leader = pin!(cache.fetch(&PAGES, "a", slow));
        begin(&mut leader, &ran).await;
        // It is not polled any more, and not dropped either.
        let began = Instant::now();
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.fetch(&PAGES, "a", || text("b")).await })
            })
            .collect();
        for call in calls {
            let got = call.await.expect("no panic").expect("no error");
            assert_eq!(got.as_deref(), Some("b"));
        }
        let waited = began.elapsed();
        assert!(waited >= Duration::from_secs(1), "they wait for a lease: {waited:?}");
        assert!(waited < Duration::from_millis(2_800), "and no longer: {waited:?}");
        let counters = cache.counters();
        assert_eq!((counters.filled, counters.loaders), (1, 2), "{counters:?}");
        // Polled again, it returns its own value, and stores nothing.
        assert_eq!(leader.await.expect("no error").as_deref(), Some("late"));
        let stored = cache.fetch(&PAGES, "a", never).await.expect("no error");
        assert_eq!((stored.as_deref(), cache.counters().late), (Some("b"), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_may_be_dropped_at_any_time() {
    on_each(async |cache, found| {
        let ran = AtomicU32::new(0);
        let load = || {
            ran.fetch_add(1, Ordering::Relaxed);
            never()
        };
        {
            let mut leader = pin!(cache.fetch(&PAGES, "a", load));
            begin(&mut leader, &ran).await;
            for _ in 0..3 {
                let waits = timeout(Duration::from_millis(20), cache.fetch(&PAGES, "a", never));
                assert!(waits.await.is_err());
            }
        }
        cache.drain(Duration::from_secs(5)).await;
        assert_eq!(found(), "miss");
        let got = cache.fetch(&PAGES, "a", || text("b")).await.expect("no error");
        assert_eq!(got.as_deref(), Some("b"));
    })
    .await;
}
