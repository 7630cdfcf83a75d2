//! Values that are compressed.

use std::sync::Arc;

use memdict::{
    Cache, CacheBuilder, Compression, DictDef, Load, Loaded, Lookup, MemoryStore, OnConflict,
    Store, Tracked, Unusable,
};
use memdict_tests::{Memcached, memcached_on, noise};
use serde::{Deserialize, Serialize};

const LZ4: Compression = Compression::Lz4;
const ZSTD: Compression = Compression::Zstd { level: 3 };
static TRAINED_TO: &[u8] = b"a line of a page that is on each page, and another one";
static ANOTHER: &[u8] = b"something else";

static PAGES: DictDef<Page> = DictDef::new("pages");
static BY_LZ4: DictDef<Page> = DictDef::new("pages").compress(LZ4);
static BY_ZSTD: DictDef<Page> = DictDef::new("pages").compress(ZSTD);
static MERGED: DictDef<Page> = DictDef::new("pages").compress(ZSTD).on_conflict(OnConflict::Merge);
static TRAINED: DictDef<Page> =
    DictDef::new("pages").compress(ZSTD).compress_from(100).trained_by(TRAINED_TO);
static TRAINED_ELSE: DictDef<Page> = DictDef::new("pages").compress(ZSTD).trained_by(ANOTHER);

#[derive(Debug, Clone, Default, PartialEq, Tracked, Serialize, Deserialize)]
#[memdict(merge)]
struct Page {
    #[memdict(merge = sum)]
    views: u64,
    text: String,
}

/// A page whose encoding has about so many bytes.
fn page(bytes: usize) -> Page {
    let text = "a line of a page that is on each page\n".chars().cycle().take(bytes).collect();
    Page { views: 1, text }
}

/// Stores that hold values of this program alone, and the server of one of them.
fn stores() -> (Vec<Arc<dyn Store>>, Memcached) {
    let server = Memcached::start();
    let memcached = memcached_on([server.address()]);
    (vec![Arc::new(MemoryStore::new()), Arc::new(memcached)], server)
}

fn open(builder: CacheBuilder, store: &Arc<dyn Store>) -> Cache {
    builder.strict(true).open_store(Arc::clone(store)).expect("no option of a store is set")
}

fn put(cache: &Cache, def: &DictDef<Page>, page: &Page) {
    let stored = cache.transaction(|session| session.dict(def).insert("k", page.clone()));
    stored.expect("the store is up");
}

fn get(cache: &Cache, def: &DictDef<Page>) -> Option<Page> {
    let session = cache.session();
    session.dict(def).get("k").expect("the store is up").map(|page| page.clone())
}

/// Returns how many bytes are stored.
fn stored(store: &Arc<dyn Store>) -> usize {
    let mut length = 0;
    store.load_many(&[Load::new(b"memdict:pages:k")], &mut |_, loaded| {
        if let Ok(Loaded::Hit { bytes, .. }) = loaded {
            length = bytes.len();
        }
    });
    length
}

#[test]
fn a_compressed_value_takes_less_room_and_is_read_back() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder(), store);
        for def in [&BY_LZ4, &BY_ZSTD, &TRAINED] {
            for bytes in [1_100, 20_000, 900_000] {
                put(&cache, def, &page(bytes));
                assert!((40..bytes / 3).contains(&stored(store)), "{bytes}: {}", stored(store));
                assert_eq!(get(&cache, def), Some(page(bytes)));
            }
        }
    }
}

/// Two megabytes do not fit into memcached's largest item.
#[test]
fn a_value_that_is_too_large_as_it_is_fits_if_it_is_compressed() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder(), store);
        put(&cache, &BY_LZ4, &page(2_000_000));
        assert_eq!(get(&cache, &BY_LZ4), Some(page(2_000_000)));
        let plain = cache.transaction(|session| session.dict(&PAGES).insert("k", page(2_000_000)));
        assert!(plain.is_err(), "it is refused");
    }
}

#[test]
fn a_short_value_and_one_that_hardly_repeats_itself_are_stored_as_they_are() {
    let (stores, _server) = stores();
    let plain = |bytes| stored_plain(&page(bytes));
    for store in &stores {
        let cache = open(Cache::builder(), store);
        put(&cache, &BY_ZSTD, &page(1_000));
        assert_eq!(stored(store), plain(1_000));
        put(&cache, &BY_ZSTD.clone().compress_from(500), &page(1_000));
        assert!(stored(store) < 300);
        put(&cache, &BY_LZ4, &Page { views: 1, text: noise(1, 2_000) });
        assert!(stored(store) > 2_000);
    }
}

fn stored_plain(page: &Page) -> usize {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    put(&open(Cache::builder(), &store), &PAGES, page);
    stored(&store)
}

