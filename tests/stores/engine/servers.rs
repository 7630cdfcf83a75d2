//! Several servers at once, and servers that are down.

use std::{
    thread,
    time::{Duration, Instant},
};

use memdict::{Cache, Change, Condition, DictDef};
use memdict_tests::{
    Cart, End, Got, Memcached, Proxy, apply, load, load_one, load_when_up, store, wait_until,
};

use super::{MemcachedStore, applied, loaded, memcached_on, open, stores};

/// Three servers behind proxies, a store with connections to them, and keys for each of them.
struct Three {
    proxies: [Proxy; 3],
    _servers: [Memcached; 3],
    store: MemcachedStore,
    keys: Vec<String>,
}

impl Three {
    fn start(timeout: Duration) -> Self {
        let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
        let proxies = [0, 1, 2].map(|at: usize| Proxy::before(&servers[at].address()));
        let names = proxies.iter().map(Proxy::address);
        let store = memcached_on(names).timeout(timeout);
        let keys = (0..60).map(|i| format!("key-{i}")).collect();
        let three = Self { proxies, _servers: servers, store, keys };
        assert!(three.apply().iter().all(|word| *word == "done"));
        assert!(three.proxies.iter().all(|proxy| proxy.connections() > 0), "each has keys");
        three
    }

    fn keys(&self) -> Vec<&[u8]> {
        self.keys.iter().map(String::as_bytes).collect()
    }

    fn apply(&self) -> Vec<&'static str> {
        let keys = self.keys();
        let changes: Vec<_> =
            keys.iter().map(|key| Change::new(key, store(b"v"), Condition::Always)).collect();
        applied(&apply(&self.store, &changes))
    }

    fn load(&self) -> Vec<&'static str> {
        loaded(&load(&self.store, &self.keys()))
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = run();
    (result, begun.elapsed())
}

#[test]
fn a_batch_over_three_slow_servers_takes_as_long_as_one_of_them() {
    let three = Three::start(Duration::from_secs(5));
    let delay = Duration::from_millis(300);
    three.proxies.iter().for_each(|proxy| proxy.delay(delay));
    let (words, elapsed) = timed(|| three.load());
    assert!(words.iter().all(|word| *word == "hit"), "{words:?}");
    assert!((delay..2 * delay).contains(&elapsed), "{elapsed:?}");
    let (words, elapsed) = timed(|| three.apply());
    assert!(words.iter().all(|word| *word == "done"), "{words:?}");
    assert!((delay..2 * delay).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn two_hanging_servers_of_three_cost_one_timeout_and_the_third_answers() {
    let timeout = Duration::from_millis(400);
    let three = Three::start(timeout);
    three.proxies[..2].iter().for_each(|proxy| proxy.stall(true));
    let (words, elapsed) = timed(|| three.apply());
    assert!(words.iter().all(|word| ["done", "unknown"].contains(word)), "{words:?}");
    assert!(words.contains(&"done") && words.contains(&"unknown"), "{words:?}");
    assert!(elapsed < timeout.mul_f32(1.8), "{elapsed:?}");
    three.proxies[..2].iter().for_each(|proxy| proxy.stall(false));
    wait_until(Duration::from_secs(5), "they are used again", || !three.load().contains(&"down"));
}

#[test]
fn a_server_that_fails_is_left_alone_for_a_while_and_calls_fail_at_once() {
    // It accepts connections and never answers.
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    proxy.stall(true);
    let timeout = Duration::from_millis(400);
    let s = open(proxy.address()).timeout(timeout);
    let (words, elapsed) = timed(|| loaded(&load(&s, &[b"a"])));
    assert_eq!(words, ["down"]);
    assert!(elapsed > timeout.mul_f32(0.8), "{elapsed:?}");
    let (words, elapsed) = timed(|| applied(&apply(&s, &stores([b"a"]))));
    assert_eq!(words, ["down"]);
    assert!(elapsed < timeout / 2, "{elapsed:?}");
    proxy.stall(false);
    assert_eq!(load_when_up(&s, b"a"), Got::Miss);
}

/// Eight threads load without a pause for a second and a half, in vain.
fn pester(s: &MemcachedStore) {
    let until = Instant::now() + Duration::from_millis(1_500);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while Instant::now() < until {
                    assert_eq!(loaded(&load(s, &[b"a"])), ["down"]);
                    thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
}

#[test]
fn a_server_that_is_down_is_tried_now_and_then_and_not_by_each_call() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    proxy.turn_away(true);
    let s = open(proxy.address());
    pester(&s);
    // There are thousands of calls. Without a pause between attempts, each would make one.
    assert!(proxy.connections() <= 40, "{}", proxy.connections());
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"a"), Got::Miss);
}

