//! Values and stored bytes that would be too deep, too long or too large for a reader.

use std::{error::Error as _, mem, thread};

use memdict::{DictDef, Error, Opaque, Tracked};
use memdict_tests::{Bench, Session};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

/// A tree takes two levels per generation.
#[derive(Default, Serialize, Deserialize, Tracked)]
struct Tree {
    children: Vec<Tree>,
}

// Without it, dropping a deep tree would exhaust the stack before memdict could.
impl Drop for Tree {
    fn drop(&mut self) {
        let mut left = mem::take(&mut self.children);
        while let Some(mut tree) = left.pop() {
            left.append(&mut tree.children);
        }
    }
}

static TREES: DictDef<Tree> = DictDef::new("trees");
static DEEP_TREES: DictDef<Tree> = DictDef::new("trees").max_depth(100_000);

fn tree(levels: usize) -> Tree {
    let mut tree = Tree::default();
    for _ in 1..levels / 2 {
        tree = Tree { children: vec![tree] };
    }
    tree
}

/// Runs in a thread with a stack of this many MiB. Rust's threads have 2.
fn on_stack(mib: usize, work: impl FnOnce() -> Outcome + Send) -> Outcome {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(mib << 20).spawn_scoped(scope, work);
        thread.expect("it starts").join().expect("it does not panic")
    })
}

/// Returns why a commit was refused, and checks that the error names the entry.
fn refused(session: Session<'_>, entry: &str) -> String {
    match session.commit() {
        Err(error @ Error::Encode { .. }) => {
            assert!(error.to_string().contains(entry), "{error}");
            error.source().expect("it has a cause").to_string()
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn stored_bytes_that_are_nested_too_deeply_are_a_miss(bench: &Bench) {
    hold(bench, |bench| {
        on_stack(256, || {
            bench.cache.transaction(|session| session.dict(&DEEP_TREES).insert("a", tree(10_000)))
        })?;
        on_stack(2, || {
            let session = bench.cache.session();
            assert!(session.dict(&TREES).get("a")?.is_none());
            assert_eq!(bench.cache.counters().unusable, 1);
            session.dict(&TREES).insert("a", tree(128))?;
            assert_eq!(session.commit()?.written, 1);
            assert!(bench.cache.session().dict(&TREES).get("a")?.is_some());
            Ok(())
        })
    });
}

pub(crate) fn a_value_that_is_nested_too_deeply_is_an_error_with_key_and_limit(bench: &Bench) {
    hold(bench, |bench| {
        on_stack(2, || {
            let session = bench.cache.session();
            session.dict(&TREES).insert("a", tree(100_000))?;
            let why = refused(session, "trees[a]");
            assert!(why.contains("128 levels") && why.contains("max_depth"), "{why}");
            assert!(bench.stored_bytes("trees", "a").is_empty());
            Ok(())
        })
    });
}

pub(crate) fn a_value_of_any_depth_is_compared_and_rolled_back(bench: &Bench) {
    hold(bench, |bench| {
        on_stack(2, || {
            bench.cache.transaction(|session| session.dict(&TREES).insert("a", tree(128)))?;
            let mut session = bench.cache.session();
            let before = session.savepoint();
            {
                let trees = session.dict(&TREES);
                let mut loaded = trees.get_mut("a")?.expect("no server lost it");
                *loaded = tree(100_000);
                assert_eq!(loaded.changed_fields(), ["children"]);
            }
            // No copy of it can be kept, so it is not lent.
            let inner = session.savepoint();
            assert!(matches!(session.dict(&TREES).get_mut("a"), Err(Error::Encode { .. })));
            session.rollback_to(&inner)?;
            session.rollback_to(&before)?;
            assert_eq!(session.commit()?.written, 0);
            assert!(bench.cache.session().dict(&TREES).get("a")?.is_some());
            Ok(())
        })
    });
}

pub(crate) fn a_dictionary_may_allow_fewer_or_more_levels(bench: &Bench) {
    static SHALLOW: DictDef<Tree> = DictDef::new("shallow").max_depth(4);
    static DEEP: DictDef<Tree> = DictDef::new("deep").max_depth(200);
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&SHALLOW).insert("a", tree(4))?;
        session.dict(&DEEP).insert("a", tree(200))?;
        assert_eq!(session.commit()?.written, 2);
        let session = bench.cache.session();
        assert!(session.dict(&DEEP).get("a")?.is_some());
        session.dict(&SHALLOW).insert("a", tree(6))?;
        assert!(refused(session, "shallow[a]").contains("4 levels"));
        Ok(())
    });
}

pub(crate) fn a_length_that_is_only_claimed_is_a_miss(bench: &Bench) {
    hold(bench, |bench| {
        // The schema does not describe what is opaque: the number is read as a length.
        bench.cache.transaction(|session| {
            session.dict("lists").insert("a", Opaque(1_u64 << 60))?;
            session.dict("lists").insert("b", Opaque(70_000_u64))
        })?;
        let session = bench.cache.session();
        let lists = session.dict::<Opaque<Vec<()>>>("lists");
        assert!(lists.get("a")?.is_none() && lists.get("b")?.is_none());
        lists.insert("c", Opaque(vec![(); 70_000]))?;
        assert!(refused(session, "lists[c]").contains("elements"));
        Ok(())
    });
}

/// One byte if it is empty, and in memory half a kilobyte.
#[allow(clippy::large_enum_variant, reason = "this is what the limit on memory is for")]
#[derive(Serialize, Deserialize, Tracked)]
enum Wide {
    Empty,
    Full([[u64; 32]; 2]),
}

pub(crate) fn a_value_that_needs_too_much_memory_is_refused_by_writer_and_reader(bench: &Bench) {
    static WIDE: DictDef<Vec<Wide>> = DictDef::new("wide");
    static WIDER: DictDef<Vec<Wide>> = DictDef::new("wide").max_memory(1 << 30);
    let wide = || -> Vec<Wide> { (0..200_000).map(|_| Wide::Empty).collect() };
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&WIDE).insert("a", wide())?;
        assert!(refused(session, "wide[a]").contains("max_memory"));
        bench.cache.transaction(|session| session.dict(&WIDER).insert("a", wide()))?;
        assert!(bench.cache.session().dict(&WIDER).get("a")?.is_some());
        assert!(bench.cache.session().dict(&WIDE).get("a")?.is_none());
        Ok(())
    });
}
