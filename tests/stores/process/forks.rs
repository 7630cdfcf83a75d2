//! Processes that were forked while a cache had connections.

use memdict::{Cache, Error, MemoryStore};
use memdict_tests::{Ended, Forked, Memcached, alone, load_one, memcached_on};

const KEYS: usize = 40;

fn key(user: &str, n: usize) -> String {
    format!("{user}{n}")
}

/// Reads all entries of `user` and changes some, again and again. Returns how often an entry was
/// missing, another user's, or not written.
fn work(cache: &Cache, user: &str) -> usize {
    let mut wrong = 0;
    for round in 0..60 {
        let session = cache.session();
        let dict = session.dict::<String>("u");
        for n in 0..KEYS {
            let read = dict.get(&*key(user, n)).expect("up");
            wrong += usize::from(read.is_none_or(|text| !text.starts_with(user)));
        }
        for n in (round % 4..KEYS).step_by(4) {
            dict.insert(&*key(user, n), format!("{user} {round}")).expect("it is free");
        }
        let report = session.commit().expect("it commits");
        wrong += report.lost.len();
    }
    wrong
}

/// Two workers are forked from a process whose cache has an idle connection, or two.
fn two_workers(url: &str) {
    let _alone = alone();
    for _ in 0..5 {
        let cache = Cache::open(url).expect("a good URL");
        let session = cache.session();
        for (user, n) in ["a", "b"].into_iter().flat_map(|user| (0..KEYS).map(move |n| (user, n))) {
            session.dict("u").insert(&*key(user, n), format!("{user} new")).expect("free");
        }
        assert_eq!(session.commit().expect("it commits").written, 2 * KEYS);
        let workers = ["a", "b"].map(|user| Forked::run(|| work(&cache, user).min(100) as i32));
        // The parent goes on, too.
        for _ in 0..20 {
            assert!(cache.session().dict::<String>("u").get("a0").expect("up").is_some());
        }
        assert_eq!(workers.map(Forked::wait), [Ended::Code(0); 2], "{url}");
        let session = cache.session();
        for (user, n) in ["a", "b"].into_iter().flat_map(|user| (0..KEYS).map(move |n| (user, n))) {
            let text = session.dict::<String>("u").get(&*key(user, n)).expect("up");
            assert!(text.is_some_and(|text| text.starts_with(user)), "{url}, {user}{n}");
        }
    }
}

#[test]
fn forked_workers_use_connections_of_their_own() {
    let server = Memcached::start();
    two_workers(&format!("memcache://{}", server.address()));
}

#[test]
fn forked_workers_use_connections_of_their_own_on_a_unix_socket() {
    let server = Memcached::on_socket();
    two_workers(&format!("memcache://{}", server.address()));
}

#[test]
fn forked_workers_use_connections_of_their_own_through_the_classic_client() {
    let server = Memcached::start();
    two_workers(&format!("memcache+classic://{}?timeout=20s", server.address()));
}

/// Both processes commit a session that changed the same entry before the fork.
fn a_carried_session(url: &str) {
    let _alone = alone();
    let cache = Cache::builder().strict(true).open(url).expect("a good URL");
    for _ in 0..10 {
        cache.transaction(|session| session.dict("n").insert("k", 1_u64)).expect("it commits");
        let session = cache.session();
        *session.dict::<u64>("n").get_mut("k").expect("up").expect("stored") += 1;
        let outcome = |outcome: Result<_, Error>| match outcome {
            Ok(_) => 0,
            Err(Error::Conflict { .. }) => 1,
            Err(error) => panic!("{error}"),
        };
        let mut carried = Some(session);
        let mut commit = || outcome(carried.take().expect("once").commit());
        let child = Forked::run(&mut commit);
        let here = commit();
        let Ended::Code(there) = child.wait() else { panic!("the child was killed") };
        assert_eq!(here + there, 1, "{url}: one commits, and the other is in conflict");
        let session = cache.session();
        assert_eq!(session.dict::<u64>("n").get("k").expect("up").as_deref(), Some(&2), "{url}");
    }
}

#[test]
fn a_session_that_two_processes_commit_is_in_conflict_in_one_of_them() {
    let server = Memcached::start();
    a_carried_session(&format!("memcache://{}", server.address()));
    a_carried_session(&format!("memcache+classic://{}?timeout=20s", server.address()));
}

#[test]
fn a_forked_process_marks_its_writes_with_numbers_of_its_own() {
    let _alone = alone();
    let server = Memcached::start();
    let url = format!("memcache://{}", server.address());
    let cache = Cache::open(&url).expect("a good URL");
    let write = || {
        cache.transaction(|session| session.dict("n").insert("k", 1_u64)).expect("it commits");
        0
    };
    write();
    let bytes = || {
        let got = load_one(&memcached_on([server.address()]), b"memdict:n:k");
        got.value().expect("stored").to_vec()
    };
    let child = Forked::run(write);
    assert_eq!(child.wait(), Ended::Code(0));
    let childs = bytes();
    write();
    assert_ne!(bytes(), childs, "the same value under the same key, written by another process");
}

#[test]
fn a_forked_process_has_a_copy_of_an_embedded_store() {
    let _alone = alone();
    let cache = Cache::builder().open_store(std::sync::Arc::new(MemoryStore::new()));
    let cache = cache.expect("no options");
    let write = |n: u64| {
        cache.transaction(|session| session.dict("n").insert("k", n)).expect("it commits");
    };
    let read = || cache.session().dict::<u64>("n").get("k").expect("up").as_deref().copied();
    write(1);
    let child = Forked::run(|| {
        let before = read();
        write(2);
        i32::from((before, read()) != (Some(1), Some(2)))
    });
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!(read(), Some(1));
}
