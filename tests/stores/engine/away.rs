//! A server that was away and comes back: what was removed meanwhile is not served.

use std::time::Duration;

use memdict::{Applied, Change, Condition, Count, Expiry, Op, Store, StoreError};
use memdict_tests::{
    End, Got, Memcached, Proxy, Way, apply, apply_one, load, load_one, load_when_up, store,
};

use super::{MemcachedStore, delete, memcached_on, open};

use Condition::{Always, Matches};

/// A server behind a proxy, with a value that a store has put there.
fn behind_proxy(key: &[u8]) -> (Memcached, Proxy, MemcachedStore) {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let s = open(proxy.address());
    apply_one(&s, key, store(b"old"), Always);
    (server, proxy, s)
}

/// Cuts the server off.
fn cut_off(proxy: &Proxy) {
    proxy.turn_away(true);
    proxy.hang_up(End::Closed);
}

fn is_lost(s: &dyn Store, change: Change<'_>) {
    let outcome = apply(s, &[change]).remove(0);
    assert!(matches!(outcome, Err(StoreError::Down(_) | StoreError::Unknown(_))), "{outcome:?}");
}

fn remembered(s: &dyn Store) -> (usize, u64, u64) {
    let counters = s.server_counters().remove(0);
    (s.health()[0].remembered, counters.resent, counters.forgotten)
}

fn deletes(server: &Memcached) -> u64 {
    server.stat("delete_hits") + server.stat("delete_misses")
}

#[test]
fn a_lost_removal_is_sent_first_when_the_same_life_of_the_server_comes_back() {
    let (server, proxy, s) = behind_proxy(b"k");
    cut_off(&proxy);
    is_lost(&s, delete(b"k"));
    assert_eq!(remembered(&s), (1, 0, 0));
    assert_eq!(deletes(&server), 0, "the server still has the value");
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
    assert_eq!((remembered(&s), deletes(&server)), ((0, 1, 0), 1));
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!(deletes(&server), 1, "it is sent once");
}

#[test]
fn as_long_as_a_lost_removal_cannot_be_sent_nothing_else_is() {
    let (_server, proxy, s) = behind_proxy(b"k");
    // How many bytes a greeting has: those of a first load without those of a second.
    let other = open(proxy.address());
    let bytes = |s: &MemcachedStore| {
        proxy.count_anew();
        load_one(s, b"other");
        proxy.passed(Way::Requests)
    };
    let (first, second) = (bytes(&other), bytes(&other));
    cut_off(&proxy);
    is_lost(&s, delete(b"k"));
    // The connection that is to send the removal breaks before it does, and later ones would work.
    proxy.cut(Way::Requests, first - second, End::Closed);
    proxy.turn_away(false);
    while !proxy.has_cut() {
        assert!(load(&s, &[b"k"])[0].is_err());
    }
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
    assert_eq!(remembered(&s), (0, 1, 0));
}

#[test]
fn after_a_restart_lost_removals_are_not_sent_because_nothing_old_is_left() {
    let (mut server, proxy, s) = behind_proxy(b"k");
    cut_off(&proxy);
    is_lost(&s, delete(b"k"));
    server.restart();
    // Another client, which the partition did not affect, stores a value in the new life.
    let other = memcached_on([server.address()]);
    apply_one(&other, b"k", store(b"new"), Always);
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k").value(), Some(&b"new"[..]));
    assert_eq!((remembered(&s), deletes(&server)), ((0, 0, 1), 0));
}

#[test]
fn a_lost_removal_of_a_version_does_not_remove_what_another_client_stored_later() {
    let (server, proxy, s) = behind_proxy(b"k");
    let token = load_one(&s, b"k").token();
    cut_off(&proxy);
    is_lost(&s, Change::new(b"k", Op::Delete, Matches(token)));
    let other = memcached_on([server.address()]);
    apply_one(&other, b"k", store(b"new"), Always);
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k").value(), Some(&b"new"[..]));
    assert_eq!(remembered(&s), (0, 1, 0));
}

#[test]
fn a_lost_removal_without_a_version_removes_whatever_is_there() {
    let (server, proxy, s) = behind_proxy(b"k");
    cut_off(&proxy);
    is_lost(&s, delete(b"k"));
    let other = memcached_on([server.address()]);
    apply_one(&other, b"k", store(b"new"), Always);
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
}

#[test]
fn a_lost_tombstone_is_a_lost_removal_and_a_lost_store_is_not() {
    let (_server, proxy, s) = behind_proxy(b"k");
    apply_one(&s, b"stored", store(b"old"), Always);
    cut_off(&proxy);
    is_lost(&s, Change::new(b"k", store(b"tombstone"), Always).removal());
    is_lost(&s, Change::new(b"stored", store(b"new"), Always));
    is_lost(&s, Change::new(b"absent", Op::Delete, Condition::Absent));
    assert_eq!(remembered(&s).0, 1);
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
    assert_eq!(load_one(&s, b"stored").value(), Some(&b"old"[..]));
}