#[test]
fn the_setting_can_change_and_nothing_that_is_stored_is_lost() {
    let (stores, _server) = stores();
    for store in &stores {
        let caches = [
            open(Cache::builder(), store),
            open(Cache::builder().compress(LZ4), store),
            open(Cache::builder().compress(ZSTD).compress_from(0), store),
        ];
        for writer in &caches {
            for def in [&PAGES, &BY_LZ4, &BY_ZSTD] {
                put(writer, def, &page(5_000));
                for reader in &caches {
                    for def in [&PAGES, &BY_LZ4, &BY_ZSTD] {
                        assert_eq!(get(reader, def), Some(page(5_000)));
                    }
                }
            }
        }
    }
}

#[test]
fn a_dictionary_says_more_than_its_cache() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder().compress(LZ4).compress_from(100_000), store);
        put(&cache, &PAGES, &page(50_000));
        assert!(stored(store) > 50_000);
        put(&cache, &PAGES.clone().compress_from(1_000), &page(50_000));
        let by_lz4 = stored(store);
        put(&cache, &BY_ZSTD.clone().compress_from(1_000), &page(50_000));
        assert!(stored(store) < by_lz4 && by_lz4 < 5_000, "{by_lz4}");
    }
}

#[test]
fn an_unchanged_value_is_not_written_whatever_compresses_it_now() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder(), store);
        for before in [&PAGES, &BY_LZ4, &BY_ZSTD] {
            for now in [&PAGES, &BY_LZ4, &BY_ZSTD] {
                put(&cache, before, &page(5_000));
                let length = stored(store);
                let session = cache.session();
                let mut page = session.dict(now).get_mut("k").expect("it is up").expect("stored");
                let text = std::mem::take(&mut page.text);
                page.text = text;
                drop(page);
                let report = session.commit().expect("nothing is in conflict");
                assert_eq!((report.written, report.unchanged), (0, 1));
                assert_eq!(stored(store), length);

                let session = cache.session();
                session.dict(now).get_mut("k").expect("it is up").expect("stored").views += 1;
                assert_eq!(session.commit().expect("nothing is in conflict").written, 1);
                let views = get(&cache, &PAGES).map(|page| page.views);
                assert_eq!(views, Some(2));
            }
        }
    }
}

#[test]
fn two_writers_of_a_compressed_value_are_merged() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder(), store);
        put(&cache, &MERGED, &page(5_000));
        let (one, other) = (cache.session(), cache.session());
        for session in [&one, &other] {
            session.dict(&MERGED).get_mut("k").expect("it is up").expect("stored").views += 1;
        }
        one.commit().expect("it is the first");
        assert_eq!(other.commit().expect("it is merged").merged, 1);
        assert_eq!(get(&cache, &MERGED).map(|page| page.views), Some(3));
        assert!(stored(store) < 500, "the merged value is compressed as well");
    }
}

#[test]
fn what_fetch_stores_is_compressed() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder().compress(LZ4), store);
        let fetched = cache.fetch(&PAGES, "k", || Ok::<_, memdict::Error>(page(5_000)));
        assert_eq!(fetched.expect("it is loaded"), Some(page(5_000)));
        assert!((1..500).contains(&stored(store)));
        let again = cache.fetch(&PAGES, "k", || -> memdict::Result<Page> { panic!("it is there") });
        assert_eq!(again.expect("it is stored"), Some(page(5_000)));
    }
}

#[test]
fn a_signed_value_is_signed_as_it_is_stored() {
    let (stores, _server) = stores();
    for store in &stores {
        let ours = open(Cache::builder().secrets(["ours"]), store);
        put(&ours, &BY_LZ4, &page(5_000));
        assert_eq!(get(&ours, &PAGES), Some(page(5_000)));
        assert!(stored(store) < 500);
        let theirs = open(Cache::builder().secrets(["theirs"]), store);
        let session = theirs.session();
        let found = session.dict(&BY_LZ4).lookup("k").expect("the store is up");
        assert!(matches!(found, Lookup::Unusable(Unusable::Unverified)), "{found:?}");
    }
}

#[test]
fn without_its_trained_dictionary_a_value_is_a_miss_that_says_so() {
    let (stores, _server) = stores();
    for store in &stores {
        let cache = open(Cache::builder(), store);
        put(&cache, &TRAINED, &page(5_000));
        assert_eq!(get(&cache, &TRAINED), Some(page(5_000)));
        for other in [&PAGES, &TRAINED_ELSE] {
            let session = cache.session();
            let found = session.dict(other).lookup("k").expect("the store is up");
            assert!(matches!(found, Lookup::Unusable(Unusable::Newer)), "{found:?}");
        }
        // One without a trained dictionary is read with one as well.
        put(&cache, &BY_ZSTD, &page(5_000));
        assert_eq!(get(&cache, &TRAINED), Some(page(5_000)));
    }
}
