//! Flare, a persistent server that speaks the classic protocol. Its versions begin again at 1 once a
//! node has forgotten a deletion, and it refuses what other servers take.

use std::time::Duration;

use memdict::{Applied, Cache, Change, Condition, Error, MemcachedStore, Op, Store, StoreError};
use memdict_tests::{
    Flare, Got, Waiting, apply, apply_one, load, load_one, memcached_on, named, store, store_for,
};

use Condition::{Absent, Always, Matches};

fn open(node: &Flare) -> MemcachedStore {
    memcached_on([node.address()])
}

/// The table of what Flare 1.3.4 was seen to answer.
#[test]
fn the_scripted_node_answers_as_flare_was_seen_to() {
    for (asked, answered) in [
        ("set a 0 0 1\r\nv\r\ngets a\r\n", "STORED\r\nVALUE a 0 1 1\r\nv\r\nEND\r\n"),
        ("set a 0 0 1\r\nv\r\ngets a\r\n", "STORED\r\nVALUE a 0 1 2\r\nv\r\nEND\r\n"),
        ("cas a 0 0 1 1\r\nw\r\ncas none 0 0 1 1\r\nw\r\n", "EXISTS\r\nNOT_FOUND\r\n"),
        ("cas a 0 0 1 0\r\nw\r\ncas a 0 0 1 99999\r\nw\r\n", "EXISTS\r\nEXISTS\r\n"),
        ("set d 0 0 1\r\nv\r\ncas d 0 2592001 0 1\r\n\r\n", "STORED\r\nSTORED\r\n"),
        ("get d\r\ndelete d\r\nadd d 0 0 1\r\nv\r\n", "END\r\nNOT_FOUND\r\nSTORED\r\n"),
        ("gets d\r\n", "VALUE d 0 1 3\r\nv\r\nEND\r\n"),
        ("set h 0 0 1\r\nv\r\ndelete h 0 7\r\n", "STORED\r\nDELETED\r\n"),
        ("set n 0 -1 1\r\nv\r\n", "ERROR\r\nERROR\r\n"),
        ("set k 0 0 1\r\nv\r\ntouch k 100\r\ntouch k -1\r\n", "STORED\r\nTOUCHED\r\nERROR\r\n"),
        ("mn\r\nstats settings\r\nmg k v\r\ngat 100 k\r\n", "ERROR\r\nERROR\r\nERROR\r\nERROR\r\n"),
        ("gat k 100\r\n", "VALUE k 0 1\r\nv\r\n"),
    ] {
        assert_eq!(node().ask(asked), answered, "{asked:?}");
    }
    node().has_role(false);
    assert_eq!(node().ask("get a\r\n"), "END\r\n");
    assert_eq!(node().ask("set a 0 0 1\r\nv\r\n"), "SERVER_ERROR no partition available\r\n");
}

/// The node of the table.
fn node() -> &'static Flare {
    static NODE: std::sync::OnceLock<Flare> = std::sync::OnceLock::new();
    NODE.get_or_init(Flare::start)
}

#[test]
fn a_flare_node_is_found_out_by_a_plain_url_and_its_tokens_have_no_life() {
    let node = Flare::start();
    for s in [open(&node), open(&node).flare()] {
        apply_one(&s, b"k", store(b"v"), Always);
        let token = load_one(&s, b"k").token();
        assert_eq!(token.life(), 0, "it tells a process, whose versions begin anew all the same");
        assert!(!s.caps().leases() && s.caps().touch() && s.caps().counts());
        assert_eq!(s.health()[0].version.as_deref(), Some("flare-1.3.4"));
    }
    let flare: Vec<_> = node.requests().into_iter().filter(|line| line == "mn").collect();
    assert_eq!(flare.len(), 1, "`flare` does not ask for meta commands");
}

#[test]
fn a_deleted_value_is_gone_and_its_version_goes_on() {
    let node = Flare::start();
    let s = open(&node);
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    assert!(matches!(apply_one(&s, b"k", Op::Delete, Matches(token)), Applied::Deleted));
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Absent), Applied::Stored));
    assert_eq!(load_one(&s, b"k").token().cas(), 3);
}

/// Returns the value under `k`.
fn value(cache: &Cache) -> Option<String> {
    let value = cache.transaction(|session| {
        Ok(session.dict::<String>("d").get("k")?.map(|value| value.clone()))
    });
    value.expect("the node is up")
}

