//! Commits whose stream is cut after every byte: the report agrees with the stored values.

use std::{collections::BTreeMap, sync::Arc};

use memdict::{Cache, CommitReport, DictDef, Error};
use memdict_tests::{Cart, End, Memcached, Proxy, Way};

use super::open;

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(600);

/// What a commit does to each key: whether it has a value before, and its value afterwards.
///
/// There are enough changes that success is not answered.
const KEYS: [(&str, bool, Option<u64>); 9] = [
    // Loaded and changed.
    ("changed", true, Some(7)),
    ("changed too", true, Some(7)),
    ("changed as well", true, Some(7)),
    ("changed in the end", true, Some(7)),
    // Stored without a read, and after a read that missed.
    ("replaced", true, Some(7)),
    ("created", false, Some(7)),
    ("created too", false, Some(7)),
    // Deleted without a read, and after one.
    ("removed", true, None),
    ("read and removed", true, None),
];

const BEFORE: u64 = 1;

struct Stage {
    proxy: Proxy,
    cache: Cache,
    direct: Cache,
    _server: Memcached,
}

impl Stage {
    fn set() -> Self {
        let server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let cache = |address| {
            Cache::builder()
                .strict(true)
                .open_store(Arc::new(open(address)))
                .expect("no option of a store is set")
        };
        let (direct, cache) = (cache(server.address()), cache(proxy.address()));
        Self { proxy, cache, direct, _server: server }
    }

    fn reset(&self) -> memdict::Result<()> {
        self.direct.transaction(|session| {
            let carts = session.dict(&CARTS);
            for (key, there, _) in KEYS {
                match there {
                    true => carts.insert(key, Cart { total: BEFORE, ..Cart::of(key, 2) })?,
                    false => carts.remove(key)?,
                };
            }
            Ok(())
        })
    }

    /// Does a unit of work. Calls `before_commit` after everything is loaded.
    fn work(&self, before_commit: impl FnOnce()) -> memdict::Result<CommitReport> {
        let session = self.cache.session();
        let carts = session.dict(&CARTS);
        let changed = ["changed", "changed too", "changed as well", "changed in the end"];
        carts.prefetch(changed.into_iter().chain(["created", "read and removed"]))?;
        for key in changed {
            carts.get_mut(key)?.expect("the cart is stored").total = 7;
        }
        assert!(carts.get("created")?.is_none());
        for key in ["replaced", "created", "created too"] {
            carts.insert(key, Cart { total: 7, ..Cart::of(key, 2) })?;
        }
        assert!(carts.get("read and removed")?.is_some());
        for key in ["removed", "read and removed"] {
            carts.remove(key)?;
        }
        before_commit();
        session.commit()
    }

    /// Returns the stored value of each key.
    fn there(&self) -> memdict::Result<BTreeMap<&'static str, Option<u64>>> {
        let session = self.direct.session();
        let carts = session.dict(&CARTS);
        carts.prefetch(KEYS.map(|(key, ..)| key))?;
        KEYS.iter().map(|(key, ..)| Ok((*key, carts.get(*key)?.map(|cart| cart.total)))).collect()
    }

    fn check(&self, outcome: memdict::Result<CommitReport>, why: &str) {
        let transient = outcome.as_ref().is_err_and(Error::is_transient);
        let report = match outcome {
            Ok(report) => report,
            Err(Error::Unavailable { report: Some(report), .. }) => *report,
            // A conflict is wrong too, because no other session writes.
            Err(error) => panic!("{why}: {error}"),
        };
        let there = self.there().expect("the server itself is up");
        for (key, before, after) in KEYS {
            let before = before.then_some(BEFORE);
            let done = report.written_keys().chain(report.removed_keys());
            let done = done.filter(|done| done.key.to_string() == key).count();
            let lost: Vec<_> =
                report.lost.iter().filter(|lost| lost.id.key.to_string() == key).collect();
            assert_eq!(done + lost.len(), 1, "{why}: {key} has one outcome: {report:?}");
            let now = there[key];
            let Some(lost) = lost.first() else {
                assert_eq!(now, after, "{why}: {key} is done");
                continue;
            };
            assert!(now == before || now == after, "{why}: {lost}");
            // For a change in doubt, the report says what was found in the store.
            let in_doubt = lost.reason.contains("value now");
            assert!(now == before || in_doubt, "{why}: {lost}, but {now:?} is stored");
            assert!(now == before || !transient, "{why}: {lost}, and {now:?} is stored");
            // The server answers again, so the nonce decides.
            assert!(!in_doubt || !key.starts_with("changed"), "{why}: {lost}");
        }
        assert!(report.refused.is_empty(), "{why}: {report:?}");
        assert_eq!(report.written_keys().count(), report.written, "{why}");
        assert_eq!(report.removed_keys().count(), report.removed, "{why}");
    }
}

