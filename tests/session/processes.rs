//! Two processes and one memcached.

use std::process::Command;

use memdict::{Cache, DictDef};
use memdict_tests::{Cart, Memcached};

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(60);

/// Run by the test below, in a process of its own.
#[test]
fn child() {
    let Ok(url) = std::env::var("MEMDICT_TEST_URL") else { return };
    let cache = Cache::open(&url).expect("a good URL");
    cache
        .transaction(|session| {
            let mut cart = session.dict(&CARTS).get_mut("alice")?.expect("the parent stored it");
            assert_eq!(*cart, Cart::of("alice", 3));
            cart.items[1].price += 100;
            cart.recompute();
            Ok(())
        })
        .expect("it commits");
}

#[test]
fn what_one_process_commits_the_other_reads() {
    let server = Memcached::start();
    let url = format!("memcache://{}", server.address());
    let cache = Cache::builder().strict(true).open(&url).expect("a good URL");
    cache
        .transaction(|session| session.dict(&CARTS).insert("alice", Cart::of("alice", 3)))
        .expect("it commits");
    let child = Command::new(std::env::current_exe().expect("it runs"))
        .args(["processes::child", "--exact", "--nocapture"])
        .env("MEMDICT_TEST_URL", &url)
        .status();
    assert!(child.expect("it starts").success());
    let session = cache.session();
    let cart = session.dict(&CARTS).get("alice").expect("up").expect("stored");
    assert_eq!((cart.items[1].price, cart.total), (101, 103));
}
