//! Clusters whose servers an endpoint tells.

use std::{
    thread,
    time::{Duration, Instant},
};

use memdict::{DictDef, Lookup};
use memdict_tests::{Cache, Endpoint, Memcached};

static NUMBERS: DictDef<u32> = DictDef::new("n");

const MANY: u32 = 300;

/// Opens a cache for calls that block, and one for tasks.
fn both(url: &str) -> [Cache; 2] {
    let open = || memdict::Cache::open(url).unwrap_or_else(|error| panic!("{error}"));
    [Cache::Blocking(open()), Cache::Blocking(open()).in_tasks()]
}

fn url(endpoint: &Endpoint, options: &str) -> String {
    format!("memcache+cluster://{}?{options}", endpoint.address())
}

fn fill(cache: &Cache) {
    let filled = cache.transaction(|session| {
        (0..MANY).try_for_each(|number| session.dict(&NUMBERS).insert(number, number))
    });
    filled.expect("the cache is not strict");
}

fn found(cache: &Cache) -> Vec<bool> {
    let session = cache.session();
    let found = session.dict(&NUMBERS).get_many(0..MANY).expect("the cache is not strict");
    found.iter().map(Option::is_some).collect()
}

fn hits(cache: &Cache) -> usize {
    found(cache).into_iter().filter(|is_hit| *is_hit).count()
}

