//! The documented promises of the memcached store, with servers that work.

use std::time::Duration;

use memdict::{Applied, Change, Condition, Load, MemcachedStore, Store, StoreError};
use memdict_tests::{
    End, Memcached, Proxy, ScriptedServer, apply, apply_one, find, load, load_one, load_when_up,
    memcached_on, store,
};

use Condition::{Always, Matches};

fn open(server: &Memcached) -> MemcachedStore {
    memcached_on([server.address()])
}

#[test]
fn debug_shows_servers_timeouts_and_whether_tls_is_verified_only() {
    let s = MemcachedStore::new(["a", "[::1]:7"]).expect("the names are well formed");
    let s = s.timeout(Duration::from_millis(7)).connect_timeout(Duration::ZERO);
    assert_eq!(
        format!("{s:?}"),
        "MemcachedStore { servers: [\"a:11211\", \"[::1]:7\"], timeout: 7ms, \
         connect_timeout: 1ms, deadline: 70ms, max_connections: 16, tls: None, .. }"
    );
    let s = MemcachedStore::new(["a"]).expect("the name is well formed").timeout(Duration::MAX);
    assert!(format!("{s:?}").contains("timeout: 86400s"));
}

#[test]
fn the_item_limit_of_the_server_is_honoured() {
    for (option, item_size_max) in [("2m", 2 << 20), ("1m", 1 << 20), ("512k", 512 << 10)] {
        let server = Memcached::with(&["-I", option, "-m", "100"]);
        let s = open(&server);
        let largest = vec![1; item_size_max - 59 - 1];
        let larger = vec![1; largest.len() + 1];
        let outcomes = apply(
            &s,
            &[
                Change::new(b"k", store(&largest), Always),
                Change::new(b"k", store(&larger), Always),
                Change::new(b"l", store(b"v"), Always),
            ],
        );
        assert!(
            matches!(
                outcomes[..],
                [Ok(Applied::Stored), Err(StoreError::Refused(_)), Ok(Applied::Stored)]
            ),
            "-I {option}: {outcomes:?}"
        );
        assert_eq!(load_one(&s, b"k").value(), Some(&largest[..]));
        assert_eq!(server.stat("cmd_set"), 2, "a value that is too large is not sent");
    }
}

#[test]
fn leases_and_stale_values_of_other_clients_are_known_and_can_be_replaced() {
    let server = Memcached::start();
    let s = open(&server);
    server.ask("mg k v c N30\r\nmn\r\n", "MN");
    apply_one(&s, b"l", store(b"old"), Always);
    server.ask("md l I T30\r\nmn\r\n", "MN");
    for (key, words) in [(b"k", "leased"), (b"l", "old stale won")] {
        let found = find(&s, Load::new(key).to_replace());
        assert_eq!(found.words, words);
        let applied = apply_one(&s, key, store(b"new"), Matches(found.token()));
        assert!(matches!(applied, Applied::Stored));
        assert_eq!(load_one(&s, key).value(), Some(&b"new"[..]));
    }
}

#[test]
fn a_right_that_was_not_asked_for_is_handed_back_in_the_same_batch_and_no_other_load_costs_more() {
    let server = ScriptedServer::start(
        "1.6.18",
        &["VA 1 c7 X W{O}\r\nv\r\n", "VA 1 c8{O}\r\nw\r\n", "HD{O}\r\n"],
    );
    let s = memcached_on([server.address()]);
    let found: Vec<_> = load(&s, &[b"k", b"l"]).into_iter().flatten().collect();
    assert_eq!([found[0].value(), found[1].value()], [Some(&b"v"[..]), Some(b"w")]);
    let without_mark = |line: &String| line[..line.len() - 4].to_owned();
    let sent: Vec<_> = server.requests().iter().map(without_mark).collect();
    assert_eq!(sent, ["mg k v c", "mg l v c", "md k I C7"]);
    // The token is of no use before the value was looked at again.
    let applied = apply_one(&s, b"k", store(b"x"), Matches(found[0].token()));
    assert_eq!(applied, Applied::Unproven);
    assert_eq!(server.requests().len(), 3, "it was not sent");
}

#[test]
fn servers_without_usable_meta_commands_are_spoken_to_in_the_classic_protocol() {
    for version in ["1.4.39", "1.5.22", "1.6.9", "1.6.12", "flare-1.3.4"] {
        let script = ["VALUE k 0 1 7\r\nx\r\nEND\r\n", "STORED\r\n"];
        let server = ScriptedServer::start(version, &script);
        let s = memcached_on([server.address()]);
        let got = load_one(&s, b"k");
        assert_eq!((got.value(), got.token().cas()), (Some(&b"x"[..]), 7), "{version}");
        let applied = apply_one(&s, b"k", store(b"y"), Matches(got.token()));
        assert!(matches!(applied, Applied::Stored), "{version}: {applied:?}");
        assert_eq!(server.requests(), ["gets k", "cas k 0 0 1 7"], "{version}");
    }
}

#[test]
fn a_server_that_was_replaced_by_one_with_meta_commands_is_asked_again() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let version = server.ask("version\r\n", "VERSION")[0].clone();
    let version = version.trim_start_matches("VERSION ");
    proxy.pretend(version, "1.5.22");
    let s = memcached_on([proxy.address()]);
    apply_one(&s, b"k", store(b"v"), Always);
    assert!(!s.caps().leases(), "what the server can do is known now");
    proxy.pretend(version, version);
    proxy.hang_up(End::Closed);
    proxy.turn_away(true);
    assert!(load(&s, &[b"k"])[0].is_err());
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k").value(), Some(&b"v"[..]));
    assert!(s.caps().leases());
}
