//! The `peek` example: what a server holds, without the types.

use memdict::{Cache, Codec, DictDef, MemoryStore, Store, inspect};
use memdict_tests::{Memcached, noise};

use crate::run::{Ran, example, example_on};

static PAGES: DictDef<String> =
    DictDef::new("pages").compress(memdict::Compression::Lz4).clearable();

fn fill(server: &Memcached) {
    let url = format!("memcache://{}?strict=true", server.address());
    let cache = Cache::open(&url).expect("it is a URL");
    let stored = cache.transaction(|session| {
        session.dict("hits").insert(7, 1_u64)?;
        session.dict("hits").insert("/", 2_u64)?;
        session.dict(&PAGES).insert("long key ".repeat(50), "text ".repeat(1_000))
    });
    stored.expect("the server is up");
}

#[test]
fn each_key_has_a_line_and_the_exit_code_says_whether_all_have_values() {
    let server = Memcached::start();
    fill(&server);
    let ran = Ran::of(example_on(&server, "peek").args(["hits", "#7", "/"]));
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!((ran.code, lines.len()), (Some(0), 2), "{ran:?}");
    assert!(lines[0].starts_with("memdict hits[#7]: a value of 1 byte, Bincode, schema "));
    assert!(lines[1].starts_with("memdict hits[/]: a value of 1 byte, Bincode, schema "));
    let key = "long key ".repeat(50);
    let ran = Ran::of(example_on(&server, "peek").args(["pages", &key, "other"]));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains(" (compressed, 5003 before), Bincode, "), "{ran:?}");
    assert!(ran.out.contains(", generation "), "{ran:?}");
    assert!(ran.out.ends_with("other: there is none, or it was evicted\n"), "{ran:?}");
}

#[test]
fn bytes_of_another_program_are_named_and_never_shown() {
    let server = Memcached::start();
    server.ask("set memdict:hits:x 0 0 6\r\n5ecret\r\n", "STORED");
    let ran = Ran::of(example_on(&server, "peek").args(["hits", "x"]));
    assert_eq!((ran.code, &*ran.out), (Some(1), "x: memdict did not write the stored bytes\n"));
}

#[test]
fn a_server_that_is_down_and_a_missing_key_are_errors_that_say_so() {
    let mut server = Memcached::start();
    server.kill();
    let ran = Ran::of(example_on(&server, "peek").args(["hits", "x"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains(&server.address()) && !ran.err.contains("panicked"), "{ran:?}");
    let ran = Ran::of(example("peek").arg("hits"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("DICTIONARY KEY"), "{ran:?}");
}

/// The bytes under a key of the server.
fn stored(store: &dyn Store, wire: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    store.load_many(&[memdict::Load::new(wire)], &mut |_, loaded| {
        if let Ok(memdict::Loaded::Hit { bytes, .. }) = loaded {
            found = bytes.to_vec();
        }
    });
    found
}

#[test]
fn the_header_says_what_was_written_and_every_damage_is_noticed() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let builder = Cache::builder().namespace("a:b").secrets(["secret"]);
    let cache = builder.open_store(std::sync::Arc::clone(&store) as _).expect("it is a store");
    for key in ["short", &noise(1, 400)] {
        let put = cache.transaction(|session| session.dict("d").insert(key, 7_u32));
        put.expect("the store is up");
        let wire = inspect::wire_key("a:b", "d", key).expect("it is a key");
        let bytes = stored(&*store, &wire);
        let header = inspect::Header::read(&wire, &bytes).expect("it was just written");
        assert_eq!((header.namespace(), &*header.id().dict), ("a:b", "d"));
        assert_eq!(header.id().key, memdict::ToKey::to_key(key));
        assert_eq!(header.holds(), inspect::Holds::Value);
        assert_eq!((header.codec(), header.length()), (Some(Codec::Bincode), 1));
        assert_eq!((header.unpacked_length(), header.generation()), (None, None));
        assert!(header.is_signed() && header.schema() != 0 && header.older_schemas().is_empty());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(inspect::Header::read(&wire, &damaged).is_err(), "byte {at}");
            assert!(inspect::Header::read(&wire, &bytes[..at]).is_err(), "cut at {at}");
        }
        let other = inspect::wire_key("a:b", "d", "other").expect("it is a key");
        assert!(inspect::Header::read(&other, &bytes).is_err(), "it belongs to its key");
    }
}
