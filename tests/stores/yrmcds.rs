//! yrmcds, a server that counts the versions of a key from 1 again after a deletion.

use memdict::{
    Applied, Cache, Change, Condition, ConflictCause, DictDef, Error, MemcachedStore, Op,
};
use memdict_tests::{Cart, Daemon, Waiting, apply, apply_one, load_one, memcached_on, store};

use Condition::{Always, Matches};

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(60);

fn open(server: &Daemon) -> MemcachedStore {
    memcached_on([server.address()])
}

#[test]
fn values_are_stored_loaded_counted_and_deleted() {
    let server = Daemon::yrmcds();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    assert_eq!(apply_one(&s, b"k", store(b"w"), Matches(token)), Applied::Stored);
    assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Differs);
    let token = load_one(&s, b"k").token();
    assert_eq!(apply_one(&s, b"k", Op::Delete, Matches(token)), Applied::Deleted);
    let keys: Vec<_> = (0..500).map(|n| format!("key-{n}")).collect();
    let changes: Vec<_> =
        keys.iter().map(|key| Change::new(key.as_bytes(), store(b"v"), Always)).collect();
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    assert!(apply(&Waiting(open(&server)), &changes).iter().all(Result::is_ok));
}

#[test]
fn a_server_whose_versions_begin_anew_has_no_life() {
    let server = Daemon::yrmcds();
    let s = open(&server);
    let version = || {
        apply_one(&s, b"k", store(b"v"), Always);
        let token = load_one(&s, b"k").token();
        apply_one(&s, b"k", Op::Delete, Always);
        (token.life(), token.cas())
    };
    let first = version();
    assert_eq!((first.0, version()), (0, first), "else the test shows nothing");
}

#[test]
fn a_value_with_the_version_of_a_deleted_one_is_never_overwritten() {
    let server = Daemon::yrmcds();
    let cache = Cache::open(&format!("memcache://{}?timeout=20s", server.address()));
    let cache = cache.expect("a good URL");
    let put = |total| {
        let session = cache.session();
        session.dict(&CARTS).insert("a", Cart { total, ..Cart::default() }).expect("in place");
        session.commit().expect("it is stored");
    };
    put(1);
    let session = cache.session();
    session.dict(&CARTS).get_mut("a").expect("it is up").expect("stored").total += 1;
    let key = b"memdict:carts:a";
    let before = load_one(&open(&server), key).token();
    apply_one(&open(&server), key, Op::Delete, Always);
    put(7);
    let after = load_one(&open(&server), key).token();
    assert_eq!(before.cas(), after.cas(), "else the test shows nothing");
    let error = session.commit().expect_err("another value is stored");
    let Error::Conflict { conflicts, .. } = &error else { panic!("{error:?}") };
    assert_eq!(conflicts[0].cause, ConflictCause::Overwritten);
    let session = cache.session();
    let total = session.dict(&CARTS).get("a").expect("it is up").map(|cart| cart.total);
    assert_eq!(total, Some(7));
}