#[test]
fn one_thread_at_a_time_tries_a_hanging_server_again() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    proxy.stall(true);
    let s = open(proxy.address()).timeout(Duration::from_millis(300));
    assert_eq!(loaded(&load(&s, &[b"a"])), ["down"]);
    pester(&s);
    // Each attempt takes a timeout, so there is no time for more. Eight threads would make eight
    // times as many.
    assert!((2..=8).contains(&proxy.connections()), "{}", proxy.connections());
    proxy.stall(false);
    assert_eq!(load_when_up(&s, b"a"), Got::Miss);
}

#[test]
fn an_error_of_a_server_that_is_left_alone_says_why_it_failed_before() {
    let mut server = Memcached::start();
    server.kill();
    let s = open(server.address());
    for attempt in 0..3 {
        let error = load(&s, &[b"a"]).remove(0).expect_err("it is down").to_string();
        assert!(error.contains(&server.address()), "{attempt}: {error}");
        assert!(error.contains("refused"), "{attempt}: {error}");
    }
}

#[test]
fn a_pooled_connection_that_the_server_has_closed_causes_no_error() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let s = open(proxy.address());
    for end in [End::Closed, End::Reset] {
        for _ in 0..20 {
            assert_eq!(load_one(&s, b"a"), Got::Miss);
            proxy.hang_up(end);
            assert_eq!(applied(&apply(&s, &stores([b"b"]))), ["done"], "{end:?}");
            proxy.hang_up(end);
        }
    }
}

#[test]
fn sixteen_threads_share_a_store() {
    let server = Memcached::start();
    let s = open(server.address());
    thread::scope(|scope| {
        for thread in 0..16 {
            let s = &s;
            scope.spawn(move || {
                let keys: Vec<_> = (0..50).map(|i| format!("{thread}-{i}")).collect();
                for round in 0..20 {
                    let value = format!("{thread}-{round}");
                    let change = |key| Change::new(key, store(value.as_bytes()), Condition::Always);
                    let changes: Vec<_> = keys.iter().map(|key| change(key.as_bytes())).collect();
                    assert!(apply(s, &changes).iter().all(Result::is_ok));
                    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
                    for got in load(s, &keys) {
                        assert_eq!(got.expect("it is up").value(), Some(value.as_bytes()));
                    }
                }
            });
        }
    });
    assert!(server.stat("curr_connections") < 40);
}

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(60);

#[test]
fn a_socket_file_is_named_by_its_absolute_path_also_in_a_url() {
    let server = Memcached::on_socket();
    let s = open(server.address());
    assert_eq!(applied(&apply(&s, &stores([b"a"]))), ["done"]);
    assert_eq!(load_one(&s, b"a").value(), Some(&b"v"[..]));
    assert!(format!("{s:?}").contains(&server.address()), "{s:?}");

    let url = format!("memcache://{}?timeout=2s", server.address());
    let cache = Cache::builder().strict(true).open(&url).expect("a good URL");
    let insert = |cart: Cart| {
        cache.transaction(|session| session.dict(&CARTS).insert("alice", cart.clone()))
    };
    insert(Cart::of("alice", 3)).expect("it commits");
    let session = cache.session();
    let cart = session.dict(&CARTS).get("alice").expect("up").expect("stored");
    assert_eq!(cart.items.len(), 3);
}

#[test]
fn a_socket_file_without_a_server_is_down_with_its_path() {
    let mut server = Memcached::on_socket();
    let s = open(server.address());
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    server.kill();
    let error = load(&s, &[b"a"]).remove(0).expect_err("it is down").to_string();
    assert!(error.contains(&server.address()), "{error}");
    server.revive();
    assert_eq!(load_when_up(&s, b"a"), Got::Miss);
}