fn cut_everywhere(end: End) {
    let stage = Stage::set();
    for way in [Way::Requests, Way::Answers] {
        stage.reset().expect("the server itself is up");
        let outcome = stage.work(|| stage.proxy.count_anew());
        let length = stage.proxy.passed(way);
        assert!(outcome.as_ref().is_ok_and(|report| report.lost.is_empty()), "{outcome:?}");
        stage.check(outcome, "uncut");
        for after in 0..length {
            let why = format!("{way:?} {end:?} after {after} of {length}");
            stage.reset().expect("the server itself is up");
            let outcome = stage.work(|| stage.proxy.cut(way, after, end));
            // Versions grow, so the conversation may have become longer.
            assert!(stage.proxy.has_cut(), "{why}");
            stage.check(outcome, &why);
        }
    }
}

#[test]
fn a_commit_that_is_cut_by_a_close_reports_what_the_server_holds() {
    cut_everywhere(End::Closed);
}

#[test]
fn a_commit_that_is_cut_by_a_reset_reports_what_the_server_holds() {
    cut_everywhere(End::Reset);
}

/// memcached does not say which of many silent changes it refused. So the store asks.
#[test]
fn a_commit_to_a_server_without_memory_refuses_exactly_what_is_not_stored() {
    let server = Memcached::with(&["-m", "2", "-M"]);
    let cache = Cache::builder()
        .open_store(Arc::new(open(server.address())))
        .expect("no option of a store is set");
    let session = cache.session();
    let texts = session.dict::<String>("texts");
    for key in 0..1_000 {
        texts.insert(key, "x".repeat(10_000)).expect("it is put in place");
    }
    let report = session.commit().expect("nothing is in conflict");
    assert!(report.written > 0 && !report.refused.is_empty(), "the memory is too small");
    assert!(report.lost.is_empty(), "{:?}", report.lost[0]);
    assert_eq!(report.written + report.refused.len(), 1_000);
    assert!(report.refused.iter().all(|refused| refused.reason.contains("memory")));

    let session = cache.session();
    let texts = session.dict::<String>("texts");
    for id in report.written_keys() {
        assert!(texts.get(&id.key).expect("the server is up").is_some(), "{id} is written");
    }
    for refused in &report.refused {
        assert!(texts.get(&refused.id.key).expect("the server is up").is_none(), "{refused}");
    }
}

/// The outcome does not depend on how many changes are sent together.
#[test]
fn without_memory_one_change_and_many_have_the_same_outcome_also_in_a_strict_cache() {
    for many in [1, 7, 8, 40] {
        let server = Memcached::with(&["-m", "2", "-M"]);
        let fill = format!("set fill 0 0 500000\r\n{}\r\n", "x".repeat(500_000));
        for key in 0..40 {
            let fill = fill.replacen("fill", &format!("fill{key}"), 1);
            server.ask(&fill, "");
        }
        for (strict, classic) in [(false, false), (true, false), (false, true), (true, true)] {
            let builder = Cache::builder().strict(strict);
            let store: Arc<dyn memdict::Store> = match classic {
                true => Arc::new(memdict::ClassicStore::new([server.address()]).expect("a name")),
                false => Arc::new(open(server.address())),
            };
            let cache = builder.open_store(store).expect("no option of a store is set");
            let session = cache.session();
            for key in 0..many {
                session.dict("texts").insert(key, "x".repeat(400_000)).expect("it is in place");
            }
            let report = match session.commit() {
                Ok(report) if !strict => report,
                Err(Error::Refused { report, .. }) if strict => *report,
                other => panic!("{many} {strict} {classic}: {other:?}"),
            };
            assert_eq!(
                (report.refused.len(), report.lost.len()),
                (many, 0),
                "{classic}: {report:?}"
            );
        }
    }
}

#[test]
fn a_change_on_a_version_at_a_server_that_keeps_none_is_an_error_that_says_what_to_do() {
    let server = Memcached::with(&["-C"]);
    let cache = Cache::builder().open_store(Arc::new(open(server.address())));
    let cache = cache.expect("no option of a store is set");
    let session = cache.session();
    for key in 0..9 {
        session.dict("hits").insert(key, 1_u64).expect("it is in place");
    }
    session.commit().expect("an insert has no condition");
    for many in [1, 9] {
        let session = cache.session();
        for key in 0..many {
            *session.dict::<u64>("hits").get_mut(key).expect("it is up").expect("it is there") += 1;
        }
        let error = session.commit().expect_err("it cannot be written");
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains("`OnConflict::LastWriteWins`"), "{error}");
    }
}
