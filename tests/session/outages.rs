//! What a session removes while a server is away stays removed.

use std::time::Duration;

use memdict::{DictDef, Result};
use memdict_tests::{Cache, End, Memcached, PATIENCE, Proxy, wait_until};

static NAMES: DictDef<String> = DictDef::new("names");
static BURIED: DictDef<String> = DictDef::new("buried").tombstone(Duration::from_secs(60));

/// Removes values while their server is cut off, one way or another, and lets it come back.
fn heal(cache: &Cache, proxy: &Proxy, meanwhile: impl FnOnce()) -> Result<()> {
    let dicts = [&NAMES, &BURIED];
    cache.transaction(|session| {
        dicts.iter().try_for_each(|def| {
            session.dict(*def).insert("read", "old".to_owned())?;
            session.dict(*def).insert("unread", "old".to_owned())
        })
    })?;
    let session = cache.session();
    for def in dicts {
        assert!(session.dict(def).get("read")?.is_some());
        session.dict(def).remove("read")?;
        session.dict(def).remove("unread")?;
    }
    proxy.turn_away(true);
    proxy.hang_up(End::Closed);
    assert_eq!(session.commit()?.lost.len(), 4);
    assert_eq!(cache.health()[0].remembered, 4);
    meanwhile();
    proxy.turn_away(false);
    wait_until(PATIENCE, "the server is back", || {
        let session = cache.session();
        let found = session.dict(&NAMES).lookup("read").expect("not strict");
        assert!(!matches!(found, memdict::Lookup::Hit(_)), "a removed value is served");
        matches!(found, memdict::Lookup::Absent)
    });
    let session = cache.session();
    for def in dicts {
        assert!(
            !session.dict(def).contains_key("read")?
                && !session.dict(def).contains_key("unread")?
        );
    }
    assert_eq!(cache.health()[0].remembered, 0);
    Ok(())
}

#[test]
fn a_healed_partition_does_not_serve_what_was_removed() {
    for tasks in [false, true] {
        let server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let url = format!("memcache://{}", proxy.address());
        let cache = memdict::Cache::open(&url).expect("a good URL");
        let cache = Cache::Blocking(cache);
        let cache = if tasks { cache.in_tasks() } else { cache };
        heal(&cache, &proxy, || {}).expect("it works");
        let counters = cache.server_counters().remove(0);
        assert_eq!((counters.resent, counters.forgotten), (4, 0));
    }
}

#[test]
fn a_clear_that_was_lost_is_made_up_for_when_its_server_comes_back() {
    static PRICES: DictDef<u64> = DictDef::new("prices").clearable();
    for tasks in [false, true] {
        let server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let url = format!("memcache://{}", proxy.address());
        let cache = Cache::Blocking(memdict::Cache::open(&url).expect("a good URL"));
        let cache = if tasks { cache.in_tasks() } else { cache };
        let stored = cache.transaction(|session| session.dict(&PRICES).insert("hat", 25));
        stored.expect("the server is there");
        proxy.turn_away(true);
        proxy.hang_up(End::Closed);
        cache.clear(&PRICES).expect_err("the server is away");
        assert_eq!(cache.health()[0].remembered, 1);
        proxy.turn_away(false);
        wait_until(PATIENCE, "the server is back", || {
            let session = cache.session();
            let found = session.dict(&PRICES).lookup("hat").expect("not strict");
            assert!(!matches!(found, memdict::Lookup::Hit(_)), "a cleared value is served");
            !matches!(found, memdict::Lookup::Unreachable(_))
        });
        assert_eq!(cache.health()[0].remembered, 0);
    }
}

#[test]
fn a_removal_is_forgotten_if_its_server_was_restarted_meanwhile() {
    for tasks in [false, true] {
        let mut server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let url = format!("memcache://{}", proxy.address());
        let cache = Cache::Blocking(memdict::Cache::open(&url).expect("a good URL"));
        let cache = if tasks { cache.in_tasks() } else { cache };
        heal(&cache, &proxy, || server.restart()).expect("it works");
        let counters = cache.server_counters().remove(0);
        assert_eq!((counters.resent, counters.forgotten), (0, 4));
        assert_eq!(server.stat("delete_misses"), 0);
    }
}

#[test]
fn both_faces_of_a_cache_share_what_is_remembered_and_a_ping_sends_it() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let url = format!("memcache://{}?remember=1", proxy.address());
    let blocking = Cache::Blocking(memdict::Cache::open(&url).expect("a good URL"));
    let tasks = blocking.in_tasks();
    let remove = |session: &mut memdict_tests::Session<'_>| session.dict(&NAMES).remove("a");
    blocking
        .transaction(|session| session.dict(&NAMES).insert("a", "old".to_owned()))
        .expect("the server is there");
    proxy.turn_away(true);
    proxy.hang_up(End::Closed);
    blocking.transaction(remove).expect("not strict");
    let down = tasks.ping().remove(0);
    assert_eq!((down.up, down.remembered), (Some(false), 1));
    assert!(down.to_string().contains(&proxy.address()), "{down}");
    proxy.turn_away(false);
    let up = tasks.ping().remove(0);
    assert_eq!((up.up, up.remembered), (Some(true), 0));
    assert_eq!(server.stat("curr_items"), 0);
}
