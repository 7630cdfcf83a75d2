//! One server of several dies: what it had is lost and named, and nothing else is.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use memdict::{DictDef, Error, FailedWrite, Lookup, Store};
use memdict_tests::{
    Cache, Memcached, PATIENCE, classic_on, in_classic_on, memcached_on, wait_until,
};

static TEXTS: DictDef<String> = DictDef::new("texts");

/// The ways to reach servers.
type Open = fn(Vec<String>) -> Arc<dyn Store>;
const WAYS: [(&str, Open, bool); 5] = [
    ("meta", |names| Arc::new(memcached_on(names)), false),
    ("meta, tasks", |names| Arc::new(memcached_on(names)), true),
    ("classic", |names| Arc::new(in_classic_on(names)), false),
    ("classic, tasks", |names| Arc::new(in_classic_on(names)), true),
    ("classic client", |names| Arc::new(classic_on(names)), false),
];

fn keys() -> impl Iterator<Item = String> {
    (0..60).map(|number| format!("key-{number}"))
}

/// Stores a text under every key. Returns what the report says is lost.
fn put(cache: &Cache, text: &str) -> Vec<FailedWrite> {
    let session = cache.session();
    for key in keys() {
        session.dict(&TEXTS).insert(key, text.to_owned()).expect("it is put in place");
    }
    session.commit().expect("the cache is not strict").lost
}

/// Returns the keys that lead to each of: this text, nothing, no server.
fn find(cache: &Cache, text: &str) -> [BTreeSet<String>; 3] {
    let session = cache.session();
    let mut found = [(); 3].map(|()| BTreeSet::new());
    for key in keys() {
        let at = match session.dict(&TEXTS).lookup(&key).expect("the cache is not strict") {
            Lookup::Hit(there) => {
                assert_eq!(*there, text, "{key}");
                0
            }
            Lookup::Absent => 1,
            Lookup::Unreachable(_) => 2,
            other => panic!("{key}: {other:?}"),
        };
        found[at].insert(key);
    }
    found
}

/// Runs a check for each number of servers and each way to reach them.
fn each(check: impl Fn(&str, &mut Vec<Memcached>, &dyn Fn(bool) -> Cache)) {
    for count in [2, 3] {
        for (way, open, in_tasks) in WAYS {
            let mut servers: Vec<_> = (0..count).map(|_| Memcached::start()).collect();
            let names: Vec<_> = servers.iter().map(Memcached::address).collect();
            let cache = |strict| {
                let builder = memdict::Cache::builder().strict(strict);
                let cache = builder.open_store(open(names.clone()));
                let cache = Cache::Blocking(cache.expect("no option of a store is set"));
                if in_tasks { cache.in_tasks() } else { cache }
            };
            check(&format!("{count} servers, {way}"), &mut servers, &cache);
        }
    }
}

#[test]
fn of_several_servers_one_that_dies_loses_its_own_keys_by_name_and_no_others() {
    each(|way, servers, cache| {
        let cache = cache(false);
        assert_eq!(put(&cache, "old"), [], "{way}");
        let session = cache.session();
        for key in keys() {
            let mut text =
                session.dict(&TEXTS).get_mut(key).expect("it is up").expect("it is there");
            text.replace_range(.., "new");
        }
        servers[0].kill();
        let dead = servers[0].address();
        let report = session.commit().expect("the cache is not strict");
        let lost: BTreeSet<_> = report.lost.iter().map(|lost| lost.id.key.to_string()).collect();
        let of_the_dead = |lost: &FailedWrite| lost.reason.contains(&dead);
        assert!(report.lost.iter().all(of_the_dead), "{way}: {:?}", report.lost);
        assert!(!lost.is_empty() && lost.len() < keys().count(), "{way}: each has some keys");
        assert_eq!(report.written, keys().count() - lost.len(), "{way}");

        // As long as it is away, its keys are misses that say why, and cost no time.
        let begun = Instant::now();
        for text in ["new", "newer", "newest"] {
            let [hits, absent, unreachable] = find(&cache, text);
            assert_eq!((&unreachable, absent.len()), (&lost, 0), "{way}");
            assert_eq!(hits.len(), keys().count() - lost.len(), "{way}");
            let next = if text == "new" { "newer" } else { "newest" };
            let again: BTreeSet<_> =
                put(&cache, next).iter().map(|lost| lost.id.key.to_string()).collect();
            assert_eq!(again, lost, "{way}: keys do not move to other servers");
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{way}: {:?}", begun.elapsed());

        // It comes back without values, and takes new ones.
        servers[0].revive();
        wait_until(PATIENCE, way, || find(&cache, "newest")[1] == lost);
        assert_eq!(put(&cache, "at last"), [], "{way}");
        assert_eq!(find(&cache, "at last")[0].len(), keys().count(), "{way}");
    });
}

#[test]
fn of_several_servers_one_that_dies_fails_a_strict_commit_that_needs_it_and_no_other() {
    each(|way, servers, cache| {
        let (strict, cache) = (cache(true), cache(false));
        assert_eq!(put(&cache, "old"), [], "{way}");
        servers[1].kill();
        let dead = servers[1].address();
        let lost: BTreeSet<_> =
            put(&cache, "new").iter().map(|lost| lost.id.key.to_string()).collect();
        let store = |needs_it: bool| {
            let session = strict.session();
            for key in keys().filter(|key| needs_it || !lost.contains(key)) {
                session.dict(&TEXTS).insert(key, "strict".to_owned()).expect("it is in place");
            }
            session.commit()
        };
        let Err(Error::Unavailable { report: Some(report), source, .. }) = store(true) else {
            panic!("{way}: a change is lost")
        };
        assert!(source.to_string().contains(&dead), "{way}: {source}");
        let named: BTreeSet<_> = report.lost.iter().map(|lost| lost.id.key.to_string()).collect();
        assert!(lost.is_subset(&named), "{way}: {report:?}");
        let report = store(false).expect("nothing of it is on that server");
        assert_eq!(report.written, keys().count() - lost.len(), "{way}");
    });
}