/// A session that read a value, which is deleted and stored again by others with the same version.
fn is_not_deceived(cache: &Cache, node: &Flare) {
    let other = Cache::builder().strict(true).open_store(std::sync::Arc::new(open(node)));
    let other = other.expect("no option of a store is set");
    let put =
        |value: &str| other.transaction(|session| session.dict("d").insert("k", value.to_owned()));
    put("first").expect("the node is up");
    let session = cache.session();
    let dict = session.dict::<String>("d");
    dict.get_mut("k").expect("the node is up").expect("it was stored").push_str(" and mine");
    other.transaction(|session| session.dict::<String>("d").remove("k")).expect("it is up");
    node.forget_deletions();
    put("theirs").expect("the node is up");
    let version = open(node);
    let key = b"memdict:d:k";
    assert_eq!(load_one(&version, key).token().cas(), 1, "the version is that of the first value");
    let outcome = session.commit();
    assert!(matches!(outcome, Err(Error::Conflict { .. })), "{outcome:?}");
    let value = value(&other);
    assert_eq!(value.as_deref(), Some("theirs"));
}

#[test]
fn a_value_with_the_same_version_as_a_deleted_one_is_not_overwritten() {
    for flare in [false, true] {
        let node = Flare::start();
        let scheme = if flare { "flare" } else { "memcache" };
        let url = format!("{scheme}://{}?strict=true&timeout=20s", node.address());
        is_not_deceived(&Cache::open(&url).expect("the URL is well formed"), &node);
    }
}

#[test]
fn values_survive_a_restart_of_the_node() {
    let node = Flare::start();
    let s = open(&node);
    apply_one(&s, b"k", store(b"v"), Always);
    node.restart();
    let mut found = load(&s, &[b"k"]).remove(0);
    // The first request after the restart may find its connection closed.
    for _ in 0..200 {
        if found.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
        found = load(&s, &[b"k"]).remove(0);
    }
    assert_eq!(found.expect("the node is up").value(), Some(&b"v"[..]));
}

#[test]
fn no_lifetime_that_flare_would_refuse_is_sent() {
    let node = Flare::start();
    let s = open(&node);
    let past = Op::Store { bytes: b"v", expiry: memdict::Expiry::At(std::time::UNIX_EPOCH) };
    let times = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(100 * 24 * 3_600)];
    let mut changes: Vec<_> =
        times.iter().map(|&time| Change::new(b"k", store_for(b"v", time), Always)).collect();
    changes.push(Change::new(b"k", past, Always));
    changes.push(Change::new(b"k", Op::Touch { expiry: memdict::Expiry::Never }, Always));
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    for line in node.requests() {
        assert!(!line.contains(" -") && !line.starts_with("gat"), "{line}");
    }
}

#[test]
fn a_node_without_a_role_is_down_and_the_error_says_what_to_do() {
    for in_tasks in [false, true] {
        let node = Flare::start();
        node.has_role(false);
        let s: Box<dyn Store> =
            if in_tasks { Box::new(Waiting(open(&node))) } else { Box::new(open(&node)) };
        assert_eq!(load_one(&*s, b"k"), Got::Miss);
        let outcomes = apply(&*s, &[Change::new(b"k", store(b"v"), Always)]);
        let [Err(error @ StoreError::Down(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
        let text = named(error, &node.address());
        assert!(text.contains("no partition available") && text.contains("node role"), "{text}");
        node.has_role(true);
        assert!(matches!(apply_one(&*s, b"k", store(b"v"), Always), Applied::Stored));
    }
}

#[test]
fn values_may_be_as_large_as_the_url_says_where_a_server_does_not_tell() {
    let node = Flare::start();
    let large = "x".repeat(1_500_000);
    let store = |url: &str| {
        let cache = Cache::open(url).expect("the URL is well formed");
        cache.transaction(|session| session.dict("d").insert("k", large.clone()))
    };
    let place = format!("flare://{}?strict=true&timeout=20s", node.address());
    let refused = store(&place).expect_err("1 MiB is assumed").to_string();
    assert!(refused.contains("1048576"), "{refused}");
    store(&format!("{place}&max_item_bytes=4MiB")).expect("it fits");
    let cache = Cache::builder().max_item_bytes(4 << 20).open(&place).expect("it is well formed");
    assert_eq!(value(&cache).map(|value| value.len()), Some(large.len()));
}
