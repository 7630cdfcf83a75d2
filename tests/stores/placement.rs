//! Servers that are shared with clients that place their keys in another way.

use memdict::{Cache, DictDef};
use memdict_tests::{Daemon, Memcached};

static NUMBERS: DictDef<u32> = DictDef::new("n");

fn cache(url: &str) -> Cache {
    Cache::open(url).unwrap_or_else(|error| panic!("{error}"))
}

fn hits(cache: &Cache) -> usize {
    let session = cache.session();
    let found = session.dict(&NUMBERS).get_many(0..300).expect("it is not strict");
    found.iter().flatten().count()
}

#[test]
fn a_pool_is_shared_with_a_proxy_that_places_its_keys_by_ketama() {
    let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let proxied = cache(&format!("memcache+classic://{}", proxy.address()));
    let all = servers.each_ref().map(Memcached::address).join(",");
    let direct = cache(&format!("memcache://{all}?hash=ketama"));
    let other = cache(&format!("memcache://{all}"));
    let fill = |cache: &Cache| {
        cache.transaction(|session| {
            (0..300).try_for_each(|number| session.dict(&NUMBERS).insert(number, number))
        })
    };
    fill(&proxied).expect("it is stored");
    assert_eq!((hits(&proxied), hits(&direct)), (300, 300));
    assert!(hits(&other) < 200, "another choice finds other servers");
    direct
        .transaction(|session| {
            (0..300).try_for_each(|number| session.dict(&NUMBERS).remove(number))
        })
        .expect("it is removed");
    assert_eq!((hits(&proxied), hits(&direct)), (0, 0));
}

#[test]
fn a_server_with_a_greater_weight_holds_more() {
    let servers = [Memcached::start(), Memcached::start()];
    let [light, heavy] = servers.each_ref().map(Memcached::address);
    let cache = cache(&format!("memcache://{light},{heavy}*3"));
    cache
        .transaction(|session| {
            (0..2_000).try_for_each(|number| session.dict(&NUMBERS).insert(number, number))
        })
        .expect("it is stored");
    let share = servers[1].stat("curr_items");
    assert!((1_400..1_600).contains(&share), "{share} of 2,000");
}