/// Uses the cache until it has so many servers.
fn until_servers(cache: &Cache, many: usize) {
    let end = Instant::now() + Duration::from_secs(20);
    while cache.health().len() != many {
        assert!(Instant::now() < end, "{:?}", cache.health());
        hits(cache);
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_servers_are_those_that_the_endpoint_tells() {
    let servers = [Memcached::start(), Memcached::start()];
    let endpoint = Endpoint::start(&servers);
    let all = servers.each_ref().map(Memcached::address).join(",");
    let direct = memdict::Cache::open(&format!("memcache://{all}")).expect("it is a URL");
    for cache in both(&url(&endpoint, "")) {
        assert!(cache.health().is_empty(), "nobody has asked");
        fill(&cache);
        assert_eq!((hits(&cache), hits(&Cache::Blocking(direct.clone()))), (300, 300));
        assert_eq!(cache.health().len(), 2);
        assert_eq!(cache.ping().len(), 2);
    }
    assert!(servers.iter().all(|server| server.stat("curr_items") > 50));
    assert_eq!(endpoint.asked(), 2, "once for each cache");
}

#[test]
fn the_addresses_of_a_name_are_servers() {
    let servers = [Memcached::start(), Memcached::start()];
    let [one, other] = servers.each_ref().map(Memcached::address);
    for cache in both(&format!("memcache://dns+{one},{other}?timeout=500ms")) {
        fill(&cache);
        assert_eq!((hits(&cache), cache.health().len()), (300, 2));
    }
    assert!(servers.iter().all(|server| server.stat("curr_items") > 50));
}

#[test]
fn a_changed_list_moves_only_what_the_choice_moves_and_sessions_end_on_the_servers_they_began_with()
{
    for in_tasks in [0, 1] {
        let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
        let endpoint = Endpoint::start(&servers[..2]);
        let cache = &both(&url(&endpoint, "refresh=1s"))[in_tasks];
        fill(cache);
        let session = cache.session();
        let numbers = session.dict(&NUMBERS);
        assert_eq!(numbers.get_many(0..MANY).expect("not strict").iter().flatten().count(), 300);
        endpoint.tell(2, &servers);
        until_servers(cache, 3);
        let stayed = found(cache);
        let moved = stayed.iter().filter(|is_hit| !**is_hit).count();
        assert!((60..140).contains(&moved), "a third of the keys: {moved}");
        // The session that is under way changes a key that others now look for elsewhere.
        let moved = stayed.iter().position(|is_hit| !is_hit).expect("some have moved");
        let moved = u32::try_from(moved).expect("a key");
        *numbers.get_mut(moved).expect("not strict").expect("it was loaded") += 1;
        drop(numbers);
        let report = session.commit().expect("its servers are still there");
        assert_eq!((report.written, report.recreated), (1, 0));
        // Back again, the others find it there.
        endpoint.tell(3, &servers[..2]);
        until_servers(cache, 2);
        let session = cache.session();
        let number = session.dict(&NUMBERS).get(moved).expect("not strict");
        assert_eq!(number.as_deref(), Some(&(moved + 1)));
    }
}

#[test]
fn after_a_server_has_failed_the_endpoint_is_asked_again() {
    let mut servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let endpoint = Endpoint::start(&servers[..2]);
    let [cache, tasks] = both(&url(&endpoint, "refresh=1h"));
    for cache in [&cache, &tasks] {
        fill(cache);
    }
    thread::sleep(Duration::from_millis(1_100));
    assert_eq!((hits(&cache), endpoint.asked()), (300, 2), "an hour has not passed");
    servers[1].kill();
    endpoint.tell(2, [&servers[0], &servers[2]]);
    let new = servers[2].address();
    for cache in [&cache, &tasks] {
        let end = Instant::now() + Duration::from_secs(20);
        while !cache.health().iter().any(|server| server.server == new) {
            assert!(Instant::now() < end, "{:?}", cache.health());
            hits(cache);
            thread::sleep(Duration::from_millis(50));
        }
        fill(cache);
        assert_eq!(hits(cache), 300);
    }
}

#[test]
fn an_endpoint_that_fails_leaves_the_known_servers_in_use() {
    let servers = [Memcached::start(), Memcached::start()];
    let endpoint = Endpoint::start(&servers);
    for cache in both(&url(&endpoint, "refresh=1s&timeout=200ms")) {
        fill(&cache);
        for fails in [Endpoint::down, Endpoint::silent] {
            fails(&endpoint, true);
            let end = Instant::now() + Duration::from_millis(2_500);
            while Instant::now() < end {
                assert_eq!(hits(&cache), 300);
                thread::sleep(Duration::from_millis(100));
            }
            fails(&endpoint, false);
        }
    }
}

#[test]
fn as_long_as_no_servers_are_known_each_key_is_down_and_the_endpoint_is_named() {
    let servers = [Memcached::start()];
    let endpoint = Endpoint::start(&servers);
    for (cache, fails) in
        both(&url(&endpoint, "timeout=200ms")).into_iter().zip([Endpoint::down, Endpoint::silent])
    {
        fails(&endpoint, true);
        let session = cache.session();
        let began = Instant::now();
        for key in 0..5 {
            let lookup = session.dict(&NUMBERS).lookup(key).expect("it is not strict");
            let Lookup::Unreachable(why) = lookup else { panic!("nobody knows a server") };
            assert!(why.contains(&endpoint.address()), "{why}");
        }
        assert!(began.elapsed() < Duration::from_secs(1), "it is left alone for a moment");
        session.dict(&NUMBERS).insert(7, 7).expect("nothing is asked");
        let report = session.commit().expect("it is not strict");
        assert_eq!(report.lost.len(), 1);
        assert!(report.lost[0].reason.contains(&endpoint.address()), "{report:?}");
        fails(&endpoint, false);
        thread::sleep(Duration::from_millis(1_100));
        fill(&cache);
        assert_eq!(hits(&cache), 300);
    }
}

#[test]
fn an_older_list_is_taken_only_if_it_is_told_again() {
    let servers = [Memcached::start(), Memcached::start()];
    let endpoint = Endpoint::start(&servers);
    endpoint.tell(7, &servers);
    let [cache, _] = both(&url(&endpoint, "refresh=1s"));
    fill(&cache);
    let asked = endpoint.asked();
    endpoint.tell(6, &servers[..1]);
    while endpoint.asked() == asked {
        assert_eq!(hits(&cache), 300);
    }
    assert_eq!((hits(&cache), cache.health().len()), (300, 2), "it may be a node that lags behind");
    until_servers(&cache, 1);
    assert!(endpoint.asked() >= asked + 2);
}

/// Removes every number while one server is silent, changes the list meanwhile, and lets it come back.
fn removals_while_a_server_hangs(change: impl Fn(&Cache, &Endpoint, &[Memcached; 3])) {
    for in_tasks in [0, 1] {
        let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
        let endpoint = Endpoint::start(&servers[..2]);
        let cache = &both(&url(&endpoint, "refresh=1s&timeout=200ms"))[in_tasks];
        fill(cache);
        servers[0].pause();
        let session = cache.session();
        for number in 0..MANY {
            session.dict(&NUMBERS).remove(number).expect("it is noted");
        }
        let lost = session.commit().expect("the cache is not strict").lost;
        assert!((50..250).contains(&lost.len()), "those of one of two servers: {}", lost.len());
        change(cache, &endpoint, &servers);
        until_servers(cache, 3);
        servers[0].resume();
        let end = Instant::now() + Duration::from_secs(20);
        while !cache.ping().iter().all(|server| server.up == Some(true)) {
            assert!(Instant::now() < end, "{:?}", cache.health());
        }
        assert_eq!(hits(cache), 0, "in tasks: {in_tasks}");
    }
}

#[test]
fn a_lost_removal_is_sent_although_the_list_has_changed_meanwhile() {
    removals_while_a_server_hangs(|_, endpoint, servers| endpoint.tell(2, servers));
}

#[test]
fn a_lost_removal_is_sent_to_a_server_that_left_the_list_and_is_in_it_again() {
    removals_while_a_server_hangs(|cache, endpoint, servers| {
        endpoint.tell(2, &servers[1..2]);
        until_servers(cache, 1);
        endpoint.tell(3, servers);
    });
}
