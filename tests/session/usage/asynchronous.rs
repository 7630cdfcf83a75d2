//! What the first sketch of the API promised to tasks: closures that borrow, guards and views
//! across `.await`, and futures that can be spawned.

use std::{
    error::Error as StdError,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use memdict::{
    ApplyOut, AsyncCache, AsyncStore, BoxFuture, Cache, Change, DictDef, Error, Load, LoadOut,
    MemoryStore, Result, Retry, Store, Tracked,
};

use super::{
    memory,
    types::{Cart, Item, PayEdit},
};

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(3600);

type AnyResult<T = ()> = std::result::Result<T, Box<dyn StdError>>;

async fn tick() {
    tokio::task::yield_now().await;
}

fn send<T: Send>(value: T) -> T {
    value
}

async fn handler(cache: AsyncCache, user: String, item: Item) -> Result<u64> {
    cache
        .transaction(async |session| {
            let carts = session.dict(&CARTS);
            let mut cart = carts.entry(&user).await?.or_default();
            cart.items.push(item.clone());
            tick().await; // a guard across an await
            let mut view = cart.edit();
            *view.total += item.price;
            tick().await; // a view across an await
            if let PayEdit::Card { mut number, .. } = view.pay.variant() {
                tick().await;
                number.push('1');
            }
            view.address.city.assign("Lille");
            let other = carts.get("other").await?;
            tick().await;
            drop(other);
            Ok(*view.total)
        })
        .await
}

async fn generic<T: Tracked + Default>(cache: AsyncCache) -> Result<()> {
    cache
        .transaction(async |session| {
            let before = session.savepoint();
            {
                let dict = session.dict::<T>("g");
                let mut guard = dict.entry("x").await?.or_default();
                let view = guard.edit();
                tick().await;
                drop(view);
                assert!(!guard.changed_fields().is_empty(), "it is new");
            }
            session.rollback_to(&before)
        })
        .await
}

#[tokio::test]
async fn transactions_that_borrow_and_wait_can_be_spawned() -> AnyResult {
    let blocking = memory();
    let cache = blocking.to_async()?;
    let item = Item { sku: "x".into(), price: 3 };
    assert_eq!(tokio::spawn(handler(cache.clone(), "alice".into(), item)).await??, 3);
    tokio::spawn(generic::<Vec<u32>>(cache.clone())).await??;
    tokio::spawn(generic::<Cart>(cache.clone())).await??;
    let task = {
        let cache = cache.clone();
        async move {
            let (name, runs) = ("alice", AtomicU32::new(0));
            let body = async |session: &mut memdict::AsyncSession| {
                let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
                session.dict(&CARTS).entry(name).await?.or_default().hits += run;
                Ok(())
            };
            cache.transaction(body).await
        }
    };
    tokio::spawn(task).await??;
    let alice = blocking.session().dict(&CARTS).get("alice")?.map(|cart| (cart.total, cart.hits));
    assert_eq!(alice, Some((3, 1)));
    Ok(())
}

#[tokio::test]
async fn a_body_may_fail_with_the_applications_error() -> AnyResult {
    #[derive(Debug, thiserror::Error)]
    enum Shop {
        #[error(transparent)]
        Cache(#[from] Error),
        #[error("sold out")]
        SoldOut,
    }
    let cache = memory().to_async()?;
    let sold = async move {
        let body = async |session: &mut memdict::AsyncSession| {
            session.dict(&CARTS).get("nobody").await?.ok_or(Shop::SoldOut)?;
            Ok(())
        };
        cache.try_transaction(body).await
    };
    let sold: std::result::Result<(), Shop> = tokio::spawn(sold).await?;
    assert!(matches!(sold, Err(Shop::SoldOut)));
    Ok(())
}

#[tokio::test]
async fn every_call_has_an_asynchronous_twin_and_its_future_can_be_sent() -> AnyResult {
    let cache = memory().to_async()?;
    let session = send(cache.session());
    let hits = session.dict::<u64>("hits");
    hits.insert("a", 1)?;
    hits.remove("b")?;
    assert_eq!(send(hits.get("a")).await?.as_deref(), Some(&1));
    assert!(send(hits.get_mut("c")).await?.is_none());
    assert!(matches!(send(hits.lookup("c")).await?, memdict::Lookup::Absent));
    *send(hits.entry("c")).await?.or_default() += 2;
    assert!(send(hits.contains_key("c")).await?);
    send(hits.read_current("d")).await?;
    send(hits.prefetch(["e", "f"])).await?;
    assert_eq!(send(hits.get_many(["a", "e"])).await?.len(), 2);
    let link = memdict::Link::<u64>::new(&DictDef::named("hits"), "a");
    assert_eq!(send(session.follow(&link)).await?.as_deref(), Some(&1));
    let report = send(session.commit()).await?;
    assert_eq!((report.written, report.removed), (2, 1));

    let body = async |session: &mut memdict::AsyncSession| session.dict("hits").insert("g", 1_u64);
    assert_eq!(send(cache.transaction_with_report(body)).await?.1.written, 1);
    let body = async |session: &mut memdict::AsyncSession| session.dict("hits").insert("h", 1_u64);
    let (_, report) = send(cache.try_transaction_with_report::<_, Error, _>(body)).await?;
    assert_eq!(report.written, 1);

    let by = 5;
    let update = cache.update("hits", "a", async |entry| {
        tick().await;
        let mut hits: memdict::RefMut<'_, u64> = entry.or_default();
        *hits += by;
        Ok(*hits)
    });
    assert_eq!(send(update).await?, 6);
    let counted = std::collections::BTreeMap::from([("a", 1), ("c", 2)]);
    let each = cache.update_each("hits", counted.keys(), async |page, entry| {
        tick().await;
        *entry.or_insert(0_u64) += counted[*page];
        Ok(())
    });
    assert_eq!(send(each).await.report.written, 2);
    assert_eq!(cache.counters().written, 7);
    Ok(())
}

#[tokio::test]
async fn both_faces_share_the_store_and_the_counters() -> AnyResult {
    let blocking = memory();
    let cache = blocking.to_async()?;
    cache.transaction(async |session| session.dict("hits").insert("a", 1_u64)).await?;
    let again = cache.to_blocking()?;
    again.transaction(|session| {
        *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
        Ok(())
    })?;
    assert_eq!(cache.session().dict::<u64>("hits").get("a").await?.as_deref(), Some(&2));
    for counters in [blocking.counters(), cache.counters(), again.counters()] {
        assert_eq!((counters.commits, counters.written, counters.hits), (2, 2, 2));
    }
    assert!(AsyncCache::open("memory:?nonsense=1").is_err());
    Ok(())
}

/// A store that only blocks.
#[derive(Debug, Default)]
struct OnlyBlocking {
    inner: MemoryStore,
    threads: Mutex<Vec<std::thread::ThreadId>>,
}

impl OnlyBlocking {
    fn note(&self) {
        self.threads.lock().expect("no panic").push(std::thread::current().id());
    }
}

impl Store for OnlyBlocking {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.note();
        Store::load_many(&self.inner, loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        self.note();
        Store::apply_many(&self.inner, changes, out);
    }
}

#[tokio::test]
async fn a_store_that_blocks_never_blocks_a_task() -> AnyResult {
    let store = Arc::new(OnlyBlocking::default());
    let cache = Cache::builder().open_store(store.clone())?.to_async()?;
    let body = async |session: &mut memdict::AsyncSession| {
        let carts = session.dict(&CARTS);
        carts.insert("bob", Cart::default())?;
        carts.remove("carol")?;
        carts.entry("alice").await?.or_default().total += 3;
        Ok(())
    };
    cache.transaction(body).await?;
    let session = cache.session();
    assert_eq!(session.dict(&CARTS).get("alice").await?.map(|cart| cart.total), Some(3));
    assert!(session.dict(&CARTS).get("carol").await?.is_none());
    let threads = store.threads.lock().expect("no panic").clone();
    assert!(threads.len() >= 3 && !threads.contains(&std::thread::current().id()));
    assert!(cache.to_blocking()?.session().dict(&CARTS).get("bob")?.is_some());
    Ok(())
}

/// A store that only tasks can use.
#[derive(Debug, Default)]
struct OnlyAsync(MemoryStore);

impl AsyncStore for OnlyAsync {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        AsyncStore::load_many(&self.0, loads, out)
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        AsyncStore::apply_many(&self.0, changes, out)
    }
}

#[tokio::test]
async fn a_store_of_ones_own_for_tasks_has_no_blocking_side_unless_it_says_so() -> AnyResult {
    let cache = AsyncCache::with_store(Arc::new(OnlyAsync::default()));
    cache.transaction(async |session| session.dict("hits").insert("a", 1_u64)).await?;
    assert_eq!(cache.session().dict::<u64>("hits").get("a").await?.as_deref(), Some(&1));
    let error = cache.to_blocking().unwrap_err();
    assert!(matches!(error, Error::Config { .. }) && error.to_string().contains("into_blocking"));

    let builder = Cache::builder().namespace("shop");
    let shop = builder.open_async_store(Arc::new(OnlyAsync::default()))?;
    assert!(shop.session().dict::<u64>("hits").get("a").await?.is_none());
    let builder = Cache::builder().timeout(Duration::from_secs(1));
    assert!(builder.open_async_store(Arc::new(OnlyAsync::default())).is_err());
    Ok(())
}

/// With a paused clock, sleeping takes no time.
#[tokio::test(start_paused = true)]
async fn pauses_between_attempts_are_those_of_tokios_clock() -> AnyResult {
    let backoff = Duration::from_secs(3600);
    let cache = memory().with_retry(Retry { backoff, ..Retry::default() }).to_async()?;
    let tries = AtomicU32::new(0);
    let body = async |session: &mut memdict::AsyncSession| {
        let mut hits = session.dict::<u64>("hits").entry("a").await?.or_default();
        if tries.fetch_add(1, Ordering::Relaxed) == 0 {
            cache.transaction(async |other| other.dict("hits").insert("a", 1_u64)).await?;
        }
        *hits += 1;
        Ok(())
    };
    let began = tokio::time::Instant::now();
    cache.transaction(body).await?;
    assert_eq!(tries.into_inner(), 2);
    assert!(began.elapsed() >= Duration::from_millis(1), "{:?}", began.elapsed());
    Ok(())
}
