//! A process that has no descriptor free.

use std::{thread, time::Duration};

use memdict::{Cache, DictDef};
use memdict_tests::{Ended, Forked, Memcached, alone, open_no_more_files};

static HITS: DictDef<u64> = DictDef::new("hits");

/// Runs eight threads where only one connection can be open.
fn without_descriptors(url: &str) {
    let _alone = alone();
    let child = Forked::run(|| {
        let cache = Cache::builder().strict(true).deadline(Duration::from_secs(60)).open(url);
        let cache = cache.expect("a good URL");
        cache.transaction(|session| session.dict(&HITS).insert("all", 0)).expect("it commits");
        open_no_more_files();
        thread::scope(|scope| {
            for thread in 0..8 {
                let cache = &cache;
                scope.spawn(move || {
                    for n in 0..50_u64 {
                        let key = (thread, n);
                        cache
                            .transaction(|session| session.dict(&HITS).insert(key, n))
                            .expect("no change is lost");
                        let session = cache.session();
                        let read = session.dict(&HITS).get(key).expect("no read fails");
                        assert_eq!(read.as_deref(), Some(&n));
                    }
                });
            }
        });
        0
    });
    assert_eq!(child.wait(), Ended::Code(0), "{url}");
}

#[test]
fn connections_that_work_are_used_while_no_descriptor_is_free() {
    let server = Memcached::start();
    without_descriptors(&format!("memcache://{}", server.address()));
}

#[test]
fn connections_of_the_classic_client_that_work_are_used_while_no_descriptor_is_free() {
    let server = Memcached::start();
    without_descriptors(&format!("memcache+classic://{}", server.address()));
}