#[test]
fn a_lost_invalidation_is_sent_as_a_removal_and_a_lost_touch_or_count_is_not_sent() {
    let (_server, proxy, s) = behind_proxy(b"k");
    apply_one(&s, b"touched", store(b"old"), Always);
    apply_one(&s, b"counted", store(b"5"), Always);
    cut_off(&proxy);
    is_lost(&s, Change::new(b"k", Op::Invalidate { grace: None }, Always));
    is_lost(&s, Change::new(b"touched", Op::Touch { expiry: Expiry::Never }, Always));
    is_lost(&s, Change::new(b"counted", Op::Count(Count::add(1)), Always));
    assert_eq!(remembered(&s).0, 1);
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
    assert_eq!(load_one(&s, b"touched").value(), Some(&b"old"[..]));
    assert_eq!(load_one(&s, b"counted").value(), Some(&b"5"[..]));
    assert_eq!(remembered(&s), (0, 1, 0));
}

#[test]
fn a_removal_that_was_not_answered_is_sent_again() {
    let (server, proxy, s) = behind_proxy(b"k");
    proxy.cut(Way::Answers, 0, End::Closed);
    is_lost(&s, delete(b"k"));
    assert_eq!((remembered(&s).0, deletes(&server)), (1, 1), "it was made, which nobody knows");
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!((remembered(&s), deletes(&server)), ((0, 1, 0), 2));
}

#[test]
fn the_oldest_removals_beyond_the_limit_are_forgotten_and_counted() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    for (most, left) in [(2, 2), (0, 0)] {
        let s = open(proxy.address()).remember_removals(most, Duration::from_secs(60));
        for key in [b"a", b"b", b"c"] {
            apply_one(&s, key, store(b"old"), Always);
        }
        cut_off(&proxy);
        [b"a", b"b", b"c"].iter().for_each(|key| is_lost(&s, delete(*key)));
        assert_eq!(remembered(&s), (left, 0, 3 - left as u64));
        proxy.turn_away(false);
        assert_eq!(load_when_up(&s, b"a").value(), Some(&b"old"[..]), "it was forgotten");
        let last = load_one(&s, b"c");
        assert_eq!(last == Got::Miss, most > 0, "{last:?}");
    }
    let s = open(proxy.address()).remember_removals(9, Duration::ZERO);
    apply_one(&s, b"a", store(b"old"), Always);
    cut_off(&proxy);
    is_lost(&s, delete(b"a"));
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"a").value(), Some(&b"old"[..]));
    assert_eq!(remembered(&s), (0, 0, 1), "it was too old");
}

#[test]
fn removals_of_one_server_wait_for_it_and_not_for_others() {
    let servers = [Memcached::start(), Memcached::start()];
    let proxy = Proxy::before(&servers[0].address());
    let s = memcached_on([proxy.address(), servers[1].address()]);
    let keys: Vec<_> = (0..20).map(|n| format!("key-{n}")).collect();
    for key in &keys {
        apply_one(&s, key.as_bytes(), store(b"old"), Always);
    }
    let there = servers[0].stat("curr_items") as usize;
    assert!((1..20).contains(&there), "{there}");
    cut_off(&proxy);
    let changes: Vec<_> = keys.iter().map(|key| delete(key.as_bytes())).collect();
    let gone = apply(&s, &changes).iter().filter(|it| matches!(it, Ok(Applied::Deleted))).count();
    assert_eq!(gone, 20 - there);
    assert_eq!(s.health().iter().map(|it| it.remembered).collect::<Vec<_>>(), [there, 0]);
    proxy.turn_away(false);
    assert!(s.ping().iter().all(|server| server.up == Some(true)));
    assert_eq!(servers[0].stat("curr_items"), 0);
    assert!(load(&s, &[keys[0].as_bytes()])[0].is_ok());
}

#[test]
fn a_ping_asks_each_server_now_and_names_those_that_do_not_answer() {
    let mut servers = [Memcached::start(), Memcached::start()];
    let s = memcached_on(servers.each_ref().map(Memcached::address));
    assert!(s.ping().iter().all(|server| server.up == Some(true) && server.version.is_some()));
    servers[1].kill();
    for _ in 0..3 {
        let health = s.ping();
        assert_eq!((health[0].up, health[1].up), (Some(true), Some(false)));
        let why = health[1].last_error.as_deref().unwrap_or_default();
        assert!(why.contains(&servers[1].address()) && health[1].down_since.is_some(), "{why}");
    }
    // A server that was just not reached is otherwise left alone for a moment.
    servers[1].revive();
    assert!(s.ping().iter().all(|server| server.up == Some(true)));
    servers[0].pause();
    let s = memcached_on([servers[0].address()]).timeout(Duration::from_millis(50));
    let health = s.ping();
    servers[0].resume();
    assert_eq!(health[0].up, Some(false), "{health:?}");
}
